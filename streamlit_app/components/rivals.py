"""Two runs side by side: evaluation by category, the answers they gave to the same rows, and the way to those rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from curation.contract import RunInfo
from curation.findings import count
from streamlit_app.components import data, shell, tables, training_runs
from streamlit_app.components.rich_text import plain
from streamlit_app.components.tokens import category_colours


def by_category(a: Path, b: Path) -> pl.DataFrame:
    """The last evaluation of both: category, rows, before (a), after (b), change; empty where one has none."""
    last = [training_runs.by_category(training_runs.evaluations(folder)) for folder in (a, b)]
    if not all(frame.height for frame in last):
        return pl.DataFrame()
    both = (
        last[0]
        .select("category", "rows", before="after")
        .join(last[1].select("category", after="after"), on="category")
    )
    return both.with_columns(change=pl.col("after") - pl.col("before")).sort("before", descending=True)


def uneven(a: Path, b: Path) -> str | None:
    """That two runs were evaluated on different numbers of rows, so that their losses say less; null where they weren't."""
    sizes = [
        dict(
            training_runs.by_category(training_runs.evaluations(folder))
            .select("category", "rows")
            .iter_rows()
        )
        for folder in (a, b)
    ]
    if sizes[0] == sizes[1]:
        return None
    return (
        f"They were evaluated on different rows, {a.name} on {sizes[0].get('all', 0):,} and {b.name} on {sizes[1].get('all', 0):,}: "
        "a small difference of their losses says nothing."
    )


def finding(a: str, b: str, both: pl.DataFrame) -> str:
    """Which run is better overall and in how many categories."""
    if a == b:
        return "Choose two different runs."
    if both.is_empty():
        return f"{a} and {b} have no evaluation to compare."
    overall = both.filter(pl.col("category") == "all").to_dicts()[0]
    each = both.filter(pl.col("category") != "all")
    better = each.filter(pl.col("change") < 0).height
    return (
        f"{b} has an evaluation loss of {overall['after']:.3f}, {a} {overall['before']:.3f}; "
        f"{b} is better in {better} of {count(each.height, 'category', 'categories')}."
    )


def table(a: str, b: str, both: pl.DataFrame, info: RunInfo) -> None:
    """The losses as a table, and the evaluation rows of a category in Explore."""
    rows = [
        {**line, "before": f"{line['before']:.3f}", "after": f"{line['after']:.3f}", "change": f"{line['change']:+.3f}".replace("-", "\u2212")}
        for line in both.to_dicts()
    ]  # fmt: skip
    each = [line["category"] for line in rows if line["category"] != "all"]
    tables.table([("category", "Category", "category"), ("rows", "Evaluation rows", "figure"), ("before", a, "figure"), ("after", b, "figure"), ("change", "Change", "figure")],
                 rows, label="Evaluation loss by category", colours=category_colours(each))  # fmt: skip
    version = str(info.dataset.get("dataset_id", ""))
    here = {one.id for one in data.shelf()[0]}
    if version not in here:
        shell.note(
            f"The version that {b} was trained on, {version[:8]}, isn't in this store, so its rows can't be opened here."
        )
        return
    category = st.selectbox(
        "Rows of a category",
        each,
        index=None,
        placeholder="choose one to read its evaluation rows",
        key="compare_category",
        width=320,
    )
    if category:
        st.switch_page(
            "screens/explore.py",
            query_params={"version": version, "category": [str(category)], "split": ["eval"]},
        )


def curves(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The steps of several runs as one frame."""
    return pl.concat([frame.with_columns(run=pl.lit(name)) for name, frame in frames.items()])


def samples(folder: Path) -> dict[str, dict[str, Any]]:
    """What a run answered after training, by row; none where it wasn't asked or can't be read."""
    try:
        return {
            str(one["id"]): one for one in json.loads((folder / "samples.json").read_text(encoding="utf-8"))
        }
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def answers(a: tuple[Path, RunInfo], b: tuple[Path, RunInfo]) -> None:
    """The same evaluation rows, answered by both runs, beside the answer that stands in the data."""
    left, right = samples(a[0]), samples(b[0])
    both = [one for one in left if one in right]
    if not both:
        return
    st.html("<h2 class='tw-h2'>What they answered</h2>")
    version, here = str(b[1].dataset.get("dataset_id", "")), {one.id for one in data.shelf()[0]}
    for row in both[:5]:
        said = {
            "In the data": left[row].get("reference"),
            "Base": left[row].get("base"),
            a[0].name: left[row].get("tuned"),
            b[0].name: right[row].get("tuned"),
        }
        cells = "".join(
            f'<div><b>{plain(name)}</b><p dir="auto">{plain(str(text or "")[:800])}</p></div>'
            for name, text in said.items()
        )
        st.html(
            f'<article class="tw-answers"><header>{plain(str(left[row].get("question"))[:400])}</header><section>{cells}</section></article>'
        )
        if version in here:
            st.page_link(
                "screens/explore.py", label=f"Open row {row}", query_params={"version": version, "row": row}
            )
