"""Many people on one server: streams, lost connections, the queue's end, the rate limit, errors of the engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chatwire import USUAL, Wire

pytest.importorskip("gradio", reason="gradio isn't installed: the chatbot's server is not tested")
SERVER = Path(__file__).parent.parent / "helpers" / "metronome_server.py"
AT_ONCE = 4


@dataclass
class Served:
    """A running chatbot, and what its engine says and is told."""

    url: str
    control: Path
    state: Path

    def told(self, **control: Any) -> None:
        self.control.write_text(json.dumps({"fails": None, "per_minute": 60_000, "burst": 1000, **control}))

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = json.loads(self.state.read_text())
        return found


@pytest.fixture(scope="module")
def running(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("metronome")
    served = Served("", folder / "control.json", folder / "state.json")
    served.told()
    command = [sys.executable, str(SERVER), str(tiny_run), str(served.control), str(served.state)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=SERVER.parent.parent.parent
    ) as server:
        assert server.stderr is not None
        lines = []
        for line in server.stderr:
            lines.append(line)
            found = re.search(r"The chatbot is at (http://\S+)", line)
            if found:
                served.url = found[1]
                break
        threading.Thread(target=server.stderr.read, daemon=True).start()  # a full pipe would stop the server
        try:
            assert served.url, "".join(lines)
            yield served
        finally:
            server.terminate()
            server.wait(timeout=30)


@pytest.fixture
def served(running: Served) -> Iterator[Served]:
    running.told()
    yield running
    running.told()


@pytest.fixture
def person(served: Served) -> Iterator[Callable[..., Wire]]:
    """Makes sessions, and closes them."""
    made: list[Wire] = []

    def make(**options: Any) -> Wire:
        made.append(Wire(served.url, **options))
        return made[-1]

    yield make
    for wire in made:
        wire.client.close()


def form(tokens: int) -> list[Any]:
    return [*USUAL[:7], tokens, USUAL[8]]


def test_an_answer_streams_and_ends(person: Callable[..., Wire]) -> None:
    heard = person().ask("Hi?", form(60))
    assert heard.error is None
    assert heard.frames >= 3
    assert "<b>60</b> tokens" in heard.status and "longest length" in heard.status


def test_a_lost_connection_stops_the_generation(served: Served, person: Callable[..., Wire]) -> None:
    wire = person()
    before = served.counts()["steps"]
    wire.send("Hi?")
    events = wire.events(form(2000))
    for event in events:
        if event["msg"] == "process_generating":
            break
    else:
        pytest.fail("no answer began")
    events.close()  # type: ignore[attr-defined]
    wire.client.close()
    deadline = time.monotonic() + 15
    while served.counts()["now"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert served.counts()["now"] == 0
    assert served.counts()["steps"] - before < 2000


def test_eight_at_once_all_come_through_and_take_turns(served: Served, person: Callable[..., Wire]) -> None:
    heard: dict[int, Any] = {}
    people = [person() for _ in range(8)]
    for wire in people:
        wire.send("Hi?")

    def one(n: int) -> None:
        heard[n] = people[n].ask(f"Question {n}?", form(150))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [heard[n].error for n in range(8)] == [None] * 8
    assert served.counts()["most"] == AT_ONCE
    early = sorted(heard.values(), key=lambda h: h.first)[:AT_ONCE]
    assert max(h.first for h in early) < min(h.done for h in early)  # nobody waits for another's end


def test_who_asks_too_fast_is_held_back_kindly(served: Served, person: Callable[..., Wire]) -> None:
    served.told(per_minute=1, burst=1)
    quick, other = person(forwarded="203.0.113.7"), person(forwarded="203.0.113.8")
    assert "One moment" not in quick.send("First?")
    assert "One moment: you ask faster than the model can answer everybody" in quick.send("Second?")
    assert "One moment" not in other.send("Somebody else?")


def test_a_full_queue_refuses_and_the_app_stays_up(person: Callable[..., Wire]) -> None:
    from chatbot_space.screens import MOST_WAITING

    people = [person() for _ in range(MOST_WAITING + AT_ONCE + 8)]
    outcome: list[str] = []
    for wire in people:
        wire.send("Hi?")

    def one(wire: Wire) -> None:
        for event in wire.events(form(60)):
            if event["msg"] in ("refused", "queue_full"):
                outcome.append("full")
                return
            if event["msg"] == "process_completed":
                outcome.append(
                    "answered"
                    if event.get("success")
                    else "full"
                    if "full" in str(event).lower()
                    else "failed"
                )
                return

    threads = [threading.Thread(target=one, args=(wire,)) for wire in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcome) == len(people)
    assert set(outcome) <= {"answered", "full"}
    assert outcome.count("answered") >= MOST_WAITING
    assert person().ask("Still there?", form(20)).error is None


@pytest.mark.parametrize(
    ("fails", "words"), [("chat", "ran out of memory"), ("value", "Something went wrong on our side")]
)
def test_an_engine_that_fails_is_said_in_words(
    served: Served, person: Callable[..., Wire], fails: str, words: str
) -> None:
    served.told(fails=fails)
    heard = person().ask("Hi?", form(20))
    assert words in heard.status
    assert "secret" not in heard.status
    served.told()
    assert person().ask("Hi?", form(20)).error is None


@pytest.mark.parametrize("bad", [[*USUAL[:2], "hot", *USUAL[3:]], [*USUAL[:7], 10**9, 0], [*USUAL[:7], None, 0], [*USUAL[:2], 1e99, *USUAL[3:]]])  # fmt: skip
def test_settings_from_elsewhere_are_refused(person: Callable[..., Wire], bad: list[Any]) -> None:
    heard = person().ask("Hi?", bad)
    assert heard.error or "should lie between" in heard.status or "isn't a number" in heard.status


def test_a_taken_port_is_said(served: Served, tiny_run: Path) -> None:
    port = served.url.rstrip("/").rpartition(":")[2]
    command = [sys.executable, "-m", "tome", "chat", str(tiny_run), "--port", port]
    found = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert found.returncode == 2
    assert f"port {port} is taken" in found.stderr
    assert "Traceback" not in found.stderr
