"""Build the demo country into an empty installation."""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import sys
from dataclasses import asdict

from openpaspor.nodes import cli

HELP = "build the demo country, or furnish a node of a cluster (only in a demo, only where nothing runs)"
WIDTH = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=int(os.environ.get("OPENPASPOR_SEED") or 1))
    parser.add_argument("--size", type=int, default=300, help="applications")
    parser.add_argument("--reset", action="store_true", help="throw what is there away first")
    parser.add_argument(
        "--furnish",
        metavar="OFFICES",
        default="",
        help="no applications: only people, calendars and booklets of these offices, as far as this node's role goes",
    )
    parser.add_argument("--booklets", type=int, default=500, help="of each kind, with --furnish")
    parser.add_argument(
        "--visits", type=int, default=0, help="with --furnish: so many book at the first office"
    )
    parser.add_argument("--on", metavar="DAY", default="", help="the day of these visits, e.g. 2026-11-25")


def run(args: argparse.Namespace) -> int:
    from django.core.management import call_command
    from django.db import connection

    from openpaspor.kit import clock, lock
    from openpaspor.ledger import node

    if not clock.is_movable():
        cli.say("A demo is built only where OPENPASPOR_DEMO=1.")
        return cli.CANNOT_START
    home = node.here().home
    with lock.hold(home):
        if args.reset:
            connection.close()
            empty(home)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        if args.furnish:
            return _furnish(args)
        from openpaspor.ledger.models import Entry
        from openpaspor.nodes.demo.country import build

        if Entry.objects.exists():
            cli.say(f"{home} is not empty. Use --reset to throw away what is there.")
            return cli.CANNOT_START
        gc.set_threshold(100_000, 20, 20)  # much is made and little of it in circles: a tenth of the time
        report = build(args.seed, args.size, progress)
    cli.say(f"\n{report.applications} applications in {report.seconds} s.")
    if args.json:
        cli.answer(asdict(report))
    return cli.GOOD


def _furnish(args: argparse.Namespace) -> int:
    from datetime import date

    from openpaspor.nodes.demo import furniture
    from openpaspor.offices.models import Office

    offices = [Office.objects.get(pk=code) for code in args.furnish.split(",")]
    furniture.furnish(offices, booklets=args.booklets)
    booked: list[dict[str, object]] = []
    if args.visits:
        booked = furniture.book_visits(offices[0], date.fromisoformat(args.on), args.visits, seed=args.seed)
    if args.json:
        cli.answer({"offices": args.furnish.split(","), "booked": booked})
    return cli.GOOD


def empty(home) -> None:  # type: ignore[no-untyped-def]
    """Remove what a demo made; keys stay, so that the lock and the settings of this process stay true."""
    for path in home.glob("openpaspor.sqlite3*"):
        path.unlink()
    shutil.rmtree(home / "attachments", ignore_errors=True)
    for name in ("heads.json", "clock.json"):
        (home / name).unlink(missing_ok=True)


def progress(share: float, what: str) -> None:
    """One line that fills up."""
    if sys.stderr.isatty():
        done = round(WIDTH * share)
        sys.stderr.write(f"\rDemo country [{'#' * done}{' ' * (WIDTH - done)}] {what:12}")
        sys.stderr.flush()
