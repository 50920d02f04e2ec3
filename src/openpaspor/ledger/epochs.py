"""Epochs of our own log: closing one when this node was put back to an earlier time, and noticing that it was.

`heads.json` says the epoch and the last sealed entry; `epochs.json` keeps how each closed epoch ended. Both lie beside
the database and are never in a backup of it. Why so: `docs/decisions/0007-epochs.md`.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from openpaspor.facts.base import format_moment
from openpaspor.kit import clock
from openpaspor.kit.disk import sync_folder
from openpaspor.kit.refused import Refused

from . import node, second_copy
from .models import Entry, Link, NodeRecord
from .receive import Sealed, read_line
from .seal import introduce_ourselves, seal_pending

ANSWERS_WITHIN = 5.0  # seconds; a second copy on a disk that does not answer is no reason not to open


class RolledBack(Refused):
    code = "rolled-back"
    message = _(
        "The database of %(node)s ends before entry %(epoch)s/%(seq)s, which it had sealed already (%(where)s says so): it was "
        "put back to an earlier time. Nothing is sealed under the old epoch. Put the newer database back, or take this "
        "one as it is with: openpaspor epoch raise"
    )


class OtherDatabase(Refused):
    code = "other-database"
    message = _(
        "The database is not that of %(node)s: it belongs to another node, or is new, while %(node)s has sealed entries already. "
        "Put its own back (on PostgreSQL look at OPENPASPOR_DATABASE_URL); if that is lost, docs/operate says how to get it "
        "back. Nothing was sealed."
    )


@dataclass(frozen=True)
class Closed:
    """How one epoch of ours ended: with this entry our log goes on in the next. Later ones may lie elsewhere."""

    epoch: int
    seq: int
    hash: str
    why: str  # restore, rebuild, roll-back
    at: str  # UTC, wall clock
    begins: int  # the epoch that followed: all that was said before it and beyond `seq` is gone from this database

    def keeps(self, epoch: int, seq: int) -> bool:
        """Whether the database still had what we had sealed at this place."""
        return epoch >= self.begins or (epoch, seq) <= (self.epoch, self.seq)


def closed() -> list[Closed]:
    """Our closed epochs, oldest first."""
    try:
        kept = json.loads((node.here().home / "epochs.json").read_text())
    except FileNotFoundError:
        return []
    return [Closed(**row) for row in kept["closed"]]


def raise_epoch(why: str, *, beyond: int = 0) -> int:
    """Close the epoch we are in where our log ends now, and begin the next one. Returns its number.

    `beyond`: an epoch that somebody else knows of us. Nothing may be sealing meanwhile.
    """
    us = node.here()
    _seal_what_waits(us)
    head = Entry.objects.filter(node=us.name, seq__isnull=False).order_by("-epoch", "-seq").first()
    said = Entry.objects.filter(node=us.name).aggregate(top=Max("epoch"))["top"] or 0
    listed = NodeRecord.objects.filter(node=us.name).aggregate(top=Max("epoch"))["top"] or 0
    before = max(us.epoch, said, listed, beyond, *(row.epoch for row in closed()), 0)
    ended = Closed(
        epoch=head.epoch if head else before,
        seq=(head.seq or 0) if head else 0,
        hash=head.hash if head else "",
        why=why,
        at=format_moment(clock.real_now()),
        begins=before + 1,
    )
    _write(us.home / "epochs.json", {"node": us.name, "closed": [asdict(row) for row in [*closed(), ended]]})
    us.begin_epoch(ended.begins)
    introduce_ourselves()
    return ended.begins


def _seal_what_waits(us: node.Node) -> None:
    """Give what a backup holds unsealed the place that it got in the life that is lost: others may have it from there.

    Sealed in the next epoch it would be said twice. Order, bytes and keys being the same, so is the hash; where the order of
    rows is not the order of commits (PostgreSQL) it might be another one, and that would be a fork: there a backup is made of
    a moment at which nothing waits.
    """
    if connection.vendor != "sqlite":
        return
    waiting = Entry.objects.unsealed().filter(node=us.name).order_by("epoch").values_list("epoch", flat=True)
    mine = NodeRecord.objects.filter(node=us.name, sign_public=us.keys.sign_public.hex())
    for epoch in (
        mine.filter(epoch__in=list(waiting.distinct())).values_list("epoch", flat=True).order_by("epoch")
    ):
        while seal_pending(of_epoch=epoch):
            pass


def _write(path: Path, values: dict[str, Any]) -> None:
    aside = path.with_suffix(".new")
    with open(aside, "w") as handle:
        json.dump(values, handle)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(aside, path)
    sync_folder(path.parent)


def refuse_roll_back() -> None:
    """Raise RolledBack when we know of an entry of ours, of this epoch, that the database does not have.

    Raises OtherDatabase when it is not ours at all.
    """
    us = node.here()
    remembered = us.remembered_head()
    talks_to_us = Link.objects.filter(peer=us.name).exists()
    if talks_to_us or (remembered and not Entry.objects.filter(node=us.name).exists()):
        raise OtherDatabase(node=us.name)
    if remembered is not None:
        seq, digest = remembered
        if not Entry.objects.filter(node=us.name, epoch=us.epoch, seq=seq, hash=digest).exists():
            raise RolledBack(node=us.name, epoch=us.epoch, seq=seq, where="heads.json")
    ended = next(
        reversed(closed()), None
    )  # of an epoch in which nothing is sealed yet, heads.json says little
    if ended and ended.seq and not Entry.objects.filter(node=us.name, hash=ended.hash).exists():
        raise RolledBack(node=us.name, epoch=ended.epoch, seq=ended.seq, where="epochs.json")
    last = _last_in_second_copy(us)
    if last is not None and last.place[1] >= us.epoch and not Entry.objects.filter(hash=last.hash).exists():
        raise RolledBack(node=us.name, epoch=last.place[1], seq=last.place[2], where=_("the second copy"))


def _last_in_second_copy(us: node.Node) -> Sealed | None:
    """Our last entry in the second copy, if that answers in time."""
    folder = second_copy.place()
    if folder is None:
        return None
    found: list[bytes] = []

    def look() -> None:
        try:
            found.extend(second_copy.last_line(folder / us.name / "log"))
        except (OSError, ValueError):
            return  # shown by the second copy itself

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(ANSWERS_WITHIN)
    return read_line(found[0]) if found else None


def wrote_it_here(entry: Entry) -> bool:
    """True when our own action wrote this entry together with its rows.

    False for entries of others, and for those of ours that a restore lost and others gave back: of them we have the
    words alone.
    """
    us = node.here()
    if entry.node != us.name:
        return False
    return entry.epoch >= us.epoch or was_kept(entry.epoch, entry.seq or 0)


def was_kept(epoch: int, seq: int) -> bool:
    """Whether what we sealed at this place outlived every time our database was put back."""
    return all(row.keeps(epoch, seq) for row in closed())


def was_given_back(entry: Entry) -> bool:
    """True for an entry of ours that a restore lost and others gave back."""
    return entry.node == node.here().name and not wrote_it_here(entry)
