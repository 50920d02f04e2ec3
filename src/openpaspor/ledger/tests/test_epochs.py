"""A database that was put back is noticed; the log goes on in a new epoch, and what others give back is taken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import transaction

from openpaspor.facts.accounts import Looked
from openpaspor.ledger import epochs, node
from openpaspor.ledger.models import Entry, Link
from openpaspor.ledger.receive import write_line
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.ledger.second_copy import Lines
from openpaspor.ledger.verify import verify_ledger
from openpaspor.ledger.wire import import_lines

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def here(tmp_path: Path):
    us = node.Node(name="denpasar", role="office", home=tmp_path, offices=("DENPASAR",))
    with node.standing_at(us):
        introduce_ourselves()
        yield us


def seal(count: int) -> list[Entry]:
    with transaction.atomic():
        for _ in range(count):
            record(Looked(application="OP-1", why="counter", what="test"), actor="S-1", now=MONDAY)
    seal_pending()
    return list(Entry.objects.sealed().order_by("-position")[:count])[::-1]


def put_back_before(seq: int) -> list[str]:
    """The database of an earlier time. Returns what others still have of us."""
    later = Entry.objects.filter(epoch=1, seq__gte=seq).order_by("seq")
    lines = [write_line(entry).decode() for entry in later]
    later.delete()
    return lines


def test_a_new_epoch_carries_the_head_of_the_one_before(here):
    last = seal(3)[-1]

    assert epochs.raise_epoch("restore") == 2
    first = seal(2)[0]

    assert (first.epoch, first.seq, first.previous) == (2, 1, last.hash)
    verdict = verify_ledger()
    assert verdict.first_bad is None
    assert [(head["epoch"], head["seq"]) for head in verdict.heads] == [(2, 2)]


def test_a_database_that_was_put_back_is_refused_until_a_new_epoch_begins(here):
    seal(4)
    put_back_before(3)

    with pytest.raises(epochs.RolledBack) as refused:
        epochs.refuse_roll_back()
    assert "denpasar" in str(refused.value) and "1/4" in str(refused.value)
    assert "openpaspor epoch raise" in str(refused.value)

    epochs.raise_epoch("roll-back")
    epochs.refuse_roll_back()


def test_the_database_of_another_node_is_refused_and_nobody_is_told_to_raise_an_epoch(here):
    seal(2)
    epochs.refuse_roll_back()
    Link.objects.create(peer="denpasar")  # the centre has a line with us, and all that we said

    with pytest.raises(epochs.OtherDatabase) as refused:
        epochs.refuse_roll_back()
    assert "denpasar" in str(refused.value) and "epoch raise" not in str(refused.value)

    Link.objects.all().delete()
    Entry.objects.all().delete()  # another office never heard of us
    with pytest.raises(epochs.OtherDatabase):
        epochs.refuse_roll_back()


def test_a_database_of_an_earlier_epoch_is_refused_before_anything_is_sealed_in_the_new_one(here):
    seal(4)
    epochs.raise_epoch("restore")
    epochs.refuse_roll_back()
    put_back_before(3)

    with pytest.raises(epochs.RolledBack) as refused:
        epochs.refuse_roll_back()
    assert "1/4" in str(refused.value) and "epochs.json" in str(refused.value)


def test_a_whole_home_that_was_put_back_is_noticed_by_its_second_copy(here, tmp_path, settings):
    settings.SECOND_COPY = tmp_path / "second"
    settings.SECOND_COPY.mkdir()
    seal(4)
    Lines(here, settings.SECOND_COPY / "denpasar" / "log").follow()
    put_back_before(3)
    head = Entry.objects.get(seq=2)
    here.remember_head(2, head.hash)

    with pytest.raises(epochs.RolledBack):
        epochs.refuse_roll_back()


def test_what_others_have_of_us_is_taken_back_and_the_rest_is_listed_as_missing(here):
    seal(6)
    lines = put_back_before(3)  # 3, 4, 5 and 6
    epochs.raise_epoch("restore")
    seal(1)

    assert import_lines([lines[1], lines[3]]) == (2, 0)  # 4 and 6; nobody else ever got 3 and 5

    verdict = verify_ledger()
    assert verdict.first_bad is None
    assert [(gap["from"], gap["to"]) for gap in verdict.missing] == [(3, 3), (5, 5)]
    ours, back = Entry.objects.get(epoch=1, seq=2), Entry.objects.get(epoch=1, seq=4)
    assert epochs.wrote_it_here(ours) and not epochs.wrote_it_here(back)


def test_what_an_older_backup_loses_of_two_epochs_is_ours_no_more(here):
    """The box was exchanged, and then put back to before that."""
    seal(6)
    epochs.raise_epoch("restore")
    seal(2)
    lines = [write_line(entry).decode() for entry in Entry.objects.filter(epoch=2).order_by("seq")]
    Entry.objects.filter(epoch=2).delete()
    lines = put_back_before(3) + lines
    assert epochs.raise_epoch("restore") == 3
    seal(1)

    import_lines([lines[1], lines[2], lines[5]])  # 1/4, 1/5 and 2/2 were heard by somebody

    verdict = verify_ledger()
    assert verdict.first_bad is None
    assert [(gap["epoch"], gap["from"], gap["to"]) for gap in verdict.missing] == [(1, 3, 3), (2, 1, 1)]
    places = Entry.objects.order_by("epoch", "seq")
    assert [(entry.epoch, entry.seq) for entry in places if epochs.wrote_it_here(entry)] == [
        (1, 1),
        (1, 2),
        (3, 1),
    ]


@pytest.mark.once  # on PostgreSQL rows may be in another order than their commits, and nothing is sealed anew
def test_what_a_backup_held_unsealed_is_not_said_twice(here):
    seal(2)
    with transaction.atomic():
        kept = record(Looked(application="OP-2", why="counter", what="test"), actor="S-1", now=MONDAY)
    seal_pending()
    seal(1)
    lines = put_back_before(3)  # others have both; the backup was made before the first of them was sealed
    Entry.objects.bulk_create([Entry(pk=kept.pk, node=kept.node, epoch=1, kind=kept.kind, application=kept.application,
                                     actor=kept.actor, recorded_at=kept.recorded_at, fact=kept.fact)])  # fmt: skip
    epochs.raise_epoch("restore")
    seal(1)

    assert import_lines(lines) == (1, 1)

    assert verify_ledger().first_bad is None
    assert [(entry.epoch, entry.seq) for entry in Entry.objects.filter(application="OP-2")] == [(1, 3)]


def test_an_entry_taken_out_of_a_closed_epoch_is_still_found(here):
    seal(4)
    epochs.raise_epoch("restore")
    seal(1)
    Entry.objects.filter(epoch=1, seq=2).delete()

    bad = verify_ledger().first_bad
    assert bad is not None and (bad.epoch, bad.why) == (1, "gap")


def test_a_new_epoch_that_begins_nowhere_we_know_is_found(here):
    seal(2)
    epochs.raise_epoch("restore")
    seal(1)
    Entry.objects.filter(epoch=2, seq=1).update(previous="ab" * 32)

    bad = verify_ledger().first_bad
    assert bad is not None and bad.why == "chain-broken"
