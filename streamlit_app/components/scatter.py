"""The map of a version: every row a point on one canvas; wheel to zoom, drag to draw a line around points, click to read.

Three components make it, so that what is small never waits for what is large, and nothing travels twice:

    points   a header (JSON), then x and y on a grid of 65,536 steps (uint16) and each one's kind (uint8), as they are: five bytes a row
    words    the first words of each row for the hover, compressed; sent after all else of the page
    marks    the line and the point that is read

The points are painted once for each view, into pixels of their own; the line moves over that picture. What is inside the
line is worked out on the server.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import streamlit as st

POINTS = """
export default function ({ parentElement, data, setTriggerValue }) {
  let canvas = parentElement.querySelector("canvas");
  if (!canvas) { canvas = document.createElement("canvas"); canvas.className = "tw-map"; canvas.tabIndex = 0; canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "Map of conversations");
    parentElement.appendChild(canvas); const tip = document.createElement("div"); tip.className = "tw-tip"; parentElement.appendChild(tip);
    parentElement.classList.add("tw-map-box"); }
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true), head = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  if (canvas.dataset.drawn === head.key) return;
  const n = head.rows, body = data.slice(4 + length).buffer;  // a copy, so that the numbers stand at even places
  const gx = new Uint16Array(body, 0, n), gy = new Uint16Array(body, 2 * n, n), kinds = new Uint8Array(body, 4 * n, n);
  const tip = parentElement.querySelector(".tw-tip"), [x0, y0] = head.from, [dx, dy] = head.step;
  const W = canvas.clientWidth, H = canvas.clientHeight, R = window.devicePixelRatio || 1;
  canvas.width = Math.round(W * R); canvas.height = Math.round(H * R);
  const ctx = canvas.getContext("2d"), picture = ctx.createImageData(canvas.width, canvas.height), pixels = picture.data;
  const rgb = (hex) => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
  const colours = head.colours.map(rgb), [pr, pg, pb] = rgb(head.raised), empty = new Uint32Array(new Uint8Array([pr, pg, pb, 255]).buffer)[0];
  const farX = Math.max(dx * 65535, 1e-6), farY = Math.max(dy * 65535, 1e-6), fit = 0.94 * Math.min(W / farX, H / farY);
  const home = { k: fit, x: W / 2 - fit * (x0 + farX / 2), y: H / 2 + fit * (y0 + farY / 2) };
  let view = parentElement._view && parentElement._map === head.map ? parentElement._view : { ...home };
  parentElement._map = head.map;
  const px = (i) => view.x + view.k * (x0 + dx * gx[i]), py = (i) => view.y - view.k * (y0 + dy * gy[i]);
  const sizeNow = () => Math.max(1.6, Math.min(5, 90 / Math.sqrt(n) * Math.sqrt(view.k / fit) * 2));
  let lasso = [], picked = -1, drawing = null, from = null, painted = null, asked = false;
  function paint() {  // all points of this view, into pixels; each lets some of what lies below it through, so that crowds are darker
    new Uint32Array(pixels.buffer).fill(empty);
    const many = n > 20000, side = Math.max(1, Math.round((many ? 1 : 2) * sizeNow() * R)), half = (side - 1) / 2, round = many ? Infinity : side * side / 4;
    const a = many ? 0.4 : 0.8, b = 1 - a, wide = canvas.width, high = canvas.height;
    for (let i = 0; i < n; i++) {
      const left = Math.round(px(i) * R - half), top = Math.round(py(i) * R - half);
      if (left + side < 0 || top + side < 0 || left >= wide || top >= high) continue;
      const [cr, cg, cb] = colours[kinds[i]];
      for (let y = Math.max(0, top); y < Math.min(high, top + side); y++) for (let x = Math.max(0, left); x < Math.min(wide, left + side); x++) {
        if ((x - left - half) ** 2 + (y - top - half) ** 2 > round) continue;
        const at = 4 * (y * wide + x);
        pixels[at] = a * cr + b * pixels[at]; pixels[at + 1] = a * cg + b * pixels[at + 1]; pixels[at + 2] = a * cb + b * pixels[at + 2]; }
    }
    painted = { ...view };
  }
  function draw() {
    parentElement._view = view;
    if (!painted || painted.k !== view.k || painted.x !== view.x || painted.y !== view.y) paint();
    ctx.setTransform(1, 0, 0, 1, 0, 0); ctx.putImageData(picture, 0, 0); ctx.setTransform(R, 0, 0, R, 0, 0);
    const line = drawing || lasso.map(([x, y]) => [view.x + view.k * x, view.y - view.k * y]);
    if (line.length > 1) { ctx.beginPath(); line.forEach(([x, y], i) => i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)); ctx.closePath();
      ctx.strokeStyle = head.accent; ctx.lineWidth = 1.6; ctx.stroke(); ctx.globalAlpha = 0.08; ctx.fillStyle = head.accent; ctx.fill(); ctx.globalAlpha = 1; }
    if (picked >= 0) { ctx.beginPath(); ctx.arc(px(picked), py(picked), sizeNow() + 4, 0, 7); ctx.strokeStyle = head.ink; ctx.lineWidth = 2; ctx.stroke(); }
  }
  const soon = () => { if (asked) return; asked = true; requestAnimationFrame(() => { asked = false; draw(); }); };
  const place = (e) => { const r = canvas.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };
  const near = ([x, y]) => { let best = -1, far = 64; for (let i = 0; i < n; i++) { const d = (px(i) - x) ** 2 + (py(i) - y) ** 2; if (d < far) { far = d; best = i; } } return best; };
  const there = ([x, y]) => [(x - view.x) / view.k, (view.y - y) / view.k];
  const circle = (corners) => { lasso = corners.map(there); setTriggerValue("lasso", lasso); };
  const nearer = ([x, y], by) => { const k = Math.max(fit * 0.8, Math.min(fit * 60, view.k * by)), f = k / view.k; view = { k, x: x - (x - view.x) * f, y: y - (y - view.y) * f }; soon(); };
  const again = () => { view = { ...home }; lasso = []; setTriggerValue("lasso", []); soon(); };
  canvas.onpointerdown = (e) => { from = place(e); drawing = null; canvas.setPointerCapture(e.pointerId); };
  canvas.onpointermove = (e) => { const at = place(e);
    if (from) { if (drawing || Math.hypot(at[0] - from[0], at[1] - from[1]) > 5) { (drawing = drawing || [from]).push(at); tip.style.display = "none"; soon(); } return; }
    const i = near(at); tip.style.display = i < 0 ? "none" : "block";
    if (i >= 0) { const words = parentElement._words?.[i]; tip.textContent = head.names[kinds[i]] + (words ? ": " + words : ""); tip.style.left = Math.min(at[0] + 12, W - 280) + "px"; tip.style.top = at[1] + 12 + "px"; } };
  canvas.onpointerup = (e) => { const at = place(e);
    if (drawing && drawing.length > 2) circle(drawing);
    else if (from) { const i = near(at); if (i >= 0) setTriggerValue("pick", i); }
    from = drawing = null; soon(); };
  canvas.onpointerleave = () => { tip.style.display = "none"; };
  canvas.onwheel = (e) => { e.preventDefault(); nearer(place(e), Math.exp(-e.deltaY * 0.0015)); };
  canvas.ondblclick = again;
  canvas.onkeydown = (e) => { if (e.ctrlKey || e.metaKey || e.altKey) return;
    const move = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key], by = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 }[e.key];
    if (move) { view = { ...view, x: view.x + 40 * move[0], y: view.y + 40 * move[1] }; soon(); }
    else if (by) nearer([W / 2, H / 2], by);
    else if (e.key === "Enter") { circle([[0, 0], [W, 0], [W, H], [0, H]]); soon(); }
    else if (e.key === "Escape") again();
    else return;
    e.preventDefault(); };
  canvas.told = (line, point) => { lasso = line; picked = point; draw(); };
  draw(); canvas.dataset.drawn = head.key;
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
WORDS = """
export default function ({ data }) {
  new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"))).text().then(all => {
    const give = (tries) => { const box = document.querySelector("canvas.tw-map")?.parentElement;
      if (box) box._words = all.split("\\n"); else if (tries) requestAnimationFrame(() => give(tries - 1)); };
    give(600); });
}
"""
_points = st.components.v2.component("tome_map", js=POINTS, isolate_styles=False)
_marks = st.components.v2.component("tome_map_marks", js=MARKS, isolate_styles=False)
_words = st.components.v2.component("tome_map_words", js=WORDS, isolate_styles=False)
FEW = 20_000
"""Up to so many points carry 90 of their first characters for the hover, more of them 50."""
STEPS = 65_535
"""The finest place on the grid: a third of a pixel at the nearest view of a map 520 pixels high."""
Line = list[list[float]]


