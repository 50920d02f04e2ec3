"""See the epoch of this node's log, or begin a new one after its database was put back."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from dataclasses import asdict

from openpaspor.nodes import cli

HELP = "see the epoch of our log, or begin a new one after the database was put back to an earlier time"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("deed", nargs="?", choices=["raise"], help="close this epoch and begin the next")


def run(args: argparse.Namespace) -> int:
    from django.db import connection

    from openpaspor.kit import lock
    from openpaspor.ledger import epochs, node
    from openpaspor.nodes import new_epoch

    us = node.here()
    if args.deed:
        with lock.hold(us.home) if connection.vendor == "sqlite" else nullcontext():
            new_epoch.begin("roll-back", tickets=new_epoch.TICKETS_OF_A_DAY)
    cli.say(f"{us.name} writes its log in epoch {us.epoch}.")
    for row in epochs.closed():
        cli.say(f"Epoch {row.epoch} ended at entry {row.seq} ({row.why}, {row.at}).")
    if args.json:
        cli.answer({"node": us.name, "epoch": us.epoch, "closed": [asdict(row) for row in epochs.closed()]})
    return cli.GOOD
