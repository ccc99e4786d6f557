"""An OpenAI-compatible endpoint: concurrent, patient with a busy server, and silent about its key."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from email.utils import parsedate_to_datetime
from typing import Any

from curation.augment.llm import LlmError, LlmSpec, Reply, Request, model_identity

LONGEST_WAIT = 60.0
"""Seconds that a Retry-After is obeyed at most."""
LARGEST = 8 << 20
"""Bytes of an answer that are read at most."""
SECRET = 12
"""Characters from which on a key is no ordinary word that a reply may hold by chance."""
LATER = "Run the same again later: replies that came are kept."


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would hand the key to whatever host it names."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Refuse it."""
        del args, kwargs


class Endpoint:
    """``POST {endpoint}/chat/completions``, with retries that back off."""

    def __init__(self, spec: LlmSpec, key: str | None) -> None:
        self.spec, self._key = spec, key
        self.identity = model_identity(spec)
        self.url = f"{str(spec.endpoint).rstrip('/')}/chat/completions"
        self._opener = urllib.request.build_opener(_NoRedirect)

    def answer(self, requests: Sequence[Request], done: Callable[[int, Reply], None]) -> None:
        """Answer all, some at once. After a failure nothing new is sent; what is under way is still kept.

        ``done`` is called in the thread that asked, before it asks anew: a killed process loses no more replies than
        are under way at once.
        """

        def ask(place: int, request: Request) -> None:
            done(place, self._one(request))

        with ThreadPoolExecutor(self.spec.concurrency) as pool:
            waiting = [pool.submit(ask, place, request) for place, request in enumerate(requests)]
            failed: LlmError | None = None
            for future in as_completed(waiting):
                if future.cancelled():
                    continue
                try:
                    future.result()
                except LlmError as error:
                    failed = failed or error
                    for other in waiting:
                        other.cancel()
            if failed is not None:
                raise failed

    def _one(self, request: Request) -> Reply:
        wait = self.spec.backoff
        why = mend = ""
        for left in range(self.spec.retries, -1, -1):
            after = None
            try:
                return self._sent(request)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code != 429 and error.code < 500:
                        raise self._refused(error) from None
                    why, mend = f"answered {error.code}", LATER
                    after = _seconds(error.headers.get("Retry-After"))
            except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
                why = "answered something that isn't a chat completion"
                mend = "Check the endpoint (it often ends in /v1): replies that came are kept."
            except TimeoutError:
                why, mend = self._slow()
            except (OSError, http.client.HTTPException) as error:
                why, mend = "can't be reached or hung up", LATER
                if isinstance(getattr(error, "reason", None), TimeoutError):
                    why, mend = self._slow()
            if left:
                time.sleep(min(wait if after is None else after, LONGEST_WAIT))
                wait *= 2
        tries = self.spec.retries + 1
        raise LlmError(
            f"the server {why}, {'once' if tries == 1 else f'{tries} times'}",
            where=self.spec.endpoint,
            mend=mend,
        )

    def _slow(self) -> tuple[str, str]:
        return (
            f"didn't answer within {self.spec.timeout:g} s",
            "Raise timeout, or run the same again later: replies that came are kept.",
        )

    def _sent(self, request: Request) -> Reply:
        body = {
            "model": self.spec.model,
            "messages": [{"role": role, "content": content} for role, content in request.messages],
            "temperature": self.spec.temperature,
            "max_tokens": self.spec.max_tokens,
            "seed": request.seed % 2**31,
        }
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        sent = urllib.request.Request(self.url, json.dumps(body).encode(), headers)  # noqa: S310 - http(s) only
        until = time.monotonic() + self.spec.timeout
        with self._opener.open(sent, timeout=self.spec.timeout) as answer:
            value = json.loads(_read(answer, until))
        text = value["choices"][0]["message"]["content"]
        if not isinstance(text, str):
            raise TypeError("no text")
        if self._key and len(self._key) >= SECRET and self._key in text:
            raise LlmError(
                "the server's reply holds the key, so it isn't kept", where=self.spec.endpoint,
                mend=f"Don't trust this server with a key: take back the one in {self.spec.key_env}.",
            )  # fmt: skip
        usage = value.get("usage")
        spent = usage if isinstance(usage, dict) else {}
        return Reply(text, _count(spent.get("prompt_tokens")), _count(spent.get("completion_tokens")))

    def _refused(self, error: urllib.error.HTTPError) -> LlmError:
        """What a 4xx means; the body isn't quoted, since servers repeat keys in it."""
        if error.code in (401, 403):
            mend = f"Check the key in {self.spec.key_env}."
        elif 300 <= error.code < 400:
            mend = "Check the endpoint: a redirect isn't followed, since it would carry the key elsewhere."
        elif error.code == 404:
            mend = "Check the endpoint (it often ends in /v1) and the model's name."
        else:
            mend = "Check the model's name and the parameters."
        return LlmError(f"the server says no ({error.code})", where=self.spec.endpoint, mend=mend)


def _read(answer: Any, until: float) -> bytes:
    """A body as it comes. Raises TimeoutError where it isn't whole by then, IncompleteRead where it broke off, ValueError where it is too long."""
    parts, size = [], 0
    while part := answer.read1(65_536):
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise ValueError("too long")
        if time.monotonic() > until:
            raise TimeoutError
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(parts)


def _count(given: Any) -> int:
    """Tokens as a server counts them; none where it says nothing of the kind."""
    return given if isinstance(given, int) and given > 0 else 0


def _seconds(after: str | None) -> float | None:
    """How long a Retry-After asks to wait, in seconds or until a date; None where it says neither."""
    if not after:
        return None
    if after.replace(".", "", 1).isdecimal():
        return float(after)
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
    except ValueError:
        return None
