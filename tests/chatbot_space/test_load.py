"""From a run folder to an engine: where the base model is looked for, and what is said when it isn't there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatbot_space.errors import ChatError, FidelityError, RunError
from chatbot_space.load import find_base, load
from chatbot_space.run import read_run


def test_the_base_is_found_where_it_was_in_the_run_and_in_the_home(own_run: Path, tiny_base: tuple[Path, Any], tmp_path: Path) -> None:  # fmt: skip
    assert find_base(read_run(own_run)) == str(tiny_base[0])
    moved = tmp_path / "home" / "models" / "tiny-llama"
    shutil.copytree(tiny_base[0], moved)
    raw = json.loads((own_run / "run.json").read_text()) | {"base_model": "/gone/models/tiny-llama"}
    (own_run / "run.json").write_text(json.dumps(raw))
    assert find_base(read_run(own_run), tmp_path / "home") == str(moved)
    shutil.copytree(tiny_base[0], own_run / "base")
    assert find_base(read_run(own_run), tmp_path / "home") == str(own_run / "base")


def test_a_base_that_is_gone_says_where_to_put_it(
    own_run: Path, edit_run: Callable[..., None], tmp_path: Path
) -> None:
    edit_run(own_run, base_model="/gone/models/tiny-llama")
    with pytest.raises(RunError, match=r"isn't there\. Put it back, or copy it to .*models/tiny-llama"):
        load(read_run(own_run), home=tmp_path)


def test_a_base_that_cannot_be_fetched_is_said(
    own_run: Path, edit_run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    edit_run(own_run, base_model="nobody/no-such-model")
    with pytest.raises(RunError, match=r"can't be fetched or read \(nobody/no-such-model\).*HF_TOKEN"):
        load(read_run(own_run))


def test_another_tokenizer_stops_the_start(own_run: Path, tiny_base: tuple[Path, Any]) -> None:
    changed = Path(shutil.copytree(tiny_base[0], own_run / "base"))
    raw = json.loads((changed / "tokenizer.json").read_text())
    raw["model"]["merges"] = raw["model"]["merges"][:5]
    (changed / "tokenizer.json").write_text(json.dumps(raw))
    with pytest.raises(FidelityError, match="probe 1, token"):
        load(read_run(own_run))


def test_whole_weights_answer_as_the_tuned_model(
    own_run: Path, tiny_base: tuple[Path, Any], edit_run: Callable[..., None]
) -> None:
    shutil.rmtree(own_run / "adapter")
    shutil.copytree(tiny_base[0], own_run / "adapter")
    edit_run(own_run, adapter_files={})
    run = read_run(own_run)
    assert run.whole_weights
    assert load(run).engine.models == ("tuned",)


def test_the_base_alone_needs_no_adapter(own_run: Path) -> None:
    shutil.rmtree(own_run / "adapter")
    chat = load(read_run(own_run, adapter_needed=False), base_only=True)
    assert chat.engine.models == ("base",)


def test_bfloat16_is_a_choice(tiny_run: Path) -> None:
    assert "bfloat16" in load(read_run(tiny_run), dtype="bfloat16").engine.name


def test_an_unknown_engine_is_named(tiny_run: Path) -> None:
    with pytest.raises(ChatError, match=r"there is no engine 'vllm'\. Known: auto, transformers, gguf"):
        load(read_run(tiny_run), engine="vllm")
