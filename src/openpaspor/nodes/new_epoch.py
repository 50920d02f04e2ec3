"""A node that was put back to an earlier time goes on under a new epoch, and gives no number twice."""

from __future__ import annotations

from openpaspor.applications import ranges as references
from openpaspor.hall import ranges as hall
from openpaspor.kit import clock
from openpaspor.ledger import epochs, node
from openpaspor.payments import ranges as codes

TICKETS_OF_SECONDS = 10  # tickets of one line in the ten seconds a second copy may be old
TICKETS_OF_A_DAY = 300  # of one line at the largest office


def begin(why: str, *, tickets: int) -> int:
    """Close our epoch where the log ends and leave a gap in every range of numbers. Returns the new epoch.

    `tickets`: how many of today's numbers of one line may have been given since.
    """
    epoch = epochs.raise_epoch(why)
    now = clock.now()
    references.leave_a_gap()
    hall.leave_a_gap(node.here().offices, by=tickets, now=now)
    codes.leave_a_gap(now)
    return epoch
