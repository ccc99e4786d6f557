"""One direction of Apertium as a pipeline of its programs, fed texts that know nothing of one another.

Between two texts goes a null byte, at which every program of the pipeline starts anew (its option ``-z``). Three things are
carried over all the same, and are taken care of here. The perceptron tagger drops a null byte right after the end of a
sentence: each text ends in a line end. The hidden Markov tagger, at a word whose set of readings it wasn't trained on,
puts another set in the place of the one that it tries for unknown words, for as long as it runs: such words lose readings
before it sees them, numerals ("I") first, until it knows the set. The choice among translations (``lrx-proc``) takes a
circumflex for the start of a word: a text with none behind it stays as it is.

Programs that look at one unit at a time get no texts but units (``units.py``).

Source: Apertium 3.8, "find_similar_ambiguity_class"; Sheikh and Sánchez-Martínez 2009 on the tagger.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, groupby
from pathlib import Path

from curation.augment import resources
from curation.augment.generators.programs import Ended, Programs
from curation.augment.generators.units import Units

RESERVED = re.compile(r"([\[\]{}^$@/\\<>])")
"""What stands for something in the programs' stream, and in a text has a backslash before it."""
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
DANGLING = re.compile(r"\^[^A-Za-z0-9]*\Z")
"""A circumflex with no word behind it."""
SINGLE = re.compile(r"^lt-proc -z (?:-b|-[gdn]|\$1) ")
"""Programs that look at one unit at a time: a dictionary of two languages, a generator."""
READINGS = re.compile(r"(?:[^\\/]|\\.)+", re.DOTALL)
"""The parts of a word as the tagger gets it, its form and its readings: ``^form/reading/reading$``."""
UNTRAINED = re.compile(r"Word '(\d+)'\.\nNew ambiguity class")
"""What the tagger says, where it is asked to, of a word whose readings it wasn't trained on."""
TAGGER, PERCEPTRON = "apertium-tagger", re.compile(r" -g?x\b")
NUMERAL, END = "<num>", "\n"
Step = Callable[[Sequence[str]], list[str]]
"""Texts of the stream in, what becomes of each out."""


class Pipeline:
    """The programs of one direction (``eng-spa``)."""

    def __init__(self, direction: str) -> None:
        self.direction, self.programs = direction, Programs()
        stages = [part.strip() for part in _mode(direction).read_text(encoding="utf-8").split("|")]
        stages = [re.sub(r"^(\S+)", r"\1 -z", stage) for stage in stages]
        at = next((place for place, stage in enumerate(stages) if stage.startswith(TAGGER)), 0)
        self.tagger = stages[at]
        self.steps = (
            self._steps(stages[:at]) + ([Units(self._settled)] if at else []) + self._steps(stages[at:])
        )

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Each text by itself; none of them may hold a null byte. Raises MissingResource where a program fails."""
        out = list(texts)
        places = [place for place, text in enumerate(texts) if not DANGLING.search(text)]
        read = [RESERVED.sub(r"\\\1", texts[place]) for place in places]
        for step in self.steps:
            read = step(read)
        for place, text in zip(places, read, strict=True):
            out[place] = ESCAPED.sub(r"\1", text)
        return out

    def _steps(self, stages: Sequence[str]) -> list[Step]:
        """Programs that follow one another at once, where each needs the whole text, or one unit."""
        found: list[Step] = []
        for single, some in groupby(stages, lambda stage: SINGLE.search(stage) is not None):
            run = functools.partial(self._through, list(some))
            found.append(Units(run) if single else run)
        return found

    def _settled(self, units: Sequence[str]) -> list[str]:
        """Of words that the tagger wasn't trained on as many readings as it knows; all others as they are."""
        parts = [READINGS.findall(unit[1:-1]) for unit in units]
        strange = self._strange(part[1:] for part in parts if len(part) > 2)
        fewer = [list(_fewer(part[1:])) if tuple(part[1:]) in strange else [] for part in parts]
        strange = self._strange(some for offers in fewer for some in offers)
        fit = [next((some for some in offers if some not in strange), None) for offers in fewer]
        return [
            unit if some is None else f"^{part[0]}/{'/'.join(some)}$"
            for unit, part, some in zip(units, parts, fit, strict=True)
        ]

    def _strange(self, some: Iterable[Sequence[str]]) -> set[tuple[str, ...]]:
        """Those of some sets of readings that the tagger wasn't trained on; the perceptron tagger takes any."""
        asked = list(dict.fromkeys(map(tuple, some)))
        if not asked or PERCEPTRON.search(self.tagger):
            return set()
        told = self._run(
            [self.tagger.replace(TAGGER, f"{TAGGER} -d", 1)],
            (f"^{number}/{'/'.join(one)}$" for number, one in enumerate(asked)),
        )
        return {asked[int(number)] for number in UNTRAINED.findall(told.said)}

    def _through(self, commands: Sequence[str], texts: Sequence[str]) -> list[str]:
        done = self._run(commands, (text + END for text in texts))
        out = done.out.split("\0")
        found, more = out[: len(texts)], out[len(texts) :]  # each program ends its own output in a null byte
        whole = len(found) == len(texts) and all(one.endswith(END) for one in found)
        if not done.well or not whole or any(one.strip() for one in more):
            raise self._failed(
                f"gave {len(out) - 1} texts for {len(texts)}: {' '.join(done.said.split())[:120]}"
            )
        return [one.removesuffix(END) for one in found]

    def _run(self, commands: Sequence[str], texts: Iterable[str]) -> Ended:
        given = "".join(f"{text}\0" for text in texts)
        limit = 600 + len(given) // 10_000
        try:
            # $1 of a mode tells the generator to leave no marks at unknown words, any other nothing
            done = self.programs.run(commands, given, limit, {"$1": "-n"})
        except FileNotFoundError as error:
            raise self._failed(f"needs {error.filename}, which isn't there") from None
        if done.late:
            raise self._failed(
                f"took over {limit} s for {len(given):,} characters",
                mend="Run the same again: what was translated is kept.",
            )
        return done

    def _failed(self, what: str, mend: str = f"Reinstall it with: {resources.APERTIUM}.") -> Exception:
        return resources.MissingResource(f"apertium {self.direction} {what}", mend=mend)


def _mode(direction: str) -> Path:
    """The file that names the programs of a direction and their data. Raises MissingResource."""
    program = shutil.which("apertium")
    data = os.environ.get("APERTIUM_DATADIR") or (
        Path(program).resolve().parents[1] / "share" / "apertium" if program else "/usr/share/apertium"
    )
    path = Path(data) / "modes" / f"{direction}.mode"
    if not path.is_file():
        raise resources.MissingResource(
            f"{path} isn't there", mend=f"Reinstall it with: {resources.APERTIUM}."
        )
    return path


def _fewer(readings: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Smaller sets of readings: those that lose least, then those without numerals, then as the dictionary has them."""
    sizes = dict.fromkeys(size for size in (len(readings) - 1, len(readings) - 2, 1) if size > 0)
    for size in sizes:
        yield from sorted(combinations(readings, size), key=lambda some: sum(NUMERAL in one for one in some))
