"""The head of office's page: five facts, each with a word, and at most one thing to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Sum
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from openpaspor.ledger import links, sync
from openpaspor.ledger.models import Entry, Parked
from openpaspor.offices import calendars, policy
from openpaspor.offices.models import Booklet, Office
from openpaspor.offices.workdays import is_working_day
from openpaspor.ui.templatetags.ui import clock_time

from . import actions, desk
from .models import BlankBooks, Counter, Ticket, TicketState, local_day
from .rules import counters_needed

CALM_MINUTES = 30  # nobody complains of a wait below this
USE_COUNTED_OVER = timedelta(days=14)
LOW_DAYS, SHORT_DAYS = 10, 5  # working days that blank books last
SEALED_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True)
class Action:
    """What can be done, in one press."""

    label: str
    url: str


@dataclass(frozen=True)
class Reading:
    """One fact: a figure, a word that says whether it is all right, and one suggestion when it is not."""

    code: str
    title: str
    value: str
    word: str
    tone: str  # of the chip: done, warn, stop, quiet
    note: str = ""
    action: Action | None = None


@dataclass(frozen=True)
class Outlook:
    """How the day will end at today's own pace."""

    people: int  # in line and still expected
    counters: int
    needed: int
    finish_at: datetime | None
    after_closing: int  # people
    closes_at: datetime


def link(label: str, name: str, *args: str) -> Action | None:
    """A link into another room, if this installation serves it."""
    try:
        return Action(label, reverse(name, args=args))
    except NoReverseMatch:
        return None


def closing(office: Office, now: datetime) -> datetime:
    """When the doors close today, UTC."""
    minute = policy.value("closes_minute", office=office.code, now=now)
    return calendars.moment(office, local_day(office, now), minute)


def outlook(office: Office, hall: desk.Hall, now: datetime) -> Outlook:
    """(People in line + expected) over open counters. Expected visitors do not come before their time."""
    today = Ticket.objects.of_day(office, local_day(office, now))
    pace = desk.minutes_a_visit(today)
    counters = Counter.objects.filter(office=office, officer__isnull=False).count()
    people = len(hall.waiting) + len(hall.held) + len(hall.expected)
    closes_at = closing(office, now)
    last_due = max((one.place_starts_at for one in hall.expected if one.place_starts_at), default=now)
    finish, late = None, 0
    if counters and people:
        finish = max(now + timedelta(minutes=pace * people / counters), last_due + timedelta(minutes=pace))
        over = (finish - closes_at).total_seconds() / 60
        late = min(people, round(over / pace * counters)) if over > 0 else 0
    left = (closes_at - now).total_seconds() / 60
    needed = counters_needed(people, minutes_left=left, minutes_a_visit=pace)
    return Outlook(people, counters, needed, finish, late, closes_at)


def readings(office: Office, hall: desk.Hall, now: datetime) -> list[Reading]:
    """The five facts."""
    ahead = outlook(office, hall, now)
    return [
        _waiting(office, hall, now),
        _finish(office, ahead),
        _counters(ahead),
        _service(now),
        _blanks(office, now),
    ]


def _waiting(office: Office, hall: desk.Hall, now: datetime) -> Reading:
    ceiling = policy.value("wait_ceiling_minutes", office=office.code, now=now)
    longest = max((line.oldest_minutes for line in hall.lines), default=0)
    people = len(hall.waiting)
    word, tone = _("moving well"), "done"
    if longest > ceiling:
        word, tone = _("too long"), "stop"
    elif longest > CALM_MINUTES:
        word, tone = _("rather long"), "warn"
    busy = [line for line in hall.lines if line.waiting]
    return Reading(
        "waiting",
        _("Waiting"),
        ngettext("%(n)s person", "%(n)s people", people) % {"n": people},
        word if people else _("nobody waits"),
        tone,
        " · ".join(
            _("%(line)s %(n)s, longest %(m)s min")
            % {"line": line.word, "n": line.waiting, "m": line.oldest_minutes}
            for line in busy
        ),
        link(_("See who waits"), "hall:today") if tone != "done" else None,
    )


def _finish(office: Office, ahead: Outlook) -> Reading:
    closes = clock_time(ahead.closes_at, office)
    title, note = _("Expected finish"), _("Closing %(at)s") % {"at": closes}
    if not ahead.people:
        return Reading("finish", title, "–", _("nobody is left to serve"), "done", note)
    if not ahead.finish_at:
        return Reading("finish", title, "–", _("no counter is open"), "stop", note)
    value = clock_time(ahead.finish_at, office)
    if not ahead.after_closing:
        return Reading("finish", title, value, _("before closing"), "done", note)
    said = {"n": ahead.after_closing}
    note = ngettext("%(n)s person past closing.", "%(n)s people past closing.", ahead.after_closing) % said
    action = link(_("Take in fewer walk-ins"), "hall:pots")
    return Reading("finish", title, value, _("past closing"), "warn", f"{note} {closes}", action)


def _counters(ahead: Outlook) -> Reading:
    short = ahead.needed - ahead.counters
    value = _("%(open)s open, %(needed)s needed") % {"open": ahead.counters, "needed": ahead.needed}
    if short <= 0:
        return Reading("counters", _("Counters"), value, _("enough for now"), "done")
    label = ngettext("Open %(n)s more counter", "Open %(n)s more counters", short) % {"n": short}
    tone = "warn" if ahead.counters else "stop"
    return Reading("counters", _("Counters"), value, _("too few open"), tone, "", link(label, "hall:today"))


