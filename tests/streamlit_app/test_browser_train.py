"""From nothing to an answer in a real browser: the sample, a recipe, an export, a training run that is watched, its chatbot.

The model is a tiny one with random weights, made here: nothing is fetched. The answer is noise; that it comes is the point.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.first_use import Visitor, walk
from tests.streamlit_app.browsing import NEEDS, opened, served, settle

for package, extra in (("torch", "train"), ("peft", "train"), ("trl", "train"), ("gradio", "space")):
    pytest.importorskip(package, reason=f"{package} isn't installed: pip install 'tomewright[{extra}]'")

pytestmark = NEEDS

CONFIG = """
model: {model}
backend: plain
lora_rank: 4
max_length: 1024
batch: 2
learning_rate: 0.01
eval_rows: 4
eval_batch: 2
samples: 0
"""


def with_tiny_config(home: Path) -> None:
    """A config of the person's own, for a model of two small layers."""
    from tests.training.trainworld import make_model

    model = make_model(home / "models" / "tiny", max_position_embeddings=2048)
    (home / "configs").mkdir(parents=True)
    (home / "configs" / "tiny.yaml").write_text(CONFIG.format(model=model), encoding="utf-8")


def test_from_the_sample_to_a_run_to_an_answer(browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with_tiny_config(home)
    with served(home) as address:
        page = opened(browser, address)
        walk(Visitor(page))
        exported = json.loads((home / "exports" / "demo" / "export.json").read_text())
        assert sum(exported["counts"]["eval"].values()) > 0

        page.get_by_role("link", name="Train on it").click()
        page.wait_for_selector(".tw-finding:has-text('No runs yet.')")
        settle(page)
        assert (
            page.get_by_role("combobox", name="Config").input_value() == "tiny (yours)"
        )  # one's own stand first
        page.get_by_role("spinbutton", name="Most steps, 0 for all").fill("3")
        page.get_by_role("spinbutton", name="Most steps, 0 for all").press("Enter")
        page.get_by_role("button", name="Train 3 steps on demo").click()
        # nothing is clicked and nothing reloaded: the page follows the run by itself
        page.wait_for_selector(".tw-finding:has-text('demo is done after 3 of 3 steps; its evaluation loss')")
        page.wait_for_selector(".st-key-box_loss canvas, .st-key-box_loss svg")
        page.wait_for_selector(".tw-h2:has-text('Evaluation by category, demo')")
        run = json.loads((home / "runs" / "demo" / "run.json").read_text())
        assert (run["state"], run["metrics"]["steps"]) == ("done", 3)
        assert run["dataset"]["dataset_id"] == exported["dataset_id"]

        page.get_by_role("link", name="Chat", exact=True).click()
        page.wait_for_selector(".tw-finding:has-text('No chatbot is open')")
        settle(page)
        page.get_by_role("button", name="Start the chatbot of demo").click()
        page.wait_for_selector("a:has-text('Open it')")
        settle(page)
        page.get_by_text("Show it here").click()
        chat = page.frame_locator("iframe")
        chat.locator("#box textarea").fill("What is 2 + 2?")
        chat.locator("#box textarea").press("Enter")
        chat.locator("#status [data-end]:not([data-end=''])").wait_for(state="attached")
        assert re.search(r"\d+ tokens? ", chat.locator("#status").inner_text())
        assert chat.locator("#talk .bot-row .message").count() == 1
        page.get_by_role("button", name="Stop it").click()
        page.wait_for_selector("a:has-text('Open it')", state="detached")
        page.context.close()
