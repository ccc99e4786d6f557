"""What a report says about augmentation: how many rows were asked for and made, what was refused, and how children differ."""

from __future__ import annotations

from html import escape
from typing import Any

from curation.report_parts import folded, percent, table

SIDES = {"originals": "originals", "children": "children", "both": "both"}
MARKS = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
LONG = 240
"""Characters of an unchanged stretch that are shown; of a longer one both ends."""


def augmentation(found: dict[str, Any] | None) -> str:
    """The section, or nothing where no augment step ran. ``found`` is ``overview(version).to_dict()``."""
    if not found:
        return ""
    return "".join((
        f"<p>{escape(said(found))}</p>", _categories(found), _generators(found), _compared(found), _account(found), _examples(found),
    ))  # fmt: skip


def said(found: dict[str, Any]) -> str:
    """One sentence that says how it went."""
    kept, asked, tried = (
        sum(line[key] for line in found["categories"]) for key in ("kept", "asked", "tried")
    )
    short = [line["category"] for line in found["categories"] if not line["reached"]]
    end = f"; {', '.join(short)} fell short of the target" if short else ""
    return f"{kept:,} of {asked:,} rows asked for were made, out of {tried:,} candidates ({percent(kept / max(tried, 1))}){end}."


def _categories(found: dict[str, Any]) -> str:
    head = ["category", "asked", "tried", "with a text", "refused", "kept"]
    rows = [
        [
            line["category"],
            line["asked"],
            line["tried"],
            line["made"],
            line["tried"] - line["kept"],
            line["kept"],
        ]
        for line in found["categories"]
    ]
    return table(head, rows)


def _generators(found: dict[str, Any]) -> str:
    """A bar for each generator: kept, and what was refused for which reasons."""
    lines = ""
    for line in found["generators"]:
        mine = [
            one
            for one in found["reasons"]
            if (one["category"], one["generator"]) == (line["category"], line["generator"])
        ]
        why = ", ".join(f"{one['reason']} {one['candidates']:,}" for one in mine)
        lines += (
            f"<tr><td class='name'>{escape(line['generator'])}<br><span class='quiet'>{escape(line['category'])}</span></td>"
            f"<td class='bar'><i style='width:{100 * line['rate']:.1f}%;background:var(--augmented)'></i></td>"
            f"<td class='n'>{percent(line['rate'])}</td><td class='n'>{line['kept']:,} of {line['tried']:,}</td><td>{escape(why)}</td></tr>"
        )
    head = (
        "<tr><th>generator</th><th>share kept</th><th></th><th class='n'>kept</th><th>refused for</th></tr>"
    )
    return f"<h3>By generator</h3><div class='scroll'><table class='bars'><thead>{head}</thead><tbody>{lines}</tbody></table></div>"


def _compared(found: dict[str, Any]) -> str:
    measures = {
        "distinct-1": "distinct_1",
        "distinct-2": "distinct_2",
        "self-BLEU": "self_bleu",
        "spread": "spread",
    }
    head = ["category", "rows of", "rows", "characters", "middle half", *measures]
    rows = [
        [
            line["category"], SIDES[line["side"]], line["rows"], line["characters"], f"{line['characters_25']:,} to {line['characters_75']:,}",
            *(f"{line[key]:.3f}" for key in measures.values()),
        ]
        for line in found["compared"]
    ]  # fmt: skip
    note = (
        "<p class='quiet'>Prompts. characters: the median, and the span of the middle half; distinct-n: share of runs of n words that are different ones; self-BLEU: 0 all different, 1 all alike; "
        "spread: mean cosine distance of pairs. Children that only repeat raise self-BLEU and lower distinct-2 of both.</p>"
    )
    return "<h3>Children beside originals</h3>" + table(head, rows) + note if rows else ""


def _account(found: dict[str, Any]) -> str:
    head = ["generator", "model", "candidates", "tokens in", "tokens out", "cost at the prices given"]
    rows = [
        [line[key] for key in ("generator", "model", "candidates", "tokens_in", "tokens_out", "cost")]
        for line in found["account"]
    ]
    if not rows:
        return ""
    asked = [
        [line[key] for key in ("generator", "model", "sent", "cached", "tokens_in", "tokens_out", "cost")]
        for line in found["requests"]
    ]
    sent = [
        "generator",
        "model",
        "requests sent",
        "answered by the cache",
        "tokens in",
        "tokens out",
        "cost at the prices given",
    ]
    note = "<p class='quiet'>Above: all candidates, kept or not, whoever paid for their replies and when. Below: what the run that made this version sent.</p>"
    return "<h3>Language models</h3>" + table(head, rows) + (note + table(sent, asked) if asked else "")


def _examples(found: dict[str, Any]) -> str:
    parts = ""
    for name in dict.fromkeys(one["generator"] for one in found["examples"]):
        mine = [one for one in found["examples"] if one["generator"] == name]
        body = "".join(
            f"<article><code>{escape(one['parent_id'])}</code> {_verdict(one)}"
            f"<p>{''.join(_part(**part) for part in one['parts'])}</p></article>"
            for one in mine
        )
        parts += folded(len(mine), name, "examples, kept and refused", body)
    return f"<h3>Examples</h3>{parts}" if parts else ""


def _verdict(one: dict[str, Any]) -> str:
    if one["kept"]:
        return "<span class='up'>kept</span>"
    return f"<span class='down'>refused</span> {escape(one['reason'])}"


def _part(kind: str, text: str) -> str:
    shown = text if kind != "same" or len(text) <= LONG else f"{text[: LONG // 2]} […] {text[-LONG // 2 :]}"
    return MARKS[kind].format(escape(shown))
