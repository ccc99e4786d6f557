"""The server around Streamlit: its front page, and what is warm before the first browser comes."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from pathlib import Path

import pytest
import streamlit

from curation.query import Query
from streamlit_app import front_page, warm
from streamlit_app.components import answers, data, indexes
from tests.streamlit_app.conftest import make_version


def test_the_front_page_is_that_of_the_streamlit_installed_with_our_name_and_address() -> None:
    html = front_page.read()
    assert html.count("<title>Tomewright</title>") == 1
    assert "BACKEND_BASE_URL: new URL" in html
    assert html.index("window.__streamlit = ") < html.index('<script type="module"')
    assert "SourceSans" not in html
    assert html.index("tw-finding") > html.index("<body>")  # our style comes after all of Streamlit's
    for font in front_page.FONTS:
        assert font in html
        assert (front_page.HERE / font.replace("./app/", "")).is_file()


@pytest.mark.parametrize("page", ["home", *front_page.WANTED])
def test_each_script_that_the_front_page_names_is_there_once(page: str) -> None:
    html = front_page.read(page)
    named = re.findall(r'<link rel="modulepreload" crossorigin href="\./static/(js/[^"]+)">', html)
    assert len(named) == len(set(named)) == html.count("modulepreload")
    assert all((Path(streamlit.__file__).parent / "static" / "static" / one).is_file() for one in named)
    for widget in front_page.WANTED.get(page, front_page.ALL):
        assert any(one.startswith(f"js/{widget}.") for one in named), widget


def test_a_streamlit_that_names_its_scripts_otherwise_gets_no_hints(tmp_path: Path) -> None:
    assert front_page.modules_of(tmp_path, front_page.ALL) == []


def test_what_explore_asks_first_is_answered_before_it_asks(home: Path) -> None:
    version = make_version(home)
    warm.look(warm.load())
    assert gc.get_freeze_count() > 10_000  # a run of a page needn't walk through it
    gc.unfreeze()
    assert {"pandas", "streamlit_app.components.scatter"} <= set(sys.modules)
    (version.folder / "rows.parquet").unlink()  # nothing is read again
    index = indexes.index_now(version)
    assert index.texts is not None
    assert answers.values(index, "category")[0] == ("code", 2)
    assert answers.found(index, Query()).len() == index.narrow.height
    assert data.story(version, index.narrow["id"][0]).state == "kept"


def test_loading_before_the_runtime_says_nothing_and_other_warnings_pass() -> None:
    program = (
        "import logging, streamlit_app.warm; "
        "logging.getLogger('streamlit.runtime.caching.cache_data_api').warning('another')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    told = done.stdout + done.stderr
    assert "No runtime" not in told
    assert "another" in told


def test_an_empty_store_or_a_broken_version_ends_nothing(home: Path) -> None:
    warm.look(warm.load())
    version = make_version(home)
    (version.folder / "rows.parquet").write_bytes(b"no")
    warm.look(warm.load())


def test_before_the_server_listens_one_thread_has_loaded_all_that_pages_load(home: Path) -> None:
    """Pages that load modules while another thread does can find halves of those that import one another."""
    program = """
import asyncio, contextlib, sys
from streamlit_app import server, warm

async def main():
    looked = []
    warm.look = lambda newest: looked.append({one for one in sys.modules if one.split(".")[0] in ("curation", "streamlit_app")})
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(server.started(None))
        await asyncio.sleep(0.5)
    import ast, pathlib
    for path in pathlib.Path(server.HERE, "screens").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "streamlit_app.components":
                asked = {f"{node.module}.{one.name}" for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in ("curation", "streamlit_app"):
                asked = {node.module}
            else:
                continue
            assert asked <= looked[0], (path.name, asked - looked[0])
    print("loaded")

import streamlit as st
st.config.set_option("server.headless", True)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("loaded\n"), done.stderr[-2000:]
