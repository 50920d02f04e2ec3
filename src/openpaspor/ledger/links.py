"""What goes to whom: our own log upward, a counted selection to everybody else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from openpaspor.kit import clock
from openpaspor.kit.faults import fault

from . import node
from .models import Conflict, Entry, Link, NodeRecord, Outgoing, Subscription, Wanted, WantedQuerySet

LINES = frozenset({("office", "centre"), ("office", "portal"), ("portal", "centre")})
TO_ALL = ("ledger.", "offices.", "accounts.posting_", "notifications.outage_announced")
LISTED = "payments.bill_opened"  # speaks of several applications at once
WINDOW = 1000
SILENT_AFTER = timedelta(seconds=8)  # of a line that is used every three seconds
PEOPLE_ARE_TOLD_AFTER = timedelta(seconds=30)  # applicants, on the portal


def newest_records() -> dict[str, NodeRecord]:
    """Each node as it is now: its record of the highest epoch."""
    return {row.node: row for row in NodeRecord.objects.order_by("epoch")}


def newest_record(name: str) -> NodeRecord | None:
    """One node as it is now; None for a stranger."""
    return NodeRecord.objects.filter(node=name).order_by("-epoch").first()


def has_line(record: NodeRecord) -> bool:
    """Whether nodes of its role and ours talk to each other, and it was not sent away."""
    us = node.here()
    pair = {(us.role, record.role), (record.role, us.role)}
    return record.node != us.name and record.revoked_at is None and bool(pair & LINES)


def make_links() -> dict[str, NodeRecord]:
    """A link to every node that we have a line with; returns their records. That of a revoked node stays, unused."""
    peers = {name: record for name, record in newest_records().items() if has_line(record)}
    there = set(Link.objects.values_list("peer", flat=True))
    Link.objects.bulk_create([Link(peer=name) for name in peers if name not in there], ignore_conflicts=True)
    return peers


def pin_epoch(centre: NodeRecord, epoch: int) -> None:
    """The centre speaks under a later epoch with the wire key that we pinned: it was put back, its keys are the same."""
    kept = ("role", "offices", "url", "sign_public", "box_public", "wire_public", "seal_public")
    NodeRecord.objects.get_or_create(
        node=centre.node, epoch=epoch, defaults={name: getattr(centre, name) for name in kept}
    )


def is_dense(peer: NodeRecord) -> bool:
    """The centre gets our whole own log, without gaps; others a selection."""
    return peer.role == "centre"


# Dense


def own_log_after(epoch: int, seq: int) -> list[Entry]:
    """Our next sealed entries after a place of our own log."""
    later = Q(epoch=epoch, seq__gt=seq) | Q(epoch__gt=epoch)
    mine = Entry.objects.filter(later, node=node.here().name, seq__isnull=False)
    return list(mine.order_by("epoch", "seq")[:WINDOW])


def own_log_waiting(link: Link) -> int:
    later = Q(epoch=link.confirmed_epoch, seq__gt=link.confirmed) | Q(epoch__gt=link.confirmed_epoch)
    return Entry.objects.filter(later, node=node.here().name, seq__isnull=False).count()


def hand_over(link: Link, last: Entry) -> None:
    """Everything up to `last` is in the message that goes out now."""
    Link.objects.filter(pk=link.pk).update(handed_epoch=last.epoch, handed=last.seq)


def note_trouble(peer: str, code: str) -> None:
    """The line does not work: whether what was in a message has come nobody knows, so it counts as not sent."""
    Link.objects.filter(pk=peer).update(
        trouble=code[:60], handed_epoch=F("confirmed_epoch"), handed=F("confirmed")
    )


def known_of(name: str) -> dict[str, Any]:
    """How far our database has the log of another node: {epoch, seq, hash}; zeros when nothing is here."""
    theirs = Entry.objects.filter(node=name, seq__isnull=False).order_by("-epoch", "-seq")
    last = theirs.values_list("epoch", "seq", "hash").first() or (0, 0, "")
    return dict(zip(("epoch", "seq", "hash"), last, strict=True))


def knows_another_past(known: dict[str, Any]) -> bool:
    """Whether somebody has an entry of ours, of this epoch, that we have not. What a restore lost is of an earlier one."""
    us = node.here()
    ours = Entry.objects.filter(node=us.name, epoch=known["epoch"], seq=known["seq"], hash=known["hash"])
    return bool(known["seq"]) and known["epoch"] >= us.epoch and not ours.exists()


# Selections


def chained(chain: str, entry_hash: str) -> str:
    """The link's own chain: SHA-256(chain before ‖ hash of the entry), hex."""
    return hashlib.sha256(bytes.fromhex(chain) + bytes.fromhex(entry_hash)).hexdigest()


