"""`openpaspor days add DENPASAR 2026-11-24 4`: the n-th working day after a day at an office."""

from __future__ import annotations

import argparse
from datetime import date

from openpaspor.nodes import cli
from openpaspor.offices import workdays

HELP = "count working days at an office"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["add"])
    parser.add_argument("office", metavar="OFFICE")
    parser.add_argument("day", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("count", type=int, metavar="N")


def run(args: argparse.Namespace) -> int:
    """Counts weekends, national holidays and joint leave; an office's own closed days are in its database only."""
    if args.office not in workdays.office_codes():
        cli.say(f"There is no office {args.office}.")
        return cli.WRONG_USE
    if args.count < 0:
        cli.say("Working days are counted forward: N is 0 or more.")
        return cli.WRONG_USE
    try:
        day = workdays.add_working_days(args.day, args.count)
    except OverflowError:
        cli.say("The calendar ends with the year 9999.")
        return cli.WRONG_USE
    if args.json:
        cli.answer({"date": day, "sure": workdays.is_sure(day)})
    cli.say(str(day) if workdays.is_sure(day) else f"{day}, if that year's holidays fall as expected")
    return cli.GOOD
