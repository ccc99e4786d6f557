"""A button that saves a chart as a PNG, made in the browser from what is drawn, on the paper of the theme in use."""

from __future__ import annotations

import re

import streamlit as st

FONTS = {
    "Commissioner": "app/static/commissioner-latin-wght-normal.woff2",
    "JetBrains Mono": "app/static/jetbrains-mono-latin-wght-normal.woff2",
}
JS = """
const EDGE = 24, SCALE = 2;
async function fontStyle(fonts) {  // an SVG that is an image sees none of the page's fonts, so it takes its own along
  const rules = await Promise.all(Object.entries(fonts).map(async ([name, url]) => {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer()); let text = "";
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return `@font-face{font-family:"${name}";font-weight:100 900;src:url(data:font/woff2;base64,${btoa(text)})}`; }));
  return rules.join("");
}
async function drawn(box, fonts) {
  const canvas = box.querySelector("canvas");
  if (canvas) return [canvas, canvas.width, canvas.height];
  const svg = box.querySelector("svg.marks"), { width, height } = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true), style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = await fontStyle(fonts); copy.prepend(style);
  copy.setAttribute("width", width * SCALE); copy.setAttribute("height", height * SCALE);
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
  await image.decode();
  return [image, width * SCALE, height * SCALE];
}
export default function ({ parentElement, data }) {
  let button = parentElement.querySelector("button");
  if (!button) { button = document.createElement("button"); button.className = "tw-plain"; parentElement.appendChild(button); }
  button.textContent = "PNG"; button.title = "This chart as a picture"; button.setAttribute("aria-label", `PNG of ${data.name}`);
  button.onclick = async () => {
    const [picture, width, height] = await drawn(document.querySelector(`.st-key-${data.chart}`), data.fonts);
    const sheet = document.createElement("canvas"), pen = sheet.getContext("2d");
    sheet.width = width + 2 * EDGE; sheet.height = height + 2 * EDGE;
    pen.fillStyle = getComputedStyle(document.querySelector(".stApp")).backgroundColor;
    pen.fillRect(0, 0, sheet.width, sheet.height);
    pen.drawImage(picture, EDGE, EDGE, width, height);
    sheet.toBlob((blob) => {
      const link = document.createElement("a"); link.href = URL.createObjectURL(blob); link.download = `${data.name}.png`;
      link.click(); setTimeout(() => URL.revokeObjectURL(link.href), 5000);
    }, "image/png");
  };
}
"""
_draw = st.components.v2.component("tome_picture", js=JS, isolate_styles=False)


def png_button(box: str, name: str) -> None:
    """Draw the button for the chart that stands in the container with the key ``box``."""
    # as Streamlit writes a key into the class of its element
    chart = re.sub(r"[^a-zA-Z0-9_-]", "-", box.strip())
    _draw(data={"chart": chart, "name": name, "fonts": FONTS}, key=f"png_{box}", width="content")