def _service(now: datetime) -> Reading:
    parked = Parked.objects.count()
    unsent = Entry.objects.unsealed().filter(recorded_at__lt=now - SEALED_WITHIN).count()
    title = _("Records")
    if parked:
        value = ngettext("%(n)s record", "%(n)s records", parked) % {"n": parked}
        note = _("Operations sees them too. The hall can go on.")
        return Reading("service", title, value, _("must be looked at"), "warn", note)
    if unsent:
        value = ngettext("%(n)s record", "%(n)s records", unsent) % {"n": unsent}
        return Reading("service", title, value, _("wait to be sent"), "quiet", _("The hall can go on."))
    centre = sync.link_to_centre()
    if centre is not None and links.word_of(centre) != "open":
        files = sync.backlog(centre).files
        waits = ngettext("%(n)s file waits for it.", "%(n)s files wait for it.", files) % {"n": files}
        note = " ".join([waits] * bool(files) + [_("The hall can go on.")])
        return Reading("service", title, _("all kept here"), _("centre not connected"), "warn", note)
    return Reading("service", title, _("all kept"), _("all services running"), "done")


@dataclass(frozen=True)
class Blanks:
    """Booklets of one kind in an office's stock, and how many working days they last."""

    booklet: str
    count: int
    days: int | None  # None while none was used lately


def blanks_of(office: Office, now: datetime) -> list[Blanks]:
    today = local_day(office, now)
    start = today - USE_COUNTED_OVER
    kinds = BlankBooks.objects.filter(office=office).values("booklet")
    stock = kinds.annotate(count=Sum(F("came") - F("left"))).order_by("booklet")
    used = dict(kinds.filter(day__gt=start).annotate(used=Sum("left")).values_list("booklet", "used"))
    working = (
        sum(is_working_day(day) for day in calendars.days_between(start + timedelta(days=1), today)) or 1
    )
    return [
        Blanks(row["booklet"], row["count"], _lasts(row["count"], used.get(row["booklet"], 0), working))
        for row in stock
    ]


def _lasts(count: int, used: int, working_days: int) -> int | None:
    return int(count / (used / working_days)) if used > 0 else None


def _blanks(office: Office, now: datetime) -> Reading:
    kinds, title = blanks_of(office, now), _("Blank books")
    if not kinds:
        return Reading("blanks", title, "–", _("not counted yet"), "hollow")
    lasting = [kind.days for kind in kinds if kind.days is not None]
    note = " · ".join(f"{Booklet(kind.booklet).label} {kind.count}" for kind in kinds)
    if any(kind.count <= 0 for kind in kinds):
        return Reading("blanks", title, "0", _("used up"), "stop", note, _short_books())
    days = min(lasting, default=None)
    if days is None:
        total = sum(kind.count for kind in kinds)
        return Reading("blanks", title, str(total), _("none used lately"), "done", note)
    value = ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    if days < SHORT_DAYS:
        return Reading("blanks", title, value, _("running short"), "stop", note, _short_books())
    word, tone = (_("order soon"), "warn") if days < LOW_DAYS else (_("enough"), "done")
    return Reading("blanks", title, value, word, tone, note)


def _short_books() -> Action | None:
    return link(_("Note the shortage"), "appointments:pots")


@dataclass(frozen=True)
class DaySoFar:
    """Today beside the same weekday a week ago, up to the same time of day."""

    served: int
    expected: int
    gone: int  # called and did not come
    a_week_ago: int | None


def day_so_far(office: Office, hall: desk.Hall, now: datetime) -> DaySoFar:
    today = Ticket.objects.of_day(office, local_day(office, now))
    then = now - timedelta(days=7)
    before = Ticket.objects.of_day(office, local_day(office, then))
    served = today.filter(state=TicketState.SERVED).count()
    gone = today.filter(state=TicketState.NO_SHOW).count()
    known = before.exists()
    at_this_time = before.filter(state=TicketState.SERVED, ended_at__lte=then).count() if known else None
    return DaySoFar(served, len(hall.expected), gone, at_this_time)


@dataclass(frozen=True)
class Ending:
    """What the end of the day would do now, for the page that asks whether it shall."""

    day: date
    at_counters: list[Ticket]
    waiting: int  # in line or held
    missed: int
    later: int  # booked for later today; not touched
    counters: int


def ending(office: Office, now: datetime) -> Ending:
    day = local_day(office, now)
    live = list(Ticket.objects.of_day(office, day).live().select_related("application", "counter"))
    at_counters = [one for one in live if one.state == TicketState.CALLED and not one.visit_is_over]
    missed = len(actions.overdue_visits(office, day, now))
    return Ending(
        day=day,
        at_counters=at_counters,
        waiting=sum(one.state != TicketState.CALLED for one in live),
        missed=missed,
        later=sum(bool(one.place_starts_at) for one in actions.booked_today(office, now)) - missed,
        counters=Counter.objects.filter(office=office, officer__isnull=False).count(),
    )
