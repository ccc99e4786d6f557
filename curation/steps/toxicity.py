"""``toxicity``: counts of words that insult, threaten or are obscene, from a list; no judgement of meaning."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import polars as pl
import yaml
from pydantic import Field

from curation.errors import InputError
from curation.step import Context, Kind, Step

OWN_LIST = Path(__file__).parent.parent / "toxicity_words.yaml"
ToxicKind = Literal["profanity", "slurs", "sexual", "threats"]
KINDS: tuple[ToxicKind, ...] = ("profanity", "slurs", "sexual", "threats")


class Toxicity(Step):
    """Count the words of a list: profanity, slurs, sexual words and threats, in English and Spanish.

    Adds ``toxicity.profanity``, ``toxicity.slurs``, ``toxicity.sexual``, ``toxicity.threats`` (hits in all turns),
    ``toxicity.user`` and ``toxicity.assistant`` (hits by role), and ``toxicity.terms`` (what was hit, sorted and
    joined by commas; null where there is nothing).

    It is a word list and no more: it doesn't see irony, quotation, reclaimed words, or harm in polite words, and it
    misses every other language. Lists like it are known to cut the writing of minorities (Dodge et al. 2021,
    "Documenting Large Webtext Corpora"), so look at the rows before dropping them.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["toxicity"] = "toxicity"
    kinds: Annotated[tuple[ToxicKind, ...], Field(min_length=1)] = KINDS
    """What to count."""
    words: str | None = None
    """A YAML file that takes the place of the list: kind, then language, then Rust regular expressions."""

    def inputs(self) -> list[Path]:
        """The list that is used."""
        return [Path(self.words) if self.words else OWN_LIST]

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with their counts. Raises InputError for a list that can't be read."""
        patterns = _patterns(self.inputs()[0])
        turns = (
            rows.select(pl.int_range(pl.len()).alias("row"), "messages")
            .explode("messages", empty_as_null=False, keep_nulls=False)
            .unnest("messages")
            .drop_nulls("content")
        )
        counts = {kind: [0] * rows.height for kind in self.kinds}
        roles = {role: [0] * rows.height for role in ("user", "assistant")}
        terms: list[Counter[str]] = [Counter() for _ in range(rows.height)]
        for kind in self.kinds:
            words = patterns[kind]
            # Unicode's word borders make a search thirty times slower, so they come second
            likely = turns.filter(pl.col("content").str.contains(rf"(?i){words}"))
            found_in = likely.select(
                "row", "role", found=pl.col("content").str.extract_all(rf"(?i)\b{words}\b")
            )
            for row, role, found in found_in.iter_rows():
                counts[kind][row] += len(found)
                terms[row].update(term.lower() for term in found)
                if role in roles:
                    roles[role][row] += len(found)
        columns = [pl.Series(f"toxicity.{name}", n, dtype=pl.Int64) for name, n in (counts | roles).items()]
        told = [",".join(sorted(seen)) or None for seen in terms]
        return rows.with_columns(*columns, pl.Series("toxicity.terms", told, dtype=pl.String))


def _patterns(where: Path) -> dict[str, str]:
    """One expression for each kind. Raises InputError."""
    try:
        lists = yaml.safe_load(where.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"the word list can't be read: {error}", where=str(where)) from None
    path = str(where)
    if not isinstance(lists, dict):
        raise InputError("a word list is a mapping of kinds", where=path, mend=f"Kinds: {', '.join(KINDS)}.")
    found: dict[str, str] = {}
    for kind in KINDS:
        by_language = lists.get(kind) or {}
        if not isinstance(by_language, dict) or not all(isinstance(w, list) for w in by_language.values()):
            raise InputError(f"{kind!r} is a mapping of languages to lists", where=path)
        words = [str(word) for language in sorted(by_language) for word in by_language[language]]
        # nothing matches this in any text, where a kind has no words
        expression = rf"(?:{'|'.join(words)})" if words else r"[^\s\S]"
        try:
            pl.Series([""]).str.contains(rf"(?i){expression}")
        except pl.exceptions.ComputeError as error:
            raise InputError(f"{kind!r} has a bad expression: {error}", where=path) from None
        found[kind] = expression
    return found
