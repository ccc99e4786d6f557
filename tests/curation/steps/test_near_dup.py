"""near_dup: exact clusters, planted truth, every script, and no dependence on order or threads."""

from __future__ import annotations

import json
import random
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curation import minhash, shingles
from curation.components import clusters as clusters_of
from curation.laws import run_step
from curation.minhash import bands_for
from curation.rows import empty, make_rows
from curation.step import Context
from curation.steps.dedup import Dedup
from curation.steps.near_dup import NearDup

NAMES = ["cluster", "size", "similarity", "representative", "evidence"]


def rows_of(*texts: str) -> pl.DataFrame:
    """One row per text, with ids r00, r01, ... in their order."""
    rows = make_rows([[{"role": "user", "content": text}] for text in texts], source="s")
    return rows.with_columns(id=pl.format("r{}", pl.int_range(pl.len()).cast(pl.String).str.zfill(2)))


def found(rows: pl.DataFrame, **fields: object) -> pl.DataFrame:
    return NearDup(**fields).apply(rows, Context())  # type: ignore[arg-type]


def clusters(rows: pl.DataFrame, **fields: object) -> list[str | None]:
    return found(rows, **fields)["near_dup.cluster"].to_list()


TEN = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"


def test_exact_columns_of_a_cluster() -> None:
    # 12 and 13 shingles, 12 of them in common
    out = found(rows_of("something else", TEN + " seventeen", TEN, "and another"))
    assert out["near_dup.cluster"].to_list() == [None, "r01", "r01", None]
    assert out["near_dup.size"].to_list() == [None, 2, 2, None]
    assert out["near_dup.similarity"].to_list() == [None, 12 / 13, 12 / 13, None]
    assert out["near_dup.representative"].to_list() == [None, "r01", "r01", None]
    assert json.loads(out["near_dup.evidence"][2]) == {
        "representative": "r01",
        "similarity": 0.9231,
        "size": 2,
    }
    assert out["near_dup.evidence"][0] is None


def test_the_threshold_is_met_exactly() -> None:
    rows = rows_of(TEN, TEN + " seventeen")
    assert clusters(rows, threshold=12 / 13) == ["r00", "r00"]
    assert clusters(rows, threshold=12 / 13 + 1e-9) == [None, None]


def test_a_cluster_becomes_a_family_and_the_ledger_says_so() -> None:
    rows = rows_of(TEN, "alone", TEN.upper() + "!")
    result = run_step(NearDup(), rows, Context())
    families = result.rows["family"].to_list()
    assert families[0] == families[2] == min(rows["family"][0], rows["family"][2]) != families[1]
    (line,) = result.ledger.to_dicts()
    assert line["action"] == "set family"
    assert json.loads(line["evidence"])["similarity"] == 1.0
    assert result.summary == {"clusters": 1, "rows in clusters": 2}


def test_dedup_cuts_what_near_dup_found() -> None:
    rows = found(rows_of(TEN, "alone", TEN.upper() + "!", TEN + " seventeen"))
    result = run_step(Dedup(by="near_dup.cluster", keep="longest"), rows, Context())
    assert result.rows["id"].to_list() == ["r01", "r03"]
    assert result.dropped["reason"].to_list() == ["duplicate of r03", "duplicate of r03"]


def test_chains_are_one_cluster() -> None:
    words = [f"w{n}" for n in range(60)]
    steps = [" ".join(words[start : start + 40]) for start in (0, 4, 8, 12)]
    out = found(rows_of(*steps))
    assert out["near_dup.cluster"].to_list() == ["r00"] * 4
    assert out["near_dup.similarity"].to_list() == [32 / 40] * 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("今天天气很好我们去公园散步吧然后吃午饭", "今天天气很好我们去公园散步吧然后吃晚饭啊"),
        ("วันนี้อากาศดีมากเราไปเดินเล่นที่สวนสาธารณะ", "วันนี้อากาศดีมากเราไปเดินเล่นที่สวนสาธารณะนะ"),
        ("今日は天気がいいので公園へ散歩に行きましょう", "今日は天気がいいので公園へ散歩に行きました"),
        ("مرحبا بك في هذا المكان الجميل جدا يا صديقي", "مرحبا، بك في هذا المكان الجميل جدا يا صديقي!"),
        ("שלום לכולם ברוכים הבאים אל המקום", "שלום לכולם, ברוכים הבאים אל המקום 🙂"),
        ("नमस्ते दुनिया यह एक परीक्षा है मित्र", "नमस्ते दुनिया, यह एक परीक्षा है मित्र।"),
        ("ÉCOLE ÖFFNET ÜBER STRASSE ŁÓDŹ", "école öffnet über strasse łódź"),
        ("ok", "OK!"),
    ],
)
def test_every_script(one: str, other: str) -> None:
    rows = rows_of(one, other, "这是一个完全不同的句子没有关系", "nothing in common with them")
    assert clusters(rows) == ["r00", "r00", None, None]


