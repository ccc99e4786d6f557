"""A repository of the stand-in Hub: files at commits, and how the Hub lists a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BIG = (".parquet", ".safetensors", ".gguf", ".arrow", ".bin", ".gz", ".zst", ".zip", ".png")


@dataclass
class Repo:
    """One repository: its commits, oldest first, and what branches and tags point to."""

    kind: str
    id: str
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    refs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    private: bool = False
    gated: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    def commit(self, files: Mapping[str, bytes | str], message: str = "", branch: str = "main") -> str:
        """Add a commit that holds exactly these files; return its sha, which hangs on content and place."""
        files = {name: data.encode() if isinstance(data, str) else data for name, data in files.items()}
        listing = [[name, hashlib.sha256(data).hexdigest()] for name, data in sorted(files.items())]
        sha = hashlib.sha1(json.dumps([self.kind, self.id, len(self.commits), listing]).encode()).hexdigest()
        self.commits.append((sha, dict(files)))
        self.messages.append(message)
        self.refs[branch] = sha
        return sha

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """The commit of a branch, a tag or a sha (or a start of it)."""
        sha = self.refs.get(revision) or self.tags.get(revision.removeprefix("refs/tags/"), revision)
        return next((commit for commit in reversed(self.commits) if commit[0].startswith(sha)), None)

    @property
    def sha(self) -> str:
        """The newest commit of main."""
        return self.refs["main"]

    @property
    def files(self) -> dict[str, bytes]:
        """The files at main."""
        found = self.at("main")
        assert found is not None
        return found[1]


def entry_of(path: str, data: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry: dict[str, Any] = {"type": "file", "oid": blob, "size": len(data), "path": path}
    if path.endswith(BIG):
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return entry
