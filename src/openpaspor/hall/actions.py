"""Deeds of the hall: arrive, issue, call, hold, transfer, end."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.accounts.models import User
from openpaspor.applications.actions import move, tell
from openpaspor.applications.models import Application
from openpaspor.facts.hall import (
    CounterClosed,
    CounterOpened,
    DayEnded,
    DayPotSet,
    TicketCalled,
    TicketChanged,
    TicketIssued,
)
from openpaspor.journey import State
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import policy
from openpaspor.offices.models import Office

from .models import Counter, DayPot, NumberRange, Ticket, TicketState, local_day
from .rules import Series, next_ticket

POT_KNOBS = {Series.WALK_IN: "walk_in_places", Series.PRIORITY: "priority_places"}


class TooEarly(Refused):
    code = "too-early"
    message = _("The appointment is on %(when)s. Please come back then.")


class WrongOffice(Refused):
    code = "wrong-office"
    message = _("This appointment is at %(office)s. Places cannot be used at another office.")


class NothingToCall(Refused):
    code = "nobody-waits"
    message = _("Nobody waits in the lines of this counter.")


class CounterTaken(Refused):
    code = "counter-taken"
    message = _("Another officer sits at this counter. Choose another one.")


class NoCounter(Refused):
    code = "no-counter"
    message = _("Open a counter first.")


class CounterBusy(Refused):
    code = "counter-busy"
    message = _("Number %(ticket)s is still at this counter. Finish, hold or end it first.")


class TicketMoved(Refused):
    code = "ticket-moved-on"
    message = _("This number is no longer where you saw it (%(state)s). The list is up to date now.")


class NotExpected(Refused):
    code = "not-expected"
    message = _("This application cannot arrive now; it stands at %(state)s.")


class UndoTooLate(Refused):
    code = "undo-too-late"
    message = _("It is too late to undo this. Issue a new number instead.")


def day_pot(office: Office, day: date, series: str, *, now: datetime) -> DayPot:
    """The day's own places of a line; made from the policy on first use."""
    offered = policy.value(POT_KNOBS[Series(series)], office=office.code, now=now)
    pot, _made = DayPot.objects.get_or_create(
        office=office, day=day, series=series, defaults={"offered": offered, "capacity": offered}
    )
    return pot


def _next_number(office: Office, day: date, series: str) -> int:
    numbers, _made = NumberRange.objects.select_for_update().get_or_create(
        office=office, day=day, series=series
    )
    NumberRange.objects.filter(pk=numbers.pk).update(next=F("next") + 1)
    return numbers.next


def _issue(
    office: Office,
    series: str,
    *,
    actor: str,
    now: datetime,
    application: Application | None = None,
    priority: str = "",
    due_at: datetime | None = None,
) -> Ticket:
    day = local_day(office, now)
    ticket = Ticket.objects.create(
        office=office,
        day=day,
        series=series,
        number=_next_number(office, day, series),
        application=application,
        priority=priority,
        due_at=due_at,
        issued_at=now,
        line_since=now,
    )
    fault("hall.after_ticket")
    record(
        TicketIssued(
            office=office.code,
            day=day,
            ticket=ticket.label,
            application=application.ref if application else "",
            priority=priority,
        ),
        actor=actor,
        now=now,
    )
    if application is not None:
        tell(application, actor=actor, now=now, ticket=ticket.label)
    return ticket


@transaction.atomic
def arrive(
    application: Application, office: Office, *, action_id: str, actor: str, now: datetime, priority: str = ""
) -> Ticket:
    """A booked visitor is here: A ticket, or P with a priority reason. One arrival per booking.

    Raises WrongOffice, TooEarly (another day, or more than the early minutes before) and NotExpected. Late visitors are
    served; a visit already marked missed today still counts.
    """
    with once(action_id, application.ref, office.code, priority) as seen:
        if seen:
            return Ticket.objects.get(pk=seen.answer)
        if application.state not in (State.BOOKED, State.MISSED) or not application.place_starts_at:
            raise NotExpected(state=application.state)
        if application.office_id != office.code:
            raise WrongOffice(office=application.office)
        starts = office.local(application.place_starts_at)
        early = timedelta(minutes=policy.value("early_minutes", office=office.code, now=now))
        if local_day(office, now) != starts.date() or now < application.place_starts_at - early:
            raise TooEarly(when=f"{starts:%d-%m-%Y %H.%M} {office.zone}")
        arrow = journey.ARRIVE if application.state == State.BOOKED else journey.ARRIVE_LATE
        move(application, arrow, actor=actor, now=now)
        tell(
            application,
            actor=actor,
            now=now,
            place_status="used",
            **({"priority": priority} if priority else {}),
        )
        series = Series.PRIORITY if priority else Series.APPOINTMENT
        ticket = _issue(
            office,
            series,
            actor=actor,
            now=now,
            application=application,
            priority=priority,
            due_at=application.place_starts_at,
        )
        return seen.remember(ticket)


