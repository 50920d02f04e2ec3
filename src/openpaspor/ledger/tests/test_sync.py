"""Each record says how far it has come, and only what is true now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from openpaspor.facts.accounts import Looked
from openpaspor.facts.intake import IdentityConfirmed
from openpaspor.kit import clock
from openpaspor.ledger import conflicts, links, node, sync
from openpaspor.ledger.courier import Courier
from openpaspor.ledger.models import Conflict, Entry, Link, NodeRecord
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import seal_pending
from openpaspor.ledger.transport import LineDown

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def office(tmp_path):
    """We are an office that knows of a centre."""
    NodeRecord.objects.create(
        node="pusat", epoch=1, role="centre", sign_public="", box_public="", wire_public="00" * 32
    )
    us = node.Node(name="denpasar", role="office", home=tmp_path, offices=("DENPASAR",))
    with node.standing_at(us):
        links.make_links()
        yield us


def say(*refs: str) -> None:
    with transaction.atomic():
        for ref in refs:
            record(IdentityConfirmed(application=ref), actor="S-1", now=MONDAY)


def word(ref: str) -> str:
    return sync.sync_of([ref])[ref].word


def centre_has(seq: int) -> None:
    Link.objects.filter(pk="pusat").update(
        confirmed_epoch=node.here().epoch, confirmed=seq, answered_at=clock.real_now()
    )


def test_what_is_not_sealed_or_not_sent_is_saved_at_the_office(office):
    say("OP-A", "OP-B")
    assert word("OP-A") == sync.SAVED

    seal_pending()

    said = sync.sync_of(["OP-A", "OP-B"])
    assert {one.word for one in said.values()} == {sync.SAVED}
    assert said["OP-B"].place == said["OP-A"].place + 1
    assert said["OP-A"].at is None


def test_that_somebody_looked_changes_neither_the_word_nor_the_place_nor_what_is_to_be_sent(office):
    say("OP-A", "OP-B")
    seal_pending()
    before, waits = sync.sync_of(["OP-A"]), sync.backlog(sync.link_to_centre()).files

    for ref in ("OP-A", "OP-C"):
        with transaction.atomic():
            record(Looked(application=ref, why="counter", what="test"), actor="S-1", now=MONDAY)
    seal_pending()

    assert sync.sync_of(["OP-A"]) == before
    assert (sync.sync_of(["OP-C"]), sync.backlog(sync.link_to_centre()).files) == ({}, waits)


def test_only_what_the_centre_confirmed_is_received(office):
    say("OP-A", "OP-B")
    seal_pending()
    centre_has(Entry.objects.get(application="OP-A").seq)

    assert (word("OP-A"), word("OP-B")) == (sync.RECEIVED, sync.SAVED)
    assert clock.now() - sync.sync_of(["OP-A"])["OP-A"].at < timedelta(seconds=5)

    say("OP-A")
    assert word("OP-A") == sync.SAVED


def test_a_record_is_not_received_while_its_photos_are_on_their_way(office):
    say("OP-A", "OP-B")
    seal_pending()
    centre_has(100)
    Link.objects.update(missing=["OP-A"])

    said = sync.sync_of(["OP-A", "OP-B"])

    assert (said["OP-A"].word, said["OP-A"].only_files) == (sync.SENDING, True)
    assert said["OP-B"].word == sync.RECEIVED
    link = Link.objects.get()
    assert sync.node_sync(link, 0, is_open=True).word == sync.SENDING
    assert not sync.backlog(link).is_all_there

    Link.objects.update(answered_at=clock.real_now() - timedelta(hours=1))
    assert word("OP-A") == sync.SAVED


def test_the_answer_that_confirms_a_record_says_which_files_are_wanted(office):
    say("OP-A")
    seal_pending()
    last = Entry.objects.get(application="OP-A")
    confirmed = {"epoch": last.epoch, "seq": last.seq, "hash": last.hash}
    courier = Courier(NodeRecord.objects.get(node="pusat"))
    wants = {"wants": [["ab" * 32, "OP-A", 0]], "missing": ["OP-A", "OP-B"]}

    courier._note_wants(wants, Link.objects.get())
    courier._confirm_dense(confirmed, Link.objects.get())

    assert word("OP-A") != sync.RECEIVED
    next_few = {"wants": []}  # of a centre of an earlier version, which names only these
    courier._note_wants(next_few, Link.objects.get())
    assert word("OP-A") == sync.RECEIVED


def test_what_is_in_a_message_on_its_way_is_sent_and_no_longer_when_the_line_breaks(office):
    say("OP-A")
    seal_pending()
    seen = []

    def line_breaks(_url, _raw):
        seen.append(word("OP-A"))
        raise LineDown("gone")

    courier = Courier(NodeRecord.objects.get(node="pusat"), line_breaks)
    with pytest.raises(LineDown):
        courier._push()
    assert seen == [sync.SENDING]

    links.note_trouble("pusat", "gone")
    assert word("OP-A") == sync.SAVED


def test_a_doubt_needs_a_look_until_a_person_decided_and_that_is_recorded(office):
    say("OP-A")
    seal_pending()
    entry = Entry.objects.get(application="OP-A")
    conflicts.set_aside(entry, "old-term")
    assert word("OP-A") == sync.LOOK

    row = Conflict.objects.get()
    assert conflicts.decide(row.pk, "other", office="DENPASAR", actor="S-7", now=MONDAY)
    assert not conflicts.decide(row.pk, "entry", office="DENPASAR", actor="S-8", now=MONDAY)

    assert word("OP-A") == sync.SAVED
    told = Entry.objects.get(kind="ledger.doubt_decided")
    assert (told.actor, told.values["picked"], told.values["seq"]) == ("S-7", "other", entry.seq)


def test_many_records_cost_no_more_questions_than_one(office, django_assert_max_num_queries):
    refs = [f"OP-{number}" for number in range(60)]
    say(*refs)
    seal_pending()

    with django_assert_max_num_queries(6):
        assert len(sync.sync_of(refs)) == 60


def test_where_the_centre_is_this_machine_everything_is_there(tmp_path):
    us = node.Node(name="semua", role="everything", home=tmp_path)
    with node.standing_at(us):
        say("OP-A")
        assert word("OP-A") == sync.RECEIVED
        assert sync.sync_of(["OP-A"])["OP-A"].at is None  # nothing has to go anywhere
        assert sync.sync_of(["OP-B"]) == {}


def test_the_backlog_counts_files_and_records_and_knows_the_oldest(office):
    say("OP-A", "OP-A", "OP-B")
    seal_pending()
    centre_has(1)

    waiting = sync.backlog(Link.objects.get(pk="pusat"))

    assert (waiting.entries, waiting.files, waiting.oldest_at) == (2, 2, MONDAY)


def test_trying_now_is_asked_for_once(office):
    assert not links.is_asked_to_call("pusat")
    links.try_now("pusat")
    assert links.is_asked_to_call("pusat")

    Link.objects.filter(pk="pusat").update(called_at=clock.real_now())

    assert not links.is_asked_to_call("pusat")
