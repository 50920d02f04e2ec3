"""*Perlu dilihat*: what cannot stand beside something else is kept, acted on by nobody, and shown to a person."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from openpaspor.facts.ledger import DoubtDecided
from openpaspor.kit import clock

from .models import Conflict, Entry
from .record import record


def set_aside(entry: Entry, code: str, *, other: Entry | None = None, **detail: str | int) -> None:
    """Void an entry and put it on the list. `detail` holds codes and numbers, never personal data."""
    Entry.objects.filter(pk=entry.pk).update(void=True)
    note(entry, code, other=other, **detail)


def note(entry: Entry, code: str, *, other: Entry | None = None, **detail: str | int) -> None:
    """Put an entry that counts, or one that is void already, on the list. Said again, the newest detail stands."""
    known = {"other": other, "detail": {"node": entry.node, "kind": entry.kind, **detail}}
    Conflict.objects.update_or_create(
        code=code,
        entry=entry,
        defaults=known,
        create_defaults={**known, "application": entry.application, "found_at": clock.now()},
    )


@transaction.atomic
def decide(conflict_id: int, picked: str, *, office: str = "", actor: str, now: datetime) -> bool:
    """Somebody looked and says which of the two is right, "entry" or "other"; empty where nothing is to be chosen.

    It moves nothing itself: whoever holds the application may act on it (a withdrawal is done after all, a place is given back).
    False when somebody did before.
    """
    open_ones = Conflict.objects.filter(pk=conflict_id, seen_at=None)
    if not open_ones.update(seen_by=actor, seen_at=now, picked=picked):
        return False
    row = Conflict.objects.select_related("entry").get(pk=conflict_id)
    place = {"node": row.entry.node, "epoch": row.entry.epoch, "seq": row.entry.seq or 0} if row.entry else {}
    decided = DoubtDecided(code=row.code, application=row.application, office=office, picked=picked, **place)  # type: ignore[arg-type]
    record(decided, actor=actor, now=now)
    return True
