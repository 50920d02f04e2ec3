"""A lost office, made whole in an empty home: from its second copy, its keys, and what the centre has of it."""

from __future__ import annotations

import argparse
import os
import sqlite3
import time
from collections import Counter
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection

from openpaspor.applications.models import Attachment, DossierKey
from openpaspor.kit import clock, lock
from openpaspor.kit.disk import sync_folder
from openpaspor.kit.refused import Refused
from openpaspor.ledger import follow, node, pages, second_copy, vault
from openpaspor.ledger.keys import Unreadable
from openpaspor.ledger.models import Entry, Parked, Wanted
from openpaspor.ledger.wire import import_lines
from openpaspor.ledger.worker import work_until_idle
from openpaspor.nodes import backups, cli, new_epoch, tables

HELP = "make a lost office whole again, in an empty home"
NOT_IN_THE_LOG = (  # what the log alone does not bring back; the pages of the second copy do
    "today's tickets and counters", "stock and print jobs", "papers and interviews", "bookings and bills",
    "people and their postings", "deeds already done",
)  # fmt: skip


@dataclass
class Rebuilt:
    """What came of it."""

    node: str
    epoch: int = 0
    tables_from: str = ""  # pages: every table as it was; log: only what copies of entries store
    entries: int = 0
    from_lines: int = 0  # entries of ours that only the lines of the second copy had
    from_centre: int = 0  # entries that only the centre's export had
    attachments: int = 0
    rpo_s: float | None = None  # age of the newest page or line when we began
    rto_s: float = 0.0
    missing_attachments: list[str] = field(default_factory=list)
    missing_entries: list[dict[str, Any]] = field(default_factory=list)
    replayed: dict[str, int] = field(default_factory=dict)  # entries of ours newer than the tables, by kind
    to_wrap_again: list[str] = field(
        default_factory=list
    )  # applications whose dossier we cannot open any more
    lost: list[str] = field(default_factory=list)
    parked: int = 0

    @property
    def is_whole(self) -> bool:
        return not (
            self.missing_attachments
            or self.missing_entries
            or self.replayed
            or self.to_wrap_again
            or self.lost
        )


class RebuildRefused(Refused):
    """It cannot begin; nothing was changed."""

    code = "rebuild-refused"
    message = "%(say)s"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--second-copy", type=Path, metavar="DIR", help="what OPENPASPOR_SECOND_COPY named")
    parser.add_argument(
        "--from-centre", type=Path, metavar="FILE", help="`openpaspor ledger export` of the centre"
    )
    parser.add_argument(
        "--keys-from", type=Path, metavar="DIR2", help="where `backup --keys-to` put the keys"
    )
    parser.add_argument("--new-keys", action="store_true", help="the keys are lost: begin with new ones")


def rebuild(args: argparse.Namespace) -> int:
    """The command. Exit 0: whole; 1: something is missing, and listed; 3: it could not begin."""
    try:
        with lock.hold(node.here().home) if connection.vendor == "sqlite" else nullcontext():
            made = make_whole(args.second_copy, args.from_centre, args.keys_from, new_keys=args.new_keys)
    except ValueError as trouble:  # a closed segment of lines was changed
        cli.say(f"{trouble}. Nothing was rebuilt.")
        return cli.FOUND
    tell(made)
    if getattr(args, "json", False):
        cli.answer(asdict(made) | {"whole": made.is_whole})
    return cli.GOOD if made.is_whole else cli.FOUND


def tell(made: Rebuilt) -> None:
    """The report in words."""
    cli.say(
        f"{made.node} has {made.entries} entries and {made.attachments} attachments; it goes on in epoch {made.epoch}."
    )
    if made.rpo_s is not None:
        cli.say(f"RPO: what came last is {made.rpo_s} s old. RTO: {made.rto_s} s.")
    for gap in made.missing_entries:
        cli.say(f"Missing: entries {gap['from']} to {gap['to']} of {gap['node']}, epoch {gap['epoch']}.")
    for digest in made.missing_attachments:
        cli.say(f"Missing: attachment {digest}.")
    for kind, count in made.replayed.items():
        cli.say(f"Only as an entry, without the rows of this office: {count} of {kind}.")
    for ref in made.to_wrap_again:
        cli.say(f"To be wrapped again by the centre: the dossier of {ref}.")
    for what in made.lost:
        cli.say(f"Lost, because only the log is left: {what}.")
    if made.parked:
        cli.say(f"{made.parked} entries wait: openpaspor ledger parked")
    if made.to_wrap_again or made.tables_from == "log":
        cli.say("With new keys the centre lets it in anew: openpaspor node enrol CODE --centre URL")
    else:
        cli.say("It tells the centre of its new epoch by itself; to do it now: openpaspor node renew")


