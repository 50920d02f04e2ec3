"""Deeds of the people's register."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from openpaspor.facts.accounts import Looked
from openpaspor.ledger.record import record


@transaction.atomic
def look(application: str, *, actor: str, why: str, what: str, now: datetime, office: str = "") -> None:
    """Record that somebody opened a person's file or a page that shows personal data."""
    record(Looked(application=application, why=why, what=what, office=office), actor=actor, now=now)