def queue_news(only: str = "") -> int:
    """Choose, for every link that gets a selection (or that of one peer), what of the new entries goes over it. Returns how many were queued."""
    peers = {name: peer for name, peer in make_links().items() if not is_dense(peer) and only in ("", name)}
    queued, more = 0, bool(peers)
    while more:
        more = False
        windows: dict[int, list[Entry]] = {}  # most links stand at the same place
        with transaction.atomic():
            for link in Link.objects.select_for_update().filter(pk__in=peers).order_by("pk"):
                queued += _queue(link, peers[link.peer], windows)
            more = any(len(window) == WINDOW for window in windows.values())
    return queued


def unchosen() -> int:
    """How many entries some link that gets a selection was not looked through for; perhaps nobody here follows their kind."""
    stand = Link.objects.filter(considered__gt=0).order_by("considered")
    low = stand.values_list("considered", flat=True).first()
    return Entry.objects.sealed().filter(position__gt=low).count() if low else 0


def _queue(link: Link, peer: NodeRecord, windows: dict[int, list[Entry]]) -> int:
    """Choose of the next entries for a locked link. Returns how many were queued."""
    if link.confirmed_epoch != node.here().epoch:
        _begin_again(link)
    if link.considered not in windows:
        windows[link.considered] = list(Entry.objects.sealed().filter(position__gt=link.considered)[:WINDOW])
    window = windows[link.considered]
    if not window:
        return 0
    queued = _append(link, _selection(link, peer, window))
    fault("wire.before_queue_commit")
    link.considered = window[-1].position or 0
    link.save(update_fields=["considered", "queued", "queued_chain"])
    return queued


def _begin_again(link: Link) -> None:
    """Our epoch rose: the count of this link begins anew. The peer knows most of it already and ignores that."""
    Outgoing.objects.filter(link=link).delete()
    Subscription.objects.filter(link=link).delete()
    link.confirmed_epoch, link.confirmed = node.here().epoch, 0
    link.considered = link.queued = 0
    link.queued_chain = "0" * 64
    link.save()


def _append(link: Link, entries: Iterable[Entry]) -> int:
    rows = []
    for entry in entries:
        link.queued += 1
        link.queued_chain = chained(link.queued_chain, entry.hash)
        rows.append(Outgoing(link=link, count=link.queued, chain=link.queued_chain, entry=entry))
    Outgoing.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def _selection(link: Link, peer: NodeRecord, window: list[Entry]) -> list[Entry]:
    """What of a window goes over the link; before it, all that was ever said of applications that are new to the peer."""
    named = {entry.pk: _applications(entry) for entry in window}
    told = _subscribed(link, {ref for refs in named.values() for ref in refs})
    fresh = {
        ref
        for entry in window
        if _begins_to_concern(peer, entry)
        for ref in named[entry.pk]
        if ref not in told
    }
    Subscription.objects.bulk_create(
        [Subscription(link=link, application=ref) for ref in sorted(fresh)], ignore_conflicts=True
    )
    told |= fresh
    chosen = [
        entry
        for entry in window
        if _may_go(peer, entry) and (_concerns(peer, entry) or any(ref in told for ref in named[entry.pk]))
    ]
    return [*_said_before(link, peer, fresh, before=window[0]), *chosen]


def _said_before(link: Link, peer: NodeRecord, refs: set[str], *, before: Entry) -> list[Entry]:
    """All that was said of these applications before the window and has not gone over this link."""
    if not refs:
        return []
    about = Q(application__in=refs)
    for ref in refs:
        about |= Q(kind=LISTED, fact__contains=ref)
    earlier = Entry.objects.sealed().filter(about, position__lt=before.position)
    gone = Outgoing.objects.filter(link=link).values("entry")
    return [entry for entry in earlier.exclude(pk__in=gone) if _may_go(peer, entry)]


def _may_go(peer: NodeRecord, entry: Entry) -> bool:
    """Nothing goes back to who said it; between portal and office each sends what it said itself."""
    if entry.node == peer.node:
        return False
    return node.here().role == "centre" or entry.node == node.here().name


