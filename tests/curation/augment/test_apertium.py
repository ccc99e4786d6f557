"""Back-translation by parts: what is done is kept, whatever becomes of the rest."""

from __future__ import annotations

import functools
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from curation.augment import resources
from curation.augment.generators import apertium
from curation.augment.generators.apertium import Apertium
from curation.augment.produce import Job, Producer
from curation.augment.protect import Refused
from curation.augment.sides import USER
from curation.augment.specs import BackTranslation
from curation.step import Context
from curation.steps.augment import Augment

pytestmark = pytest.mark.skipif(
    not resources.directions() >= {"eng-spa", "spa-eng"}, reason=f"Apertium isn't here: {resources.APERTIUM}"
)
TEXTS = [f"I bought {word} at the shop near the old station this morning." for word in ("bread", "milk", "rice", "fish", "tea", "oil", "salt", "corn", "jam")]  # fmt: skip


class Killed(Exception):
    """What ends a run."""


def swapped(text: str) -> str:
    return text.replace("near", "behind")


class Swapping(Apertium):
    """Another word in place of a translation; notes the lines of each part, and fails from a given one on."""

    def __init__(self, fails: int = 99) -> None:
        super().__init__("es", patch=False)
        self.seen: list[list[str]] = []
        self.fails, self.lock = fails, threading.Lock()

    def _there_and_back(self, lines: list[str]) -> list[str]:
        with self.lock:
            self.seen.append(lines)
            if len(self.seen) >= self.fails:
                raise Killed
        return list(map(swapped, lines))


def producer(folder: Path, generator: Swapping, monkeypatch: pytest.MonkeyPatch) -> Producer:
    monkeypatch.setattr(BackTranslation, "build", lambda *_: generator)
    return Producer([BackTranslation(name="back_translation")], (), USER, Context(cache=folder))


def made(it: Producer, texts: Sequence[str]) -> list[object]:
    jobs = [Job(place, 0, 0, place) for place in range(len(texts))]
    talks = [[{"role": "user", "content": text}] for text in texts]
    return [one and one.out for one in it.make(jobs, talks, [None] * len(jobs))]


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (4, [2, 2]), (5, [3, 2]), (9, [3, 3, 3]), (7, [2, 2, 2, 1])])  # fmt: skip
def test_parts_are_even_so_that_all_sides_are_done_at_once(
    monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(apertium, "PART", 3)
    generator = Swapping()
    found = list(generator.stream(TEXTS[:count], [0] * count))
    assert [len(some) for some in found] == sizes
    assert [one for some in found for one in some] == list(map(swapped, TEXTS[:count]))
    assert generator.propose(TEXTS[:count], [0] * count) == list(map(swapped, TEXTS[:count]))


@pytest.mark.parametrize("patch", [True, False])
def test_any_size_of_part_gives_the_same(monkeypatch: pytest.MonkeyPatch, patch: bool) -> None:
    some = ["Only `code`.", "", *TEXTS[:4], "The illness was a big problem for the old town.\n\n- It ended."]
    whole = Apertium("es", patch=patch).propose(some, [0] * len(some))
    monkeypatch.setattr(apertium, "PART", 1)
    assert Apertium("es", patch=patch).propose(some, [0] * len(some)) == whole
    assert any(isinstance(one, Refused) for one in whole)


def test_parts_that_were_done_before_a_failure_are_not_done_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(apertium, "PART", 1)
    monkeypatch.setattr(apertium, "SIDES", 1)
    first = Swapping(fails=5)  # and all behind it
    with pytest.raises(Killed):
        made(producer(tmp_path, first, monkeypatch), TEXTS)
    second = Swapping()
    found = made(producer(tmp_path, second, monkeypatch), TEXTS)
    assert [line for part in second.seen for line in part] == TEXTS[4:]
    assert found == [[{"role": "user", "content": swapped(text)}] for text in TEXTS]


def test_another_version_of_the_step_translates_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = []
    for version in (12, 12, 13):
        monkeypatch.setattr(Augment, "version", version)
        generator = Swapping()
        made(producer(tmp_path, generator, monkeypatch), TEXTS[:1])
        seen.append(len(generator.seen))
    assert seen == [1, 0, 1]


def test_nothing_runs_on_when_nobody_takes_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apertium, "PART", 1)
    generator = Swapping()
    started, go = threading.Event(), threading.Event()

    def slow(lines: list[str]) -> list[str]:
        generator.seen.append(lines)
        if lines != TEXTS[:1]:
            started.set()
            assert go.wait(60)
        return lines

    monkeypatch.setattr(generator, "_there_and_back", slow)
    taken = generator.stream(TEXTS, [0] * len(TEXTS))
    next(taken)
    assert started.wait(60)
    threading.Timer(0.1, go.set).start()
    taken.close()  # type: ignore[attr-defined]
    assert len(generator.seen) <= 4
    assert not [one for one in threading.enumerate() if one.name.startswith("ThreadPoolExecutor")]


def test_who_stops_in_the_midst_waits_for_no_program() -> None:
    generator = Apertium("es", patch=False)
    generator.there.steps = [functools.partial(generator.there._through, ["sleep 300"])]
    taken = generator.stream(TEXTS, [0] * len(TEXTS))

    def stop() -> None:
        while not generator.there.programs.running:
            time.sleep(0.01)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        next(taken)
    assert not generator.there.programs.running
    # the next one begins afresh
    assert Apertium("es", patch=False).propose(TEXTS[:1], [0]) == generator_anew(generator)


def generator_anew(generator: Apertium) -> list[str | Refused]:
    generator.there.steps = Apertium("es").there.steps
    return generator.propose(TEXTS[:1], [0])
