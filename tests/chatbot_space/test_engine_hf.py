"""The transformers engine: the same tokens as ``generate``, with streaming, stopping, sharing and reuse."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from chatbot_space.engine_hf import HFEngine
from chatbot_space.errors import TooLongError
from chatbot_space.settings import Settings

GREEDY = Settings(temperature=0, repetition_penalty=1.0, max_tokens=24)
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]


def run(engine: Any, ids: list[int], settings: Settings, model: str = "tuned") -> tuple[str, Any]:
    pieces = list(engine.stream(ids, settings, model))
    assert [p.end for p in pieces[:-1]] == [None] * (len(pieces) - 1)
    return "".join(p.text for p in pieces), pieces[-1]


def reference(chat: Any, ids: list[int], model: str, **options: Any) -> list[int]:
    """What transformers' own ``generate`` gives."""
    import contextlib

    import torch
    from transformers import GenerationConfig

    engine = chat.engine
    config = GenerationConfig(eos_token_id=2, pad_token_id=0, **options)
    with (
        torch.inference_mode(),
        engine.model.disable_adapter() if model == "base" else contextlib.nullcontext(),
    ):
        out = engine.model.generate(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), generation_config=config)  # fmt: skip
    found: list[int] = out[0, len(ids) :].tolist()
    return found


@pytest.mark.parametrize("model", ["tuned", "base"])
def test_greedy_is_generates_greedy(tiny_chat: Any, model: str) -> None:
    ids = tiny_chat.prompter.ids(QUESTION)
    expected = reference(tiny_chat, ids, model, do_sample=False, max_new_tokens=24)
    text, last = run(tiny_chat.engine, ids, GREEDY, model)
    kept = expected[:-1] if expected[-1] == 2 else expected
    assert text == tiny_chat.prompter.tokenizer.decode(kept, skip_special_tokens=True)
    assert last.tokens == len(kept)
    assert last.end == ("stop" if expected[-1] == 2 else "length")


def test_tuned_and_base_answer_differently(tiny_chat: Any) -> None:
    ids = tiny_chat.prompter.ids(QUESTION)
    assert run(tiny_chat.engine, ids, GREEDY, "tuned")[0] != run(tiny_chat.engine, ids, GREEDY, "base")[0]


def test_repetition_penalty_is_generates(tiny_chat: Any) -> None:
    ids = tiny_chat.prompter.ids(QUESTION)
    expected = reference(tiny_chat, ids, "tuned", do_sample=False, max_new_tokens=16, repetition_penalty=1.3)
    text, _ = run(tiny_chat.engine, ids, Settings(temperature=0, repetition_penalty=1.3, max_tokens=16))
    assert text == tiny_chat.prompter.tokenizer.decode(
        [i for i in expected if i != 2], skip_special_tokens=True
    )


@pytest.mark.parametrize(
    "settings", [Settings(top_k=1), Settings(top_p=0.01, top_k=0), Settings(min_p=1.0, top_k=0)]
)
def test_each_narrow_sampler_is_greedy(tiny_chat: Any, settings: Settings) -> None:
    ids = tiny_chat.prompter.ids(QUESTION)
    narrow = Settings(**{**vars(settings), "repetition_penalty": 1.0, "max_tokens": 12, "temperature": 1.5})
    assert (
        run(tiny_chat.engine, ids, narrow)[0]
        == run(tiny_chat.engine, ids, Settings(temperature=0, repetition_penalty=1.0, max_tokens=12))[0]
    )


def test_a_seed_repeats_and_another_differs(tiny_chat: Any) -> None:
    ids = tiny_chat.prompter.ids(QUESTION)
    one, again, other = (
        run(tiny_chat.engine, ids, Settings(temperature=1.5, seed=seed))[0] for seed in (1, 1, 2)
    )
    assert one == again != other


def test_every_stop_token_is_honoured(tiny_chat: Any) -> None:
    ids = tiny_chat.prompter.ids(QUESTION)
    made = reference(tiny_chat, ids, "tuned", do_sample=False, max_new_tokens=10)
    stopper = next(token for token in made[2:] if token not in made[:2])
    engine = HFEngine(tiny_chat.engine.model, tiny_chat.prompter.tokenizer, [2, stopper], context=256)
    text, last = run(engine, ids, GREEDY)
    assert last.end == "stop"
    assert last.tokens == made.index(stopper)
    assert text == tiny_chat.prompter.tokenizer.decode(made[: made.index(stopper)], skip_special_tokens=True)


