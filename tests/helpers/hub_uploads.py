"""What the client sends when it makes, changes and fills repositories of the stand-in Hub."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from hub_repo import BIG, Repo
from hub_wire import NO_REPO, Answer, Ask


class Uploads:
    """The writing half of ``HubStandIn``; each method answers one kind of request."""

    url: str
    user: str
    lfs_uploads: bool
    repos: dict[tuple[str, str], Repo]
    uploads: dict[str, bytes]

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
        return Answer(200, {}) if found else NO_REPO

    def settings(self, ask: Ask) -> Answer:
        repo = ask.repo()
        repo.private = (
            bool(ask.json().get("private", repo.private)) or ask.json().get("visibility") == "private"
        )
        return Answer(200, {"private": repo.private})

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
