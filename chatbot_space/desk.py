"""Everything that one open chatbot holds: the run, what it may be compared with, and where remarks go."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatbot_space.feedback import Feedback
from chatbot_space.limits import RateLimit
from chatbot_space.load import Chat
from chatbot_space.why import Example, Index


@dataclass
class Desk:
    """What the screens draw from. ``rival`` is what to compare with: a second run, or
    the base model where the engine can't answer as it.
    """

    chat: Chat
    rival: Chat | None = None
    why: Index | None = None
    examples: list[Example] = field(default_factory=list)
    feedback: Feedback | None = None
    limit: RateLimit = field(default_factory=RateLimit)

    def categories(self) -> list[str]:
        """The categories of the training data, for their colours."""
        counts = self.chat.run.dataset.get("counts")
        train = counts.get("train") if isinstance(counts, dict) else None
        return list(train) if isinstance(train, dict) else []

    def sides(self) -> list[tuple[str, Chat, str]]:
        """What compare sets side by side: (its name, the chat, which of its models); fewer than two: nothing."""
        tuned = [(self.chat.run.run_id, self.chat, "tuned")] if "tuned" in self.chat.engine.models else []
        if self.rival:
            model = self.rival.engine.models[0]
            name = "the base model" if model == "base" else self.rival.run.run_id
            return [*tuned, (name, self.rival, model)]
        if "base" in self.chat.engine.models:
            return [*tuned, ("the base model", self.chat, "base")]
        return tuned
