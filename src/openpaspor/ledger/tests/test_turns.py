"""Whoever calls comes before a heap of work, and does not hold it up for ever."""

from __future__ import annotations

import threading
import time

from openpaspor.ledger import turns


def test_a_heap_of_work_waits_for_whoever_calls():
    written: list[str] = []
    called = threading.Event()

    def call() -> None:
        with turns.calling():
            called.set()
            time.sleep(0.05)
            written.append("caller")

    caller = threading.Thread(target=call)
    caller.start()
    called.wait()
    turns.give_way()
    written.append("worker")
    caller.join()

    assert written == ["caller", "worker"]


def test_calls_without_end_hold_no_work_up(monkeypatch):
    monkeypatch.setattr(turns, "LONGEST", 0.05)

    with turns.calling():
        turns.give_way()  # would never come back
