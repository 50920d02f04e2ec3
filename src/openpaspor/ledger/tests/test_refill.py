"""A centre that was put back: who believes it, and what it may say before it has heard everybody."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from django.db import transaction

from openpaspor.facts.accounts import Looked
from openpaspor.facts.notifications import OutageAnnounced
from openpaspor.ledger import enrol, epochs, links, node, refill, worker
from openpaspor.ledger.courier import Courier
from openpaspor.ledger.messages import pack, unpack
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.ledger.transport import LineDown

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def centre(tmp_path) -> node.Node:
    us = node.Node(name="pusat", role="centre", home=tmp_path / "centre")
    with node.standing_at(us):
        introduce_ourselves()
    return us


@pytest.fixture
def office(centre, tmp_path):
    us = node.Node(name="denpasar", role="office", home=tmp_path / "office", offices=("DENPASAR",))
    with node.standing_at(us):
        introduce_ourselves()
    return us


def answers_as(speaker: node.Node):
    """A way to something that answers every message, signed by `speaker`."""

    def send(_url: str, raw: bytes) -> bytes:
        asked = unpack(raw, lambda *_said: bytes.fromhex(links.newest_records()["denpasar"].wire_public))
        return pack(speaker, "denpasar", "answer", asked.number, {}, re=asked.digest)

    return send


def call(office: node.Node, speaker: node.Node) -> str:
    """The office calls the centre, and `speaker` answers. Returns the trouble, or nothing."""
    with node.standing_at(office):
        links.make_links()
        try:
            Courier(links.newest_records()["pusat"], answers_as(speaker)).ask("pull")
        except LineDown as trouble:
            return str(trouble)
    return ""


def epoch_known() -> int:
    return links.newest_records()["pusat"].epoch


def test_a_later_epoch_is_believed_with_the_pinned_key_and_the_one_before_no_more(office, centre, tmp_path):
    centre.begin_epoch(2)
    assert (call(office, centre), epoch_known()) == ("", 2)

    old_disk = dataclasses.replace(centre, home=tmp_path / "stolen")
    (tmp_path / "stolen").mkdir()
    (tmp_path / "stolen" / "keys").symlink_to(centre.home / "keys")
    assert (call(office, old_disk), epoch_known()) == ("older-epoch", 2)


def test_a_later_epoch_with_other_keys_is_refused_and_named(office, centre, tmp_path):
    other = dataclasses.replace(centre, home=tmp_path / "other")
    other.begin_epoch(7)

    assert (call(office, other), epoch_known()) == ("other-keys", 1)


def test_what_is_no_message_is_not_taken_for_a_centre(office):
    with node.standing_at(office):
        links.make_links()
        with pytest.raises(LineDown, match="not-ours"):
            Courier(links.newest_records()["pusat"], lambda _url, _raw: b"<html>Welcome</html>").ask("pull")


def say(fact) -> None:
    with transaction.atomic():
        record(fact, actor="S-1", now=MONDAY)


def test_a_centre_that_was_put_back_says_nothing_before_the_last_has_answered(office, centre):
    outage = OutageAnnounced(until=MONDAY)
    with node.standing_at(centre):
        with transaction.atomic():
            enrol.introduce_centre(centre)
        seal_pending()
        say(outage)
        epochs.raise_epoch("restore")

        worker.turn()
        with pytest.raises(refill.StillFilling, match="denpasar"):
            say(outage)
        say(Looked(application="OP-1", why="counter", what="test"))

        refill.note_all_given_back("denpasar")
        worker.turn()
        say(outage)
        assert not refill.is_filling()


def test_issuer_codes_given_after_the_backup_are_not_given_again(office, centre):
    with node.standing_at(centre):
        enrol.introduce_centre(centre)
        forgotten = [enrol.next_issuer()]
        seal_pending()
        epochs.raise_epoch("restore")
        links.make_links()

        announced = enrol.introduce_centre(centre)

        assert announced.epoch == 2 and announced.issuer not in forgotten
