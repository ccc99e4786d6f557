"""A look at the first rows of a source before it is read: its columns, what each would become, some rows, and rejects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from curation.contract import Home
from curation.errors import InputError
from curation.ingest.parts import Part, open_parts
from curation.ingest.pipeline import ingest
from curation.ingest.reasons import Reject
from curation.ingest.shapes import mapped_shape, shape_for
from curation.ingest.source import open_source
from curation.ingest.text import clean, snippet

FIRST = 200
"""Rows that are looked at."""
SHOWN = 8
"""Rows, and rejects, that are told whole."""
PEEK = 20
"""Records out of which the columns are told."""
KEPT = "kept as a column"


@dataclass(frozen=True)
class Look:
    """What the first rows of a source are.

    ``columns`` has name, role (what it becomes; null while the shape isn't known) and example. ``rows`` are the first
    conversations with their category, ``rejects`` the first ones with line, file, reason and snippet. ``problem`` is null, or why
    nothing can be read yet, and ``mend`` what helps. ``total`` is how many rows the source has in all.
    """

    kind: str
    total: int
    licence: str | None
    columns: list[dict[str, Any]]
    shape: str | None = None
    input_rows: int = 0
    good: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    problem: str | None = None
    mend: str | None = None

    @property
    def unsure(self) -> bool:
        """Whether a person has to say which column is what."""
        return self.problem is not None and any(column["role"] is None for column in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def look(
    uri: str,
    *,
    mapping: Mapping[str, str] | None = None,
    split: str = "train",
    revision: str | None = None,
    config: str | None = None,
    home: Home | None = None,
) -> Look:
    """Look at the first ``FIRST`` rows. Raises InputError, HubError and MissingExtra for a source that can't be opened at all."""
    mapping = dict(mapping or {})
    source = open_source(uri, split=split, revision=revision, config=config, home=home)
    parts, _ = open_parts(source.files, trees=mapped_shape(mapping) is None)
    kind = ", ".join(sorted({part.kind for part in parts}))
    told = Look(kind, sum(part.height for part in parts), source.licence, _columns(parts[0], mapping))
    try:
        read = ingest(uri, name="look", mapping=mapping, limit=FIRST, sample="head", split=split,
                      revision=revision, config=config, home=home)  # fmt: skip
    except InputError as error:
        rows = {"input_rows": min(told.total, FIRST)}
        return Look(**{**asdict(told), **rows, "problem": error.what, "mend": error.mend})
    talks = read.rows.head(SHOWN).select("messages", "category").to_dicts()
    lost = read.rejects.head(SHOWN).select("line", "file", "reason", "snippet").to_dicts()
    return Look(
        **{
            **asdict(told), "shape": read.info["shape"], "input_rows": read.info["input_rows"], "good": read.rows.height,
            "rows": talks, "rejects": lost, "reasons": read.info["reasons"],
        }
    )  # fmt: skip


def _columns(part: Part, mapping: Mapping[str, str]) -> list[dict[str, Any]]:
    """The columns of a part's first records, what each becomes, and the first value that isn't empty."""
    values = [record.value for record in islice(part.records(), PEEK) if record.value]
    shape = mapped_shape(mapping)
    roles: dict[str, str] = dict(shape.roles) if shape else {}
    known = shape is not None or part.tree
    for row in values if shape is None and not part.tree else []:
        try:
            roles |= shape_for(row).roles
            known = True
        except Reject:
            continue
    names = dict.fromkeys(name for row in values for name in row)
    wanted = mapping.get("category", "category")
    found = []
    for name in names:
        example = next((row[name] for row in values if row.get(name) not in (None, "", [])), None)
        role = " and ".join(filter(None, (roles.get(name), "category" if name == wanted else None)))
        if part.tree and name in ("message_id", "parent_id", "role", "text"):
            role = "the message tree"
        told = role or (KEPT if known else None)
        found.append({"name": clean(name), "role": told, "example": None if example is None else snippet(example)})  # fmt: skip
    return found
