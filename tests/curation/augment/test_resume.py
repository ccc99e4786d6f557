"""A run that is killed goes on where it stopped, pays for no reply twice, and ends with the same rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from checkout import ROOT
from llm_standin import Server, serving

from curation.contract import Home
from curation.rows import rows_hash
from curation.store import Store, Version

pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
KEY = "sk-only-in-the-environment-987"
RECIPE = """\
name: killed
seed: 4
sources: [{{uri: "{samples}/larkfield.csv", name: larkfield, map: {{user: question, assistant: answer, category: topic}}}}]
steps:
  - {{op: split, eval: 0.1}}
  - op: augment
    rows: {{legal: 6, support: 6}}
    attempts: 4
    generators:
      - paraphrase: {{llm: {{endpoint: "http://127.0.0.1:{port}/v1", model: m, key_env: TEST_KEY, concurrency: 2, price_in: 1.0, price_out: 2.0}}}}
      - keyboard
      - {{name: synthesize, llm: {{endpoint: "http://127.0.0.1:{port}/v1", model: m, key_env: TEST_KEY, concurrency: 2}}}}
"""


def answered(text: str) -> str:
    if "<example>" in text:
        number = sum(map(ord, text)) % 997
        words = " ".join("abcdefghijklmnop"[int(digit)] * 4 for digit in str(number * number))
        return f'{{"prompt": "May I ask about {words} today?", "answer": "You may ask about {words}."}}'
    return f"{text.replace('Can', 'Could').replace('do ', 'shall ').replace('What', 'Tell me what')} Thanks a lot."


def run(folder: Path, server: Server, kill_after: int | None = None) -> Version | None:
    """``tome run`` in a process of its own; killed without a chance to tidy up after so many requests."""
    recipe = folder.parent / "killed.yaml"
    recipe.write_text(RECIPE.format(samples=ROOT / "data/samples", port=server.server_port), encoding="utf-8")
    env = {**os.environ, "TOME_HOME": str(folder), "TEST_KEY": KEY, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tome", "run", str(recipe)]
    with (folder.parent / f"{folder.name}.log").open("ab") as log:
        child = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=ROOT)
        while kill_after is not None and child.poll() is None and len(server.seen) < kill_after:
            time.sleep(0.005)
        if kill_after is not None:
            child.send_signal(signal.SIGKILL)
        code = child.wait(120)
    if kill_after is not None:
        assert code == -signal.SIGKILL
        return None
    assert code == 0, (folder.parent / f"{folder.name}.log").read_text(encoding="utf-8")
    return Store(Home(folder)).get("killed")


@pytest.mark.slow
def test_a_killed_run_equals_a_whole_one_and_pays_once(tmp_path: Path) -> None:
    with serving() as server:
        server.reply = answered  # type: ignore[method-assign]
        whole = run(tmp_path / "whole", server)
        assert whole is not None
        asked = Counter(repr(body) for body in server.seen)
        assert set(asked.values()) == {1}
        server.seen.clear()
        for stop in (3, len(asked) - 4):
            run(tmp_path / "cut", server, stop)
        again = run(tmp_path / "cut", server)
        assert again is not None
        assert again.id == whole.id
        assert rows_hash(again.rows()) == rows_hash(whole.rows())
        twice = Counter(repr(body) for body in server.seen)
        assert set(twice) == set(asked)
        # a reply that was under way when the process died is asked for again, and nothing else: two at once, killed twice
        assert sum(twice.values()) - len(asked) <= 4
        assert set(server.keys) == {f"Bearer {KEY}"}
    [step] = [entry for entry in whole.manifest.steps if entry["op"] == "augment"]
    account = {line["generator"]: line for line in step["summary"]["account"]}
    assert set(account) == {"paraphrase", "synthesize"}
    assert account["paraphrase"]["cost"] == pytest.approx(
        (7 * 1.0 + 3 * 2.0) / 1e6 * account["paraphrase"]["candidates"], rel=1e-3
    )
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) > 10
    assert not [file for file in files if KEY.encode() in file.read_bytes()]
