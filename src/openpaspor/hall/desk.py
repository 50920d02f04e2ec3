"""What the pages of the hall show, read in a few queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from openpaspor import journey
from openpaspor.accounts.models import User
from openpaspor.applications.models import Application
from openpaspor.facts.applications import Moved
from openpaspor.journey import State
from openpaspor.kit import names, references, visit_pass
from openpaspor.kit.references import ReferenceInvalid
from openpaspor.kit.visit_pass import VisitPass
from openpaspor.ledger import links, node, signers, sync
from openpaspor.ledger.models import Entry
from openpaspor.offices import calendars, policy
from openpaspor.offices.models import Office
from openpaspor.ui.templatetags.ui import when_short

from . import actions
from .advice import STATE_WORDS
from .models import SERIES_WORDS, Counter, DayPot, PassArrival, Ticket, TicketState, local_day
from .rules import Series, WaitRange, people_before, turns_ahead, wait_range

MINUTES_A_VISIT = 12.0  # until today's own pace is known
SHORTEST_PACE = 3.0  # minutes; a quick morning promises nothing for the afternoon
NIK_DIGITS = 16
FOUND_AT_MOST = 20
APART_FOR = timedelta(days=7)
ORDER_ON_SCREEN = (Series.PRIORITY, Series.APPOINTMENT, Series.WALK_IN, Series.COLLECTION)


@dataclass(frozen=True)
class Line:
    """One line of the hall: its letter, who waits, since when the first one does, and what a newcomer can expect."""

    series: str
    waiting: int
    oldest_minutes: int
    too_long: bool
    expects: WaitRange | None

    @property
    def word(self) -> str:
        return str(SERIES_WORDS[Series(self.series)])


@dataclass(frozen=True)
class Hall:
    """The hall of one office now."""

    lines: list[Line]
    waiting: list[Ticket]
    held: list[Ticket]
    gone: list[Ticket]
    expected: list[Application]
    next_hour: int  # of those, within sixty minutes
    owing: list[Application]  # may come back with papers
    apart: list[Apart]  # let in on the pass alone, and a person must look
    online_note: str  # why unsold online places stay empty today

    @property
    def mark(self) -> str:
        """Changes when the lists that carry buttons change."""
        numbers = [f"{ticket.pk}{ticket.state[0]}" for ticket in [*self.held, *self.gone]]
        return ",".join(numbers + [f"{one.arrival.pk}{one.arrival.trouble}" for one in self.apart])


def hall_now(office: Office, now: datetime) -> Hall:
    day = local_day(office, now)
    today = Ticket.objects.of_day(office, day)
    waiting = list(today.in_line().select_related("application"))
    expected = actions.booked_today(office, now)
    soon = now + timedelta(minutes=60)
    undo = timedelta(minutes=policy.value("no_show_undo_minutes", office=office.code, now=now))
    owing = Application.objects.at(office).in_state(State.INCOMPLETE)
    here = [ticket.application_id for ticket in waiting]
    return Hall(
        lines=lines_of(office, waiting, now),
        waiting=waiting,
        held=list(today.filter(state=TicketState.HELD).order_by("line_since", "pk")),
        gone=list(today.filter(state=TicketState.NO_SHOW, ended_at__gte=now - undo).order_by("-ended_at")),
        expected=expected,
        next_hour=sum(bool(one.place_starts_at and one.place_starts_at <= soon) for one in expected),
        owing=list(owing.exclude(pk__in=[pk for pk in here if pk]).order_by("owed_until", "pk")[:12]),
        apart=with_differences(apart_at(office, now)),
        online_note=online_note(office, now),
    )


@dataclass(frozen=True)
class Apart:
    """A visitor let in on the pass alone, and the application that came later: where the two differ, who said it and when."""

    arrival: PassArrival
    application: Application | None
    said: Entry | None  # what the application was last moved or booked by

    @property
    def differences(self) -> list[tuple[Any, Any, Any]]:
        """(what, on the pass, in the application)"""
        one, pass_ = self.application, self.arrival
        if one is None:
            return []
        at = when_short(one.place_starts_at, one.office) if one.place_starts_at else "–"
        both = [
            (_("Office"), pass_.office, one.office or "–"),
            (_("Time of the visit"), when_short(pass_.starts_at, pass_.office), at),
            (_("Pass number"), pass_.number, one.pass_number),
            (_("What happened"), _("came to the office"), STATE_WORDS.get(one.state, one.state)),
        ]
        return [row for row in both if row[1] != row[2]]


def with_differences(arrivals: list[PassArrival]) -> list[Apart]:
    """Each with its application, as far as that has come, in two queries."""
    refs = [one.ref for one in arrivals]
    known = {one.ref: one for one in Application.objects.filter(ref__in=refs).select_related("office")}
    moved = Entry.objects.filter(application__in=refs, kind=Moved.name, void=False).order_by("version")
    last = {entry.application: entry for entry in moved}
    return [Apart(one, known.get(one.ref), last.get(one.ref)) for one in arrivals]


def apart_at(office: Office, now: datetime) -> list[PassArrival]:
    """Visitors of the last days let in on the pass alone whose application does not fit, or has not come since yesterday.

    Whoever was looked after is not on the list any more.
    """
    midnight = calendars.moment(office, local_day(office, now))
    of_late = PassArrival.objects.filter(office=office, arrived_at__gte=now - APART_FOR, seen_at=None)
    alone = of_late.unjoined().filter(~Q(trouble="") | Q(arrived_at__lt=midnight))
    still_here = Application.objects.in_state(State.ARRIVED).values("ref")
    over = of_late.filter(trouble="number-over", ref__in=still_here)
    return list((alone | over).select_related("office").order_by("arrived_at", "pk"))


def lines_of(office: Office, waiting: list[Ticket], now: datetime) -> list[Line]:
    """The four lines, with what somebody who came now could expect."""
    ceiling = policy.value("wait_ceiling_minutes", office=office.code, now=now)
    counters = Counter.objects.filter(office=office, officer__isnull=False).count()
    pace = minutes_a_visit(Ticket.objects.of_day(office, local_day(office, now)))
    standing = [ticket.as_waiting() for ticket in waiting]
    lines = []
    for series in ORDER_ON_SCREEN:
        line = [ticket for ticket in waiting if ticket.line == series]
        oldest = min((ticket.line_since for ticket in line), default=now)
        minutes = int((now - oldest).total_seconds() // 60)
        turns = turns_ahead(series, len(line), standing)
        expects = wait_range(turns, counters=counters, minutes_a_visit=pace)
        lines.append(Line(series, len(line), minutes, minutes > ceiling, expects))
    return lines


def minutes_a_visit(today: QuerySet[Ticket]) -> float:
    """Today's own pace, from the last twenty visits."""
    over = today.filter(state=TicketState.SERVED, called_at__isnull=False, ended_at__isnull=False)
    times = over.order_by("-ended_at").values_list("called_at", "ended_at")[:20]
    spent = [(ended - called).total_seconds() / 60 for called, ended in times if called and ended]
    return max(SHORTEST_PACE, sum(spent) / len(spent)) if spent else MINUTES_A_VISIT


