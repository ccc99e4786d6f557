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

from streamlit_app import front_page

HERE = Path(__file__).parent


async def front(request: Request) -> HTMLResponse:
    """The first HTML of a page."""
    html = front_page.read(request.url.path.strip("/") or "home")
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})


@asynccontextmanager
async def started(_: st.App) -> AsyncIterator[None]:
    """Once the server listens: open the browser where one is wanted, and warm up meanwhile."""
    if not st.get_option("server.headless"):
        address = f"http://{st.get_option('server.address')}:{st.get_option('server.port')}"
        Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    Thread(target=_warm_up, name="warm", daemon=True).start()
    yield


def _warm_up() -> None:
    from streamlit_app.warm import warm_up  # here, so that the server answers before all of it is loaded

    warm_up()


app = st.App(
    HERE / "app.py",
    lifespan=started,
    routes=[
        Route(path, front) for path in ("/", *(f"/{one.stem}" for one in (HERE / "screens").glob("*.py")))
    ],
)
