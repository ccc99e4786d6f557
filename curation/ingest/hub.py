"""``hf://owner/name``: a dataset of the Hugging Face Hub as files on this machine.

The Hub's own client says what is in the repository, at which commit and under which licence, and brings
the files of the split into its cache; the readers of local files do the rest, so that a broken line on the
Hub is a reject as anywhere else. Nothing of a repository is ever run.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.errors import HubError, InputError, MissingExtra, nearest
from curation.ingest.hub_files import choose_files, converted_splits
from curation.ingest.local import is_data
from curation.ingest.record import File, Source

TIMEOUT = 10.0
CONVERTED = "refs/convert/parquet"
_URI = re.compile(
    r"hf://(?:datasets/)?(?P<repo>[^/@]+(?:/[^/@]+)?)(?:@(?P<revision>refs/(?:convert|pr)/[^/]+|[^/]+))?(?:/(?P<path>.+))?"
)
FORM = "Write hf://owner/name, hf://owner/name@revision or hf://owner/name/path/in/it.jsonl."


@dataclass(frozen=True)
class Place:
    """What a ``hf://`` URI says: the repository, the revision or null, one file in it or null."""

    repo: str
    revision: str | None
    path: str | None


def parse(uri: str, revision: str | None = None) -> Place:
    """Take a URI apart. Raises InputError where it isn't one, or names another revision than is given."""
    found = _URI.fullmatch(uri.rstrip("/"))
    if found is None:
        raise InputError("isn't a Hub dataset", where=uri, mend=FORM)
    own = found["revision"]
    if own and revision and own != revision:
        raise InputError(f"two revisions, {own!r} and {revision!r}", where=uri, mend="Give one of them.")
    return Place(found["repo"], own or revision, found["path"])


def endpoint() -> str:
    """Where the Hub is: ``HF_ENDPOINT``, else the client's own default."""
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or str(constants.ENDPOINT)).rstrip("/")


def hub_source(uri: str, *, split: str, revision: str | None, config: str | None) -> Source:
    """Bring the files of a split here. Raises HubError, InputError and MissingExtra (the ``hub`` extra)."""
    try:
        from huggingface_hub import HfApi
    except ModuleNotFoundError:
        raise MissingExtra.of("huggingface_hub", "hub") from None
    place = parse(uri, revision)
    api = HfApi(endpoint=endpoint(), library_name="tomewright")
    with speaking(api.endpoint, uri, place):
        about = api.dataset_info(place.repo, revision=place.revision, timeout=TIMEOUT)
        card = about.card_data.to_dict() if about.card_data else {}
        names = [sibling.rfilename for sibling in about.siblings or []]
        if place.path is None and not any(is_data(name) for name in names):
            about = api.dataset_info(place.repo, revision=CONVERTED, timeout=TIMEOUT)
            chosen, config = _converted([item.rfilename for item in about.siblings or []], config, split, uri)
        elif place.path is not None:
            chosen = _one_file(place.path, names, uri)
        else:
            configs = [item for item in card.get("configs") or [] if isinstance(item, dict)]
            chosen, config = choose_files(names, configs, config=config, split=split, where=uri)
        files = [
            File(Path(api.hf_hub_download(place.repo, name, repo_type="dataset", revision=about.sha)), name)
            for name in chosen
        ]
    facts = {
        "repo": place.repo,
        "revision": about.sha,
        "config": config,
        "split": split if place.path is None else None,
    }
    return Source("Hub dataset", files, [], str(about.sha), _licence(card), facts)


def _one_file(path: str, names: list[str], uri: str) -> list[str]:
    if path in names:
        return [path]
    if below := sorted(name for name in names if name.startswith(f"{path}/") and is_data(name)):
        return below
    raise InputError(f"there is no file {path!r}", where=uri, mend=nearest(path, filter(is_data, names)))


def _converted(names: list[str], config: str | None, split: str, uri: str) -> tuple[list[str], str]:
    splits, config = converted_splits(names, config, uri)
    if split not in splits:
        raise InputError(f"there is no split {split!r}", where=uri, mend=nearest(split, splits))
    return splits[split], config


def _licence(card: dict[str, Any]) -> str | None:
    """The licence that a card states; several are joined, ``other`` gives its name."""
    stated = card.get("license")
    if isinstance(stated, list):
        stated = ", ".join(map(str, stated))
    if stated == "other":
        stated = card.get("license_name") or stated
    return str(stated) if stated and stated != "unknown" else None


@contextlib.contextmanager
def speaking(where: str, uri: str, place: Place) -> Iterator[None]:
    """Turn the client's errors into HubErrors that say what to do."""
    import httpx
    from huggingface_hub import errors

    def refused(what: str, mend: str) -> HubError:
        return HubError(what, where=uri, mend=mend)

    try:
        yield
    except errors.GatedRepoError:
        raise refused(
            f"{place.repo} is gated",
            f"Accept its conditions at {where}/datasets/{place.repo}, then: hf auth login.",
        ) from None
    except errors.RevisionNotFoundError:
        raise refused(
            f"there is no revision {place.revision or CONVERTED!r}", "Check the branch, tag or commit."
        ) from None
    except errors.RepositoryNotFoundError:
        raise refused(
            f"there is no dataset {place.repo} at {where}, or you may not see it",
            "Check the name; for a private one log in with: hf auth login (or set HF_TOKEN).",
        ) from None
    except errors.HFValidationError:
        raise InputError(f"{place.repo!r} isn't a name that the Hub allows", where=uri, mend=FORM) from None
    except errors.OfflineModeIsEnabled:
        raise refused("HF_HUB_OFFLINE keeps the Hub away", "Unset it, or ingest a local copy.") from None
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no status"
        raise refused(f"the Hub at {where} answered {status}", _mend_for(status)) from None
    except (httpx.HTTPError, errors.LocalEntryNotFoundError) as error:
        raise refused(
            f"the Hub at {where} can't be reached ({_why(error)})",
            "Check the network, and HF_ENDPOINT where it is set; or ingest a folder with a copy of the files.",
        ) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EACCES, errno.EROFS):
            raise
        raise refused(f"the download failed: {error}", "Try again; what is there is kept.") from None
    except ValueError as error:
        raise refused(
            f"{where} doesn't answer like a Hub: {error}",
            "Check HF_ENDPOINT, and whether a proxy is in between.",
        ) from None


def _mend_for(status: int | str) -> str:
    if status in (401, 403):
        return "Log in with: hf auth login (or set HF_TOKEN); a token there may be wrong or too narrow."
    if status == 429:
        return "Too many requests: wait a minute, or log in with: hf auth login."
    return "The Hub has a problem of its own: try again later, or see status.huggingface.co."


def _why(error: BaseException) -> str:
    while isinstance(error.__cause__, BaseException) and not str(error):
        error = error.__cause__
    return (str(error) or type(error).__name__).splitlines()[0][:120].rstrip(".")
