import pytest

from openpaspor.payments import actions, gateways
from openpaspor.payments.gateways import demo
from openpaspor.payments.gateways.demo import bank
from openpaspor.payments.models import Deliver, Outcome, Place, Proof, Receipt, SettlementFile, Status

from .make import MORNING, make_bill, pay, pay_at_bank

pytestmark = pytest.mark.django_db


def read(text: str, name: str = "settlement.csv") -> SettlementFile:
    statement = demo.read_statement(name, text.encode())
    return actions.read_settlement(statement, actor="S-KAS", now=MORNING)


def outcomes(file: SettlementFile) -> list[str]:
    return [line.outcome for line in file.lines.all()]


def test_a_file_matches_what_notices_told_and_adds_what_they_did_not():
    told, silent = make_bill(), make_bill()
    pay_at_bank(told.code, told.amount_idr)
    pay_at_bank(silent.code, silent.amount_idr, "never")
    pay_at_bank("820260101000009", 500, "never")

    file = read(bank.statement())

    assert outcomes(file) == [Outcome.MATCHED, Outcome.ADDED, Outcome.UNKNOWN]
    silent.refresh_from_db()
    receipt = silent.receipts.get()
    assert (silent.status, receipt.proof) == (Status.PAID, Proof.SETTLEMENT)
    assert len(receipt.ntpn) == 16
    assert sum(row.amount_idr for row in Receipt.objects.all()) == file.total_idr


def test_the_same_file_again_changes_nothing_and_a_longer_one_adds_its_new_lines():
    first, second = make_bill(), make_bill()
    pay_at_bank(first.code, first.amount_idr, "never")
    text = bank.statement()

    assert read(text) == read(text, "again.csv")
    pay_at_bank(second.code, second.amount_idr, "never")
    longer = read(bank.statement())

    assert outcomes(longer) == [Outcome.MATCHED, Outcome.ADDED]
    assert Receipt.objects.count() == 2


def test_a_notice_after_the_settlement_file_only_counts():
    bill = make_bill()
    row = bank.pay(bill.code, bill.amount_idr, paid_at=MORNING, deliver=Deliver.LATE)
    read(bank.statement())

    from openpaspor.payments import api

    assert bank.tell(row, api.straight_in(MORNING)) == 200
    assert Receipt.objects.get().repeats == 1


def test_a_sum_that_differs_from_ours_is_shown_and_ours_is_kept():
    bill = make_bill()
    pay_at_bank(bill.code, bill.amount_idr)
    text = bank.statement().replace(str(bill.amount_idr), str(bill.amount_idr - 7))

    file = read(text)

    assert outcomes(file) == [Outcome.DIFFERS]
    receipt = Receipt.objects.get()
    assert (receipt.amount_idr, receipt.settled_idr) == (bill.amount_idr, bill.amount_idr - 7)


def test_a_line_that_stands_twice_counts_once():
    bill = make_bill()
    pay_at_bank(bill.code, bill.amount_idr, "never")
    head, line, _total = bank.statement().splitlines()

    file = read("\n".join([head, line, line, f"TOTAL,2,{2 * bill.amount_idr},,,,", ""]))

    assert outcomes(file) == [Outcome.ADDED, Outcome.DUPLICATE]
    assert Receipt.objects.filter(place=Place.ALLOCATED).count() == 1


def test_receipts_that_the_file_does_not_know_are_missing():
    bill, other = make_bill(), make_bill()
    pay_at_bank(bill.code, bill.amount_idr)
    stray = pay(other)

    file = read(bank.statement())

    assert list(file.missing()) == [stray]


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        (lambda text: text.replace("TOTAL,1", "TOTAL,2"), gateways.StatementUnbalanced),
        (lambda text: text.replace("TOTAL", "SUM"), gateways.StatementNotReadable),
        (lambda text: text.replace("transaction", "id"), gateways.StatementNotReadable),
        (lambda text: text.replace("IDR", "USD"), gateways.StatementNotReadable),
        (lambda text: text.replace("2026-11", "soon"), gateways.StatementNotReadable),
        (lambda text: "", gateways.StatementNotReadable),
        (lambda text: "\x00\x01", gateways.StatementNotReadable),
    ],
)
def test_a_spoiled_file_is_refused_as_a_whole(spoil, refusal):
    bill = make_bill()
    pay_at_bank(bill.code, bill.amount_idr, "never")

    with pytest.raises(refusal):
        read(spoil(bank.statement()))

    assert not Receipt.objects.exists()
