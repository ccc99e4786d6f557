"""The rows most like one: cosines of its embedding with all others of a version, from the vectors that are kept.

A version's vectors are looked up once (``Likeness``); after that a row among 100,000 takes some milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from curation.errors import InputError
from curation.step import Context
from curation.store import Store, Version

if TYPE_CHECKING:
    from curation.embedding import Vectors

AT_ONCE = 5_000
"""Most texts that are embedded while somebody waits; for more there is ``tome alike VERSION`` as a job."""
SETTINGS = ("model", "view", "tokens")
Progress = Callable[[int, int], None]


def _nobody(done: int, total: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Likeness:
    """The vectors of a version's rows in their order (int8, rows x components) and the lengths of each."""

    vectors: Vectors
    lengths: Any

    def nearest(self, place: int, most: int) -> list[tuple[int, float]]:
        """Places of the rows most like the one at ``place``, itself left out, each with its cosine, best first."""
        import numpy as np

        from curation.embedding.numbers import blocks, whole

        one = whole(self.vectors[place : place + 1])[0]
        dots = np.concatenate(
            [whole(self.vectors[part]) @ one for part in blocks(len(self.vectors), len(one))]
        )
        cosines = dots / (self.lengths * self.lengths[place])
        cosines[place] = -2
        best = np.argpartition(-cosines, min(most, len(cosines) - 1))[:most]
        best = best[np.lexsort((best, -cosines[best]))]
        return [(int(at), round(float(cosines[at]), 4)) for at in best if at != place]


def settings(store: Store, version: Version) -> dict[str, Any]:
    """How the version's own recipe (or the nearest before it) embeds: model, view, tokens; ``embed``'s defaults otherwise."""
    from curation.steps.embed import Embed

    for one in store.lineage(version):
        for step in reversed((one.manifest.recipe or {}).get("steps", [])):
            if step.get("op") in ("embed", "map2d", "semantic_dup") and all(n in step for n in SETTINGS):
                return {name: step[name] for name in SETTINGS}
    return {name: getattr(Embed(), name) for name in SETTINGS}


def lacking(store: Store, version: Version) -> int:
    """How many texts of a version aren't embedded yet. Raises MissingExtra."""
    from curation import embedding

    hashes = version.scan().select("content_hash").collect()["content_hash"].to_list()
    ctx = Context(cache=store.root / "cache")
    return len(embedding.lacking(hashes, ctx=ctx, **settings(store, version)))


def likeness(store: Store, version: Version, progress: Progress = _nobody) -> Likeness:
    """Embed what isn't embedded yet, and look all vectors up. Raises MissingExtra, StoreError."""
    from curation import embedding
    from curation.embedding.numbers import lengths

    how = settings(store, version)
    ctx = Context(cache=store.root / "cache", progress=progress)
    hashes = version.scan().select("content_hash").collect()["content_hash"]
    places = embedding.lacking(hashes.to_list(), ctx=ctx, **how)
    if places:
        wanted = pl.Series(sorted(set(hashes.gather(places).to_list())), dtype=pl.String)
        texts = version.scan().select("content_hash", "messages").filter(pl.col("content_hash").is_in(wanted.implode()))  # fmt: skip
        embedding.vectors(texts.collect(), ctx=ctx, **how)
    found = embedding.kept(hashes.to_list(), ctx=ctx, **how)
    return Likeness(found, lengths(found))


def alike(store: Store, version: Version, row: str, most: int = 10, known: Likeness | None = None) -> pl.DataFrame:  # fmt: skip
    """The rows most like a row: id, cosine (-1 to 1), content_hash, category; each text once, the row's own left out.

    Raises InputError for a row that isn't there.
    """
    head = version.scan().select("id", "content_hash", "category").collect()
    ids = head["id"]
    found = (ids == row).arg_max()
    if found is None or ids[found] != row:
        raise InputError(
            f"there is no row {row!r} in version {version.id}",
            mend="Ids stand in `tome show VERSION` and in the workbench under Explore.",
        )
    near = (known or likeness(store, version)).nearest(found, 4 * most + 20)
    frame = head[[at for at, _ in near]].with_columns(cosine=pl.Series([value for _, value in near], dtype=pl.Float64))  # fmt: skip
    own = head["content_hash"][found]
    others = frame.filter(pl.col("content_hash") != own).unique(
        "content_hash", keep="first", maintain_order=True
    )
    return others.head(most).select("id", "cosine", "content_hash", "category")
