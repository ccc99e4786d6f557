"""Our own HTML with MathML in the page. It is checked a second time in the browser, before anything is drawn.

Streamlit's own HTML element takes MathML away; this one keeps it, and removes every other tag or attribute
that isn't on the list below while the nodes are still inert, so that nothing can load or run.
"""

from __future__ import annotations

import streamlit as st

JS = """
const TAGS = new Set(("div span p b i em small code pre details summary section header mark del ins ol ul li " +
  "table thead tbody tr th td h3 time math mrow mi mn mo ms mtext mspace msup msub msubsup mfrac msqrt mroot mover munder " +
  "munderover mtable mtr mtd menclose mpadded mphantom mstyle mmultiscripts mprescripts none").split(" "));
const NAMES = new Set(("class title dir open aria-label display stretchy fence separator lspace rspace width " +
  "height depth accent accentunder mathvariant columnalign rowspacing columnspacing linethickness minsize " +
  "tabindex maxsize movablelimits form notation colspan").split(" "));
function clean(node) {
  for (const child of [...node.children]) {
    if (!TAGS.has(child.localName)) { child.replaceWith(document.createTextNode(child.outerHTML)); continue; }
    for (const attribute of [...child.attributes]) if (!NAMES.has(attribute.name)) child.removeAttribute(attribute.name);
    clean(child);
  }
}
export default function ({ parentElement, data }) {
  const inert = document.createElement("template");
  inert.innerHTML = data;
  clean(inert.content);
  let box = parentElement.querySelector(".tw-safe");
  if (!box) { box = document.createElement("div"); box.className = "tw-safe"; parentElement.appendChild(box); }
  box.replaceChildren(document.importNode(inert.content, true));
}
"""
_draw = st.components.v2.component("tome_safe_html", js=JS, isolate_styles=False)


def safe_html(body: str, *, key: str) -> None:
    """Draw HTML that ``rich_text`` or ``conversation`` made."""
    _draw(data=body, key=key)
