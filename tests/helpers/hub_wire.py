"""Requests and answers of the stand-in Hub, and the HTTP server under them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from hub_repo import Repo

if TYPE_CHECKING:
    from hub_standin import HubStandIn


@dataclass
class Ask:
    """One request."""

    hub: HubStandIn
    groups: dict[str, str]
    query: dict[str, list[str]]
    headers: Any
    body: bytes

    @property
    def token(self) -> str | None:
        """The bearer token, or null."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ") or None

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def repo(self) -> Repo:
        repo = self.hub.repos.get((self.groups.get("kind") or "models", self.groups["id"]))
        if repo is None or (repo.private and self.token is None):
            raise Refused(NO_REPO)
        return repo

    def commit(self) -> tuple[str, dict[str, bytes]]:
        found = self.repo().at(self.groups.get("rev") or "main")
        if found is None:
            raise Refused(Answer(404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}))
        return found


@dataclass
class Answer:
    """One response: bytes, text, or an object that goes out as JSON."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.status)


NO_REPO = Answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})


class Handler(BaseHTTPRequestHandler):
    owner: HubStandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        hub, parts = self.owner, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        hub.requests.append(f"{self.command} {unquote(parts.path)}")
        answer = Answer(404, {"error": f"the stand-in doesn't speak {self.command} {parts.path}"})
        failing = next(
            (code for prefix, code in hub.fail.items() if unquote(parts.path).startswith(prefix)), None
        )
        method = "GET" if self.command == "HEAD" else self.command
        if failing is not None:
            answer = Answer(failing, {"error": "made to fail"})
        else:
            for verb, pattern, name in hub.routes:
                found = re.fullmatch(pattern, parts.path)
                if verb == method and found:
                    groups = {key: unquote(value) for key, value in found.groupdict().items() if value}
                    ask = Ask(hub, groups, parse_qs(parts.query), self.headers, body)
                    try:
                        with hub.lock:
                            answer = getattr(hub, name)(ask)
                    except Refused as refused:
                        answer = refused.answer
                    break
        self._send(answer)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, answer: Answer) -> None:
        data, kind = answer.body, "application/octet-stream"
        if isinstance(data, str):
            data, kind = data.encode(), "text/plain"
        elif not isinstance(data, bytes):
            data, kind = json.dumps(data).encode(), "application/json"
        self.send_response(answer.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer
