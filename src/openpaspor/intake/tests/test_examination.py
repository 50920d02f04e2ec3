"""Lost and damaged passports: one proposes, another decides."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from openpaspor import journey
from openpaspor.accounts.models import Role
from openpaspor.applications.actions import move
from openpaspor.intake import actions
from openpaspor.intake.models import Examination
from openpaspor.kit import clock
from openpaspor.ledger.worker import work_until_idle
from openpaspor.payments.models import Bill

from .making import MONDAY, action, complete, denpasar, make_staff, make_walk_in

pytestmark = pytest.mark.django_db


def do(actor: str = "S-1") -> dict:
    return {"action_id": action(), "actor": actor, "now": MONDAY}


def examined(outcome: str):
    application = make_walk_in("lost")
    complete(application)
    actions.propose_examination(application, outcome, **do("S-1"))
    actions.decide_examination(application, outcome, **do("S-HEAD"))
    return actions.finish(application, **do())


def test_a_lost_passport_cannot_be_finished_before_it_is_examined():
    application = make_walk_in("lost")
    complete(application)

    with pytest.raises(actions.NotComplete) as refused:
        actions.finish(application, **do())
    assert refused.value.details["gaps"] == ("examination",)


def test_nobody_decides_what_they_proposed():
    application = make_walk_in("lost")
    actions.propose_examination(application, "not-careless", **do("S-1"))

    with pytest.raises(actions.SamePerson):
        actions.decide_examination(application, "not-careless", **do("S-1"))


def test_the_database_holds_the_two_person_rule_too():
    application = make_walk_in("lost")
    row = actions.propose_examination(application, "careless", **do("S-1"))

    with pytest.raises(IntegrityError), transaction.atomic():
        Examination.objects.filter(pk=row.pk).update(decided_by="S-1")


def test_an_examination_is_decided_once():
    application = make_walk_in("lost")
    actions.propose_examination(application, "careless", **do("S-1"))
    actions.decide_examination(application, "not-careless", **do("S-HEAD"))

    with pytest.raises(actions.NothingToDecide):
        actions.decide_examination(application, "careless", **do("S-HEAD"))
    with pytest.raises(actions.NothingToDecide):
        actions.propose_examination(application, "careless", **do("S-1"))


def test_an_examined_case_has_no_promised_day_and_pays_the_fine():
    application = examined("not-careless")

    assert application.promised_on is None
    assert application.bill_amount_idr == 950_000 + 1_000_000


def test_a_disaster_costs_no_fine():
    assert examined("force-majeure").bill_amount_idr == 950_000


def test_a_careless_loss_is_billed_only_when_the_centre_approves():
    application = examined("careless")
    assert Bill.objects.count() == 0

    with transaction.atomic():
        move(application, journey.RECEIVE, actor="worker", now=MONDAY)
        move(application, journey.APPROVE, actor="S-C1", now=MONDAY)
    work_until_idle(with_sweeps=False)

    application.refresh_from_db()
    assert application.bill_status == "open"


def test_the_head_of_office_decides_on_a_page(client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: MONDAY)
    application = make_walk_in("damaged")
    actions.propose_examination(application, "not-careless", **do("S-1"))
    client.force_login(make_staff(Role.HEAD, denpasar()))

    assert application.ref in client.get("/petugas/berkas/pemeriksaan/").content.decode()
    address = f"/petugas/berkas/{application.ref}/pemeriksaan/putusan/"
    assert client.get(address).status_code == 200
    answer = client.post(address, {"nonce": "nonce-decide", "outcome": "force-majeure"})

    assert answer.status_code == 302
    assert Examination.objects.get().outcome == "force-majeure"


def test_an_officer_cannot_decide(client):
    application = make_walk_in("damaged")
    client.force_login(make_staff(Role.OFFICER, denpasar()))

    address = f"/petugas/berkas/{application.ref}/pemeriksaan/putusan/"
    assert client.post(address, {"outcome": "force-majeure"}).status_code == 403
