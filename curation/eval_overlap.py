"""Rows from feedback against the evaluation rows of the run that they are about: same words, or nearly the same question.

People ask a chatbot what its starting screen shows, and that comes from the evaluation rows; a model repeats what it
knows. So before such a row may train, its turns are compared with every evaluation row's question and answer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from curation.contract import ContractError, ExportInfo, Home, RunInfo
from curation.errors import InputError, StoreError
from curation.minhash import bands_for, near_pairs
from curation.overlap import find_overlap
from curation.rows import text_of
from curation.steps.split import EVAL
from curation.store import Store
from curation.testsets import Item

NGRAM, SHORTEST, SHARE = 13, 8, 0.2
"""As ``contamination`` and ``decontaminate`` have it: words in a run, fewest words of a text, share that is too much."""
SHINGLE, NEAR, PERMUTATIONS = 5, 0.7, 128
"""As ``near_dup`` has it: words in a shingle, and the Jaccard similarity from which on two questions are the same."""
COLUMNS: dict[str, pl.DataType] = {
    "feedback.eval_row": pl.String(),
    "feedback.eval_part": pl.String(),
    "feedback.eval_share": pl.Float64(),
    "feedback.eval_match": pl.String(),
    "feedback.eval_near": pl.Float64(),
}
WORDS = ("feedback.eval_row", "feedback.eval_part", "feedback.eval_share", "feedback.eval_match")


def eval_rows(run: RunInfo, home: Home) -> pl.DataFrame:
    """The evaluation rows (id, messages) of the version that a run was trained on: from the store, else its export.

    Raises InputError where neither is here any more.
    """
    wanted, name = (str(run.dataset.get(key) or "") for key in ("dataset_id", "name"))
    try:
        version = Store(home).get(wanted)
        if version.id == wanted:
            return version.scan().filter(pl.col("split") == EVAL).select("id", "messages").collect()
    except StoreError:
        pass  # the export has them too
    for folder in (Path(str(run.dataset.get("path") or "")), home.exports / name):
        try:
            known = ExportInfo.read(folder).dataset_id == wanted
        except ContractError:
            continue
        if known and (folder / "eval.parquet").is_file():
            return pl.read_parquet(folder / "eval.parquet", columns=["id", "messages"], glob=False)
    raise InputError(
        f"the evaluation rows of its dataset {name} ({wanted}) aren't here, so nobody can tell which remarks repeat them",
        where=f"run {run.run_id}",
        mend=f"Bring back that version or its export: {home.exports / name}.",
    )


def overlap(messages: pl.Series, held_out: pl.DataFrame) -> pl.DataFrame:
    """What each conversation shares with evaluation rows, as ``COLUMNS``; null where that is too little to matter.

    ``feedback.eval_row`` is the evaluation row's id and ``feedback.eval_part`` its question or its answer;
    ``feedback.eval_share`` the share of that text's n-grams in the conversation (0 to 1) and
    ``feedback.eval_match`` the longest text in common; ``feedback.eval_near`` the Jaccard similarity of two questions.
    """
    rows = pl.DataFrame({"row": pl.int_range(messages.len(), eager=True)})
    if not held_out.height:
        return pl.DataFrame(schema=COLUMNS).clear(messages.len())
    for found in (_same_words(messages, held_out), _near_questions(messages, held_out)):
        rows = rows.join(found, on="row", how="left", maintain_order="left")
    near = pl.col("feedback.eval_row").is_null() & pl.col("near_row").is_not_null()
    return rows.with_columns(
        pl.coalesce("feedback.eval_row", "near_row").alias("feedback.eval_row"),
        pl.when(near).then(pl.lit("question")).otherwise("feedback.eval_part").alias("feedback.eval_part"),
    ).select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())


def _same_words(messages: pl.Series, held_out: pl.DataFrame) -> pl.DataFrame:
    """Runs of words in common, from SHARE of the text on; an evaluation row has two texts, asked and answered."""
    texts = held_out.select("id", question=text_of(roles=["user"]), answer=text_of(roles=["assistant"]))
    sides = texts.unpivot(index="id", variable_name="part", value_name="text")
    items = [Item(part, place, text) for place, (_, part, text) in enumerate(sides.iter_rows())]
    found = find_overlap(messages, items, NGRAM, SHORTEST, lambda _done, _of: None)
    ids = sides["id"].gather(found["item"])
    frame = found.select("row", "benchmark", "overlap", "match").insert_column(1, ids)
    frame = frame.rename(dict(zip(frame.columns[1:], WORDS, strict=True)))
    return frame.filter(pl.col("feedback.eval_share") >= SHARE)


def _near_questions(messages: pl.Series, held_out: pl.DataFrame) -> pl.DataFrame:
    """For each row the evaluation row with the question most like one of its own, from NEAR on."""
    ours, theirs = _questions(messages), _questions(held_out["messages"])
    texts = pl.concat([theirs["text"], ours["text"]])
    pairs = near_pairs(
        texts, np.ones(texts.len(), dtype=np.int64), size=SHINGLE, threshold=NEAR, permutations=PERMUTATIONS,
        bands=bands_for(NEAR, PERMUTATIONS), seed=0,
    )  # fmt: skip
    # texts that are equal are paired with the first of them alone: it stands for all
    first = np.arange(texts.len())
    same = pairs.similarity == 1
    np.minimum.at(first, pairs.right[same], pairs.left[same])
    first = first[first[first]]
    left, right = first[pairs.left], first[pairs.right]
    near = pl.DataFrame(
        {
            "a": np.concatenate((left, right, first)),
            "b": np.concatenate((right, left, first)),
            "feedback.eval_near": np.concatenate((pairs.similarity, pairs.similarity, np.ones(first.size))),
        }
    ).unique(["a", "b"])
    owners = held_out["id"].gather(theirs["row"])
    left_side = pl.DataFrame({"row": ours["row"], "a": first[theirs.height :]})
    right_side = pl.DataFrame({"near_row": owners, "b": first[: theirs.height]})
    return (
        left_side.join(near, on="a")
        .join(right_side, on="b")
        .sort("row", "feedback.eval_near", "near_row", descending=[False, True, False])
        .unique("row", keep="first", maintain_order=True)
        .select("row", "near_row", "feedback.eval_near")
    )


def _questions(messages: pl.Series) -> pl.DataFrame:
    """Each user turn (text) beside its row's place; later turns from SHINGLE words on, since "Yes, please." is nobody's."""
    turns = (
        pl.DataFrame({"row": pl.int_range(messages.len(), eager=True), "turn": messages})
        .explode("turn")
        .unnest("turn")
        .filter(pl.col("role") == "user")
        .with_columns(later=pl.int_range(pl.len()).over("row") > 0)
    )
    words = turns["content"].str.split(" ").list.len()
    return turns.filter(~pl.col("later") | (words >= SHINGLE)).select("row", text="content")
