"""How a recipe names generators: ``synonym``, ``{synonym: {share: 0.2}}``, ``{back_translation: {via: es}}``."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from curation.augment.generators.base import Generator
from curation.augment.llm import LlmSpec
from curation.augment.llm_client import Client
from curation.step import Context


class Spec(BaseModel):
    """One generator and its parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    whole: ClassVar[bool] = False
    """Whether it writes prompts and answers both."""
    name: str

    @property
    def asks(self) -> str:
        """The name of the language model that it asks; empty where it asks none, or one that was injected."""
        llm: LlmSpec | None = getattr(self, "llm", None)
        return llm.model if llm else ""

    def _idle(self, why: str, *names: str) -> None:
        """Refuse parameters that would do nothing here."""
        fields = type(self).model_fields
        if given := [name for name in names if getattr(self, name) != fields[name].default]:
            raise ValueError(f"{given[0]} does nothing here: {why}")

    def build(self, ctx: Context, terms: tuple[str, ...]) -> Generator:
        """The generator, ready. Raises MissingExtra, MissingResource, InputError, HubError."""
        raise NotImplementedError


class Words(Spec):
    """nlpaug on words: replaced, misspelt, mistyped, swapped, dropped or cut in two."""

    name: Literal["synonym", "spelling", "keyboard", "swap", "delete", "split"]
    share: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Share of a text's words that change."""
    most: Annotated[int, Field(ge=1, le=1000)] = 10
    """Most words that change in a text."""
    senses: Annotated[int, Field(ge=1, le=50)] = 2
    """How many of a word's senses, most frequent first, give synonyms (``synonym`` alone)."""

    @model_validator(mode="after")
    def _used(self) -> Words:
        if self.name != "synonym":
            self._idle(f"{self.name} takes none", "senses")
        return self

    def build(self, ctx: Context, terms: tuple[str, ...]) -> Generator:  # noqa: ARG002
        """Nlpaug's augmenter."""
        if self.name == "synonym":
            from curation.augment.generators.synonym import SynonymGenerator

            return SynonymGenerator(self.share, self.most, terms, self.senses)
        from curation.augment.generators.words import WordGenerator

        return WordGenerator(self.name, self.share, self.most, terms)


class Contextual(Spec):
    """Words replaced by those of their synonyms that a masked language model expects in their place."""

    name: Literal["contextual"]
    model: str
    """A folder or a Hub id of a BERT-like masked language model."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Share of a text's words that change."""
    most: Annotated[int, Field(ge=1, le=1000)] = 10
    """Most words that change in a text."""

    def build(self, ctx: Context, terms: tuple[str, ...]) -> Generator:  # noqa: ARG002
        """Nlpaug's augmenter with that model."""
        from curation.augment.generators.contextual import ContextualGenerator

        return ContextualGenerator(self.model, self.share, self.most, terms)


def _code(value: str) -> str:
    if not re.fullmatch("[a-z]{2,3}", value):
        raise ValueError(f"{value!r:.60} is no language code, such as es")
    return value


class BackTranslation(Spec):
    """Into a pivot language and back."""

    name: Literal["back_translation"]
    via: Annotated[str, AfterValidator(_code)] = "es"
    """The pivot, as a language code: es, ca, gl and eo work offline with Debian's packages."""
    engine: Literal["apertium", "marian", "llm"] = "apertium"
    """Apertium on this machine, two Marian models of the Hub, or a language model."""
    patch: bool = True
    """Whether only those changes are kept that read well where they stand (Apertium alone, whose sentences seldom do)."""
    there: str | None = None
    """The Marian model into the pivot, a Hub id or folder; ``Helsinki-NLP/opus-mt-en-<via>`` otherwise."""
    back: str | None = None
    """The Marian model back from it."""
    llm: LlmSpec | None = None
    """The language model, for that engine: {endpoint: http://localhost:8000/v1, model: NAME}, or {model: FOLDER-OR-HUB-ID}."""

    @model_validator(mode="after")
    def _used(self) -> BackTranslation:
        theirs = {"apertium": ("patch",), "marian": ("there", "back"), "llm": ("llm",)}
        for engine, names in theirs.items():
            if engine != self.engine:
                self._idle(f"it goes with engine: {engine}, and this is {self.engine}", *names)
        return self

    def build(self, ctx: Context, terms: tuple[str, ...]) -> Generator:
        """The engine. Raises MissingResource with the install step where Apertium lacks the pivot."""
        if self.engine == "apertium":
            from curation.augment.generators.apertium import Apertium

            return Apertium(self.via, terms, patch=self.patch)
        if self.engine == "marian":
            from curation.augment.generators.marian import Marian

            return Marian(self.via, self.there, self.back, terms)
        from curation.augment.generators.rewrite import Rewriter

        return Rewriter(Client.of(self.llm, ctx), "back_translation", terms, via=self.via)


class Paraphrase(Spec):
    """A prompt said in other words by a language model; the answer stays."""

    name: Literal["paraphrase"]
    llm: LlmSpec | None = None
    """Which model: {endpoint: http://localhost:8000/v1, model: NAME}, or {model: FOLDER-OR-HUB-ID}. In Python null takes the one given as ``models={"llm": ...}``."""

    def build(self, ctx: Context, terms: tuple[str, ...]) -> Generator:
        """The rewriter over that model."""
        from curation.augment.generators.rewrite import Rewriter

        return Rewriter(Client.of(self.llm, ctx), "paraphrase", terms)


class Synthesize(Spec):
    """New prompts with new answers in the category, from its rows as seeds and a description."""

    whole: ClassVar[bool] = True
    name: Literal["synthesize"]
    llm: LlmSpec | None = None
    """Which model: {endpoint: http://localhost:8000/v1, model: NAME}, or {model: FOLDER-OR-HUB-ID}. In Python null takes the one given as ``models={"llm": ...}``."""
    style: Literal["self_instruct", "evol_instruct"] = "self_instruct"
    """New tasks like some examples, or the parent's task made deeper or broader."""
    description: str = ""
    """What the category is about, in a sentence or two."""
    personas: tuple[str, ...] = ("a beginner", "an expert in a hurry", "a careful student", "a sceptic")
    """Who asks; drawn by chance."""
    difficulties: tuple[str, ...] = ("easy", "medium", "hard")
    """How hard the task is; drawn by chance."""

    def build(self, ctx: Context, terms: tuple[str, ...]) -> Generator:  # noqa: ARG002
        """The composer over that model."""
        from curation.augment.generators.synthesize import Synthesizer

        return Synthesizer(
            Client.of(self.llm, ctx), self.style, self.description, self.personas, self.difficulties
        )


def _spelt_out(value: Any) -> Any:
    """The short forms as what they stand for."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and "name" not in value and len(value) == 1:
        name, given = next(iter(value.items()))
        if given is None or isinstance(given, dict):
            return {"name": name, **(given or {})}
    if isinstance(value, Spec) or (isinstance(value, dict) and "name" in value):
        return value
    raise ValueError("a generator is a name, or one name with its parameters: {keyboard: {share: 0.1}}")


AnySpec = Annotated[
    Annotated[Words | Contextual | BackTranslation | Paraphrase | Synthesize, Field(discriminator="name")],
    BeforeValidator(_spelt_out),
]
