"""``vectors``: rows in, vectors out, from the cache where it has them."""

from __future__ import annotations

from collections import OrderedDict

import polars as pl

from curation.contract import digest
from curation.embedding.models import Encoder, load_encoder
from curation.embedding.numbers import Vectors
from curation.embedding.shelf import Shelf
from curation.embedding.view import View, text_view
from curation.step import Context

BATCH = 4_096
"""Texts encoded between two writes to the cache: what an interruption loses at most."""
CHARS = 8
"""Characters kept for each token, before the tokenizer cuts exactly."""
_OPEN: OrderedDict[tuple[str, str], Shelf] = OrderedDict()
"""The last shelves used in this process, so that steps in a row share vectors without a cache folder."""


def vectors(rows: pl.DataFrame, *, model: str, view: View, ctx: Context, tokens: int = 256) -> Vectors:
    """The vectors of rows, in their order: int8, shape (rows, components).

    They are kept by content hash under model, view and ``tokens`` (how much of a text is read) in
    ``ctx.cache``, so the same text is never embedded twice. ``ctx.models["encoder"]``, where there is one,
    is used in place of ``model``. Raises MissingExtra, InputError, HubError.
    """
    coder = encoder(model, ctx)
    shelf = _shelf(coder, view, tokens, ctx)
    hashes = rows["content_hash"].to_list()
    places = shelf.missing(hashes)
    for start in range(0, len(places), BATCH):
        part = rows[places[start : start + BATCH]]
        texts = text_view(part, view, tokens * CHARS).to_list()
        shelf.put(part["content_hash"].to_list(), coder.encode(texts, tokens))
        ctx.progress(min(start + BATCH, len(places)), len(places))
    return shelf.get(hashes)


def lacking(hashes: list[str], *, model: str, view: View, ctx: Context, tokens: int = 256) -> list[int]:
    """Places of the texts (by content hash) whose vectors aren't kept yet, each text once."""
    return _shelf(encoder(model, ctx), view, tokens, ctx).missing(hashes)


def kept(hashes: list[str], *, model: str, view: View, ctx: Context, tokens: int = 256) -> Vectors:
    """The kept vectors of texts that ``lacking`` doesn't name, in their order: int8, shape (texts, components)."""
    return _shelf(encoder(model, ctx), view, tokens, ctx).get(hashes)


def keys(rows: pl.DataFrame, *, model: str, view: View, ctx: Context, tokens: int = 256) -> pl.Series:
    """A key for each row (String, 16 hexadecimal digits): equal keys mean equal vectors."""
    prefix = f"{encoder(model, ctx).identity}\n{view}\n{tokens}\n"
    return pl.Series("key", [digest(prefix + key)[:16] for key in rows["content_hash"]], dtype=pl.String)


def encoder(model: str, ctx: Context) -> Encoder:
    """The encoder of that name, or the one in ``ctx.models``."""
    given: Encoder | None = ctx.models.get("encoder")
    return load_encoder(model) if given is None else given


def _shelf(coder: Encoder, view: View, tokens: int, ctx: Context) -> Shelf:
    name = f"{view}-{tokens}-{digest(coder.identity)[:12]}"
    folder = None if ctx.cache is None else ctx.cache / "vectors" / name
    shelf = _OPEN.pop((str(folder), name), None) or Shelf(folder)
    _OPEN[(str(folder), name)] = shelf
    while len(_OPEN) > 3:
        _OPEN.popitem(last=False)
    return shelf
