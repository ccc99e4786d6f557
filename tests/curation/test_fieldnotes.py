"""What the fields of steps take and mean, read off the models."""

from __future__ import annotations

import pytest

from curation.fieldnotes import notes
from curation.recipe import Source
from curation.steps import BY_OP


def of(op: str) -> dict[str, tuple[object, ...]]:
    return {
        note.name: (note.kind, note.choices, note.empty, note.needed, note.default)
        for note in notes(BY_OP[op])
    }


def test_kinds_follow_the_types() -> None:
    assert of("split") == {
        "eval": ("number", (), False, False, 0.05),
        "stratify": ("text", (), True, False, "category"),
        "at_least": ("whole", (), False, False, 1),
    }
    assert of("pii")["kinds"][:2] == ("choices", ("key", "email", "iban", "card", "ip", "phone"))
    assert of("pii")["reserved"] == ("yes", (), False, False, False)
    assert of("normalize")["form"] == ("choice", ("NFC", "NFKC"), False, False, "NFC")
    assert of("near_dup")["bands"] == ("whole", (), True, False, None)
    assert of("contamination")["against"] == ("texts", (), False, True, None)
    assert of("balance")["to"] == ("yaml", (), False, False, {"temperature": 0.5})
    assert of("filter")["where"] == ("text", (), False, True, None)


def test_what_stands_under_a_field_is_its_note() -> None:
    said = {note.name: note.says for note in notes(Source)}
    assert said["uri"] == "hf://owner/name, a path, or version:REF."
    assert said["split"] == "The split of a Hub dataset."


@pytest.mark.parametrize("op", sorted(BY_OP))
def test_every_field_of_every_step_is_told_about(op: str) -> None:
    assert [note.name for note in notes(BY_OP[op]) if not note.says] == []
