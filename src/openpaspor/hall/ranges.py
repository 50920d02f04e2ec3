"""The numbers of the hall, when what was given out last is no longer known."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from openpaspor.offices.models import Office

from .models import TURNS, NumberRange, Series, local_day


@transaction.atomic
def leave_a_gap(offices: tuple[str, ...], *, by: int, now: datetime) -> None:
    """Give no number of today again that somebody may hold in their hand. `by`: numbers left out in each series."""
    here = Office.objects.filter(code__in=offices) if offices else Office.objects.all()
    for office in here:
        day = local_day(office, now)
        known = NumberRange.objects.filter(office=office, day=day)
        if not offices and not known.exists():
            continue  # one machine for the whole country: only halls that are open
        for series in (*Series, TURNS):
            NumberRange.objects.get_or_create(office=office, day=day, series=series)
        known.update(next=F("next") + by)
