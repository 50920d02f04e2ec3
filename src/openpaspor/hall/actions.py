"""Deeds of the hall: arrive, issue, call, hold, hand on, end."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.accounts.models import User
from openpaspor.applications.actions import MoveRefused, NotHeldHere, move, tell, was_rescued
from openpaspor.applications.models import Application
from openpaspor.applications.rules import AGAIN, DID_NOT_COME
from openpaspor.facts.hall import (
    CounterClosed,
    CounterOpened,
    DayEnded,
    DayPotSet,
    OldPassHonoured,
    PassLookedAt,
    PassNotJoined,
    TicketCalled,
    TicketChanged,
    TicketIssued,
)
from openpaspor.journey import State
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.kit.visit_pass import VisitPass
from openpaspor.ledger import node
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import calendars, policy
from openpaspor.offices.models import Office
from openpaspor.ui.templatetags.ui import clock_time, when

from .advice import ADVICE
from .models import (
    GONE_HOME,
    LIVE,
    SOLD_BY,
    TURNS,
    Counter,
    DayPot,
    NumberRange,
    PassArrival,
    Ticket,
    TicketState,
    local_day,
    read_label,
)
from .rules import Series, next_ticket

POT_KNOBS = {Series.WALK_IN: "walk_in_places", Series.PRIORITY: "priority_places"}
MOVED_AWAY = ("another-day", "another-office")  # of models.APART
COMES_BACK = (State.INCOMPLETE, State.ASKED, State.READY, State.ARRIVED)


class TooEarly(Refused):
    code = "too-early"
    message = _("The appointment is today at %(at)s. Please come back from %(opens)s.")


class AnotherDay(Refused):
    code = "another-day"
    message = _("The appointment is on %(when)s. Please come back then.")


class AppointmentPassed(Refused):
    code = "appointment-passed"
    message = _(
        "The appointment was on %(when)s. A new time can be chosen on the status page, without paying again."
    )


class WrongOffice(Refused):
    code = "wrong-office"
    message = _("This appointment is at %(office)s, on %(when)s. It cannot be used at another office.")


class WrongShelf(Refused):
    code = "wrong-office"
    message = _("This application belongs to %(office)s. It can only be continued there.")


class PassReplaced(Refused):
    code = "pass-replaced"
    message = _("This pass was replaced by a newer one. What counts is %(when)s at %(office)s.")


class PassWithdrawn(Refused):
    code = "pass-replaced"
    message = _("This pass counts no more. The tracker shows where the application stands.")


class PassUsed(Refused):
    code = "pass-used"
    message = _(
        "This pass was already used on %(when)s. If something is left to be done, give a walk-in number."
    )


class NumbersElsewhere(Refused):
    code = "not-sold-here"
    message = _("Numbers without an appointment are given out at %(office)s itself.")


class NothingToCall(Refused):
    code = "nobody-waits"
    message = _("Nobody waits in the lines of this counter.")


class CounterTaken(Refused):
    code = "counter-taken"
    message = _("Another officer sits at counter %(number)s. Choose another one.")


class NoCounter(Refused):
    code = "no-counter"
    message = _("Open a counter first.")


class CounterNotOpen(Refused):
    code = "counter-not-open"
    message = _("Nobody sits at that counter now. Choose another one.")


class CounterBusy(Refused):
    code = "counter-busy"
    message = _("Number %(ticket)s is still at counter %(number)s. Finish it or hold it first.")


class TicketMoved(Refused):
    code = "ticket-moved-on"
    message = _("Number %(ticket)s is no longer where you saw it (%(state)s). The page is up to date now.")


class AlreadyInLine(Refused):
    code = "already-in-line"
    message = _("This visitor already has number %(ticket)s today (%(state)s).")


class NotExpected(Refused):
    code = "not-expected"
    message = "%(advice)s"


class UndoTooLate(Refused):
    code = "undo-too-late"
    message = _("It is too late to undo this. Give a new number instead.")


# Arriving


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
    pass_ref: str = "",
    pass_number: int = 0,
) -> Ticket:
    day = local_day(office, now)
    ticket = Ticket.objects.create(
        office=office,
        day=day,
        series=series,
        line=series,
        number=_next_number(office, day, series),
        application=application,
        pass_ref=pass_ref,
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
            application=application.ref if application else pass_ref,
            priority=priority,
            pass_number=pass_number,
        ),
        actor=actor,
        now=now,
    )
    if application is not None:
        tell(application, actor=actor, now=now, ticket=ticket.label)
    return ticket


def _claim(application: Application, office: Office, now: datetime) -> None:
    """Lock the application, bring it up to date, and refuse a second number while the first still counts."""
    Application.objects.select_for_update().get(pk=application.pk)
    application.refresh_from_db()
    refuse_second_number(application, office, now)


def number_today(application: Application, office: Office, now: datetime) -> Ticket | None:
    """The number with which this visitor is in the hall now."""
    today = Ticket.objects.of_day(office, local_day(office, now)).live()
    return today.filter(application=application).first()


def refuse_second_number(application: Application, office: Office, now: datetime) -> None:
    """Raises AlreadyInLine."""
    ticket = number_today(application, office, now)
    if ticket:
        raise AlreadyInLine(ticket=ticket.label, state=ticket.get_state_display())  # type: ignore[attr-defined]


def refuse_visit(starts_at: datetime, place: Office, office: Office, now: datetime) -> None:
    """A booked visit counts at its office, on its day, from the early minutes on. Raises what keeps it from counting."""
    if place != office:
        raise WrongOffice(office=place, when=when(starts_at, place))
    day, today = local_day(office, starts_at), local_day(office, now)
    if day > today:
        raise AnotherDay(when=when(starts_at, office))
    if day < today:
        raise AppointmentPassed(when=when(starts_at, office))
    opens = starts_at - timedelta(minutes=policy.value("early_minutes", office=office.code, now=now))
    if now < opens:
        raise TooEarly(at=clock_time(starts_at, office), opens=clock_time(opens, office))


def refuse_arrival(application: Application, office: Office, now: datetime) -> None:
    """Raises why this application cannot get a number here and now; says nothing when it can."""
    refuse_second_number(application, office, now)
    if application.state in (State.BOOKED, State.MISSED) and application.place_starts_at:
        assert application.office
        refuse_visit(application.place_starts_at, application.office, office, now)
    elif application.state in COMES_BACK:
        if application.office_id != office.code:
            raise WrongShelf(office=application.office)
    elif application.state != State.SUBMITTED:
        raise NotExpected(advice=ADVICE.get(application.state, application.state))


def refuse_pass(shown: VisitPass, application: Application | None, office: Office, now: datetime) -> None:
    """A pass counts at its office on its day, unless we know a newer one: the highest pass number known counts."""
    if application is not None and shown.number < application.pass_number:
        if not application.place_starts_at or not application.office:
            raise PassWithdrawn()
        raise PassReplaced(
            when=when(application.place_starts_at, application.office), office=application.office
        )
    newer = PassArrival.objects.filter(ref=shown.ref, number__gt=shown.number).order_by("-number").first()
    if newer:
        raise PassReplaced(when=when(newer.starts_at, newer.office), office=newer.office)
    place = Office.objects.filter(pk=shown.office).first()
    if place is None:
        raise PassWithdrawn()
    refuse_visit(shown.starts_at, place, office, now)


def is_unheard(shown: VisitPass, application: Application | None) -> bool:
    """A signed pass that says more than we know: its booking, or the change that made it, has not reached us."""
    return application is None or shown.number > application.pass_number


@transaction.atomic
def arrive(
    application: Application, office: Office, *, action_id: str, actor: str, now: datetime, priority: str = ""
) -> Ticket:
    """A booked visitor is here: A ticket, or P with a priority reason. One arrival per booking.

    Raises WrongOffice, TooEarly, AnotherDay, AppointmentPassed, AlreadyInLine, PassUsed, NotExpected or MoveRefused. Late visitors are served;
    a visit already marked missed today still counts. A number given on the pass alone becomes the visit's own.
    """
    with once(action_id, application.ref, office.code, priority) as seen:
        if seen:
            return Ticket.objects.get(pk=seen.answer)
        _claim(application, office, now)
        refuse_arrival(application, office, now)
        _use_pass(application, office, actor=actor, now=now)
        move(application, _arrow(application), actor=actor, now=now)
        fault("hall.after_arrive")
        told = {"place_status": "used"} | ({"priority": priority} if priority else {})
        tell(application, actor=actor, now=now, **told)
        ticket = _adopt_pass_ticket(application, office, actor=actor, now=now) or _issue(
            office,
            Series.PRIORITY if priority else Series.APPOINTMENT,
            actor=actor,
            now=now,
            application=application,
            priority=priority,
            due_at=application.place_starts_at,
            pass_number=application.pass_number,
        )
        return seen.remember(ticket)


def _open_arrival(
    ref: str,
    number: int,
    office: Office,
    starts_at: datetime | None,
    *,
    actor: str,
    now: datetime,
    joined_at: datetime | None = None,
) -> tuple[PassArrival, bool]:
    """The one arrival of this pass, locked, and whether it was opened just now. The database has the last word."""
    known = {
        "office": office,
        "starts_at": starts_at,
        "arrived_at": now,
        "actor": actor,
        "joined_at": joined_at,
    }
    try:
        with transaction.atomic():
            return PassArrival.objects.create(ref=ref, number=number, **known), True
    except IntegrityError:
        return PassArrival.objects.select_for_update().get(ref=ref, number=number), False


def _use_pass(application: Application, office: Office, *, actor: str, now: datetime) -> None:
    """The booking's pass opens its one arrival; one that was opened on the pass alone is joined to the booking."""
    arrival, is_new = _open_arrival(
        application.ref,
        application.pass_number,
        office,
        application.place_starts_at,
        actor=actor,
        now=now,
        joined_at=now,
    )
    if not is_new and arrival.joined_at:
        raise PassUsed(when=when(arrival.arrived_at, arrival.office))
    PassArrival.objects.unjoined().filter(ref=application.ref).update(joined_at=now, trouble="")


