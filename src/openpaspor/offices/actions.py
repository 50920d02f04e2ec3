"""Deeds of those who set policy."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from openpaspor.facts.offices import KnobSet
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record

from .models import Knob, Office
from .policy import KNOBS


@transaction.atomic
def set_knob(
    name: str, value: int, *, action_id: str, actor: str, now: datetime, office: Office | None = None
) -> Knob:
    """A policy value from `now` on, for one office or for the nation. KeyError for a knob that does not exist."""
    KNOBS[name]
    with once(action_id, name, value, office.code if office else "") as seen:
        if seen:
            return Knob.objects.get(pk=seen.answer)
        knob = Knob.objects.create(name=name, value=value, office=office, valid_from=now)
        record(
            KnobSet(name_of_knob=name, value=value, office=office.code if office else ""),
            actor=actor,
            now=now,
        )
        return seen.remember(knob)
