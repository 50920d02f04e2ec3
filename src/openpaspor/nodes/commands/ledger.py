"""Look after the log: verify it, carry it, and see what is parked."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from dataclasses import asdict

from openpaspor.nodes import cli

HELP = "verify, export or import the log, and see what is parked"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", required=True)
    deeds.add_parser("verify", help="check order, hashes, signatures and the remembered head")
    export = deeds.add_parser("export", help="sealed entries as lines of JSON")
    export.add_argument("--since", type=int, default=0)
    export.add_argument(
        "--for", dest="to", metavar="NODE", help="only what concerns this node, or was said by it"
    )
    deeds.add_parser("import", help="take exported lines").add_argument("file")
    deeds.add_parser("parked", help="entries that wait").add_argument("--retry", action="store_true")
    for deed in deeds.choices.values():
        deed.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    return {"verify": _verify, "export": _export, "import": _import, "parked": _parked}[args.deed](args)


def _verify(args: argparse.Namespace) -> int:
    from openpaspor.ledger.verify import verify_ledger

    verdict = verify_ledger()
    bad = asdict(verdict.first_bad) if verdict.first_bad else None
    if bad:
        cli.say(f"The log of {bad['node']} is wrong at entry {bad['seq']}: {bad['why']}.")
    else:
        cli.say(f"{verdict.entries} entries, all in order.")
    for hole in verdict.missing:
        cli.say(f"Lost by a restore: entries {hole['from']} to {hole['to']} of epoch {hole['epoch']}.")
    if args.json:
        cli.answer(
            {"entries": verdict.entries, "heads": verdict.heads, "missing": verdict.missing, "first_bad": bad}
        )
    if bad:
        return cli.FOUND
    return cli.GOOD if verdict.entries else cli.CHECKED_NOTHING


def _export(args: argparse.Namespace) -> int:
    from openpaspor.ledger.links import newest_records
    from openpaspor.ledger.wire import export_lines

    to = newest_records().get(args.to) if args.to else None
    if args.to and to is None:
        cli.say(f"No node is called {args.to} here.")
        return cli.WRONG_USE
    for line in export_lines(since=args.since, to=to):
        sys.stdout.write(line + "\n")
    return cli.GOOD


def _alone():  # type: ignore[no-untyped-def]
    from django.db import connection

    from openpaspor.kit import lock
    from openpaspor.ledger import node

    return lock.hold(node.here().home) if connection.vendor == "sqlite" else nullcontext()


def _import(args: argparse.Namespace) -> int:
    from openpaspor.ledger.epochs import closed
    from openpaspor.ledger.follow import copies_alone, follow_all
    from openpaspor.ledger.wire import import_lines
    from openpaspor.ledger.worker import work_until_idle

    try:
        lines = open(args.file, encoding="utf-8")  # noqa: SIM115 (closed below)
    except OSError as trouble:
        cli.say(f"{args.file} cannot be read: {trouble.strerror}.")
        return cli.WRONG_USE
    with _alone(), lines:
        new, known = import_lines(lines)
        if closed():  # some of it may be our own, from after the backup: first the state, then who acts on it
            with copies_alone():
                follow_all()
        work_until_idle()
    cli.say(f"{new} new entries, {known} known already.")
    if args.json:
        cli.answer({"new": new, "known": known})
    return cli.GOOD


def _parked(args: argparse.Namespace) -> int:
    from openpaspor.ledger.follow import retry_parked
    from openpaspor.ledger.models import Parked

    done = 0
    if args.retry:
        with _alone():
            done = retry_parked()
    rows = [
        {"follower": row.follower, "kind": row.entry.kind, "application": row.application, "cause": row.cause}
        for row in Parked.objects.select_related("entry")
    ]
    cli.say(f"{len(rows)} parked." + (f" {done} went through now." if args.retry else ""))
    if args.json:
        cli.answer({"parked": rows, "went_through": done})
    return cli.FOUND if rows else cli.GOOD
