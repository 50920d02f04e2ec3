"""The `openpaspor` command: one sub-command per module of `nodes/commands/`.

Exit codes: 0 good · 1 found something · 2 wrong use · 3 cannot start · 4 checked nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any

GOOD, FOUND, WRONG_USE, CANNOT_START, CHECKED_NOTHING = 0, 1, 2, 3, 4


def say(text: str) -> None:
    """Words for a person: always on stderr, so that stdout stays data."""
    sys.stderr.write(f"{text}\n")


def answer(values: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps({"schema": 1, **values}, ensure_ascii=False, default=str) + "\n")


def _parser() -> argparse.ArgumentParser:
    from openpaspor import __doc__ as purpose

    parser = argparse.ArgumentParser(prog="openpaspor", description=purpose)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    package = importlib.import_module("openpaspor.nodes.commands")
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        sub = commands.add_parser(module.name.replace("_", "-"), help=loaded.HELP, description=loaded.HELP)
        sub.add_argument("--json", action="store_true", help="one JSON object on stdout, words on stderr")
        loaded.add_arguments(sub)
        sub.set_defaults(run=loaded.run)
    return parser


def set_up_django() -> None:
    """For commands that touch the database; called by them, so that pure ones stay fast."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openpaspor.nodes.settings")
    import django

    django.setup()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command. Refusals become one sentence and exit code 3."""
    from openpaspor.kit.refused import Refused

    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except Refused as refusal:
        say(str(refusal))
        return CANNOT_START
    except KeyboardInterrupt:
        say("Stopped.")
        return CANNOT_START
    except BrokenPipeError:
        return CANNOT_START


if __name__ == "__main__":
    sys.exit(main())
