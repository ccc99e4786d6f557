"""toxicity: counts by kind and role, what the list spares, and lists of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputError
from curation.rows import make_rows
from curation.step import Context
from curation.steps.toxicity import OWN_LIST, Toxicity


def counted(*turns: tuple[str, str], **fields: Any) -> dict[str, Any]:
    rows = make_rows([[{"role": role, "content": text} for role, text in turns]], source="s")
    found = Toxicity(**fields).apply(rows, Context()).row(0, named=True)
    return {name.removeprefix("toxicity."): found[name] for name in found if name.startswith("toxicity.")}


def test_counts_by_kind_and_role() -> None:
    assert counted(
        ("user", "You bastard! Shut up, I will kill you."),
        ("assistant", "That is bullshit, Bastard."),
        ("system", "No bullshit."),
    ) == {
        "profanity": 4, "slurs": 0, "sexual": 0, "threats": 1, "user": 2, "assistant": 2,
        "terms": "bastard,bullshit,i will kill you",
    }  # fmt: skip


def test_spanish() -> None:
    assert counted(("user", "¡Vaya mierda, cabrón!"))["terms"] == "cabrón,mierda"


@pytest.mark.parametrize(
    "text",
    [
        "The cock crowed in Scunthorpe, near Essex and Sussex; the assassin passed the class.",
        "The gay couple met a Niger delegation.",
        "Death to cells follows when the exterminated bacteria kill the host.",
        "Retard the spark by two degrees.",
        "Las putativas causas, el computador y la disputa.",
        "It kills bacteria; how to make a bath bomb.",
        "",
    ],
)
def test_what_only_looks_alike(text: str) -> None:
    found = counted(("user", text))
    assert (found["terms"], found["user"]) == (None, 0)


def test_kinds_limit_what_is_counted() -> None:
    found = counted(("user", "bullshit, I will kill you"), kinds=("threats",))
    assert (found["threats"], found["user"], "profanity" in found) == (1, 1, False)


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("profanity:\n  en: ['gadzooks', 'zounds?']\n", encoding="utf-8")
    step = Toxicity(words=str(path))
    assert step.inputs() == [path]
    assert (
        counted(("user", "Gadzooks! Zounds, zound. bullshit"), words=str(path))["terms"]
        == "gadzooks,zound,zounds"
    )
    assert Toxicity().inputs() == [OWN_LIST]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a, b]", "mapping of kinds"),
        ("profanity: [a, b]", "mapping of languages"),
        ("profanity: {en: ['(']}", "bad expression"),
        ("a: b: c", "can't be read"),
    ],
)
def test_a_bad_list_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        counted(("user", "x"), words=str(path))
    with pytest.raises(InputError, match="can't be read"):
        counted(("user", "x"), words=str(tmp_path / "none.yaml"))
