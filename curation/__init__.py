"""Curation: sources in, curated dataset versions out. No screen, no torch, and nothing heavy at import.

import curation
rows = curation.read("data/samples/finetome_sample.jsonl", name="sample").rows
result = curation.apply(rows, "normalize", {"op": "filter", "where": "turns() >= 2"})
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curation.export import write_export as write_export
    from curation.ingest import ingest as read
    from curation.recipe import Recipe as Recipe
    from curation.recipe import load_recipe as load_recipe
    from curation.run import apply as apply
    from curation.run import run_recipe as run_recipe
    from curation.store import Store as Store

_PUBLIC = {
    "Recipe": "curation.recipe",
    "Store": "curation.store",
    "apply": "curation.run",
    "load_recipe": "curation.recipe",
    "read": "curation.ingest",
    "run_recipe": "curation.run",
    "write_export": "curation.export",
}
__all__ = ["Recipe", "Store", "apply", "load_recipe", "read", "run_recipe", "write_export"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), "ingest" if name == "read" else name)
    raise AttributeError(f"module 'curation' has no attribute {name!r}")
