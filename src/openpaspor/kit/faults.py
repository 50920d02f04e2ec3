"""Named fault points. `OPENPASPOR_FAULT=name[:nth]` kills the process at the nth passing, as a power cut would.

Off unless the variable is set; production refuses to start with it. `openpaspor faults --json` lists them.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

from openpaspor.kit.refused import Refused

KILLED = 137
_passed: dict[str, int] = {}
_counting = threading.Lock()
_watcher: Callable[[str], None] | None = None


def watch(watcher: Callable[[str], None] | None) -> None:
    """Let `watcher(name)` see every passing; a simulation raises its own power cut in it. None ends it."""
    global _watcher
    _watcher = watcher


def fault(name: str) -> None:
    """Die here, at once and without cleaning up, if the environment asks for it."""
    if _watcher is not None:
        _watcher(name)
    wanted = os.environ.get("OPENPASPOR_FAULT")
    if not wanted:
        return
    target, _, nth = wanted.partition(":")
    if target != name:
        return
    with _counting:
        _passed[name] = _passed.get(name, 0) + 1
        due = _passed[name] == int(nth or 1)
    if due:
        sys.stderr.write(f"fault point {name} reached: stopping as a power cut would\n")
        sys.stderr.flush()
        os._exit(KILLED)


class FaultOutsideDemo(Refused):
    code = "fault-outside-demo"
    message = "OPENPASPOR_FAULT is set, but this is no demo. Take it away and start again."


def refuse_outside_demo(*, demo: bool) -> None:
    """Only a demo may be told to die at a fault point."""
    if os.environ.get("OPENPASPOR_FAULT") and not demo:
        raise FaultOutsideDemo()
