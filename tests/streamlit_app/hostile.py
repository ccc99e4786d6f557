"""A home folder whose every text means harm: rows, categories, columns, reasons, ratings, answers, logs, test sets."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import polars as pl

from curation import jobs
from curation.contract import Home
from curation.decisions import Decision
from curation.export import write_export
from curation.recipe import parse_recipe
from curation.run import run_recipe
from curation.step import LEDGER
from curation.store import Store, Version
from tests.streamlit_app.runfolders import write_rating, write_run

EVIL = "http://evil.invalid"
TEXTS = [
    "<script>window.pwned = 1; document.title = 'pwned'</script>",
    f"<img src={EVIL}/a.png onerror='window.pwned = 1'>",
    f"![tracking]({EVIL}/b.png) [click](javascript:alert(1)) <iframe src={EVIL}></iframe> <{EVIL}/auto> {EVIL}/bare",
    f"$$\\text{{<img src={EVIL}/c.png onerror=alert(1)>}}$$ and $\\href{{javascript:alert(1)}}{{x}}$ $\\includegraphics{{{EVIL}/l.png}}$",
    f"```html\n<img src={EVIL}/d.png onerror=alert(1)>\n```",
    "</div></section></script></style><style>*{display:none}</style><h1>gone</h1>",
    "a\u202egnp.exe\u200b\x07\x1b[31mred",
    "x" * 200_000,
    '<svg onload=alert(1)><math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    f":material/home: :red[**bold**] | a | b |\n|---|---|\n| ![i]({EVIL}/e.png) | 'quoted' \"too\" |",
]  # fmt: skip
MARK = f"![m]({EVIL}/m.png)<img src={EVIL}/n.png onerror=alert(1)>"
"""One line for names, reasons, remarks and logs."""


def write_rows(folder: Path) -> Path:
    """Every text once as question and in its answer, once more with one word changed, and a broken line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rows.jsonl"
    lines = []
    for place, text in enumerate(TEXTS):
        row = {
            "question": text,
            "answer": f"{text} and so on it goes, as all of them do",
            "category": text[:60],
            MARK: text[:80],
            "source": f"s{place}",
        }
        lines += [json.dumps(row), json.dumps({**row, "answer": row["answer"].replace("goes", "went")})]
    path.write_text("\n".join([*lines, "{" + MARK]) + "\n", encoding="utf-8")
    return path


def make_home(root: Path) -> tuple[Version, Version, Version]:
    """The version with all its scores and repeats, one made of it by hand, and one with a map; runs, ratings, a failed job."""
    source = write_rows(root)
    (root / "tests.jsonl").write_text("".join(json.dumps({"question": text}) + "\n" for text in TEXTS[:5]))
    recipe = {
        "name": "hostile", "seed": 1, "sources": [{"uri": str(source), "name": "rows", "licence": MARK}], "system_prompt": MARK,
        "steps": [
            "stats", {"op": "quality", "encoding": "pattern"}, "pii", {"op": "near_dup", "shingle": 2, "threshold": 0.4},
            {"op": "contamination", "against": [str(root / "tests.jsonl")], "ngram": 3, "shortest": 2},
            {"op": "filter", "where": f"not contains(text, {MARK + 'no'!r})"}, {"op": "split", "eval": 0.3},
            {"op": "balance", "to": "uniform", "budget": {"rows": 30}, "max_repeats": 3},
        ],
    }  # fmt: skip
    store = Store(Home(root))
    version = run_recipe(parse_recipe(json.dumps(recipe)), store, workers=1)
    rows = version.rows()
    own = rows.filter(pl.col("made_by").is_null())
    decisions = [
        Decision(
            row=own["id"][0], do="edit", turns={1: f"{TEXTS[1]} {TEXTS[2]} edited"}, reason=MARK, by=MARK
        ),
        Decision(row=own["id"][2], do="drop", reason=MARK),
        Decision(row=own["id"][4], do="category", to=MARK, reason=MARK),
        Decision(row=own["id"][6], do="flag", to=MARK, reason=MARK),
    ]
    hand = {"name": "hostile", "seed": 1, "sources": [{"uri": f"version:{version.id}", "name": "hostile"}],
            "steps": [{"op": "hand", "decisions": [one.model_dump(exclude_none=True) for one in decisions]}]}  # fmt: skip
    second = run_recipe(parse_recipe(json.dumps(hand)), store, workers=1)
    places = [float(n % 5) for n in range(own.height)]
    mapped = own.with_columns(pl.Series("map2d.x", places), pl.Series("map2d.y", places[::-1]))
    with store.lock():
        third = store.put(mapped, pl.DataFrame(schema=LEDGER), kind="ingest", name="mapped")
    write_export(store, version, name="hostile")
    for name, losses in (("alpha", (3.0, 2.5)), ("beta", (3.0, 2.0))):
        evals = {step: {"all": loss, **dict.fromkeys((text[:60] for text in TEXTS[:3]), loss)} for step, loss in ((0, 3.2), (2, losses[1]))}  # fmt: skip
        run = write_run(root, name, version, losses=losses, evals=evals)
        said = [{"id": rows["id"][n], "category": text[:60], "question": text, "reference": text, "base": text, "tuned": text} for n, text in enumerate(TEXTS[:6])]  # fmt: skip
        (run / "samples.json").write_text(json.dumps(said))
        for number, text in enumerate(TEXTS[:4], 1):
            write_rating(
                run, number, "down", text, text, complaint="wrong", remark=MARK, correction=f"{text} better"
            )
    failed_job(root)
    return version, second, third


def failed_job(root: Path) -> None:
    """A job that printed every text and failed, as Home shows it."""
    program = f"import sys; print({TEXTS[:7]!r}); print('tome: ' + {MARK!r}, file=sys.stderr); sys.exit(2)"
    job = jobs.start(Home(root), ["x"], title=MARK, program=[sys.executable, "-c", program])
    while jobs.read(job.folder).status == "running":
        time.sleep(0.05)
