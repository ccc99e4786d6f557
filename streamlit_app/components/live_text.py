"""Makes a text area tell the server what stands in it while a person types, not only when they leave it."""

from __future__ import annotations

import streamlit as st

JS = """
export default function ({ data }) {
  const attach = () => {
    const area = document.querySelector(`.st-key-${data.area} textarea`);
    if (!area || area.dataset.live) return !!area;
    area.dataset.live = "yes"; let timer;
    // Streamlit sends a text area on Ctrl+Enter; this presses it after a pause
    area.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => {
      area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true })); }, data.pause); });
    return true;
  };
  if (attach()) return;
  const watch = new MutationObserver(() => { if (attach()) watch.disconnect(); });  // the area may be drawn after this
  watch.observe(document.body, { childList: true, subtree: true });
  return () => watch.disconnect();
}
"""
_draw = st.components.v2.component("tome_live_text", js=JS, isolate_styles=False)


def live_text(area: str, *, pause: int = 400) -> None:
    """Send the text area with the key ``area`` after a pause in typing, in milliseconds."""
    _draw(data={"area": area, "pause": pause}, key=f"live_{area}", height=1)
