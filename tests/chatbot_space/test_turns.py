"""The turn goes round in the order of asking."""

from __future__ import annotations

import itertools
import threading
import time

from chatbot_space.turns import Turns


def test_first_come_first_served_and_one_at_a_time() -> None:
    turns, order, inside = Turns(), [], []

    def work(name: int) -> None:
        with turns:
            inside.append(name)
            assert len(inside) == 1
            order.append(name)
            inside.remove(name)

    with turns:
        threads = []
        for name in range(8):
            thread = threading.Thread(target=work, args=(name,))
            thread.start()
            threads.append(thread)
            while len(turns._waiting) <= name:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_two_long_jobs_alternate() -> None:
    turns, order, ready = Turns(), [], threading.Barrier(2)

    def work(name: str) -> None:
        ready.wait()
        for _ in range(20):
            with turns:
                order.append(name)
                time.sleep(0.001)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(left != right for left, right in itertools.pairwise(order)) >= 30
