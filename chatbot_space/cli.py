"""``tome chat``: talk to a run in the browser, or once from a script."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatbot_space.cli_deploy import deploy

if TYPE_CHECKING:
    from chatbot_space.load import Chat
    from chatbot_space.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


DEPLOY = "Examples: tome deploy demo --space me/demo --dry-run | tome deploy demo --space me/demo --feedback me/demo-feedback"
app.command("deploy", epilog=DEPLOY)(deploy)


@app.callback()
def _tome() -> None:
    """Talk to a training run."""


@app.command(
    epilog="Examples: tome chat demo | tome chat demo --once 'What is LoRA?' --json | tome chat data/runs/demo --base"
)
def chat(
    run: Annotated[str, typer.Argument(help="A run: its name in the home's runs folder, or its path.")],
    once: Annotated[str | None, typer.Option(help="Print one reply to this question and leave.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --once: print one JSON object, last.")
    ] = False,
    base: Annotated[
        bool, typer.Option("--base", help="Let the base model answer, without the adapter.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(help="A second run to compare with, side by side; or base, with the gguf engine."),
    ] = None,
    engine: Annotated[str, typer.Option(help="auto, transformers or gguf.")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32 or bfloat16 (transformers).")] = "auto",
    system: Annotated[str | None, typer.Option(help="A system prompt instead of the run's own.")] = None,
    temperature: Annotated[
        float | None, typer.Option(help="0 is greedy: --once's default, so that scripts get the same reply.")
    ] = None,
    max_tokens: Annotated[int, typer.Option(help="The longest reply, in tokens.")] = 512,
    seed: Annotated[int, typer.Option(help="Makes a sampled reply repeatable.")] = 0,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = 7860,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the browser.")] = False,
) -> None:
    """Talk to a training run: a chatbot in the browser, or one reply with --once.

    --once --json prints: run, dataset, model, engine, question, reply, end ("stop", "length", "context"), tokens,
    prompt_tokens, tokens_per_second, first_token_seconds, seconds, seed, temperature.
    """
    from chatbot_space.errors import ChatError
    from chatbot_space.load import load
    from chatbot_space.run import find_run, read_run
    from chatbot_space.settings import Settings

    folder = find_run(run)
    about = read_run(folder, adapter_needed=not base)
    if once is None:
        from chatbot_space.app import check_port, launch
        from chatbot_space.opening import BASE, open_desk

        check_port(host, port)
        print(f"Loading {about.base_model} for run {about.run_id} ...", file=sys.stderr, flush=True)
        rival = find_run(against) if against and against != BASE else against
        desk = open_desk(folder, engine=engine, dtype=dtype, against=rival)
        launch(desk, host=host, port=port, open_browser=open_browser)
        return
    if not once.strip():
        raise ChatError("the question is empty", mend="Write it behind --once, in quotes.")
    greedy = not temperature
    settings = Settings(
        temperature=temperature or 0.0,
        repetition_penalty=1.0 if greedy else Settings.repetition_penalty,
        max_tokens=max_tokens,
        seed=seed,
    )
    ready = load(about, engine=engine, base_only=base, dtype=dtype)
    facts = ask_once(
        ready, once, settings, system=about.system_prompt if system is None else system, base=base
    )
    print(json.dumps(facts, ensure_ascii=False) if as_json else facts["reply"])


def ask_once(
    ready: Chat, question: str, settings: Settings, *, system: str | None, base: bool
) -> dict[str, Any]:
    """One question, one answer, and its figures: what --json prints."""
    from chatbot_space.reply import answer

    model = "base" if base or "tuned" not in ready.engine.models else "tuned"
    asked = [{"role": "user", "content": question}]
    *_, reply = answer(ready, asked, settings, system=system, model=model)
    first = reply.first_token_seconds
    return {
        "run": ready.run.run_id,
        "dataset": ready.run.dataset_name,
        "model": model,
        "engine": ready.engine.name,
        "question": question,
        "reply": reply.text.strip(),
        "end": reply.end,
        "tokens": reply.tokens,
        "prompt_tokens": reply.prompt_tokens,
        "tokens_per_second": round(reply.tokens_per_second, 2),
        "first_token_seconds": None if first is None else round(first, 3),
        "seconds": round(reply.seconds, 3),
        "seed": settings.seed,
        "temperature": settings.temperature,
    }
