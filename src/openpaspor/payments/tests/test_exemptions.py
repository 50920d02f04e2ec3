from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from openpaspor.ledger.models import Entry
from openpaspor.payments import actions
from openpaspor.payments.models import Exemption, Ground, Status

from .make import MORNING, lapse, make_application, make_bill, make_id, pay

pytestmark = pytest.mark.django_db


def propose(application, actor="S-1"):
    return actions.propose_exemption(
        application, Ground.SCHOLARSHIP, action_id=make_id(), actor=actor, now=MORNING
    )


def decide(exemption, actor="S-2", granted=True):
    return actions.decide_exemption(exemption, granted=granted, action_id=make_id(), actor=actor, now=MORNING)


def test_an_exemption_closes_the_open_bill_and_tells_the_application():
    application = make_application(state="ENROLLED")
    bill = make_bill(application)

    decide(propose(application))

    bill.refresh_from_db()
    application.refresh_from_db()
    assert (bill.status, bill.is_paid, application.bill_status) == (Status.EXEMPT, True, "exempt")
    assert Entry.objects.get(kind="payments.exempted").application == application.ref


def test_nobody_grants_an_exemption_alone():
    exemption = propose(make_application(), "S-1")

    with pytest.raises(actions.SamePerson):
        decide(exemption, "S-1")

    with pytest.raises(IntegrityError), transaction.atomic():
        Exemption.objects.update(status="granted", decided_by="S-1")


def test_a_declined_exemption_leaves_the_bill_to_be_paid_and_can_be_asked_again():
    application = make_application(state="HOLDING")
    bill = make_bill(application)

    decide(propose(application), granted=False)

    bill.refresh_from_db()
    assert bill.status == Status.OPEN
    propose(application)


def test_granted_before_a_place_is_chosen_the_bill_is_exempt_when_it_opens():
    application = make_application()
    decide(propose(application))
    application.refresh_from_db()

    bill = make_bill(application)

    assert (bill.status, bill.amount_idr) == (Status.EXEMPT, 0)
    assert [line.source for line in bill.lines.all()] == ["scholarship"]
    assert application.bill_status == "exempt"
    assert Entry.objects.filter(kind="payments.exempted", application=application.ref).count() == 2


def test_a_lapsed_bill_after_the_interview_can_be_exempted():
    application = make_application(state="ENROLLED")
    bill = make_bill(application)
    lapse(bill, now=MORNING + timedelta(days=8))

    decide(propose(application))

    bill.refresh_from_db()
    assert bill.status == Status.EXEMPT


def test_what_is_paid_is_not_exempted():
    application = make_application(state="HOLDING")
    exemption = propose(application)
    pay(make_bill(application))

    with pytest.raises(actions.ExemptionNotPossible):
        decide(exemption)
    with pytest.raises(actions.ExemptionNotPossible):
        propose(application)


def test_money_for_an_exempt_bill_is_parked():
    application = make_application(state="ENROLLED")
    bill = make_bill(application)
    decide(propose(application))

    assert pay(bill).reason == "bill-already-paid"


def test_a_decision_is_made_once():
    exemption = propose(make_application())
    decide(exemption)

    with pytest.raises(actions.ExemptionDecided):
        decide(exemption, "S-3", granted=False)
