"""``tome chat`` as people and scripts call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tome

KEYS = {
    "run", "dataset", "model", "engine", "question", "reply", "end", "tokens", "prompt_tokens", "tokens_per_second",
    "first_token_seconds", "seconds", "seed", "temperature",
}  # fmt: skip


def tome_chat(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = tome.run(["chat", *words])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(autouse=True)
def home(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOME_HOME", str(tiny_run.parent.parent))


def test_once_json_has_the_documented_keys_and_is_repeatable(capsys: pytest.CaptureFixture[str]) -> None:
    first, again = (json.loads(tome_chat(capsys, "tiny", "--once", "Hi?", "--json", "--max-tokens", "8")[1].splitlines()[-1]) for _ in range(2))  # fmt: skip
    assert set(first) == KEYS
    assert (first["run"], first["dataset"], first["model"], first["question"]) == (
        "tiny",
        "tiny",
        "tuned",
        "Hi?",
    )
    assert first["reply"] == again["reply"]
    assert first["tokens"] <= 8


def test_base_answers_differently(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("tiny", "--once", "What is the capital of France?", "--json", "--max-tokens", "12")
    tuned, base = (json.loads(tome_chat(capsys, *asked, *more)[1]) for more in ((), ("--base",)))
    assert (tuned["model"], base["model"]) == ("tuned", "base")
    assert tuned["reply"] != base["reply"]


def test_once_prints_the_reply_alone(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = tome_chat(capsys, "tiny", "--once", "Hi?", "--max-tokens", "8")
    reply = json.loads(tome_chat(capsys, "tiny", "--once", "Hi?", "--max-tokens", "8", "--json")[1])["reply"]
    assert (code, out) == (0, reply + "\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tinny", "--once", "Hi"), "there is no run 'tinny'"),
        (("tiny", "--once", "  "), "the question is empty"),
        (("tiny", "--once", "Hi", "--temperature", "9"), "temperature is 9.0"),
        (("tiny", "--once", "Hi", "--engine", "vllm"), "there is no engine 'vllm'"),
        (("tiny", "--once", "word " * 500), "Your message is too long"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    code, out, err = tome_chat(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("tome: ")
    assert len(err.splitlines()) == 1


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = tome_chat(capsys, "--help")
    assert code == 0
    assert "tome chat demo --once" in " ".join(out.split())
