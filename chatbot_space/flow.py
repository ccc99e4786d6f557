"""What happens between a question and its answer, without any widget: the screens only draw it."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from chatbot_space.conversation import plain
from chatbot_space.errors import ChatError
from chatbot_space.load import Chat
from chatbot_space.reply import Reply, answer
from chatbot_space.settings import Settings
from chatbot_space.talk import Talk, answered

log = logging.getLogger("chatbot_space")

EVERY = 0.06
"""Seconds between two updates of the screen; faster than anybody reads."""
SHARE, SLOWEST = 0.05, 0.4
"""The share of the time that updates may take, and the longest wait for one: a long conversation costs more to draw."""

OURS = "Something went wrong on our side. It is in the log; please try again."


@dataclass(frozen=True)
class Frame:
    """One picture of the conversation while it is being answered. ``error`` is for the person to read."""

    talk: Talk
    reply: Reply
    seed: int
    done: bool = False
    error: str | None = None


def respond(
    chat: Chat, talk: Talk, form: Mapping[str, Any], system: str, *, fresh_seed: bool, model: str = "tuned"
) -> Iterator[Frame]:
    """Answer the conversation's last question, as frames; closing the iterator stops the generation.

    ``form`` holds the settings as a browser sent them. Nothing is raised: an error is a last frame with
    its words, and details go to the log.
    """
    reply, seed = Reply(), 0
    try:
        settings = Settings.from_form({**form, "seed": random.randrange(2**31)} if fresh_seed else form)
        seed = settings.seed
        last, every = monotonic(), EVERY
        for reply in answer(chat, plain(talk["messages"]), settings, system=system, model=model):
            if monotonic() - last >= every or (reply.tokens == 1 and reply.text):
                begun = monotonic()
                yield Frame(answered(talk, reply.text, note(reply, seed, model)), reply, seed)
                last = monotonic()
                every = min(max(EVERY, (last - begun) / SHARE), SLOWEST)
        yield Frame(answered(talk, reply.text.strip(), note(reply, seed, model)), reply, seed, done=True)
    except ChatError as error:
        log.info("refused: %s", error)
        yield Frame(talk, reply, seed, done=True, error=str(error))
    except Exception:
        log.exception("an answer failed")
        yield Frame(talk, reply, seed, done=True, error=OURS)


def note(reply: Reply, seed: int, model: str) -> dict[str, Any]:
    """The figures kept with an answer."""
    return {
        "model": model,
        "seed": seed,
        "tokens": reply.tokens,
        "seconds": round(reply.seconds, 2),
        "first": round(reply.first_token_seconds or 0.0, 2),
        "rate": round(reply.tokens_per_second, 1),
        "prompt": reply.prompt_tokens,
        "reused": reply.reused_tokens,
        "left_out": reply.left_out,
        "end": reply.end,
    }
