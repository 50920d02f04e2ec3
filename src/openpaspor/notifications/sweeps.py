"""What the message desk does by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from openpaspor.ledger.sweeps import every

from . import actions
from .models import Message

KEPT = timedelta(days=180)


@every(seconds=2)
def send_queued(*, now: datetime, limit: int = 200) -> int:
    """Send what waits. A message that was sent just before a power cut goes out once more. Returns messages sent."""
    return sum(actions.send(message) for message in Message.objects.to_send()[:limit])


@every(seconds=3600)
def forget_old(*, now: datetime, limit: int = 500) -> int:
    """Delete messages half a year after they were written. Returns how many."""
    old = Message.objects.filter(created_at__lt=now - KEPT).order_by("id")[:limit]
    return Message.objects.filter(pk__in=[message.pk for message in old]).delete()[0]
