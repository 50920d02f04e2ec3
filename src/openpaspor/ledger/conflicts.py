"""*Perlu dilihat*: what cannot stand beside something else is kept, acted on by nobody, and shown to a person."""

from __future__ import annotations

from datetime import datetime

from openpaspor.kit import clock

from .models import Conflict, Entry


def set_aside(entry: Entry, code: str, *, other: Entry | None = None, **detail: str | int) -> None:
    """Void an entry and put it on the list. `detail` holds codes and numbers, never personal data."""
    Entry.objects.filter(pk=entry.pk).update(void=True)
    Conflict.objects.get_or_create(
        code=code,
        entry=entry,
        defaults={
            "application": entry.application,
            "other": other,
            "detail": {"node": entry.node, "kind": entry.kind, **detail},
            "found_at": clock.now(),
        },
    )


def mark_seen(conflict_id: int, *, actor: str, now: datetime) -> bool:
    """Somebody looked and takes care of it. False when somebody did before."""
    open_ones = Conflict.objects.filter(pk=conflict_id, seen_at=None)
    return bool(open_ones.update(seen_by=actor, seen_at=now))
