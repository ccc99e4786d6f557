"""The doors of the web server: our own files served, uploads and the host's files closed, big bodies refused."""

from __future__ import annotations

import json
from typing import Any

from chatbot_space.look import ASSETS

MOST_BYTES = 8_000_000
"""A browser's saved conversations travel with a request; nothing here is larger."""
CLOSED = (
    "/gradio_api/upload",
    "/gradio_api/file",
    "/gradio_api/stream",
    "/gradio_api/proxy",
    "/upload",
    "/file=",
    "/proxy=",
)


class Doors:
    """ASGI middleware. Answers 403 for what the chat never needs and 413 for a body that is too large.

    It also tells browsers not to be framed into nonsense types and to send no referrer.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = str(scope.get("path", ""))
        if path.startswith(CLOSED):
            await _say(send, 403, "This chatbot takes no files and gives none.")
            return
        headers = {name.lower(): value for name, value in scope.get("headers", [])}
        if int(headers.get(b"content-length", b"0") or 0) > MOST_BYTES:
            await _say(send, 413, "That is too much at once.")
            return

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        await self.app(scope, receive, with_headers)


async def _say(send: Any, status: int, words: str) -> None:
    body = json.dumps({"detail": words}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def app_options() -> dict[str, Any]:
    """What FastAPI is made with: the doors, and our assets at ``/assets``... before Gradio's own routes."""
    from starlette.middleware import Middleware
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    return {
        "middleware": [Middleware(Doors)],
        "routes": [Mount("/assets/fonts", StaticFiles(directory=ASSETS / "fonts"), name="fonts")],
        "docs_url": None,
        "redoc_url": None,
    }