def make_whole(copy: Path | None, centre: Path | None, keys_from: Path | None, *, new_keys: bool) -> Rebuilt:
    """Fill this empty home. Raises RebuildRefused, BackupTrouble, or ValueError when the second copy was changed."""
    began, began_at = time.monotonic(), clock.real_now().timestamp()
    if copy is None and centre is None:
        raise RebuildRefused(say="Say from what: --second-copy DIR, --from-centre FILE, or both.")
    backups.insist_on_an_empty_home()
    _take_up_keys(keys_from, new_keys=new_keys)
    us = node.here()
    folder = _folder_of(copy, us.name) if copy else None
    made = Rebuilt(us.name)
    with backups.filling(us.home):
        if folder is not None:
            made.attachments = _bring_files(folder / "attachments", us.home / "attachments")
        at = _bring_pages(folder, us, new_keys=new_keys) if folder else None
        made.tables_from = "pages" if at else "log"
        tables.bring_up_to_date()
        top = Entry.objects.sealed().last()
        made.epoch = new_epoch.begin("rebuild", tickets=new_epoch.TICKETS_OF_SECONDS)
        if folder is not None:
            made.from_lines, line_at = _take_lines(folder / "log")
            at = max(filter(None, (at, line_at)), default=None)
        if centre is not None:
            with open(centre, encoding="utf-8") as lines:
                made.from_centre, _known = import_lines(lines)
        last = Entry.objects.sealed().last()
        if made.tables_from == "log" and last is not None:
            follow.pass_over("notifications", last.position or 0)  # told long ago
        with follow.copies_alone():
            follow.follow_all()
        work_until_idle(with_sweeps=False)
        made.rpo_s = round(max(0.0, began_at - at), 1) if at else None
        _list_what_is_missing(made, top.position or 0 if top else 0, new_keys=new_keys)
        connection.close()
    made.rto_s = round(time.monotonic() - began, 1)
    return made


def _take_up_keys(keys_from: Path | None, *, new_keys: bool) -> None:
    has_keys = (node.here().home / "keys" / "sign.key").exists()
    if keys_from is not None:
        backups.load_keys(keys_from, backups.passphrase())
    elif not has_keys and not new_keys:
        raise RebuildRefused(
            say="The keys of this office are not here. Give their backup with --keys-from DIR2, or begin with new ones: "
            "--new-keys; then no dossier opens before the centre has wrapped it again."
        )


def _folder_of(copy: Path, name: str) -> Path:
    if (copy / name).is_dir():
        return copy / name
    raise RebuildRefused(
        say=f"There is no second copy of {name} in {copy}. Set OPENPASPOR_NODE to the office's name."
    )


def _bring_files(source: Path, target: Path) -> int:
    """Copy every attachment whose content is what its address says. Returns how many."""
    brought = 0
    for folder in backups.folders_of(source):
        (target / folder.name).mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in sorted(os.listdir(folder)):
            if not name.startswith(".") and vault.digest_of(folder / name).sha256 == folder.name + name:
                second_copy.copy_file(folder / name, target / folder.name / name)
                brought += 1
        sync_folder(target / folder.name)
    return brought


def _bring_pages(folder: Path, us: node.Node, *, new_keys: bool) -> float | None:
    """Put the database together. Returns the Unix time of what came last, or None when only the log can be used."""
    if new_keys or connection.vendor != "sqlite":
        return None
    aside = us.home / "openpaspor.sqlite3.rebuilt"
    try:
        found = pages.put_together(folder / "pages", second_copy.page_key(us), aside)
    except Unreadable:
        raise RebuildRefused(
            say=f"The keys that are here do not open the pages in {folder}. Give the right ones with --keys-from."
        ) from None
    if found is None:
        return None
    with closing(sqlite3.connect(aside)) as database:
        if database.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise RebuildRefused(
                say=f"The pages in {folder} are damaged. Take them away, and only the log is used."
            )
    for left in us.home.glob("openpaspor.sqlite3.rebuilt-*"):
        left.unlink()
    os.replace(aside, us.home / "openpaspor.sqlite3")
    sync_folder(us.home)
    return found.at


def _take_lines(folder: Path) -> tuple[int, float | None]:
    """Take our own entries from the segments. Returns (how many we did not have, Unix time of the last line)."""
    segments = second_copy.segments_in(folder)
    if not segments:
        return 0, None
    lines = (line.decode() for line in second_copy.lines_in(folder))
    new, _known = import_lines(lines)
    return new, segments[-1].stat().st_mtime


def _list_what_is_missing(made: Rebuilt, top: int, *, new_keys: bool) -> None:
    us = node.here()
    made.entries = Entry.objects.sealed().count()
    made.parked = Parked.objects.count()
    named = set(Attachment.objects.live().values_list("digest", flat=True))
    named |= set(Wanted.objects.values_list("digest", flat=True))
    made.missing_attachments = sorted(digest for digest in named if not us.store.has(digest))
    made.missing_entries = _gaps(us.name)
    ours = Entry.objects.sealed().filter(node=us.name, epoch__lt=made.epoch, position__gt=top)
    if made.tables_from == "pages":
        made.replayed = dict(sorted(Counter(ours.values_list("kind", flat=True)).items()))
    else:
        made.lost = list(NOT_IN_THE_LOG)
    if new_keys:
        wrapped = DossierKey.objects.filter(node=us.name)
        made.to_wrap_again = sorted(wrapped.values_list("application__ref", flat=True))


def _gaps(name: str) -> list[dict[str, Any]]:
    """Entries of our log that are known by what follows them, and are not here."""
    gaps: list[dict[str, Any]] = []
    before = (0, 0)
    for epoch, seq in (
        Entry.objects.filter(node=name, seq__isnull=False)
        .order_by("epoch", "seq")
        .values_list("epoch", "seq")
    ):
        assert seq is not None
        expected = before[1] + 1 if epoch == before[0] else 1
        if seq != expected:
            gaps.append({"node": name, "epoch": epoch, "from": expected, "to": seq - 1})
        before = (epoch, seq)
    return gaps
