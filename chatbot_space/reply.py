"""One answer from a question: fitted, generated, timed. What the app streams and the command line prints."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chatbot_space.conversation import fit
from chatbot_space.engine import End, Message
from chatbot_space.load import Chat
from chatbot_space.settings import Settings


@dataclass(frozen=True)
class Reply:
    """An answer as far as it has come, and its figures. Seconds are measured from the call.

    ``left_out`` counts the old turns that no longer fit; ``end`` is None while the answer is going on,
    and stays None when the person stopped it.
    """

    text: str = ""
    tokens: int = 0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    left_out: int = 0
    first_token_seconds: float | None = None
    seconds: float = 0.0
    end: End | None = None

    @property
    def tokens_per_second(self) -> float:
        """Tokens after the first one, over the time after the first one."""
        after = self.seconds - (self.first_token_seconds or 0.0)
        return (self.tokens - 1) / after if self.tokens > 1 and after > 0 else 0.0


def answer(
    chat: Chat,
    messages: Sequence[Message],
    settings: Settings,
    *,
    system: str | None = None,
    model: str = "tuned",
) -> Iterator[Reply]:
    """Answer the last question of ``messages``; each item holds the whole text so far.

    ``system`` is the system prompt, None for none. Raises TooLongError and the engine's errors.
    """
    started = time.perf_counter()
    engine = chat.engine
    fitted = fit(chat.prompter, messages, system, context=engine.context, answer=settings.max_tokens)
    reply = Reply(prompt_tokens=len(fitted.ids), left_out=fitted.left_out)
    pieces = engine.stream(fitted.ids, settings, model)
    try:
        for piece in pieces:
            now = time.perf_counter() - started
            first = reply.first_token_seconds
            reply = replace(
                reply,
                text=reply.text + piece.text,
                tokens=piece.tokens,
                reused_tokens=piece.reused,
                first_token_seconds=now if first is None and piece.tokens else first,
                seconds=now,
                end=piece.end,
            )
            yield reply
    finally:
        close = getattr(pieces, "close", None)
        if close:
            close()  # a reader that goes away stops the generation
