"""The serial numbers of references, when what was given out last is no longer known."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from openpaspor.ledger import node

from .models import Serial

GAP = 500_000  # a month of the whole country; an issuer has 24.3 million, so this may happen some forty times


@transaction.atomic
def leave_a_gap() -> None:
    """Never give again a reference that was given after the moment we were put back to."""
    issuer = node.here().issuer
    Serial.objects.get_or_create(issuer=issuer)
    Serial.objects.filter(issuer=issuer).update(next=F("next") + GAP)
