"""Load on the chatbot: first token, streaming beside the bare engine, prefix reuse, eight people, long use.

    python benchmarks/chat_load.py RUN [--engine transformers|gguf] [--dtype float32|bfloat16] [--turns 500] [--json]

Starts the real server on the loopback and asks over Gradio's own wire; every figure is measured in this run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]

from chatwire import USUAL, Wire  # noqa: E402

from chatbot_space.app import SESSIONS, launch  # noqa: E402
from chatbot_space.limits import RateLimit  # noqa: E402
from chatbot_space.opening import open_desk  # noqa: E402
from chatbot_space.run import find_run  # noqa: E402
from chatbot_space.settings import Settings  # noqa: E402

QUESTION = "Write a long story about a lighthouse keeper and a storm."
TOKENS = 96


def form(tokens: int) -> list[Any]:
    """Settings that go on to the full length as often as the model lets them."""
    return [*USUAL[:2], 0.7, 1, 0, 0, 1.0, tokens, 0]


def memory() -> float:
    """Resident megabytes of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def rate(times: list[float], tokens: list[int]) -> float:
    """Tokens per second between the first and the last piece."""
    return (tokens[-1] - tokens[0]) / (times[-1] - times[0])


def bare(desk: Any, seed: int) -> tuple[float, float]:
    """The engine alone, no server and no screen: tokens per second and seconds to the first token."""
    ids = desk.chat.prompter.ids([{"role": "user", "content": QUESTION}])
    settings = Settings(
        temperature=0.7, top_k=0, top_p=1, repetition_penalty=1.0, max_tokens=TOKENS, seed=seed
    )
    started, times, tokens = time.perf_counter(), [], []
    for piece in desk.chat.engine.stream(ids, settings, desk.chat.engine.models[0]):
        times.append(time.perf_counter() - started)
        tokens.append(piece.tokens)
    return rate(times, tokens), times[0]


def served(url: str, seed: int) -> tuple[float, float]:
    """The same over the wire; the status line tells the tokens, the times are the client's."""
    settings = form(TOKENS)
    settings[1], settings[-1] = False, seed
    wire = Wire(url)
    heard = wire.ask(QUESTION, settings)
    wire.client.close()
    count = int(re.search(r"<b>(\d+)</b> tokens", heard.status)[1])  # type: ignore[index]
    return (count - 1) / (heard.times[-1] - heard.first), heard.first


def in_turn(desk: Any, url: str, pairs: int = 5) -> dict[str, Any]:
    """Bare and served by turns, so that a busy machine is as busy for both; medians over the pairs."""
    found = [(bare(desk, seed), served(url, seed)) for seed in range(pairs)]
    return {
        "bare": {"tokens_per_second": statistics.median(b[0] for b, _ in found), "first_token_s": statistics.median(b[1] for b, _ in found)},
        "served": {"tokens_per_second": statistics.median(s[0] for _, s in found), "first_token_s": statistics.median(s[1] for _, s in found)},
        "share_of_bare": statistics.median(s[0] / b[0] for b, s in found),
    }  # fmt: skip


def turns(url: str) -> dict[str, float]:
    """A long first turn, then a second one in the same conversation."""
    wire = Wire(url)
    first = wire.ask(
        "Summarise this. " + "The storm rose over the grey sea and the lamp burned on. " * 40, form(16)
    )
    second = wire.ask("Shorter, please.", form(16))
    return {"first_turn_first_token_s": first.first, "second_turn_first_token_s": second.first}


def eight(url: str) -> dict[str, Any]:
    """Eight people ask at the same moment."""
    heard: list[Any] = []

    def one(n: int) -> None:
        heard.append(Wire(url).ask(f"{QUESTION} Number {n}.", form(48)))

    started = time.perf_counter()
    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    firsts = sorted(h.first for h in heard if h.first)
    return {
        "answered": len(firsts), "errors": sum(h.error is not None for h in heard), "wall_s": time.perf_counter() - started,
        "first_token_s": {"best": firsts[0], "median": statistics.median(firsts), "worst": firsts[-1]},
    }  # fmt: skip


def long_use(url: str, count: int) -> dict[str, Any]:
    """Many short turns by changing people; the memory on the way.

    Gradio keeps the state of the last SESSIONS people, so as many come by before the counting starts.
    """
    before = round(memory())
    for _ in range(SESSIONS):
        wire = Wire(url)
        wire.send("Hello")
        wire.client.close()
    seen = []
    wire = Wire(url)
    for n in range(count):
        if n % 10 == 0:
            wire.client.close()
            wire = Wire(url)
        wire.ask(f"Say the number {n}.", form(16))
        if n % max(1, count // 10) == 0:
            seen.append(round(memory()))
    wire.client.close()
    return {"turns": count, "before": before, "megabytes": [*seen, round(memory())]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--engine", default="transformers")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--turns", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    desk = open_desk(find_run(asked.run), engine=asked.engine, dtype=asked.dtype)
    desk.limit = RateLimit(per_minute=1e6, burst=1_000_000)
    app = launch(desk, port=0, block=False)
    found: dict[str, Any] = {
        "engine": desk.chat.engine.name,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }
    found |= in_turn(desk, app.local_url)
    found["prefix"] = turns(app.local_url)
    found["eight_at_once"] = eight(app.local_url)
    if asked.turns:
        found["long_use"] = long_use(app.local_url, asked.turns)
    app.close()
    print(json.dumps(found, indent=None if asked.json else 1))


if __name__ == "__main__":
    main()