@transaction.atomic
def issue_walk_in(
    office: Office,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    priority: str = "",
    application: Application | None = None,
) -> Ticket:
    """A number for somebody without an appointment, out of the office's own places. Raises DayFull.

    With an application (a draft or one without a place), that application arrives with it.
    """
    series = Series.PRIORITY if priority else Series.WALK_IN
    with once(action_id, office.code, priority, application.ref if application else "") as seen:
        if seen:
            return Ticket.objects.get(pk=seen.answer)
        day_pot(office, local_day(office, now), series, now=now).take_one()
        if application is not None:
            tell(application, actor=actor, now=now, office=office.code, priority=priority)
            move(application, journey.WALK_IN, actor=actor, now=now)
        ticket = _issue(office, series, actor=actor, now=now, application=application, priority=priority)
        return seen.remember(ticket)


@transaction.atomic
def issue_return(
    application: Application, *, action_id: str, actor: str, now: datetime, priority: str = ""
) -> Ticket:
    """A number for somebody who comes back with papers owed (A or P) or to collect (C)."""
    with once(action_id, application.ref, priority) as seen:
        if seen:
            return Ticket.objects.get(pk=seen.answer)
        if (
            application.state not in (State.INCOMPLETE, State.READY, State.ARRIVED)
            or application.office is None
        ):
            raise NotExpected(state=application.state)
        back = Series.COLLECTION if application.state == State.READY else Series.APPOINTMENT
        series = Series.PRIORITY if priority else back
        ticket = _issue(
            application.office,
            series,
            actor=actor,
            now=now,
            application=application,
            priority=priority,
            due_at=None,
        )
        return seen.remember(ticket)


@transaction.atomic
def open_counter(
    office: Office,
    number: int,
    officer: User,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    serves: str = "ABPC",
) -> Counter:
    """Sit down at a counter; leaves any other one. Raises CounterTaken."""
    with once(action_id, office.code, number, serves) as seen:
        if seen:
            return Counter.objects.get(pk=seen.answer)
        for other in Counter.objects.filter(officer=officer).exclude(office=office, number=number):
            _leave(other, actor=actor, now=now)
        counter, _made = Counter.objects.get_or_create(office=office, number=number)
        if counter.officer_id not in (None, officer.pk):
            raise CounterTaken()
        taken = Counter.objects.filter(pk=counter.pk, officer=counter.officer).update(
            officer=officer, serves=serves, opened_at=now
        )
        if not taken:
            raise CounterTaken()
        counter.refresh_from_db()
        record(CounterOpened(office=office.code, counter=number), actor=actor, now=now)
        return seen.remember(counter)


def _leave(counter: Counter, *, actor: str, now: datetime) -> None:
    at_desk = Ticket.objects.filter(counter=counter, state=TicketState.CALLED).first()
    if at_desk:
        raise CounterBusy(ticket=at_desk.label)
    Counter.objects.filter(pk=counter.pk).update(officer=None, opened_at=None)
    record(CounterClosed(office=counter.office_id, counter=counter.number), actor=actor, now=now)


@transaction.atomic
def close_counter(counter: Counter, *, action_id: str, actor: str, now: datetime) -> None:
    """Get up from a counter. Raises CounterBusy while somebody is being served there."""
    with once(action_id, counter.pk) as seen:
        if not seen:
            _leave(counter, actor=actor, now=now)
            seen.remember(None)


@transaction.atomic
def call_next(counter: Counter, *, action_id: str, actor: str, now: datetime) -> Ticket:
    """Call whoever is next by the rule. Raises NoCounter, CounterBusy, NothingToCall."""
    with once(action_id, counter.pk) as seen:
        if seen:
            return Ticket.objects.get(pk=seen.answer)
        counter = Counter.objects.select_for_update().get(pk=counter.pk)
        if not counter.is_open:
            raise NoCounter()
        at_desk = Ticket.objects.filter(counter=counter, state=TicketState.CALLED).first()
        if at_desk:
            raise CounterBusy(ticket=at_desk.label)
        return seen.remember(_call_first(counter, actor=actor, now=now))


