"""Our own pieces of HTML: the header, the figures under an answer, near rows, facts. Everything is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chatbot_space.load import Chat
from chatbot_space.look import category_colour
from chatbot_space.run import Run
from chatbot_space.why import Near
from chatbot_space.words import safe

ORIGINS = {"oversample": "a repeat", "balance": "a repeat"}


WHY = (
    "<p class='quiet small'>The training rows whose questions share most words with yours: 1 is the same words, "
    "0 is none (TF-IDF, cosine). They show what the model was taught about these words, not what it thought.</p>"
)


def header(run: Run) -> str:
    """The line on top: which model this is, on what data."""
    rows = run.dataset.get("rows")
    count = (
        f" ({rows['train']:,} rows)" if isinstance(rows, dict) and isinstance(rows.get("train"), int) else ""
    )
    return (
        f'<div class="top"><h1>{safe(run.run_id)}</h1>'
        f"<p>{safe(_how(run))} {safe(_base_name(run))}, trained on {safe(run.dataset_name)}{safe(count)}</p></div>"
    )


def welcome(run: Run, examples: bool) -> str:
    """The starting screen's words, as Markdown."""
    more = (
        " Pick a question from its evaluation data, or write your own."
        if examples
        else " Write a question to begin."
    )
    return f"### What would you like to ask?\nThis model learned from **{safe(run.dataset_name)}**.{more}"


def figures(note: Mapping[str, Any] | None, error: str | None = None) -> str:
    """The quiet line under the conversation: speed, seed, what was left out, or what went wrong."""
    if error:
        return said(error, "bad")
    if not note:
        return '<p class="status">&nbsp;</p>'
    parts = [f"<b>{note['tokens']}</b> tokens"]
    if note["rate"]:
        parts.append(f"<b>{note['rate']}</b> tokens/s")
    if note["first"]:
        reused = f", {note['reused']} of {note['prompt']} prompt tokens reused" if note["reused"] else ""
        parts.append(f"first after <b>{note['first']}</b> s{reused}")
    parts.append(f"seed {note['seed']}")
    line = f'<p class="status" data-end="{safe(note["end"] or "")}">' + " \u00b7 ".join(parts) + "</p>"
    if note["left_out"]:
        turns = "turn no longer fits" if note["left_out"] == 1 else "turns no longer fit"
        line += (
            f'<p class="status caution">The oldest {note["left_out"]} {turns} into the model\'s memory and '
            f"{'was' if note['left_out'] == 1 else 'were'} left out. Start a new conversation for a new subject.</p>"
        )
    if note["end"] == "length":
        line += (
            '<p class="status caution">The answer reached its longest length. Raise it under Settings.</p>'
        )
    if note["end"] == "context":
        line += '<p class="status caution">The model\'s memory is full. Start a new conversation.</p>'
    return line


def said(words: str, kind: str = "") -> str:
    """One line to the person; ``kind`` is "", good, caution or bad."""
    return f'<p class="status {kind}" role="status">{safe(words)}</p>'


def near_rows(found: Sequence[Near] | None, categories: list[str]) -> str:
    """The training rows nearest to the last question."""
    if found is None:
        return '<p class="quiet">Ask something, and the nearest training rows show here.</p>'
    if not found:
        return '<p class="quiet">No training row shares a word with this question. The answer is the base model\'s.</p>'
    return "".join(_near(one, categories) for one in found)


def _near(one: Near, categories: list[str]) -> str:
    row = one.row
    origin = f"{ORIGINS.get(row.made_by, 'made by ' + row.made_by)}" if row.made_by else "original"
    kind = "original" if not row.made_by else "repeat" if row.made_by in ORIGINS else "augmented"
    chip = ""
    if row.category:
        colour = category_colour(row.category, categories)
        chip = f'<span class="chip" style="--chip:{colour}">{safe(row.category)}</span>'
    percent = round(100 * one.similarity)
    return (
        f'<details class="near"><summary><span class="bar" style="--share:{percent}%"></span>'
        f'<span class="figure">{one.similarity:.2f}</span><span class="asked">{safe(row.question)}</span></summary>'
        f'<div class="row"><p class="answer">{safe(row.answer)}</p><p class="from">{chip}'
        f'<span class="origin {kind}">{safe(origin)}</span> {safe(row.source)} '
        f"<code>{safe(row.id)}</code></p></div></details>"
    )


