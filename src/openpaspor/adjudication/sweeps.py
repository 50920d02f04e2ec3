"""Work that is due at the centre."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from openpaspor.applications.models import Application
from openpaspor.journey import Site, State
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.sweeps import every

from . import actions
from .models import Decision, Packet, Status, StopByCentre, Verdict

LONGEST_LEAD = timedelta(hours=9)  # WIT is the first to see a new day


@every(seconds=2)
def let_decisions_count(*, now: datetime, limit: int = 500) -> int:
    """Put decisions into effect that nobody took back in time. A stopped application waits."""
    due = Decision.objects.filter(status=Status.PENDING, effective_at__lte=now)
    counted = 0
    for decision in due.select_related("case__application__office").order_by("effective_at", "pk")[:limit]:
        try:
            actions.take_effect(decision, now=now)
        except Refused:
            continue  # taken back a moment ago, or stopped
        counted += 1
    return counted


@every(seconds=5)
def sign_missing_packets(*, now: datetime, limit: int = 500) -> int:
    """Sign a packet for approved files that have none at their version: a booklet was spoiled. Returns packets signed."""
    if not node.here().holds(Site.CENTRE):
        return 0
    signed = Packet.objects.filter(application=OuterRef("pk"), version=OuterRef("version"))
    decided = Decision.objects.filter(
        case__application=OuterRef("pk"), verdict=Verdict.APPROVE, status=Status.EFFECTIVE
    )
    withdrawn = StopByCentre.objects.filter(application=OuterRef("pk"), lifted_by="")
    due = Application.objects.in_state(State.APPROVED).filter(
        ~Exists(signed), ~Exists(withdrawn), Exists(decided), stop_order=""
    )
    made = 0
    for application in due.order_by("state_since", "pk")[:limit]:
        try:
            actions.sign_again(
                application, action_id=f"packet:{application.ref}:{application.version}", now=now
            )
        except Refused:
            continue  # withdrawn or printed a moment ago
        made += 1
    return made


@every(seconds=60, by_date=True)
def expire_unanswered(*, now: datetime, limit: int = 500) -> int:
    """End applications whose question was not answered in time, by their office's own calendar."""
    latest = (now + LONGEST_LEAD).date()
    rows = Application.objects.filter(state=State.ASKED, owed_until__lt=latest).select_related("office")
    ended = 0
    for application in rows.order_by("owed_until", "pk")[:limit]:
        assert application.office and application.owed_until
        if application.owed_until >= application.office.local(now).date():
            continue
        try:
            actions.expire_unanswered(
                application,
                action_id=f"not-answered:{application.ref}:{application.version}",
                actor="worker",
                now=now,
            )
        except Refused:
            continue  # answered a moment ago, or in other hands
        ended += 1
    return ended
