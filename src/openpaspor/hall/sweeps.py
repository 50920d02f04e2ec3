"""Work of the hall that falls due by the clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from openpaspor.applications.models import Application
from openpaspor.journey import Site, State
from openpaspor.ledger import node
from openpaspor.ledger.sweeps import every
from openpaspor.offices import calendars
from openpaspor.offices.models import Office

from . import actions
from .models import Ticket, local_day


@every(seconds=120, by_date=True)
def close_forgotten_days(*, now: datetime, limit: int = 500) -> int:
    """Close the hall of every office whose local day went by without its end of day. Returns halls closed.

    So no number and no missed visit is forgotten (invariant Q4), even where nobody pressed the button.
    """
    closed = 0
    for office in Office.objects.filter(pk__in=_offices_with_leftovers(now)).order_by("pk")[:limit]:
        yesterday = local_day(office, now) - timedelta(days=1)
        if node.here().holds(Site.OFFICE, office.code) and _is_left_over(office, yesterday, now):
            actions.end_day(
                office, action_id=f"forgotten:{office.code}:{now:%Y%m%d%H%M}", actor="worker", now=now, day=yesterday
            )  # fmt: skip
            closed += 1
    return closed


def _offices_with_leftovers(now: datetime) -> set[str | None]:
    """Offices that may have some; a day has begun everywhere in the country eight hours before it has in UTC."""
    soon = now + timedelta(hours=9)
    tickets = Ticket.objects.live().filter(day__lt=soon.date()).values_list("office", flat=True)
    booked = Application.objects.in_state(State.BOOKED).filter(place_starts_at__lt=now)
    return {*tickets.distinct(), *booked.values_list("office", flat=True).distinct()}


def _is_left_over(office: Office, day: date, now: datetime) -> bool:
    """A number still in line, or a booked visitor of whom nobody has said that they did not come."""
    if Ticket.objects.filter(office=office, day__lte=day).live().exists():
        return True
    through = calendars.moment(office, day + timedelta(days=1))
    return any(
        one.is_held_here(now) and one.place_starts_at and one.place_starts_at < through
        for one in actions.overdue_visits(office, day, now)
    )
