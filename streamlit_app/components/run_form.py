"""Starting a training run: the export, the config, how long it takes, and the job."""

from __future__ import annotations

import importlib.util
import math
import re
from pathlib import Path

import streamlit as st

from curation import jobs
from curation.contract import ExportInfo
from curation.findings import count
from streamlit_app.components import cards, data, shell, tables
from streamlit_app.components.jobs_strip import card_html, start
from streamlit_app.components.training_runs import events, runs


def presets() -> dict[str, Path]:
    """The configs that come with training, by name; its code isn't loaded."""
    spec = importlib.util.find_spec("training")
    folders = list(spec.submodule_search_locations or []) if spec else []
    return {path.stem: path for folder in folders for path in sorted(Path(folder, "presets").glob("*.yaml"))}


def preset_value(path: Path, name: str, otherwise: float) -> float:
    """A number of a preset."""
    found = re.search(rf"^{name}:\s*([0-9.eE+-]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return float(found[1]) if found else otherwise


def form() -> None:
    """Choose an export and a config, see how long it takes, start the job."""
    exported = {
        folder.name: info for folder, info in cards.exports(data.home()) if isinstance(info, ExportInfo)
    }
    if not exported:
        shell.note("There is no export yet. Under Versions, write one; training reads it.")
        st.page_link(
            "screens/versions.py", label="Write an export", query_params={"tab": "Check, export, download"}
        )
        return
    known = presets()
    export = str(st.selectbox("Export", list(exported), key="train_export"))
    names = sorted(known, key=lambda name: "cpu" not in name)
    preset = str(st.selectbox("Config", names, key="train_config"))
    rows = sum(exported[export].counts.get("train", {}).values())
    batch = int(
        st.number_input(
            "Batch, in rows", 1, 256, int(preset_value(known[preset], "batch", 8)), key=f"batch_{preset}"
        )
    )
    epochs = float(st.number_input("Epochs", 0.1, 20.0, 1.0, 0.5, key="epochs"))
    cap = int(st.number_input("Most steps, 0 for all", 0, 1_000_000, 0, 10, key="max_steps"))
    total = max(1, math.ceil(rows * epochs / batch))
    total = min(total, cap) if cap else total
    shell.note(f"{rows:,} rows in batches of {batch}: {count(total, 'step')}. {_time(total, batch)}")
    taken = set(runs())
    name = st.text_input(
        "Name of the run",
        value=next(n for n in (export, *(f"{export}-{i}" for i in range(2, 10_000))) if n not in taken),
        key=f"run_{len(taken)}",
    )
    said = [
        "train",
        export,
        "--config",
        preset,
        "--set",
        f"batch={batch}",
        "--set",
        f"epochs={epochs:g}",
        "--json",
    ]
    said += ["--set", f"max_steps={cap}"] if cap else []
    estimate(["train", "plan", *said[1:]], preset)
    if st.button(
        f"Train {count(total, 'step')} on {export}", type="primary", disabled=not name or name in taken
    ):
        said += ["--name", name]
        job = start(said, f"Train {name}")
        st.session_state["train_job"] = job.id if job else None
        st.query_params["run"] = name
        st.rerun()


def _time(total: int, batch: int) -> str:
    """How long it takes at the speed of the newest run here, or that this isn't known."""
    for folder, info in runs().values():
        done = [e for e in events(folder) if e["event"] == "step"]
        if len(done) >= 3 and info.config.get("batch"):
            each = (done[-1]["time"] - done[0]["time"]) / (len(done) - 1) * batch / info.config["batch"]
            minutes = total * each / 60
            return (
                f"At the speed of {folder.name} ({each:.1f} s a step) that is about {minutes:,.0f} min."
                if minutes >= 2
                else f"At the speed of {folder.name} that is about {total * each:,.0f} s."
            )
    return "How long a step takes isn't known before the first run here; on two cores the 135M model takes 1 to 3 s."


def estimate(arguments: list[str], preset: str) -> None:
    """Work out memory, time and disk from the rows' real lengths, as a job, and show what it says."""
    if st.button(
        "Estimate memory and time", help="Reads the tokenizer and counts; the first time takes a minute."
    ):
        job = start(arguments, f"Estimate {preset}")
        st.session_state["estimate_job"] = job.id if job else None
    if one := st.session_state.get("estimate_job"):
        running = jobs.get(data.home(), one).status == "running"
        st.fragment(_estimate, run_every=1.0 if running else None)(one, running)


def _estimate(one: str, was_running: bool) -> None:
    job = jobs.get(data.home(), one)
    if was_running and job.status != "running":
        st.rerun()
    plan = next(iter((job.answer() or {}).get("plans", {}).values()), None)
    if job.status != "done" or not plan:
        st.html(card_html(job))
        return
    minutes = plan["seconds"] / 60 if plan.get("seconds") else None
    room = f"of {plan['room_gib']:.1f} GiB" if plan.get("room_gib") else f"on {plan['device']}"
    tables.strip([
        (f"{plan['memory_gib']:.1f} GiB", "memory", room),
        (f"{minutes:,.0f} min" if minutes else "unknown", "time", f"{plan['steps']:,} steps"),
        (f"{plan['disk_gib']:.2f} GiB", "disk", "checkpoints and adapter"),
    ])  # fmt: skip
