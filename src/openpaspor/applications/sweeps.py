"""Work that is due at the application desk."""

from __future__ import annotations

from datetime import datetime, timedelta

from openpaspor.kit.refused import Refused
from openpaspor.ledger.sweeps import every
from openpaspor.offices import policy

from .actions import give_up
from .models import Application

HEARD_WITHIN = timedelta(hours=1)  # in which an office hears of a new time that was chosen in the last minute


@every(seconds=300, by_date=True)
def give_up_stale(*, now: datetime, limit: int = 500) -> int:
    """End drafts that nobody touches, applications that get no place, and missed visits not made good. Returns how many."""
    read = policy.table("draft_days", "submitted_days", now=now)
    drafts = Application.objects.untouched_since(now - timedelta(days=read("draft_days", "")))
    waiting = Application.objects.without_place_since(now - timedelta(days=read("submitted_days", "")))
    ended = 0
    for application in [*drafts[:limit], *waiting[:limit], *_beyond_rescue(now)[:limit]]:
        try:
            give_up(application, now=now)
        except Refused:
            continue  # touched or moved a moment ago, or in other hands
        ended += 1
    return ended


def _beyond_rescue(now: datetime) -> list[Application]:
    """Missed visits for which it is too late to choose a new time."""
    missed = Application.objects.missed_before(now - HEARD_WITHIN).select_related("office")
    return [one for one in missed if one.is_held_here(now) and one.rescue_until(now) + HEARD_WITHIN < now]
