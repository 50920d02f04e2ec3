"""Whoever calls comes before a heap of work: on SQLite one writes at a time, and whoever asks most often gets in most often."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 0.25  # seconds for which the heap waits, each time
_changed = threading.Condition()
_calling = 0


@contextmanager
def calling() -> Iterator[None]:
    """A caller is answered for the length of the block; who works off a heap lets it write first."""
    global _calling
    with _changed:
        _calling += 1
    try:
        yield
    finally:
        with _changed:
            _calling -= 1
            _changed.notify_all()


def give_way() -> None:
    """Before a transaction that could as well come a moment later: wait until no caller is being answered, or `LONGEST`."""
    with _changed:
        _changed.wait_for(lambda: not _calling, LONGEST)
