"""Links in our own HTML that lead to another page of the workbench within the session, as its own links do."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import streamlit as st

JS = """
export default function ({ setTriggerValue }) {
  const go = (event) => {
    const link = event.target.closest("a.tw-go");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault(); setTriggerValue("to", link.getAttribute("href"));
  };
  document.addEventListener("click", go);
  return () => document.removeEventListener("click", go);
}
"""
_draw = st.components.v2.component("tome_card_links", js=JS, isolate_styles=False)
LEAD = ("explore", "train", "versions")
"""The pages that cards lead to."""


def address(page: str, **query: str) -> str:
    """The address of a page as such a link holds it; opened in another tab it works as well."""
    return f"./{page}?{urlencode(query, quote_via=quote)}"


def follow(to: str) -> tuple[str, dict[str, str]] | None:
    """The page's file and its parameters; null for what isn't such an address."""
    parts = urlsplit(to)
    name = parts.path.removeprefix("./")
    return (f"screens/{name}.py", dict(parse_qsl(parts.query))) if name in LEAD and not parts.netloc else None


def card_links() -> None:
    """Make the links of class ``tw-go`` on this page lead on when they are clicked; other tabs open as usual."""
    clicked = _draw(key="card_links", on_to_change=lambda: None)
    found = follow(clicked.to) if isinstance(clicked.to, str) else None
    if found:
        st.switch_page(found[0], query_params=found[1])
