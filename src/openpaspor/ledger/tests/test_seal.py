"""Sealing gives committed entries their place without gaps, and `verify` finds every kind of tampering."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction

from openpaspor.facts.accounts import Looked
from openpaspor.ledger import node
from openpaspor.ledger.models import Entry, NodeRecord
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.ledger.verify import verify_ledger

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def five_entries() -> list[Entry]:
    with transaction.atomic():
        for number in range(5):
            record(Looked(application=f"OP-{number}", why="counter", what="test"), actor="S-1", now=MONDAY)
    introduce_ourselves()
    seal_pending()
    return list(Entry.objects.order_by("seq"))


def first_bad() -> str:
    bad = verify_ledger().first_bad
    return f"{bad.seq} {bad.why}" if bad else ""


def test_with_nothing_to_seal_no_lock_is_taken(five_entries, django_assert_num_queries):
    """The worker looks ten times a second; on SQLite a lock would keep everybody else from writing."""
    with django_assert_num_queries(1):
        assert seal_pending() == 0


def test_entries_are_sealed_without_gaps_and_verify(five_entries):
    assert [entry.seq for entry in five_entries] == [1, 2, 3, 4, 5]
    assert [entry.position for entry in five_entries] == [1, 2, 3, 4, 5]
    assert verify_ledger().entries == 5
    assert first_bad() == ""


def test_a_changed_byte_is_found(five_entries):
    Entry.objects.filter(seq=3).update(fact=five_entries[2].fact.replace("counter", "visitor"))

    assert first_bad() == "3 content-changed"


def test_a_changed_body_with_its_fact_is_found(five_entries):
    third = five_entries[2]
    Entry.objects.filter(seq=3).update(
        fact=third.fact.replace("counter", "visitor"), body=bytes(third.body).replace(b"counter", b"visitor")
    )

    assert first_bad() == "3 hash-wrong"


def test_swapped_entries_are_found(five_entries):
    second, third = five_entries[1], five_entries[2]
    Entry.objects.filter(pk=second.pk).update(seq=None)
    Entry.objects.filter(pk=third.pk).update(seq=2)
    Entry.objects.filter(pk=second.pk).update(seq=3)

    assert first_bad() == "2 content-changed"


def test_a_removed_entry_is_found(five_entries):
    five_entries[2].delete()

    assert first_bad() == "4 gap"


def test_an_inserted_entry_is_found(five_entries):
    stranger = five_entries[4]
    stranger.pk, stranger.seq, stranger.position = None, 6, 6
    stranger.save()

    assert first_bad() == "6 content-changed"


def test_another_keys_signature_is_found(five_entries, tmp_path):
    third = five_entries[2]
    other = node.Node(name="other", role="everything", home=tmp_path).keys
    Entry.objects.filter(pk=third.pk).update(
        signature=other.sign(b"openpaspor-ledger-v1\n" + bytes.fromhex(third.hash))
    )
    NodeRecord.objects.update(sign_public=other.sign_public.hex())

    assert first_bad() == "3 signature-wrong"


def test_a_cut_tail_is_found(five_entries):
    five_entries[4].delete()

    assert first_bad() == "5 tail-cut"
