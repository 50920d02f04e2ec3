"""Check the invariants against the database of this installation."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from openpaspor.nodes import cli

HELP = "check what must be true after any fault"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", default="", help="ids, comma separated, e.g. S1,A2")
    parser.add_argument(
        "--client-ledger", metavar="F", help="what simulated clients wrote down (not used yet)"
    )


def run(args: argparse.Namespace) -> int:
    from openpaspor.nodes.checker import run_checks

    results = run_checks(filter(None, args.only.split(",")))
    for result in results:
        if result.status != "na":
            mark = "ok  " if result.status == "pass" else "FAIL"
            cli.say(f"{mark} {result.id:4} {result.rows:6} rows  {', '.join(result.offending[:3])}")
    waiting = sum(result.status == "na" for result in results)
    failed = [result for result in results if result.status == "fail"]
    cli.say(
        f"{len(results) - waiting - len(failed)} hold, {len(failed)} do not, {waiting} wait for rooms to come."
    )
    if args.json:
        seed = os.environ.get("OPENPASPOR_SEED", "")
        cli.answer({"seed": seed, "results": [asdict(result) for result in results]})
    if not results:
        return cli.CHECKED_NOTHING
    return cli.FOUND if failed else cli.GOOD
