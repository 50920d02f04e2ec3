"""Work that falls due by the clock: lapsed holds and the weekly release of new days."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from openpaspor.applications.actions import MoveRefused, NotHeldHere
from openpaspor.ledger import node
from openpaspor.ledger.sweeps import every
from openpaspor.offices import calendars, policy
from openpaspor.offices.models import Office
from openpaspor.payments.actions import BillSettled

from . import actions, calendar_actions
from .models import SOLD_BY, Booking, Calendar, HandedOver, Pot, Slot


@every(seconds=15, by_date=True)
def free_lapsed_holds(*, now: datetime, limit: int = 500) -> int:
    """Free places whose hold ended unpaid. Safe to run often, late, or twice at once. Returns places freed."""
    freed = 0
    grace = timedelta(minutes=policy.value("payment_grace_minutes", now=now))
    lapsed = Booking.objects.lapsed(now=now - grace).select_related("application", "slot__office")
    for booking in lapsed.order_by("held_until", "pk")[:limit]:
        try:
            actions.lapse(booking, action_id=f"lapse:{booking.pk}", actor="worker", now=now)
        except (MoveRefused, BillSettled, NotHeldHere):
            continue  # paid, or freed by another worker, a moment ago
        freed += 1
    return freed


@every(seconds=15, by_date=True)
def hand_over_unsold(*, now: datetime, limit: int = 50) -> int:
    """At the day-list cut-off, give the office the online places that nobody bought. Returns day lists handed over."""
    us = node.here()
    over = Slot.objects.filter(pot=Pot.ONLINE, seller_node=us.name, sells_until__lte=now, starts_at__gt=now)
    done = HandedOver.objects.filter(office=OuterRef("office"), day=OuterRef("day"))
    due = over.filter(~Exists(done)).values_list("office", "day").distinct().order_by("day", "office")
    if not us.holds(SOLD_BY[Pot.ONLINE]):
        return 0
    lists = list(due[:limit])
    offices = Office.objects.in_bulk([code for code, _day in lists])
    for code, day in lists:
        calendar_actions.hand_over_unsold(
            offices[code], day, action_id=f"unsold:{code}:{day}", actor="worker", now=now
        )
    return len(lists)


@every(seconds=10, by_date=True)
def release_calendars(*, now: datetime, limit: int = 20) -> int:
    """Put the next week of each office on sale when its release moment has come. Returns offices released.

    A few offices at a time, so that nothing else waits when all of them release at the same hour.
    """
    released = 0
    read = calendars.reader(now)
    for calendar in Calendar.objects.select_related("office").order_by("through", "pk"):
        if released >= limit:
            break
        through = calendars.released_through(calendar.office, now, read)
        if through > calendar.through:
            calendar_actions.open_released(calendar.office, through, actor="worker", now=now)
            released += 1
    return released
