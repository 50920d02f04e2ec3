"""`openpaspor ref check OP-XXXX-XXXX`: is this an application reference?"""

from __future__ import annotations

import argparse

from openpaspor.kit import references
from openpaspor.nodes import cli

HELP = "check an application reference"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["check"])
    parser.add_argument("reference")


def run(args: argparse.Namespace) -> int:
    valid = references.is_valid(args.reference)
    if args.json:
        cli.answer({"valid": valid})
    cli.say("This reference is right." if valid else "This is not a reference, or it is mistyped.")
    return cli.GOOD if valid else cli.FOUND
