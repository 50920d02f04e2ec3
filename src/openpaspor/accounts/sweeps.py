"""What the people's register forgets by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from openpaspor.kit import clock
from openpaspor.ledger.sweeps import every

from .models import Challenge

KEPT = timedelta(days=7)  # so that a complaint about a code can still be looked into


@every(seconds=3600)
def forget_old_codes(*, now: datetime, limit: int = 500) -> int:
    """Delete one-time codes that ended a week ago, by the wall clock. Returns how many."""
    old = Challenge.objects.filter(expires_at__lt=clock.real_now() - KEPT).order_by("id")[:limit]
    return Challenge.objects.filter(pk__in=[challenge.pk for challenge in old]).delete()[0]
