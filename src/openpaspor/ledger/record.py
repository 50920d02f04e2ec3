"""Saying a fact: one unsealed row in the caller's transaction."""

from __future__ import annotations

import threading
from datetime import datetime

from django.db import transaction

from openpaspor.facts import Fact, encode
from openpaspor.kit.faults import fault

from . import node, refill
from .canonical import canonical
from .models import Entry

work_waits = threading.Event()  # wakes the worker of this process


def record(fact: Fact, *, actor: str, now: datetime) -> Entry:
    """Write the fact into the log, inside the caller's transaction, after the row it speaks of was updated or locked.

    Raises StillFilling at a centre that was put back and has not heard everybody yet.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("record() needs the transaction of its action")
    refill.refuse_to_decide(fact)
    us = node.here()
    values = encode(fact)
    entry = Entry.objects.create(
        node=us.name,
        epoch=us.epoch,
        kind=fact.name,
        application=values.get("application", ""),
        version=values["version"] if fact.name == "applications.moved" else None,
        actor=actor,
        recorded_at=now,
        fact=canonical(values).decode(),
    )
    fault("ledger.after_record")
    transaction.on_commit(work_waits.set)
    return entry
