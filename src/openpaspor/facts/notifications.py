"""What the message desk says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class OutageAnnounced(Fact):
    """The central system has a problem: whoever has an appointment until a moment is told that it stands."""

    name = "notifications.outage_announced"
    urgent = True

    until: datetime  # UTC
