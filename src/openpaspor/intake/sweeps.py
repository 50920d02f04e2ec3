"""Work that is due at the counter."""

from __future__ import annotations

from datetime import datetime, timedelta

from openpaspor.applications.models import Application
from openpaspor.journey import State
from openpaspor.kit.refused import Refused
from openpaspor.ledger.sweeps import every

from . import actions
from .models import Examination

LONGEST_LEAD = timedelta(hours=9)  # WIT is the first to see a new day


@every(seconds=60, by_date=True)
def lapse_incomplete(*, now: datetime, limit: int = 500) -> int:
    """End cases whose papers were not brought in time, by the office's own calendar. What waits for us never lapses."""
    latest = (now + LONGEST_LEAD).date()
    waits_for_us = Examination.objects.filter(outcome="").values("case__application")
    rows = Application.objects.filter(state=State.INCOMPLETE, owed_until__lt=latest).exclude(
        pk__in=waits_for_us
    )
    lapsed = 0
    for application in rows.select_related("office").order_by("owed_until", "pk")[:limit]:
        assert application.office and application.owed_until
        if application.owed_until >= application.office.local(now).date():
            continue
        try:
            actions.lapse_incomplete(
                application,
                action_id=f"lapse-incomplete:{application.ref}:{application.version}",
                actor="worker",
                now=now,
            )
        except Refused:
            continue  # enrolled a moment ago, or in other hands
        lapsed += 1
    return lapsed
