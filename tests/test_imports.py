"""Who may import whom, and what an import costs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT


def test_the_rules_between_packages_hold() -> None:
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("import-linter isn't installed: pip install 'tomewright[dev]'")
    shown = subprocess.run([program, "--no-cache"], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert shown.returncode == 0, shown.stdout + shown.stderr


def loaded(code: str, *modules: str) -> list[str]:
    """Which of the modules are loaded after some code ran in a fresh process."""
    code += f"\nimport sys, json; print(json.dumps([m for m in {modules!r} if m in sys.modules]))"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True, timeout=120
    )
    found: list[str] = json.loads(shown.stdout.splitlines()[-1])
    return found


HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "huggingface_hub",
    "streamlit",
    "gradio",
    "sklearn",
    "pandas",
    "sentence_transformers",
    "tokenizers",
)


def test_import_curation_loads_nothing() -> None:
    assert loaded("import curation", "polars", "pyarrow", "pydantic", "yaml", "numpy", *HEAVY) == []
    assert loaded("import tome, curation.contract", "polars", "pydantic", *HEAVY) == []


def test_the_work_of_curation_needs_no_torch() -> None:
    assert (
        loaded(
            "from curation import Recipe, Store, apply, load_recipe, read, run_recipe, write_export", *HEAVY
        )
        == []
    )
    assert loaded("import curation.cli, curation.steps", *HEAVY) == []


def test_public_names_are_there() -> None:
    import curation

    for name in curation.__all__:
        assert getattr(curation, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = curation.nothing
