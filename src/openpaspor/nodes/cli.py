"""The `openpaspor` command: one sub-command per module of `nodes/commands/`.

Exit codes: 0 good · 1 found something · 2 wrong use · 3 cannot start · 4 checked nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence
from typing import Any

PURE = frozenset(
    {"mrz", "nik", "ref", "fee", "days", "journey", "faults", "drill", "cluster", "simulate"}
)  # no database and no folder of this installation
GOOD, FOUND, WRONG_USE, CANNOT_START, CHECKED_NOTHING = 0, 1, 2, 3, 4


def say(text: str) -> None:
    """Words for a person: always on stderr, so that stdout stays data."""
    sys.stderr.write(f"{text}\n")


def answer(values: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps({"schema": 1, **values}, ensure_ascii=False, default=str) + "\n")


def set_up_django() -> None:
    """Read the settings and boot the node; done for every command but the pure ones."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openpaspor.nodes.settings")
    import django

    django.setup()


def _names() -> list[str]:
    from openpaspor.nodes import commands

    return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))


def _parser(names: Sequence[str]) -> argparse.ArgumentParser:
    from openpaspor import __doc__ as purpose

    parser = argparse.ArgumentParser(prog="openpaspor", description=purpose)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in names:
        module = importlib.import_module(f"openpaspor.nodes.commands.{name}")
        command = commands.add_parser(
            name.replace("_", "-"), help=module.HELP, description=module.HELP, conflict_handler="resolve"
        )
        command.add_argument("--json", action="store_true", help="one JSON object on stdout, words on stderr")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command. Refusals become one sentence and exit code 3."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # `make run` holds Ctrl-C back until here
        for sign in (
            signal.SIGTERM,
            signal.SIGHUP,
        ):  # as Ctrl-C: what a drill has started does not outlive it
            if signal.getsignal(sign) is signal.SIG_DFL:
                signal.signal(sign, signal.default_int_handler)
        return _obey(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        say("Stopped.")
        return CANNOT_START


def _obey(words: list[str]) -> int:
    from django.db import DatabaseError

    from openpaspor.kit.faults import refuse_outside_demo
    from openpaspor.kit.refused import Refused
    from openpaspor.ledger import node

    asked = words[0].replace("-", "_") if words else ""
    names = [asked] if asked in _names() else _names()
    try:
        if asked not in PURE:
            set_up_django()
            refuse_outside_demo(demo=node.here().demo)
        parsed = _parser(names).parse_args(words)
        return int(parsed.run(parsed))
    except Refused as refusal:
        say(str(refusal))
        return CANNOT_START
    except DatabaseError as trouble:
        say(
            f"The database of this installation cannot answer ({trouble}). `openpaspor doctor` says what to do."
        )
        return CANNOT_START
    except BrokenPipeError:
        return CANNOT_START
    except OSError as trouble:
        say(f"{trouble.filename or 'A file'}: {trouble.strerror}. `openpaspor doctor` says what to do.")
        return CANNOT_START


if __name__ == "__main__":
    sys.exit(main())
