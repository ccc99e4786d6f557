"""The ways out of a version: check it, download it, export it for training, push it to the Hub, and the card that goes along."""

from __future__ import annotations

import re

import streamlit as st

from curation import jobs
from curation.errors import TomeError
from curation.export import preview_card
from curation.findings import count
from curation.store import NAME, Version
from streamlit_app.components import data, shell, verdicts
from streamlit_app.components.downloading import SHAPES, jsonl
from streamlit_app.components.jobs_strip import start, watch
from streamlit_app.components.live_text import live_text

REPO = re.compile(rf"{NAME.pattern}/{NAME.pattern}")
FILES = ("train.parquet", "eval.parquet", "README.md", "export.json")
"""What an export holds, and so what a push sends at most."""


def check(version: Version) -> bool:
    """Whether nothing speaks against the version; a small one is checked at once, a large one by a job that is asked for."""
    said = verdicts.verdict(version)
    key = f"verify_job_{version.id}"
    if said is None:
        shell.note(
            f"{version.manifest.rows:,} rows: deriving every hash again takes a while, so it runs as a job."
        )
        if st.button("Verify"):
            job = start(["verify", version.id, "--json"], f"Verify {version.manifest.name}")
            st.session_state[key] = job.id if job else None
        if one := st.session_state.get(key):
            watch(one)
            job = jobs.get(data.home(), one)
            said = "" if job.status == "done" else job.complaint() if job.status == "failed" else None
    elif st.button("Verify again", help="Derive every hash again and compare it with the manifest."):
        verdicts.forget_verdicts()
        said = verdicts.verdict(version)
    if said:
        shell.notice("bad", f"{said} It can't be exported.")
    elif said == "":
        shell.notice("good", f"Whole: {version.manifest.rows:,} rows, every hash derived again.")
    return not said


def export(version: Version, *, whole: bool) -> str:
    """Write the export folder, as a job; training reads it. Gives the export's name."""
    name = st.text_input(
        "Name of the export", value=version.manifest.name, key=f"export_name_{version.id}"
    ).strip()
    wrong = (
        None
        if NAME.fullmatch(name)
        else "A name has letters, digits, '.', '_' and '-', and starts with a letter or digit."
    )
    if wrong:
        shell.note(wrong)
    there = (data.home().exports / name / "export.json").is_file() if not wrong else False
    if there:
        shell.note(f"There is an export {name} already; writing replaces it.")
    if st.button(
        shell.label(f"Write {version.manifest.rows:,} rows to exports/{name}"),
        type="primary",
        disabled=not whole or bool(wrong),
    ):
        job = start(["export", version.id, "--name", name, "--overwrite", "--json"], f"Export {name}")
        st.session_state["export_job"] = job.id if job else None
    if one := st.session_state.get("export_job"):
        watch(one)
        if jobs.get(data.home(), one).status == "done":
            st.page_link("screens/train.py", label="Train on it")
    return name


def push(version: Version, name: str, *, whole: bool) -> None:
    """Push the export to the Hub, as a job. The token goes to the job's process alone; it is cleared from the page when the job starts."""
    repo = st.text_input("Dataset repository", placeholder="USER/NAME", key="push_repo").strip()
    public = st.toggle(
        "Anyone may see it",
        key="push_public",
        help="Private otherwise. A public dataset may be copied by others before you take it back.",
    )
    st.text_input("Token with the right to write", type="password", key="push_token", autocomplete="off",
                  help="Passed to the job only; it is never shown, logged or stored. Empty: the one of hf auth login.")  # fmt: skip
    live_text("push_repo")
    fits = bool(REPO.fullmatch(repo)) and bool(NAME.fullmatch(name))
    if repo and not fits:
        shell.note("Write the repository as USER/NAME.")
    said = f"Push {len(FILES)} files to {repo}" if fits else f"Push {len(FILES)} files to USER/NAME"
    st.button(shell.label(said), disabled=not (whole and fits), key="push", on_click=_push, args=(version.id, name, repo, public),
              help=f"{', '.join(FILES)}: what is there already and the same isn't sent again.")  # fmt: skip
    if one := st.session_state.get("push_job"):
        watch(one)
        answer = jobs.get(data.home(), one).answer() or {}
        if answer.get("url"):
            shell.notice("good", f"On the Hub: {answer['url']}")


def _push(version: str, name: str, repo: str, public: bool) -> None:
    token = st.session_state.get("push_token", "").strip()
    st.session_state["push_token"] = ""
    arguments = [
        "export",
        version,
        "--name",
        name,
        "--overwrite",
        "--push",
        repo,
        *(["--public"] if public else []),
        "--json",
    ]
    job = start(arguments, f"Push {name} to {repo}", secret_env={"HF_TOKEN": token} if token else None)
    st.session_state["push_job"] = job.id if job else None


def downloads(version: Version, *, whole: bool) -> None:
    """The rows as a file: Parquet, or JSONL in three shapes; built when it is asked for."""
    name = f"{version.manifest.name}-{version.id[:8]}"
    with st.container(horizontal=True):
        st.download_button("Parquet", (version.folder / "rows.parquet").read_bytes if whole else b"", file_name=f"{name}.parquet", on_click="ignore", disabled=not whole)  # fmt: skip
        for shape in SHAPES:
            st.download_button(
                f"JSONL, {shape}", (lambda shape=shape: "".join(jsonl(version, shape))) if whole else b"", file_name=f"{name}-{shape.lower()}.jsonl",
                mime="application/jsonl", on_click="ignore", disabled=not whole,
            )  # fmt: skip
    shell.note("Alpaca holds single turns: rows with more are left out of it.")


def card(version: Version) -> None:
    """The dataset card that an export would have, drawn as the Hub would; its recipe as text."""
    try:
        text = preview_card(data.store(), version, version.manifest.name)
    except TomeError as error:
        shell.notice("bad", str(error))
        return
    _, front, body = text.split("---\n", 2)
    body, _, recipe = body.partition("## How to make it again")
    left, right = st.columns([2.2, 1], gap="large")
    with left, st.container(border=True, key="dataset_card"):
        st.markdown(shell.unlinked(body))
    with right:
        st.html("<h2 class='tw-h2'>What the Hub reads</h2>")
        st.code(front.strip(), language="yaml", wrap_lines=True)
        if recipe:
            st.html("<h2 class='tw-h2'>How to make it again</h2>")
            st.code(recipe.partition("```yaml\n")[2].rpartition("```")[0], language="yaml", wrap_lines=True)
        st.download_button(
            f"README.md, {count(len(text.splitlines()), 'line')}",
            text,
            file_name="README.md",
            on_click="ignore",
        )
