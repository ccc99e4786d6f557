"""The Hugging Face Hub, as curation needs it: push a folder, and say what went wrong. The token is the client's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from curation.errors import HubError, MissingExtra

TIMEOUT = 10.0
"""Seconds that the Hub has to answer a question."""
MENDS = {
    401: "Log in first: hf auth login.",
    403: "Your token may not do this: give it the right.",
    404: "Check the name; a private repository needs a token that may see it.",
}


@contextmanager
def saying(repo: str) -> Iterator[Any]:
    """The Hub's client, its errors turned into one line with the mend.

    Raises MissingExtra without ``huggingface_hub``, HubError for no token, no right, no network.
    """
    try:
        import huggingface_hub as hub
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ModuleNotFoundError:
        raise MissingExtra.of("huggingface_hub", "hub") from None
    try:
        yield hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    except HFValidationError as error:
        raise HubError(f"{repo!r} can't be a repository: {error}", mend="Write it as USER/NAME.") from None
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        raise HubError(
            f"the Hub refused ({status})",
            where=repo,
            mend=MENDS.get(status or 0, "Try again; what was done is kept."),
        ) from None
    except Exception as error:  # the client's own network errors have no common base
        raise HubError(
            f"the Hub can't be reached: {type(error).__name__}",
            where=repo,
            mend="Check the network; what is here is whole, so this can be done later.",
        ) from None


def need_model(name: str, revision: str | None = None) -> None:
    """Ask the Hub once whether it has a model, before a library asks again and again; nothing where a copy is here.

    A folder, and a model that was fetched before, aren't asked for. Raises MissingExtra, HubError with the mend.
    """
    if Path(name).expanduser().exists():
        return
    with saying(name) as hub:
        from huggingface_hub import constants
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        if any(Path(constants.HF_HUB_CACHE, f"models--{name.replace('/', '--')}").glob("snapshots/*/*")):
            return
        try:
            hub.model_info(name, revision=revision, timeout=TIMEOUT)
        except RevisionNotFoundError:
            problem, mend = f"the model has no revision {revision!r}", "Check the branch, tag or commit."
        except RepositoryNotFoundError:
            problem = "the Hub has no such model, or you may not see it"
            mend = "Check the id, log in for a private one (hf auth login), or give the folder of a model."
        else:
            return
    raise HubError(problem, where=name, mend=mend)


def push_folder(
    folder: Path,
    repo: str,
    *,
    kind: Literal["dataset", "model"],
    private: bool = True,
    message: str = "Update",
) -> str:
    """Create the repository if need be, upload what differs in one commit, and return the address.

    Raises MissingExtra, HubError.
    """
    with saying(repo) as api:
        api.create_repo(repo, repo_type=kind, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repo,
            repo_type=kind,
            folder_path=str(folder),
            commit_message=message,
            ignore_patterns=[".*"],
        )
        endpoint = str(api.endpoint).rstrip("/")
    return f"{endpoint}/datasets/{repo}" if kind == "dataset" else f"{endpoint}/{repo}"