def about(chat: Chat) -> str:
    """All that is known about the model, from run.json: what it is, what it learned from, how it did."""
    run = chat.run
    facts, data = run.facts, run.dataset
    parts = [
        _facts(
            "Model",
            [
                ("run", _code(run.run_id)),
                (
                    "base model",
                    safe(_base_name(run))
                    + (f" at {_code(run.base_revision[:12])}" if run.base_revision else ""),
                ),
                ("trained", safe(_how(run, short=True))),
                ("engine", safe(chat.engine.name)),
                ("context", f"{chat.engine.context:,} tokens"),
                ("stop tokens", ", ".join(_code(t) for t in run.stop_tokens)),
                ("system prompt", safe(run.system_prompt) if run.system_prompt else "none"),
            ],
        ),
        _facts(
            "Dataset version",
            [
                ("name", safe(run.dataset_name)),
                ("version", _code(data.get("dataset_id") or "unknown")),
                *[(f"{split} rows", f"{count:,}") for split, count in _counts(data.get("rows"))],
                *[
                    (f"licence of {safe(name)}", safe(licence or "not stated"))
                    for name, licence in _items(data.get("licences"))
                ],
            ],
        ),
        _categories(data.get("counts")),
        _facts(
            "Results",
            [(safe(name.replace("_", " ")), _figure(value)) for name, value in _flat(facts.get("metrics"))],
        ),
    ]
    recipe = data.get("recipe")
    if recipe:
        text = json.dumps(recipe, ensure_ascii=False, indent=2)
        parts.append(f"<details class='recipe'><summary>Recipe</summary><pre>{safe(text)}</pre></details>")
    if facts.get("command"):
        parts.append(
            f"<details class='recipe'><summary>Command</summary><pre>{safe(facts['command'])}</pre></details>"
        )
    return "".join(parts)


def _facts(title: str, pairs: Sequence[tuple[str, str]]) -> str:
    if not pairs:
        return ""
    lines = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in pairs)
    return f"<section class='facts'><h3>{title}</h3><dl>{lines}</dl></section>"


def _categories(counts: Any) -> str:
    train = counts.get("train") if isinstance(counts, dict) else None
    if not isinstance(train, dict) or not train:
        return ""
    most = max(train.values())
    names = list(train)
    lines = "".join(
        f"<tr><th>{safe(name)}</th><td class='share'><span style='--share:{100 * n / most:.1f}%;"
        f"--chip:{category_colour(name, names)}'></span></td><td class='figure'>{n:,}</td></tr>"
        for name, n in sorted(train.items(), key=lambda pair: -pair[1])
    )
    return f"<section class='facts'><h3>Training rows by category</h3><table>{lines}</table></section>"


def _code(text: object) -> str:
    return f"<code>{safe(text)}</code>"


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _counts(value: Any) -> list[tuple[str, int]]:
    return [(str(name), n) for name, n in _items(value) if isinstance(n, int)]


def _flat(value: Any) -> list[tuple[str, float]]:
    """Single figures of the metrics; tables and texts are left to the model card."""
    return [
        (str(name), n) for name, n in _items(value) if isinstance(n, int | float) and not isinstance(n, bool)
    ]


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _how(run: Run, short: bool = False) -> str:
    rank = (run.facts.get("config") or {}).get("lora_rank")
    if run.adapter is None and not (run.folder / "model.gguf").is_file():
        return "not trained" if short else "The base model"
    if run.whole_weights:
        return "all weights" if short else "All weights of"
    what = f"LoRA, rank {rank}" if rank else "LoRA"
    return what if short else f"{what}, on"


def _base_name(run: Run) -> str:
    return run.base_model.rstrip("/").rpartition("/")[2] if run.base_model.startswith("/") else run.base_model
