"""``tome feedback``: bring a Space's remarks back, and decide which of them become training rows."""

from __future__ import annotations

from typing import Annotated

import typer

from curation.errors import InputError

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
feedback = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Bring a Space's feedback into the run's folder; review what becomes a training row.\n\nExample: tome feedback review demo",
)
app.add_typer(feedback, name="feedback")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Run = Annotated[str, typer.Argument(help="The run: its name or its path.")]
Ids = Annotated[list[str] | None, typer.Option(help="A remark's id or the start of it; may be repeated.")]


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@feedback.command("pull")
def pull_command(
    run: Run,
    repo: Annotated[
        str | None, typer.Option("--from", help="The dataset repository; the last deploy's otherwise.")
    ] = None,
    json: Json = False,
) -> None:
    """Bring a Space's feedback into the run's folder.

    --json prints: repo, folder, files, rows, new, kinds (rows by kind). Example: tome feedback pull demo --from me/demo-feedback
    """
    from curation.console import answer, say
    from curation.feedback import find_run
    from curation.feedback_pull import deployed_repo, pull

    folder = find_run(run)
    repo = repo or deployed_repo(folder)
    if not repo:
        raise InputError("which repository holds the feedback?", mend="Name it: --from USER/NAME.")
    said = pull(folder, repo)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(said["kinds"].items())) or "none"
    say(f"{said['new']:,} new remarks, {said['rows']:,} in all ({kinds}), in {said['folder']}.", as_json=json)
    say(f"Next: tome ingest feedback:{run}", as_json=json)
    answer(said, as_json=json)


@feedback.command("review")
def review_command(
    run: Run,
    accept: Ids = None,
    reject: Ids = None,
    wait: Ids = None,
    text: Annotated[
        str | None, typer.Option("--answer", help="With one --accept: the answer to train on instead.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Why; kept with the decision.")] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List all remarks with their state; ask nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Accept or reject rows of a run's feedback; only accepted ones can train.

    Without options it shows what waits, one by one, and asks. A disliked answer needs a better one; what repeats an
    evaluation row can't be accepted. --wait takes a decision back.

    --json prints: run, states, decided, remarks (id, state, kind, complaint, remark, answer, by, model, dataset_id, time, eval).
    Example: tome feedback review demo --accept 3fa9 --answer "It costs £10."
    """
    import sys

    from curation import review
    from curation.console import answer, say
    from curation.contract import Home
    from curation.feedback import by_state

    home = Home.find()
    found = review.remarks(home, run)
    chosen = {"accept": accept or [], "reject": reject or [], "wait": wait or []}
    if text is not None and (len(chosen["accept"]) != 1 or any((reject, wait))):
        raise InputError("--answer is one remark's", mend="Give it with one --accept and nothing else.")
    decided = 0
    if any(chosen.values()):
        decided = review.decide(home, run, found, chosen, answer=text, note=note)
        found = review.remarks(home, run)
    elif not list_ and not json and sys.stdin.isatty() and by_state(found).get("waiting"):
        decided = review.ask(home, run, found)
        found = review.remarks(home, run)
    else:
        review.show(found, as_json=json)
    states = by_state(found)
    say(", ".join(f"{count:,} {state}" for state, count in states.items()) + ".", as_json=json)
    if decided and states.get("accepted"):
        say(f"Next: a recipe with the source {{uri: 'feedback:{run}', name: {run}-feedback}}", as_json=json)
    answer(
        {"run": run, "states": states, "decided": decided, "remarks": review.facts(found)},
        as_json=json,
    )
