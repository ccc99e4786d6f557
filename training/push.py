"""Runs to the Hub: the adapter or the merged weights, with the model card and run.json, and resumable."""

from __future__ import annotations

from pathlib import Path

from curation.contract import RunInfo
from training.card import write_card
from training.errors import HubError


def check_token() -> None:
    """Raises HubError where there is no token: better before a night's training than after it."""
    from huggingface_hub import get_token

    if not get_token():
        raise HubError(
            "there is no token for the Hub",
            mend="Log in with: hf auth login; or set HF_TOKEN (write access).",
        )


def push_checkpoint(checkpoint: Path, repo: str, private: bool) -> str | None:
    """Upload a sealed checkpoint; returns what went wrong, for a training that must not end over it."""
    from huggingface_hub import HfApi

    try:
        api = HfApi()
        url = api.create_repo(repo, private=private, exist_ok=True, repo_type="model")
        api.upload_folder(
            repo_id=url.repo_id,
            folder_path=checkpoint,
            path_in_repo=f"checkpoints/{checkpoint.name}",
            commit_message=checkpoint.name,
        )
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return None


def push(folder: Path, info: RunInfo, repo: str, *, what: Path, private: bool = True) -> str:
    """Upload a folder of a run (its adapter, merged weights, or GGUF files) as a Hub model; returns its URL.

    The model card, ``run.json`` and the config go along. Large files that got there before a failure aren't
    sent again. Raises HubError: no token, no permission, the Hub fails.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    again = "Run the same command again; large files that got there aren't sent again."
    check_token()
    write_card(folder, info)
    api = HfApi()
    try:
        url = api.create_repo(repo, private=private, exist_ok=True, repo_type="model")
        api.upload_folder(
            repo_id=url.repo_id,
            folder_path=what,
            commit_message=f"Weights of {info.run_id}",
            ignore_patterns=["README.md", "check.json", "*.partial*"],
        )
        api.upload_folder(
            repo_id=url.repo_id,
            folder_path=folder,
            allow_patterns=["README.md", "run.json", "config.yaml", "samples.json", "events.jsonl"],
            commit_message=f"Card and record of {info.run_id}",
        )
    except HFValidationError as error:
        raise HubError(f"{repo!r} can't be a repo's name: {error}", mend="Write OWNER/NAME.") from None
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in {401, 403}:
            raise HubError(
                f"the Hub refused ({status})", where=repo, mend="The token needs write access to this owner."
            ) from None
        raise HubError(
            f"the Hub failed in the middle of the push ({status})", where=repo, mend=again
        ) from None
    except (OSError, RuntimeError) as error:
        raise HubError(f"the push broke off ({type(error).__name__})", where=repo, mend=again) from None
    return str(url)
