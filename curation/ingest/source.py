"""A URI to the files that it stands for, and what is known of them."""

from __future__ import annotations

from pathlib import Path

from curation.contract import Home
from curation.errors import InputError
from curation.ingest.local import fingerprint, local_files
from curation.ingest.record import Source


def open_source(
    uri: str, *, split: str, revision: str | None, config: str | None, home: Home | None = None
) -> Source:
    """Find the files of a URI: a path, ``file://`` and a path, ``hf://owner/name[@revision]``, or ``feedback:RUN``.

    Raises InputError for what isn't there, HubError for a Hub that can't be reached or refuses.
    """
    if uri.startswith("hf://"):
        from curation.ingest.hub import hub_source

        return hub_source(uri, split=split, revision=revision, config=config)
    if uri.startswith("feedback:"):
        from curation.ingest.feedback import feedback_source

        return feedback_source(uri, home or Home.find())
    if "://" in uri and not uri.startswith("file://"):
        raise InputError(
            f"{uri.partition('://')[0]}:// is not read",
            where=uri,
            mend="Give a path, or hf://owner/name for a dataset on the Hugging Face Hub.",
        )
    if not uri.strip():
        raise InputError("the URI is empty", mend="Give a path, or hf://owner/name.")
    path = Path(uri.removeprefix("file://")).expanduser()
    files, skipped = local_files(path)
    return Source("file" if path.is_file() else "folder", files, skipped, fingerprint(files))
