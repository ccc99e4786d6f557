"""Publishing a run: merged weights and GGUF files are checked, and the Hub gets what a reader needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trainworld
from hub_standin import HubStandIn
from trainworld import config

from curation.contract import Home, RunInfo
from training.compare import Likeness, insist, likeness
from training.errors import ConfigError, DataError, HubError, ModelError
from training.gguf import make_gguf
from training.merge import merge, pinned_template
from training.push import push
from training.quantize import kernels
from training.template import render


@pytest.fixture(scope="module")
def tuned(model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """A finished run whose adapter says something quite other than the base."""
    from training.train import train

    home = Home(tmp_path_factory.mktemp("home"))
    trainworld.make_export(home.exports / "small", trainworld.some_rows(24), trainworld.some_rows(6, "e"))
    train("small", config(model, epochs=6, learning_rate=0.05), home, name="r")
    return home, home.runs / "r"


def test_merged_weights_say_what_base_and_adapter_say(tuned: tuple[Home, Path]) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    home, folder = tuned
    target, found = merge(folder, home)
    assert found.agreement >= 0.9
    assert found.mean_difference < 0.02
    merged = AutoModelForCausalLM.from_pretrained(target)
    assert merged.dtype == torch.bfloat16
    assert not any("lora" in name for name, _ in merged.named_parameters())
    assert merged.generation_config.eos_token_id == RunInfo.read(folder).stop_token_ids
    assert AutoTokenizer.from_pretrained(target).eos_token == "<|im_end|>"
    stamp = (target / "model.safetensors").stat().st_mtime_ns
    assert merge(folder, home) == (target, found)
    assert (target / "model.safetensors").stat().st_mtime_ns == stamp


def test_a_merge_that_ignores_the_adapter_is_refused_and_removed(
    tuned: tuple[Home, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import shutil

    from peft import PeftModel

    _, folder = tuned
    copy = Home(tmp_path)
    shutil.copytree(folder, copy.runs / "r", ignore=shutil.ignore_patterns("merged"))
    monkeypatch.setattr(PeftModel, "merge_and_unload", lambda self, **_: self.unload(), raising=False)
    with pytest.raises(ModelError, match="the merged model isn't the tuned one"):
        merge(copy.runs / "r", copy)
    assert not (copy.runs / "r" / "merged").exists()


def test_the_pinned_template_gives_the_same_text_with_no_date_given() -> None:
    template = "{{ strftime_now('%d %b %Y') }} {{ date_string }} {{ messages[0].content }}"
    info = RunInfo(**{**_blank(), "template": template, "template_date": "26 Jul 2024"})
    pieces = render(pinned_template(info), trainworld.talk("Hi"), date="01 Jan 2030")
    assert "".join(piece.text for piece in pieces) == "26 Jul 2024 26 Jul 2024 Hi"


def _blank() -> dict:
    texts = ("run_id", "state", "base_model", "template", "template_hash", "template_date", "key", "command")
    maps = ("dataset", "key_parts", "config", "packages")
    lists = ("stop_tokens", "stop_token_ids", "probes")
    nulls = ("base_revision", "bos_token", "system_prompt")
    return {
        **dict.fromkeys(texts, ""),
        **{name: {} for name in maps},
        **{name: [] for name in lists},
        **dict.fromkeys(nulls),
        "max_length": 1,
    }


def test_likeness_is_exact_on_known_logits() -> None:
    import torch

    left = [torch.tensor([[1.0, 0.0], [0.0, 1.0]])]
    assert likeness(left, [left[0] + 5]) == Likeness(2, 1.0, 0.0, 0.0)
    assert likeness(left, [torch.tensor([[0.0, 1.0], [0.0, 1.0]])]) == Likeness(2, 0.5, 0.5, 1.0)
    with pytest.raises(ModelError, match=r"50\.0% of next tokens agree"):
        insist(Likeness(2, 0.5, 0.5, 1.0), Likeness(2, 0.1, 0.9, 1.0), "merged")
    insist(Likeness(2, 1.0, 0.0, 0.0), Likeness(2, 0.1, 0.9, 1.0), "merged")


def test_gguf_without_llama_cpp_says_how_to_get_it(
    tuned: tuple[Home, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = tuned
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    with pytest.raises(
        ConfigError, match=r"convert_hf_to_gguf\.py isn't there\. Get llama\.cpp .* set LLAMA_CPP"
    ):
        make_gguf(folder, "Q8_0", home)
    with pytest.raises(ConfigError, match="there is no GGUF kind 'Q9'"):
        make_gguf(folder, "Q9", home)
    monkeypatch.setenv("LLAMA_CPP", str(Path(__file__).parent))
    monkeypatch.setattr("training.gguf.kernels", lambda: None)
    with pytest.raises(ConfigError, match=r"Q4_K_M needs .*llama-quantize, or the package xllamacpp"):
        make_gguf(folder, "Q4_K_M", home)


@pytest.mark.slow
def test_a_gguf_file_is_made_checked_and_refused_when_it_is_another_model(
    tuned: tuple[Home, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = tuned
    monkeypatch.setenv("LLAMA_CPP", str(Path(__file__).parent))
    path, found = make_gguf(folder, "F16", home)
    assert path == folder / "gguf" / "r-F16.gguf"
    assert path.read_bytes()[:4] == b"GGUF"
    assert found.agreement == 1.0
    path.unlink()
    if kernels() is not None:
        path, found = make_gguf(folder, "Q4_K_M", home)
        assert found.agreement >= 0.9
        path.unlink()
        from training.importance import importance
        from training.merge import FOLDER, run_base

        base = run_base(RunInfo.read(folder), home, lambda _: None)
        make_gguf(folder, "F16", home)
        weights = importance(folder, folder / FOLDER, path.with_name("r-F16.gguf"), base, home)
        path.with_name("r-F16.gguf").unlink()
        parts = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
        assert set(weights) == {
            "output.weight",
            *(f"blk.{layer}.{part}.weight" for layer in (0, 1) for part in parts),
        }
        assert {name: len(row) for name, row in weights.items() if "blk.0.ffn" in name} == {
            "blk.0.ffn_gate.weight": 32,
            "blk.0.ffn_up.weight": 32,
            "blk.0.ffn_down.weight": 64,
        }
        assert all((row > 0).all() for row in weights.values())
    monkeypatch.setenv("SHIFT_GGUF", "1")
    with pytest.raises(ModelError, match=r"token \d+ is '.*' in the GGUF file and '.*' in the model"):
        make_gguf(folder, "F16", home)
    monkeypatch.delenv("SHIFT_GGUF")
    monkeypatch.setenv("TOKENIZER_GGUF", "llama")
    with pytest.raises(ModelError, match="took the byte-level tokenizer for 'llama': programs would show Ġ"):
        make_gguf(folder, "F16", home)
    monkeypatch.delenv("TOKENIZER_GGUF")
    monkeypatch.setenv("BREAK_GGUF", "1")
    with pytest.raises(ModelError, match="the quantised model isn't the tuned one"):
        make_gguf(folder, "F16", home)
    monkeypatch.setenv("FAIL_GGUF", "1")
    with pytest.raises(ModelError, match="failed: NotImplementedError: BPE pre-tokenizer"):
        make_gguf(folder, "F16", home)
    assert list((folder / "gguf").iterdir()) == []


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch):
    import huggingface_hub.constants

    with HubStandIn() as standin:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", standin.url)
        monkeypatch.setenv("HF_TOKEN", "hf_test")
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        yield standin


def test_the_adapter_goes_to_the_hub_with_card_and_record(tuned: tuple[Home, Path], hub: HubStandIn) -> None:
    _, folder = tuned
    url = push(folder, RunInfo.read(folder), "me/mine", what=folder / "adapter")
    assert url == f"{hub.url}/me/mine"
    repo = hub.repo("models", "me/mine")
    files = repo.commits[-1][1]
    assert {
        "adapter_model.safetensors",
        "adapter_config.json",
        "README.md",
        "run.json",
        "config.yaml",
    } <= set(files)
    assert (
        files["adapter_model.safetensors"] == (folder / "adapter" / "adapter_model.safetensors").read_bytes()
    )
    assert json.loads(files["run.json"])["run_id"] == "r"
    assert b"library_name: peft" in files["README.md"]
    assert repo.private


def test_a_push_that_breaks_off_can_be_repeated(tuned: tuple[Home, Path], hub: HubStandIn) -> None:
    _, folder = tuned
    hub.fail["/api/models/me/mine/commit"] = 400
    with pytest.raises(
        HubError, match=r"failed in the middle of the push \(400\).*Run the same command again"
    ):
        push(folder, RunInfo.read(folder), "me/mine", what=folder / "adapter")
    hub.fail.clear()
    push(folder, RunInfo.read(folder), "me/mine", what=folder / "adapter")
    assert "adapter_model.safetensors" in hub.repo("models", "me/mine").commits[-1][1]


def test_no_token_and_no_permission_are_told_apart(
    tuned: tuple[Home, Path], hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = tuned
    hub.fail["/api/repos/create"] = 403
    with pytest.raises(HubError, match=r"the Hub refused \(403\).*write access"):
        push(folder, RunInfo.read(folder), "other/mine", what=folder / "adapter")
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(HubError, match=r"there is no token for the Hub\. Log in"):
        push(folder, RunInfo.read(folder), "me/mine", what=folder / "adapter")


def test_only_finished_and_untouched_runs_are_published(tuned: tuple[Home, Path], tmp_path: Path) -> None:
    import dataclasses
    import shutil

    _, folder = tuned
    home = Home(tmp_path)
    shutil.copytree(folder, home.runs / "r", ignore=shutil.ignore_patterns("merged", "gguf"))
    weights = home.runs / "r" / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match=r"isn't the one that run\.json describes"):
        merge(home.runs / "r", home)
    dataclasses.replace(RunInfo.read(folder), state="stopped").write(home.runs / "r")
    with pytest.raises(DataError, match="the run isn't finished: stopped"):
        merge(home.runs / "r", home)


def test_the_command(
    tuned: tuple[Home, Path], hub: HubStandIn, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tome

    home, _ = tuned
    monkeypatch.setenv("TOME_HOME", str(home.root))
    assert tome.run(["publish", "r", "--merged", "--push", "me/merged", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["url"].endswith("/me/merged")
    assert found["merged"]["agreement"] >= 0.9
    assert "model.safetensors" in hub.repo("models", "me/merged").commits[-1][1]
    assert tome.run(["publish", "r"]) == 2
    assert "nothing to do" in capsys.readouterr().err


def test_checkpoints_and_adapter_go_to_the_hub_while_training(
    home: Home, model: Path, hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.train import train

    train("small", config(model, hub_repo="me/night"), home, name="r")
    files = set(hub.repo("models", "me/night").commits[-1][1])
    assert {"checkpoints/checkpoint-3/complete.json", "adapter_model.safetensors", "README.md"} <= files
    hub.fail["/api/models/me/night/commit"] = 400
    with pytest.raises(HubError, match="in the middle of the push"):
        train("small", config(model, hub_repo="me/night"), home, name="s")
    assert RunInfo.read(home.runs / "s").state == "done"  # the training is safe, only the push is missing
    assert all(event["error"] for event in trainworld.events(home.runs / "s", "push"))
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(HubError, match="there is no token"):
        train("small", config(model, hub_repo="me/night"), home, name="t")
    assert not (home.runs / "t").exists()


def test_a_reporter_that_isnt_installed_is_named(
    home: Home, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    from training.errors import MissingPackageError
    from training.train import train

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *r: None if name == "wandb" else find(name, *r)
    )
    with pytest.raises(
        MissingPackageError, match=r"wandb isn't installed\. Install it with: pip install wandb"
    ):
        train("small", config(model, report="wandb"), home, name="r")
