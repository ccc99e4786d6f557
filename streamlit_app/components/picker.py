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
  const head = el("tr"), boxes = [];
  const box = (name, on) => { const b = el("input"); b.type = "checkbox"; b.checked = on; b.tabIndex = -1; b.setAttribute("aria-label", name); return b; };
  const told = () => setTriggerValue("marks", boxes.filter(b => b.checked).map(b => b.dataset.id));
  let every = null;
  if (data.marks) { const th = el("th", "mark"); every = box("Mark all rows of this page", data.rows.every(r => data.marks.includes(r.id)));
    every.addEventListener("change", () => { for (const b of boxes) b.checked = every.checked; told(); }); th.appendChild(every); head.appendChild(th); }
  for (const c of data.columns) { const th = el("th", c.kind); th.scope = "col"; if (!c.title) th.setAttribute("aria-label", c.name || c.kind);
    if (!c.sort) th.textContent = c.title;
    else { const b = el("button", "sort", c.title); b.type = "button"; th.setAttribute("aria-sort", c.sorted || "none"); b.title = "Sort by " + c.title.toLowerCase();
      b.addEventListener("click", () => setTriggerValue("sort", c.sort)); th.appendChild(b); }
    head.appendChild(th); }
  const thead = el("thead"); thead.appendChild(head); table.appendChild(thead);
  const body = el("tbody"); table.appendChild(body);
  const pick = (id) => { for (const tr of body.children) { const on = tr.dataset.id === id;
      tr.classList.toggle("on", on); tr.setAttribute("aria-selected", on); tr.tabIndex = on ? 0 : -1; }
    setTriggerValue("pick", id); };
  data.rows.forEach((row, place) => {
    const tr = el("tr", row.decided ? "decided " + row.decided : ""); tr.dataset.id = row.id; const on = row.id === data.picked;
    tr.classList.toggle("on", on); tr.setAttribute("aria-selected", on);
    tr.tabIndex = on || (place === 0 && !data.rows.some(r => r.id === data.picked)) ? 0 : -1;
    if (data.marks) { const td = el("td", "mark"); const b = box("Mark this row", data.marks.includes(row.id)); b.dataset.id = row.id; boxes.push(b);
      b.addEventListener("change", told); td.appendChild(b); td.addEventListener("click", (e) => e.stopPropagation()); tr.appendChild(td); }
    data.columns.forEach((c, i) => {
      const td = el("td", c.kind); const cell = row.cells[i];
      if (c.kind === "category") { const dot = el("i", "dot"); dot.style.background = cell.colour; td.appendChild(dot);
        td.appendChild(document.createTextNode(cell.text)); td.title = cell.text; }
      else if (c.kind === "origin") { if (cell !== "original") td.appendChild(el("span", "tag " + cell, cell)); }
      else if (c.kind === "share") { const bar = el("span", "bar"); bar.style.width = 40 * Math.max(0, cell) + "px"; td.appendChild(bar); td.appendChild(document.createTextNode(cell.toFixed(3))); }
      else { td.textContent = cell; if (c.kind === "text") { td.title = cell; td.dir = "auto"; } }
      if (c.kind === "text" && row.note) td.prepend(el("span", "tag waits", row.note));
      tr.appendChild(td);
    });
    tr.addEventListener("click", () => pick(row.id));
    tr.addEventListener("keydown", (event) => {
      if (event.target !== tr || event.ctrlKey || event.metaKey || event.altKey) return;
      const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
      if (step) { const next = body.children[place + step]; event.preventDefault();
        if (next) { next.focus(); pick(next.dataset.id); } }
      else if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(row.id); }
      else if (data.marks && event.key === "x") { boxes[place].checked = !boxes[place].checked; told(); }
      else if (data.marks && (event.key === "d" || event.key === "u")) { event.preventDefault();
        const next = body.children[place + 1]; setTriggerValue("act", [event.key, row.id, next ? next.dataset.id : row.id]); }
    });
    body.appendChild(tr);
  });
  const old = parentElement.querySelector(".tw-pick-box"), down = old ? old.scrollTop : 0; old?.remove();
  const frame = el("div", "tw-pick-box"); frame.appendChild(table); parentElement.appendChild(frame); frame.scrollTop = down;
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
    marks: list[str] | None = None,
    on_marks: Callable[[list[str]], None] | None = None,
    on_act: Callable[[str, str, str], None] | None = None,
    on_sort: Callable[[str], None] | None = None,
) -> None:
    """Draw the rows. ``columns`` has title and kind (text, figure, category, origin, share); ``on_pick`` gets an id.

    A column with ``sort`` can be clicked: ``on_sort`` gets that; ``sorted`` says how it stands (ascending or descending).

    With ``marks`` (ids) each row has a box, and keys: x marks, d drops, u undoes. ``on_marks`` gets the marked ids of
    this page; ``on_act`` the key, the row, and the row after it.
    """

    def took() -> None:
        chosen = st.session_state[key].pick
        if isinstance(chosen, str):
            on_pick(chosen)

    def marked() -> None:
        ids = st.session_state[key].marks
        if on_marks and isinstance(ids, list):
            on_marks([one for one in ids if isinstance(one, str)])

    def acted() -> None:
        said = st.session_state[key].act
        if on_act and isinstance(said, list) and len(said) == 3:
            on_act(*map(str, said))

    def sorts() -> None:
        column = st.session_state[key].sort
        if on_sort and column in {one.get("sort") for one in columns}:
            on_sort(str(column))

    _draw(
        key=key,
        data={"columns": columns, "rows": rows, "picked": picked, "label": label, "marks": marks},
        on_pick_change=took,
        on_marks_change=marked,
        on_act_change=acted,
        on_sort_change=sorts,
    )
