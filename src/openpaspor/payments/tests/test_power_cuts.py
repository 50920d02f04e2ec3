"""The power fails between two writes: afterwards nothing is half done, and the same message again brings all of it."""

import pytest
from django.db import transaction

from openpaspor.ledger.models import Deed, Entry
from openpaspor.payments import actions, api
from openpaspor.payments.gateways import demo
from openpaspor.payments.gateways.demo import bank
from openpaspor.payments.models import Bill, BillLine, Deliver, Exemption, Receipt, SettlementFile, Status

from .make import MORNING, make_application, make_bill, make_id, make_notice, pay

pytestmark = pytest.mark.django_db


class PowerCut(BaseException):
    """Nobody catches it, as nobody catches a power cut."""


@pytest.fixture
def cut(monkeypatch):
    """`cut(point)`: the power fails at that point, once."""

    def arm(point: str) -> None:
        def fault(name: str) -> None:
            if name == point:
                monkeypatch.undo()
                raise PowerCut(name)

        monkeypatch.setattr(actions, "fault", fault)
        monkeypatch.setattr(api, "fault", fault)

    return arm


def everything() -> list[object]:
    """What the money desk and the log hold."""
    kinds = (Bill, BillLine, Receipt, Exemption, SettlementFile)
    rows: list[object] = [list(kind.objects.order_by("pk").values()) for kind in kinds]
    return [*rows, Entry.objects.count(), Deed.objects.count()]


@pytest.mark.parametrize(
    "point",
    ["payments.receipt_before_bill", "payments.paid_before_telling", "payments.before_commit"],
)
def test_a_notice_is_taken_in_whole_or_not_at_all(cut, point):
    notice = make_notice(make_bill())
    before = everything()
    cut(point)

    with pytest.raises(PowerCut):
        actions.receive_notice(notice, now=MORNING)
    assert everything() == before
    receipt = actions.receive_notice(notice, now=MORNING)

    assert (receipt.bill.status, receipt.repeats) == (Status.PAID, 0)


def test_after_the_commit_the_bank_asks_again_and_only_the_counter_rises(cut):
    bill = make_bill()
    row = bank.pay(bill.code, bill.amount_idr, paid_at=MORNING, deliver=Deliver.NOW)
    cut("payments.after_commit")
    with pytest.raises(PowerCut):
        bank.tell(row, api.straight_in(MORNING))

    assert bank.tell(row, api.straight_in(MORNING)) == 200

    assert Receipt.objects.get().repeats == 1
    assert Entry.objects.filter(kind="payments.settled").count() == 1


def test_a_bill_is_opened_whole_or_not_at_all(cut):
    application = make_application(state="HOLDING")
    before = everything()
    cut("payments.bill_before_telling")

    with pytest.raises(PowerCut), transaction.atomic():
        make_bill(application)
    assert everything()[:2] == before[:2]
    application.refresh_from_db()
    assert application.bill_code == ""


def test_a_settlement_file_is_read_whole_or_not_at_all(cut):
    for bill in (make_bill(), make_bill()):
        bank.pay(bill.code, bill.amount_idr, paid_at=MORNING, deliver=Deliver.NEVER)
    statement = demo.read_statement("bank.csv", bank.statement().encode())
    before = everything()
    cut("payments.settlement_line")

    with pytest.raises(PowerCut):
        actions.read_settlement(statement, actor="S-1", now=MORNING)
    assert everything() == before
    actions.read_settlement(statement, actor="S-1", now=MORNING)

    assert Bill.objects.filter(status=Status.PAID).count() == 2


def test_money_is_placed_whole_or_not_at_all(cut):
    bill = make_bill()
    stray = pay(None, amount_idr=bill.amount_idr)
    before = everything()
    cut("payments.placed_before_bill")
    action_id = make_id()

    with pytest.raises(PowerCut):
        actions.place_money([stray], bill, action_id=action_id, actor="S-1", now=MORNING)
    assert everything() == before

    assert actions.place_money([stray], bill, action_id=action_id, actor="S-1", now=MORNING).is_paid


def test_an_exemption_is_granted_whole_or_not_at_all(cut):
    application = make_application(state="ENROLLED")
    make_bill(application)
    exemption = actions.propose_exemption(application, "poor", action_id=make_id(), actor="S-1", now=MORNING)
    before = everything()
    cut("payments.exempt_before_fact")
    deed = {"granted": True, "action_id": make_id(), "actor": "S-2", "now": MORNING}

    with pytest.raises(PowerCut):
        actions.decide_exemption(exemption, **deed)
    assert everything() == before

    assert actions.decide_exemption(exemption, **deed).status == "granted"
