"""`openpaspor fee --kind adult-new --booklet electronic --years 10 --on 2026-11-24`: what it costs by law."""

from __future__ import annotations

import argparse
from datetime import date, datetime

from openpaspor.kit.money import rupiah
from openpaspor.nodes import cli
from openpaspor.offices import fees
from openpaspor.offices.workdays import ZONES

HELP = "the fee of an application on a day"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", required=True, choices=fees.KINDS)
    parser.add_argument("--booklet", required=True, choices=fees.BOOKLETS)
    parser.add_argument("--years", type=int, default=5, choices=fees.YEARS)
    parser.add_argument("--on", type=date.fromisoformat, metavar="YYYY-MM-DD", help="default: today")
    parser.add_argument("--same-day", action="store_true")
    parser.add_argument(
        "--force-majeure", action="store_true", help="lost or damaged in a disaster: no penalty"
    )


def run(args: argparse.Namespace) -> int:
    on = args.on or datetime.now(ZONES["WIB"]).date()
    penalty = "force-majeure" if args.force_majeure else None
    try:
        fee = fees.fee(args.kind, args.booklet, args.years, on, same_day=args.same_day, penalty=penalty)
    except fees.FeeUnknown as refusal:
        if args.json:
            cli.answer({"amount_idr": None, "source": None, "code": refusal.code})
        cli.say(f"No fee: {refusal.code}.")
        return cli.FOUND
    if args.json:
        lines = [{"item": line.item, "amount_idr": line.amount_idr} for line in fee.lines]
        cli.answer({"amount_idr": fee.amount_idr, "source": fee.source, "lines": lines})
    cli.say(f"{rupiah(fee.amount_idr)} by {fee.source}")
    return cli.GOOD
