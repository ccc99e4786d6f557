"""The map of a version: every row a point on one canvas; wheel to zoom, drag to draw a line around points, click to read.

Points travel as packed bytes (nine a row) and their first words compressed, some three megabytes for 100,000, once: what moves (the
line, the point that is read) is told to the canvas by a second, tiny component. What is inside the line is worked out on the server.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
import streamlit as st

JS = """
export default function ({ parentElement, data, setTriggerValue }) {
  let canvas = parentElement.querySelector("canvas");
  if (!canvas) { canvas = document.createElement("canvas"); canvas.className = "tw-map"; canvas.setAttribute("role", "img");
    parentElement.appendChild(canvas); const tip = document.createElement("div"); tip.className = "tw-tip"; parentElement.appendChild(tip);
    parentElement.classList.add("tw-map-box"); }
  if (canvas.dataset.drawn === data.key) return;
  const tip = parentElement.querySelector(".tw-tip");
  const bytes = (text) => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const xs = new Float32Array(bytes(data.x).buffer), ys = new Float32Array(bytes(data.y).buffer), kinds = bytes(data.kind);
  let texts = null;
  new Response(new Blob([bytes(data.texts)]).stream().pipeThrough(new DecompressionStream("gzip"))).text().then(all => { texts = all.split("\\n"); });
  const n = xs.length, W = canvas.clientWidth, H = canvas.clientHeight, R = window.devicePixelRatio || 1;
  canvas.width = W * R; canvas.height = H * R;
  const ctx = canvas.getContext("2d");
  let lowX = Infinity, highX = -Infinity, lowY = Infinity, highY = -Infinity;
  for (let i = 0; i < n; i++) { lowX = Math.min(lowX, xs[i]); highX = Math.max(highX, xs[i]); lowY = Math.min(lowY, ys[i]); highY = Math.max(highY, ys[i]); }
  const fit = 0.94 * Math.min(W / Math.max(highX - lowX, 1e-6), H / Math.max(highY - lowY, 1e-6));
  const home = { k: fit, x: W / 2 - fit * (lowX + highX) / 2, y: H / 2 + fit * (lowY + highY) / 2 };
  let view = parentElement._view && parentElement._map === data.map ? parentElement._view : { ...home };
  parentElement._map = data.map;
  const px = (i) => view.x + view.k * xs[i], py = (i) => view.y - view.k * ys[i];
  let lasso = [], picked = -1, drawing = null, from = null;
  function draw() {
    parentElement._view = view;
    ctx.setTransform(R, 0, 0, R, 0, 0); ctx.clearRect(0, 0, W, H);
    const size = Math.max(1.6, Math.min(5, 90 / Math.sqrt(n) * Math.sqrt(view.k / fit) * 2));
    data.colours.forEach((colour, kind) => { ctx.fillStyle = colour; ctx.globalAlpha = n > 20000 ? 0.5 : 0.8; ctx.beginPath();
      for (let i = 0; i < n; i++) if (kinds[i] === kind) { const x = px(i), y = py(i);
        if (x > -5 && y > -5 && x < W + 5 && y < H + 5) { if (n > 20000) ctx.rect(x - size / 2, y - size / 2, size, size); else { ctx.moveTo(x + size, y); ctx.arc(x, y, size, 0, 7); } } }
      ctx.fill(); });
    ctx.globalAlpha = 1;
    const line = drawing || lasso.map(([x, y]) => [view.x + view.k * x, view.y - view.k * y]);
    if (line.length > 1) { ctx.beginPath(); line.forEach(([x, y], i) => i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)); ctx.closePath();
      ctx.strokeStyle = data.accent; ctx.lineWidth = 1.6; ctx.stroke(); ctx.globalAlpha = 0.08; ctx.fillStyle = data.accent; ctx.fill(); ctx.globalAlpha = 1; }
    if (picked >= 0) { ctx.beginPath(); ctx.arc(px(picked), py(picked), size + 4, 0, 7); ctx.strokeStyle = data.ink; ctx.lineWidth = 2; ctx.stroke(); }
  }
  const place = (e) => { const r = canvas.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };
  const near = ([x, y]) => { let best = -1, far = 64; for (let i = 0; i < n; i++) { const d = (px(i) - x) ** 2 + (py(i) - y) ** 2; if (d < far) { far = d; best = i; } } return best; };
  canvas.onpointerdown = (e) => { from = place(e); drawing = null; canvas.setPointerCapture(e.pointerId); };
  canvas.onpointermove = (e) => { const at = place(e);
    if (from) { if (drawing || Math.hypot(at[0] - from[0], at[1] - from[1]) > 5) { (drawing = drawing || [from]).push(at); tip.style.display = "none"; draw(); } return; }
    const i = near(at); tip.style.display = i < 0 ? "none" : "block";
    if (i >= 0) { tip.textContent = data.names[kinds[i]] + (texts ? ": " + texts[i] : ""); tip.style.left = Math.min(at[0] + 12, W - 280) + "px"; tip.style.top = at[1] + 12 + "px"; } };
  canvas.onpointerup = (e) => { const at = place(e);
    if (drawing && drawing.length > 2) { lasso = drawing.map(([x, y]) => [(x - view.x) / view.k, (view.y - y) / view.k]); setTriggerValue("lasso", lasso); }
    else if (from) { const i = near(at); if (i >= 0) setTriggerValue("pick", i); }
    from = drawing = null; draw(); };
  canvas.onpointerleave = () => { tip.style.display = "none"; };
  canvas.onwheel = (e) => { e.preventDefault(); const [x, y] = place(e), by = Math.exp(-e.deltaY * 0.0015), k = Math.max(fit * 0.8, Math.min(fit * 60, view.k * by)), f = k / view.k;
    view = { k, x: x - (x - view.x) * f, y: y - (y - view.y) * f }; draw(); };
  canvas.ondblclick = () => { view = { ...home }; lasso = []; setTriggerValue("lasso", []); draw(); };
  canvas.told = (line, point) => { lasso = line; picked = point; draw(); };
  draw(); canvas.dataset.drawn = data.key;
}
"""
MARKS = """
export default function ({ data }) {
  const tell = (tries) => { const canvas = document.querySelector("canvas.tw-map");
    if (canvas && canvas.dataset.drawn === data.key) { canvas.setAttribute("aria-label", data.label); canvas.told(data.lasso, data.picked); }
    else if (tries) requestAnimationFrame(() => tell(tries - 1)); };
  tell(600);
}
"""
_draw = st.components.v2.component("tome_map", js=JS, isolate_styles=False)
_tell = st.components.v2.component("tome_map_marks", js=MARKS, isolate_styles=False)
FEW = 20_000
"""Up to so many points carry 90 of their first characters for the hover, more of them 50."""
Line = list[list[float]]


def _bytes(values: pl.Series, kind: str) -> str:
    return base64.b64encode(values.to_numpy().astype(kind).tobytes()).decode()


def packed(points: pl.DataFrame, kinds: pl.Series) -> dict[str, str]:
    """What travels of the points: x and y (float32), the place of each one's kind (a byte), first words (gzip), in base64."""
    most = 90 if points.height <= FEW else 50
    texts = points["opens"].fill_null("").str.slice(0, most).str.replace_all("\n", " ").to_list()
    words = base64.b64encode(gzip.compress("\n".join(texts).encode(), 1)).decode()
    return {
        "x": _bytes(points["x"], "<f4"),
        "y": _bytes(points["y"], "<f4"),
        "kind": _bytes(kinds, "u1"),
        "texts": words,
    }


