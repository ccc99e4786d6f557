"""A preview in the terminal: each candidate's text with its changes marked, the gates in one line, then the rates."""

from __future__ import annotations

import polars as pl
from rich.text import Text

from curation.augment.preview import Preview
from curation.console import account, out, plain, say, table

MARKS = {"gone": ("[-", "-]", "red strike"), "new": ("{+", "+}", "green")}
"""As in ``git diff --word-diff``, so that it reads without colour too."""
SAME = 160
"""Characters of unchanged text that are shown in one piece; of longer ones both ends."""


def show(seen: Preview) -> None:
    """Print all of it."""
    _candidates(seen)
    if seen.others:
        say(
            f"The recipe's other augment steps: {', '.join(f'--step {at}' for at in seen.others)}.",
            as_json=False,
        )


def _candidates(seen: Preview) -> None:
    if not seen.candidates.height:
        names = ", ".join(seen.asked)
        why = (
            f"{names} has no original row of the training side to make one from"
            if names
            else "no rows are asked for"
        )
        say(f"No candidates: {why}.", as_json=False)
        return
    for place, line in enumerate(seen.candidates.iter_rows(named=True)):
        _candidate(line, seen.gates_of(place))
    heads = ["generator", "tried", "kept", "share", "rejected for"]
    rows = [(g, tried, kept, f"{rate:.0%}", why) for g, tried, kept, rate, why in seen.generators.iter_rows()]
    table(heads, rows)
    for one in seen.accounts:
        say(f"{account(one)}.", as_json=False)
    say(f"{seen.kept} of {seen.candidates.height} kept.", as_json=False)


def _candidate(line: dict[str, object], gates: pl.DataFrame) -> None:
    head = Text("kept      " if line["kept"] else "rejected  ", style="green" if line["kept"] else "red")
    head.append(f"{line['generator']}", style="bold")
    head.append(f"  {line['id']} of {line['parent_id']}", style="dim")
    if line["by_hand"]:
        head.append("  by hand")
    out.print(head)
    if not line["kept"]:
        _indented(Text(plain(str(line["reason"])), style="red"))
    if line["after"] is None:
        _indented(Text(plain(str(line["before"]), 2 * SAME), style="dim"))
    else:
        _indented(_marked(line["parts"]))  # type: ignore[arg-type]
    if line["answer_parts"]:
        _indented(_marked(line["answer_parts"]))  # type: ignore[arg-type]
    for told in _flowed(gates):
        out.print(Text("  ") + told)
    out.print()


def _flowed(gates: pl.DataFrame) -> list[Text]:
    """The gates in lines that end between two of them."""
    lines = [Text(style="dim")]
    for gate, value, text, low, high, passed in gates.iter_rows():
        shown = text if text is not None else ("" if value is None else f"{value:g}")
        one = Text(f"{gate} {shown or 'none'}{_limits(low, high)}", style="" if passed else "red")
        if lines[-1] and len(lines[-1]) + len(one) + 5 > out.width:
            lines.append(Text(style="dim"))
        lines[-1].append(Text("   ") + one if lines[-1] else one)
    return [line for line in lines if line]


def _limits(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" ({low:g}-{high:g})"
    return f" (≥{low:g})" if low is not None else f" (≤{high:g})" if high is not None else ""


def _marked(parts: list[dict[str, str]]) -> Text:
    text = Text()
    for part in parts:
        if part["kind"] == "same":
            said = part["text"]
            text.append(plain(said if len(said) <= SAME else f"{said[: SAME // 2]} […] {said[-SAME // 2 :]}"))
        else:
            start, end, style = MARKS[part["kind"]]
            text.append(f"{start}{plain(part['text'], 2 * SAME)}{end}", style=style)
    return text


def _indented(text: Text) -> None:
    for line in text.wrap(out, max(out.width - 2, 20)):
        line.rstrip()
        out.print(Text("  ") + line)
