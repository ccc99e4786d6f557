"""The colours of the workbench, light and dark, and the fixed colours of categories."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

LIGHT = {
    "paper": "#FBFAF7", "raised": "#FFFFFF", "line": "#E4E0D8", "text": "#1E2227", "quiet": "#626A73",
    "accent": "#0B6E6E", "good": "#2E7D4F", "caution": "#B26A00", "bad": "#B3362B",
    "original": "#4C6A88", "repeat": "#A9B8C6", "augmented": "#D98E2B", "dropped": "#C9C3B8",
}  # fmt: skip
DARK = {
    "paper": "#14171A", "raised": "#1C2024", "line": "#2C3238", "text": "#E8E6E1", "quiet": "#9AA3AD",
    "accent": "#4FB8B0", "good": "#62B587", "caution": "#E0A243", "bad": "#E57F75",
    "original": "#8FB0CF", "repeat": "#55697C", "augmented": "#E5A951", "dropped": "#4A4F55",
}  # fmt: skip
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#B8A800", "#6B5B95")
"""Okabe and Ito's colours for the colour-blind, yellow and black toned so that they show on both papers."""
REST = "#9A9A94"
RUNS = {
    False: ("#0B6E6E", "#A8521B", "#5B4B9A", "#1F66A6", "#9B2F63", "#6F6200"),
    True: ("#4FB8B0", "#E5A951", "#B3A0E0", "#74B3E8", "#E58FB8", "#D3C255"),
}
"""Colours of runs on light and dark paper, the accent first; names are written in them, so each has a contrast of 4.5 or more."""


def dark() -> bool:
    """Whether the person's screen is dark now."""
    try:
        return st.context.theme.type == "dark"
    except Exception:  # outside a session there is no theme
        return False


def palette() -> dict[str, str]:
    """The colours of the theme in use."""
    return DARK if dark() else LIGHT


def category_colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each category, in a fixed order by name; past eight they are grey."""
    ordered = sorted(set(names))
    return {name: OKABE_ITO[place] if place < 8 else REST for place, name in enumerate(ordered)}
