from __future__ import annotations

import io

import pytest
from rich.console import Console

from curation import console

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


def test_a_narrow_terminal_folds_long_texts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(monkeypatch, 60) == [
        "                        to",
        "row                augment  opens with",
        f"{ID}     1,204  one two three four five six",
        "                            seven eight nine ten eleven",
        "                            twelve thirteen fourteen",
        f"{ID}            [red]\\x1b",
    ]