def _call_first(counter: Counter, *, actor: str, now: datetime) -> Ticket:
    """Choose by the rule and claim; when another counter was quicker, choose again."""
    day = local_day(counter.office, now)
    today = Ticket.objects.of_day(counter.office, day)
    turns = "".join(
        today.filter(called_at__isnull=False).order_by("called_at", "pk").values_list("series", flat=True)
    )
    ceiling = timedelta(minutes=policy.value("wait_ceiling_minutes", office=counter.office_id, now=now))
    line = {ticket.pk: ticket for ticket in today.in_line()}
    while chosen := next_ticket(
        [ticket.as_waiting() for ticket in line.values()],
        turns=turns,
        now=now,
        ceiling=ceiling,
        serves=counter.serves,
    ):
        ticket = line.pop(chosen.pk)
        claimed = Ticket.objects.filter(pk=ticket.pk, state=TicketState.WAITING).update(
            state=TicketState.CALLED,
            counter=counter,
            called_at=ticket.called_at or now,
            last_call_at=now,
            calls=F("calls") + 1,
        )
        if claimed:
            ticket.refresh_from_db()
            _say_call(ticket, actor=actor, now=now)
            return ticket
    raise NothingToCall()


def _say_call(ticket: Ticket, *, actor: str, now: datetime, again: bool = False) -> None:
    assert ticket.counter
    record(
        TicketCalled(
            office=ticket.office_id,
            day=ticket.day,
            ticket=ticket.label,
            counter=ticket.counter.number,
            application=ticket.application.ref if ticket.application else "",
            again=again,
        ),
        actor=actor,
        now=now,
    )


@transaction.atomic
def recall(ticket: Ticket, *, action_id: str, actor: str, now: datetime) -> Ticket:
    """Call the number at the counter once more."""
    with once(action_id, ticket.pk) as seen:
        if not seen:
            if not Ticket.objects.filter(pk=ticket.pk, state=TicketState.CALLED).update(
                calls=F("calls") + 1, last_call_at=now
            ):
                raise TicketMoved(state=_state_words(ticket))
            ticket.refresh_from_db()
            _say_call(ticket, actor=actor, now=now, again=True)
            seen.remember(ticket)
        return ticket


def _state_words(ticket: Ticket) -> str:
    ticket.refresh_from_db()
    return str(ticket.get_state_display())  # type: ignore[attr-defined]


def _change(
    ticket: Ticket,
    origins: tuple[TicketState, ...],
    state: TicketState,
    *,
    actor: str,
    now: datetime,
    reason: str = "",
    **columns: object,
) -> Ticket:
    """Compare-and-set of a ticket's state, and the fact that says so."""
    changed = Ticket.objects.filter(pk=ticket.pk, state__in=origins).update(
        state=state, reason=reason, **columns
    )
    if not changed:
        raise TicketMoved(state=_state_words(ticket))
    ticket.refresh_from_db()
    record(
        TicketChanged(
            office=ticket.office_id,
            day=ticket.day,
            ticket=ticket.label,
            state=state,
            reason=reason,
            application=ticket.application.ref if ticket.application else "",
        ),
        actor=actor,
        now=now,
    )
    return ticket


@transaction.atomic
def hold_ticket(ticket: Ticket, reason: str, *, action_id: str, actor: str, now: datetime) -> Ticket:
    """Put a called number aside with a reason (1–6); it keeps its place by its time of issue."""
    with once(action_id, ticket.pk, reason) as seen:
        if not seen:
            _change(
                ticket,
                (TicketState.CALLED,),
                TicketState.HELD,
                actor=actor,
                now=now,
                reason=reason,
                counter=None,
            )
            seen.remember(ticket)
        return ticket


@transaction.atomic
def resume(ticket: Ticket, *, action_id: str, actor: str, now: datetime) -> Ticket:
    """A held number is back in line, at its old place."""
    with once(action_id, ticket.pk) as seen:
        if not seen:
            _change(ticket, (TicketState.HELD,), TicketState.WAITING, actor=actor, now=now)
            seen.remember(ticket)
        return ticket


@transaction.atomic
def transfer(
    ticket: Ticket,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    series: str = "",
    counter: Counter | None = None,
) -> Ticket:
    """Hand a called or waiting number to another counter, or back into line. The number itself never changes."""
    with once(action_id, ticket.pk, series, counter.number if counter else 0) as seen:
        if seen:
            return ticket
        origins = (TicketState.CALLED, TicketState.WAITING, TicketState.HELD)
        if counter is None:
            _change(
                ticket, origins, TicketState.WAITING, actor=actor, now=now, reason=f"line-{series}" if series else "line",
                counter=None,
            )  # fmt: skip
        else:
            at_desk = (
                Ticket.objects.filter(counter=counter, state=TicketState.CALLED).exclude(pk=ticket.pk).first()
            )
            if not counter.is_open:
                raise NoCounter()
            if at_desk:
                raise CounterBusy(ticket=at_desk.label)
            _change(
                ticket, origins, TicketState.CALLED, actor=actor, now=now, reason=f"to-{counter.number}",
                counter=counter, called_at=ticket.called_at or now, last_call_at=now, calls=F("calls") + 1,
            )  # fmt: skip
            _say_call(ticket, actor=actor, now=now)
        return seen.remember(ticket)


