"""The workbench's entry: the pages in their three groups, the style, and the jobs that run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from streamlit_app.components.jobs_strip import jobs_strip
from streamlit_app.components.tokens import dark

# The pages are in screens: from a folder called pages, Streamlit would run one without this file.
HERE = Path(__file__).parent
PAGES = {
    "Data": [("Home", "home"), ("Ingest", "ingest"), ("Explore", "explore"), ("Map", "map")],
    "Shape": [("Balance", "balance"), ("Clean", "clean"), ("Augment", "augment"), ("Recipe", "recipe"), ("Versions", "versions")],
    "Model": [("Train", "train"), ("Compare", "compare"), ("Chat", "chat")],
}  # fmt: skip
ICONS = {
    "home": "home", "ingest": "download", "explore": "table_rows", "map": "bubble_chart", "balance": "balance", "clean": "mop",
    "augment": "library_add", "recipe": "list_alt", "versions": "history", "train": "model_training", "compare": "compare", "chat": "forum",
}  # fmt: skip

st.set_page_config(page_title="Tomewright", page_icon=str(HERE / "static" / "mark.svg"), layout="wide")
if dark():  # popovers stand outside of the element that Streamlit gives its scheme to
    st.html("<style>:root { color-scheme: dark; }</style>")
pages = {
    group: [
        st.Page(
            HERE / "screens" / f"{file}.py",
            title=title,
            url_path=file,
            default=file == "home",
            icon=f":material/{ICONS[file]}:",
        )
        for title, file in items
        if (HERE / "screens" / f"{file}.py").is_file()
    ]
    for group, items in PAGES.items()
}
page = st.navigation({group: found for group, found in pages.items() if found})
with st.sidebar:
    jobs_strip()
page.run()
