"""From a run folder to a desk: everything loaded and found that the app needs."""

from __future__ import annotations

from pathlib import Path

from chatbot_space.desk import Desk
from chatbot_space.feedback import Feedback
from chatbot_space.from_export import prepare
from chatbot_space.load import load
from chatbot_space.run import read_run

BASE = "base"
"""What stands for the run's own base model where a second run may be named."""


def open_desk(
    folder: Path, *, engine: str = "auto", dtype: str = "auto", against: Path | str | None = None, home: Path | None = None,
) -> Desk:  # fmt: skip
    """Load a run and what belongs to it; ``against`` is a second run's folder, or ``BASE`` for the run's own base model.

    The transformers engine answers as the base too, by switching the adapter off; for llama.cpp it is a file of its own.
    Raises the errors of ``read_run`` and ``load``. Without the run's export, the why panel says so.
    """
    run = read_run(folder)
    chat = load(run, engine=engine, dtype=dtype, home=home)
    rival = None
    if against == BASE:
        if "base" not in chat.engine.models:
            rival = load(run, engine="gguf", base_only=True, home=home)
    elif against:
        rival = load(read_run(Path(against)), engine=engine, dtype=dtype, home=home)
    index, examples = prepare(run, home)
    return Desk(chat, rival, index, examples, Feedback(folder / "feedback", run))
