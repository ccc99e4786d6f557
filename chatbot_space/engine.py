"""What every engine does: prompt ids and settings in, pieces of text out; and the choice between engines.

An engine never tokenises a conversation itself: ``Prompter`` does, by training's own algorithm, so that
the transformers engine and the GGUF engine are given the same ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from chatbot_space.run import Run
from chatbot_space.settings import Settings
from chatbot_space.template import encode_prompt

End = Literal["stop", "length", "context"]
Message = dict[str, str]


@dataclass(frozen=True)
class Piece:
    """A piece of an answer.

    ``tokens`` counts those generated so far, ``prompt`` those of the prompt, of which ``reused`` were
    still in the prefix cache. ``end`` is None until the last piece: "stop" (a stop token), "length"
    (``max_tokens`` reached) or "context" (the model's context is full).
    """

    text: str
    tokens: int
    prompt: int
    reused: int
    end: End | None = None


class Engine(Protocol):
    """Prompt ids and settings in, pieces of text out. Closing the iterator stops the generation."""

    name: str
    """In words, for people: "transformers, float32, CPU"."""
    context: int
    """How many tokens, prompt and answer together, fit."""
    models: tuple[str, ...]
    """What can answer: "tuned" first, then "base" where comparing is possible."""
    at_once: int
    """How many answers may be generated at the same time."""

    def stream(self, ids: Sequence[int], settings: Settings, model: str = "tuned") -> Iterator[Piece]:
        """Generate an answer to prompt ``ids``."""
        ...


class Prompter:
    """Turns conversations into prompt ids as training did, with the run's template and tokenizer."""

    def __init__(self, run: Run, tokenizer: Any) -> None:
        self.run, self.tokenizer = run, tokenizer

    def ids(self, messages: Sequence[Message]) -> list[int]:
        """The ids of a conversation that ends with a question; the system prompt is the caller's."""
        return encode_prompt(
            self.tokenizer,
            self.run.template,
            messages,
            date=self.run.template_date,
            bos_token=self.run.bos_token,
            eos_token=self.tokenizer.eos_token,
        )
