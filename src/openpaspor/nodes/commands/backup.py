"""Make a backup while everything runs, or read one back."""

from __future__ import annotations

import argparse
from pathlib import Path

from openpaspor.nodes import cli

HELP = "back up database, attachments and keys, closed with a passphrase; or read a backup back"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", type=Path, metavar="DIR", help="where backups lie; attachments are copied once")
    what.add_argument("--verify", type=Path, metavar="DIR", help="read the newest backup in DIR back")
    parser.add_argument(
        "--keys-to", type=Path, metavar="DIR2", help="where the keys go: never beside the data"
    )


def run(args: argparse.Namespace) -> int:
    from openpaspor.nodes import backups

    try:
        if args.verify:
            return _verify(args, backups.read_manifest(backups.newest(args.verify), backups.passphrase()))
        made = backups.make(args.to, args.keys_to)
    except backups.BackupChanged as trouble:
        cli.say(f"{trouble}. Make another backup, and keep this one for whoever looks into it.")
        return cli.FOUND
    cli.say(
        f"Backup in {made['backup']}: {made['attachments']} attachments, {made['copied']} of them new; read back."
    )
    if not args.keys_to:
        cli.say("Keys are not in it. They go to a place of their own with --keys-to.")
    if args.json:
        cli.answer(made)
    return cli.GOOD


def _verify(args: argparse.Namespace, manifest) -> int:  # type: ignore[no-untyped-def]
    from openpaspor.nodes import backups

    backups.check_database(manifest)
    missing = backups.missing_files(manifest)
    says = manifest.says
    cli.say(
        f"{manifest.folder}: the database can be read, {says['attachments'] - len(missing)} of {says['attachments']} "
        "attachments are there and whole."
    )
    if args.json:
        cli.answer({"backup": str(manifest.folder), "made_at": says["made_at"], "missing": missing})
    return cli.FOUND if missing else cli.GOOD
