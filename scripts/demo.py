"""The whole way in one command: conversations in, a curated version, a fine-tuned model, a chat reply.

It runs the same `tome` commands that a person would type, and prints each before it runs. Standard library
only; each station hands over by its files and by the JSON object that its command prints last.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOME = [sys.executable, "-m", "tome"]
QUESTION = "I lost the key of my Larkfield hire lock. What will it cost me?"
started = time.monotonic()


def step(title: str, *arguments: str) -> dict[str, Any]:
    """Run one `tome` command with ``--json``, its progress on the screen, and return its JSON object."""
    clock = time.monotonic() - started
    print(
        f"\n\033[1m{title}\033[0m  [{clock // 60:.0f}:{clock % 60:02.0f}]\n$ tome {' '.join(map(quoted, arguments))}",
        flush=True,
    )
    ran = subprocess.run(
        [*TOME, *arguments, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    lines = ran.stdout.strip().splitlines()
    if ran.returncode:
        sys.exit(ran.returncode)
    answer = json.loads(lines[-1])
    assert isinstance(answer, dict)
    return answer


def quoted(argument: str) -> str:
    """An argument as a shell wants it."""
    return f'"{argument}"' if " " in argument else argument


def main() -> None:
    """Parse, run the stations in their order, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", help="take the conversations from here: hf://owner/name or a path")
    parser.add_argument("--model", help="train this base model: a Hub id or a folder")
    parser.add_argument("--limit", type=int, default=2000, help="most rows of a --source (default 2000)")
    parser.add_argument("--question", default=QUESTION)
    options = parser.parse_args()

    source = ["--source", options.source, "--limit", str(options.limit)] if options.source else []
    version = step("1. Curate: read, clean, split, balance", "run", "data/recipes/demo.yaml", *source)
    export = step(
        "2. Export what training reads", "export", version["version"], "--name", "demo", "--overwrite"
    )
    preset = "llama-3.2-1b" if options.model else "demo"
    model = ["--set", f"model={options.model}"] if options.model else []
    run = step("3. Train a LoRA adapter", "train", export["export"], "--config", preset, *model)
    asking = ["--once", options.question, "--max-tokens", "80"]
    base = step("4. Ask the base model", "chat", run["run"], *asking, "--base")
    tuned = step("5. Ask the tuned model", "chat", run["run"], *asking)

    spent = time.monotonic() - started
    print(f"""
\033[1mThe whole way took {spent / 60:.1f} minutes.\033[0m
  {version["rows"]:,} rows in {len(version["categories"])} categories, {run["steps"]} steps
  loss on rows that weren't trained on: {run["eval_loss_base"]:.2f} before, {run["eval_loss"]:.2f} after

  {options.question}
  base:  {base["reply"].strip()}
  tuned: {tuned["reply"].strip()}

Look around:
  make ui                          the workbench: balance, rows, versions
  make chat                        talk to the tuned model in the browser
  {quoted(sys.executable)} -m tome show {version["name"]}   the version and what each step did
  data/runs/{run["run"]}/README.md          the model card""")


if __name__ == "__main__":
    main()
