"""The numbers of billing codes, when what was given out last is no longer known."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from . import rules
from .models import CodeCounter

GAP = 25_000  # of 99,999 of a day; the whole country opens some 20,000 bills


@transaction.atomic
def leave_a_gap(now: datetime) -> None:
    """Never give again a billing code of today that was given after the moment we were put back to."""
    day = rules.treasury_day(now)
    CodeCounter.objects.get_or_create(day=day)
    CodeCounter.objects.filter(day=day, last__lte=rules.LAST_OF_A_DAY - GAP).update(last=F("last") + GAP)
