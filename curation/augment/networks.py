"""Transformers models by folder or Hub id: loaded once for all generators and gates, without bars on the screen."""

from __future__ import annotations

import functools
from typing import Any, Literal

from curation.errors import HubError, MissingExtra


@functools.lru_cache(maxsize=3)
def loaded(
    kind: Literal["CausalLM", "Seq2SeqLM"], model: str, mend: str = "Check the id or folder."
) -> tuple[Any, Any]:
    """The tokenizer and the network, ready to answer; no code from a repository is run. Raises MissingExtra, HubError."""
    try:
        import torch  # noqa: F401
        import transformers
    except ModuleNotFoundError as error:
        raise MissingExtra.of(str(error.name).split(".")[0], "train") from None
    logging: Any = transformers.utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, trust_remote_code=False)
        network = getattr(transformers, f"AutoModelFor{kind}").from_pretrained(model, trust_remote_code=False)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise HubError(f"the model can't be loaded: {said}", where=model, mend=mend) from None
    finally:
        if shown:
            logging.enable_progress_bar()
    return tokenizer, network.eval()
