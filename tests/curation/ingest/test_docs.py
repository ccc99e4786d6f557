"""docs/ingest.md tells all kinds, shapes, roles, reasons and info keys, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from curation.ingest import ingest
from curation.ingest.kinds import KINDS
from curation.ingest.reasons import REASONS
from curation.ingest.roles import ROLE_OF
from curation.ingest.shapes import CONVERSATIONS, PAIRS, TARGETS

DOCS = (Path(__file__).parents[3] / "docs" / "ingest.md").read_text(encoding="utf-8")


def cells(title: str, column: int = 0) -> set[str]:
    """The `code` words in one column of the first table under a heading."""
    section = re.split(r"^#+ ", DOCS, flags=re.M)
    table = next(part for part in section if part.startswith(title))
    rows = [line.strip("|").split("|")[column] for line in table.splitlines() if line.startswith("| ")]
    return {word for row in rows[1:] for word in re.findall(r"`([^`]+)`", row)}


def test_reasons() -> None:
    assert cells("Reasons of rejects") == set(REASONS)


def test_kinds() -> None:
    assert cells("Kinds of source") == {*KINDS, ".gz", ".zst", "hf://owner/name", "feedback:RUN"}


def test_shapes() -> None:
    assert cells("Shapes of conversations") == {
        *CONVERSATIONS.values(),
        *(name for name, _, _ in PAIRS),
        "tree",
        "map",
    }


def test_roles_and_targets() -> None:
    told = DOCS.partition("Who speaks")[2].partition("###")[0]
    for name, role in ROLE_OF.items():
        if name not in ("system_prompt", "tool_calls"):
            assert re.search(rf"\b{name}\b[^;→]*→ `{role}`", told), name
    targets = DOCS.partition("Targets: ")[2].partition("\n\n")[0]
    assert all(f"`{target}`" in targets for target in TARGETS)


def test_info_keys(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question":"q","answer":"a"}\n')
    assert set(ingest(str(path), name="s").info) | {"repo", "revision", "config", "split", "run"} == cells(
        "`info`"
    )
