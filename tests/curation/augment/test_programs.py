"""Programs in a row: what goes in, what comes out, and that none of them stays."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest

from curation.augment.generators.programs import Ended, Programs, Stopped


def children() -> set[str]:
    """The processes that this one started and that aren't reaped."""
    mine = str(os.getpid())
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if status.rsplit(")", 1)[1].split()[1] == mine:
            found.add(folder.name)
    return found


def test_each_reads_what_the_one_before_it_writes() -> None:
    text = "b\0ä\n" * 200_000
    assert Programs().run(["cat", "tr b c", "tr c d"], text, 60, {}) == Ended(
        "d\0ä\n" * 200_000, "", True, False
    )


def test_variables_are_given_or_nothing() -> None:
    assert Programs().run(["echo $1 'a  b' $2 c"], "", 60, {"$1": "x y"}).out == "x y a  b c\n"


def test_all_that_is_said_is_heard_and_any_failure_counts() -> None:
    done = Programs().run(
        ["sh -c 'echo one >&2; cat'", "sh -c 'cat; echo two >&2; exit 3'", "cat"], "text", 60, {}
    )
    assert (done.out, sorted(done.said.split()), done.well, done.late) == (
        "text",
        ["one", "two"],
        False,
        False,
    )


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_that_dies_midway_ends_all_of_them(place: int) -> None:
    commands = ["cat", "cat", "cat"]
    commands[place] = "sh -c 'head -c 100000 >/dev/null; kill -KILL $$'"
    before = children()
    done = Programs().run(commands, "x" * 3_000_000, 60, {})
    assert not done.well and not done.late
    assert children() == before


def test_one_that_hangs_is_ended_in_time_with_all_others() -> None:
    before = children()
    done = Programs().run(["cat", "sleep 300", "cat"], "x" * 1_000_000, 0.2, {})
    assert done.late and not done.well
    assert children() == before


def test_where_one_can_not_be_started_the_others_end() -> None:
    before = children()
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        Programs().run(["sleep 300", "no-such-program"], "", 60, {})
    assert children() == before


def test_what_is_no_text_is_replaced() -> None:
    assert Programs().run(["cat"], "a\ud800b\r\n", 60, {}).out == "a?b\r\n"
    assert Programs().run([r"printf '\377'"], "", 60, {}).out == "\ufffd"


def test_stopped_from_another_thread_it_ends_at_once_and_runs_nothing_more() -> None:
    before, programs = children(), Programs()
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(programs.run, ["sleep 300", "cat"], "", 600, {}) for _ in range(2)]
        while len(programs.running) < 4:
            sleep(0.01)
        programs.stop()
        for one in runs:
            with pytest.raises(Stopped):
                one.result()
    assert not programs.running and children() == before
    with pytest.raises(Stopped):
        programs.run(["cat", "sleep 300"], "", 600, {})
    assert children() == before
