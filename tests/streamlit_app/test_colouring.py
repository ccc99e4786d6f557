"""Colours of points: values by name, the same on every page for categories, and numbers in classes."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlit_app.components.colouring import RAMP, of_numbers, of_values
from streamlit_app.components.tokens import OKABE_ITO, REST, category_colours


def test_values_are_coloured_by_name_and_the_rest_is_grey() -> None:
    few = of_values(["legal", "(none)", "code"])
    assert (few.names, few.colours) == (("(none)", "code", "legal"), OKABE_ITO[:3])
    many = of_values("jihgfedcba")
    assert (many.names, many.colours) == ((*"cdefghij", "other"), (*OKABE_ITO, REST))
    rows = pl.DataFrame({"by": ["c", "a", None, "j"]})
    assert rows.select(many.kind("by")).to_series().to_list() == [0, 8, 8, 7]


def test_categories_have_the_colours_that_they_have_on_every_page() -> None:
    categories = dict.fromkeys("jihgfedcba", 1)
    found = of_values(categories, categories)
    assert found.names == (*"abcdefgh", "other")
    assert dict(zip(found.names[:-1], found.colours, strict=False)).items() <= category_colours(categories).items()  # fmt: skip


@pytest.mark.parametrize(
    ("numbers", "names", "kinds"),
    [
        ([1, 2, 3, 4, 5, 6, 7], ["1", "2", "3", "4", "5", "6", "7"], [0, 1, 2, 3, 4, 5, 6]),
        ([10, 11, 20, 21, 30, 31, 40, 41, None], ["10", "11 to 19", "20", "21 to 29", "30", "31 to 39", "40 or more"], [0, 1, 2, 3, 4, 5, 6, 6, 7]),
        ([0] * 20 + [1, 2], ["0", "1 or more"], [0] * 20 + [1, 1]),
        ([0.5, 0.25, float("nan")], ["0.25 to 0.5", "0.5"], [1, 0, 1]),
        ([3, 3, None], ["3"], [0, 0, 1]),
    ],
)  # fmt: skip
def test_numbers_are_classes_from_low_to_high(numbers: list[float | None], names: list[str], kinds: list[int]) -> None:  # fmt: skip
    frame = pl.DataFrame({"by": numbers})
    found = of_numbers(frame["by"], RAMP["light"])
    assert list(found.names) == [*names, "(none)"]
    assert found.colours[0] == RAMP["light"][0]
    assert found.colours[-1] == REST
    assert frame.select(found.kind("by")).to_series().to_list() == kinds


@given(st.lists(st.integers(-50, 50), min_size=1))
def test_a_higher_number_is_never_in_a_lower_class(numbers: list[int]) -> None:
    frame = pl.DataFrame({"by": sorted(numbers)})
    found = of_numbers(frame["by"], RAMP["dark"])
    kinds = frame.select(found.kind("by")).to_series().to_list()
    assert kinds == sorted(kinds)
    assert len(found.names) == len(found.colours)
    assert max(kinds) < len(found.names) - 1
