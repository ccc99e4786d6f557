"""``tome train``, ``tome sweep`` and ``tome publish``: parse, call, print."""

from __future__ import annotations

import dataclasses
import os
from typing import Annotated, Any

import typer

from curation.contract import Home
from training.cli_common import EXTRA, Config, Json, Overrides, Source, answer, needed, parsed, say
from training.cli_look import plan_command, preview_command
from training.cli_publish import publish_command
from training.cli_sweep import sweep_command

VERBS = ("start", "plan", "preview")


class _Front:
    """Lets ``tome train EXPORT`` stand for ``tome train start EXPORT``; everything else goes to Typer."""

    def __call__(self, args: list[str], prog_name: str, **options: Any) -> Any:
        if args[:1] == ["train"] and args[1:2] and args[1] not in {*VERBS, "--help", "-h"}:
            args = ["train", "start", *args[1:]]
        return _app(args=args, prog_name=prog_name, **options)


_app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)
_train = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
_app.add_typer(
    _train,
    name="train",
    help="Train a LoRA adapter on an export folder. Example: tome train demo --config smollm2-135m-cpu "
    "--max-steps 40 (short for: tome train start ...).",
)
app = _Front()


_train.command("plan", context_settings=EXTRA)(plan_command)
_train.command("preview", context_settings=EXTRA)(preview_command)


_app.command("sweep", context_settings=EXTRA)(sweep_command)


_app.command("publish")(publish_command)


@_app.callback()
def _root() -> None:
    """Training."""


@_train.command("start", context_settings=EXTRA)
def start(
    context: typer.Context,
    source: Source = None,
    config: Config = None,
    overrides: Overrides = None,
    name: Annotated[str | None, typer.Option("--name", help="The run's name.", show_default=False)] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last whole checkpoint.")] = False,
    as_json: Json = False,
) -> None:
    """Train on an export; writes data/runs/NAME. Every config field is an option too: --batch 4.

    Example: tome train demo --config smollm2-135m-cpu --name first --max-steps 40

    JSON: run, state (done or stopped), folder, steps, total_steps, loss_first, loss_last, eval_loss,
    eval_loss_base, eval_by_category, seconds, tokens_per_second, warnings, signal.
    """
    from training.config import load_config
    from training.folders import find_run
    from training.signals import EXIT
    from training.train import train

    home = Home.find()
    source, chosen = parsed(source, overrides, context.args)
    if resume:
        folder = find_run(home, name)
        name = folder.name
        source = source or str(_info(folder).dataset["path"])
        config = config or str(folder / "config.yaml")
    result = train(
        needed(source), load_config(needed(config, "config"), chosen), home, name=name, resume=resume, say=say
    )
    if int(os.environ.get("RANK", "0")) > 0:
        return  # the main process speaks for all
    if as_json:
        answer(dataclasses.asdict(result))
    else:
        print(_summary(result))
    if result.signal:
        raise typer.Exit(EXIT[result.signal])


def _info(folder: Any) -> Any:
    from curation.contract import RunInfo

    return RunInfo.read(folder)


def _summary(result: Any) -> str:
    if result.state != "done":
        return (
            f"Stopped at step {result.steps} of {result.total_steps}. "
            f"Go on with: tome train --resume --name {result.run}"
        )
    base = f" (base {result.eval_loss_base:.4f})" if result.eval_loss_base is not None else ""
    evaluated = f", eval loss {result.eval_loss:.4f}{base}" if result.eval_loss is not None else ""
    return (
        f"Run {result.run}: {result.steps} steps, loss {result.loss_first} to {result.loss_last}{evaluated}.\n"
        f"Talk to it: tome chat {result.run}"
    )
