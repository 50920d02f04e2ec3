"""Lose something on purpose, in a folder of its own, and measure how it comes back."""

from __future__ import annotations

import argparse
from importlib import import_module
from types import ModuleType

from openpaspor.nodes import cli

HELP = "lose a box, the centre, or a whole morning on purpose, and measure what comes of it"
DRILLS = {name: f"openpaspor.nodes.drills.{name}" for name in ("box", "centre", "denpasar")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    drills = parser.add_subparsers(dest="drill", required=True)
    for name, path in DRILLS.items():
        module = import_module(path)
        drill = drills.add_parser(name, help=module.HELP, description=module.HELP)
        drill.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        size = getattr(module, "DEFAULT_SIZE", 20)
        drill.add_argument(
            "--size", type=int, default=size, help="applications of the demo, or visitors of the day"
        )
        if hasattr(module, "add_arguments"):
            module.add_arguments(drill)


def run(args: argparse.Namespace) -> int:
    from openpaspor.nodes.installation import DrillFailed

    module: ModuleType = import_module(DRILLS[args.drill])
    try:
        return int(module.run(args))
    except DrillFailed as failure:
        cli.say(f"The drill stopped: {failure}")
        return cli.FOUND
