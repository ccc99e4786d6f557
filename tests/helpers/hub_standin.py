"""A stand-in for the Hugging Face Hub on the loopback, for the real client to talk to.

    with HubStandIn() as hub:
        hub.add("datasets", "me/rows", {"train.jsonl": b"..."})
        HfApi(endpoint=hub.url).dataset_info("me/rows")

It keeps repositories in memory and speaks what the client asks for: repository info at a revision, refs, tree,
paths-info, resolve (HEAD, GET and Range, with the commit, ETag and linked headers), create and delete, preupload,
LFS batch and upload, commit, tag, whoami, YAML check, settings. ``hub.requests`` lists every request as
``METHOD path``. ``hub.fail["/api/datasets"] = 503`` makes paths with that prefix answer so.
Uploads go as regular files in the commit unless ``hub.lfs_uploads`` is set: the client sends LFS files through
its Xet protocol, which is not spoken here, except under HF_HUB_DISABLE_XET=1.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import yaml
from hub_repo import Repo, entry_of
from hub_uploads import Uploads
from hub_wire import Answer, Ask, Handler

__all__ = ["Answer", "Ask", "HubStandIn", "Repo"]

KINDS = ("models", "datasets", "spaces")


class HubStandIn(Uploads):
    """The server; use it as a context manager. Subclass and extend ``routes`` for what isn't spoken yet."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.requests: list[str] = []
        self.fail: dict[str, int] = {}
        self.uploads: dict[str, bytes] = {}
        self.user = "me"
        self.lfs_uploads = False
        self.lock = threading.Lock()
        self.routes: list[tuple[str, str, str]] = [
            ("GET", r"/api/whoami-v2", "whoami"),
            ("POST", r"/api/validate-yaml", "validate_yaml"),
            ("POST", r"/api/repos/create", "create"),
            ("DELETE", r"/api/repos/delete", "delete"),
            ("GET", r"/api/(?P<kind>\w+)/(?P<id>[^/]+/[^/]+)/refs", "refs"),
            ("GET", r"/api/(?P<kind>\w+)/(?P<id>[^/]+/[^/]+)/commits/(?P<rev>[^/]+)", "commits"),
            ("GET", r"/api/(?P<kind>\w+)/(?P<id>[^/]+/[^/]+)/tree/(?P<rev>[^/]+)(?:/(?P<path>.*))?", "tree"),
            ("POST", r"/api/(?P<kind>\w+)/(?P<id>[^/]+/[^/]+)/paths-info/(?P<rev>[^/]+)", "paths_info"),
            ("POST", r"/api/(?P<kind>\w+)/(?P<id>[^/]+/[^/]+)/preupload/(?P<rev>[^/]+)", "preupload"),
            ("POST", r"/api/(?P<kind>\w+)/(?P<id>[^/]+/[^/]+)/commit/(?P<rev>[^/]+)", "commit"),
            ("POST", r"/api/(?P<kind>\w+)/(?P<id>[^/]+/[^/]+)/tag/(?P<rev>[^/]+)", "tag"),
            ("PUT", r"/api/(?P<kind>\w+)/(?P<id>[^/]+/[^/]+)/settings", "settings"),
            ("GET", r"/api/(?P<kind>\w+)/(?P<id>[^/]+/[^/]+)(?:/revision/(?P<rev>[^/]+))?", "info"),
            ("POST", r"/(?:(?P<kind>datasets|spaces)/)?(?P<id>[^/]+/[^/]+)\.git/info/lfs/objects/batch", "batch"),
            ("PUT", r"/lfs-upload/(?P<oid>[0-9a-f]{64})", "lfs_upload"),
            ("GET", r"/(?:(?P<kind>datasets|spaces)/)?(?P<id>[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<path>.+)", "resolve"),
        ]  # fmt: skip

    # ------------------------------------------------------------------ for tests

    def add(self, kind: str, id: str, files: Mapping[str, bytes | str], **about: Any) -> Repo:
        """Add a repository with one commit on main. ``about``: private, gated, extra."""
        assert kind in KINDS
        repo = Repo(kind, id, **about)
        repo.commit(files)
        self.repos[kind, id] = repo
        return repo

    def repo(self, kind: str, id: str) -> Repo:
        """A repository, to look at what was pushed."""
        return self.repos[kind, id]

    def __enter__(self) -> HubStandIn:
        hub = self

        class Bound(Handler):
            owner = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # ------------------------------------------------------------------ what is spoken

    def whoami(self, ask: Ask) -> Answer:
        if ask.token is None:
            return Answer(401, {"error": "Invalid username or password."})
        return Answer(200, {"type": "user", "name": self.user, "fullname": self.user, "orgs": [], "auth": {}})

    def validate_yaml(self, ask: Ask) -> Answer:
        return Answer(200, {"errors": [], "warnings": []})

    def info(self, ask: Ask) -> Answer:
        repo = ask.repo()
        sha, files = ask.commit()
        siblings: list[dict[str, Any]] = [{"rfilename": name} for name in sorted(files)]
        if "blobs" in ask.query:
            siblings = [{"rfilename": n, **entry_of(n, files[n])} for n in sorted(files)]
        about: dict[str, Any] = {
            "_id": sha[:24], "id": repo.id, "author": repo.id.partition("/")[0], "sha": sha, "private": repo.private,
            "gated": "auto" if repo.gated else False, "disabled": False, "tags": [], "downloads": 0, "likes": 0,
            "lastModified": "2026-01-01T00:00:00.000Z", "createdAt": "2026-01-01T00:00:00.000Z", "siblings": siblings,
            **repo.extra,
        }  # fmt: skip
        card = re.match(rb"---\r?\n(.*?)\r?\n---", files.get("README.md", b""), re.S)
        if card:
            about["cardData"] = yaml.safe_load(card[1].decode())
        return Answer(200, about)

    def refs(self, ask: Ask) -> Answer:
        branches, converts = [], []
        tags = [
            {"name": n, "ref": f"refs/tags/{n}", "targetCommit": sha} for n, sha in ask.repo().tags.items()
        ]
        for name, sha in ask.repo().refs.items():
            entry = {"name": name, "ref": f"refs/heads/{name}", "targetCommit": sha}
            if name.startswith("refs/convert/"):
                converts.append({**entry, "name": name.removeprefix("refs/convert/"), "ref": name})
            else:
                branches.append(entry)
        return Answer(200, {"branches": branches, "converts": converts, "tags": tags})

    def commits(self, ask: Ask) -> Answer:
        repo = ask.repo()
        made = [
            {
                "id": sha,
                "title": title,
                "message": "",
                "date": "2026-01-01T00:00:00.000Z",
                "authors": [{"user": self.user}],
            }
            for (sha, _), title in zip(repo.commits, repo.messages, strict=True)
        ]
        return Answer(200, made[::-1])

    def tree(self, ask: Ask) -> Answer:
        _, files = ask.commit()
        base = f"{ask.groups['path'].strip('/')}/" if ask.groups.get("path") else ""
        below = {name: data for name, data in files.items() if name.startswith(base)}
        if base and not below:
            return Answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
        deep = ask.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        entries, folders = [], set()
        for name, data in sorted(below.items()):
            parts = name.removeprefix(base).split("/")
            folders |= {
                base + "/".join(parts[:depth])
                for depth in range(1, len(parts) if deep else min(2, len(parts)))
            }
            if deep or len(parts) == 1:
                entries.append(entry_of(name, data))
        entries += [
            {"type": "directory", "oid": "0" * 40, "size": 0, "path": name} for name in sorted(folders)
        ]
        return Answer(200, sorted(entries, key=lambda entry: entry["path"]))

    def paths_info(self, ask: Ask) -> Answer:
        _, files = ask.commit()
        body = ask.json() if "json" in ask.headers.get("Content-Type", "") else parse_qs(ask.body.decode())
        found: list[dict[str, Any]] = []
        for path in body["paths"] if isinstance(body["paths"], list) else [body["paths"]]:
            if path in files:
                found.append(entry_of(path, files[path]))
            elif any(name.startswith(f"{path.strip('/')}/") for name in files):
                found.append({"type": "directory", "oid": "0" * 40, "size": 0, "path": path})
        return Answer(200, found)

    def resolve(self, ask: Ask) -> Answer:
        repo = ask.repo()
        if repo.gated and ask.token is None:
            return Answer(401, {"error": "gated"}, {"X-Error-Code": "GatedRepo"})
        sha, files = ask.commit()
        path = ask.groups["path"]
        if path not in files:
            return Answer(404, "Entry not found", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": sha})
        data = files[path]
        entry = entry_of(path, data)
        etag = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
        headers = {"X-Repo-Commit": sha, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
        if "lfs" in entry:
            headers |= {"X-Linked-ETag": f'"{etag}"', "X-Linked-Size": str(len(data))}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", ask.headers.get("Range", ""))
        if asked:
            first, last = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            return Answer(206, data[first : last + 1], headers)
        return Answer(200, data, headers)
