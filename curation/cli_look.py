"""``tome ingest --look``: what the first rows of a source would become."""

from __future__ import annotations

from collections.abc import Mapping


def look_at(
    uri: str,
    mapping: Mapping[str, str] | None,
    *,
    split: str,
    revision: str | None,
    config: str | None,
    as_json: bool,
) -> None:
    """Look and print. Raises what ``curation.ingest.look`` raises."""
    from curation.console import answer, plain, say, table
    from curation.findings import count
    from curation.ingest.look import look

    found = look(uri, mapping=mapping, split=split, revision=revision, config=config)
    table(
        ["column", "becomes", "first value"],
        [
            (plain(c["name"], 30), c["role"] or "not known", plain(c["example"] or "", 60))
            for c in found.columns
        ],
        as_json=as_json,
    )
    if found.problem:
        say(f"{found.problem}. {found.mend or ''}".strip(), as_json=as_json)
    else:
        lost = ", ".join(f"{n:,} {reason}" for reason, n in found.reasons.items())
        say(
            f"{found.kind}, {found.shape}: {count(found.good, 'row')} and {count(sum(found.reasons.values()), 'reject')} "
            f"among the first {found.input_rows:,} of {found.total:,}{f' ({lost})' if lost else ''}. "
            f"Licence: {found.licence or 'not stated'}.",
            as_json=as_json,
        )
    answer(found.to_dict(), as_json=as_json)
