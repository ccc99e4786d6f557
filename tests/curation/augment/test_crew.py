"""Worker processes help, keep the order, and cost nothing when they die; the numbers that are divided tell who did it."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from curation.augment.crew import AHEAD, Crew


def here(piece: int) -> tuple[str, int]:
    return "here", piece


@contextmanager
def crew(*given: Any, workers: int = 2) -> Iterator[Crew]:
    made = Crew(functools.partial, given, workers)
    try:
        for worker in made.workers:
            assert worker.pipe.poll(60)
        yield made
    finally:
        made.close()


def test_both_sides_work_and_the_order_stays() -> None:
    with crew(divmod, 100) as made:
        for _ in range(2):
            found = list(made.map(here, range(1, 41)))
            there = {place: one for place, one in enumerate(found, 1) if one != ("here", place)}
            assert all(one == divmod(100, place) for place, one in there.items())
            assert 2 * AHEAD <= len(there) < 40


def test_what_was_asked_for_and_not_waited_for_comes_up_nowhere() -> None:
    with crew(divmod, 100) as made:
        for start in (1, 101, 201):
            asked = made.map(here, range(start, start + 40))
            assert next(asked) in [("here", start), divmod(100, start)]
            asked.close()
        found = list(made.map(here, range(301, 341)))
        assert all(one in [("here", place), divmod(100, place)] for place, one in enumerate(found, 301))
        assert any(one != ("here", place) for place, one in enumerate(found, 301))


def test_a_worker_that_is_not_ready_is_not_waited_for() -> None:
    made = Crew(functools.partial, (divmod, 100), 1)
    assert list(made.map(here, [3])) == [("here", 3)]
    process = made.workers[0].process
    made.close()
    assert not process.is_alive()


def test_what_a_dying_worker_had_is_done_here() -> None:
    with crew(os._exit) as made:
        assert list(made.map(here, range(30))) == [("here", place) for place in range(30)]
        assert made.workers == []
        assert list(made.map(here, range(3))) == [("here", place) for place in range(3)]


def test_an_error_in_a_worker_comes_up_here() -> None:
    def divided(piece: int) -> int:
        return 100 // piece

    with crew(divmod, 100) as made:
        try:
            list(made.map(divided, [5, 0, 5, 0, 5]))
        except ZeroDivisionError:
            return
    raise AssertionError