@dataclass(frozen=True)
class Waits:
    """What a ticket says of the wait: people in front in its line, and a range of minutes if a counter is open."""

    people: int
    expects: WaitRange | None


def waits_of(ticket: Ticket, now: datetime) -> Waits:
    today = Ticket.objects.of_day(ticket.office, ticket.day)
    standing = [one.as_waiting() for one in today.in_line()]
    mine = ticket.as_waiting()
    before = people_before(mine, standing)
    counters = Counter.objects.filter(office=ticket.office, officer__isnull=False).count()
    turns = turns_ahead(mine.line, before, [one for one in standing if one.pk != mine.pk])
    return Waits(before, wait_range(turns, counters=counters, minutes_a_visit=minutes_a_visit(today)))


def counter_of(user: User) -> Counter | None:
    return Counter.objects.filter(officer=user).select_related("office").first()


def counters_of(office: Office) -> list[Counter]:
    """The counters of the office, with the officers who sit there."""
    return list(Counter.objects.filter(office=office).select_related("officer"))


def at_desk(counter: Counter | None) -> Ticket | None:
    """The number that is at this counter now; one whose case has just left it is not shown any more."""
    if counter is None:
        return None
    called = Ticket.objects.filter(counter=counter, state=TicketState.CALLED)
    ticket = called.select_related("application__office", "counter").first()
    return ticket if ticket and not ticket.visit_is_over else None


