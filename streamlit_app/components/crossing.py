"""Two columns at once: how rows spread over both, and the way from a cell to its rows."""

from __future__ import annotations

from typing import Any

import streamlit as st

from curation import browse, facets, findings
from curation.store import Version
from streamlit_app.components import charts, data, filters, mix, shell


def panel(version: Version, index: browse.Index) -> None:
    """The heat map of any two columns of a version; a cell leads to Explore with its filter in the address."""
    columns = [*facets.groupable(index), "length"]
    st.html("<h2 class='tw-h2'>Two columns at once</h2>")
    left, right = st.columns([1, 3.2], gap="large")
    with left:
        down = str(st.selectbox("Down", columns, format_func=mix.title, key="down", bind="query-params"))
        others = [name for name in columns if name != down]
        across = str(st.selectbox("Across", others, format_func=mix.title, key="across", bind="query-params",
                                  index=others.index("source") if "source" in others else 0))  # fmt: skip
        table = data.cross(version, across, down)
    says = findings.cross_finding(table, mix.title(across), mix.title(down))
    with right:
        shell.note(says)
        chosen = charts.draw(
            charts.heat(table, mix.title(across), mix.title(down)), says=says, data=table, rows=int(table["rows"].sum()),
            name=f"{version.manifest.name}-{down}-{across}", on_select="rerun",
        )  # fmt: skip
    cells = {
        f"{d} and {a} ({n:,})": (d, a)
        for d, a, n in table.sort("rows", descending=True).select("down", "across", "rows").iter_rows()
    }
    with left:
        named = st.selectbox(
            "Rows of a cell",
            list(cells),
            index=None,
            placeholder="choose or click",
            key=f"cell_{down}_{across}",
        )
        wanted = cells[named] if named else _clicked(chosen)
        if wanted:
            open_rows(version, {down: wanted[0], across: wanted[1]})


def _clicked(chosen: Any) -> tuple[str, str] | None:
    cell = chosen.selection.get("cell") if chosen else None
    return (cell[0]["down"], cell[0]["across"]) if cell else None


def open_rows(version: Version, values: dict[str, str]) -> None:
    """Go to Explore with these values as its filter."""
    st.switch_page("screens/explore.py", query_params={"version": version.id, **filters.address(values)})
