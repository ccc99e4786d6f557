"""``tome train plan`` and ``tome train preview``: a look ahead, without training."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curation.contract import Home, TomeError
from training.cli_common import Config, Json, Overrides, Source, answer, needed, parsed, say
from training.errors import ConfigError

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.models import Base, Voice
    from training.prepare import Prepared
    from training.rehearsal import Rehearsal


def plan_command(
    context: typer.Context,
    source: Source = None,
    config: Config = None,
    overrides: Overrides = None,
    gpu_memory: Annotated[
        float | None, typer.Option("--gpu-memory", help="GiB to fit into; 90% of this GPU's otherwise.")
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", min=1, help="How many GPUs train together, under torchrun.")
    ] = 1,
    rehearsal: Annotated[
        bool | None,
        typer.Option(
            "--rehearse/--no-rehearse",
            help="Train a few steps for the time, and throw them away. Without a word: on a GPU, for one config whose weights are here.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Predict steps, tokens, memory, disk and time; without --config, for every preset.

    Example: tome train plan demo --config llama-3.2-1b-qlora --gpu-memory 15

    The time is measured in a rehearsal where there is one, and otherwise estimated from two readings of the machine.

    JSON: export, device, plans (preset or file -> rows, sequences, tokens, padding, steps, memory,
    memory_parts, memory_gib, disk, disk_gib, seconds, tokens_per_second, lengths, at_once, step_rows, processes,
    recomputed_layers, layers, fitting_batch, room_gib, rehearsed (null, or steps, micro_seconds, peak_gib); or error).
    """
    from training.config import preset_names
    from training.data import open_export

    source, chosen = parsed(source, overrides, context.args)
    open_export(needed(source), Home.find())
    names = [config] if config else preset_names()
    if rehearsal and (not config or gpu_memory):
        raise ConfigError(
            "a rehearsal is of one config, on the machine that it runs on",
            mend="Name it with --config, and leave --gpu-memory out (gpu_memory=8 bounds a run on this GPU).",
        )
    if not config or gpu_memory:
        rehearsal = False
    plans: dict[str, Any] = {}
    for name in names:
        try:
            plans[name] = _plan_one(needed(source), name, chosen, gpu_memory, processes, rehearsal)
        except TomeError as error:
            if config:
                raise
            plans[name] = {"error": str(error)}
    device = next((found["device"] for found in plans.values() if "device" in found), None)
    if as_json:
        answer({"export": source, "device": device, "plans": plans})
        return
    for name, found in plans.items():
        print(_told(name, found))


def _plan_one(
    source: str,
    config_name: str,
    overrides: list[str],
    gpu_memory: float | None,
    processes: int,
    rehearsal: bool | None,
) -> dict[str, Any]:
    import torch

    from training.backends import can_import, import_backend, pick_dtype
    from training.config import load_config
    from training.data import open_export
    from training.fit import fitted, room_of
    from training.memory import GIB, memory, recomputed
    from training.models import has_weights, load_voice, resolve_base
    from training.plan import as_json, fitting_batch, measured_speed, plan, widest
    from training.prepare import prepare
    from training.rehearsal import told
    from training.shape import shape_of

    home = Home.find()
    config = load_config(config_name, overrides)
    export = open_export(source, home)
    base = resolve_base(config.model, config.revision, home, say, weights=bool(rehearsal))
    may_rehearse = rehearsal
    if rehearsal is None:
        may_rehearse = torch.cuda.is_available() and has_weights(base) and can_import(config.backend)
    if may_rehearse:
        import_backend(config.backend)
    voice = load_voice(base, config.template)
    prepared = prepare(export, voice, config, home)
    lengths = prepared.table("train")["length"].to_pylist()
    shape = shape_of(base.path, config)
    here = "cuda" if torch.cuda.is_available() else "cpu"
    device = "cuda" if gpu_memory else here
    speed = measured_speed(here, pick_dtype(config.dtype, here)) if device == here else None
    room = int(gpu_memory * GIB) if gpu_memory else room_of(config)
    config = fitted(config, lengths, shape, room, *([speed] if speed else []))
    need = sum(memory(shape, config, device, widest(lengths, config)).values())
    measured = _rehearsed(base, voice, prepared, config, need, rehearsal) if may_rehearse else None
    per_micro = measured.micro_seconds if measured else None
    found = as_json(plan(lengths, shape, config, device, speed, processes, per_micro))
    found["rehearsed"] = told(measured) if measured else None
    found["device"], found["processes"] = device, processes
    found["lengths"] = prepared.reports["train"].lengths
    found["at_once"], found["step_rows"] = config.at_once, config.step_rows
    found["recomputed_layers"], found["layers"] = recomputed(shape, config), shape.layers
    found["fitting_batch"] = fitting_batch(lengths, shape, config, device, room) if room else None
    found["room_gib"] = round(room / GIB, 1) if room else None
    return found


