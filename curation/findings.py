"""The one sentence that opens a page: what the data says, in words, with its figures."""

from __future__ import annotations

import polars as pl

from curation.balance import Plan
from curation.store import Manifest


def percent(share: float) -> str:
    """A share as a person writes it: ``2.1%``, ``<0.1%``, ``100%``."""
    if 0 < share < 0.001:
        return "<0.1%"
    return f"{100 * share:.0f}%" if share >= 0.9995 or share == 0 else f"{100 * share:.1f}%"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 row``, ``1,284 rows``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def balance_finding(shares: pl.DataFrame, by: str = "category", unit: str = "words") -> str:
    """What is most unequal. ``shares`` as ``curation.views.shares`` gives it, largest first."""
    if shares.is_empty():
        return "This version has no rows."
    if shares.height == 1:
        only = shares.row(0, named=True)
        return f"All {count(only['rows'], 'row')} have the same {by}: {only['value']}."
    top, low = shares.row(0, named=True), shares.row(-1, named=True)
    times = top["rows"] / max(low["rows"], 1)
    ratio = f"{times:.0f}" if times >= 10 else f"{times:.1f}"
    if times < 1.05:
        return f"Even: each of {shares.height} values of {by} has about {percent(top['share'])} of rows."
    small = f"The smallest, {low['value']}, is {percent(low['share'])} of rows and {percent(low['word_share'])} of {unit}"
    return f"{small}; the largest, {top['value']}, is {ratio} times as large."


def length_finding(shares: pl.DataFrame) -> str:
    """How long rows are. ``shares`` by ``length``, shortest first."""
    if shares.is_empty():
        return "This version has no rows."
    top = shares.row(int(shares["rows"].arg_max() or 0), named=True)
    last = shares.row(-1, named=True)
    most = f"Most rows, {percent(top['share'])}, have {top['value']}{'' if 'words' in top['value'] else ' words'}"
    if last["value"] == top["value"]:
        return f"{most}."
    return f"{most}; the longest, {last['value']}{'' if 'words' in last['value'] else ' words'}, are {percent(last['share'])} of rows and {percent(last['word_share'])} of the text."


def cross_finding(cross: pl.DataFrame, across: str, down: str) -> str:
    """Where rows gather in a cross-table, and what it lacks. ``cross`` as ``curation.views.cross`` gives it."""
    if cross.is_empty():
        return "This version has no rows."
    top = cross.sort("rows", descending=True).row(0, named=True)
    empty = cross["down"].n_unique() * cross["across"].n_unique() - cross.height
    lacks = f"; {count(empty, 'pair has', 'pairs have')} no rows" if empty else ""
    return f"The largest cell is {down} {top['down']} with {across} {top['across']}: {count(top['rows'], 'row')}, {percent(top['share'])} of all{lacks}."


def rows_finding(found: pl.DataFrame, total: int, *, kept: bool, whole: bool) -> str:
    """What a list of rows is. ``found`` has category and origin; ``whole``: no filter is set, so all ``total`` are in it."""
    where = "" if kept else " dropped on the way to this version"
    if not total:
        return "This version has no rows." if kept else "No row was dropped on the way to this version."
    if found.is_empty():
        return f"None of {count(total, 'row')}{where} answers these filters."
    share = f" ({percent(found.height / total)})" if not whole else ""
    head = (
        f"{count(total, 'row')}{where}"
        if whole
        else f"{found.height:,} of {count(total, 'row')}{where}{share}"
    )
    tops = found.group_by(pl.col("category").fill_null("no category")).len().sort("len", "category", descending=[True, False])  # fmt: skip
    name, rows = tops.row(0)
    if tops.height == 1:
        tail = f"all {name}" if found.height > 1 else str(name)
    else:
        tail = f"{percent(rows / found.height)} {name}"
    made = [(kind, found.filter(pl.col("origin") == kind).height) for kind in ("repeat", "augmented")]
    tails = [
        tail,
        *(count(number, kind, "repeats" if kind == "repeat" else kind) for kind, number in made if number),
    ]
    return f"{head}: {', '.join(tails)}."


def plan_finding(plan: Plan) -> str:
    """What a balance would do to the training rows."""
    cut = sum(line.now - line.taken - line.augmented for line in plan.lines)
    repeats = sum(line.repeats for line in plan.lines)
    short = sum(line.to_augment for line in plan.lines)
    verbs = []
    if cut:
        verbs.append(f"drops {count(cut, 'row')}")
    if repeats:
        verbs.append(f"adds {count(repeats, 'repeat')}")
    if short:
        verbs.append(f"leaves {count(short, 'row')} to augment")
    doing = (
        ", ".join(verbs[:-1]) + (" and " if len(verbs) > 1 else "") + verbs[-1]
        if verbs
        else "changes nothing"
    )
    return (
        f"This mix {doing}: {plan.after.rows:,} training rows, as even as {plan.after.effective:.1f} equal categories "
        f"of {len(plan.lines)} ({plan.before.effective:.1f} now)."
    )


def version_finding(manifest: Manifest) -> str:
    """What a version is, in one line."""
    total = sum(int(step["dropped"]) for step in manifest.steps)
    made = sum(int(step["made"]) for step in manifest.steps)
    parts = [count(manifest.rows, "row"), f"in {count(len(manifest.categories), 'category', 'categories')}"]
    tail = [f"{count(total, 'row')} dropped"] if total else []
    tail += [f"{made:,} made"] if made else []
    return f"{' '.join(parts)}" + (f"; {' and '.join(tail)} on the way" if tail else "") + "."


def diff_finding(counts: dict[str, int], before: str, after: str) -> str:
    """What changed between two versions."""
    named = [f"{counts[kind]:,} {kind}" for kind in ("added", "dropped", "edited", "moved") if counts[kind]]
    if not named:
        return f"{before} and {after} hold the same rows."
    return f"From {before} to {after}: {', '.join(named)}."
