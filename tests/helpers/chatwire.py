"""A person without a browser: asks the running chatbot over Gradio's own wire, and reads the stream."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

USUAL = ["", True, 0.7, 0.95, 50, 0.0, 1.1, 64, 0]
"""The settings as the form sends them: system, new seed, temperature, top-p, top-k, min-p, penalty, longest, seed."""


@dataclass
class Heard:
    """What came back for one question. Times are seconds from asking."""

    first: float | None = None
    done: float = 0.0
    frames: int = 0
    status: str = ""
    error: str | None = None
    times: list[float] = field(default_factory=list)


class Wire:
    """One session with the chatbot at ``url``; ``forwarded`` is the address that a proxy would note."""

    def __init__(self, url: str, forwarded: str | None = None, timeout: float = 600) -> None:
        headers = {"x-forwarded-for": forwarded} if forwarded else {}
        # verify=False: loopback has no TLS, and each context of certificates would cost half a megabyte
        self.client = httpx.Client(
            base_url=url, trust_env=False, verify=False, timeout=timeout, headers=headers
        )
        self.session = uuid.uuid4().hex[:12]
        dependencies = self.client.get("config").json()["dependencies"]
        self._send = next(d["id"] for d in dependencies if d["api_name"] == "send")
        self._stream = next(
            d["id"]
            for d in dependencies
            if d["api_name"].startswith("stream") and len(d["inputs"]) == 1 + len(USUAL)
        )

    def send(self, question: str) -> str:
        """Put a question into the session's conversation; returns the status line."""
        body = {"data": [question, None], "fn_index": self._send, "session_hash": self.session}
        answer = self.client.post("gradio_api/run/predict", json=body)
        answer.raise_for_status()
        status = answer.json()["data"][3]
        return status if isinstance(status, str) else ""

    def events(self, form: list[Any] | None = None) -> Iterator[dict[str, Any]]:
        """Have it answered: Gradio's messages as they come. Closing the iterator is a lost connection."""
        body = {
            "data": [None, *(form or USUAL)],
            "fn_index": self._stream,
            "session_hash": self.session,
            "trigger_id": None,
        }
        joined = self.client.post("gradio_api/queue/join", json=body)
        if joined.status_code >= 400:
            yield {"msg": "refused", "status": joined.status_code, "detail": joined.text}
            return
        with self.client.stream(
            "GET", "gradio_api/queue/data", params={"session_hash": self.session}
        ) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])

    def ask(self, question: str, form: list[Any] | None = None) -> Heard:
        """Ask and wait for the end."""
        started = time.perf_counter()
        heard = Heard(status=self.send(question))
        for event in self.events(form):
            now = time.perf_counter() - started
            if event["msg"] == "process_generating":
                heard.first = heard.first or now
                heard.frames += 1
                heard.times.append(now)
            elif event["msg"] == "process_completed":
                heard.done = now
                data = (event.get("output") or {}).get("data") or [None, None, ""]
                heard.status = str(data[2])
                heard.error = None if event.get("success") else str((event.get("output") or {}).get("error"))
                break
            elif event["msg"] in ("refused", "unexpected_error", "queue_full"):
                heard.error, heard.done = str(event), now
                break
        return heard