@transaction.atomic
def no_show(ticket: Ticket, *, action_id: str, actor: str, now: datetime) -> Ticket:
    """The called visitor did not come to the counter. Can be undone for some minutes."""
    with once(action_id, ticket.pk) as seen:
        if not seen:
            _change(
                ticket,
                (TicketState.CALLED,),
                TicketState.NO_SHOW,
                actor=actor,
                now=now,
                ended_at=now,
                counter=None,
            )
            seen.remember(ticket)
        return ticket


@transaction.atomic
def undo_no_show(ticket: Ticket, *, action_id: str, actor: str, now: datetime) -> Ticket:
    """The visitor came after all: back in line at the old place. Raises UndoTooLate."""
    with once(action_id, ticket.pk) as seen:
        if not seen:
            minutes = policy.value("no_show_undo_minutes", office=ticket.office_id, now=now)
            if ticket.ended_at is None or now - ticket.ended_at > timedelta(minutes=minutes):
                raise UndoTooLate()
            _change(ticket, (TicketState.NO_SHOW,), TicketState.WAITING, actor=actor, now=now, ended_at=None)
            seen.remember(ticket)
        return ticket


@transaction.atomic
def finish_ticket(
    ticket: Ticket, *, action_id: str, actor: str, now: datetime, reason: str = "served"
) -> Ticket:
    """The visit at the counter is over."""
    with once(action_id, ticket.pk) as seen:
        if not seen:
            origins = (TicketState.CALLED, TicketState.WAITING, TicketState.HELD)
            _change(
                ticket,
                origins,
                TicketState.SERVED,
                actor=actor,
                now=now,
                reason=reason,
                ended_at=now,
                counter=None,
            )
            seen.remember(ticket)
        return ticket


@transaction.atomic
def link_walk_in(application: Application, *, action_id: str, actor: str, now: datetime) -> Ticket | None:
    """Give today's ticket named on the application row to it, when it has none yet."""
    with once(action_id, application.ref) as seen:
        if seen or not application.office or not application.ticket:
            return None
        series, number = application.ticket.split()
        ticket = (
            Ticket.objects.of_day(application.office, local_day(application.office, now))
            .filter(series=series, number=int(number), application=None)
            .first()
        )
        if ticket:
            Ticket.objects.filter(pk=ticket.pk, application=None).update(application=application)
            seen.remember(ticket)
        return ticket


@transaction.atomic
def set_day_pot(
    office: Office, day: date, series: str, offered: int, *, action_id: str, actor: str, now: datetime
) -> DayPot:
    """The head of office says how many walk-in or priority visitors come in. Lowering turns nobody away."""
    with once(action_id, office.code, day.isoformat(), series, offered) as seen:
        pot = day_pot(office, day, series, now=now)
        if not seen:
            DayPot.objects.filter(pk=pot.pk, taken__lte=offered).update(offered=offered, capacity=offered)
            DayPot.objects.filter(pk=pot.pk, taken__gt=offered).update(offered=offered, capacity=F("taken"))
            record(
                DayPotSet(office=office.code, day=day, series=series, offered=offered), actor=actor, now=now
            )
            seen.remember(pot)
        pot.refresh_from_db()
        return pot


@transaction.atomic
def end_day(office: Office, *, action_id: str, actor: str, now: datetime) -> DayEnded:
    """Close the hall: numbers still in line are marked left, booked visits that did not come are missed."""
    day = local_day(office, now)
    with once(action_id, office.code, day.isoformat()) as seen:
        if seen:
            return DayEnded(office=office.code, day=day, **seen.answer)
        today = Ticket.objects.of_day(office, day)
        left = list(today.live())
        for ticket in left:
            _change(
                ticket, (TicketState(ticket.state),), TicketState.LEFT, actor=actor, now=now, reason="end-of-day",
                ended_at=now, counter=None,
            )  # fmt: skip
        missed = 0
        for application in booked_today(office, now):
            move(application, journey.MISS, actor=actor, now=now, reason="did-not-come")
            tell(application, actor=actor, now=now, place_status="freed")
            missed += 1
        counts = {
            "served": today.filter(state=TicketState.SERVED).count(),
            "left": len(left),
            "missed": missed,
        }
        for counter in Counter.objects.filter(office=office, officer__isnull=False):
            _leave(counter, actor=actor, now=now)
        ended = DayEnded(office=office.code, day=day, **counts)
        record(ended, actor=actor, now=now)
        seen.remember(counts)
        return ended


def booked_today(office: Office, now: datetime) -> list[Application]:
    """Booked visitors of the local day who have not come yet, in the order of their times."""
    start = office.local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    expected = Application.objects.in_state(State.BOOKED).at(office)
    return list(
        expected.filter(place_starts_at__gte=start, place_starts_at__lt=start + timedelta(days=1))
        .select_related("office")
        .order_by("place_starts_at", "ref")
    )
