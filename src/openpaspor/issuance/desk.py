"""What the pages of the print room show, read in a few queries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from openpaspor.applications.models import Application
from openpaspor.facts.adjudication import APPROVAL_WITHDRAWN
from openpaspor.facts.hall import TicketIssued
from openpaspor.journey import State
from openpaspor.kit import references, visit_pass
from openpaspor.kit.refused import Refused
from openpaspor.ledger import links, node
from openpaspor.ledger.models import Entry
from openpaspor.offices import policy
from openpaspor.offices.models import Booklet as BookletKind
from openpaspor.offices.models import Office

from . import packets, rules
from .models import Booklet, BookletState, JobState, PrintJob, ProposalState, SpoilProposal

IN_ROOM = (State.APPROVED, State.PRINTED, State.READY, State.COLLECTED, State.UNCOLLECTED)
SHOWN = 100  # rows of one list
PACE_DAYS = 14  # over which the use of booklets is measured

OBSTACLES: dict[str, Any] = {
    "stop-order": _("Stopped"),
    "no-packet": _("Waits for the packet from the centre"),
    "bad-packet": _("The packet is not good for this file"),
    "matching": _("Payment is being matched"),
    "not-paid": _("Not paid yet"),
    "no-booklet": _("No booklet in stock"),
}


STOPS: dict[str, Any] = {
    APPROVAL_WITHDRAWN: _("The centre withdrew the approval"),
    "money-reversed": _("The payment was taken back"),
    "watch-list": _("The centre is checking further"),
}


@dataclass(frozen=True)
class Held:
    """An application that cannot be printed, and why."""

    application: Application
    code: str
    has_packet: bool

    @property
    def why(self) -> Any:
        return OBSTACLES[self.code]


@dataclass
class Queue:
    """The print room of one office now."""

    ready: list[Application] = field(default_factory=list)
    printed: list[Application] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    unknown: list[PrintJob] = field(default_factory=list)  # nobody knows whether they are printed

    @property
    def first(self) -> Application | None:
        """What to take in hand next: inspect before printing more."""
        return next(iter([*self.printed, *self.ready]), None)


def queue_of(office: Office) -> Queue:
    """By kind of booklet, then by the day that was promised. What is stopped after printing stands in `stops_of`."""
    queue = Queue(unknown=list(_unknown(office)))
    here = Application.objects.at(office).in_state(State.APPROVED, State.PRINTED)
    rows = list(here.order_by("booklet", "promised_on", "decided_at", "pk"))
    stopped = {stop.application.pk for stop in stops_of(office)}
    unknown = {job.application_id for job in queue.unknown}
    with_packet = packets.with_one(row for row in rows if row.state == State.APPROVED)
    for application in rows:
        if application.pk in stopped | unknown:
            continue
        if application.state == State.PRINTED:
            queue.printed.append(application)
            continue
        has_packet = application.pk in with_packet
        obstacle = obstacle_of(application, has_packet)
        if obstacle:
            queue.held.append(Held(application, obstacle, has_packet))
        else:
            queue.ready.append(application)
    return queue


def obstacle_of(application: Application, has_packet: bool) -> str:
    """The code of what keeps it from the printer. Without a booklet, perhaps because its packet is not good for it."""
    obstacle = rules.print_obstacle(application, has_packet=has_packet)
    if obstacle != "no-booklet":
        return obstacle
    try:
        packets.verified(application)
    except Refused:
        return "bad-packet"
    return obstacle


def _unknown(office: Office) -> QuerySet[PrintJob]:
    jobs = PrintJob.objects.filter(application__office=office, state=JobState.SENT)
    return jobs.select_related("application", "booklet").order_by("printed_at")


@dataclass(frozen=True)
class Stop:
    """A printed passport that must not leave the house: why, since when, and whether it is to be cancelled."""

    application: Application
    code: str
    since: datetime | None  # when the approval was withdrawn
    asked: bool  # somebody wants the booklet written off already

    @property
    def why(self) -> Any:
        return STOPS.get(self.code, OBSTACLES["stop-order"])

    @property
    def is_withdrawn(self) -> bool:
        return self.code == APPROVAL_WITHDRAWN


def stops_of(office: Office) -> list[Stop]:
    """The stop list: printed or on the shelf, and stopped or withdrawn since. The longest known first."""
    printed = Application.objects.at(office).in_state(State.PRINTED, State.READY)
    withdrawn = packets.withdrawals(printed)
    rows = printed.filter(~Q(stop_order="") | Q(ref__in=withdrawn)).order_by("state_since", "pk")
    open_ones = SpoilProposal.objects.filter(booklet__application__in=rows, state=ProposalState.OPEN)
    asked = set(open_ones.values_list("booklet__application", flat=True))
    return [
        Stop(
            application=row,
            code=APPROVAL_WITHDRAWN if row.ref in withdrawn else row.stop_order,
            since=withdrawn.get(row.ref),
            asked=row.pk in asked,
        )
        for row in rows
    ]


def line_to_centre() -> str:
    """How the print room stands with the centre: "cut", "catching-up", or "" when all its news is here."""
    lines = [line for line in links.line_states() if line.role == "centre"]
    if lines and not any(line.is_open for line in lines):
        return "cut"
    return "catching-up" if links.is_catching_up("centre") else ""


def next_to_print(office: Office) -> Application | None:
    return next(iter(queue_of(office).ready), None)


def find(text: str, office: Office, now: datetime) -> Application | None:
    """The application behind a scan at this office: code, pass, booklet, place on the shelf, today's number or NIK."""
    here = Application.objects.at(office).in_state(*IN_ROOM)
    if visit_pass.looks_like_one(text):
        return here.filter(ref=_ref_on_pass(text)).first()
    text = " ".join(text.split())
    if rules.looks_like_a_serial(text):
        booklet = Booklet.objects.filter(serial=rules.read_serial(text), application__isnull=False).first()
        return here.filter(booklets=booklet).first() if booklet else None
    digits = "".join(text.split())
    if len(digits) == 16 and digits.isascii() and digits.isdigit():
        same = here.filter(nik_key=node.here().keys.token("nik", digits))
        return same.order_by("-pk").first()
    on_shelf = here.filter(state=State.READY)
    by_place = on_shelf.filter(shelf=text.upper()).first()
    if by_place:
        return by_place
    by_number = on_shelf.filter(ticket=text.upper())
    if by_number.exists():
        return by_number.filter(ref__in=_came_today(by_number, office, now)).order_by("-pk").first()
    try:
        return here.filter(ref=str(references.parse(text))).first()
    except Refused:
        return None


