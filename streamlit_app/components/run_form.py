"""Starting a training run: the export, the config, how long it takes, and the job."""

from __future__ import annotations

import importlib.util
import math
import os
import re
from pathlib import Path

import streamlit as st

from curation import jobs
from curation.contract import ExportInfo
from curation.findings import count
from curation.store import NAME
from streamlit_app.components import cards, data, shell, tables
from streamlit_app.components.beginning import RUN, expect
from streamlit_app.components.jobs_strip import card_html, start
from streamlit_app.components.rich_text import plain
from streamlit_app.components.training_runs import events, runs


def presets() -> dict[str, Path]:
    """The configs by name: those that come with training, whose code isn't loaded, and your own in the home folder's ``configs``."""
    spec = importlib.util.find_spec("training")
    shipped = [Path(folder, "presets") for folder in (spec.submodule_search_locations or [])] if spec else []
    found = {path.stem: path for folder in shipped for path in sorted(folder.glob("*.yaml"))}
    return found | {
        f"{path.stem} (yours)": path for path in sorted((data.home().root / "configs").glob("*.yaml"))
    }


def config_word(name: str) -> str:
    """What ``--config`` is given: a preset's name, or the path of your own config."""
    path = presets()[name]
    return name if path.stem == name else str(path.resolve())


def preset_value(path: Path, name: str, otherwise: float) -> float:
    """A number of a preset."""
    found = re.search(rf"^{name}:\s*([0-9.eE+-]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return float(found[1]) if found else otherwise


def preset_names() -> list[str]:
    """The configs: your own first, then those for a CPU."""
    own = lambda name: not name.endswith("(yours)")  # noqa: E731
    return sorted(presets(), key=lambda name: (own(name), "cpu" not in name and name != "demo", name))


def exported() -> dict[str, ExportInfo]:
    """The exports that can be read, newest first, by name."""
    return {folder.name: info for folder, info in cards.exports(data.home()) if isinstance(info, ExportInfo)}


def no_export() -> None:
    """What to do where there is nothing to train on."""
    shell.note("There is no export yet. Under Versions, write one; training reads it.")
    st.page_link(
        "screens/versions.py", label="Write an export", query_params={"tab": "Check, export, download"}
    )


def form() -> None:
    """Choose an export and a config, see what it needs and how long it takes, start the job."""
    found = exported()
    if not found:
        no_export()
        return
    known = presets()
    export = str(st.selectbox("Export", list(found), key="train_export"))
    names = preset_names()
    preset = str(
        st.selectbox(
            "Config",
            names,
            key="train_config",
            help="Your own stand here as YAML files in the home folder's configs/.",
        )
    )
    rows = sum(found[export].counts.get("train", {}).values())
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
        config_word(preset),
        "--set",
        f"batch={batch}",
        "--set",
        f"epochs={epochs:g}",
        "--json",
    ]
    said += ["--set", f"max_steps={cap}"] if cap else []
    estimate(["train", "plan", *said[1:]], preset)
    if name in taken or not NAME.fullmatch(name):
        shell.note(
            "A run has this name already."
            if name in taken
            else "A name has letters, digits, '.', '_' and '-'."
        )
    if st.button(
        f"Train {count(total, 'step')} on {shell.label(export)}",
        type="primary",
        disabled=name in taken or not NAME.fullmatch(name),
    ):
        said += ["--name", name]
        job = start(said, f"Train {name}")
        st.session_state["train_job"] = job.id if job else None
        expect(RUN, name)
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
    held = st.session_state.get("estimate", {})
    current = held.get("arguments") == arguments
    if st.button(
        "Estimate memory and time", help="Reads the tokenizer and counts the rows' tokens; the first time takes a minute."
    ):  # fmt: skip
        job = start(arguments, f"Estimate {preset}")
        st.session_state["estimate"] = held = {"arguments": arguments, "job": job.id if job else None}
        current = True
    if one := held.get("job"):
        if not current:
            shell.note("This estimate is of other settings:")
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
    room = plan.get("room_gib") or machine_gib()
    minutes = plan["seconds"] / 60 if plan.get("seconds") else None
    tables.strip([
        (f"{plan['memory_gib']:.1f} GiB" if plan["memory_gib"] >= 1 else f"{1024 * plan['memory_gib']:,.0f} MiB", "memory", f"of {room:.0f} GiB"),
        ("unknown" if minutes is None else f"{minutes:,.0f} min" if minutes >= 2 else f"{plan['seconds']:,.0f} s", "time", f"{plan['steps']:,} steps, {'measured' if plan.get('rehearsed') else 'estimated'}"),
        (f"{plan['disk_gib']:.2f} GiB", "disk", "checkpoints and adapter"),
    ])  # fmt: skip
    st.html(memory_html(plan["memory_parts"], room))
    if plan["memory_gib"] > room:
        fits = plan.get("fitting_batch")
        shell.notice(
            "caution",
            f"It needs more memory than is here. {f'A batch of {fits} fits.' if fits else 'Take a smaller batch, shorter rows, or a smaller model.'}",
        )


def machine_gib() -> float:
    """The memory of this machine in GiB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def memory_html(parts: dict[str, int], room: float) -> str:
    """The parts of the memory that a run needs, as one bar of the memory that is there."""
    colours = ("--original", "--accent", "--augmented", "--repeat")
    whole = max(room, sum(parts.values()) / 2**30)
    cells, names = [], []
    sizes = {name: size for name, size in parts.items() if size}
    for (name, size), colour in zip(sizes.items(), colours * 3, strict=False):
        gib = size / 2**30
        cells.append(f'<i style="width:{100 * gib / whole:.2f}%;background:var({colour})"></i>')
        names.append(f'<span><i style="background:var({colour})"></i>{plain(name)} {gib:.2f} GiB</span>')
    return f'<div class="tw-memory">{"".join(cells)}</div><div class="tw-legend">{"".join(names)}</div>'
