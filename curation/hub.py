"""The Hugging Face Hub, as curation needs it: push a folder. The token is the client's own, never ours."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from curation.errors import HubError, MissingExtra


def push_folder(
    folder: Path,
    repo: str,
    *,
    kind: Literal["dataset", "model"],
    private: bool = True,
    message: str = "Update",
) -> str:
    """Create the repository if need be, upload what differs in one commit, and return the address.

    Raises MissingExtra without ``huggingface_hub``, HubError for no token, no right, no network.
    """
    try:
        import huggingface_hub as hub
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ModuleNotFoundError:
        raise MissingExtra.of("huggingface_hub", "hub") from None
    api = hub.HfApi()
    try:
        api.create_repo(repo, repo_type=kind, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repo,
            repo_type=kind,
            folder_path=str(folder),
            commit_message=message,
            ignore_patterns=[".*"],
        )
    except HFValidationError as error:
        raise HubError(f"{repo!r} can't be a repository: {error}", mend="Write it as USER/NAME.") from None
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        mend = {
            401: "Log in first: hf auth login.",
            403: "Your token may not write here: give it the write right.",
        }
        raise HubError(
            f"the Hub refused ({status})",
            where=repo,
            mend=mend.get(status or 0, "Try again; what was sent is kept."),
        ) from None
    except Exception as error:  # the client's own network errors have no common base
        raise HubError(
            f"the Hub can't be reached: {type(error).__name__}",
            where=repo,
            mend="Check the network; the folder is whole and can be pushed later.",
        ) from None
    endpoint = api.endpoint.rstrip("/")
    return f"{endpoint}/datasets/{repo}" if kind == "dataset" else f"{endpoint}/{repo}"
