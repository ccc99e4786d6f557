"""The remarks that a Space collected in a dataset repository, brought into the run's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curation.feedback import folder_of
from curation.hub import saying

DEPLOYED = "chat/space.json"
"""Where a run remembers its last deploy."""


def deployed_repo(run: Path) -> str | None:
    """The feedback repository of a run's last deploy, if it had one."""
    try:
        said = json.loads((run / DEPLOYED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = said.get("feedback") if isinstance(said, dict) else None
    return found if isinstance(found, str) else None


def pull(run: Path, repo: str) -> dict[str, Any]:
    """Download the repository's remarks into ``<run>/feedback`` and count them.

    Files are only ever added to, by the one process that made them, so the Hub's copy of a file is taken
    when it is the longer one. Raises MissingExtra, HubError. Returns ``repo``, ``folder``, ``files``, ``rows``,
    ``new`` and ``kinds``.
    """
    target = folder_of(run)
    target.mkdir(parents=True, exist_ok=True)
    before = _ids(target)
    with saying(repo) as hub:
        names = [
            entry.path
            for entry in hub.list_repo_tree(repo, repo_type="dataset", recursive=True)
            if entry.path.startswith("feedback/feedback-") and entry.path.endswith(".jsonl")
        ]
        for name in names:
            data = Path(hub.hf_hub_download(repo, name, repo_type="dataset")).read_bytes()
            path = target / Path(name).name
            if not path.exists() or path.stat().st_size < len(data):
                path.write_bytes(data)
    after = _ids(target)
    kinds: dict[str, int] = {}
    for kind in after.values():
        kinds[kind] = kinds.get(kind, 0) + 1
    new = sum(one not in before for one in after)
    return {
        "repo": repo,
        "folder": str(target),
        "files": len(names),
        "rows": len(after),
        "new": new,
        "kinds": kinds,
    }


def _ids(folder: Path) -> dict[str, str]:
    """The id and kind of every remark that can be read."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("feedback-*.jsonl")):
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
            try:
                one = json.loads(line)
            except ValueError:
                continue
            if isinstance(one, dict) and isinstance(one.get("id"), str):
                found[one["id"]] = str(one.get("kind"))
    return found
