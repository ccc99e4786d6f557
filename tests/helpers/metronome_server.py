"""The chatbot with an engine that ticks: ``python metronome_server.py RUN CONTROL STATE``, a process of its own.

The engine gives a word every few milliseconds. It reads CONTROL (JSON) at each answer: ``fails`` is null,
"chat" (an error with words) or "value" (one without); ``per_minute`` and ``burst`` set the rate limit. It
writes STATE (JSON): ``steps`` so far, ``now`` answers being generated, ``most`` at once.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from transformers import AutoTokenizer

from chatbot_space.app import launch
from chatbot_space.desk import Desk
from chatbot_space.engine import Piece, Prompter
from chatbot_space.errors import ChatError
from chatbot_space.limits import RateLimit
from chatbot_space.load import Chat
from chatbot_space.run import read_run
from chatbot_space.settings import Settings
from chatbot_space.turns import Turns


class Metronome:
    """One word a tick, one tick at a time."""

    name, context, models, at_once = "metronome", 8000, ("tuned", "base"), 4

    def __init__(self, control: Path, state: Path) -> None:
        self.control, self.state = control, state
        self.steps = self.now = self.most = 0
        self.turns, self.guard = Turns(), threading.Lock()

    def stream(self, ids: Sequence[int], settings: Settings, model: str = "tuned") -> Iterator[Piece]:
        fails = json.loads(self.control.read_text()).get("fails")
        if fails:
            raise (
                ChatError("the machine ran out of memory for this answer")
                if fails == "chat"
                else ValueError("a/secret/path")
            )
        self._count(now=1)
        try:
            for n in range(1, settings.max_tokens + 1):
                with self.turns:
                    time.sleep(0.004)
                self._count(steps=1)
                yield Piece(f"word{n} ", n, len(ids), 0, "length" if n == settings.max_tokens else None)
        finally:
            self._count(now=-1)

    def _count(self, steps: int = 0, now: int = 0) -> None:
        with self.guard:
            self.steps, self.now = self.steps + steps, self.now + now
            self.most = max(self.most, self.now)
            partial = self.state.with_suffix(".partial")
            partial.write_text(json.dumps({"steps": self.steps, "now": self.now, "most": self.most}))
            partial.replace(self.state)


class Limit(RateLimit):
    """The rate limit as CONTROL says now."""

    def __init__(self, control: Path) -> None:
        super().__init__()
        self.control = control

    def wait(self, person: str) -> float:
        said = json.loads(self.control.read_text())
        self.rate, self.burst = said["per_minute"] / 60, said["burst"]
        return super().wait(person)


if __name__ == "__main__":
    folder, control, state = (Path(word) for word in sys.argv[1:4])
    run = read_run(folder)
    prompter = Prompter(run, AutoTokenizer.from_pretrained(run.base_model))
    launch(Desk(Chat(run, prompter, Metronome(control, state)), limit=Limit(control)), port=0)
