"""contamination and decontaminate: exact evidence, planted truth, test sets of every schema."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curation import minhash, ngrams, shingles
from curation.errors import InputError
from curation.laws import run_step
from curation.overlap import COLUMNS, find_overlap
from curation.rows import empty, make_rows
from curation.step import Context
from curation.steps.contamination import Contamination
from curation.steps.decontaminate import Decontaminate
from curation.testsets import Item

DUCKS = "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends."
SHORT = "What is the only metal that is liquid here?"
TINY = "Name a colour."
WORDS = st.lists(st.sampled_from("abc"), max_size=8).map(" ".join)
"""Texts of few words, so that many items hold the same runs."""


@pytest.fixture
def test_set(tmp_path: Path) -> str:
    path = tmp_path / "gsm_test.jsonl"
    path.write_text(
        "\n".join(json.dumps({"id": n, "question": text}) for n, text in enumerate([TINY, DUCKS, SHORT])),
        encoding="utf-8",
    )
    return str(path)


def rows_of(*conversations: list[str]) -> pl.DataFrame:
    roles = ["user", "assistant"]
    rows = make_rows(
        [
            [{"role": roles[n % 2], "content": text} for n, text in enumerate(turns)]
            for turns in conversations
        ],
        source="s",
    )
    return rows.with_columns(id=pl.format("r{}", pl.int_range(pl.len())))


def found(rows: pl.DataFrame, *against: str, **fields: object) -> pl.DataFrame:
    return Contamination(against=against, **fields).apply(rows, Context())  # type: ignore[arg-type]


def line(out: pl.DataFrame, row: int) -> dict[str, object]:
    return {name: out[f"contamination.{name}"][row] for name in COLUMNS if name != "spans"} | {
        "spans": out["contamination.spans"].to_list()[row]
    }


NOTHING = {
    "hits": 0, "benchmark": None, "item": None, "overlap": 0.0, "match": None, "spans": None
}  # fmt: skip


def test_exact_evidence(test_set: str) -> None:
    words = 21  # Janet s ducks ... friends
    part = "ducks lay 16 eggs per day! she eats THREE for breakfast every morning"
    rows = rows_of(
        ["Solve this:", f"No. 🙂 {DUCKS}"],
        ["Hm", "Well", f"So {part} or no more", "Yes"],
        ["Name a colour.", "Blue"],
        [f"({SHORT.lower()})", "Mercury"],
    )
    out = found(rows, test_set)
    whole = {"benchmark": "gsm_test", "item": 1}
    grams = words - 13 + 1
    assert line(out, 0) == whole | {
        "hits": grams,
        "overlap": 1.0,
        "match": DUCKS.rstrip("."),
        "spans": [{"turn": 1, "start": 6, "end": 6 + len(DUCKS) - 1}],
    }
    # thirteen words, so one of the item's n-grams: ducks ... morning
    assert line(out, 1) == whole | {
        "hits": 1,
        "overlap": 1 / grams,
        "match": part,
        "spans": [{"turn": 2, "start": 3, "end": 3 + len(part)}],
    }
    assert line(out, 2) == NOTHING
    assert line(out, 3) == {
        "hits": 1,
        "benchmark": "gsm_test",
        "item": 2,
        "overlap": 1.0,
        "match": SHORT.lower().rstrip("?"),
        "spans": [{"turn": 0, "start": 1, "end": len(SHORT)}],
    }


def test_a_run_is_found_wherever_it_starts(test_set: str) -> None:
    part = " ".join(DUCKS.split()[:12])  # Janet s ducks ... breakfast: thirteen words
    rows = rows_of(*([" ".join(["so"] * before + [part])] for before in range(30)))
    out = found(rows, test_set)
    assert out["contamination.hits"].to_list() == [1] * 30
    assert out["contamination.match"].to_list() == [part] * 30


def test_what_decontaminate_drops_and_why(test_set: str) -> None:
    rows = found(rows_of([DUCKS], ["fine"], [DUCKS[:85]], [SHORT]), test_set)
    result = run_step(Decontaminate(overlap=0.5), rows, Context())
    assert result.rows["id"].to_list() == ["r1", "r2"]
    assert result.dropped.select("id", "reason").rows() == [
        ("r0", "holds 100% of gsm_test item 1"),
        ("r3", "holds 100% of gsm_test item 2"),
    ]
    evidence = json.loads(result.ledger["evidence"][0])
    assert evidence["match"] == DUCKS.rstrip(".")
    assert evidence["spans"] == [{"turn": 0, "start": 0, "end": len(DUCKS) - 1}]
    assert run_step(Decontaminate(overlap=0), rows, Context()).rows["id"].to_list() == ["r1"]


def test_decontaminate_wants_contamination_first() -> None:
    with pytest.raises(InputError, match=r"Put a contamination step before"):
        raise_through(Decontaminate(), rows_of(["x"]))


def raise_through(step: Decontaminate, rows: pl.DataFrame) -> None:
    try:
        step.apply(rows, Context())
    except InputError as error:
        raise InputError(str(error)) from None


def test_runs_do_not_cross_turns(test_set: str) -> None:
    cut = DUCKS.index("She")
    assert found(rows_of([DUCKS[:cut], DUCKS[cut : cut + 40]]), test_set)["contamination.hits"].to_list() == [
        0
    ]


def test_the_best_item_is_named_and_the_first_of_equals(tmp_path: Path) -> None:
    a, b = (" ".join(f"{letter}{n}" for n in range(30)) for letter in "ab")
    path = tmp_path / "t.json"
    path.write_text(json.dumps([{"prompt": text} for text in (a, b, b)]), encoding="utf-8")
    rows = rows_of([" ".join(a.split()[:15]) + " . " + b])
    out = line(found(rows, str(path)), 0)
    assert (out["item"], out["overlap"], out["hits"]) == (1, 1.0, 3 + 18)


@pytest.mark.parametrize("shortest", [8, 9, 10])
def test_short_items_need_their_words(test_set: str, shortest: int) -> None:
    out = found(rows_of([SHORT]), test_set, shortest=shortest)
    assert out["contamination.hits"].to_list() == [1 if shortest <= 9 else 0]


def test_scripts_without_spaces(tmp_path: Path) -> None:
    path = tmp_path / "zh.csv"
    text = "小明有三个苹果他又买了五个苹果一共有几个"
    path.write_text(f"question,answer\n{text}?,8\n", encoding="utf-8")
    out = line(
        found(rows_of([f"请问:{text},谢谢 🙂"], ["没有关系的句子也没有相同的词语在这里面"]), str(path)), 0
    )
    assert (out["benchmark"], out["overlap"], out["match"]) == ("zh", 1.0, text)
    assert out["spans"] == [{"turn": 0, "start": 3, "end": 3 + len(text)}]


def test_every_kind_of_file_and_field(tmp_path: Path) -> None:
    paths = []
    for name, value in (("problem", DUCKS), ("Question", DUCKS), ("text", DUCKS)):
        paths.append(tmp_path / f"{name}.parquet")
        pl.DataFrame({"id": [1], name: [value]}).write_parquet(paths[-1])
    paths.append(tmp_path / "turns.jsonl")
    paths[-1].write_text(json.dumps({"turns": [DUCKS, "And then?"]}), encoding="utf-8")
    paths.append(tmp_path / "odd.jsonl")
    paths[-1].write_text(json.dumps({"stem": DUCKS, "number": 1}), encoding="utf-8")
    rows = rows_of([DUCKS])
    for path in paths[:-1]:
        assert found(rows, str(path))["contamination.benchmark"].to_list() == [path.stem]
    assert found(rows, str(paths[-1]), field="stem")["contamination.overlap"].to_list() == [1.0]


@pytest.mark.parametrize(
    ("name", "content", "fields", "message"),
    [
        ("a.jsonl", '{"stem": "x", "key": 1}\n', {}, "fields seen: key, stem"),
        ("a.jsonl", '{"question": "x"}\n', {"field": "stem"}, "an item has no field 'stem'"),
        ("a.jsonl", '{"question": "x"}\n{oops\n', {}, "a.jsonl:2"),
        ("a.jsonl", "", {}, "is empty"),
        ("a.json", "[]", {}, "no items"),
        ("a.txt", "hello", {}, "suffix"),
    ],
)
def test_test_sets_that_can_not_be_read(
    tmp_path: Path, name: str, content: str, fields: dict[str, str], message: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        found(rows_of(["x"]), str(path), **fields)
    assert message in str(caught.value)


def test_a_missing_file_names_the_nearest(test_set: str) -> None:
    with pytest.raises(InputError) as caught:
        found(rows_of(["x"]), test_set.replace("gsm", "gms"))
    assert "gsm_test.jsonl" in str(caught.value)


def test_inputs_are_the_files(test_set: str, tmp_path: Path) -> None:
    assert Contamination(against=(test_set,)).inputs() == [Path(test_set)]
    assert Contamination.model_validate({"against": test_set}) == Contamination(against=(test_set,))
    assert Contamination(against=(str(tmp_path),)).inputs() == [Path(test_set)]


@pytest.mark.parametrize("fields", [{"against": []}, {"ngram": 1}, {"shortest": 14}, {"colour": 1}])
def test_what_can_not_be(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Contamination(**({"against": ["a.jsonl"]} | fields))  # type: ignore[arg-type]


def test_no_rows_no_turns_and_two_megabytes(test_set: str) -> None:
    assert found(empty(), test_set).height == 0
    rows = make_rows(
        [
            [],
            [{"role": "user", "content": "x " * 1_000_000 + DUCKS}],
            [{"role": "user", "content": "y" * 2_000_000}],
        ],
        source="s",
    )
    out = found(rows, test_set)
    assert out["contamination.hits"].to_list() == [0, 9, 0]
    assert out["contamination.spans"].to_list()[1] == [
        {"turn": 0, "start": 2_000_000, "end": 2_000_000 + len(DUCKS) - 1}
    ]


def planted(count: int, seed: int) -> tuple[list[str], list[str], list[set[int]]]:
    """Items, texts of which half hold a part of an item, and by plain Python which items each text shares a 13-gram with."""
    chance = random.Random(seed)
    vocabulary = [f"{chance.choice('bcdfgklmn')}{chance.choice('aeiou')}{n % 53}" for n in range(300)]
    items = [" ".join(chance.choices(vocabulary, k=chance.randint(4, 60))) for _ in range(count)]
    texts = []
    for number in range(count):
        words = chance.choices(vocabulary, k=chance.randint(0, 80))
        if number % 2:
            item = chance.choice(items).split()
            start = chance.randrange(len(item))
            part = item[start : start + chance.randint(8, 60)] if chance.random() < 0.7 else item
            place = chance.randint(0, len(words))
            words[place:place] = part
        texts.append(chance.choice([" ", ", ", "\n"]).join(words))

    def grams(text: str, short: bool) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        if short and 8 <= len(words) < 13:
            return {tuple(words)}
        return {tuple(words[i : i + 13]) for i in range(len(words) - 12)}

    wanted = []
    for text in texts:
        held = set()
        words = re.findall(r"\w+", text.lower())
        runs = {tuple(words[i : i + n]) for n in range(8, 14) for i in range(len(words) - n + 1)}
        for number, item in enumerate(items):
            if grams(item, short=True) & runs:
                held.add(number)
        wanted.append(held)
    return items, texts, wanted


def test_planted_truth(tmp_path: Path) -> None:
    items, texts, wanted = planted(400, seed=2)
    path = tmp_path / "planted.jsonl"
    path.write_text("\n".join(json.dumps({"question": item}) for item in items), encoding="utf-8")
    out = found(rows_of(*([text] for text in texts)), str(path))
    reported = out["contamination.item"].to_list()
    right = sum(item in held for item, held in zip(reported, wanted, strict=True) if item is not None)
    hit = sum(item is not None for item in reported)
    should = sum(bool(held) for held in wanted)
    print(f"contamination: {should} planted rows, recall {right / should:.4f}, precision {right / hit:.4f}")
    assert should > 100
    assert right == hit == should
    for place, (item, match) in enumerate(zip(reported, out["contamination.match"], strict=True)):
        if item is not None:
            assert re.findall(r"\w+", match.lower()) in [
                words[i : i + len(re.findall(r"\w+", match))]
                for words in [items[item].lower().split()]
                for i in range(len(words))
            ], place


@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=3), min_size=1, max_size=6),
    st.lists(WORDS, min_size=1, max_size=12),
    st.integers(2, 4),
    st.integers(1, 2),
    st.sampled_from([1, 7, 1 << 21]),
)
def test_small_runs_by_plain_python(
    talks: list[list[str]], items: list[str], ngram: int, shortest: int, spread: int
) -> None:
    """Every item in common is counted, whatever part of them is looked at together."""
    known: dict[int, set[tuple[str, ...]]] = {}
    for number, item in enumerate(items):
        words = item.split()
        if shortest <= len(words):
            size = min(ngram, len(words))
            known[number] = {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}
    wanted = []
    for row, turns in enumerate(talks):
        words_of = [turn.split() for turn in turns]
        runs = [
            (turn, at, tuple(words[at : at + size]))
            for turn, words in enumerate(words_of)
            for size in range(1, ngram + 1)
            for at in range(len(words) - size + 1)
        ]
        held = {run for _, _, run in runs}
        hits = {(turn, at, run) for turn, at, run in runs if any(run in grams for grams in known.values())}
        shares = {number: len(grams & held) / len(grams) for number, grams in known.items() if grams & held}
        if hits:
            best = max(shares, key=lambda number: (shares[number], -number))
            wanted.append((row, len(hits), best, shares[best]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams, "SPREAD", spread)
        out = find_overlap(
            rows_of(*talks)["messages"],
            [Item("b", number, text) for number, text in enumerate(items)],
            ngram,
            shortest,
            lambda *_: None,
        )
    assert out.select("row", "hits", "item", "overlap").rows() == wanted


def test_order_batches_and_threads_make_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, texts, _ = planted(60, seed=4)
    path = tmp_path / "p.jsonl"
    path.write_text("\n".join(json.dumps({"question": item}) for item in items), encoding="utf-8")
    rows = rows_of(*(texts[n : n + 3] for n in range(0, 60, 3)), [], *([text] for text in texts))

    def outcome(rows: pl.DataFrame) -> list[tuple[object, ...]]:
        return sorted(found(rows, str(path)).select("id", "^contamination.*$").rows(), key=lambda row: row[0])

    first = outcome(rows)
    for threads, size in ((1, 200), (4, 3_000)):
        monkeypatch.setattr(pl, "thread_pool_size", lambda threads=threads: threads)
        monkeypatch.setattr(minhash, "BATCH_BYTES", size)
        monkeypatch.setattr(shingles, "CHUNK_BYTES", size // 3)
        assert outcome(rows.sample(fraction=1.0, shuffle=True, seed=threads)) == first


@given(st.lists(st.text(st.sampled_from("ab \n.东🙂é"), max_size=60), min_size=1, max_size=5))
def test_the_match_stands_where_the_spans_say(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("t") / "t.json"
    path.write_text(json.dumps([{"text": "a b 东 a é b"}, {"text": "ab ab 东"}]), encoding="utf-8")
    out = found(rows_of(texts), str(path), ngram=4, shortest=3)
    if spans := out["contamination.spans"].to_list()[0]:
        pieces = [texts[span["turn"]][span["start"] : span["end"]] for span in spans]
        assert out["contamination.match"][0] in pieces
        assert max(map(len, pieces)) == len(out["contamination.match"][0])
