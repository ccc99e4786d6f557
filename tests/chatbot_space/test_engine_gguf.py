"""The GGUF engine gives what the transformers engine gives: same ids in, same greedy answers out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from chatbot_space.errors import ChatError, TooLongError
from chatbot_space.load import gguf_path, load, make_gguf
from chatbot_space.run import read_run
from chatbot_space.settings import Settings

pytest.importorskip("xllamacpp", reason="xllamacpp isn't installed: the GGUF engine is not tested")

GREEDY = Settings(temperature=0, repetition_penalty=1.0, max_tokens=20)
QUESTIONS = ["What is the capital of France?", "Say it again, please.", "def add(a, b):"]


@pytest.fixture(scope="module")
def gguf_chat(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = Path(shutil.copytree(tiny_run, tmp_path_factory.mktemp("gguf") / "run"))
    make_gguf(read_run(folder), "f32").rename(folder / "model.gguf")
    return load(read_run(folder))


def say(chat: Any, question: str, settings: Settings = GREEDY) -> tuple[str, Any]:
    pieces = list(chat.engine.stream(chat.prompter.ids([{"role": "user", "content": question}]), settings))
    return "".join(p.text for p in pieces), pieces[-1]


def test_auto_takes_the_file_that_is_there(gguf_chat: Any) -> None:
    assert gguf_chat.engine.name == "llama.cpp, model, CPU"
    assert gguf_chat.engine.models == ("tuned",)
    assert gguf_chat.engine.context == 256  # the model's own, not the longer default


@pytest.mark.parametrize("question", QUESTIONS)
def test_adapter_merged_and_gguf_agree(gguf_chat: Any, tiny_chat: Any, tiny_run: Path, question: str) -> None:
    from chatbot_space.engine_hf import HFEngine
    from chatbot_space.load import find_base, load_model

    run = read_run(tiny_run)
    model = load_model(run, find_base(run), base_only=False, dtype="float32", device="cpu").merge_and_unload()
    merged = HFEngine(model, tiny_chat.prompter.tokenizer, run.stop_token_ids, context=256, tuned=True)
    ids = tiny_chat.prompter.ids([{"role": "user", "content": question}])
    adapter, last = say(tiny_chat, question)
    assert "".join(p.text for p in merged.stream(ids, GREEDY)) == adapter
    found, gguf_last = say(gguf_chat, question)
    assert found == adapter
    assert (gguf_last.end, gguf_last.tokens, gguf_last.prompt) == (last.end, last.tokens, last.prompt)


def test_the_base_is_a_file_of_its_own_to_compare_with(tiny_chat: Any, own_run: Path) -> None:
    from chatbot_space.opening import BASE, open_desk

    run = read_run(own_run)
    make_gguf(run, "f32").rename(own_run / "model.gguf")
    make_gguf(run, "f32", base_only=True).rename(gguf_path(run, base_only=True))
    desk = open_desk(own_run, engine="gguf", against=BASE)
    (_, tuned, first), (name, base, second) = desk.sides()
    assert (first, name, second) == ("tuned", "the base model", "base")
    for question in QUESTIONS:
        ids = tiny_chat.prompter.ids([{"role": "user", "content": question}])
        for chat, model in ((tuned, "tuned"), (base, "base")):
            by_torch = "".join(piece.text for piece in tiny_chat.engine.stream(ids, GREEDY, model))
            assert "".join(piece.text for piece in chat.engine.stream(ids, GREEDY, model)) == by_torch
    assert [path.name[:9] for path in (own_run / "chat").glob("*.gguf")] == ["base-q8_0"]


def test_the_transformers_engine_needs_no_second_base(own_run: Path) -> None:
    from chatbot_space.opening import BASE, open_desk

    desk = open_desk(own_run, engine="transformers", against=BASE)
    assert desk.rival is None
    assert [name for name, _, _ in desk.sides()][1] == "the base model"


def test_the_prefix_is_kept_between_turns(gguf_chat: Any) -> None:
    _, first = say(gguf_chat, QUESTIONS[0])
    _, again = say(gguf_chat, QUESTIONS[0])
    assert again.reused == first.prompt - 1


def test_a_seed_repeats(gguf_chat: Any) -> None:
    one, again, other = (say(gguf_chat, "Hi", Settings(temperature=1.5, seed=seed))[0] for seed in (1, 1, 2))
    assert one == again != other


def test_closing_stops_llama_cpp(gguf_chat: Any) -> None:
    pieces = gguf_chat.engine.stream(
        gguf_chat.prompter.ids([{"role": "user", "content": "Hi"}]), Settings(temperature=1.5, seed=3)
    )
    next(pieces)
    pieces.close()
    assert say(gguf_chat, QUESTIONS[0])[1].end is not None  # the next one is served


def test_no_room_is_refused(gguf_chat: Any) -> None:
    with pytest.raises(TooLongError):
        next(gguf_chat.engine.stream([5] * 5000, GREEDY))


def test_a_changed_adapter_is_another_file(own_run: Path) -> None:
    import json

    before = gguf_path(read_run(own_run))
    raw = json.loads((own_run / "run.json").read_text())
    raw["adapter_files"] = {}
    (own_run / "run.json").write_text(json.dumps(raw))
    assert gguf_path(read_run(own_run)) != before


def test_a_torn_file_is_named(own_run: Path) -> None:
    (own_run / "model.gguf").write_bytes(b"GGUF torn")
    with pytest.raises(ChatError, match=r"llama\.cpp can't load it"):
        load(read_run(own_run))


def test_other_architectures_and_kinds_are_refused_in_words(tiny_chat: Any, tmp_path: Path) -> None:
    from types import SimpleNamespace

    from chatbot_space.gguf_write import write_gguf

    other = SimpleNamespace(config=SimpleNamespace(model_type="gemma2"))
    with pytest.raises(ChatError, match="gemma2 can't be written as GGUF"):
        write_gguf(tiny_chat.run, other, tiny_chat.prompter.tokenizer, tmp_path / "x.gguf")
    with pytest.raises(ChatError, match="no GGUF kind 'q9'"):
        write_gguf(tiny_chat.run, other, tiny_chat.prompter.tokenizer, tmp_path / "x.gguf", "q9")
    assert list(tmp_path.iterdir()) == []
