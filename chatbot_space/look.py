"""The look: calm paper, dense facts, one accent. The same values as the workbench, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parent / "assets"

LIGHT = {
    "background": "#FBFAF7", "raised": "#FFFFFF", "line": "#E4E0D8", "text": "#1E2227", "quiet": "#626A73",
    "accent": "#0B6E6E", "accent-strong": "#095757", "on-accent": "#FFFFFF", "accent-soft": "#E3EEEC",
    "good": "#2E7D4F", "caution": "#955800", "bad": "#B3362B",
    "original": "#4C6A88", "repeat": "#A9B8C6", "augmented": "#D98E2B",
}  # fmt: skip
DARK = {
    "background": "#14171A", "raised": "#1C2024", "line": "#2C3238", "text": "#E8E6E1", "quiet": "#9AA3AD",
    "accent": "#4FB8B0", "accent-strong": "#7ACFC8", "on-accent": "#10201F", "accent-soft": "#1B302F",
    "good": "#62B587", "caution": "#E0A243", "bad": "#E57F75",
    "original": "#8FB0CF", "repeat": "#55697C", "augmented": "#E5A951",
}  # fmt: skip

CATEGORY = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "var(--text)")
"""Okabe and Ito's colours (2008), given to categories in a fixed order by name; past eight, grey.
The eighth, black, is the text's colour, so that it shows on dark paper too."""

SANS = "'Commissioner', 'Source Sans 3', system-ui, sans-serif"
MONO = "'JetBrains Mono', ui-monospace, monospace"


ICONS = {
    "side": "<rect x='3' y='4' width='18' height='16' rx='3'/><path d='M9 4v16'/>",
    "close": "<path d='M6 6l12 12M18 6L6 18'/>",
    "tune": "<path d='M4 7h9M18 7h2M4 17h2M11 17h9'/><circle cx='15.5' cy='7' r='2.5'/><circle cx='8.5' cy='17' r='2.5'/>",
}
"""The icons of our own buttons: strokes in a box of 24, drawn by CSS as masks."""


def _icon(drawn: str) -> str:
    from urllib.parse import quote

    svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='#000' stroke-width='1.6' stroke-linecap='round'>{drawn}</svg>"
    return f'url("data:image/svg+xml,{quote(svg)}")'


def category_colour(name: str, names: list[str]) -> str:
    """The colour of a category among all of them."""
    place = sorted(names).index(name) if name in names else len(CATEGORY)
    return CATEGORY[place] if place < len(CATEGORY) else "var(--quiet)"


def css() -> str:
    """The whole style sheet: the tokens for both modes, the fonts, and ``assets/chat.css``."""

    def tokens(values: dict[str, str]) -> str:
        return "".join(f"--{name}:{value};" for name, value in values.items())

    fonts = "".join(
        f"@font-face{{font-family:'{family}';font-weight:{weights};font-display:swap;"
        f"src:url('/assets/fonts/{file}') format('woff2');unicode-range:{ranges}}}"
        for family, weights, file, ranges in _FONTS
    )
    icons = "".join(f"--icon-{name}:{_icon(drawn)};" for name, drawn in ICONS.items())
    head = f":root{{{tokens(LIGHT)}--sans:{SANS};--mono:{MONO};{icons}}}.dark{{{tokens(DARK)}}}"
    return fonts + head + (ASSETS / "chat.css").read_text(encoding="utf-8")


def frame_css() -> str:
    """The part of the style that goes into the page's head."""
    return (ASSETS / "frame.css").read_text(encoding="utf-8")