def pots_of(office: Office, day: date, now: datetime) -> list[DayPot]:
    """The day's own places of walk-in and priority; as the policy has them while nobody has touched them."""
    made = {pot.series: pot for pot in DayPot.objects.filter(office=office, day=day)}
    return [made.get(series) or _untouched(office, day, series, now) for series in actions.POT_KNOBS]


def online_note(office: Office, now: datetime) -> str:
    """Why the unsold online places of today cannot be used; empty when they can, or when nothing was to come.

    They pass to us by the portal's own count. With the line to it cut they stay empty, so that no place is sold twice.
    """
    day = local_day(office, now)
    heard = DayPot.objects.filter(office=office, day=day, series=Series.WALK_IN, from_online__isnull=False)
    line = next((one for one in links.line_states() if one.role == "portal"), None)
    if node.here().role != "office" or line is None or line.is_open:
        return ""
    if heard.exists() or not calendars.is_open(office, day):
        return ""
    if line.since is None:
        return _("Unsold online places cannot be used: there has been no line to the portal yet.")
    since = when_short(sync.by_domain_clock(line.since), office)
    return _("Unsold online places cannot be used: the line to the portal is cut since %(since)s.") % {
        "since": since
    }


def _untouched(office: Office, day: date, series: Series, now: datetime) -> DayPot:
    offered = policy.value(actions.POT_KNOBS[series], office=office.code, now=now)
    return DayPot(office=office, day=day, series=series, offered=offered, capacity=offered)


# Finding somebody


@dataclass(frozen=True)
class Found:
    """What a scan or a typed text leads to: an application, a number, or a pass that nobody here has heard of."""

    application: Application | None = None
    ticket: Ticket | None = None
    unheard: VisitPass | None = None


def read_pass(text: str, now: datetime) -> VisitPass:
    """The pass in a scan, if its seal is by a node that may give it out. Raises PassRefused."""
    scanned = visit_pass.unfold(text)
    signer = signers.check(scanned, now=now)
    shown = visit_pass.read(scanned.seal)
    if not signers.may_sign_for(signer, shown.office):
        raise visit_pass.UntrustedCertificate()
    return shown


def ascii_digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii() and letter.isdigit())


def looks_like_nik(text: str) -> bool:
    return len(ascii_digits(text)) == NIK_DIGITS and not any(letter.isalpha() for letter in text)


def find(what: str, born: date | None, office: Office, now: datetime) -> Found | None:
    """What a visitor shows: a signed pass, today's number, a NIK with its birth date, or a code.

    Raises what `refuse_pass` raises for a pass that does not count here and now.
    """
    if visit_pass.looks_like_one(what):
        return by_pass(read_pass(what, now), office, now)
    ticket = Ticket.objects.of_day(office, local_day(office, now)).labelled(what)
    if ticket:
        return Found(application=ticket.application, ticket=ticket)
    one = by_nik(what, born, office, now) if looks_like_nik(what) else by_reference(what)
    return Found(application=one) if one else None


def by_pass(shown: VisitPass, office: Office, now: datetime) -> Found:
    """The pass counts for a visit that is still ahead; afterwards it only names its holder's application, or number."""
    application = Application.objects.filter(ref=shown.ref).select_related("office").first()
    unheard = actions.is_unheard(shown, application)
    if unheard or (application and application.state in (State.BOOKED, State.MISSED)):
        actions.refuse_pass(shown, application, office, now)
    if not unheard:
        return Found(application=application)
    today = Ticket.objects.of_day(office, local_day(office, now)).live()
    given = today.filter(pass_ref=shown.ref).order_by("-pk").first()
    return Found(ticket=given) if given else Found(unheard=shown)


