"""A page of rows to pick from, with the mouse or the arrow keys. Cells are set as text, never as HTML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  const el = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls;
    if (text !== undefined && text !== null) e.textContent = text; return e; };
  const held = parentElement.contains(document.activeElement);
  const table = el("table", "tw-picker"); table.setAttribute("aria-label", data.label);
  const head = el("tr");
  for (const c of data.columns) { const th = el("th", c.kind, c.title); th.scope = "col"; head.appendChild(th); }
  const thead = el("thead"); thead.appendChild(head); table.appendChild(thead);
  const body = el("tbody"); table.appendChild(body);
  const pick = (id) => { for (const tr of body.children) { const on = tr.dataset.id === id;
      tr.classList.toggle("on", on); tr.setAttribute("aria-selected", on); tr.tabIndex = on ? 0 : -1; }
    setTriggerValue("pick", id); };
  data.rows.forEach((row, place) => {
    const tr = el("tr"); tr.dataset.id = row.id; const on = row.id === data.picked;
    tr.classList.toggle("on", on); tr.setAttribute("aria-selected", on);
    tr.tabIndex = on || (place === 0 && !data.rows.some(r => r.id === data.picked)) ? 0 : -1;
    data.columns.forEach((c, i) => {
      const td = el("td", c.kind); const cell = row.cells[i];
      if (c.kind === "category") { const dot = el("i", "dot"); dot.style.background = cell.colour; td.appendChild(dot);
        td.appendChild(document.createTextNode(cell.text)); td.title = cell.text; }
      else if (c.kind === "origin") { if (cell !== "original") td.appendChild(el("span", "tag " + cell, cell)); }
      else { td.textContent = cell; if (c.kind === "text") { td.title = cell; td.dir = "auto"; } }
      tr.appendChild(td);
    });
    tr.addEventListener("click", () => pick(row.id));
    tr.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
      if (step) { const next = body.children[place + step]; event.preventDefault();
        if (next) { next.focus(); pick(next.dataset.id); } }
      else if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(row.id); }
    });
    body.appendChild(tr);
  });
  parentElement.querySelector(".tw-pick-box")?.remove();
  const box = el("div", "tw-pick-box"); box.appendChild(table); parentElement.appendChild(box);
  if (held) body.querySelector("tr.on")?.focus({ preventScroll: true });
}
"""
_draw = st.components.v2.component("tome_picker", js=JS, isolate_styles=False)


def picker(
    columns: list[dict[str, str]],
    rows: list[dict[str, Any]],
    *,
    picked: str | None,
    label: str,
    on_pick: Callable[[str], None],
    key: str,
) -> None:
    """Draw the rows. ``columns`` has title and kind (text, figure, category, origin, code); ``on_pick`` gets an id."""

    def took() -> None:
        chosen = st.session_state[key].pick
        if isinstance(chosen, str):
            on_pick(chosen)

    _draw(
        key=key,
        data={"columns": columns, "rows": rows, "picked": picked, "label": label},
        on_pick_change=took,
    )
