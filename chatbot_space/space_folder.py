"""The folder of a Space: complete, run by ``python app.py``, with exact versions and nothing secret in it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from chatbot_space.errors import RunError
from chatbot_space.from_export import prepare
from chatbot_space.load import find_base, load_tokenizer, make_gguf
from chatbot_space.run import Run
from chatbot_space.why import FOLDER

PACKAGE = Path(__file__).parent
LEFT_OUT = {
    "cli.py",
    "cli_deploy.py",
    "space_folder.py",
    "space_push.py",
    "gguf_write.py",
}
"""Modules that a Space never needs: they make runs into Spaces."""
PYTHON = "3.11"
SPACES = "0.51.3"
"""ZeroGPU's package, which is installed on Spaces alone."""
CPU_TORCH = "https://download.pytorch.org/whl/cpu"
"""Where torch has builds without CUDA's gigabytes; pip prefers them, since ``2.13.0+cpu`` is above ``2.13.0``."""

APP = '''"""The Space's start: everything is in chatbot_space, the model's facts are in run/."""

from pathlib import Path

from chatbot_space.app import main

if __name__ == "__main__":
    main(Path(__file__).parent / "run")
'''
KEPT_OUT = ("command", "packages", "key", "key_parts", "warnings")
"""What run.json says about the machine that trained, and a Space's visitors need not know."""


@dataclass(frozen=True)
class SpacePlan:
    """What a Space is made of. ``engine`` is transformers or gguf; ``variables`` go to the Space's settings."""

    repo: str
    engine: str
    hardware: str
    private: bool
    why: bool
    feedback: str | None

    @property
    def variables(self) -> dict[str, str]:
        """The Space's environment, all of it public."""
        feedback = {"TOME_FEEDBACK": self.feedback} if self.feedback else {}
        return {"TOME_ENGINE": self.engine, **feedback}


def build_space(run: Run, plan: SpacePlan, folder: Path, home: Path | None = None) -> list[Path]:
    """Write the Space's folder anew and return its files, sorted.

    Built beside and renamed, so an interrupted build leaves the old folder. A base model that lies on this
    machine alone is shipped; one of the Hub is named. Raises RunError for a run that isn't done, and what
    ``make_gguf`` raises.
    """
    if run.state != "done" or run.adapter is None:
        raise RunError(f"this run is {run.state}, only a finished one can be deployed", where=str(run.folder))
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _code(partial)
        _run(run, plan, partial / "run", home)
        (partial / "app.py").write_text(APP, encoding="utf-8")
        (partial / "requirements.txt").write_text(requirements(plan), encoding="utf-8")
        (partial / "README.md").write_text(card(run, plan), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _code(folder: Path) -> None:
    for path in sorted(PACKAGE.rglob("*")):
        inside = path.relative_to(PACKAGE)
        if path.is_dir() or path.name in LEFT_OUT or "__pycache__" in inside.parts or path.suffix == ".pyc":
            continue
        target = folder / "chatbot_space" / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _run(run: Run, plan: SpacePlan, folder: Path, home: Path | None) -> None:
    folder.mkdir(parents=True)
    base = find_base(run, home)
    local = Path(base).is_dir()
    facts = {key: value for key, value in run.facts.items() if key not in KEPT_OUT}
    facts["dataset"] = {key: value for key, value in run.dataset.items() if key != "path"}
    facts = _without_paths(facts)
    if local:
        facts["base_model"] = Path(base).name
    load_tokenizer(run, home).save_pretrained(str(folder / "tokenizer"))
    if plan.engine == "gguf":
        shutil.copyfile(make_gguf(run, home=home), folder / "model.gguf")
        facts["adapter_files"] = {}
    else:
        shutil.copytree(
            run.adapter or "", folder / "adapter", ignore=shutil.ignore_patterns("README.md", ".*")
        )
        facts["adapter_files"] = {
            n: v for n, v in (facts.get("adapter_files") or {}).items() if (folder / "adapter" / n).is_file()
        }
        if local and not run.whole_weights:
            shutil.copytree(base, folder / "base", ignore=shutil.ignore_patterns("README.md", ".*"))
    (folder / "run.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    prepare(run, home)
    made = run.folder / FOLDER
    names = ["why.npz", "why.jsonl", "why.json", "examples.json"] if plan.why else ["examples.json"]
    for name in names:
        if (made / name).is_file():
            (folder / FOLDER).mkdir(exist_ok=True)
            shutil.copyfile(made / name, folder / FOLDER / name)


def _without_paths(value: Any) -> Any:
    """The same facts with every absolute path of this machine cut to its last part."""
    if isinstance(value, dict):
        return {
            key: one if key in ("template", "probes") else _without_paths(one) for key, one in value.items()
        }
    if isinstance(value, list):
        return [_without_paths(one) for one in value]
    if isinstance(value, str) and value.startswith(("/", "~/", "file:/")) and "\n" not in value:
        return Path(value).name
    return value


def requirements(plan: SpacePlan) -> str:
    """Exact versions of what the engine needs, as they are installed here."""
    names = ["jinja2", "numpy", "transformers", "huggingface_hub"]
    names += ["xllamacpp"] if plan.engine == "gguf" else ["torch", "peft", "accelerate", "safetensors"]
    lines = []
    for name in names:
        try:
            lines.append(f"{name}=={version(name).partition('+')[0]}")
        except PackageNotFoundError:
            continue
    lines.append(f"gradio=={version('gradio')}")
    if plan.hardware.startswith("zero"):
        lines.append(f"spaces=={SPACES}")
    index = [f"--extra-index-url {CPU_TORCH}"] if plan.hardware.startswith("cpu") and "torch" in names else []
    return "\n".join([*index, *sorted(lines)]) + "\n"


def card(run: Run, plan: SpacePlan) -> str:
    """The Space's README.md with its front matter; every value is JSON, which is YAML."""
    title = run.run_id[:60]
    front: dict[str, Any] = {
        "title": title, "emoji": "\U0001f4da", "colorFrom": "green", "colorTo": "gray", "sdk": "gradio",
        "sdk_version": version("gradio"), "python_version": PYTHON, "app_file": "app.py", "pinned": False,
        "short_description": f"Talk to {title}"[:60], "suggested_hardware": plan.hardware, "tags": ["tomewright"],
    }  # fmt: skip
    if "/" in run.base_model and not run.base_model.startswith("/"):
        front["models"] = [run.base_model]
    lines = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items())
    return (
        f"---\n{lines}\n---\n\n# {title}\n\nA chatbot on the training run `{run.run_id}`, trained on `{run.dataset_name}` "
        f"(dataset version `{run.dataset.get('dataset_id')}`). Made with Tomewright; it runs here as it does anywhere: "
        "`pip install -r requirements.txt && python app.py`.\n"
    )
