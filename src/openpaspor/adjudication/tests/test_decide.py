"""Deciding: one person or two, a minute to take it back, and what the applicant then reads."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from openpaspor.adjudication import actions, sweeps
from openpaspor.adjudication.models import Decision, Status
from openpaspor.applications.models import Application
from openpaspor.ledger.models import Entry

from .making import MONDAY, action, decide, make_case, take

pytestmark = pytest.mark.django_db
MINUTE_LATER = MONDAY + timedelta(seconds=60)


def state_of(case) -> str:
    return Application.objects.get(pk=case.application_id).state


def test_an_approval_counts_a_minute_later():
    case = make_case()
    decide(case, "approve", actor="S-C1")

    assert sweeps.let_decisions_count(now=MONDAY + timedelta(seconds=59)) == 0
    assert state_of(case) == "REVIEW"
    assert sweeps.let_decisions_count(now=MINUTE_LATER) == 1
    application = Application.objects.get(pk=case.application_id)
    assert (application.state, application.decided_at) == ("APPROVED", MINUTE_LATER)


def test_a_decision_taken_back_in_time_never_counts():
    case = make_case()
    decision = decide(case, "approve", actor="S-C1")
    actions.take_back(decision, action_id=action(), actor="S-C1", now=MONDAY + timedelta(seconds=30))

    assert sweeps.let_decisions_count(now=MINUTE_LATER) == 0
    assert state_of(case) == "REVIEW"
    assert take("S-C1") == case


def test_after_its_moment_nothing_can_be_taken_back():
    decision = decide(make_case(), "approve", actor="S-C1")

    with pytest.raises(actions.TooLate):
        actions.take_back(decision, action_id=action(), actor="S-C1", now=MINUTE_LATER)


def test_only_who_decided_takes_it_back():
    decision = decide(make_case(), "approve", actor="S-C1")

    with pytest.raises(actions.NotYourDecision):
        actions.take_back(decision, action_id=action(), actor="S-C2", now=MONDAY)


def test_a_refusal_waits_for_a_second_person_however_long():
    case = make_case()
    decide(case, "refuse", "statement-differs", actor="S-C1")

    assert sweeps.let_decisions_count(now=MONDAY + timedelta(days=9)) == 0
    assert state_of(case) == "REVIEW"


def test_the_same_person_cannot_be_the_second():
    case = make_case()
    decide(case, "refuse", "statement-differs", actor="S-C1")

    with pytest.raises(actions.NothingWaits):
        take("S-C1")
    with pytest.raises(actions.NotYours):
        decide(case, "refuse", "statement-differs", actor="S-C1")
    assert Decision.objects.get().status == Status.WAITS


def test_the_database_knows_no_refusal_by_one_person():
    decision = decide(make_case(), "refuse", "statement-differs", actor="S-C1")

    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(status=Status.EFFECTIVE)
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(second_by="S-C1")


def test_two_people_refuse_and_the_applicant_gets_both_reasons():
    case = make_case()
    decide(case, "refuse", "statement-differs", actor="S-C1")
    decide(case, "refuse", "prevented", actor="S-C2")
    sweeps.let_decisions_count(now=MINUTE_LATER)

    application = Application.objects.get(pk=case.application_id)
    assert (application.state, application.reason) == ("REFUSED", "statement-differs")
    assert application.decision_reasons == "statement-differs,prevented"
    said = Entry.objects.get(kind="adjudication.second_opinion").read()
    assert (said.agrees, said.first) == (True, "S-C1")


def test_when_two_disagree_a_third_decides():
    case = make_case()
    decide(case, "refuse", "statement-differs", actor="S-C1")
    decide(case, "approve", actor="S-C2")
    for seen_before in ("S-C1", "S-C2"):
        with pytest.raises(actions.NothingWaits):
            take(seen_before)

    assert take("S-C3") == case
    final = decide(case, "refuse", "statement-differs", actor="S-C3")
    assert (final.status, final.second_by) == (Status.PENDING, "S-C1")
    sweeps.let_decisions_count(now=MINUTE_LATER)
    assert state_of(case) == "REFUSED"


def test_the_second_person_takes_back_only_the_agreement():
    case = make_case()
    decide(case, "refuse", "statement-differs", actor="S-C1")
    decision = decide(case, "refuse", "statement-differs", actor="S-C2", now=MONDAY + timedelta(minutes=5))

    actions.take_back(
        decision, action_id=action(), actor="S-C2", now=MONDAY + timedelta(minutes=5, seconds=9)
    )

    decision = Decision.objects.get()
    assert (decision.status, decision.made_by, decision.second_by) == (Status.WAITS, "S-C1", "")


def test_a_question_has_a_date():
    case = make_case()
    decide(case, "ask", "purpose-unclear", actor="S-C1")
    sweeps.let_decisions_count(now=MINUTE_LATER)

    application = Application.objects.get(pk=case.application_id)
    assert (application.state, application.asked) == ("ASKED", "purpose-unclear")
    assert application.owed_until == date(2026, 12, 7)


def test_a_question_nobody_answers_ends_the_application():
    case = make_case()
    decide(case, "ask", "purpose-unclear", actor="S-C1")
    sweeps.let_decisions_count(now=MINUTE_LATER)

    assert sweeps.expire_unanswered(now=MONDAY + timedelta(days=14)) == 0
    assert sweeps.expire_unanswered(now=MONDAY + timedelta(days=15)) == 1
    assert state_of(case) == "EXPIRED"


def test_a_deferral_lasts_six_months_to_two_years():
    case = make_case()
    for until in (date(2027, 5, 22), date(2028, 11, 24), None):
        with pytest.raises(actions.DeferralWrong):
            decide(case, "defer", "custody-open", actor="S-C1", until=until)

    decide(case, "defer", "custody-open", actor="S-C1", until=date(2027, 5, 23))
    sweeps.let_decisions_count(now=MINUTE_LATER)
    assert state_of(case) == "DEFERRED"


@pytest.mark.parametrize(
    ("verdict", "reasons"), [("refuse", ()), ("refuse", ("photo-again",)), ("approve", ("prevented",))]
)
def test_reasons_belong_to_their_verdict(verdict, reasons):
    with pytest.raises(actions.ReasonsWrong):
        decide(make_case(), verdict, *reasons, actor="S-C1")


def test_a_double_click_decides_once():
    case = make_case()
    take("S-C1")
    for _click in range(2):
        actions.decide(case, "approve", action_id="form:same", actor="S-C1", now=MONDAY)

    assert Decision.objects.count() == 1


def test_a_stopped_application_waits_and_the_others_go_on():
    from openpaspor.applications.actions import lift_stop, order_stop

    stopped, free = make_case(), make_case()
    decide(stopped, "approve", actor="S-C1")
    decide(free, "approve", actor="S-C1")
    application = Application.objects.get(pk=stopped.application_id)
    order_stop(application, "money-reversed", actor="S-K", now=MONDAY)

    assert sweeps.let_decisions_count(now=MINUTE_LATER) == 1
    assert (state_of(stopped), state_of(free)) == ("REVIEW", "APPROVED")
    lift_stop(application, actor="S-K", now=MINUTE_LATER)
    assert sweeps.let_decisions_count(now=MINUTE_LATER) == 1