def by_nik(nik: str, born: date | None, office: Office, now: datetime) -> Application | None:
    """The application of this person that matters most at this desk now."""
    if born is None:
        return None
    token = node.here().keys.token
    same = Application.objects.filter(
        nik_key=token("nik", ascii_digits(nik)), born_key=token("born", born.isoformat())
    ).select_related("office")
    day = local_day(office, now)

    def weight(one: Application) -> tuple[bool, bool, bool, int]:
        booked = one.state in (State.BOOKED, State.MISSED) and one.place_starts_at is not None
        today = booked and local_day(one.office or office, one.place_starts_at or now) == day
        return today, one.state in actions.COMES_BACK, one.state not in journey.ENDS, one.pk

    return max(same, key=weight, default=None)


def by_reference(text: str) -> Application | None:
    try:
        ref = str(references.parse(text))
    except ReferenceInvalid:
        return None
    return Application.objects.filter(ref=ref).select_related("office").first()


@dataclass(frozen=True)
class Results:
    """What a search leads to. Never a list of strangers: code, NIK, number and whole names only."""

    applications: list[Application] = field(default_factory=list)
    ticket: Ticket | None = None  # a number that has no application yet

    @property
    def rows(self) -> list[tuple[Application, Any]]:
        """Each with the word for its state."""
        return [(one, STATE_WORDS[State(one.state)]) for one in self.applications]


def search(text: str, office: Office | None, now: datetime) -> Results:
    """Raises PassRefused for a scan that is no pass of ours."""
    text = text.replace("\0", "").strip()
    if not text:
        return Results()
    if visit_pass.looks_like_one(text):
        return Results(list(_rows(Q(ref=read_pass(text, now).ref))))
    ticket = Ticket.objects.of_day(office, local_day(office, now)).labelled(text) if office else None
    if ticket:
        return Results([ticket.application] if ticket.application else [], ticket)
    token = node.here().keys.token
    if looks_like_nik(text):
        return Results(list(_rows(Q(nik_key=token("nik", ascii_digits(text))))))
    one = by_reference(text)
    if one:
        return Results([one])
    name = names.normalise(text)
    return Results(list(_rows(Q(name_key=token("name", name)))) if name else [])


def _rows(wanted: Q) -> QuerySet[Application]:
    return Application.objects.filter(wanted).select_related("office").order_by("-pk")[:FOUND_AT_MOST]


# The board


@dataclass(frozen=True)
class Board:
    """The wall of one hall: numbers and counters, never a name."""

    last: Ticket | None
    is_new: bool  # called a moment ago
    previous: list[Ticket]
    lines: list[Line]
    notice: str  # "closed", "before", "ready", "over": what stands there when no number does
    opens_at: datetime


NEW_FOR = timedelta(seconds=15)
SHOWN_BEFORE = 5


def board_of(office: Office, now: datetime) -> Board:
    day = local_day(office, now)
    today = Ticket.objects.of_day(office, day)
    waiting = list(today.in_line())
    lines = lines_of(office, waiting, now)
    calls = list(today.last_calls()[: SHOWN_BEFORE + 1])
    opens = policy.value("opens_minute", office=office.code, now=now)
    opens_at = calendars.moment(office, day, opens)
    is_over = _is_over(office, day, waiting, now)
    last = calls[0] if calls and not is_over else None
    notice = "over" if is_over else "before" if now < opens_at else "ready"
    if not calls and not calendars.is_open(office, day):
        notice = "closed"
        opens_at = calendars.moment(office, calendars.open_days(office, day, 1)[0], opens)
    return Board(
        last=last,
        is_new=bool(last and last.last_call_at and now - last.last_call_at < NEW_FOR),
        previous=[] if is_over else calls[1:],
        lines=lines,
        notice=notice,
        opens_at=opens_at,
    )


def _is_over(office: Office, day: date, waiting: list[Ticket], now: datetime) -> bool:
    """The day is done: the afternoon has passed, nobody waits and no counter is open."""
    closes = policy.value("closes_minute", office=office.code, now=now)
    if waiting or now < calendars.moment(office, day, closes):
        return False
    return not Counter.objects.filter(office=office, officer__isnull=False).exists()