def _came_today(applications: QuerySet[Application], office: Office, now: datetime) -> set[str]:
    """Which of them were given a number in the hall today; a number of another day means nothing any more."""
    midnight = office.local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    given = Entry.objects.filter(kind=TicketIssued.name, recorded_at__gte=midnight)
    return set(given.filter(application__in=applications.values("ref")).values_list("application", flat=True))


def _ref_on_pass(text: str) -> str:
    """The code on a pass. It only finds the file, so the signature is not asked for: the person is checked anyway."""
    try:
        return visit_pass.read(visit_pass.unfold(text).seal).ref
    except Refused:
        return ""


@dataclass(frozen=True)
class Stock:
    """The booklets of one kind at one office: every one that was received is in exactly one of these."""

    kind: BookletKind
    counts: dict[str, int]
    reorder_at: int
    lasts_days: int | None

    @property
    def received(self) -> int:
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        return self.counts.get(BookletState.STOCK, 0)

    @property
    def is_short(self) -> bool:
        return self.left <= self.reorder_at

    def columns(self) -> list[tuple[Any, int]]:
        return [(state.label, self.counts.get(state, 0)) for state in BookletState]


def stock_of(office: Office, now: datetime) -> list[Stock]:
    counted = Booklet.objects.filter(office=office).values("kind", "state").annotate(n=Count("id"))
    used = Counter(
        Booklet.objects.filter(
            office=office,
            job__printed_at__gt=now - timedelta(days=PACE_DAYS),
            job__state=JobState.PRINTED,
        ).values_list("kind", flat=True)
    )
    reorder_at = policy.value("blanks_reorder", office=office.code, now=now)
    stocks = []
    for kind in BookletKind:
        counts = {row["state"]: row["n"] for row in counted if row["kind"] == kind}
        left = counts.get(BookletState.STOCK, 0)
        stocks.append(Stock(kind, counts, reorder_at, rules.days_left(left, used[kind], PACE_DAYS)))
    return stocks


@dataclass(frozen=True)
class OnShelf:
    """A passport on the shelf: how long it has waited, and when it is cancelled."""

    booklet: Booklet
    waited: int  # days
    left: int  # days, the last one included as 0
    next_reminder: date | None
    ticket: str  # today's number in the hall, if its holder is here
    is_doubted: bool = False  # somebody wants it written off

    @property
    def application(self) -> Application:
        assert self.booklet.application
        return self.booklet.application


def shelf_of(office: Office, now: datetime) -> list[OnShelf]:
    """Those whose holder is in the hall first, then by place."""
    rows = Booklet.objects.on_shelf(office).select_related("application")
    here = _came_today(Application.objects.at(office).in_state(State.READY), office, now)
    today = office.local(now).date()
    doubted = set(
        SpoilProposal.objects.filter(booklet__in=rows, state=ProposalState.OPEN).values_list(
            "booklet", flat=True
        )
    )
    shelf = [_on_shelf(booklet, today, here, booklet.pk in doubted) for booklet in rows]
    return sorted(shelf, key=lambda row: (not row.ticket, row.ticket, row.booklet.rack))


def _on_shelf(booklet: Booklet, today: date, here: set[str], is_doubted: bool) -> OnShelf:
    assert booklet.application and booklet.shelved_on
    collect_by = booklet.application.collect_by or today
    return OnShelf(
        booklet=booklet,
        waited=(today - booklet.shelved_on).days,
        left=(collect_by - today).days,
        next_reminder=rules.next_reminder(booklet.shelved_on, booklet.reminded, collect_by),
        ticket=booklet.application.ticket if booklet.application.ref in here else "",
        is_doubted=is_doubted,
    )


def ended_lately(office: Office, since: datetime) -> QuerySet[Application]:
    """What was cancelled because nobody came."""
    ended = Application.objects.at(office).in_state(State.UNCOLLECTED).filter(state_since__gt=since)
    return ended.order_by("-state_since", "pk")