def _adopt_pass_ticket(
    application: Application, office: Office, *, actor: str, now: datetime
) -> Ticket | None:
    """The number this visitor already got for the pass alone, before the booking reached us."""
    today = Ticket.objects.of_day(office, local_day(office, now)).live()
    ticket = today.filter(pass_ref=application.ref, application=None).first()
    if ticket:
        Ticket.objects.filter(pk=ticket.pk).update(application=application)
        ticket.application = application
        tell(application, actor=actor, now=now, ticket=ticket.label)
    return ticket


@transaction.atomic
def issue_on_pass(
    shown: VisitPass,
    application: Application | None,
    office: Office,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    priority: str = "",
) -> Ticket:
    """A number on the strength of a signed pass alone, because its booking has not reached this office.

    The file is joined when it comes. Raises what `refuse_pass` raises, AlreadyInLine for a pass shown twice and
    PassUsed for one that was served. Who did not come when called, or left, gets another number for the same arrival.
    """
    with once(action_id, shown.ref, shown.number, office.code, priority) as seen:
        if seen:
            return Ticket.objects.get(pk=seen.answer)
        refuse_pass(shown, application, office, now)
        if application is not None:
            refuse_second_number(application, office, now)
        arrival, is_new = _open_arrival(
            shown.ref, shown.number, office, shown.starts_at, actor=actor, now=now
        )
        given = Ticket.objects.filter(office=office, pass_ref=shown.ref).order_by("-pk").first()
        if given and given.state in LIVE:
            raise AlreadyInLine(ticket=given.label, state=given.get_state_display())  # type: ignore[attr-defined]
        if not is_new and (given is None or given.state == TicketState.SERVED):
            raise PassUsed(when=when(arrival.arrived_at, arrival.office))
        ticket = _issue(
            office,
            Series.PRIORITY if priority else Series.APPOINTMENT,
            actor=actor,
            now=now,
            priority=priority,
            due_at=shown.starts_at,
            pass_ref=shown.ref,
            pass_number=shown.number if is_new else 0,
        )
        return seen.remember(ticket)


@transaction.atomic
def join_pass_arrival(application: Application, *, action_id: str, now: datetime) -> PassArrival | None:
    """Who was let in on the pass alone arrives with the application that has come by now, as of the moment they came.

    Nothing is raised. What keeps the two apart is said as a fact and stands on the day's page; should the application
    allow it later, it is joined after all. None while the part of its history that made the pass has not come.
    """
    Application.objects.select_for_update().get(pk=application.pk)
    application.refresh_from_db()
    waiting = PassArrival.objects.unjoined().select_related("office").filter(ref=application.ref)
    arrival = waiting.order_by("-number").first()
    if arrival is None or not _knows_pass(application, arrival):
        return None
    trouble = _keeps_apart(application, arrival)
    is_old = arrival.number < application.pass_number and trouble in MOVED_AWAY
    if not trouble or is_old:
        try:
            with transaction.atomic(), once(action_id, arrival.ref, arrival.number) as seen:
                if not seen:
                    arrow = _honour_old_pass(application, arrival) if is_old else _arrow(application)
                    _join(application, arrival, arrow, now=now)
                    seen.remember(arrival)
            trouble = ""
        except Refused as refusal:
            trouble = refusal.code
    if trouble:
        _leave_to_a_person(arrival, trouble, now=now)
    arrival.refresh_from_db()
    return arrival


def _knows_pass(application: Application, arrival: PassArrival) -> bool:
    """Whether the history that made this pass has come. What is told may come before the moves do."""
    if application.state in journey.ENDS:
        return True
    is_told = application.pass_number >= arrival.number and application.place_starts_at is not None
    return is_told and application.state != State.DRAFT


def _keeps_apart(application: Application, arrival: PassArrival) -> str:
    """A code of `models.APART`, or nothing when the application can arrive with this pass."""
    if application.state in journey.ENDS:
        return "ended"
    if application.state in (State.SUBMITTED, State.HOLDING):
        return "no-place"
    is_here = application.office_id == arrival.office_id
    if application.state not in (State.BOOKED, State.MISSED):
        return "already-arrived" if is_here else "arrived-elsewhere"
    if not is_here:
        return "another-office"
    assert application.place_starts_at
    same_day = local_day(arrival.office, application.place_starts_at) == local_day(
        arrival.office, arrival.arrived_at
    )
    return "" if same_day else "another-day"


def _arrow(application: Application) -> journey.Move:
    return journey.ARRIVE_LATE if application.state == State.MISSED else journey.ARRIVE


def _honour_old_pass(application: Application, arrival: PassArrival) -> journey.Move:
    """Presence wins: the visit was moved, but whoever let the visitor in had not heard of it. The new place stays taken."""
    assert application.office_id and application.place_starts_at
    moment = max(arrival.arrived_at, application.state_since)
    record(
        OldPassHonoured(
            application=application.ref,
            office=arrival.office_id,
            pass_number=arrival.number,
            newer_pass=application.pass_number,
            place_office=application.office_id,
            place_starts_at=application.place_starts_at,
        ),
        actor=arrival.actor,
        now=moment,
    )
    tell(
        application,
        actor=arrival.actor,
        now=moment,
        office=arrival.office_id,
        place_starts_at=arrival.starts_at,
    )
    return journey.ARRIVE_OLD_PASS


def _join(application: Application, arrival: PassArrival, arrow: journey.Move, *, now: datetime) -> None:
    """The application arrives, said by who let the visitor in, at the moment they came; its number becomes its own."""
    moment = max(arrival.arrived_at, application.state_since)
    move(application, arrow, actor=arrival.actor, now=moment)
    numbers = Ticket.objects.filter(office=arrival.office, pass_ref=arrival.ref, application=None)
    ticket = numbers.order_by("-pk").first()
    told: dict[str, Any] = {"place_status": "used"}
    if ticket:
        Ticket.objects.filter(pk=ticket.pk).update(application=application)
        told |= {"priority": ticket.priority} if ticket.priority else {}
        told |= {"ticket": ticket.label} if ticket.state in LIVE else {}
    tell(application, actor=arrival.actor, now=moment, **told)
    over = "" if ticket and ticket.state in LIVE else "number-over"
    PassArrival.objects.unjoined().filter(ref=arrival.ref).update(joined_at=now, trouble=over)


def _leave_to_a_person(arrival: PassArrival, trouble: str, *, now: datetime) -> None:
    """Say it once for each cause."""
    unsaid = PassArrival.objects.unjoined().filter(pk=arrival.pk).exclude(trouble=trouble)
    if unsaid.update(trouble=trouble, seen_by="", seen_at=None):
        record(
            PassNotJoined(
                application=arrival.ref,
                office=arrival.office_id,
                pass_number=arrival.number,
                reason=trouble,
            ),
            actor="worker",
            now=now,
        )


@transaction.atomic
def look_after(arrival: PassArrival, *, action_id: str, actor: str, now: datetime) -> bool:
    """Somebody has dealt with it, and it leaves the list. False when somebody did before."""
    with once(action_id, arrival.pk) as seen:
        unseen = PassArrival.objects.filter(pk=arrival.pk, seen_at=None)
        if seen or not unseen.update(seen_by=actor, seen_at=now):
            return False
        record(
            PassLookedAt(
                application=arrival.ref,
                office=arrival.office_id,
                pass_number=arrival.number,
                reason=arrival.trouble,
            ),
            actor=actor,
            now=now,
        )
        seen.remember(True)
        return True


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

    With an application that has no place yet, that application arrives with it.
    """
    series = Series.PRIORITY if priority else Series.WALK_IN
    if not node.here().holds(SOLD_BY[series], office.code):
        raise NumbersElsewhere(office=office)
    with once(action_id, office.code, priority, application.ref if application else "") as seen:
        if seen:
            return Ticket.objects.get(pk=seen.answer)
        if application is not None:
            _claim(application, office, now)
            refuse_arrival(application, office, now)
            tell(application, actor=actor, now=now, office=office.code, priority=priority)
            move(application, journey.WALK_IN, actor=actor, now=now)
        day_pot(office, local_day(office, now), series, now=now).take_one()
        fault("hall.after_day_pot")
        ticket = _issue(office, series, actor=actor, now=now, application=application, priority=priority)
        return seen.remember(ticket)


@transaction.atomic
def issue_return(
    application: Application,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    priority: str = "",
    office: Office | None = None,
) -> Ticket:
    """A number for somebody who comes back with papers owed (A or P) or to collect (C).

    Only at the application's own office. Raises WrongShelf, AlreadyInLine, NotExpected or MoveRefused.
    """
    with once(action_id, application.ref, priority) as seen:
        if seen:
            return Ticket.objects.get(pk=seen.answer)
        here = office or application.office
        assert here
        _claim(application, here, now)
        refuse_arrival(application, here, now)
        if application.state not in COMES_BACK:
            raise MoveRefused(state=application.state)
        back = Series.COLLECTION if application.state == State.READY else Series.APPOINTMENT
        series = Series.PRIORITY if priority else back
        ticket = _issue(here, series, actor=actor, now=now, application=application, priority=priority)
        return seen.remember(ticket)


def give_number(application: Application, office: Office, **known: Any) -> Ticket:
    """Receive somebody who has an application, by the deed its state asks for. Takes what `arrive` takes."""
    if application.state == State.SUBMITTED:
        return issue_walk_in(office, application=application, **known)
    if application.state in COMES_BACK:
        return issue_return(application, office=office, **known)
    return arrive(application, office, **known)


@transaction.atomic
def link_walk_in(application: Application, *, action_id: str, actor: str, now: datetime) -> Ticket | None:
    """Give today's ticket named on the application row to it, when it has none yet."""
    with once(action_id, application.ref) as seen:
        label = read_label(application.ticket)
        if seen or not application.office or label is None:
            return None
        Application.objects.select_for_update().get(pk=application.pk)
        today = Ticket.objects.of_day(application.office, local_day(application.office, now))
        if today.live().filter(application=application).exists():
            return None
        ticket = today.filter(series=label[0], number=label[1], application=None).first()
        if ticket and Ticket.objects.filter(pk=ticket.pk, application=None).update(application=application):
            tell(application, actor=actor, now=now, ticket=ticket.label)
            seen.remember(ticket)
        return ticket


# Counters


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
    """Sit down at a counter; leaves any other one. Raises CounterTaken, and CounterBusy for the one to leave."""
    with once(action_id, office.code, number, serves) as seen:
        if seen:
            return Counter.objects.get(pk=seen.answer)
        User.objects.select_for_update().get(pk=officer.pk)  # nobody sits down twice at once
        for other in Counter.objects.filter(officer=officer).exclude(office=office, number=number):
            _leave(other, actor=actor, now=now)
        counter, _made = Counter.objects.get_or_create(office=office, number=number)
        free_or_mine = Counter.objects.filter(pk=counter.pk, officer=None) | Counter.objects.filter(
            pk=counter.pk, officer=officer
        )
        if not free_or_mine.update(officer=officer, serves=serves, opened_at=now):
            raise CounterTaken(number=number)
        fault("hall.after_counter")
        counter.refresh_from_db()
        record(CounterOpened(office=office.code, counter=number), actor=actor, now=now)
        return seen.remember(counter)


def _leave(counter: Counter, *, actor: str, now: datetime) -> None:
    _refuse_busy(counter, actor=actor, now=now)
    Counter.objects.filter(pk=counter.pk).update(officer=None, opened_at=None)
    record(CounterClosed(office=counter.office_id, counter=counter.number), actor=actor, now=now)


def _refuse_busy(counter: Counter, *, actor: str, now: datetime) -> None:
    """Nobody may be at the counter; a number whose visit is over is ended here if the worker has not done it yet."""
    at_desk = Ticket.objects.filter(counter=counter, state=TicketState.CALLED).first()
    if at_desk is None:
        return
    if not at_desk.visit_is_over:
        raise CounterBusy(ticket=at_desk.label, number=counter.number)
    _end(at_desk, actor=actor, now=now)


@transaction.atomic
def close_counter(counter: Counter, *, action_id: str, actor: str, now: datetime) -> None:
    """Get up from a counter. Raises CounterBusy while somebody is being served there."""
    with once(action_id, counter.pk) as seen:
        if not seen:
            _leave(counter, actor=actor, now=now)
            seen.remember(None)


# Calling


@transaction.atomic
def call_next(counter: Counter, *, action_id: str, actor: str, now: datetime) -> Ticket:
    """Call whoever is next by the rule. Raises NoCounter, CounterBusy, NothingToCall."""
    with once(action_id, counter.pk) as seen:
        if seen:
            return Ticket.objects.get(pk=seen.answer)
        counter = Counter.objects.select_for_update().get(pk=counter.pk)
        if not counter.is_open:
            raise NoCounter()
        _refuse_busy(counter, actor=actor, now=now)
        return seen.remember(_call_first(counter, actor=actor, now=now))


def first_in_line(counter: Counter, *, now: datetime) -> Ticket | None:
    """Whom the rule would call to this counter now."""
    today = Ticket.objects.of_day(counter.office, local_day(counter.office, now))
    line = {ticket.pk: ticket for ticket in today.in_line().select_related("application")}

    def minutes(knob: str) -> timedelta:
        return timedelta(minutes=policy.value(knob, office=counter.office_id, now=now))

    chosen = next_ticket(
        [ticket.as_waiting() for ticket in line.values()],
        turns=today.turns(),
        now=now,
        ceiling=minutes("wait_ceiling_minutes"),
        grace=minutes("late_minutes"),
        serves=counter.serves,
    )
    return line[chosen.pk] if chosen else None


def _call_first(counter: Counter, *, actor: str, now: datetime) -> Ticket:
    """Choose by the rule and claim. The number of the turn comes first: it lets one counter of the hall choose at a time."""
    turn = _next_number(counter.office, local_day(counter.office, now), TURNS)
    while ticket := first_in_line(counter, now=now):
        claimed = Ticket.objects.filter(pk=ticket.pk, state=TicketState.WAITING).update(
            state=TicketState.CALLED,
            counter=counter,
            reason="",
            called_at=ticket.called_at or now,
            turn=ticket.turn or turn,
            last_call_at=now,
            calls=F("calls") + 1,
        )
        if claimed:
            fault("hall.after_call")
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


def _refuse_moved(ticket: Ticket) -> TicketMoved:
    ticket.refresh_from_db()
    state = str(ticket.get_state_display())  # type: ignore[attr-defined]
    if ticket.state == TicketState.CALLED and ticket.counter:
        state = _("at counter %(number)s") % {"number": ticket.counter.number}
    return TicketMoved(ticket=ticket.label, state=state)


@transaction.atomic
def recall(ticket: Ticket, *, action_id: str, actor: str, now: datetime, at: Counter | None = None) -> Ticket:
    """Call the number at the counter once more. `at` is where the officer sees it; raises TicketMoved elsewhere."""
    with once(action_id, ticket.pk) as seen:
        if not seen:
            called = Ticket.objects.filter(pk=ticket.pk, state=TicketState.CALLED)
            if not _here(called, at).update(calls=F("calls") + 1, last_call_at=now):
                raise _refuse_moved(ticket)
            ticket.refresh_from_db()
            _say_call(ticket, actor=actor, now=now, again=True)
            seen.remember(ticket)
        return ticket


def _here(tickets: Any, at: Counter | None) -> Any:
    """Only what is at this counter, if one is named and the ticket is at any: two tabs and two officers do not collide."""
    return tickets.filter(counter=at) if at else tickets


def _change(
    ticket: Ticket,
    origins: tuple[TicketState, ...],
    state: TicketState,
    *,
    actor: str,
    now: datetime,
    reason: str = "",
    at: Counter | None = None,
    **columns: object,
) -> Ticket:
    """Compare-and-set of a ticket's state, and the fact that says so."""
    before = Ticket.objects.filter(pk=ticket.pk, state__in=origins)
    if not _here(before, at).update(state=state, reason=reason, **columns):
        raise _refuse_moved(ticket)
    fault("hall.after_change")
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
def hold_ticket(
    ticket: Ticket, reason: str, *, action_id: str, actor: str, now: datetime, at: Counter | None = None
) -> Ticket:
    """Put a called number aside with a reason (1–6); it keeps its place by its time of issue."""
    with once(action_id, ticket.pk, reason) as seen:
        if not seen:
            called = (TicketState.CALLED,)
            _change(ticket, called, TicketState.HELD, actor=actor, now=now, reason=reason, at=at)
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
    at: Counter | None = None,
) -> Ticket:
    """Hand a number to another counter, or back into its line or another one. The number itself never changes.

    Its place in line stays that of its time of issue. Raises CounterNotOpen, CounterBusy and TicketMoved.
    """
    with once(action_id, ticket.pk, series, counter.number if counter else 0) as seen:
        if seen:
            return ticket
        origins = (TicketState.CALLED, TicketState.WAITING, TicketState.HELD)
        known: dict[str, Any] = {"actor": actor, "now": now, "at": at}
        if counter is None:
            line = series or ticket.line
            _change(ticket, origins, TicketState.WAITING, reason=f"line-{line}", line=line, **known)
        else:
            _hand_to(counter, ticket, origins, **known)
        return seen.remember(ticket)


def _hand_to(
    counter: Counter,
    ticket: Ticket,
    origins: tuple[TicketState, ...],
    *,
    actor: str,
    now: datetime,
    **known: Any,
) -> None:
    counter = Counter.objects.select_for_update().get(pk=counter.pk)
    if not counter.is_open:
        raise CounterNotOpen()
    if not Ticket.objects.filter(pk=ticket.pk, counter=counter, state=TicketState.CALLED).exists():
        _refuse_busy(counter, actor=actor, now=now)
    _change(
        ticket,
        origins,
        TicketState.CALLED,
        actor=actor,
        now=now,
        reason=f"to-{counter.number}",
        counter=counter,
        called_at=ticket.called_at or now,
        turn=ticket.turn or _next_number(ticket.office, ticket.day, TURNS),
        last_call_at=now,
        calls=F("calls") + 1,
        **known,
    )
    _say_call(ticket, actor=actor, now=now)


@transaction.atomic
def no_show(
    ticket: Ticket, *, action_id: str, actor: str, now: datetime, at: Counter | None = None
) -> Ticket:
    """The called visitor did not come to the counter. Can be undone for some minutes."""
    with once(action_id, ticket.pk) as seen:
        if not seen:
            called = (TicketState.CALLED,)
            _change(
                ticket, called, TicketState.NO_SHOW, actor=actor, now=now, reason="did-not-come", at=at, ended_at=now
            )  # fmt: skip
            seen.remember(ticket)
        return ticket


@transaction.atomic
def undo_no_show(ticket: Ticket, *, action_id: str, actor: str, now: datetime) -> Ticket:
    """The visitor came after all: back in line at the old place. Raises UndoTooLate, and AlreadyInLine."""
    with once(action_id, ticket.pk) as seen:
        if not seen:
            if ticket.ended_at is None or now > undo_until(ticket, now):
                raise UndoTooLate()
            if ticket.application:
                _claim(ticket.application, ticket.office, now)
            _change(ticket, (TicketState.NO_SHOW,), TicketState.WAITING, actor=actor, now=now, ended_at=None)
            seen.remember(ticket)
        return ticket


def undo_until(ticket: Ticket, now: datetime) -> datetime:
    """Until when a no-show can be undone, UTC."""
    assert ticket.ended_at
    minutes = policy.value("no_show_undo_minutes", office=ticket.office_id, now=now)
    return ticket.ended_at + timedelta(minutes=minutes)


def _end(
    ticket: Ticket, *, actor: str, now: datetime, reason: str = "served", at: Counter | None = None
) -> Ticket:
    origins = (TicketState.CALLED, TicketState.WAITING, TicketState.HELD)
    gone = ticket.application is not None and ticket.application.state in GONE_HOME
    state, reason = (TicketState.LEFT, "withdrawn") if gone else (TicketState.SERVED, reason)
    return _change(ticket, origins, state, actor=actor, now=now, reason=reason, at=at, ended_at=now)


@transaction.atomic
def finish_ticket(
    ticket: Ticket,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    reason: str = "served",
    at: Counter | None = None,
) -> Ticket:
    """The visit at the counter is over; a visitor who gave the application up has left."""
    with once(action_id, ticket.pk) as seen:
        if not seen:
            _end(ticket, actor=actor, now=now, reason=reason, at=at)
            seen.remember(ticket)
        return ticket


# The day


@transaction.atomic
def set_day_pot(
    office: Office, day: date, series: str, offered: int, *, action_id: str, actor: str, now: datetime
) -> DayPot:
    """The head of office says how many walk-in or priority visitors come in. Lowering turns nobody away."""
    with once(action_id, office.code, day.isoformat(), series, offered) as seen:
        pot = day_pot(office, day, series, now=now)
        if not seen:
            in_all = offered + Coalesce("from_online", 0)
            DayPot.objects.filter(pk=pot.pk).update(offered=offered, capacity=Greatest(in_all, F("taken")))
            record(
                DayPotSet(office=office.code, day=day, series=series, offered=offered), actor=actor, now=now
            )
            seen.remember(pot)
        pot.refresh_from_db()
        return pot


@transaction.atomic
def take_over_unsold(office: Office, day: date, places: int, *, action_id: str, now: datetime) -> DayPot:
    """The portal sells no online place of that day any more: those left are ours, for walk-in numbers."""
    with once(action_id, office.code, day.isoformat(), places) as seen:
        pot = day_pot(office, day, Series.WALK_IN, now=max(now, calendars.moment(office, day)))
        if not seen:
            unheard = DayPot.objects.filter(pk=pot.pk, from_online=None)
            unheard.update(from_online=places, capacity=F("capacity") + places)
            seen.remember(pot)
        pot.refresh_from_db()
        return pot


@transaction.atomic
def end_day(
    office: Office, *, action_id: str, actor: str, now: datetime, day: date | None = None
) -> DayEnded:
    """Close the hall: numbers still in line have left, booked visitors whose time and grace have passed are missed.

    Whoever has a later time is not missed yet. `day` closes an earlier day that nobody closed; its counters stay.
    """
    today = local_day(office, now)
    day = day or today
    with once(action_id, office.code, day.isoformat()) as seen:
        if seen:
            return DayEnded(office=office.code, day=day, **seen.answer)
        left = _send_home(office, day, actor=actor, now=now)
        fault("hall.in_end_of_day")
        missed = _mark_missed(office, day, actor=actor, now=now)
        if day == today:
            for counter in Counter.objects.filter(office=office, officer__isnull=False).order_by("pk"):
                _leave(counter, actor=actor, now=now)
        served = Ticket.objects.of_day(office, day).filter(state=TicketState.SERVED).count()
        counts = {"served": served, "left": left, "missed": missed}
        ended = DayEnded(office=office.code, day=day, **counts)
        record(ended, actor=actor, now=now)
        seen.remember(counts)
        return ended


def _send_home(office: Office, day: date, *, actor: str, now: datetime) -> int:
    """End every number of the day and of earlier ones. An arrived applicant keeps the visit and gets a new number."""
    live = Ticket.objects.filter(office=office, day__lte=day).live().select_related("application")  # type: ignore[attr-defined]
    left = 0
    for ticket in live.order_by("pk"):
        application = ticket.application
        if application is not None and application.ticket == ticket.label:
            tell(application, actor=actor, now=now, ticket="")
        if ticket.visit_is_over:
            _end(ticket, actor=actor, now=now)
            continue
        origin = (TicketState(ticket.state),)
        _change(ticket, origin, TicketState.LEFT, actor=actor, now=now, reason="end-of-day", ended_at=now)
        left += 1
    return left


def _mark_missed(office: Office, day: date, *, actor: str, now: datetime) -> int:
    missed = 0
    for application in overdue_visits(office, day, now):
        try:
            reason = AGAIN if was_rescued(application) else DID_NOT_COME
            move(application, journey.MISS, actor=actor, now=now, reason=reason)
        except (MoveRefused, NotHeldHere):
            continue  # arrived a moment ago, or not ours to say
        tell(application, actor=actor, now=now, place_status="freed")
        missed += 1
    return missed


def overdue_visits(office: Office, day: date, now: datetime) -> list[Application]:
    """Booked visitors of the day and earlier who did not come, and whose grace is over."""
    grace = timedelta(minutes=policy.value("late_minutes", office=office.code, now=now))
    through = calendars.moment(office, day + timedelta(days=1))
    return list(_expected(office).filter(place_starts_at__lt=min(through, now - grace)))


def booked_today(office: Office, now: datetime) -> list[Application]:
    """Booked visitors of the local day who have not come yet, in the order of their times."""
    day = local_day(office, now)
    start, end = calendars.moment(office, day), calendars.moment(office, day + timedelta(days=1))
    return list(_expected(office).filter(place_starts_at__gte=start, place_starts_at__lt=end))


def _expected(office: Office) -> Any:
    booked = Application.objects.in_state(State.BOOKED).at(office)
    return booked.select_related("office").order_by("place_starts_at", "ref")