def _applications(entry: Entry) -> tuple[str, ...]:
    if entry.application:
        return (entry.application,)
    return tuple(entry.values.get("applications", ())) if entry.kind == LISTED else ()


def _begins_to_concern(peer: NodeRecord, entry: Entry) -> bool:
    """The portal follows every application; an office those of which somebody named it."""
    return peer.role == "portal" or (bool(entry.application) and entry.values.get("office") in peer.offices)


def _concerns(peer: NodeRecord, entry: Entry) -> bool:
    """Goes to this peer whatever application it speaks of, or none."""
    if entry.kind.startswith(TO_ALL):
        office = entry.values.get("office", "")
        return not office or peer.role == "portal" or office in peer.offices
    return peer.role == "portal" or (not entry.application and entry.values.get("office") in peer.offices)


def concerning(peer: NodeRecord) -> Callable[[Entry], bool]:
    """Whether an entry is of what a line brings this peer, or was said by itself: what a file for it holds.

    An office that took the whole country's log would keep files of other offices that nobody tells it of again.
    """
    if is_dense(peer):
        return lambda entry: True
    named = (entry for entry in Entry.objects.sealed().iterator() if _begins_to_concern(peer, entry))
    told = {ref for entry in named for ref in _applications(entry)}
    return lambda entry: (
        entry.node == peer.node or _concerns(peer, entry) or not told.isdisjoint(_applications(entry))
    )


def selected_after(link: Link, count: int) -> list[Outgoing]:
    """What comes next in the selection, as far as it was chosen when `link` was read."""
    if count >= link.queued:
        return []
    return list(
        Outgoing.objects.filter(link=link, count__gt=count).select_related("entry").order_by("count")[:WINDOW]
    )


def chain_at(link: Link, count: int) -> str | None:
    """The link's chain after `count` entries; None when it never came so far."""
    if count == 0:
        return "0" * 64
    if count == link.queued:
        return link.queued_chain
    return Outgoing.objects.filter(link=link, count=count).values_list("chain", flat=True).first()


# How a line is


@dataclass(frozen=True)
class LineState:
    """One line as a person wants to know it."""

    peer: str
    role: str
    word: str  # open, cut, quarantined
    since: datetime | None  # last signed answer
    unsent: int
    trouble: str

    @property
    def is_open(self) -> bool:
        return self.word == "open"


def line_states() -> list[LineState]:
    """Every line of this node, as it is now."""
    peers = make_links()
    states = []
    for link in Link.objects.filter(pk__in=peers).order_by("pk"):
        peer = peers[link.peer]
        waiting = own_log_waiting(link) if is_dense(peer) else link.queued - link.confirmed
        states.append(
            LineState(
                link.peer,
                peer.role,
                word_of(link),
                link.answered_at,
                waiting,
                link.quarantined or link.trouble,
            )
        )
    return states


def word_of(link: Link) -> str:
    """open, cut or quarantined, now."""
    if link.quarantined:
        return "quarantined"
    heard = link.answered_at
    return "open" if heard and clock.real_now() - heard < SILENT_AFTER else "cut"


def is_catching_up(role: str) -> bool:
    """True when a line to a node of this role is open again and that node still has entries for us.

    False while the line is cut, or something is wrong with what it brings: neither can be waited for.
    """
    now = clock.real_now()
    open_again = [line.peer for line in line_states() if line.role == role and line.is_open]
    taken = Q(fetched_at__gt=now - SILENT_AFTER)
    return Link.objects.filter(pk__in=open_again, trouble="").exclude(taken).exists()


def silent_offices() -> dict[str, datetime]:
    """At the portal: offices whose node was heard before and is silent for so long that people are told; since when."""
    if node.here().role != "portal":
        return {}
    peers = {name: peer for name, peer in make_links().items() if peer.role == "office"}
    rows = Link.objects.filter(pk__in=peers, answered_at__lt=clock.real_now() - PEOPLE_ARE_TOLD_AFTER)
    return {
        office: link.answered_at for link in rows if link.answered_at for office in peers[link.peer].offices
    }


