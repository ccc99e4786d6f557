"""The remarks that a Space collected, brought back into the run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chatbot_space.feedback import read_feedback
from chatbot_space.run import Run
from chatbot_space.space_push import saying


def pull(hub: Any, run: Run, repo: str) -> dict[str, Any]:
    """Download the dataset repository's remarks into ``<run>/feedback`` and count them.

    Files are only ever added to by the one process that made them, so the Hub's copy of a file is taken
    when it is the longer one. Raises HubError. Returns ``files``, ``new`` and ``rows``, by kind in ``kinds``.
    """
    target = run.folder / "feedback"
    target.mkdir(parents=True, exist_ok=True)
    before = {one["id"] for one in read_feedback(target)}
    with saying(repo):
        names = [
            entry.path
            for entry in hub.list_repo_tree(repo, repo_type="dataset", recursive=True)
            if entry.path.startswith("feedback/") and entry.path.endswith(".jsonl")
        ]
        for name in names:
            data = Path(hub.hf_hub_download(repo, name, repo_type="dataset")).read_bytes()
            path = target / Path(name).name
            if not path.exists() or path.stat().st_size < len(data):
                path.write_bytes(data)
    rows = read_feedback(target)
    kinds: dict[str, int] = {}
    for one in rows:
        kinds[str(one["kind"])] = kinds.get(str(one["kind"]), 0) + 1
    new = sum(one["id"] not in before for one in rows)
    return {
        "repo": repo,
        "folder": str(target),
        "files": len(names),
        "rows": len(rows),
        "new": new,
        "kinds": kinds,
    }
