"""Work that is due in the print room, done from the present state."""

from __future__ import annotations

from datetime import datetime

from openpaspor.applications.models import Application
from openpaspor.journey import Site, State
from openpaspor.kit.refused import Refused
from openpaspor.ledger.sweeps import every

from . import actions, rules
from .models import Booklet, BookletState, ProposalState


@every(seconds=15, at=Site.OFFICE)
def allot_waiting(*, now: datetime, limit: int = 500) -> int:
    """Reserve booklets for approved applications that found none. Longest waiting first. Returns booklets reserved."""
    stock = Booklet.objects.filter(state=BookletState.STOCK)
    kinds = set(stock.values_list("office", "kind").distinct())
    waiting = Application.objects.in_state(State.APPROVED).filter(serial="").select_related("office")
    allotted = 0
    for application in waiting.order_by("decided_at", "pk")[:limit]:
        if (application.office_id, application.booklet) not in kinds or not application.is_held_here(now):
            continue
        turn = application.booklets.count()  # type: ignore[attr-defined]  # written off before, so a new deed
        action_id = f"allot:{application.ref}:{application.version}:{turn}"
        try:
            actions.allot_serial(application, action_id=action_id, actor="worker", now=now)
        except Refused:
            continue  # somebody else took the last one, or the approval was withdrawn a moment ago
        allotted += 1
    return allotted


@every(seconds=60, at=Site.OFFICE, by_date=True)
def remind_holders(*, now: datetime, limit: int = 500) -> int:
    """Reminders on days 1, 7, 20 and 27 on the shelf. Returns reminders said."""
    on_shelf = Booklet.objects.filter(state=BookletState.PRINTED, application__state=State.READY).exclude(
        rack=""
    )
    waiting = on_shelf.filter(reminded__lt=rules.REMINDER_DAYS[-1]).select_related("office", "application")
    waiting = waiting.exclude(proposals__state=ProposalState.OPEN)  # perhaps it is not ready after all
    said = 0
    for booklet in waiting.order_by("shelved_on", "pk"):
        if said >= limit:
            break
        application, today = booklet.application, booklet.office.local(now).date()
        assert application and booklet.shelved_on
        day = rules.reminder_due(booklet.shelved_on, today, booklet.reminded)
        if not day or application.stop_order or not application.is_held_here(now):
            continue
        if application.collect_by and today > application.collect_by:
            continue
        said += actions.remind(
            booklet, day, action_id=f"remind:{booklet.serial}:{day}", actor="worker", now=now
        )
    return said


@every(seconds=60, at=Site.OFFICE, by_date=True)
def end_uncollected(*, now: datetime, limit: int = 500) -> int:
    """End what nobody collected in time. Returns passports cancelled."""
    late = Application.objects.in_state(State.READY).filter(collect_by__lte=now.date(), stop_order="")
    ended = 0
    for application in late.select_related("office").order_by("collect_by", "pk")[:limit]:
        assert application.office and application.collect_by
        if application.office.local(now).date() <= application.collect_by:
            continue  # today is the last day
        try:
            actions.end_uncollected(
                application, action_id=f"uncollected:{application.ref}", actor="worker", now=now
            )
        except Refused:
            continue  # collected a moment ago, or held elsewhere
        ended += 1
    return ended
