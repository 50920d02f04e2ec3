"""One process writes on SQLite: a lock on the installation's folder, let go by the kernel when the process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .refused import Refused


class HomeInUse(Refused):
    code = "home-in-use"
    message = "OpenPaspor is already running in %(home)s (process %(pid)s). Stop it first, or use its pages."


@contextmanager
def hold(home: Path) -> Iterator[None]:
    """Hold the writer's lock of `home` for the length of the block, or raise HomeInUse at once."""
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "lock", "a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise HomeInUse(home=home, pid=handle.read().strip() or "?") from None
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def is_held(home: Path) -> bool:
    """True when some process holds the lock of `home`."""
    try:
        with hold(home):
            return False
    except HomeInUse:
        return True
