"""The people's register as other nodes keep it: who may act in which role, and nothing by which one could sign in."""

from __future__ import annotations

from openpaspor.facts.accounts import PostingEnded, PostingGranted
from openpaspor.ledger import node
from openpaspor.ledger.follow import copies
from openpaspor.ledger.models import Entry

from . import actions


@copies(PostingGranted)
def note_posting(fact: PostingGranted, entry: Entry) -> None:
    if entry.node != node.here().name:  # our own action wrote the rows in the same transaction
        actions.note_posting(fact.person, fact.role, fact.office, since=entry.recorded_at)


@copies(PostingEnded)
def note_posting_ended(fact: PostingEnded, entry: Entry) -> None:
    if entry.node != node.here().name:
        actions.note_posting_ended(fact.person, fact.role, fact.office, at=entry.recorded_at)
