"""Fill an empty installation from a backup."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path

from openpaspor.nodes import cli

HELP = "fill an empty installation from a backup, under a new epoch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="source", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--keys-from", type=Path, metavar="DIR2", help="where `backup --keys-to` put the keys"
    )


def run(args: argparse.Namespace) -> int:
    from django.db import connection

    from openpaspor.kit import lock
    from openpaspor.ledger import node
    from openpaspor.nodes import backups
    from openpaspor.nodes.restore import answer_of, restore

    try:
        with lock.hold(node.here().home) if connection.vendor == "sqlite" else nullcontext():
            found = restore(args.source, args.keys_from)
    except backups.BackupChanged as trouble:
        cli.say(f"{trouble}. Nothing was restored; try the backup before it.")
        return cli.FOUND
    cli.say(f"{found.entries} entries are back; the log goes on in epoch {found.epoch}.")
    if found.rpo_s is not None:
        cli.say(f"RPO: the newest entry is {found.rpo_s} s old. RTO: {found.rto_s} s.")
    for digest in found.missing_attachments:
        cli.say(f"Attachment {digest} belongs to the backup and is not there.")
    for head in found.missing_heads:
        cli.say(f"Entry {head['node']}/{head['epoch']}/{head['seq']} belongs to the backup and is not there.")
    if args.json:
        cli.answer(answer_of(found))
    return cli.GOOD if found.is_whole else cli.FOUND
