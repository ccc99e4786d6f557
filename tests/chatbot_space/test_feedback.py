"""Remarks are stored with consent, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatbot_space.errors import ChatError
from chatbot_space.feedback import CONSENT, Feedback
from chatbot_space.run import read_run

TALK = [
    {"role": "user", "content": "Hi?\u2028"},
    {"role": "assistant", "content": "No.", "note": {"seed": 1}},
]
KEYS = {
    "schema_version", "id", "time", "run_id", "model", "base_model", "dataset", "dataset_id", "kind", "complaint", "correction",
    "remark", "messages", "consent",
}  # fmt: skip


@pytest.fixture
def store(tiny_run: Path, tmp_path: Path) -> Feedback:
    return Feedback(tmp_path / "feedback", read_run(tiny_run))


def test_a_remark_is_one_line_with_its_provenance(store: Feedback) -> None:
    store.add(
        kind="down",
        messages=TALK,
        consent=True,
        model="tuned",
        complaint="wrong",
        correction=" Hello. ",
        seed=7,
    )
    raw = json.loads(store.path.read_text(encoding="utf-8"))
    assert set(raw) == KEYS | {"seed"}
    assert raw["messages"] == [{"role": m["role"], "content": m["content"]} for m in TALK]
    assert (raw["correction"], raw["consent"], raw["dataset_id"]) == ("Hello.", CONSENT, "0" * 32)
    assert raw["base_model"] == "tiny-llama"  # the name, not a path of this machine


@pytest.mark.parametrize("consent", [False, None, 1, "yes"])
def test_without_consent_nothing_is_stored(store: Feedback, consent: object) -> None:
    with pytest.raises(ChatError, match="without your consent"):
        store.add(kind="up", messages=TALK, consent=consent, model="tuned")  # type: ignore[arg-type]
    assert not store.folder.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "maybe"}, {"complaint": "ugly"}, {"correction": "x" * 20_001}, {"remark": "x" * 20_001}],
)
def test_what_is_not_expected_is_refused(store: Feedback, wrong: dict[str, str]) -> None:
    with pytest.raises(ChatError):
        store.add(**{"kind": "down", "messages": TALK, "consent": True, "model": "tuned", **wrong})  # type: ignore[arg-type]
    assert not store.folder.exists()
