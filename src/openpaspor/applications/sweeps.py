"""Work that is due at the application desk."""

from __future__ import annotations

from datetime import datetime, timedelta

from openpaspor.kit.refused import Refused
from openpaspor.ledger.sweeps import every
from openpaspor.offices import policy

from .actions import give_up
from .models import Application


@every(seconds=300)
def give_up_stale(*, now: datetime, limit: int = 500) -> int:
    """End drafts that nobody touches and applications that get no place. Returns how many."""
    drafts = Application.objects.untouched_since(now - timedelta(days=policy.value("draft_days", now=now)))
    waiting = Application.objects.without_place_since(
        now - timedelta(days=policy.value("submitted_days", now=now))
    )
    ended = 0
    for application in [*drafts[:limit], *waiting[:limit]]:
        try:
            give_up(application, now=now)
        except Refused:
            continue  # touched or moved a moment ago, or in other hands
        ended += 1
    return ended
