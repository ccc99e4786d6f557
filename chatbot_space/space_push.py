"""A Space's folder onto the Hub: the repository made, its settings set, and only what differs sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatbot_space.errors import HubError, MissingError


@dataclass
class Difference:
    """What a push would change: files to send, files to delete, and how many stay."""

    send: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)
    same: int = 0


def api() -> Any:
    """The Hub's client; its endpoint and token are its own (HF_ENDPOINT, HF_TOKEN, ``hf auth login``)."""
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise MissingError.of("huggingface_hub", "hub") from None
    return HfApi()


def account(hub: Any) -> Mapping[str, Any]:
    """Who we are on the Hub. Raises HubError without a token or without network."""
    with saying("your account"):
        found: Mapping[str, Any] = hub.whoami()
        return found


def push(hub: Any, folder: Path, repo: str, *, hardware: str, private: bool, variables: Mapping[str, str], secrets: Mapping[str, str]) -> tuple[str, Difference]:  # fmt: skip
    """Make the Space where it is missing, set its variables and secrets, send what differs in one commit.

    Returns the Space's address and what was changed. ``private`` and ``hardware`` count for a new Space
    alone: a redeploy never opens one. Raises HubError in plain words.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
        return [{"key": key, "value": value} for key, value in values.items()]

    with saying(repo):
        if hub.repo_exists(repo, repo_type="space"):
            for key, value in variables.items():
                hub.add_space_variable(repo, key, value)
            for key, value in secrets.items():
                hub.add_space_secret(repo, key, value)
        else:
            hub.create_repo(
                repo, repo_type="space", space_sdk="gradio", space_hardware=hardware, private=private,
                space_variables=pairs(variables), space_secrets=pairs(secrets),
            )  # fmt: skip
        head = hub.repo_info(repo, repo_type="space").sha
        changes = difference(hub, folder, repo)
        operations = [CommitOperationAdd(name, str(folder / name)) for name in changes.send]
        operations += [CommitOperationDelete(name) for name in changes.delete]
        if operations:
            hub.create_commit(
                repo,
                operations,
                repo_type="space",
                commit_message=f"Deploy {folder.name}",
                parent_commit=head,
            )
    return f"{hub.endpoint.rstrip('/')}/spaces/{repo}", changes


def difference(hub: Any, folder: Path, repo: str) -> Difference:
    """Compare a folder with the Space's files by the Hub's own hashes: sha256 of large files, git's of the rest."""
    there = {
        entry.path: (entry.lfs.sha256 if getattr(entry, "lfs", None) else None, entry.blob_id)
        for entry in hub.list_repo_tree(repo, repo_type="space", recursive=True)
        if hasattr(entry, "blob_id")
    }
    changes = Difference()
    for name in local_files(folder):
        sha256, blob = there.pop(name, (None, None))
        data = (folder / name).read_bytes()
        same = _sha256(data) == sha256 if sha256 else _git(data) == blob
        if same:
            changes.same += 1
        else:
            changes.send.append(name)
    changes.delete = sorted(name for name in there if name != ".gitattributes")
    return changes


def local_files(folder: Path) -> list[str]:
    """The files of a Space's folder, as the Hub names them; caches and remarks stay here."""
    skipped = {"__pycache__", "feedback", ".git"}
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not skipped.intersection(path.relative_to(folder).parts)
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _git(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@contextmanager
def saying(where: str) -> Iterator[None]:
    """Turn the client's errors into one line with its mend; a token is never part of it."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

    try:
        yield
    except HFValidationError as error:
        raise HubError(f"{where!r} can't be a repository: {error}", mend="Write it as USER/NAME.") from None
    except LocalTokenNotFoundError:
        raise HubError("you aren't logged in to the Hub", mend="Log in first: hf auth login.") from None
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        mends = {
            401: "Log in first: hf auth login.",
            402: "This hardware needs a paid plan: try --hardware zero-a10g, or a PRO account.",
            403: "Your token may not do this: give it the write right, or choose --hardware that your account can have.",
            404: "Check the name.",
            412: "Somebody else changed the Space meanwhile: deploy again.",
            429: "Wait a little and try again.",
        }
        told = str(getattr(error, "server_message", "") or "").strip()
        raise HubError(
            f"the Hub refused ({status}){': ' + told if told else ''}",
            where=where,
            mend=mends.get(status or 0, "Try again later."),
        ) from None
    except (OSError, RuntimeError) as error:
        raise HubError(
            f"the Hub can't be reached: {type(error).__name__}", where=where, mend="Check the network."
        ) from None
    except Exception as error:  # the network errors of its HTTP client have no base of the Hub's
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpcore", "requests"):
            raise
        raise HubError(
            f"the Hub can't be reached: {type(error).__name__}", where=where, mend="Check the network."
        ) from None
