"""Run the worker: for ever on PostgreSQL, or until nothing is left to do."""

from __future__ import annotations

import argparse
import signal
import threading
from contextlib import nullcontext

from openpaspor.nodes import cli

HELP = "seal the log, let followers read it and run the sweeps"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--until-idle", action="store_true", help="stop when nothing is left")
    parser.add_argument("--timeout", type=float, default=30, help="seconds, with --until-idle")


def run(args: argparse.Namespace) -> int:
    from django.db import connection

    from openpaspor.kit import lock
    from openpaspor.ledger import epochs, node, worker
    from openpaspor.ledger.models import Entry, Parked

    alone = lock.hold(node.here().home) if connection.vendor == "sqlite" else nullcontext()
    with alone:
        epochs.refuse_roll_back()
        if not args.until_idle:
            stop = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            worker.work_for_ever(stop)
            return cli.GOOD
        done = worker.work_until_idle(timeout=args.timeout)
        parked = Parked.objects.count()
        cli.say(f"Sealed {done.sealed} entries, followed {done.followed}; {parked} parked.")
        if args.json:
            lag = round(worker.seal_lag(), 3)
            cli.answer({"sealed": done.sealed, "followed": done.followed, "parked": parked, "lag_s": lag})
        return cli.FOUND if Entry.objects.unsealed().exists() else cli.GOOD
