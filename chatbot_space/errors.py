"""The errors that a person can act on: what happened, where, and the mend, in one line.

ChatError             something given is wrong, missing or damaged; exit code 2
├── RunError          the run folder, its run.json, adapter or base model
├── FidelityError     the chatbot would not give the model the tokens that training gave it
├── TooLongError      a message that doesn't fit the model's context
├── MissingError      an optional package isn't installed
└── HubError          the Hugging Face Hub can't be reached, or said no
"""

from __future__ import annotations


class ChatError(Exception):
    """What happened, where it did, and what to do about it; ``str`` gives one line."""

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, mend: str | None = None) -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(what)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return " ".join((f"{head.rstrip('.')}. {self.mend}" if self.mend else head).split())


class RunError(ChatError):
    """The run folder, its ``run.json``, its adapter or its base model is wrong."""


class FidelityError(ChatError):
    """The token ids that the chatbot would produce differ from those of training."""


class TooLongError(ChatError):
    """A message, with the system prompt, leaves no room for an answer."""


class MissingError(ChatError):
    """An optional package isn't installed."""

    @classmethod
    def of(cls, package: str, extra: str = "space") -> MissingError:
        """The error for a missing package, naming the extra of ours that brings it."""
        return cls(f"{package} isn't installed", mend=f"Install it with: pip install 'tomewright[{extra}]'.")


class HubError(ChatError):
    """The Hugging Face Hub can't be reached, or refused."""
