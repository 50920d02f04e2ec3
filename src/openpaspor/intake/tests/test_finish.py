"""When a visit ends: complete, owing papers, or examined first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from openpaspor.applications import dossier
from openpaspor.applications.actions import MoveRefused
from openpaspor.intake import actions, sweeps
from openpaspor.ledger.models import Entry
from openpaspor.payments.models import Bill

from .making import MONDAY, SITI, action, complete, enrol, make_arrived, make_walk_in

pytestmark = pytest.mark.django_db


def do(actor: str = "S-1") -> dict:
    return {"action_id": action(), "actor": actor, "now": MONDAY}


def test_an_incomplete_case_cannot_be_finished_and_nothing_changes():
    application = make_arrived()

    with pytest.raises(actions.NotComplete) as refused:
        actions.finish(application, **do())

    application.refresh_from_db()
    assert application.state == "ARRIVED"
    assert {"identity", "paper:ktp", "portrait"} <= set(refused.value.details["gaps"])


def test_a_paper_that_differs_keeps_the_case_open():
    application = make_arrived()
    complete(application)
    actions.judge_paper(application, "ktp", "differs", **do())

    with pytest.raises(actions.NotComplete) as refused:
        actions.finish(application, **do())

    assert refused.value.details["gaps"] == ("paper:ktp",)


def test_a_finished_case_is_offered_to_the_centre_with_a_promise():
    application = enrol(make_arrived())

    assert application.state == "ENROLLED"
    assert str(application.promised_on) == "2026-11-27"
    kinds = list(Entry.objects.filter(application=application.ref).values_list("kind", flat=True))
    assert "applications.dossier_sealed" in kinds and "intake.enrolled" in kinds


def test_same_day_service_is_promised_for_today():
    assert str(enrol(make_arrived(same_day=True)).promised_on) == "2026-11-23"


def test_who_has_paid_gets_no_second_bill():
    enrol(make_arrived())

    assert Bill.objects.count() == 0


def test_a_walk_in_is_billed_after_the_interview():
    application = enrol(make_walk_in("adult-new", replace(SITI, old_number="", old_reason="")))

    assert application.bill_status == "open"
    assert application.bill_due_at == MONDAY.replace(day=30, hour=15, minute=59)


def test_papers_owed_have_a_date_and_need_no_new_appointment():
    application = make_arrived()
    actions.owe(application, ["old-passport"], **do())

    assert application.state == "INCOMPLETE"
    assert (application.papers_owed, str(application.owed_until)) == ("old-passport", "2026-11-30")
    enrol(application)
    assert (application.state, application.papers_owed, application.owed_until) == ("ENROLLED", "", None)


def test_an_empty_list_of_owed_papers_is_refused():
    with pytest.raises(actions.NothingOwed):
        actions.owe(make_arrived(), [], **do())


def test_a_case_lapses_the_day_after_its_date_and_not_before():
    application = make_arrived()
    actions.owe(application, ["ktp"], **do())

    assert sweeps.lapse_incomplete(now=MONDAY + timedelta(days=7)) == 0
    assert sweeps.lapse_incomplete(now=MONDAY + timedelta(days=8)) == 1
    application.refresh_from_db()
    assert (application.state, application.reason) == ("EXPIRED", "papers-not-brought")


def test_a_case_that_waits_for_the_head_of_office_never_lapses():
    application = make_walk_in("lost")
    actions.propose_examination(application, "not-careless", **do())
    actions.owe(application, ["examination"], **do())

    assert sweeps.lapse_incomplete(now=MONDAY + timedelta(days=30)) == 0


def test_answers_can_be_corrected_until_the_centre_has_them():
    application = enrol(make_arrived())
    before = application.person_key

    changed = actions.amend(application, {"full_name": "SITI AMINAH DEWI"}, reason="as-on-ktp", **do())

    application.refresh_from_db()
    assert changed == ("full_name",)
    assert application.person_key != before
    fact = Entry.objects.get(kind="intake.amended").read()
    assert (fact.fields, fact.reason) == (("full_name",), "as-on-ktp")
    sealed = Entry.objects.filter(kind="applications.dossier_sealed").count()
    assert sealed == 2


def test_after_the_centre_has_it_nothing_can_be_corrected():
    from django.db import transaction

    from openpaspor import journey
    from openpaspor.applications.actions import move

    application = enrol(make_arrived())
    with transaction.atomic():
        move(application, journey.RECEIVE, actor="worker", now=MONDAY)

    with pytest.raises(MoveRefused):
        actions.amend(application, {"address": "Jl. Baru 1"}, reason="as-on-ktp", **do())
    assert dossier.open_answers(application, actor="worker", why="test", now=MONDAY).address == ""
