"""What bad input gets: a clear reason for every row, or one line for the run; never a traceback, never a key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from checkout import ROOT
from llm_standin import serving

from curation.augment import resources
from curation.laws import run_step
from curation.recipe import step_from
from curation.rows import make_rows
from curation.step import Context

pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
KEY = "sk-never-to-be-seen-42"
NEEDS_WORDNET = pytest.mark.skipif(
    resources.find(resources.WORDNET) is None or resources.find(resources.TAGGER) is None,
    reason="WordNet or the tagger isn't here: run `tome augment setup`",
)
NEEDS_APERTIUM = pytest.mark.skipif(
    not resources.directions() >= {"eng-spa", "spa-eng"}, reason=f"Apertium isn't here: {resources.APERTIUM}"
)
NAMES = [
    pytest.param("synonym", marks=NEEDS_WORDNET), "spelling", "keyboard", "swap", "delete", "split",
    pytest.param("back_translation", marks=NEEDS_APERTIUM),
]  # fmt: skip
PARENTS = {
    "only code": "```python\nfor i in range(3):\n    print(i)\n```",
    "only numbers": "12 34.5 1,000,000 7 km",
    "empty": "",
    "spaces": " \n\t ",
}


def reasons(name: str, prompts: list[str]) -> list[str]:
    talks = [
        [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}] for text in prompts
    ]
    rows = make_rows(talks, source="s", categories=["x"] * len(talks)).with_columns(split=pl.lit("train"))
    step = step_from({"op": "augment", "category": "x", "rows": 2, "generators": [name], "attempts": 2})
    lost = run_step(step, rows, Context()).ledger.filter(pl.col("action") == "rejected")
    return [reason.partition(":")[0] for reason in lost["reason"]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", PARENTS)
def test_nothing_to_change_is_a_reason(name: str, kind: str) -> None:
    assert set(reasons(name, [PARENTS[kind]])) == {"no prose to change"}


@pytest.mark.parametrize(
    "name",
    [
        "spelling",
        pytest.param("synonym", marks=NEEDS_WORDNET),
        pytest.param("back_translation", marks=NEEDS_APERTIUM),
    ],
)
def test_a_language_that_a_generator_cannot_read_is_a_reason(name: str) -> None:
    spanish = "¿Puedo mover mi reserva de la mañana a la tarde sin pagar otra vez?"
    assert set(reasons(name, [spanish])) == {f"{name} reads en, the parent is es"}


@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_thousand_characters(name: str) -> None:
    text = ("Please explain how large the vegetable shop is, and who has to sign the contract. " * 1300)[
        :100_000
    ]
    talks = [[{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}]]
    rows = make_rows(talks, source="s", categories=["x"]).with_columns(split=pl.lit("train"))
    step = step_from({"op": "augment", "category": "x", "rows": 1, "generators": [name], "attempts": 1})
    result = run_step(step, rows, Context())
    [line] = result.ledger["action"].to_list()
    assert line in ("made", "rejected")
    assert result.ledger["reason"][0]


RECIPE = """\
name: bad
sources: [{{uri: "{samples}/larkfield.csv", name: l, map: {{user: question, assistant: answer, category: topic}}}}]
steps:
  - split
  - op: augment
    category: legal
    rows: 3
    generators: [{{paraphrase: {{llm: {{endpoint: "http://127.0.0.1:{port}/v1", model: m, key_env: TEST_KEY, retries: 1, backoff: 0.01, concurrency: 1}}}}}}]
"""


def run(folder: Path, port: int, key: str | None) -> subprocess.CompletedProcess[str]:
    recipe = folder / "bad.yaml"
    recipe.write_text(RECIPE.format(samples=ROOT / "data/samples", port=port), encoding="utf-8")
    env = {**os.environ, "TOME_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    env |= {"TEST_KEY": key} if key else {}
    return subprocess.run(
        [sys.executable, "-m", "tome", "run", str(recipe)],
        env=env,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )


@pytest.mark.slow
def test_an_endpoint_that_fails_is_one_line_and_the_rest_is_kept(tmp_path: Path) -> None:
    with serving() as server:
        for script, said in (
            ([(429, {})] * 9, "the server answered 429, 2 times"),
            (["well", *[(500, {})] * 9], "the server answered 500, 2 times"),
            (["well", *["not json"] * 9], "answered something that isn't a chat completion, 2 times"),
            (["hang up"] * 9, "can't be reached or hung up, 2 times"),
            ([(401, {})] * 9, "the server says no (401). Check the key in TEST_KEY."),
        ):
            server.script = list(script)
            done = run(tmp_path, server.server_port, KEY)
            assert done.returncode == 2, done.stderr
            assert said in done.stderr.splitlines()[-1]
            assert "Traceback" not in done.stderr
            assert KEY not in done.stderr + done.stdout
        # two replies came before the failures: they were paid for, and are there
        kept = [
            json.loads(line)
            for file in tmp_path.rglob("cache/llm/*.jsonl")
            for line in file.read_text().splitlines()
        ]
        assert len(kept) == 2
        none = run(tmp_path, server.server_port, None)
        assert "the environment variable TEST_KEY isn't set" in none.stderr
        assert none.returncode == 2
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]


@pytest.mark.slow
def test_a_missing_resource_names_the_install_step(tmp_path: Path) -> None:
    program = "import sys; from curation.augment import resources; resources.folders = list; import tome; sys.argv = ['tome', 'run', sys.argv[1]]; tome.main()"
    recipe = tmp_path / "bad.yaml"
    text = RECIPE.format(samples=ROOT / "data/samples", port=1)
    recipe.write_text(text[: text.index("    generators:")] + "    generators: [synonym]\n", encoding="utf-8")
    env: dict[str, Any] = {**os.environ, "TOME_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(recipe)],
        env=env,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.stderr.splitlines()[-1].endswith("isn't on this machine. Run: tome augment setup.")
