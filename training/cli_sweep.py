"""``tome sweep``: parse, call, print."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import typer

from curation.contract import Home
from training.cli_common import Config, Json, Overrides, Source, answer, flags, needed, parsed, say
from training.errors import ConfigError


def sweep_command(
    context: typer.Context,
    source: Source = None,
    config: Config = None,
    overrides: Overrides = None,
    grid: Annotated[
        list[str] | None, typer.Option("--grid", metavar="KEY=V1,V2", help="Values to try; more may follow.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The sweep's name; an old one goes on.")] = None,
    seeds: Annotated[str, typer.Option("--seeds", help="Seeds; every trial runs with each.")] = "3407",
    sampler: Annotated[str, typer.Option("--sampler", help="grid, or tpe.")] = "grid",
    trials: Annotated[
        int | None, typer.Option("--trials", help="How many; the whole grid otherwise.")
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Stop trials that fall behind the median.")] = False,
    as_json: Json = False,
) -> None:
    """Try many configs with the same seeds and the same token budget; writes data/sweeps/NAME.

    Example: tome sweep demo --config smollm2-135m-cpu --grid lr=1e-4,5e-4 batch=2,4 dropout=0,0.05

    A dropout above 0 costs Unsloth speed and memory; a line below the table says how much. Data versions
    are compared with data=v1,v2; ranges such as lr=1e-5..1e-3 need --sampler tpe and --trials.

    JSON: name, folder, lines (trial, params, state, mean, spread, tokens_per_second, runs, error), best,
    best_config.
    """
    from training.config import load_config
    from training.grid import parse_grid
    from training.sweep import sweep

    if sampler not in {"grid", "tpe"}:
        raise ConfigError(f"there is no sampler {sampler!r}", where="--sampler", mend="Known: grid, tpe.")
    chosen = needed(config, "config")
    try:
        numbers = [int(seed) for seed in seeds.split(",")]
    except ValueError:
        raise ConfigError(f"{seeds!r} aren't seeds", where="--seeds", mend="Write 1,2,3.") from None
    pairs, words = flags([*([source] if source is not None else []), *context.args])
    grid = [*(grid or []), *(word for word in words if "=" in word)]
    source, changed = parsed(None, [*(overrides or []), *pairs], [word for word in words if "=" not in word])
    found = sweep(
        needed(source),
        load_config(chosen, changed),
        parse_grid(grid),
        Home.find(),
        name=name or f"sweep-{needed(source).rstrip('/').rpartition('/')[2]}",
        seeds=numbers,
        sampler=sampler,
        trials=trials,
        prune=prune,
        say=say,
    )
    if as_json:
        answer(dataclasses.asdict(found))
    else:
        print(_table(found))


def _table(found: Any) -> str:
    rows = [("trial", "values", "eval loss", "spread", "tokens/s", "state")]
    for line in found.lines:
        rows.append(
            (
                str(line.trial),
                " ".join(f"{key}={value}" for key, value in line.params.items()),
                f"{line.mean:.4f}" if line.mean is not None else "",
                f"{line.spread:.4f}" if line.spread is not None else "",
                f"{line.tokens_per_second:.0f}" if line.tokens_per_second else "",
                line.state if not line.error else f"{line.state}: {line.error}",
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(6)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    end = f"\nBest config: {found.best_config}" if found.best_config else "\nNo trial was finished."
    return "\n".join(lines) + _dropout_cost(found.lines) + end


def _dropout_cost(lines: Any) -> str:
    """What a dropout costs in speed: the tokens/s of trials with it over those of the same trials without, their mean."""
    rates = {_values(line): line.tokens_per_second for line in lines if line.tokens_per_second}
    shares: dict[float, list[float]] = {}
    for line in lines:
        dropout = float(line.params.get("lora_dropout") or 0)
        twin = rates.get(_values(line, lora_dropout=0.0))
        if dropout and twin and line.tokens_per_second:
            shares.setdefault(dropout, []).append(line.tokens_per_second / twin)
    told = [
        f"\nDropout {dropout:g} ran at {sum(found) / len(found):.0%} of the speed without "
        f"({len(found)} pair{'s' if len(found) > 1 else ''} of trials)."
        for dropout, found in sorted(shares.items())
    ]
    return "".join(told)


def _values(line: Any, **changed: Any) -> tuple[tuple[str, str], ...]:
    values = {**line.params, **changed}
    if "lora_dropout" in values:
        values["lora_dropout"] = float(values["lora_dropout"])
    return tuple(sorted((key, str(value)) for key, value in values.items()))