def test_a_second_turn_reuses_the_first_and_says_the_same(tiny_chat: Any) -> None:
    def engine() -> HFEngine:
        return HFEngine(tiny_chat.engine.model, tiny_chat.prompter.tokenizer, [2], context=256)

    warm = engine()
    first = tiny_chat.prompter.ids(QUESTION)
    answer, _ = run(warm, first, GREEDY)
    talk = [*QUESTION, {"role": "assistant", "content": answer}, {"role": "user", "content": "Again?"}]
    second = tiny_chat.prompter.ids(talk)
    reused, last = run(warm, second, GREEDY)
    assert last.reused >= len(first) - 1
    assert reused == run(engine(), second, GREEDY)[0]
    retried, last = run(warm, second, GREEDY)
    assert (retried, last.reused) == (reused, len(second) - 1)


def test_people_at_once_get_what_each_gets_alone(tiny_chat: Any) -> None:
    engine = HFEngine(tiny_chat.engine.model, tiny_chat.prompter.tokenizer, [2], context=256)
    jobs = [
        (tiny_chat.prompter.ids([{"role": "user", "content": f"Question {n}?"}]), ("tuned", "base")[n % 2])
        for n in range(4)
    ]
    alone = [run(engine, ids, GREEDY, model)[0] for ids, model in jobs]
    found: dict[int, str] = {}

    def work(n: int) -> None:
        found[n] = run(engine, jobs[n][0], GREEDY, jobs[n][1])[0]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n] for n in range(4)] == alone


def test_closing_stops_and_keeps_the_prefix(tiny_chat: Any) -> None:
    engine = HFEngine(tiny_chat.engine.model, tiny_chat.prompter.tokenizer, [2], context=256)
    ids = tiny_chat.prompter.ids(QUESTION)
    pieces = engine.stream(ids, Settings(temperature=1.5, max_tokens=200, seed=4))
    next(pieces)
    assert engine.pool.held() == 0  # in use, out of the pool
    pieces.close()
    assert len(ids) <= engine.pool.held() < len(ids) + 12


def test_the_pool_stays_within_its_limits(tiny_chat: Any) -> None:
    engine = HFEngine(tiny_chat.engine.model, tiny_chat.prompter.tokenizer, [2], context=256, slots=3)
    for n in range(12):
        run(
            engine,
            tiny_chat.prompter.ids([{"role": "user", "content": f"{n} {'word ' * n}"}]),
            Settings(max_tokens=4),
        )
    assert len(engine.pool._idle) <= 3
    assert engine.pool.held() <= 2 * engine.context


def test_context_full_ends_the_answer(tiny_chat: Any) -> None:
    ids = tiny_chat.prompter.ids(QUESTION)
    engine = HFEngine(tiny_chat.engine.model, tiny_chat.prompter.tokenizer, [], context=len(ids) + 5)
    assert run(engine, ids, GREEDY)[1].end == "context"
    with pytest.raises(TooLongError, match="the model holds"):
        next(engine.stream(ids * 2, GREEDY))


def test_out_of_memory_is_said_in_words(tiny_chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from chatbot_space.errors import ChatError

    engine = HFEngine(tiny_chat.engine.model, tiny_chat.prompter.tokenizer, [2], context=256)

    def full(*_: Any) -> None:
        raise RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"
        )

    monkeypatch.setattr(engine, "_step", full)
    with pytest.raises(ChatError, match="ran out of memory for this answer"):
        next(engine.stream([1, 2, 3], GREEDY))
    assert engine.pool.held() == 0  # a half-written cache isn't kept


@pytest.mark.parametrize("file", ["base", "adapter"])
def test_torn_weights_are_named(
    own_run: Path, tiny_base: tuple[Path, Any], tmp_path: Path, file: str
) -> None:
    import json
    import shutil

    from chatbot_space.errors import RunError
    from chatbot_space.load import load
    from chatbot_space.run import read_run

    base = shutil.copytree(tiny_base[0], tmp_path / "base")
    torn = base / "model.safetensors" if file == "base" else own_run / "adapter" / "adapter_model.safetensors"
    torn.write_bytes(torn.read_bytes()[:200])
    raw = json.loads((own_run / "run.json").read_text()) | {"base_model": str(base), "adapter_files": {}}
    (own_run / "run.json").write_text(json.dumps(raw))
    with pytest.raises(RunError, match="can't be fetched or read" if file == "base" else "can't be put on"):
        load(read_run(own_run))
