"""The why index finds rows by their words, says how near they are, and survives being shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrun import make_export, make_run

from chatbot_space.from_export import choose_examples, find_export, prepare
from chatbot_space.run import read_run
from chatbot_space.why import Index, Row


def index(*questions: str) -> Index:
    return Index.build((Row(str(n), q, "", None, "s", None), q) for n, q in enumerate(questions))


def test_the_same_words_are_1_and_no_word_is_nothing() -> None:
    made = index("capital of France", "capital of Spain", "sorting lists")
    best = made.nearest("capital of France")
    assert [near.row.id for near in best] == ["0", "1"]
    assert best[0].similarity == pytest.approx(1, abs=2e-3)
    assert 0 < best[1].similarity < 1
    assert made.nearest("Quantum chromodynamics") == []
    assert made.nearest("") == []


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    made = index("the cat sat", "the dog sat", "the bird flew", "the zebra ran")
    assert made.nearest("the zebra")[0].row.id == "3"


def test_words_unknown_to_the_data_lower_the_similarity() -> None:
    made = index("capital of France", "capital of Spain")
    assert (
        made.nearest("capital of France")[0].similarity
        > made.nearest("capital of France xylophone")[0].similarity
    )


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8), st.text(max_size=30))
def test_similarities_are_shares_in_falling_order(questions: list[str], asked: str) -> None:
    found = [near.similarity for near in index(*questions).nearest(asked, 8)]
    assert found == sorted(found, reverse=True)
    assert all(0 < similarity <= 1 for similarity in found)


def test_saved_and_loaded_it_answers_the_same(tmp_path: Path) -> None:
    made = index("capital of France", "Größe der Stadt", "你好 世界", "line\u2028separator")
    made.save(tmp_path)
    loaded = Index.load(tmp_path)
    assert loaded is not None
    for asked in ("capital", "Stadt", "世界", "separator"):
        assert loaded.nearest(asked) == made.nearest(asked)
    assert Index.load(tmp_path / "nowhere") is None


@pytest.fixture
def run_with_data(tiny_run: Path, tiny_base: tuple[Path, object], tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(tiny_run, tmp_path / "runs" / "tiny"))
    return make_run(folder, *tiny_base, dataset=make_export(tmp_path / "exports" / "tiny"))


def test_made_from_the_runs_own_export_and_kept(run_with_data: Path) -> None:
    made, examples = prepare(read_run(run_with_data))
    assert made is not None
    near = made.nearest("Which city is the capital of Spain?")
    assert [(n.row.id, n.row.category, n.row.source, n.row.made_by) for n in near[:2]] == [
        ("train1", "geography", "sample", None),
        ("train2", "geography", "sample", "oversample"),
    ]
    assert [(e.category, e.question) for e in examples] == [
        ("code", "How do I reverse a list in Python?"),
        ("geography", "What is the largest city in Portugal?"),
        (None, "What is light made of, in short?"),
    ]
    shutil.rmtree(run_with_data.parent.parent / "exports")
    again, kept = prepare(read_run(run_with_data))
    assert again is not None
    assert again.nearest("capital of Spain") == made.nearest("capital of Spain")
    assert kept == examples


def test_another_dataset_version_is_not_taken_for_the_runs_own(run_with_data: Path) -> None:
    export = run_with_data.parent.parent / "exports" / "tiny" / "export.json"
    export.write_text(export.read_text().replace("a1b2c3d4e5f60718", "ffffffffffffffff"))
    run = read_run(run_with_data)
    assert find_export(run) is None
    assert prepare(run) == (None, [])


def test_found_in_the_home_when_the_run_was_moved(run_with_data: Path, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    shutil.move(run_with_data.parent.parent / "exports", home / "exports")
    assert find_export(read_run(run_with_data), home) == home / "exports" / "tiny"


def test_examples_are_short_opening_questions() -> None:
    def row(text: str, category: str | None) -> dict[str, object]:
        return {
            "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": text}],
            "category": category,
        }

    rows = [
        row("x" * 111, "long"),
        row("Hi", "short"),
        row("b" * 25, "fits"),
        row("a" * 25, "fits"),
        row("c" * 24, "fits"),
    ]
    assert [(e.category, e.question) for e in choose_examples(rows)] == [("fits", "c" * 24)]  # type: ignore[arg-type]
