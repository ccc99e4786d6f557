"""All steps, as one typed union: the only registry. A step is added by writing its file and naming it here.

``curation.steps`` hands these names on.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from curation.step import Step
from curation.steps.augment import Augment
from curation.steps.balance import Balance
from curation.steps.categorize import Categorize
from curation.steps.contamination import Contamination
from curation.steps.decontaminate import Decontaminate
from curation.steps.dedup import Dedup
from curation.steps.embed import Embed
from curation.steps.filter import Filter
from curation.steps.hand import Hand
from curation.steps.ifd import Ifd
from curation.steps.language import Language
from curation.steps.map2d import Map2d
from curation.steps.near_dup import NearDup
from curation.steps.normalize import Normalize
from curation.steps.perplexity import Perplexity
from curation.steps.pii import Pii
from curation.steps.quality import Quality
from curation.steps.redact import Redact
from curation.steps.sample import Sample
from curation.steps.semantic_dup import SemanticDup
from curation.steps.split import Split
from curation.steps.stats import Stats
from curation.steps.tokens import Tokens
from curation.steps.toxicity import Toxicity

ALL: tuple[type[Step], ...] = (
    Normalize,
    Stats,
    Tokens,
    Redact,
    Language,
    Quality,
    Pii,
    Toxicity,
    Perplexity,
    Ifd,
    Filter,
    Hand,
    Embed,
    Categorize,
    NearDup,
    SemanticDup,
    Dedup,
    Map2d,
    Contamination,
    Decontaminate,
    Sample,
    Split,
    Augment,
    Balance,
)
BY_OP: dict[str, type[Step]] = {step.model_fields["op"].default: step for step in ALL}
AnyStep = Annotated[
    Normalize  # one a line, in alphabetical order after this one
    | Augment
    | Balance
    | Categorize
    | Contamination
    | Decontaminate
    | Dedup
    | Embed
    | Filter
    | Hand
    | Ifd
    | Language
    | Map2d
    | NearDup
    | Perplexity
    | Pii
    | Quality
    | Redact
    | Sample
    | SemanticDup
    | Split
    | Stats
    | Tokens
    | Toxicity,
    Field(discriminator="op"),
]

__all__ = ["ALL", "BY_OP", "AnyStep", *(step.__name__ for step in ALL)]