def _rehearsed(
    base: Base, voice: Voice, prepared: Prepared, config: TrainConfig, need: int, asked: bool | None
) -> Rehearsal | None:
    """What a rehearsal measures; None where nobody asked for one and it could disturb another program on the GPU."""
    import torch

    from training.memory import GIB
    from training.rehearsal import rehearse

    free = torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else need
    if not asked and need > free:
        say(
            f"No rehearsal: {free / GIB:.1f} GiB of this GPU are free, and it takes {need / GIB:.1f}. The time is estimated."
        )
        return None
    say("Rehearsing: some steps are trained and thrown away (--no-rehearse leaves that out).")
    try:
        return rehearse(base, voice, prepared, config)
    except TomeError as error:
        if asked:
            raise
        say(f"{error} The time is estimated.")
        return None


def _told(name: str, found: dict[str, Any]) -> str:
    if "error" in found:
        return f"{name}: {found['error']}"
    each = f" in each of {found['processes']} processes" if found["processes"] > 1 else ""
    lines = [
        f"{name}: {found['steps']} steps, {found['tokens']:,} tokens in {found['sequences']:,} sequences "
        f"of {found['rows']:,} rows, {found['padding']:.1%} padding",
        f"  memory {found['memory_gib']} GiB ("
        + ", ".join(f"{part} {size / 2**30:.2f}" for part, size in found["memory_parts"].items())
        + ")",
        f"  layout {found['at_once']} of a step's {found['step_rows']} at once{each}, "
        f"{found['recomputed_layers']} of {found['layers']} layers recomputed",
        f"  disk   {found['disk_gib']} GiB",
    ]
    if found["seconds"] is not None:
        lines.append(
            f"  time   about {_about(found['seconds'])} ({found['tokens_per_second']:,.0f} tokens/s, {_how(found)})"
        )
    if found["room_gib"] is not None:
        fits, room = found["fitting_batch"], found["room_gib"]
        lines.append(
            f"  fits   {'yes' if found['memory_gib'] <= room else 'NO'}: {room} GiB hold {fits} at once"
            if fits
            else f"  fits   NO: not even 1 at once fits into {room} GiB; lower max_length, or precision=4bit"
        )
    return "\n".join(lines)


def _how(found: dict[str, Any]) -> str:
    """How the time is known."""
    rehearsed = found["rehearsed"]
    if not rehearsed:
        return "estimated"
    peak = f", with {rehearsed['peak_gib']} GiB at most" if rehearsed["peak_gib"] is not None else ""
    return f"measured in {rehearsed['steps']} steps{peak}"


def _about(seconds: float) -> str:
    """A duration in the unit that suits it: 45 seconds, 13 minutes, 26.1 hours."""
    if seconds < 100:
        return f"{max(seconds, 1):.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"


def preview_command(
    context: typer.Context,
    source: Source = None,
    config: Config = None,
    overrides: Overrides = None,
    row: Annotated[str | None, typer.Option("--row", help="A row's id; the first row otherwise.")] = None,
    as_json: Json = False,
) -> None:
    """Count what the pre-flight finds, and show one row with what is supervised in green.

    Example: tome train preview demo --config smollm2-135m-cpu

    JSON: export, preflight (split -> rows, kept, tokens, supervised, longest, errors, warnings, lengths),
    row (id, tokens, supervised).
    """
    from training.config import load_config
    from training.data import open_export
    from training.models import load_voice, resolve_base
    from training.prepare import prepare
    from training.preview import coloured, marked, preview_row

    home = Home.find()
    source, changed = parsed(source, overrides, context.args)
    chosen = load_config(needed(config, "config"), changed)
    export = open_export(needed(source), home)
    base = resolve_base(chosen.model, chosen.revision, home, say, weights=False)
    voice = load_voice(base, chosen.template)
    reports = prepare(export, voice, chosen, home, strict=False).reports
    shown = preview_row(export, voice, row)
    if as_json:
        values = {split: report.as_dict() for split, report in reports.items()}
        answer({"export": export.info.name, "preflight": values, "row": shown.__dict__})
        return
    for split, report in reports.items():
        print(
            f"{split}: {report.kept} of {report.rows} rows kept, {report.tokens:,} tokens, "
            f"{report.supervised:,} supervised, longest {report.longest}"
        )
        for what, ids in report.errors.items():
            print(f"  ERROR    {what}: {len(ids)} rows ({', '.join(ids[:5])})")
        for what, count in sorted(report.warnings.items()):
            print(f"  warning  {what}: {count}")
    colours = sys.stdout.isatty()
    print(f"\nRow {shown.id}; supervised is what is {'green' if colours else 'between ⟦ and ⟧'}:\n")
    print(coloured(shown) if colours else marked(shown))
