"""From a run folder to a desk: everything loaded and found that the app needs."""

from __future__ import annotations

from pathlib import Path

from chatbot_space.desk import Desk
from chatbot_space.feedback import Feedback
from chatbot_space.from_export import prepare
from chatbot_space.load import load
from chatbot_space.run import read_run


def open_desk(
    folder: Path, *, engine: str = "auto", dtype: str = "auto", against: Path | None = None, home: Path | None = None,
) -> Desk:  # fmt: skip
    """Load a run and what belongs to it.

    Raises the errors of ``read_run`` and ``load``. Without the run's export, the why panel says so.
    """
    run = read_run(folder)
    chat = load(run, engine=engine, dtype=dtype, home=home)
    rival = load(read_run(against), engine=engine, dtype=dtype, home=home) if against else None
    index, examples = prepare(run, home)
    return Desk(chat, rival, index, examples, Feedback(folder / "feedback", run))