def scatter(
    points: Mapping[str, str],
    height: int,
    *,
    names: Sequence[str],
    colours: Sequence[str],
    lasso: Line,
    picked: int,
    label: str,
    ink: tuple[str, str],
    on_lasso: Callable[[Line], None],
    on_pick: Callable[[int], None],
    key: str,
    content: str,
) -> None:
    """Draw ``height`` points as ``packed`` gives them; a kind is a place in ``names`` and ``colours``.

    ``content`` tells one picture from another: while it is the same, points aren't drawn anew.
    """

    def took_line() -> None:
        line = st.session_state[key].lasso
        if isinstance(line, list):
            on_lasso(line)

    def took_point() -> None:
        place = st.session_state[key].pick
        if isinstance(place, int | float) and 0 <= int(place) < height:
            on_pick(int(place))

    _draw(
        key=key,
        data={
            **points,
            "names": list(names),
            "colours": list(colours),
            "map": key,
            "key": content,
            "accent": ink[0],
            "ink": ink[1],
        },
        on_lasso_change=took_line,
        on_pick_change=took_point,
    )
    _tell(key=f"{key}_marks", data={"key": content, "lasso": lasso, "picked": picked, "label": label})


def inside(x: pl.Series, y: pl.Series, line: Line) -> pl.Series:
    """Whether each point lies inside a closed line, by the even-odd rule."""
    px, py = x.to_numpy(), y.to_numpy()
    within = np.zeros(len(px), dtype=bool)
    corners = np.asarray(line, dtype=float)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay == by:
            continue
        crosses = (ay > py) != (by > py)
        within ^= crosses & (px < (bx - ax) * (py - ay) / (by - ay) + ax)
    return pl.Series("inside", within)