def test_rows_without_words_are_alone() -> None:
    assert clusters(rows_of("", "", "🙂🙂", "🙂🙂", "...", " ")) == [None] * 6


def test_no_rows_and_one_row() -> None:
    assert found(empty()).columns == [*empty().columns, *(f"near_dup.{name}" for name in NAMES)]
    assert clusters(rows_of("alone")) == [None]


def test_conversations_without_turns() -> None:
    rows = make_rows([[], [{"role": "user", "content": TEN}], []], source="s")
    assert clusters(rows) == [None, None, None]


def test_two_megabytes() -> None:
    chance = random.Random(1)
    text = " ".join(f"{chance.randrange(10**9)}" for _ in range(200_000))
    assert len(text) > 1_900_000
    out = found(rows_of(text, text[:-100_000], "A" * 2_000_000, "a" * 2_000_001, "b" * 2_000_000))
    assert out["near_dup.cluster"].to_list() == ["r00", "r00", None, None, None]
    assert out["near_dup.similarity"][0] == pytest.approx(0.949, abs=0.002)


def test_views() -> None:
    def talk(system: str, user: str, answer: str) -> list[dict[str, str]]:
        turns = [("system", system), ("user", user), ("assistant", answer), ("user", "and more?")]
        return [{"role": role, "content": content} for role, content in turns]

    long = " ".join(f"rule{n}" for n in range(200))
    rows = make_rows(
        [
            talk(long, "what is the tallest mountain of all", "everest it is by common consent of people"),
            talk(long, "name some river in the north please", "the tana is one of them as it happens"),
            talk("", "what is the tallest mountain of all", "mont blanc is not but it is near to us"),
        ],
        source="s",
    ).with_columns(id=pl.Series(["a", "b", "c"]))
    assert clusters(rows) == ["a", "a", None]
    assert clusters(rows, view="dialogue") == [None, None, None]
    assert clusters(rows, view="first_prompt") == ["a", None, "a"]


@pytest.mark.parametrize(
    ("threshold", "permutations", "bands"),
    [(0.7, 128, 32), (0.5, 128, 64), (0.9, 128, 16), (1.0, 128, 1), (0.01, 8, 8)],
)
def test_bands_are_chosen_so_that_little_is_missed(threshold: float, permutations: int, bands: int) -> None:
    assert bands_for(threshold, permutations) == bands


