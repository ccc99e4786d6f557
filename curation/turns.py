"""The turns of all conversations as two flat columns, without a copy of their texts."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from curation.words import I64

View = Literal["conversation", "dialogue", "first_prompt"]
"""All turns, all but system prompts, or the first user turn."""


class Turns(NamedTuple):
    """Roles and texts, one after the other; row i has the next ``counts[i]`` of them."""

    roles: pl.Series
    texts: pl.Series
    counts: I64


def flat_turns(messages: pl.Series, view: View = "conversation") -> Turns:
    """The turns of a messages column that a view shows."""
    counts = messages.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    flat = messages.filter(pl.Series(counts > 0)).explode()
    roles, texts = flat.struct.field("role"), flat.struct.field("content")
    if view == "conversation":
        return Turns(roles, texts, counts)
    owners = np.repeat(np.arange(counts.size), counts)
    wanted = (roles == "user" if view == "first_prompt" else roles != "system").fill_null(False).to_numpy()
    places = np.flatnonzero(wanted)
    if view == "first_prompt":
        _, firsts = np.unique(owners[places], return_index=True)
        places = places[firsts]
    shown = np.bincount(owners[places], minlength=counts.size)
    return Turns(roles.gather(places), texts.gather(places), shown)
