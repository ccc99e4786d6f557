"""The pre-flight: what stops a run, what is only counted, and that truncation keeps whole turns."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trainworld
from hypothesis import given
from hypothesis import strategies as st
from trainworld import CHATML, LLAMA3, make_export, make_model, prepared, some_rows, talk

from curation.contract import Home
from training.data import open_export
from training.errors import DataError, ModelError
from training.models import resolve_base
from training.preflight import Preflight, check_row, span_ends, truncate
from training.template import IGNORE


def test_rows_become_ids_and_labels_in_the_exports_order(home: Home, model: Path) -> None:
    done = prepared(home, model)
    table = done.table("train")
    assert table["id"].to_pylist() == [f"r{n}" for n in range(24)]
    assert done.reports["train"].kept == 24
    assert table["category"].to_pylist()[:2] == ["legal", "maths"]
    row = table.slice(2, 1).to_pylist()[0]
    tokenizer = trainworld.make_tokenizer()
    assert tokenizer.decode([label for label in row["labels"] if label != IGNORE]) == "0 1 2<|im_end|>"
    assert len(row["input_ids"]) == len(row["labels"]) == row["length"]
    assert done.reports["train"].tokens == sum(table["length"].to_pylist())


def test_prepared_rows_are_found_again_and_depend_on_the_length(home: Home, model: Path) -> None:
    first = prepared(home, model)
    stamp = (first.folder / "train.arrow").stat().st_mtime_ns
    assert prepared(home, model).folder == first.folder
    assert (first.folder / "train.arrow").stat().st_mtime_ns == stamp
    assert prepared(home, model, max_length=256).folder != first.folder


def test_too_long_rows_keep_whole_turns_or_are_dropped_and_counted(home: Home, model: Path) -> None:
    rows = [("two", talk("a", "b", "c", "d" * 300), "x"), ("none", talk("a", "b" * 300), "x"), *some_rows(3)]
    make_export(home.exports / "small", rows, some_rows(2, "e"))
    done = prepared(home, model, max_length=100)
    table = done.table("train")
    assert table["id"].to_pylist() == ["two", "r0", "r1", "r2"]
    labels = [label for label in table["labels"][0].as_py() if label != IGNORE]
    assert trainworld.make_tokenizer().decode(labels) == "b<|im_end|>"
    warnings = done.reports["train"].warnings
    assert warnings["rows truncated to whole turns"] == 1
    assert warnings["rows dropped, no whole answer fits"] == 1
    lengths = {"two": 345, "none": 322}  # a token per letter, with the four markers of each turn
    kept = table["length"][0].as_py()
    assert warnings["tokens lost to max_length"] == lengths["two"] - kept + lengths["none"]


def test_rows_without_an_answer_stop_the_run_and_are_named(home: Home, model: Path) -> None:
    make_export(home.exports / "small", [("bad", talk("only a question"), "x"), *some_rows(3)], some_rows(2))
    with pytest.raises(DataError, match=r"no supervised tokens: 1 of 4 rows \(bad\)"):
        prepared(home, model)


def test_rows_that_the_template_refuses_stop_the_run(home: Home, tmp_path: Path) -> None:
    gemma = make_model(tmp_path / "g", trainworld.GEMMA)
    rows = [("odd", [{"role": "user", "content": "a"}, *talk("b", "c")], None)]
    make_export(home.exports / "small", rows, some_rows(2))
    with pytest.raises(DataError, match=r"roles must alternate.*1 of 1 rows \(odd\)"):
        prepared(home, gemma)


def test_a_template_with_two_bos_is_refused(home: Home, tmp_path: Path) -> None:
    twice = make_model(tmp_path / "m", "{{ bos_token }}" + LLAMA3)
    with pytest.raises(DataError, match="double BOS: 24 of 24 rows"):
        prepared(home, twice)


def test_a_template_without_an_end_token_is_refused(home: Home, tmp_path: Path) -> None:
    endless = make_model(tmp_path / "m", CHATML.replace("'<|im_end|>' + ", ""))
    with pytest.raises(DataError, match="missing EOS: 24 of 24 rows"):
        prepared(home, endless)


def test_a_model_without_a_template_is_refused(home: Home, tmp_path: Path) -> None:
    bare = make_model(tmp_path / "m", None)
    with pytest.raises(ModelError, match=r"no chat template.*Instruct"):
        prepared(home, bare)


def test_an_export_that_was_changed_by_hand_is_refused(home: Home, model: Path) -> None:
    path = home.exports / "small" / "train.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(
        DataError, match=r"train\.parquet: the file isn't the one that export\.json describes"
    ):
        prepared(home, model)


@pytest.mark.parametrize("split", ["train", "eval"])
def test_an_empty_split_is_refused(home: Home, model: Path, split: str) -> None:
    rows = {"train": some_rows(3), "eval": some_rows(3), split: []}
    make_export(home.exports / "small", rows["train"], rows["eval"])
    with pytest.raises(DataError, match=f"the {split} split is empty"):
        prepared(home, model)


def test_an_export_that_isnt_there_gets_the_nearest_name(home: Home) -> None:
    with pytest.raises(DataError, match=r"there is no export 'smal'. Did you mean 'small'"):
        open_export("smal", home)


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere", "there is no base model 'nowhere'"), ("./x/y/z", "there is no base model")],
)
def test_a_base_model_that_isnt_there_is_refused(home: Home, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        resolve_base(name, None, home)


def test_a_model_that_isnt_causal_is_refused(home: Home, tmp_path: Path) -> None:
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text(json.dumps({"architectures": ["BertForMaskedLM"]}))
    with pytest.raises(ModelError, match="isn't a causal language model: it is a BertForMaskedLM"):
        resolve_base(str(tmp_path / "bert"), None, home)


masks = st.lists(st.booleans(), min_size=2, max_size=60)


@given(masks, st.integers(2, 70))
def test_truncation_to_turns_never_ends_inside_an_answer(mask: list[bool], limit: int) -> None:
    ids = np.arange(len(mask), dtype=np.int32)
    labels = np.where(np.array(mask), ids, IGNORE).astype(np.int32)
    report = Preflight()
    kept = truncate(report, ids, labels, limit, "turns")
    assert kept <= limit
    assert kept in {0, len(ids), *span_ends(labels)}
    assert report.warnings.get("tokens lost to max_length", 0) == len(ids) - kept


def test_an_answer_in_the_middle_without_an_end_token_is_only_counted() -> None:
    report = Preflight()
    ids = np.array([9, 5, 9, 6, 2], dtype=np.int32)
    labels = np.array([IGNORE, 5, IGNORE, 6, 2], dtype=np.int32)
    assert check_row(report, "r", ids, labels, bos_id=1, end_id=2)
    assert report.errors == {}
    assert report.warnings == {"answers inside a conversation without an end token": 1}


def test_an_answer_that_is_only_its_end_token_is_counted_as_empty() -> None:
    report = Preflight()
    ids = np.array([9, 2], dtype=np.int32)
    assert check_row(report, "r", ids, np.array([IGNORE, 2], dtype=np.int32), bos_id=1, end_id=2)
    assert report.warnings == {"empty answers": 1}
