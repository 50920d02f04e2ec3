"""What the appointment desk does when money is settled, a visitor comes or does not, or an application ends."""

from __future__ import annotations

from openpaspor.applications.branches import OLD_PASS
from openpaspor.applications.followers import held_here, known_here
from openpaspor.applications.models import Application
from openpaspor.facts.applications import Moved
from openpaspor.facts.ledger import DoubtDecided
from openpaspor.facts.payments import Exempted, Settled
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.ledger.follow import reacts
from openpaspor.ledger.models import Entry
from openpaspor.payments.models import Bill

from . import actions

ENDED = (State.WITHDRAWN, State.EXPIRED)
BEFORE_THE_VISIT = (State.DRAFT, State.SUBMITTED, State.HOLDING, State.BOOKED)


@reacts(Settled, Exempted, holder=held_here)
def seat_who_paid(application: Application, entry: Entry) -> None:
    """Confirm the place that was held; where the hold lapsed before the money came, seat the applicant again."""
    bill = Bill.objects.live_for(application)
    if bill is None or not bill.is_paid:
        return
    action_id = entry.action_id_for("appointments.seat_who_paid")
    booking = actions.live_booking(application)
    if application.state == State.HOLDING and booking is not None:
        actions.confirm(booking, action_id=action_id, actor="worker", now=entry.recorded_at)
    elif application.state == State.SUBMITTED and actions.lapsed_place(application):
        now = max(entry.recorded_at, clock.now())  # no place that is over by the time we hear of the money
        actions.seat_late_payer(application, action_id=action_id, actor="worker", now=now)


def visit_stands(entry: Entry) -> Application | None:
    """The application of which somebody has said that the visit on an older pass is right, not the change it overtook."""
    fact = entry.read()
    assert isinstance(fact, DoubtDecided)
    change = "other" if fact.code == OLD_PASS else "entry"
    return None if fact.picked == change else known_here(entry)


@reacts(DoubtDecided, holder=visit_stands)
def give_left_over_back(application: Application, entry: Entry) -> None:
    """Somebody looked at a visit on an old pass: the place that was sold meanwhile is ours to give back."""
    action_id = entry.action_id_for("appointments.give_left_over_back")
    actions.free_left_over(application, action_id=action_id, now=entry.recorded_at)


@reacts(Moved, holder=known_here)
def follow_visit(application: Application, entry: Entry) -> None:
    """The visitor came, did not come, or there will be no visit. Needs no custody: the places are ours."""
    if application.state in BEFORE_THE_VISIT or not actions.has_open_visit(application):
        return
    action_id, now = entry.action_id_for("appointments.follow_visit"), entry.recorded_at
    if application.state in ENDED:
        actions.free_place(application, action_id=action_id, actor="worker", now=now)
    elif application.state == State.MISSED:
        actions.mark_missed(application, action_id=action_id, now=now)
    else:
        actions.mark_used(application, action_id=action_id, now=now)
