"""The taxonomy file: categories and subcategories with descriptions, prompts and signals."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from curation.errors import InputError

UNSURE = "unsure"
"""The category of a row that lies near none, or near two alike."""
NAME = r"^[a-z][a-z0-9_]*$"
SHIPPED = Path("data/taxonomy.yaml")


class Signal(BaseModel):
    """An expression over a row, and how much it adds to the category's score where it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    where: str
    """In the language of ``filter``."""
    add: Annotated[float, Field(ge=-1, le=1)]
    """In units of the score, which is a cosine: 0.1 is a strong hint, 0.5 decides."""
    why: str
    """A few words for the evidence."""


class Subcategory(BaseModel):
    """The second level."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    description: str
    prompts: tuple[str, ...] = ()
    """What a person would ask, a sentence or two each."""


class Category(BaseModel):
    """The first level."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    description: str
    signals: tuple[Signal, ...] = ()
    subcategories: Annotated[dict[Annotated[str, Field(pattern=NAME)], Subcategory], Field(min_length=1)]


class Prototype(NamedTuple):
    """One text that stands for a category; ``subcategory`` is empty for the category's own description."""

    category: str
    subcategory: str
    text: str


class Taxonomy(BaseModel):
    """All categories, in the file's order."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = 1
    categories: Annotated[dict[Annotated[str, Field(pattern=NAME)], Category], Field(min_length=2)]

    @model_validator(mode="after")
    def _reserved(self) -> Taxonomy:
        if UNSURE in self.categories:
            raise ValueError(f"{UNSURE!r} is what rows near no category are called; name yours otherwise")
        return self

    def prototypes(self) -> list[Prototype]:
        """Every description and prompt, in the file's order."""
        found = []
        for name, category in self.categories.items():
            found.append(Prototype(name, "", category.description))
            for inner, part in category.subcategories.items():
                found.extend(Prototype(name, inner, text) for text in (part.description, *part.prompts))
        return found


def taxonomy_path(given: Path) -> Path:
    """The file itself; the shipped one, which is package data, is found from any folder and any installation."""
    return Path(__file__).with_name("taxonomy.yaml") if given == SHIPPED and not given.exists() else given


@functools.lru_cache(maxsize=4)
def _parsed(text: str) -> Taxonomy:
    return Taxonomy.model_validate(yaml.safe_load(text))


def load_taxonomy(given: Path) -> Taxonomy:
    """Read a taxonomy. Raises InputError that names the field where the file can't be used."""
    path = taxonomy_path(given)
    mend = "Start from a copy of data/taxonomy.yaml."
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"can't read the taxonomy: {error.strerror}", where=str(path), mend=mend) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"not YAML: {error}", where=str(path), mend=mend) from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(f"{field}: {first['msg']}", where=str(path), mend=mend) from None
