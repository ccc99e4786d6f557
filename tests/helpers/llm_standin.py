"""A stand-in for an OpenAI-compatible server on the loopback: it answers well, or as badly as its script says."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Script = list[Any]


class Server(ThreadingHTTPServer):
    """Answers with what the script says, then well; notes what it was asked."""

    daemon_threads = True
    script: Script
    seen: list[dict[str, Any]]
    keys: list[str | None]
    busy = most = 0
    reply: Callable[[str], str] = staticmethod(lambda text: f"reply to {text}")
    """What a good answer says to the last message."""
    lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.seen.append(body)
            self.server.keys.append(self.headers.get("Authorization"))
            self.server.busy += 1
            self.server.most = max(self.server.most, self.server.busy)
            act = self.server.script.pop(0) if self.server.script else "well"
        try:
            self._act(act, body)
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def _act(self, act: Any, body: dict[str, Any]) -> None:
        if act == "hang up":
            self.connection.close()
            return
        if act == "slow":
            time.sleep(1.0)
        if act in ("drip", "endless"):
            self._on_and_on(b" " if act == "drip" else b" " * 1_000_000)
            return
        if isinstance(act, tuple):
            self.send_response(act[0])
            for name, value in act[1].items():
                self.send_header(name, value)
            said = f'{{"error": "bad key {self.headers.get("Authorization")}"}}'.encode()
        else:
            self.send_response(200)
            content = self.server.reply(body["messages"][-1]["content"])
            usage: Any = {"prompt_tokens": 7, "completion_tokens": 3}
            if act == "the key":
                content += f" {self.headers.get('Authorization')}"
            if isinstance(act, dict):
                content, usage = act.get("content", content), act.get("usage", usage)
            good = {
                "choices": [{"message": {"content": content}}],
                "usage": usage,
            }
            odd = {
                "not json": b"<html>",
                "no choice": b'{"choices": []}',
                "null": b"null",
                "deep": b"[" * 100_000,
            }
            said = odd.get(act, b"") if isinstance(act, str) else b""
            said = said or json.dumps(good).encode()
        self.send_header("Content-Length", str(len(said) + (act == "break off")))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(said)

    def _on_and_on(self, part: bytes) -> None:
        """An answer that never ends."""
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(part)
                self.wfile.flush()
                time.sleep(0.01)

    def log_message(self, *args: Any) -> None:
        pass


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server that runs as long as the context."""
    one = Server(("127.0.0.1", 0), Handler)
    one.script, one.seen, one.keys = [], [], []
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield one
    finally:
        one.shutdown()
        one.server_close()
        thread.join()
