"""Check the invariants against the database of this installation, and of other nodes beside it."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from openpaspor.nodes import cli

HELP = "check what must be true after any fault"
SLOW = 1.0  # seconds from which on the time stands beside the verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", default="", help="ids, comma separated, e.g. S1,A2")
    parser.add_argument(
        "--node", action="append", default=[], metavar="[NAME=]HOME_OR_URL",
        help="another node: its home folder, or the URL of its PostgreSQL database; read only. May be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--client", action="append", default=[], metavar="FILE",
        help="what simulated clients asked for and were told (a client ledger). May be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--always",
        action="store_true",
        help="only what is true at every instant, also in the middle of a fault",
    )
    parser.add_argument(
        "--empty",
        default="",
        help="ids of rules for which there are no rows yet, comma separated, e.g. B2,P2: finding none is then no failure",
    )
    parser.add_argument("--why", action="store_true", help="also say what the others wait for")


def run(args: argparse.Namespace) -> int:
    from openpaspor.nodes.checker import CannotLook, run_checks

    try:
        results = run_checks(
            filter(None, args.only.split(",")),
            others=args.node,
            clients=args.client,
            always=args.always,
            empty=filter(None, args.empty.split(",")),
        )
    except (CannotLook, OSError) as trouble:
        cli.say(str(trouble))
        return cli.CANNOT_START
    for result in results:
        if result.status != "na":
            mark = "ok  " if result.status == "pass" else "NONE" if result.saw_nothing else "FAIL"
            slow = f"  {result.seconds:.1f} s" if result.seconds > SLOW else ""
            cli.say(f"{mark} {result.id:4} {result.rows:6} rows  {', '.join(result.offending[:3])}{slow}")
        elif args.why:
            cli.say(f"na   {result.id:4} {result.why}")
    waiting = sum(result.status == "na" for result in results)
    failed = [result for result in results if result.status == "fail"]
    none = ",".join(result.id for result in failed if result.saw_nothing)
    broken = sum(not result.saw_nothing for result in failed)
    cli.say(f"{len(results) - waiting - len(failed)} hold, {broken} do not, {waiting} could not be judged.")
    if none:
        cli.say(
            f"{none} had nothing to look at, and that is no pass. If nobody has done here yet what they are about "
            f"(a young installation), say so: --empty {none}. Otherwise rows are gone."
        )
    if args.json:
        seed = os.environ.get("OPENPASPOR_SEED", "")
        cli.answer({"seed": seed, "results": [asdict(result) for result in results]})
    if not results:
        return cli.CHECKED_NOTHING
    return cli.FOUND if failed else cli.GOOD
