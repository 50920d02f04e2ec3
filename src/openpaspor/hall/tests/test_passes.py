"""A pass at the door of an office that may not know its booking: who signed it, and its one arrival."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from openpaspor.hall import actions, desk
from openpaspor.hall.models import PassArrival, Ticket
from openpaspor.hall.tests.making import (
    NINE,
    PASS,
    action,
    let_in,
    make_booked,
    office_of,
    open_counter,
    pass_of,
    sealed,
)
from openpaspor.kit import visit_pass
from openpaspor.kit.visit_pass import PassRefused, VisitPass
from openpaspor.ledger.keys import KeyRing
from openpaspor.ledger.models import Entry, NodeRecord
from openpaspor.ledger.node import Node, standing_at
from openpaspor.offices.models import Office

LATER = NINE + timedelta(hours=3)


@pytest.fixture
def denpasar(db) -> Office:
    return office_of()


def said(kind: str) -> list[dict]:
    return [entry.values for entry in Entry.objects.filter(kind=kind).order_by("id")]


def shown(text: str) -> VisitPass:
    return desk.read_pass(text, NINE)


# Who signed it


@pytest.fixture
def stranger(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


def meet(keys: KeyRing, role: str, offices: tuple[str, ...] = (), **changes: object) -> NodeRecord:
    known = {
        "node": role,
        "epoch": 1,
        "role": role,
        "offices": list(offices),
        "sign_public": keys.sign_public.hex(),
        "box_public": keys.box_public.hex(),
        "seal_public": keys.seal_public.hex(),
    }
    return NodeRecord.objects.create(**known | changes)


def signed_by(keys: KeyRing, office: Office) -> str:
    return sealed(shown(pass_of(make_booked(office, NINE))), keys)


def reason_of(text: str, now=NINE) -> tuple[str, str]:
    with pytest.raises(PassRefused) as refusal:
        desk.read_pass(text, now)
    return refusal.value.verdict, refusal.value.reason


def test_a_portal_signs_for_every_office(denpasar, stranger):
    text = signed_by(stranger, denpasar)
    assert reason_of(text) == ("UNKNOWN", "UNKNOWN_CERTIFICATE")

    meet(stranger, "portal")

    assert desk.read_pass(text, NINE).office == "DENPASAR"


def test_an_office_signs_for_itself_and_the_centre_for_nobody(denpasar, stranger):
    text = signed_by(stranger, denpasar)
    record = meet(stranger, "office", ("DENPASAR",))
    assert desk.read_pass(text, NINE).office == "DENPASAR"

    for role, offices in (("office", ["AMBON"]), ("centre", [])):
        NodeRecord.objects.filter(pk=record.pk).update(role=role, offices=offices)
        assert reason_of(text) == ("UNKNOWN", "UNTRUSTED_CERTIFICATE")


def test_a_withdrawn_key_opens_no_door_from_that_moment_on(denpasar, stranger):
    text = signed_by(stranger, denpasar)
    meet(stranger, "portal", revoked_at=NINE)

    assert desk.read_pass(text, NINE - timedelta(seconds=1)).office == "DENPASAR"
    assert reason_of(text) == ("INVALID", "REVOKED_CERTIFICATE")


def test_a_new_epoch_with_the_same_key_stands_when_the_old_one_was_withdrawn(denpasar, stranger):
    text = signed_by(stranger, denpasar)
    meet(stranger, "portal", revoked_at=NINE)
    meet(stranger, "portal", epoch=2)

    assert desk.read_pass(text, NINE).office == "DENPASAR"


def test_whoever_names_our_key_without_having_it_is_a_forger(denpasar, stranger):
    genuine = visit_pass.unfold(pass_of(make_booked(denpasar, NINE)))
    pass_ = visit_pass.read(genuine.seal)

    forged = visit_pass.encode(
        pass_, certificate=genuine.seal.certificate, on=NINE.date(), sign=stranger.seal
    )

    assert reason_of(forged) == ("INVALID", "INVALID_SIGNATURE")


def test_a_centre_makes_no_key_for_passes(tmp_path, db):
    with standing_at(Node("pusat", "centre", tmp_path)), pytest.raises(PassRefused):
        desk.read_pass(sealed(PASS, KeyRing(tmp_path / "else")), NINE)

    assert not (tmp_path / "keys" / "seal.key").exists()


# One arrival


def test_a_pass_opens_one_arrival_and_its_fact_names_it(denpasar):
    first = let_in(PASS, denpasar)

    with pytest.raises(actions.AlreadyInLine, match="A 001"):
        let_in(PASS, denpasar)
    assert Ticket.objects.get() == first
    assert [one["pass_number"] for one in said("hall.ticket_issued")] == [1]


def test_the_database_itself_keeps_one_arrival_per_pass(denpasar):
    let_in(PASS, denpasar)
    again = PassArrival(ref=PASS.ref, number=1, office=denpasar, starts_at=NINE, arrived_at=NINE, actor="S-2")

    with pytest.raises(IntegrityError), transaction.atomic():
        again.save(force_insert=True)


def test_who_did_not_come_when_called_gets_another_number_for_the_same_arrival(denpasar):
    ticket = let_in(PASS, denpasar)
    actions.call_next(open_counter(denpasar), action_id=action(), actor="S-1", now=NINE)
    actions.no_show(ticket, action_id=action(), actor="S-1", now=NINE)

    fresh = let_in(PASS, denpasar, now=LATER)

    assert fresh.label == "A 002"
    assert PassArrival.objects.count() == 1
    assert [one.get("pass_number", 0) for one in said("hall.ticket_issued")] == [1, 0]


def test_a_pass_that_was_served_is_used_up(denpasar):
    ticket = let_in(PASS, denpasar)
    actions.finish_ticket(ticket, action_id=action(), actor="S-1", now=NINE)

    with pytest.raises(actions.PassUsed, match="24 November 2026"):
        let_in(PASS, denpasar, now=LATER)
    assert Ticket.objects.count() == 1


def test_a_known_booking_uses_its_pass_too(denpasar):
    application = make_booked(denpasar, NINE, pass_number=2)

    actions.arrive(application, denpasar, action_id=action(), actor="S-1", now=NINE)

    arrival = PassArrival.objects.get()
    assert (arrival.ref, arrival.number, arrival.joined_at) == (application.ref, 2, NINE)
    assert said("hall.ticket_issued")[-1]["pass_number"] == 2


def test_a_number_known_from_another_pass_replaces_the_older_one(denpasar):
    let_in(replace(PASS, number=2, starts_at=NINE + timedelta(minutes=30)), denpasar)

    with pytest.raises(actions.PassReplaced, match="09.30 WITA"):
        let_in(PASS, denpasar)


def test_a_newer_pass_of_somebody_in_line_gives_no_second_number(denpasar):
    let_in(PASS, denpasar)

    with pytest.raises(actions.AlreadyInLine):
        let_in(replace(PASS, number=2), denpasar)
    assert PassArrival.objects.count() == 1


def test_a_newer_pass_of_somebody_whose_booking_is_in_line_gives_no_second_number(denpasar):
    application = make_booked(denpasar, NINE)
    actions.arrive(application, denpasar, action_id=action(), actor="S-1", now=NINE)

    with pytest.raises(actions.AlreadyInLine):
        let_in(shown(pass_of(application, number=2)), denpasar, application)


def test_an_old_pass_counts_as_long_as_the_office_has_not_heard_of_the_change(denpasar):
    """The one case in which presence wins: what the office knows is all it can go by."""
    application = make_booked(denpasar, NINE)

    found = desk.find(pass_of(application), None, denpasar, NINE)
    assert found is not None
    actions.arrive(found.application, denpasar, action_id=action(), actor="S-1", now=NINE)

    assert PassArrival.objects.get().number == 1
