"""Rows: ids and hashes to the letter, reserved names, and the check."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from talks import talk

import curation
from curation import rows as rows_module
from curation.contract import content_hash, digest
from curation.errors import InputError
from curation.rows import RESERVED, check, column_hash, empty, make_rows, rehash, rows_hash


def test_ids_are_golden(small: pl.DataFrame) -> None:
    assert small["id"].to_list() == [
        "dcf62497af06f5ee",
        "953d16514a3c742c",
        "519fe0302ef9bcf5",
        "dbb09c224654bb85",
        "f461f6623b5b6b05",
        "5b271069c03cd6a9",
    ]
    assert small["content_hash"][0] == "685072179ec2f529c00d3fa57b7f9079"
    assert rows_hash(small) == "5cea31ff745c4d657a6c7ad51f55f474"


def test_equal_conversations_are_one_family_with_ids_of_their_own(small: pl.DataFrame) -> None:
    assert small["family"][0] == small["family"][1] == small["content_hash"][0][:16]
    assert small["id"].n_unique() == 6


def test_adding_rows_changes_no_id(small: pl.DataFrame) -> None:
    texts = small["messages"].to_list()
    more = make_rows([*texts, talk("new", "row"), texts[0]], source="s")
    assert more["id"].to_list()[:6] == small["id"].to_list()


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_of_the_data_survives_as_original(name: str) -> None:
    rows = make_rows([talk("a", "b"), talk("a", "b")], source="s", extra={name: ["x", None]})
    assert rows[f"original_{name}"].to_list() == ["x", None]
    check(rows, where="test")
    assert curation.apply(rows, "dedup").rows["id"].to_list() == [rows["id"][0]]


def test_unknown_role_is_refused() -> None:
    with pytest.raises(InputError, match="s row 0: unknown role 'bot'"):
        make_rows([[{"role": "bot", "content": "x"}]], source="s")


def broken(rows: pl.DataFrame, **changed: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(**changed)


def test_check_names_what_is_wrong(small: pl.DataFrame) -> None:
    check(small, where="t", deep=True)
    check(empty(), where="t", deep=True)
    null = pl.lit(None, pl.String)
    first = pl.col("id") == small["id"][0]
    turn = pl.element().struct
    for rows, says in [
        (small.drop("family"), "t: column 'family' is missing"),
        (small.with_columns(source_row=pl.lit("x")), "t: column 'source_row' is String, not Int64"),
        (small.with_columns(family=null), "t: column 'family' has nulls"),
        (small.with_columns(id=pl.lit("a")), "t: id 'a' is there twice"),
        (small.with_columns(place=1), "t: column 'place' bears a name that steps answer in. Rename it."),
        (
            small.with_columns(
                messages=pl.col("messages").list.eval(
                    pl.struct(role=pl.lit("bot"), content=turn.field("content"))
                )
            ),
            f"t: row {small['id'][0]}: unknown role in ['bot', 'bot']",
        ),
        (
            small.with_columns(
                messages=pl.col("messages").list.eval(
                    pl.struct(turn.field("role"), content=pl.lit(None, pl.String))
                )
            ),
            f"t: row {small['id'][0]}: unknown content in [None, None]",
        ),
        (
            small.with_columns(content_hash=pl.when(first).then(pl.lit("0")).otherwise("content_hash")),
            f"t: row {small['id'][0]}: its text doesn't match its content_hash",
        ),
    ]:
        with pytest.raises(InputError) as caught:
            check(rows, where="t", deep=True)
        assert str(caught.value) == says


@given(
    st.lists(st.one_of(st.none(), st.text(), st.floats(), st.integers(-5, 5)), max_size=30),
    st.integers(1, 40),
)
def test_a_column_hash_knows_nothing_of_slices(values: list[object], size: int) -> None:
    for kind in (str, float, int):
        column = pl.Series("x", [v if isinstance(v, kind) else None for v in values], strict=False)
        column = column.cast({str: pl.String, float: pl.Float64, int: pl.Int64}[kind])
        plain = column.to_list()
        if kind is float:
            plain = [None if v is None else repr(float(v)) for v in plain]
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))[1:-1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rows_module, "SLICE", size)
            assert column_hash(column) == digest(f"{column.dtype}\n{text}")


def test_the_rows_hash_sees_every_change(small: pl.DataFrame) -> None:
    hashes = {
        rows_hash(small),
        rows_hash(small.reverse()),
        rows_hash(small.head(5)),
        rows_hash(small.drop("score")),
        rows_hash(small.rename({"score": "points"})),
        rows_hash(small.with_columns(pl.col("score").cast(pl.Float32))),
        rows_hash(small.with_columns(score=pl.lit(None, pl.Float64))),
        rows_hash(small.with_columns(pl.col("category").fill_null(""))),
        rows_hash(small.with_columns(content_hash=pl.lit("0"))),
    }
    assert len(hashes) == 9
    assert rows_hash(small.select(reversed(small.columns))) == rows_hash(small)


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(["user", "assistant", "system", "tool"]), st.text()), max_size=4)
    )
)
def test_hashes_are_those_of_the_contract(conversations: list[list[tuple[str, str]]]) -> None:
    turns = [[{"role": r, "content": c} for r, c in one] for one in conversations]
    rows = make_rows(turns, source="s")
    assert rows["messages"].to_list() == turns
    assert rows["content_hash"].to_list() == [content_hash(one) for one in turns] == rehash(rows).to_list()
    check(rows, where="t", deep=True)
