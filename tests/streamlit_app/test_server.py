"""The server around Streamlit: its front page, and what is warm before the first browser comes."""

from __future__ import annotations

import sys
from pathlib import Path

from curation.query import Query
from streamlit_app import front_page, warm
from streamlit_app.components import data, indexes
from tests.streamlit_app.conftest import make_version


def test_the_front_page_is_that_of_the_streamlit_installed_with_our_name_and_address() -> None:
    html = front_page.read()
    assert html.count("<title>Tomewright</title>") == 1
    assert "BACKEND_BASE_URL: new URL" in html
    assert html.index("window.__streamlit = ") < html.index('<script type="module"')
    assert "SourceSans" not in html
    assert front_page.FONT in html
    assert (Path(front_page.__file__).parent / front_page.FONT.replace("./app/", "")).is_file()


def test_what_explore_asks_first_is_answered_before_it_asks(home: Path) -> None:
    version = make_version(home)
    warm.warm_up()
    assert {"pandas", "streamlit_app.components.scatter"} <= set(sys.modules)
    (version.folder / "rows.parquet").unlink()  # nothing is read again
    index = indexes.index_now(version)
    assert index.texts is not None
    assert data.values(index, "category")[0] == ("code", 2)
    assert data.found(index, Query()).len() == index.narrow.height
    assert data.story(version, index.narrow["id"][0]).state == "kept"


def test_an_empty_store_or_a_broken_version_ends_nothing(home: Path) -> None:
    warm.warm_up()
    version = make_version(home)
    (version.folder / "rows.parquet").write_bytes(b"no")
    warm.warm_up()