def centre_unheard() -> int:
    """At an office: seconds since the centre last answered; 0 when it never did."""
    centres = NodeRecord.objects.filter(role="centre", revoked_at=None).values("node")
    heard = Link.objects.filter(pk__in=centres, answered_at__isnull=False).order_by("-answered_at")
    last = heard.values_list("answered_at", flat=True).first()
    return max(0, int((clock.real_now() - last).total_seconds())) if last else 0


def note_centre_unheard(link: Link, seconds: int) -> None:
    """At the portal: an office says for how long it has not heard the centre."""
    is_cut = seconds > PEOPLE_ARE_TOLD_AFTER.total_seconds()
    if is_cut != bool(link.without_centre_since):
        since = clock.real_now() - timedelta(seconds=seconds) if is_cut else None
        Link.objects.filter(pk=link.pk).update(without_centre_since=since)


def offices_without_centre() -> dict[str, datetime]:
    """At the portal: offices that answer, and say that they do not hear the centre; since when.

    None while we do not hear it either: then it is the centre that is away, not a line.
    """
    if node.here().role != "portal" or centre_is_silent():
        return {}
    peers = {name: peer for name, peer in make_links().items() if peer.role == "office"}
    answering = Link.objects.filter(answered_at__gte=clock.real_now() - PEOPLE_ARE_TOLD_AFTER)
    rows = answering.filter(pk__in=peers).exclude(without_centre_since=None)
    return {
        office: link.without_centre_since
        for link in rows
        if link.without_centre_since
        for office in peers[link.peer].offices
    }


def cut_line(role: str) -> LineState | None:
    """Our line to the node of this role while it is not open; None while it is, or when there is none."""
    return next((line for line in line_states() if line.role == role and not line.is_open), None)


def centre_is_silent() -> bool:
    """At the portal: whether the centre is silent for so long that people are told, or has never answered."""
    if node.here().role != "portal":
        return False
    names = [name for name, peer in make_links().items() if peer.role == "centre"]
    answering = Q(answered_at__gte=clock.real_now() - PEOPLE_ARE_TOLD_AFTER)
    return Link.objects.filter(pk__in=names).exclude(answering).exists()


def quarantine(peer: str, code: str, place: tuple[str, int, int] | None) -> None:
    """Refuse the messages of this node from now on; a person has to look. Its hall goes on."""
    where = "/".join(map(str, place)) if place else ""
    if Link.objects.filter(pk=peer, quarantined="").update(quarantined=f"{code} {where}".strip()):
        Conflict.objects.create(
            code="fork", detail={"node": peer, "why": code, "place": where}, found_at=clock.now()
        )


def lift_quarantine(peer: str) -> bool:
    """A person looked. False when there was none."""
    return bool(Link.objects.filter(pk=peer).exclude(quarantined="").update(quarantined="", trouble=""))


def try_now(peer: str) -> None:
    """Call this peer now rather than when the pause after the last trouble is over."""
    Link.objects.filter(pk=peer).update(try_at=clock.real_now())


def is_asked_to_call(peer: str) -> bool:
    """True when somebody asked since we last tried."""
    asked = Link.objects.filter(pk=peer, try_at__isnull=False)
    return asked.filter(Q(called_at=None) | Q(try_at__gt=F("called_at"))).exists()


def wanted_files(after: int = 0, limit: int = 20) -> list[Wanted]:
    """The next few files to ask for, oldest first."""
    return list(Wanted.objects.due()[after : after + limit])


def wanted_of(peer: NodeRecord, link: Link) -> WantedQuerySet:
    """Files that have not come and that this peer may have, oldest first: what another node owes us hides none of them."""
    if peer.role != "office":
        return Wanted.objects.all()
    told = Subscription.objects.filter(link=link)
    return Wanted.objects.filter(application__in=told.values("application"))


def may_have(peer: NodeRecord, link: Link, digest: str, application: str) -> bool:
    """True when this peer may be given the (encrypted) bytes of a file of this application."""
    names = Entry.objects.filter(
        kind="applications.dossier_sealed", application=application, fact__contains=digest
    )
    return application in told_of(peer, link, {application}) and names.exists()


def told_of(peer: NodeRecord, link: Link, applications: set[str]) -> set[str]:
    """Those of these applications of which the peer is told at all."""
    return _subscribed(link, applications) if peer.role == "office" else applications


def _subscribed(link: Link, applications: set[str]) -> set[str]:
    if not applications:
        return set()
    told = Subscription.objects.filter(link=link, application__in=applications)
    return set(told.values_list("application", flat=True))
