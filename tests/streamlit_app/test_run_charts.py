"""Charts of runs: names that don't lie on one another, figures with the same decimals, colours that can be read."""

from __future__ import annotations

import polars as pl
import pytest

from streamlit_app.components.axes import figures, span
from streamlit_app.components.run_charts import NAME, ends, shortened
from streamlit_app.components.tokens import DARK, LIGHT, RUNS


def test_names_of_lines_that_end_together_stand_apart() -> None:
    whole = pl.DataFrame(
        {
            "run": ["a", "b", "c", "d"],
            "step": [10, 10, 10, 2],
            "loss": [2.00, 2.01, 2.50, 2.00],
        }
    )
    placed = {run: at for run, _, at, _ in ends(whole, "loss", 0.1).iter_rows()}
    # b is lifted over a; c is far above, and d ends long before
    assert placed == pytest.approx({"a": 2.00, "b": 2.10, "c": 2.50, "d": 2.00})


def test_a_long_name_keeps_both_its_ends() -> None:
    assert shortened("first-sweep-803bddf795") == "first-sweep-803bddf795"
    short = shortened("a-sweep-with-a-very-long-name-803bddf795")
    assert (len(short), short) == (NAME, "a-sweep-with-a…me-803bddf795")


@pytest.mark.parametrize(
    ("width", "written"),
    [(0.6, ",.1f"), (0.08, ",.2f"), (0.056, ",.2f"), (0.001, ",.4f"), (60.0, ",.0f"), (4.0, ",.1f")],
)
def test_an_axis_has_the_decimals_that_its_steps_need(width: float, written: str) -> None:
    assert figures(width) == written


def test_an_axis_spans_its_values_even_where_all_are_the_same() -> None:
    assert span(pl.Series([1.0, 2.0])) == pytest.approx((0.94, 2.06))
    assert span(pl.Series([3.0])) == pytest.approx((2.97, 3.03))
    assert span(pl.Series([], dtype=pl.Float64)) == (-1.0, 1.0)


def _bright(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("night", [False, True])
def test_runs_are_named_in_colours_that_can_be_read(night: bool) -> None:
    """WCAG 2.2, contrast of text: 4.5 or more."""
    paper = _bright((DARK if night else LIGHT)["paper"])
    for colour in RUNS[night]:
        low, high = sorted((paper, _bright(colour)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, colour
