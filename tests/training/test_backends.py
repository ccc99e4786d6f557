"""What Unsloth is told when a model is loaded."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from trainworld import config

from training import backends
from training.models import Base


@pytest.mark.parametrize(("precision", "word"), [("16bit", "0"), ("full", "1")])
def test_what_an_earlier_model_of_the_process_left_does_not_decide_what_is_trained(
    monkeypatch: pytest.MonkeyPatch, precision: str, word: str
) -> None:
    seen: list[str] = []

    class Fast:
        @staticmethod
        def from_pretrained(**given: Any) -> tuple[Any, None]:
            assert given["full_finetuning"] is (precision == "full")
            seen.append(os.environ["UNSLOTH_ENABLE_FULL_FINETUNING"])
            raise OSError("far enough")

    monkeypatch.setitem(sys.modules, "unsloth", types.SimpleNamespace(FastLanguageModel=Fast))
    monkeypatch.setenv("UNSLOTH_ENABLE_FULL_FINETUNING", "1" if word == "0" else "0")
    chosen = config(Path("m"), backend="unsloth", precision=precision, lora_dropout=0)
    with pytest.raises(OSError, match="far enough"):
        backends._unsloth(Base("m", Path("m"), None, None), chosen, "float32")
    assert seen == [word]