_LATIN = "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
_LATIN_EXT = "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2C60-2C7F,U+A720-A7FF"
_FONTS = [
    ("Commissioner", "100 900", "commissioner-latin-wght-normal.woff2", _LATIN),
    ("Commissioner", "100 900", "commissioner-latin-ext-wght-normal.woff2", _LATIN_EXT),
    ("Commissioner", "100 900", "commissioner-greek-wght-normal.woff2", "U+0370-03FF"),
    ("Commissioner", "100 900", "commissioner-cyrillic-wght-normal.woff2", "U+0301,U+0400-045F,U+0490-0491,U+04B0-04B1,U+2116"),
    ("JetBrains Mono", "100 800", "jetbrains-mono-latin-wght-normal.woff2", _LATIN),
    ("JetBrains Mono", "100 800", "jetbrains-mono-latin-ext-wght-normal.woff2", _LATIN_EXT),
]  # fmt: skip


def theme() -> Any:
    """The Gradio theme: every colour is one of ours, by name, so light and dark come from the style sheet."""
    import gradio as gr

    base = gr.themes.Base(
        font=["Commissioner", "system-ui", "sans-serif"],
        font_mono=["JetBrains Mono", "ui-monospace", "monospace"],
        radius_size=gr.themes.sizes.radius_sm,
        text_size=gr.themes.Size("11px", "12px", "13px", "15px", "20px", "20px", "28px", name="ours"),
    )
    both = {
        "body_background_fill": "background", "body_text_color": "text", "body_text_color_subdued": "quiet",
        "background_fill_primary": "raised", "background_fill_secondary": "background",
        "border_color_primary": "line", "border_color_accent": "accent", "border_color_accent_subdued": "line",
        "link_text_color": "accent", "link_text_color_hover": "accent-strong", "link_text_color_visited": "accent",
        "link_text_color_active": "accent-strong", "color_accent_soft": "accent-soft", "code_background_fill": "background",
        "block_background_fill": "raised", "block_border_color": "line", "block_label_background_fill": "raised",
        "block_label_border_color": "line", "block_label_text_color": "quiet", "block_title_text_color": "text",
        "block_info_text_color": "quiet", "panel_background_fill": "background", "panel_border_color": "line",
        "accordion_text_color": "text", "table_text_color": "text", "table_border_color": "line",
        "checkbox_background_color": "raised", "checkbox_background_color_selected": "accent",
        "checkbox_border_color": "quiet", "checkbox_border_color_selected": "accent", "checkbox_border_color_focus": "accent",
        "checkbox_label_background_fill": "raised", "checkbox_label_background_fill_hover": "accent-soft",
        "checkbox_label_background_fill_selected": "accent-soft", "checkbox_label_border_color": "line",
        "checkbox_label_text_color": "text", "checkbox_label_text_color_selected": "text",
        "error_background_fill": "raised", "error_border_color": "bad", "error_text_color": "bad", "error_icon_color": "bad",
        "input_background_fill": "raised", "input_background_fill_focus": "raised", "input_border_color": "line",
        "input_border_color_focus": "accent", "input_placeholder_color": "quiet", "slider_color": "accent",
        "loader_color": "accent", "button_primary_background_fill": "accent",
        "button_primary_background_fill_hover": "accent-strong", "button_primary_border_color": "accent",
        "button_primary_text_color": "on-accent", "button_primary_text_color_hover": "on-accent",
        "button_secondary_background_fill": "raised", "button_secondary_background_fill_hover": "accent-soft",
        "button_secondary_border_color": "line", "button_secondary_text_color": "text",
        "button_cancel_background_fill": "raised", "button_cancel_text_color": "bad", "button_cancel_border_color": "line",
    }  # fmt: skip
    values: dict[str, str] = {}
    for name, ours in both.items():
        for key in (name, f"{name}_dark"):
            values[key] = f"var(--{ours})"
    known = set(dir(base))
    values = {key: value for key, value in values.items() if key in known}
    return base.set(
        **values, shadow_drop="none", shadow_drop_lg="none", block_shadow="none", block_border_width="1px",
        block_label_shadow="none", input_shadow="none", input_shadow_focus="none", color_accent="var(--accent)",
        button_primary_shadow="none", button_secondary_shadow="none", button_transition="background 120ms",
    )  # fmt: skip
