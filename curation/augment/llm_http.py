"""An OpenAI-compatible endpoint: concurrent, patient with a busy server, and silent about its key."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from curation.augment.llm import LlmError, LlmSpec, Reply, Request, model_identity

LONGEST_WAIT = 60.0
"""Seconds that a Retry-After is obeyed at most."""


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
        for left in range(self.spec.retries, -1, -1):
            why, after = "", None
            try:
                return self._sent(request)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code != 429 and error.code < 500:
                        raise self._refused(error) from None
                    why, after = f"answered {error.code}", error.headers.get("Retry-After")
            except (ValueError, KeyError, IndexError, TypeError):
                why = "answered something that isn't a chat completion"
            except TimeoutError:
                why = f"didn't answer within {self.spec.timeout:g} s"
            except (OSError, http.client.HTTPException) as error:
                slow = isinstance(getattr(error, "reason", None), TimeoutError)
                why = (
                    f"didn't answer within {self.spec.timeout:g} s" if slow else "can't be reached or hung up"
                )
            if left:
                seconds = float(after) if after and after.replace(".", "", 1).isdigit() else wait
                time.sleep(min(seconds, LONGEST_WAIT))
                wait *= 2
        raise LlmError(
            f"the server {why}, {self.spec.retries + 1} times",
            where=self.spec.endpoint,
            mend="Run the same again later: replies that came are kept.",
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
        with self._opener.open(sent, timeout=self.spec.timeout) as answer:
            value = json.loads(answer.read().decode("utf-8"))
        text = value["choices"][0]["message"]["content"]
        if not isinstance(text, str):
            raise TypeError("no text")
        usage = value.get("usage") or {}
        return Reply(text, int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))

    def _refused(self, error: urllib.error.HTTPError) -> LlmError:
        """What a 4xx means; the body isn't quoted, since servers repeat keys in it."""
        if error.code in (401, 403):
            mend = f"Check the key in {self.spec.key_env}."
        elif error.code == 404:
            mend = "Check the endpoint (it often ends in /v1) and the model's name."
        else:
            mend = "Check the model's name and the parameters."
        return LlmError(f"the server says no ({error.code})", where=self.spec.endpoint, mend=mend)
