"""The GGUF engine: llama.cpp inside this process (xllamacpp), fed with our token ids. Made for CPUs."""

from __future__ import annotations

import contextlib
import os
import queue
import struct
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chatbot_space.engine import End, Piece
from chatbot_space.errors import ChatError, MissingError, TooLongError
from chatbot_space.settings import Settings

AT_ONCE = 4
"""Answers that llama.cpp generates together, in one batch; each keeps its own prefix cache."""

RAM_CACHE = 128
"""Megabytes that llama.cpp may keep of prompts whose slot somebody else took; its own limit is 8 GB."""

SPIN = "1000"
"""How long a thread of llama.cpp spins for the others before it sleeps. libgomp's own 300,000 rounds are a tenth faster
on an idle machine, and several times slower as soon as a browser or a second answer wants a core too."""


class GGUFEngine:
    """Generates with a GGUF file; see ``chatbot_space.engine.Engine`` for the protocol.

    ``stop_texts`` end an answer beside the file's own end token. Raises ChatError for a file that
    llama.cpp can't read, MissingError without xllamacpp.
    """

    models: tuple[str, ...] = ("tuned",)
    at_once = AT_ONCE

    def __init__(self, path: Path, stop_texts: Sequence[str], *, context: int, base: bool = False) -> None:
        # libgomp reads this when it is loaded
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN)
        try:
            import xllamacpp as llama
        except ImportError:
            raise MissingError(
                "xllamacpp isn't installed", mend="Install it with: pip install xllamacpp."
            ) from None
        context = min(context, trained_context(path) or context)
        params = llama.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context * AT_ONCE
        params.n_parallel = AT_ONCE
        params.kv_unified = False
        params.verbosity = -1
        params.warmup = True
        params.cache_prompt = True
        params.cache_ram_mib = RAM_CACHE
        threads = int(os.environ.get("TOME_THREADS") or os.cpu_count() or 2)
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.api_keys = [os.urandom(16).hex()]  # its own web server on loopback stays closed
        params.ui = False
        with _silence():
            try:
                self._server = llama.Server(params)
            except Exception as error:
                raise ChatError(
                    f"llama.cpp can't load it: {error}", where=str(path), mend="Make the file again."
                ) from error
        self.context, self._stops = context, list(stop_texts)
        self.name = f"llama.cpp, {path.stem.removeprefix('base-').partition('-')[0]}, CPU"
        if base:
            self.models = ("base",)

    def stream(self, ids: Sequence[int], settings: Settings, model: str = "tuned") -> Iterator[Piece]:
        """Generate; raises TooLongError for a prompt without room, ChatError when llama.cpp fails."""
        del model  # there is one
        prompt = list(ids)
        if len(prompt) >= self.context:
            raise TooLongError(f"{len(prompt)} tokens, and the model holds {self.context}")
        room = self.context - len(prompt)
        longest = min(settings.max_tokens, room)
        pieces: queue.Queue[dict[str, Any] | None] = queue.Queue()
        closed = threading.Event()

        def take(chunk: dict[str, Any]) -> bool:
            pieces.put(chunk)
            return closed.is_set()  # True stops llama.cpp

        def work() -> None:
            try:
                self._server.handle_completions(_request(prompt, settings, longest, self._stops), take)
            except Exception as error:
                pieces.put({"error": {"message": str(error)}})
            finally:
                pieces.put(None)

        threading.Thread(target=work, daemon=True, name="llama.cpp answer").start()
        try:
            yield from _read(pieces, len(prompt), longest == room < settings.max_tokens)
        finally:
            closed.set()


def trained_context(path: Path) -> int | None:
    """The context length that a GGUF file notes for its model; None where it notes none.

    Read straight from the header, where a key is followed by its type (4 is uint32) and its value.
    """
    with path.open("rb") as handle:
        head = handle.read(65536)
    place = head.find(b".context_length")
    if place < 0:
        return None
    kind, value = struct.unpack_from("<II", head, place + len(b".context_length"))
    return int(value) if kind == 4 and value else None


def _request(prompt: list[int], settings: Settings, longest: int, stops: list[str]) -> dict[str, Any]:
    greedy = settings.temperature < 0.01
    return {
        "prompt": prompt,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": longest,
        "temperature": 0.0 if greedy else settings.temperature,
        "top_p": settings.top_p,
        "top_k": settings.top_k,
        "min_p": settings.min_p,
        "repeat_penalty": settings.repetition_penalty,
        "repeat_last_n": len(prompt) + longest,
        "samplers": ["penalties", "temperature"]
        if greedy
        else ["penalties", "temperature", "top_k", "top_p", "min_p"],
        "seed": settings.seed,
        "stop": stops,
        "cache_prompt": True,
    }


def _read(pieces: queue.Queue[dict[str, Any] | None], prompt: int, tight: bool) -> Iterator[Piece]:
    """Chunks of llama.cpp as pieces; the figures of the last one are llama.cpp's own count."""
    tokens = reused = 0
    end: End | None = None
    while (chunk := pieces.get()) is not None:
        if "error" in chunk:
            what = str((chunk["error"] or {}).get("message") or "unknown")
            raise ChatError(f"llama.cpp failed: {what}", mend="Start a new conversation and try again.")
        usage = chunk.get("usage")
        if usage:
            tokens = int(usage["completion_tokens"])
            reused = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
        for choice in chunk.get("choices") or []:
            reason = choice.get("finish_reason")
            if reason:
                end = "stop" if reason == "stop" else "context" if tight else "length"
                tokens -= 1 if usage and end == "stop" and tokens else 0  # the stop token isn't text
            if choice.get("text"):
                tokens += 0 if usage else 1
                yield Piece(str(choice["text"]), tokens, prompt, reused)
    yield Piece("", tokens, prompt, reused, end or "length")


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """llama.cpp writes its loading to the process's stderr, past Python; it is kept off the screen."""
    import sys

    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
