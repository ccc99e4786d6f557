"""Makes text fields tell the server what stands in them while a person types, not only when they leave them."""

from __future__ import annotations

import streamlit as st

JS = """
export default function ({ data }) {
  const attach = (name) => {
    const field = document.querySelector(`.st-key-${name} :is(textarea, input)`);
    if (!field || field.dataset.live) return !!field;
    field.dataset.live = "yes"; let timer;
    // Streamlit sends a field on Enter, a text area on Ctrl+Enter; this presses it after a pause
    field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => {
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: field.tagName === "TEXTAREA", bubbles: true })); }, data.pause); });
    return true;
  };
  const all = () => data.fields.map(attach).every(Boolean);
  if (all()) return;
  const watch = new MutationObserver(() => { if (all()) watch.disconnect(); });  // a field may be drawn after this
  watch.observe(document.body, { childList: true, subtree: true });
  return () => watch.disconnect();
}
"""
_draw = st.components.v2.component("tome_live_text", js=JS, isolate_styles=False)


def live_text(*fields: str, pause: int = 400) -> None:
    """Send the text fields and areas of these keys after a pause in typing, in milliseconds."""
    _draw(data={"fields": fields, "pause": pause}, key=f"live_{fields[0]}", height=1)