@pytest.mark.parametrize(
    "fields", [{"bands": 129}, {"threshold": 0}, {"threshold": 1.5}, {"shingle": 0}, {"colour": "red"}]
)
def test_what_can_not_be(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NearDup(**fields)  # type: ignore[arg-type]


def planted(count: int, seed: int) -> tuple[list[str], list[tuple[int, int, float]]]:
    """Texts with planted copies at all similarities, and every pair that has a Jaccard similarity over 0.3."""
    chance = random.Random(seed)
    vocabulary = [f"{chance.choice('bcdfgklmnprst')}{chance.choice('aeiou')}{n % 97}" for n in range(700)]
    texts = [" ".join(chance.choices(vocabulary, k=chance.randint(5, 160))) for _ in range(count)]
    for _ in range(count):
        words = chance.choice(texts[:count]).split()
        for _ in range(chance.randint(0, 1 + len(words) // 25)):
            words[chance.randrange(len(words))] = chance.choice(vocabulary)
        text = " ".join(words)
        texts.append(chance.choice([text, text.upper(), text.replace(" ", ", "), text.title() + "."]))
    sets = []
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        sets.append({tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))})
    pairs = []
    for left in range(len(sets)):
        for right in range(left + 1, len(sets)):
            shared = len(sets[left] & sets[right])
            if shared and (similarity := shared / len(sets[left] | sets[right])) > 0.3:
                pairs.append((left, right, similarity))
    return texts, pairs


def test_planted_truth() -> None:
    """Recall over pairs at 0.7 or more, and precision of the pairs that are reported, on 1,600 texts."""
    texts, truth = planted(800, seed=3)
    pairs = minhash.near_pairs(
        pl.Series(texts),
        pl.Series([1] * len(texts), dtype=pl.Int64).to_numpy(),
        size=5,
        threshold=0.7,
        permutations=128,
        bands=32,
        seed=0,
    )
    similarity = {(left, right): value for left, right, value in truth}
    reported = list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.similarity.tolist(), strict=True))
    right = [pair for pair in reported if similarity.get((pair[0], pair[1]), 0) >= 0.7]
    assert all(similarity[a, b] == pytest.approx(value, abs=1e-12) for a, b, value in right)
    label = clusters_of(len(texts), pairs.left, pairs.right)
    wanted = [(a, b) for a, b, value in truth if value >= 0.7]
    joined = [(a, b) for a, b in wanted if label[a] == label[b]]
    recall, precision = len(joined) / len(wanted), len(right) / len(reported)
    print(f"near_dup: {len(wanted)} planted pairs, recall {recall:.4f}, precision {precision:.4f}")
    assert len(wanted) > 500
    assert recall >= 0.995
    assert precision >= 0.999


def outcome(rows: pl.DataFrame) -> dict[str, tuple[object, ...]]:
    out = found(rows)
    return {row[0]: row[1:] for row in out.select("id", "family", "^near_dup.*$").iter_rows()}


def test_order_batches_and_threads_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, _ = planted(150, seed=5)
    rows = rows_of(*texts).with_columns(id=pl.format("r{}", pl.int_range(pl.len())))
    first = outcome(rows)
    assert sum(value[1] is not None for value in first.values()) > 150
    assert outcome(rows.sample(fraction=1.0, shuffle=True, seed=1)) == first
    for threads, size in ((1, 300), (4, 2_000), (3, 1 << 20)):
        monkeypatch.setattr(pl, "thread_pool_size", lambda threads=threads: threads)
        monkeypatch.setattr(minhash, "BATCH_BYTES", size)
        monkeypatch.setattr(shingles, "CHUNK_BYTES", size // 3)
        assert outcome(rows.reverse()) == first


def test_large_buckets_are_found_in_any_order() -> None:
    """Three hundred texts that differ in one word each share buckets far over the limit."""
    words = [f"w{n}" for n in range(120)]
    texts = [" ".join([*words[:n], f"x{n}", *words[n + 1 :]]) for n in range(60) for _ in range(5)]
    texts += [text + f" y{n}" for n, text in enumerate(texts)]
    rows = rows_of(*texts).with_columns(
        id=pl.format("r{}", pl.int_range(pl.len()).cast(pl.String).str.zfill(4))
    )
    out = found(rows)
    assert out["near_dup.size"].to_list() == [600] * 600
    assert outcome(rows.reverse()) == outcome(rows)


@settings(max_examples=25)
@given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=9), min_size=1, max_size=12), st.randoms())
def test_tiny_texts_agree_with_brute_force(texts: list[list[str]], chance: random.Random) -> None:
    sets = [{tuple(w[i : i + 3]) for i in range(max(1, len(w) - 2))} if w else set() for w in texts]
    rows = rows_of(*(" ".join(text) for text in texts))
    out = found(rows, shingle=3, threshold=0.999)
    for place, one in enumerate(sets):
        equals = [rows["id"][other] for other, two in enumerate(sets) if one and one == two]
        assert out["near_dup.cluster"][place] == (min(equals) if len(equals) > 1 else None)
    order = list(range(len(texts)))
    chance.shuffle(order)
    assert outcome(rows[order]) == outcome(rows)
