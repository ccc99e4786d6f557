"""Starting a sweep: the export, the config, the values to try, the seeds, and the job."""

from __future__ import annotations

import re

import streamlit as st

from curation.findings import count
from curation.store import NAME
from streamlit_app.components import run_form, shell, sweeps
from streamlit_app.components.beginning import SWEEP, expect
from streamlit_app.components.jobs_strip import start

TRIED = {"learning_rate": "3e-4, 1e-3", "lora_rank": "8, 16", "lora_dropout": "", "batch": "", "warmup": ""}
"""The fields that are swept most, with values to start from."""


def form() -> None:
    """Choose what to try; the button says how many runs that makes."""
    exported = run_form.exported()
    if not exported:
        run_form.no_export()
        return
    export = str(st.selectbox("Export", list(exported), key="sweep_export"))
    preset = str(st.selectbox("Config", run_form.preset_names(), key="sweep_config"))
    shell.note("Values to try, with commas between; an empty field stays as the config has it.")
    grid = {}
    for name, values in TRIED.items():
        if given := values_of(st.text_input(name.replace("_", " "), value=values, key=f"grid_{name}")):
            grid[name] = given
    seeds = values_of(
        st.text_input(
            "seeds",
            value="1, 2",
            key="grid_seeds",
            help="Every setting is trained with each; their spread is the interval.",
        )
    )
    steps = int(st.number_input("Most steps of a run, 0 for all", 0, 1_000_000, 20, 10, key="sweep_steps"))
    taken = set(sweeps.names())
    name = st.text_input("Name of the sweep", value=next(n for n in (f"{export}-sweep", *(f"{export}-sweep-{i}" for i in range(2, 10_000))) if n not in taken), key=f"sweep_{len(taken)}").strip()  # fmt: skip
    trials = 1
    for given in grid.values():
        trials *= len(given)
    fits = bool(grid and seeds and NAME.fullmatch(name) and all(re.fullmatch(r"\d+", seed) for seed in seeds))
    if not fits:
        shell.note(
            "A sweep needs values for one field or more, whole numbers as seeds, and a name of letters, digits, '.', '_' and '-'."
        )
    said = (
        f"Train {count(trials * len(seeds), 'run')}: {count(trials, 'setting')}, {count(len(seeds), 'seed')}"
    )
    if st.button(said, type="primary", disabled=not fits):
        words = [f"{key}={','.join(values)}" for key, values in grid.items()]
        more = ["--set", f"max_steps={steps}"] if steps else []
        job = start(
            [
                "sweep",
                export,
                "--config",
                run_form.config_word(preset),
                *more,
                "--set",
                "samples=0",
                "--seeds",
                ",".join(seeds),
                "--name",
                name,
                "--json",
                "--grid",
                *words,
            ],
            f"Sweep {name}",
        )
        st.session_state["sweep_job"] = job.id if job else None
        expect(SWEEP, name)
        st.rerun()


def values_of(text: str) -> list[str]:
    """The values of a field, in their order, each once."""
    return list(dict.fromkeys(part for part in re.split(r"[,\s]+", text.strip()) if part))
