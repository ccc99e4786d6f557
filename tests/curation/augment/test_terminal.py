"""The preview in a terminal of 80 and 120 columns and in a pipe: exact lines, nothing of the data reaches the terminal raw."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from curation import console
from curation.augment import terminal
from curation.augment.difference import parts
from curation.augment.preview import CANDIDATES, GATES, GENERATORS, Preview

BEFORE, AFTER = "Who signs the large contract?", "Who signs the big contract?"
GATE_LINES = [("length", 0.931, 0.5, 2.0), ("lexical", 0.667, 0.3, 0.98), ("copied", 0.0, None, 0.5), ("semantic", 0.8, 0.85, 1.0), ("fit", 0.41, 0.3, None)]  # fmt: skip


def candidate(place: int, after: str | None, reason: str | None) -> dict[str, Any]:
    told = [] if after is None else [part._asdict() for part in parts(BEFORE, after)]
    return {
        "id": f"{place:016x}", "parent_id": "a" * 16, "generator": "synonym", "before": BEFORE, "after": after, "parts": told, "answer_parts": [],
        "kept": reason is None, "reason": reason, "by_hand": "accept" if place == 2 else None,
    }  # fmt: skip


def preview() -> Preview:
    lines = [
        candidate(0, AFTER, "semantic: 0.8 is under 0.85, drifted"), candidate(1, None, "no synonym fits"),
        candidate(2, "\x1b[31mWho signs the big contract?", None),
    ]  # fmt: skip
    gates = [
        {"place": place, "candidate": f"{place:016x}", "gate": gate, "value": value, "low": low, "high": high, "passed": gate != "semantic"}
        for place in (0, 2)
        for gate, value, low, high in GATE_LINES
    ]  # fmt: skip
    account = {
        "generator": "paraphrase",
        "model": "m",
        "sent": 3,
        "cached": 1,
        "tokens_in": 1200,
        "tokens_out": 80,
        "cost": 0.25,
    }
    return Preview(
        pl.DataFrame(lines, schema=CANDIDATES),
        pl.DataFrame(gates, schema=GATES),
        pl.DataFrame(
            [("synonym", 3, 1, 0.3333, "semantic 1, no synonym fits 1")], schema=GENERATORS, orient="row"
        ),
        {"legal": 3},
        [account],
    )


def shown(monkeypatch: pytest.MonkeyPatch, width: int | None) -> list[str]:
    """What a terminal of that width shows, or a pipe for None."""
    file = io.StringIO()
    given: dict[str, Any] = {"force_terminal": True, "width": width, "color_system": None} if width else {}
    made = Console(file=file, highlight=False, soft_wrap=True, **given)
    monkeypatch.setattr(console, "out", made)
    monkeypatch.setattr(terminal, "out", made)
    terminal.show(preview())
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, 80)
    assert max(map(len, lines[:-2])) <= 80  # the sentences below are the terminal's to wrap
    assert lines[:10] == [
        "rejected  synonym  0000000000000000 of aaaaaaaaaaaaaaaa",
        "  semantic: 0.8 is under 0.85, drifted",
        "  Who signs the [-large-]{+big+} contract?",
        "  length 0.931 (0.5-2)   lexical 0.667 (0.3-0.98)   copied 0 (≤0.5)",
        "  semantic 0.8 (0.85-1)   fit 0.41 (≥0.3)",
        "",
        "rejected  synonym  0000000000000001 of aaaaaaaaaaaaaaaa",
        "  no synonym fits",
        "  Who signs the large contract?",
        "",
    ]
    assert lines[10] == "kept      synonym  0000000000000002 of aaaaaaaaaaaaaaaa  by hand"
    assert "\\x1b" in lines[11]
    assert "\x1b" not in "".join(lines)
    paid = "3 requests sent, 1 answered by the cache; 1,200 tokens in, 80 out, 0.2500 at the prices given"
    assert lines[-2:] == [f"paraphrase by m: {paid}.", "1 of 3 kept."]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "No candidates: no rows are asked for."),
        ({"legal": 3}, "No candidates: legal has no original row of the training side to make one from."),
    ],
)
def test_no_candidates_have_a_reason(
    asked: dict[str, int], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = (pl.DataFrame(schema=schema) for schema in (CANDIDATES, GATES, GENERATORS))
    terminal.show(Preview(*empty, asked))
    assert capsys.readouterr().out.splitlines() == [said]


def test_other_augment_steps_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    empty = (pl.DataFrame(schema=schema) for schema in (CANDIDATES, GATES, GENERATORS))
    terminal.show(Preview(*empty, {}, others=(4, 6)))
    assert capsys.readouterr().out.splitlines()[1] == "The recipe's other augment steps: --step 4, --step 6."


@pytest.mark.parametrize("width", [120, None])
def test_wider_and_in_a_pipe(monkeypatch: pytest.MonkeyPatch, width: int | None) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = shown(monkeypatch, width)
    gates = "  length 0.931 (0.5-2)   lexical 0.667 (0.3-0.98)   copied 0 (≤0.5)   semantic 0.8 (0.85-1)   fit 0.41 (≥0.3)"
    assert gates in lines or width is None
    assert "synonym        3     1  33%    semantic 1, no synonym fits 1" in lines
