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

import base64
import hashlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

KINDS = ("models", "datasets", "spaces")
BIG = (".parquet", ".safetensors", ".gguf", ".arrow", ".bin", ".gz", ".zst", ".zip", ".png")
TOKEN = "hf_standin"


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


class HubStandIn:
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

        class Handler(_Handler):
            owner = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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

    def create(self, ask: Ask) -> Answer:
        if ask.token is None:
            return Answer(401, {"error": "Invalid username or password."})
        body = ask.json()
        kind = f"{body.get('type') or 'model'}s"
        name = (
            body["name"] if "/" in body["name"] else f"{body.get('organization') or self.user}/{body['name']}"
        )
        url = f"{self.url}/{'' if kind == 'models' else kind + '/'}{name}"
        if (kind, name) in self.repos:
            return Answer(409, {"error": "You already created this repo", "url": url})
        extra = {key: body[key] for key in ("sdk", "license") if key in body}
        private = bool(body.get("private")) or body.get("visibility") == "private"
        repo = self.add(kind, name, {".gitattributes": b""}, private=private, extra=extra)
        return Answer(200, {"url": url, "name": name, "id": repo.sha})

    def delete(self, ask: Ask) -> Answer:
        body = ask.json()
        name = (
            body["name"] if "/" in body["name"] else f"{body.get('organization') or self.user}/{body['name']}"
        )
        found = self.repos.pop((f"{body.get('type') or 'model'}s", name), None)
        return Answer(200, {}) if found else _NO_REPO

    def settings(self, ask: Ask) -> Answer:
        repo = ask.repo()
        repo.private = (
            bool(ask.json().get("private", repo.private)) or ask.json().get("visibility") == "private"
        )
        return Answer(200, {"private": repo.private})

    def info(self, ask: Ask) -> Answer:
        repo = ask.repo()
        sha, files = ask.commit()
        siblings: list[dict[str, Any]] = [{"rfilename": name} for name in sorted(files)]
        if "blobs" in ask.query:
            siblings = [{"rfilename": n, **_entry(n, files[n])} for n in sorted(files)]
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
                entries.append(_entry(name, data))
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
                found.append(_entry(path, files[path]))
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
        entry = _entry(path, data)
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

    def preupload(self, ask: Ask) -> Answer:
        made = []
        for file in ask.json()["files"]:
            mode = "lfs" if self.lfs_uploads and file["path"].endswith(BIG) else "regular"
            made.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": None})
        return Answer(200, {"files": made})

    def batch(self, ask: Ask) -> Answer:
        body = ask.json()
        objects = []
        for item in body["objects"]:
            entry: dict[str, Any] = {"oid": item["oid"], "size": item["size"]}
            if item["oid"] not in self.uploads:
                entry["actions"] = {"upload": {"href": f"{self.url}/lfs-upload/{item['oid']}", "header": {}}}
            objects.append(entry)
        return Answer(200, {"transfer": "basic", "objects": objects})

    def lfs_upload(self, ask: Ask) -> Answer:
        if hashlib.sha256(ask.body).hexdigest() != ask.groups["oid"]:
            return Answer(400, {"error": "the bytes don't have this sha256"})
        self.uploads[ask.groups["oid"]] = ask.body
        return Answer(200, b"")

    def commit(self, ask: Ask) -> Answer:
        if ask.token is None:
            return Answer(401, {"error": "Invalid username or password."})
        repo, branch = ask.repo(), ask.groups["rev"]
        files = dict(ask.commit()[1])
        title = ""
        for line in ask.body.decode().splitlines():
            item = json.loads(line)
            key, value = item["key"], item["value"]
            if key == "header":
                title = value["summary"]
                if value.get("parentCommit") not in (None, repo.refs[branch]):
                    return Answer(
                        412, {"error": "A commit has happened since. Please refresh and try again."}
                    )
            elif key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                if value["oid"] not in self.uploads:
                    return Answer(400, {"error": f"LFS object {value['oid']} was not uploaded"})
                files[value["path"]] = self.uploads[value["oid"]]
            elif key == "deletedFile":
                files.pop(value["path"], None)
            elif key == "deletedFolder":
                files = {n: d for n, d in files.items() if not n.startswith(value["path"].strip("/") + "/")}
        sha = repo.commit(files, title, branch)
        prefix = "" if repo.kind == "models" else f"{repo.kind}/"
        url = f"{self.url}/{prefix}{repo.id}/commit/{sha}"
        return Answer(200, {"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})

    def tag(self, ask: Ask) -> Answer:
        repo, name = ask.repo(), ask.json()["tag"]
        if name in repo.tags:
            return Answer(409, {"error": "Tag reference exists already"})
        repo.tags[name] = ask.commit()[0]
        return Answer(200, {})


@dataclass
class Ask:
    """One request."""

    hub: HubStandIn
    groups: dict[str, str]
    query: dict[str, list[str]]
    headers: Any
    body: bytes

    @property
    def token(self) -> str | None:
        """The bearer token, or null."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ") or None

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def repo(self) -> Repo:
        repo = self.hub.repos.get((self.groups.get("kind") or "models", self.groups["id"]))
        if repo is None or (repo.private and self.token is None):
            raise _Refused(_NO_REPO)
        return repo

    def commit(self) -> tuple[str, dict[str, bytes]]:
        found = self.repo().at(self.groups.get("rev") or "main")
        if found is None:
            raise _Refused(Answer(404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}))
        return found


@dataclass
class Answer:
    """One response: bytes, text, or an object that goes out as JSON."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class _Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.status)


_NO_REPO = Answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})


def _entry(path: str, data: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry: dict[str, Any] = {"type": "file", "oid": blob, "size": len(data), "path": path}
    if path.endswith(BIG):
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return entry


class _Handler(BaseHTTPRequestHandler):
    owner: HubStandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        hub, parts = self.owner, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        hub.requests.append(f"{self.command} {unquote(parts.path)}")
        answer = Answer(404, {"error": f"the stand-in doesn't speak {self.command} {parts.path}"})
        failing = next(
            (code for prefix, code in hub.fail.items() if unquote(parts.path).startswith(prefix)), None
        )
        method = "GET" if self.command == "HEAD" else self.command
        if failing is not None:
            answer = Answer(failing, {"error": "made to fail"})
        else:
            for verb, pattern, name in hub.routes:
                found = re.fullmatch(pattern, parts.path)
                if verb == method and found:
                    groups = {key: unquote(value) for key, value in found.groupdict().items() if value}
                    ask = Ask(hub, groups, parse_qs(parts.query), self.headers, body)
                    try:
                        with hub.lock:
                            answer = getattr(hub, name)(ask)
                    except _Refused as refused:
                        answer = refused.answer
                    break
        self._send(answer)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, answer: Answer) -> None:
        data, kind = answer.body, "application/octet-stream"
        if isinstance(data, str):
            data, kind = data.encode(), "text/plain"
        elif not isinstance(data, bytes):
            data, kind = json.dumps(data).encode(), "application/json"
        self.send_response(answer.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer
