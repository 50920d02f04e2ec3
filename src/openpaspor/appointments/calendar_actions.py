"""The deeds of an office's calendar: open it, set its pots, close a day, say that booklets are short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.applications.actions import move
from openpaspor.facts.appointments import BlanksShort, CalendarOpened, DayClosed, QuotaSet, UnsoldHandedOver
from openpaspor.facts.base import format_moment
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import calendars, quotas
from openpaspor.offices.models import Booklet, ClosedDay, Office
from openpaspor.offices.workdays import is_working_day
from openpaspor.payments.models import Bill

from . import actions, rules
from .models import Booking, BookingState, Calendar, Ended, HandedOver, Pot, Shortage, Slot, Why

CLOSING_REASONS = {
    "power": _("No power"),
    "flood": _("Flood"),
    "system": _("The system is down"),
    "event": _("Public event"),
    "training": _("Training"),
    "other": _("Other"),
}


class AboveCeiling(Refused):
    code = "above-ceiling"
    message = _("The centre allows this office at most %(ceiling)s people a day here.")
    status = 422


class DayOver(Refused):
    code = "day-over"
    message = _("This day is over. Choose a later one.")
    status = 422


class NotAWorkingDay(Refused):
    code = "not-a-working-day"
    message = _("The office is closed on that day already.")
    status = 422


# Opening


@transaction.atomic
def open_calendar(office: Office, day: date, *, action_id: str, actor: str, now: datetime) -> int:
    """Put the places of one day on sale, by the office's quotas and hours. Returns places; a closed day has none."""
    asked = [office.code, day.isoformat()]
    return _open([(office, [day])], action_id, asked, actor=actor, now=now)


@transaction.atomic
def open_calendars(
    offices: Sequence[Office],
    working_days: int,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    start: date | None = None,
) -> int:
    """Put the next working days of many offices on sale at once, from `start` or each office's own today on."""
    asked = [[office.code for office in offices], working_days, start and start.isoformat()]
    days = [
        (office, calendars.open_days(office, start or calendars.today(office, now), working_days))
        for office in offices
    ]
    return _open(days, action_id, asked, actor=actor, now=now)


def _open(
    wanted: list[tuple[Office, list[date]]], action_id: str, asked: list[Any], *, actor: str, now: datetime
) -> int:
    with once(action_id, asked) as seen:
        if seen:
            return int(seen.answer)
        read = calendars.reader(now, "custody_cutoff_minute", "short_notice_minutes")
        closed = set(ClosedDay.objects.values_list("office", "day"))
        total = 0
        for office, days in wanted:
            open_days = [day for day in days if is_working_day(day) and (office.pk, day) not in closed]
            slots = [slot for day in open_days for slot in _slots_of(office, day, read)]
            Slot.objects.bulk_create(slots, ignore_conflicts=True, batch_size=500)
            places = sum(slot.offered for slot in slots)
            _sell_through(office, max(days))
            opened = tuple(day.isoformat() for day in days)
            record(CalendarOpened(office=office.code, days=opened, places=places), actor=actor, now=now)
            total += places
        fault("appointments.calendar_opened")
        return seen.remember(total)


def _slots_of(office: Office, day: date, read: calendars.Read) -> Iterable[Slot]:
    """The slots of one day that have places, by the quotas of the office's class."""
    times = calendars.arrival_times(office, day, read)
    for pot in Pot:
        for booklet in Booklet:
            quota = quotas.quota(office.office_class, pot, booklet)
            people = _spread_evenly(quota.daily, len(times))
            for starts_at, offered in zip(times, people, strict=True):
                if offered:
                    yield _slot(office, day, starts_at, pot, booklet, offered, read)


@cache
def _spread_evenly(people: int, hours: int) -> list[int]:
    return rules.spread(people, [0] * hours)


def _slot(
    office: Office, day: date, starts_at: datetime, pot: str, booklet: str, offered: int, read: calendars.Read
) -> Slot:
    return Slot(
        office_id=office.pk,
        starts_at=starts_at,
        day=day,
        pot=pot,
        booklet_kind=booklet,
        offered=offered,
        capacity=offered,
        seller_node=node.here().name,
        sells_until=_sells_until(office, day, starts_at, pot, read),
    )


def _sells_until(office: Office, day: date, starts_at: datetime, pot: str, read: calendars.Read) -> datetime:
    """Online places until the day list goes to the office, the evening before; others until shortly before they start."""
    if pot == Pot.ONLINE:
        return calendars.moment(office, day - timedelta(days=1), read("custody_cutoff_minute", office.code))
    return starts_at - timedelta(minutes=read("short_notice_minutes", office.code))


def _sell_through(office: Office, day: date) -> None:
    calendar, made = Calendar.objects.get_or_create(office=office, defaults={"through": day})
    if not made and calendar.through < day:
        Calendar.objects.filter(pk=office.pk).update(through=day)


@transaction.atomic
def open_released(office: Office, through: date, *, actor: str, now: datetime) -> int:
    """A release: the days of an office's calendar after the last open one, up to `through`."""
    calendar = Calendar.objects.get(pk=office.pk)
    ahead = calendars.days_between(calendar.through + timedelta(days=1), through)
    days = [day for day in ahead if is_working_day(day)]
    places = 0
    if days:
        asked = [office.code, through.isoformat()]
        places = _open([(office, days)], f"release:{office.code}:{through}", asked, actor=actor, now=now)
    _sell_through(office, through)
    return places


# Pots


@transaction.atomic
def set_pot(
    office: Office,
    day: date,
    pot: str,
    booklet: str,
    people: int,
    *,
    action_id: str,
    actor: str,
    now: datetime,
) -> int:
    """Offer so many places on a day out of one pot, spread over its hours. Lowering cancels nobody.

    Returns what was offered before. Raises AboveCeiling, DayOver or NotAWorkingDay.
    """
    with once(action_id, office.code, day.isoformat(), pot, booklet, people) as seen:
        if seen:
            return int(seen.answer)
        ceiling = quotas.quota(office.office_class, pot, booklet).ceiling
        if people > ceiling:
            raise AboveCeiling(ceiling=ceiling)
        _refuse_day(office, day, now=now)
        slots = _all_hours(office, day, pot, booklet, now=now)
        before, taken = sum(slot.offered for slot in slots), [slot.taken for slot in slots]
        for slot, offered in zip(slots, rules.spread(people, taken), strict=True):
            Slot.objects.filter(pk=slot.pk).update(offered=offered, capacity=Greatest(offered, F("taken")))
        fault("appointments.pot_set")
        record(
            QuotaSet(
                office=office.code,
                day=day,
                pot=pot,
                booklet=booklet,
                offered=people,
                before=before,
                taken=sum(taken),
            ),
            actor=actor,
            now=now,
        )
        return seen.remember(before)


@transaction.atomic
def set_pots(
    office: Office,
    day: date,
    wanted: Sequence[tuple[str, str, int]],
    *,
    action_id: str,
    actor: str,
    now: datetime,
) -> None:
    """Set several pots of a day together: (pot, booklet, people) each, all or none."""
    for pot, booklet, people in wanted:
        one = f"{action_id}:{pot}:{booklet}"
        set_pot(office, day, pot, booklet, people, action_id=one, actor=actor, now=now)


def _refuse_day(office: Office, day: date, *, now: datetime) -> None:
    if day < calendars.today(office, now):
        raise DayOver()
    if not calendars.is_open(office, day):
        raise NotAWorkingDay()


def _all_hours(office: Office, day: date, pot: str, booklet: str, *, now: datetime) -> list[Slot]:
    """The slots of a pot for every hour of a day; hours that had none get one with no place in it."""
    read = calendars.reader(now, "custody_cutoff_minute", "short_notice_minutes")
    times = calendars.arrival_times(office, day, read)
    empty = [_slot(office, day, starts_at, pot, booklet, 0, read) for starts_at in times]
    Slot.objects.bulk_create(empty, ignore_conflicts=True)
    return list(
        Slot.objects.filter(office=office, day=day, pot=pot, booklet_kind=booklet).order_by("starts_at")
    )


@transaction.atomic
def hand_over_unsold(office: Office, day: date, *, action_id: str, actor: str, now: datetime) -> int:
    """The day list is closed: sell no online place of that day any more, and say how many are left, for the office.

    A place that is given back later, by a hold that lapses, stays empty. Returns the places handed over.
    """
    with once(action_id, office.code, day.isoformat()) as seen:
        if seen:
            return int(seen.answer)
        online = Slot.objects.select_for_update().filter(office=office, day=day, pot=Pot.ONLINE)
        left = [slot for slot in online.order_by("pk") if slot.left]
        online.update(offered=F("taken"), capacity=F("taken"))
        places = sum(slot.left for slot in left)
        HandedOver.objects.create(office=office, day=day, places=places)
        slots = tuple(f"{format_moment(slot.starts_at)} {slot.booklet_kind} {slot.left}" for slot in left)
        record(
            UnsoldHandedOver(office=office.code, day=day, places=places, slots=slots), actor=actor, now=now
        )
        return seen.remember(places)


# Closing a day


@transaction.atomic
def close_day(
    office: Office, day: date, reason: str, *, action_id: str, actor: str, now: datetime
) -> tuple[int, int]:
    """Take nobody in on a day. Every booked visit moves to the nearest free time, or its applicant chooses again.

    Choosing again costs nothing: the bill stays paid. Held places lapse. Nobody's count of changes goes up. Returns
    how many were moved and how many choose again. Raises DayOver or NotAWorkingDay.
    """
    with once(action_id, office.code, day.isoformat(), reason) as seen:
        if seen:
            return tuple(seen.answer)
        _refuse_day(office, day, now=now)
        visits = booked_on(office, day)
        actions.lock([visit.application for visit in visits])
        ClosedDay.objects.get_or_create(office=office, day=day, defaults={"reason": reason})
        Slot.objects.filter(office=office, day=day).update(offered=0, capacity=F("taken"))
        fault("appointments.day_closing")
        moved = sum([_seat_elsewhere(visit, actor=actor, now=now) for visit in visits])
        again = len(visits) - moved
        fault("appointments.day_closed")
        record(
            DayClosed(office=office.code, day=day, reason=reason, moved=moved, choosing_again=again),
            actor=actor,
            now=now,
        )
        seen.remember([moved, again])
        return moved, again


def booked_on(office: Office, day: date) -> list[Booking]:
    """Who holds or has booked a place on that day, earliest first."""
    live = Booking.objects.live().filter(slot__office=office, slot__day=day)
    return list(live.select_related("application", "slot__office").order_by("slot__starts_at", "pk"))


def _seat_elsewhere(visit: Booking, *, actor: str, now: datetime) -> bool:
    """Move one visit off a closed day. True when another time was found."""
    if visit.is_held and not _is_paid(visit):
        actions.end_hold(visit, Ended.DAY_CLOSED, actor=actor, now=now)
        return False
    if visit.is_held:
        actions.book_paid(visit, actor=actor, now=now)
    slot = None if visit.application.stop_order else actions.take_nearest(visit.slot, now=now)
    if slot is not None:
        actions.exchange(visit, slot, Why.DAY_CLOSED, Ended.DAY_CLOSED, actor=actor, now=now)
        return True
    move(visit.application, journey.UNSEAT, actor=actor, now=now, reason=Ended.DAY_CLOSED)
    visit.end(BookingState.FREED, reason=Ended.DAY_CLOSED, now=now)
    actions.say_freed(visit, actor=actor, now=now, paid=True)
    return False


def _is_paid(visit: Booking) -> bool:
    bill = Bill.objects.filter(code=visit.bill).first()
    return bill is not None and bill.is_paid


def closing_preview(office: Office, day: date, *, now: datetime) -> list[tuple[Booking, Slot | None]]:
    """What closing a day would do to each visit, without doing it: the time it would move to, or None."""
    free: dict[tuple[str, str], list[Slot]] = {}
    plan: list[tuple[Booking, Slot | None]] = []
    for visit in booked_on(office, day):
        key = (visit.slot.pot, visit.slot.booklet_kind)
        if key not in free:
            later = Slot.objects.filter(office=office, day__gt=day).bookable(now=now)
            alike = later.for_kind(visit.slot.booklet_kind, *actions.pots_like(visit.slot.pot))
            free[key] = list(alike.order_by("starts_at", "pk"))
        plan.append((visit, None if visit.is_held else _nearest_free(visit.slot, free[key])))
    return plan


def _nearest_free(wanted: Slot, slots: list[Slot]) -> Slot | None:
    """The slot a visit would move to; counts one more in, in memory only."""
    best = min(
        (slot for slot in slots if slot.left), key=lambda slot: rules.nearness(wanted, slot), default=None
    )
    if best is not None:
        best.taken += 1
    return best


# Booklets


@transaction.atomic
def say_short(
    office: Office, booklet: str, until: date | None, *, action_id: str, actor: str, now: datetime
) -> None:
    """No places of this kind of booklet before `until`; None when there are booklets again. Cancels nobody."""
    with once(action_id, office.code, booklet, until.isoformat() if until else "") as seen:
        if seen:
            return
        if until is None:
            Shortage.objects.filter(office=office, booklet_kind=booklet).delete()
        else:
            Shortage.objects.update_or_create(office=office, booklet_kind=booklet, defaults={"until": until})
        record(BlanksShort(office=office.code, booklet=booklet, until=until), actor=actor, now=now)
