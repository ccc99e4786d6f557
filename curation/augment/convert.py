"""Debian's WordNet and PyPI's tagger, in the shape that NLTK reads.

Sources: WordNet 3.0 (Princeton University, 2006); the averaged perceptron tagger of Honnibal (2013), as
``textblob-aptagger`` (MIT) ships it.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import shutil
import tarfile
from pathlib import Path
from typing import Any

FILES = (
    "adj.exc", "adv.exc", "cntlist.rev", "data.adj", "data.adv", "data.noun", "data.verb", "index.adj", "index.adv",
    "index.noun", "index.sense", "index.verb", "noun.exc", "verb.exc",
)  # fmt: skip
_NOUNS = (
    "Tops act animal artifact attribute body cognition communication event feeling food group location motive object"
    " person phenomenon plant possession process quantity relation shape state substance time"
)
_VERBS = (
    "body change cognition communication competition consumption contact creation emotion motion perception"
    " possession social stative weather"
)
LEXNAMES = [
    ("adj.all", 3), ("adj.pert", 3), ("adv.all", 4), *((f"noun.{name}", 1) for name in _NOUNS.split()),
    *((f"verb.{name}", 2) for name in _VERBS.split()), ("adj.ppl", 3),
]  # fmt: skip
"""WordNet's 45 lexicographer files and their part of speech (wndb(5WN), lexnames(5WN)); Debian leaves the file out."""
PICKLE = "trontagger-0.1.0.pickle"
PICKLE_SHA256 = "1109164b3d28dce58f96b763128bab2fd8754c3921fd3330de2724ac6d1ada7c"


def wordnet(source: Path, target: Path) -> None:
    """Copy WordNet's database files and write ``lexnames`` last, so that it marks a whole folder."""
    target.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(source / name, target / name)
    lines = [f"{place:02}\t{name}\t{pos}\n" for place, (name, pos) in enumerate(LEXNAMES)]
    (target / "lexnames").write_text("".join(lines), encoding="ascii")


class _Plain(pickle.Unpickler):
    """Reads a pickle of dicts, tuples, texts and numbers; of classes it knows ``set`` alone."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("__builtin__", "set"), ("builtins", "set")):
            return set
        raise ValueError(f"the tagger's file names {module}.{name}, which isn't read")


def tagger(archive: Path, target: Path) -> None:
    """Write the tagger of an sdist as NLTK's three JSON files. Raises ValueError where it isn't the known file."""
    with tarfile.open(archive) as packed:
        member = next((one for one in packed.getmembers() if one.name.endswith(PICKLE)), None)
        file = packed.extractfile(member) if member else None
        if file is None:
            raise ValueError(f"{archive.name} holds no {PICKLE}")
        raw = file.read()
    if hashlib.sha256(raw).hexdigest() != PICKLE_SHA256:
        raise ValueError(f"{PICKLE} isn't the file that is known")
    write_tagger(raw, target)


def write_tagger(raw: bytes, target: Path) -> None:
    """Weights, tag dictionary and classes as JSON; the weights last, since they mark a whole folder."""
    weights, tagdict, classes = _Plain(io.BytesIO(raw), encoding="utf-8").load()
    target.mkdir(parents=True, exist_ok=True)
    for name, value in (("tagdict", tagdict), ("classes", sorted(classes)), ("weights", weights)):
        path = target / f"averaged_perceptron_tagger_eng.{name}.json"
        path.write_text(json.dumps(value), encoding="utf-8")
