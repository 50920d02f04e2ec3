"""What the pages of the hall show, read in a few queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from openpaspor.accounts.models import User
from openpaspor.applications.models import Application
from openpaspor.kit import names, references, visit_pass
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.keys import verify
from openpaspor.ledger.models import NodeRecord
from openpaspor.offices.models import Office

from . import actions
from .models import Counter, DayPot, Ticket, TicketState, local_day
from .rules import Series


@dataclass(frozen=True)
class Line:
    """One line of the hall: its letter, who waits, and since when the first one does."""

    series: str
    waiting: int
    oldest_minutes: int


@dataclass(frozen=True)
class Hall:
    """The hall of one office now."""

    lines: list[Line]
    tickets: list[Ticket]
    held: list[Ticket]
    gone: list[Ticket]
    expected: list[Application]
    counters: list[Counter]


def hall_now(office: Office, now: datetime) -> Hall:
    today = Ticket.objects.of_day(office, local_day(office, now)).select_related("application", "counter")
    waiting = list(today.in_line())
    lines = []
    for series in Series:
        line = [ticket for ticket in waiting if ticket.series == series]
        oldest = min((ticket.line_since for ticket in line), default=now)
        lines.append(Line(series, len(line), int((now - oldest).total_seconds() // 60)))
    return Hall(
        lines=lines,
        tickets=waiting,
        held=list(today.filter(state=TicketState.HELD).order_by("pk")),
        gone=list(today.filter(state=TicketState.NO_SHOW).order_by("-ended_at")[:5]),
        expected=[one for one in actions.booked_today(office, now) if one.place_starts_at],
        counters=list(Counter.objects.filter(office=office).select_related("officer")),
    )


def counter_of(user: User) -> Counter | None:
    return Counter.objects.filter(officer=user).select_related("office").first()


def at_desk(counter: Counter | None) -> Ticket | None:
    """The number that is at this counter now."""
    if counter is None:
        return None
    called = Ticket.objects.filter(counter=counter, state=TicketState.CALLED)
    return called.select_related("application", "counter").first()


def find_by_pass(text: str) -> Application | None:
    """The application of a scanned pass whose signature is by a node we know. Raises PassInvalid."""
    keys = {row.sign_public for row in NodeRecord.objects.all()} | {node.here().keys.sign_public.hex()}
    known = [partial(verify, bytes.fromhex(key)) for key in sorted(keys)]
    shown = visit_pass.decode(
        text, lambda signature, message: any(good(signature, message) for good in known)
    )
    return Application.objects.filter(ref=shown.ref).first()


def find_one(what: str, born: object, office: Office, now: datetime) -> Application | None:
    """The application behind a pass, a code, a ticket of today, or a NIK with its birth date."""
    if visit_pass.looks_like_one(what):
        return find_by_pass(what)
    label = " ".join(what.upper().split())
    if len(label) >= 2 and label[0] in set(Series) and label[1:].strip().isdigit():
        today = Ticket.objects.of_day(office, local_day(office, now))
        ticket = today.filter(series=label[0], number=int(label[1:])).first()
        return ticket.application if ticket else None
    digits = "".join(letter for letter in what if letter.isascii() and letter.isdigit())
    if len(digits) == 16:
        token = node.here().keys.token
        found = Application.objects.filter(nik_key=token("nik", digits))
        if born:
            found = found.filter(born_key=token("born", born.isoformat()))  # type: ignore[attr-defined]
            return found.order_by("-pk").first()
        return None
    try:
        return Application.objects.filter(ref=str(references.parse(what))).first()
    except Refused:
        return None


def search(text: str, office: Office | None, now: datetime) -> list[Application]:
    """Everything that code, NIK, ticket or exact name and birth date lead to. Never a list of strangers."""
    text = text.strip()
    if not text:
        return []
    found: list[Application] = []
    if office is not None:
        one = find_one(text, None, office, now)
        found = [one] if one else []
    token = node.here().keys.token
    digits = "".join(letter for letter in text if letter.isascii() and letter.isdigit())
    matches = Application.objects.none()
    if len(digits) == 16:
        matches = Application.objects.filter(nik_key=token("nik", digits))
    elif not found:
        matches = Application.objects.filter(name_key=token("name", names.normalise(text)))
    return found + [one for one in matches.order_by("-pk")[:20] if one not in found]


@dataclass(frozen=True)
class Figures:
    """The head of office's five facts, each with a word."""

    waiting: int
    longest_minutes: int
    open_counters: int
    served: int
    still_expected: int
    finish_at: datetime | None
    after_closing: int
    pots: list[DayPot]


MINUTES_A_VISIT = 12  # until today's own pace is known


def figures(office: Office, now: datetime, closes_at: datetime) -> Figures:
    """How the day goes: forecast by today's own pace, (people in line + expected) over open counters."""
    day = local_day(office, now)
    today = Ticket.objects.of_day(office, day)
    line = list(today.in_line())
    served = list(today.filter(state=TicketState.SERVED, called_at__isnull=False, ended_at__isnull=False))
    counters = Counter.objects.filter(office=office, officer__isnull=False).count()
    spent = [
        (ticket.ended_at - ticket.called_at).total_seconds() / 60
        for ticket in served
        if ticket.ended_at and ticket.called_at
    ]
    pace = max(3.0, sum(spent) / len(spent)) if spent else float(MINUTES_A_VISIT)
    expected = len(actions.booked_today(office, now))
    todo = len(line) + expected
    finish = now + timedelta(minutes=pace * todo / counters) if counters and todo else None
    late = 0
    if finish and finish > closes_at:
        late = min(todo, round((finish - closes_at).total_seconds() / 60 / pace * counters))
    return Figures(
        waiting=len(line),
        longest_minutes=max(
            (int((now - ticket.line_since).total_seconds() // 60) for ticket in line), default=0
        ),
        open_counters=counters,
        served=len(served),
        still_expected=expected,
        finish_at=finish,
        after_closing=late,
        pots=[actions.day_pot(office, day, series, now=now) for series in (Series.WALK_IN, Series.PRIORITY)],
    )
