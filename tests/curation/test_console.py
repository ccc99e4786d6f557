from __future__ import annotations

import io

import pytest
from rich.console import Console

from curation import console
from curation.balance import plan
from curation.cli_mix import plan_table

ID = "0123456789abcdef"
LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


def drawn(monkeypatch: pytest.MonkeyPatch, width: int | None) -> list[str]:
    """What a terminal of so many columns shows of a table, or a pipe for None, without trailing blanks."""
    monkeypatch.delenv("COLUMNS", raising=False)
    written = io.StringIO()
    where = {"file": written, "highlight": False, "soft_wrap": True, "no_color": True}
    terminal = {"force_terminal": True, "width": width, "color_system": None} if width else {}
    monkeypatch.setattr(console, "out", Console(**where, **terminal))
    console.table(["row", "to augment", "opens with"], [(ID, 1_204, LONG), (ID, None, "[red]\x1b")])
    return [line.rstrip() for line in written.getvalue().splitlines()]


def test_a_pipe_gets_each_row_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, None) == [
        "                        to",
        "row                augment  opens with",
        f"{ID}     1,204  {LONG}",
        f"{ID}            [red]\\x1b",
    ]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (119, "119 s"), (121, "2 min"), (7000, "117 min"), (22_384, "6.2 h")]
)
def test_a_stretch_of_time(seconds: float, said: str) -> None:
    assert console.span(seconds) == said


def test_a_narrow_terminal_folds_long_texts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, 60) == [
        "                        to",
        "row                augment  opens with",
        f"{ID}     1,204  one two three four five six",
        "                            seven eight nine ten eleven",
        "                            twelve thirteen fourteen",
        f"{ID}            [red]\\x1b",
    ]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([1.0, 1.105, 3, None], ["1.000", "1.105", "3", ""]),
        ([33.333, 0.5], ["33.33", "0.50"]),
        ([-0.25, 1.0], ["-0.25", "1.00"]),
        ([1e-9, 0.5], ["1e-09", "0.5"]),
        ([1, 2_000, "x"], ["1", "2,000", "x"]),
        ([], []),
    ],
)
def test_fractions_of_a_column_stand_under_one_another(values: list[object], told: list[str]) -> None:
    assert console.figures_of(values) == told


def test_the_table_of_a_plan_sums_up_and_names_its_unit() -> None:
    planned = plan(
        {"math": 6, "art": 2},
        "uniform",
        augmented={"art": 1},
        max_repeats=1.4,
        costs={"math": 9.0, "art": 3.0},
    )
    head, lines = plan_table(planned, "category", "words")
    assert head[-3:] == ["epochs", "rows %", "words %"]
    assert lines == [
        ["math", 6, 4, 4, 0, 0, 0, 1.0, "66.7 -> 50.0", "85.7 -> 75.0"],
        ["art", 3, 4, 2, 1, 1, 0, 1.333, "33.3 -> 50.0", "14.3 -> 25.0"],
        ["all", 9, 8, 6, 1, 1, 0, 1.143, "", ""],
    ]
    assert plan_table(planned, "category", "rows")[0][-1] == "rows %"


def test_evidence_is_told_in_words() -> None:
    found = {
        "item": 2,
        "overlap": 0.5,
        "spans": [{"turn": 0, "end": 1_110}, {"turn": 1, "end": 9}],
        "match": None,
    }
    assert (
        console.evidence(found)
        == "item: 2, overlap: 0.5, spans: turn: 0, end: 1,110; turn: 1, end: 9, match: "
    )
    assert console.evidence(True) == "yes"
