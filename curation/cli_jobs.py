"""``tome jobs``: the jobs that run or ran, and how to stop or resume one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@app.command("jobs")
def jobs_command(
    job: Annotated[
        str | None, typer.Argument(help="A job's id, or the end of it; all of them otherwise.")
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Ask it to stop; what is finished is kept.")] = False,
    kill: Annotated[bool, typer.Option("--kill", help="End it at once.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Start its command again from where it stopped.")
    ] = False,
    start: Annotated[
        str | None, typer.Option(help="Start a tome command as a job: --start 'run data/recipes/demo.yaml'.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
) -> None:
    """List the jobs that the workbench started; stop or resume one.

    Example: tome jobs, then tome jobs 4f1c2a --stop
    """
    import shlex

    from curation import jobs
    from curation.console import answer, plain, say, table
    from curation.contract import Home
    from curation.errors import InputError
    from curation.views import ago

    home = Home.find()
    if start is not None:
        one = jobs.start(home, shlex.split(start), title=start[:60])
    elif job is None:
        if stop or kill or resume:
            raise InputError("which job?", mend="Give its id: tome jobs lists them.")
        found = jobs.jobs(home)
        if found:
            rows = [(one.id, one.status, plain(one.title, 50), ago(one.started)) for one in found]
            table(["job", "status", "title", "started"], rows, as_json=json)
        else:
            say("No jobs yet. The workbench starts them: tome ui", as_json=json)
        answer({"jobs": [_facts(one) for one in found]}, as_json=json)
        return
    else:
        one = jobs.get(home, job)
        if stop or kill:
            one = jobs.stop(one, at_once=kill, wait=10)
        elif resume:
            one = jobs.resume(home, one)
    say(plain(f"{one.id} {one.status}: {one.command}"), as_json=json)
    if one.status in ("failed", "killed") and (why := one.complaint()):
        say(plain(why), as_json=json)
    answer(_facts(one), as_json=json)


def _facts(one: Any) -> dict[str, Any]:
    return {"id": one.id, "status": one.status, "code": one.code, "title": one.title, "command": one.command,
            "started": one.started, "ended": one.ended, "folder": str(one.folder)}  # fmt: skip
