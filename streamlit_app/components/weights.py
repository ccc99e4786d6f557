"""The shares of a mix, set by hand: a slider a category, or a table to type into; both always say the same."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from curation import balance
from streamlit_app.components.shell import label


def by_hand(by: str, rows: pl.DataFrame) -> dict[str, float]:
    """Draw the sliders or the table, and give a weight for every category; the parts are divided by their sum."""
    group = pl.col(by).cast(pl.String).fill_null(balance.NONE).alias("group")
    counts = dict(rows.filter(pl.col("split") == "train").group_by(group).len().sort("len", "group", descending=[True, False]).iter_rows())  # fmt: skip
    total = sum(counts.values()) or 1
    held: dict[str, float] = st.session_state.setdefault(f"parts_{by}", {})
    for name, size in counts.items():
        held.setdefault(name, round(100 * size / total, 1))
    parts = {name: held[name] for name in counts}
    way = st.segmented_control(
        "Set shares with", ["sliders", "a table"], default="sliders", required=True, key="weights_way"
    )
    if way == "sliders":
        for place, name in enumerate(parts):
            key = f"part_{by}_{place}"
            st.session_state[key] = min(100.0, round(2 * parts[name]) / 2)
            st.slider(
                label(str(name)),
                0.0,
                100.0,
                step=0.5,
                format="%.1f",
                key=key,
                on_change=_slid,
                args=(by, name, key),
            )
    else:
        _table(by, parts)
    parts = {name: held[name] for name in counts}
    return shares(parts)


def shares(parts: dict[str, float]) -> dict[str, float]:
    """Parts as shares that sum to 1 exactly, six decimals each; all equal where every part is 0."""
    whole = sum(parts.values())
    weights = {name: round(part / whole if whole else 1 / len(parts), 6) for name, part in parts.items()}
    if weights:
        largest = max(weights, key=lambda name: weights[name])
        weights[largest] = round(weights[largest] + 1 - sum(weights.values()), 6)
    return weights


def _slid(by: str, name: str, key: str) -> None:
    st.session_state[f"parts_{by}"][name] = float(st.session_state[key])


def _table(by: str, parts: dict[str, float]) -> None:
    key = f"weights_{by}_{st.session_state.setdefault('weights_turn', 0)}"
    frame = pl.DataFrame({"Category": list(parts), "Part": list(parts.values())})

    def typed() -> None:
        edited: dict[Any, dict[str, Any]] = st.session_state[key]["edited_rows"]
        names = list(parts)
        for place, change in edited.items():
            if (part := change.get("Part")) is not None:
                st.session_state[f"parts_{by}"][names[int(place)]] = max(0.0, float(part))
        st.session_state["weights_turn"] += 1  # the next table starts from what stands here now

    st.data_editor(
        frame, key=key, hide_index=True, disabled=["Category"], on_change=typed, width="stretch",
        alt="The part of each category in the mix; the last column can be edited",
        column_config={"Part": st.column_config.NumberColumn(min_value=0, width=76, format="%.4g", help="Any number; shares are parts over their sum.")},
    )  # fmt: skip
