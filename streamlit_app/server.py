"""The workbench's server: Streamlit's, with our front page, and with the newest version warm before a browser asks for it."""

from __future__ import annotations

import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from streamlit_app import front_page, warm

HERE = Path(__file__).parent


async def front(request: Request) -> HTMLResponse:
    """The first HTML of a page."""
    html = front_page.read(request.url.path.strip("/") or "home")
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})


@asynccontextmanager
async def started(_: st.App) -> AsyncIterator[None]:
    """Load what the pages need, then open the browser where one is wanted, and look at the newest version meanwhile."""
    newest = warm.load()
    if not st.get_option("server.headless"):
        address = f"http://{st.get_option('server.address')}:{st.get_option('server.port')}"
        Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    Thread(target=warm.look, args=(newest,), name="warm", daemon=True).start()
    yield


app = st.App(
    HERE / "app.py",
    lifespan=started,
    routes=[
        Route(path, front) for path in ("/", *(f"/{one.stem}" for one in (HERE / "screens").glob("*.py")))
    ],
)
