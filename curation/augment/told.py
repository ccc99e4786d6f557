"""What an augment step did, in lines for people: ``tome run`` prints them, the dataset card has them as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from curation.console import account


def lines(steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of the manifest's entries, those of augment steps: rows made of those asked for, by whom, why others were refused, what it took."""
    found = []
    for entry in steps:
        if entry["op"] != "augment":
            continue
        summary = entry["summary"]
        by_category = summary.get("by category", {})
        kept, asked, tried = (
            sum(one[key] for one in by_category.values()) for key in ("kept", "asked", "tried")
        )
        if not asked:
            found.append("augment: no rows were asked for")
            continue
        short = [name for name, one in by_category.items() if not one["reached"] and one["tried"]]
        alone = [name for name, one in by_category.items() if not one["reached"] and not one["tried"]]
        made = _counted((one["generator"], one["kept"]) for one in summary.get("by generator", []))
        lost = _counted((one["reason"], one["count"]) for one in summary.get("rejected", []))
        found.append(
            f"augment: {kept:,} of {asked:,} rows asked for were made, out of {tried:,} candidates{f' ({made})' if made else ''}"
        )
        if lost:
            found.append(f"  refused: {lost}")
        if short:
            found.append(
                f"  short of the target: {', '.join(short)}; more attempts, parents or generators would help"
            )
        if alone:
            found.append(
                f"  nothing to make rows from: {', '.join(alone)}; only original rows of the training side are parents"
            )
        if unseen := summary.get("by hand", {}).get("not seen"):
            found.append(
                f"  decided by hand, but made by no candidate: {', '.join(unseen)}; an earlier step has changed, or the target was reached before"
            )
        found += [f"  when it was made, {account(one)}" for one in entry.get("asked", [])]
        found += [f"  {_took(one)}" for one in summary.get("account", [])]
    return found


def _counted(pairs: Iterable[tuple[str, int]]) -> str:
    """Names with their counts, the most first."""
    total = Counter[str]()
    for name, count in pairs:
        total[name] += count
    return ", ".join(
        f"{name} {count:,}" for name, count in sorted(total.items(), key=lambda one: (-one[1], one[0]))
    )


def _took(one: Mapping[str, Any]) -> str:
    """What all candidates of a generator took, whoever paid for it and when."""
    who = f"{one['generator']} by {one['model']}" if one["model"] else str(one["generator"])
    paid = f", {one['cost']:.4f} at the prices given" if one["cost"] else ""
    return f"{who}: its {one['candidates']:,} candidates took {one['tokens_in']:,} tokens in, {one['tokens_out']:,} out{paid}, cached replies too"
