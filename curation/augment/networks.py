"""Transformers models by folder or Hub id: loaded once for all generators and gates, without bars on the screen."""

from __future__ import annotations

import functools
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from curation.errors import HubError, MissingExtra

MEND = "Check the id or folder."
AWAY = "the Hub can't be reached, and no copy is on this machine"


@functools.lru_cache(maxsize=3)
def loaded(kind: Literal["CausalLM", "Seq2SeqLM"], model: str, mend: str = MEND) -> tuple[Any, Any]:
    """The tokenizer and the network, ready to answer; no code from a repository is run. Raises MissingExtra, HubError."""
    try:
        import torch  # noqa: F401
        import transformers
    except ModuleNotFoundError as error:
        raise MissingExtra.of(str(error.name).split(".")[0], "train") from None
    alone = local_only(model, mend)
    try:
        with unseen():
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                model, trust_remote_code=False, local_files_only=alone
            )
            network = getattr(transformers, f"AutoModelFor{kind}").from_pretrained(
                model, trust_remote_code=False, local_files_only=alone
            )
    except (OSError, ValueError) as error:
        raise unloaded(model, AWAY if alone else str(error), mend) from None
    return tokenizer, network.eval()


@contextmanager
def unseen() -> Iterator[None]:
    """Inside, transformers shows no bars and says no more than errors."""
    import transformers

    logging: Any = transformers.utils.logging
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def local_only(model: str, mend: str = MEND) -> bool:
    """Whether a model has to be on this machine, since the Hub's client would try for minutes to reach it. Raises HubError for no folder."""
    if Path(model).expanduser().is_dir():
        return False
    if model.startswith(("/", ".", "~", "\\")) or model.count("/") > 1:
        raise unloaded(model, "there is no such folder", mend)
    return not _hub_resolves()


def unloaded(model: str, why: str, mend: str = MEND) -> HubError:
    """The error of a model that can't be loaded, in one line."""
    return HubError(f"the model can't be loaded: {' '.join(why.split())}", where=model, mend=mend)


def _hub_resolves() -> bool:
    """Whether the Hub's name can be looked up, or a proxy does that."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return True
    host = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co").hostname
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        return False
    return True