def _grid(values: pl.Series) -> tuple[bytes, float, float]:
    """Numbers on a grid of ``STEPS`` (uint16), where it begins, and the length of a step."""
    given = values.to_numpy().astype(np.float64)
    low, high = (float(given.min()), float(given.max())) if given.size else (0.0, 0.0)
    step = (high - low) / STEPS
    return np.rint((given - low) / (step or 1.0)).astype("<u2").tobytes(), low, step


def packed(points: pl.DataFrame, **head: object) -> bytes:
    """The points (x, y, kind) as they travel; ``head`` goes into the header."""
    (xs, x, dx), (ys, y, dy) = _grid(points["x"]), _grid(points["y"])
    told = json.dumps({**head, "rows": points.height, "from": [x, y], "step": [dx, dy]}).encode()
    kinds = points["kind"].to_numpy().astype("u1").tobytes()
    return len(told).to_bytes(4, "little") + told + xs + ys + kinds


def packed_words(opens: pl.Series) -> bytes:
    """The first words of each point, a line each, compressed."""
    most = 90 if len(opens) <= FEW else 50
    lines = opens.fill_null("").str.slice(0, most).str.replace_all(r"[\r\n]", " ")
    return gzip.compress("\n".join(lines.to_list()).encode(), 1)


def scatter(
    points: bytes,
    height: int,
    *,
    content: str,
    lasso: Line,
    picked: int,
    label: str,
    on_lasso: Callable[[Line], None],
    on_pick: Callable[[int], None],
    key: str,
) -> None:
    """Draw ``height`` points as ``packed`` gives them; its header has names and colours (of kinds), accent, ink, raised, map and key.

    ``content`` is the header's key, which tells one picture from another: while it is the same, points aren't drawn anew.
    """

    def took_line() -> None:
        line = st.session_state[key].lasso
        if isinstance(line, list):
            on_lasso(line)

    def took_point() -> None:
        place = st.session_state[key].pick
        if isinstance(place, int | float) and 0 <= int(place) < height:
            on_pick(int(place))

    _points(key=key, data=points, on_lasso_change=took_line, on_pick_change=took_point)
    _marks(key=f"{key}_marks", data={"key": content, "lasso": lasso, "picked": picked, "label": label})


def words(lines: bytes, *, key: str) -> None:
    """Give the points of the map on this page their first words, as ``packed_words`` gives them."""
    _words(key=f"{key}_words", data=lines)


def inside(x: pl.Series, y: pl.Series, line: Sequence[Sequence[float]]) -> pl.Series:
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
