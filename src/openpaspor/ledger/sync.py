"""How far what this node says of a record has come: the four words that every officer's page uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Max, Min, Q

from openpaspor.facts.accounts import Looked
from openpaspor.kit import clock

from . import links, node
from .models import Conflict, Entry, Link

NEXT_UPDATE = timedelta(minutes=30)  # in trouble, how it stands is said at least this often
SAVED, SENDING, RECEIVED, LOOK = "saved", "sending", "received", "look"


@dataclass(frozen=True)
class Sync:
    """Where the newest of our own words on one application is."""

    word: str  # saved (here only), sending (not all confirmed), received (by the centre, files too), look (a person must)
    at: (
        datetime | None
    )  # last successful sync with the centre, UTC by the domain clock; None: never yet, or none is needed
    place: int = 0  # its number in the line of what is to be sent, 1 goes next; 0 when it is not in it
    only_files: bool = False  # the centre has the record, and its photos and papers are still to come


@dataclass(frozen=True)
class Backlog:
    """What of our own log the centre has not confirmed."""

    entries: int
    files: int  # applications it speaks of, other than that somebody looked
    oldest_at: datetime | None  # UTC by the domain clock
    without_files: int = 0  # applications of which the centre has the records, and not all photos and papers

    @property
    def is_all_there(self) -> bool:
        return not self.entries and not self.without_files


def link_to_centre() -> Link | None:
    """Our line to the centre; None where the centre is this node, or where nobody told us of one."""
    return link_to("centre")


def link_to(role: str) -> Link | None:
    """Our line to the node of a role of which there is one; None when nobody told us of it."""
    names = [name for name, peer in links.make_links().items() if peer.role == role]
    return Link.objects.filter(pk__in=names).first()


def is_the_centre() -> bool:
    """What is written here is at the centre already."""
    return node.here().role in ("everything", "centre")


def by_domain_clock(moment: datetime | None) -> datetime | None:
    """A moment of the wall clock as pages show it; a demo's clock may stand elsewhere."""
    return moment + clock.offset() if moment else None


def next_update(now: datetime) -> datetime:
    """When we say again how it stands: the next full or half hour, a promise that does not run away while one reads it."""
    return now + NEXT_UPDATE - (now - datetime.min.replace(tzinfo=UTC)) % NEXT_UPDATE


def sync_of(refs: Iterable[str]) -> dict[str, Sync]:
    """The word for each of these applications, in a few queries however many they are. What we said nothing of has none.

    That somebody looked is in the log too, and is not meant: a page would change its own word each time it is opened.
    """
    wanted = sorted(set(refs))
    if not wanted:
        return {}
    own = Entry.objects.filter(node=node.here().name, application__in=wanted).exclude(kind=Looked.name)
    newest = own.order_by().values("application").annotate(newest=Max("pk")).values("newest")
    doubts = Conflict.objects.filter(application__in=wanted, seen_at=None)
    doubted = set(doubts.values_list("application", flat=True))
    link = None if is_the_centre() else link_to_centre()
    rows = list(Entry.objects.filter(pk__in=newest).only("application", "epoch", "seq", "recorded_at"))
    coming = _coming_places() if link and any(row.seq is None for row in rows) else {}
    said = {row.application: _sync(row, link, coming.get(row.pk, 0)) for row in rows}
    for ref in doubted:
        said[ref] = Sync(LOOK, said[ref].at if ref in said else None)
    return said


def _coming_places() -> dict[int, int]:
    """The places that what waits for its seal will get, by row."""
    us = node.here()
    mine = Entry.objects.filter(node=us.name)
    last = mine.filter(epoch=us.epoch).aggregate(last=Max("seq"))["last"] or 0
    waiting = mine.unsealed().values_list("pk", flat=True)
    return {pk: last + number for number, pk in enumerate(waiting, start=1)}


def _sync(row: Entry, link: Link | None, coming: int) -> Sync:
    if is_the_centre():
        return Sync(RECEIVED, None)
    if link is None:
        return Sync(SAVED, None)
    at, place = by_domain_clock(link.answered_at), (row.epoch, row.seq or coming)
    if row.seq and place <= (link.confirmed_epoch, link.confirmed):
        return _files(link, at) if row.application in link.missing else Sync(RECEIVED, at)
    before = link.confirmed if row.epoch == link.confirmed_epoch else 0
    in_line = max(1, place[1] - before)  # it may have got its place since we looked
    if link.quarantined:
        return Sync(LOOK, at, in_line)
    handed = row.seq and place <= (link.handed_epoch, link.handed)
    return Sync(SENDING if handed else SAVED, at, in_line)


def _files(link: Link, at: datetime | None) -> Sync:
    """What the centre has heard of and whose photos and papers it still wants."""
    return Sync(SENDING if links.word_of(link) == "open" else SAVED, at, only_files=True)


def backlog(link: Link) -> Backlog:
    """What waits for the centre, in one query; what waits for its seal is in it too."""
    later = Q(epoch=link.confirmed_epoch, seq__gt=link.confirmed) | Q(epoch__gt=link.confirmed_epoch)
    counted = Entry.objects.filter(later | Q(seq=None), node=node.here().name).aggregate(
        entries=Count("pk"),
        files=Count("application", distinct=True, filter=~Q(application="") & ~Q(kind=Looked.name)),
        oldest=Min("recorded_at"),
    )
    return Backlog(counted["entries"], counted["files"], counted["oldest"], len(link.missing))


def said_since_whole(link: Link) -> int:
    """How many entries we said since nothing was left to send: what catching up is about."""
    own = Entry.objects.filter(node=node.here().name)
    return own.filter(Q(seq=None) | Q(sealed_at__gt=link.whole_at)).count() if link.whole_at else own.count()


def node_sync(link: Link, waiting: int, *, is_open: bool) -> Sync:
    """The word for this node as a whole, beside the search on every page."""
    at = by_domain_clock(link.answered_at)
    if link.quarantined:
        return Sync(LOOK, at, waiting)
    if not waiting:
        return _files(link, at) if link.missing else Sync(RECEIVED, at)
    return Sync(SENDING if is_open else SAVED, at, waiting)
