"""`openpaspor nik 3515140508680001`: what a NIK says."""

from __future__ import annotations

import argparse
from datetime import date, datetime

from openpaspor.applications.nik import read_nik
from openpaspor.nodes import cli
from openpaspor.offices.workdays import ZONES

HELP = "read a NIK: birth date, sex, warnings"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("nik", metavar="NIK")
    parser.add_argument("--born", type=date.fromisoformat, metavar="YYYY-MM-DD", help="the birth date stated")
    parser.add_argument("--sex", choices=["M", "F"], default="", help="the sex stated")
    parser.add_argument(
        "--on", type=date.fromisoformat, metavar="YYYY-MM-DD", help="settles the century (today)"
    )


def run(args: argparse.Namespace) -> int:
    """Good without a warning; found something: no NIK, or one that contradicts what was stated."""
    today = args.on or datetime.now(ZONES["WIB"]).date()
    reading = read_nik(args.nik, born=args.born, sex=args.sex, today=today)
    if args.json:
        cli.answer(
            {
                "valid": reading.valid,
                "born": reading.born,
                "sex": reading.sex or None,
                "warnings": reading.warnings,
                "error": reading.error or None,
            }
        )
    said = (
        [f"born {reading.born}, sex {reading.sex}", *reading.warnings] if reading.valid else [reading.error]
    )
    cli.say("; ".join(said))
    return cli.GOOD if reading.valid and not reading.warnings else cli.FOUND
