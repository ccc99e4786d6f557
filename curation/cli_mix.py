"""The commands that plan and mix: ``tome balance --plan``, ``tome merge``; parse, call, print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from curation.errors import InputError

if TYPE_CHECKING:
    from curation.balance import Plan

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@app.command("balance")
def balance_command(
    version: Annotated[str, typer.Argument(help="A version that has been split.")],
    by: Annotated[str, typer.Option(help="The column to balance.")] = "category",
    to: Annotated[
        str,
        typer.Option(help="uniform, largest, median, a temperature (0 to 1), or weights: math=0.5,code=0.5."),
    ] = "0.5",
    rows: Annotated[int | None, typer.Option(min=1, help="The size of the mix in rows.")] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="The size of the mix in tokens.")] = None,
    column: Annotated[
        str, typer.Option(help="With --tokens: the column that counts a row's tokens.")
    ] = "tokens.total",
    max_repeats: Annotated[float, typer.Option(min=1, help="How often a row may stand in the mix.")] = 3,
    keep: Annotated[
        str,
        typer.Option(
            help="What stays where there is too much: random, a score's column, or diverse (diverse=MODEL)."
        ),
    ] = "random",
    plan: Annotated[bool, typer.Option("--plan", help="Print the plan and make nothing.")] = False,
    seed: Annotated[int, typer.Option(help="The seed of the draw.")] = 0,
    name: Annotated[str | None, typer.Option(help="What to call the new version.")] = None,
    json: Json = False,
) -> None:
    """Balance a version, or print what that would do: now, target, taken, repeats, to augment.

    Example: tome balance demo --to uniform --rows 2000 --plan
    """
    from curation.console import Progress, answer, say, table
    from curation.findings import count
    from curation.recipe import Recipe, step_from
    from curation.run import run_recipe
    from curation.steps.balance import Balance
    from curation.store import Store

    budget = {"rows": rows} if rows else {"tokens": tokens, "column": column} if tokens else None
    step = step_from(
        {"op": "balance", "by": by, "to": parse_target(to), "budget": budget, "max_repeats": max_repeats,
         "keep": parse_keep(keep)}
    )  # fmt: skip
    assert isinstance(step, Balance)
    store = Store()
    one = store.get(version)
    had = one.rows()
    planned = step.plan(had)
    _, unit = step.costs_in(had)
    head, lines = plan_table(planned, by, unit)
    table(head, lines, as_json=json)
    table(
        ["", "rows", "entropy (bits)", "effective categories", "largest/smallest"],
        [
            (when, m.rows, m.entropy, m.effective, m.imbalance)
            for when, m in (("before", planned.before), ("after", planned.after))
        ],
        as_json=json,
    )
    payload: dict[str, Any] = {"from": one.id, "plan": planned.to_dict(), "version": None}
    if not plan:
        recipe = Recipe(
            name=name or f"{one.manifest.name}-balanced",
            seed=seed,
            sources=[{"uri": f"version:{one.id}", "name": one.manifest.name}],
            steps=(step,),
        )
        made = run_recipe(recipe, store, report=Progress())
        payload["version"] = made.id
        say(f"{count(made.manifest.rows, 'row')} in version {made.id} ({recipe.name}).", as_json=json)
    answer(payload, as_json=json)


@app.command("merge")
def merge_command(
    versions: Annotated[
        list[str], typer.Argument(help="Two or more versions; REF=WEIGHT takes that share of its rows.")
    ],
    name: Annotated[str, typer.Option(help="What to call the new version.")],
    seed: Annotated[int, typer.Option(help="The seed of the draw by weight.")] = 0,
    json: Json = False,
) -> None:
    """Merge versions into one, each with its weight; ids stay apart, licences are carried.

    Example: tome merge sample larkfield=0.5 --name mix
    """
    from curation.console import Progress, answer, say
    from curation.findings import count
    from curation.recipe import Recipe, Source
    from curation.run import run_recipe
    from curation.store import Store

    sources = []
    for given in versions:
        ref, sign, weight = given.partition("=")
        try:
            share = float(weight) if sign else 1.0
        except ValueError:
            share = 0.0
        if not 0 < share <= 1:
            raise InputError(
                f"{weight!r} is no weight",
                where=given,
                mend="Give a share above 0 and up to 1, such as a=0.5.",
            )
        sources.append(Source(uri=f"version:{ref}", name=ref, weight=share))
    made = run_recipe(Recipe(name=name, seed=seed, sources=tuple(sources)), Store(), report=Progress())
    say(f"{count(made.manifest.rows, 'row')} in version {made.id} ({name}).", as_json=json)
    rows = dict(made.scan().select("source").collect().group_by("source").len().sort("source").iter_rows())
    licences = {str(one["name"]): one.get("licence") for one in made.manifest.sources}
    answer(
        {
            "version": made.id,
            "name": name,
            "rows": made.manifest.rows,
            "by_source": rows,
            "licences": licences,
        },
        as_json=json,
    )


def plan_table(plan: Plan, by: str, unit: str) -> tuple[list[str], list[list[Any]]]:
    """Head and lines of a plan's table; shares of what a row costs in ``unit``, left out where that is rows."""
    counts = ("now", "target", "taken", "augmented", "repeats", "to_augment")
    head = [by, *(name.replace("_", " ") for name in counts), "epochs", "rows %", f"{unit} %"]
    lines: list[list[Any]] = [
        [
            line.category,
            *(getattr(line, name) for name in counts),
            line.epochs,
            moved(line.share_now, line.share_after),
            moved(line.cost_share_now, line.cost_share_after),
        ]
        for line in plan.lines
    ]
    if lines:
        sums = [sum(getattr(line, name) for line in plan.lines) for name in counts]
        real = sums[2] + sums[3]
        lines.append(["all", *sums, round((real + sums[4]) / real, 3) if real else 0.0, "", ""])
    width = len(head) - (unit == "rows")
    return head[:width], [line[:width] for line in lines]


def moved(now: float, after: float) -> str:
    """Two shares as per cent: now, and in the mix."""
    return f"{100 * now:4.1f} -> {100 * after:4.1f}"


def parse_keep(text: str) -> Any:
    """``random``, ``diverse``, ``diverse=minilm`` or a column as a recipe would have it."""
    word, _, model = text.partition("=")
    if word == "diverse":
        return {"diverse": model or "static"}
    return text if text == "random" else {"max": text}


def parse_target(text: str) -> Any:
    """``uniform``, ``0.5`` or ``math=0.6,code=0.4`` as a recipe would have it. Raises InputError."""
    if text in ("uniform", "largest", "median"):
        return text
    try:
        if "=" in text:
            pairs = [part.rpartition("=") for part in text.split(",")]
            return {"weights": {name.strip(): float(weight) for name, _, weight in pairs}}
        if 0 <= float(text) <= 1:
            return {"temperature": float(text)}
        raise ValueError
    except ValueError:
        raise InputError(
            f"can't read the target {text!r}",
            where="--to",
            mend="Use uniform, largest, median, a temperature from 0 to 1, or math=0.6,code=0.4.",
        ) from None
