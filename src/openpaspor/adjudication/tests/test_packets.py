"""What the centre signs, and what becomes of an approval that it withdraws."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from openpaspor import journey
from openpaspor.adjudication import actions, sweeps
from openpaspor.adjudication.models import Packet
from openpaspor.applications import dossier
from openpaspor.applications.actions import move, order_stop
from openpaspor.applications.models import Application
from openpaspor.applications.personalisation import personalisation_of
from openpaspor.facts.adjudication import PacketSigned
from openpaspor.ledger import node, worker
from openpaspor.ledger.models import Entry
from openpaspor.ledger.verify import proven

from .making import MONDAY, SITI, action, decide, make_case, somebody

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(minutes=2)


def make_approved(answers=None) -> Application:
    case = make_case(answers)
    decide(case, "approve", actor="S-C1")
    sweeps.let_decisions_count(now=LATER)
    return Application.objects.select_related("office").get(pk=case.application_id)


def packets_of(application: Application) -> list[dict]:
    return [entry.values for entry in Entry.objects.of(application.ref).filter(kind=PacketSigned.name)]


def spoil(application: Application) -> None:
    """The office printed and wrote the booklet off."""
    move(application, journey.PRINT, actor="S-print", now=LATER)
    move(application, journey.SPOIL, actor="S-print", now=LATER)


def revoke(application: Application, *, actor: str = "S-C1") -> None:
    actions.revoke(application, action_id=action(), actor=actor, now=LATER)


def test_an_approval_that_counts_is_signed_as_a_packet_without_anything_of_the_person():
    application = make_approved(somebody(full_name="RATNA WULANDARI"))
    worker.work_until_idle(with_sweeps=False)

    (packet,) = packets_of(application)
    answers = dossier.open_answers(application, actor="worker", why="test", now=LATER)
    assert (packet["office"], packet["version"], packet["number"]) == ("DENPASAR", application.version, 1)
    assert (packet["booklet"], packet["years"], packet["decided_by"]) == ("electronic", 10, "S-C1")
    assert packet["personalisation"] == personalisation_of(application, answers).token()
    assert "RATNA" not in str(packet) and answers.nik not in str(packet)


def test_its_signature_proves_who_said_it_and_that_nothing_was_changed():
    application = make_approved()
    worker.work_until_idle(with_sweeps=False)
    entry = Entry.objects.get(kind=PacketSigned.name)

    assert proven(entry, "everything")["fact"]["application"] == application.ref
    assert proven(entry, "office") is None
    entry.body = bytes(entry.body).replace(b"DENPASAR", b"SURABAYA")
    assert proven(entry, "everything") is None


def test_a_refusal_is_no_packet():
    case = make_case()
    decide(case, "refuse", "identity-not-proven", actor="S-C1")
    decide(case, "refuse", "identity-not-proven", actor="S-C2")
    sweeps.let_decisions_count(now=LATER)

    assert packets_of(case.application) == []


def test_after_a_spoiled_booklet_the_same_is_signed_again_whatever_the_file_says_meanwhile():
    application = make_approved(SITI)
    spoil(application)
    dossier.write_answers(application, replace(SITI, full_name="SOMEBODY ELSE"))

    assert [sweeps.sign_missing_packets(now=LATER) for _again in range(2)] == [1, 0]

    first, second = packets_of(application)
    assert (second["number"], second["version"]) == (2, application.version)
    assert second["personalisation"] == first["personalisation"]


def test_nothing_is_signed_again_for_what_is_withdrawn_or_stopped():
    withdrawn, stopped = make_approved(), make_approved()
    revoke(withdrawn)
    order_stop(stopped, "money-reversed", actor="S-K", now=LATER)
    spoil(withdrawn)
    spoil(stopped)

    assert sweeps.sign_missing_packets(now=LATER) == 0
    with pytest.raises(actions.NothingApproved):
        actions.sign_again(withdrawn, action_id=action(), now=LATER)
    assert Packet.objects.count() == 2


def test_the_centre_orders_and_whoever_holds_the_file_gives_it_back(tmp_path):
    application = make_approved()
    centre = node.Node(name="pusat", role="centre", home=tmp_path)
    with node.standing_at(centre):
        revoke(application)

    assert (application.state, application.stop_order) == ("APPROVED", "approval-withdrawn")
    said = Entry.objects.of(application.ref).filter(kind="adjudication.revoked").get().values
    assert said["packet"] == 1


def test_a_file_that_is_given_back_is_decided_anew_without_a_stop():
    application = make_approved()
    revoke(application)
    worker.work_until_idle(with_sweeps=False)

    application.refresh_from_db()
    assert (application.state, application.stop_order) == ("REVIEW", "")
    case = application.centre_case
    assert (case.round, case.is_open) == (2, True)
    decide(case, "approve", actor="S-C2")
    sweeps.let_decisions_count(now=LATER + timedelta(minutes=2))
    assert [packet["number"] for packet in packets_of(application)] == [1, 2]
    assert packets_of(application)[1]["decided_by"] == "S-C2"


def test_an_approval_is_withdrawn_once():
    application = make_approved()
    revoke(application)

    with pytest.raises(actions.NothingToStop):
        revoke(application, actor="S-C2")


def test_a_withdrawal_keeps_the_stop_of_somebody_else():
    application = make_approved()
    order_stop(application, "money-reversed", actor="S-K", now=LATER)

    revoke(application)
    actions.lift_our_stop(application, action_id=action(), actor="S-C2", now=LATER)

    application.refresh_from_db()
    assert application.stop_order == "money-reversed"
    assert Entry.objects.of(application.ref).filter(kind="adjudication.withdrawal_lifted").exists()
