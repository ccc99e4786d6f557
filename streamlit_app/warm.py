"""Before the first browser comes: load what the pages import, and read the newest version as Explore will ask for it."""

from __future__ import annotations

import contextlib
import gc
import pkgutil
from importlib import import_module

from curation import browse
from curation.errors import TomeError
from curation.query import Query
from curation.store import Version
from streamlit_app import components
from streamlit_app.components import answers, data, filters, indexes

LATE = ("pandas", "pygments.lexers", "latex2mathml.converter")
"""What Streamlit's widgets and the conversation view import when they are first drawn."""


def load() -> list[Version]:
    """Import what the pages import, and begin to read the newest version, which comes back where there is one.

    Before the server listens: modules that import one another must be loaded by one thread, since two that meet in such a circle
    find halves of them, and a page that was opened meanwhile would fail.
    """
    newest: list[Version] = []
    with contextlib.suppress(TomeError, OSError):
        newest = data.shelf()[0][:1]
    for version in newest:  # the disk reads while the processor loads
        indexes.read_ahead(str(version.folder), filters.ALL)
    for name in LATE:
        import_module(name)
    for one in pkgutil.iter_modules(components.__path__):
        import_module(f"{components.__name__}.{one.name}")
    gc.freeze()
    return newest


def look(newest: list[Version]) -> None:
    """Read the newest version as Explore will ask for it; a mistake is left to the page, which tells it.

    What is loaded stays for good. Streamlit collects garbage after every run of a page, before the last messages go out, and would
    walk through all of that each time; set aside, it doesn't.
    """
    with contextlib.suppress(TomeError, OSError):
        for version in newest:
            first_look(indexes.index_now(version))
    gc.freeze()


def first_look(index: browse.Index) -> None:
    """Ask what Explore and Clean ask when they open, so that the answers are kept."""
    for column in filters.PLAIN:
        if column in index.narrow.columns:
            answers.values(index, column)
    answers.flags(index)
    for column in answers.numeric(index):
        answers.span(index, column)
    answers.rows_sentence(index, Query())
    for row in browse.page(index, answers.found(index, Query()), 1, 1)["id"]:
        data.story(index.version, row)
    answers.found_by_topic(index)
