import json

import pytest
from django.test import Client

from openpaspor.payments.gateways.demo import SIGNATURE, bank, keys
from openpaspor.payments.models import BankTransaction, Deliver, NoticeCount, Place, Receipt, Status

from .make import MORNING, make_bill

pytestmark = pytest.mark.django_db
DOOR = "/payments/notices/demo"


def knock(body: bytes, signature: str | None = None) -> object:
    signature = keys.sign(body) if signature is None else signature
    return Client().post(DOOR, body, content_type="application/json", headers={SIGNATURE: signature})


def through_the_door(body, headers):
    return (
        Client()
        .post(DOOR, body, content_type="application/json", headers={SIGNATURE: headers[SIGNATURE]})
        .status_code
    )


def bank_pays(bill, deliver, amount_idr=None):
    row = bank.pay(bill.code, amount_idr or bill.amount_idr, paid_at=MORNING, deliver=Deliver(deliver))
    bank.tell_at_once(row, through_the_door)
    row.refresh_from_db()
    return row


def test_now_pays_the_bill():
    bill = make_bill()

    row = bank_pays(bill, "now")

    bill.refresh_from_db()
    assert (row.told, row.answer, bill.status) == (1, 200, Status.PAID)


def test_twice_pays_once_and_is_answered_200_both_times():
    row = bank_pays(make_bill(), "twice")

    assert (row.told, row.answer, Receipt.objects.get().repeats) == (2, 200, 1)


def test_never_says_nothing():
    row = bank_pays(make_bill(), "never")

    assert (row.told, Receipt.objects.count()) == (0, 0)


def test_late_waits_until_it_is_told_to_speak():
    bill = make_bill()
    row = bank_pays(bill, "late")
    assert (row.told, bank.waiting()) == (0, [row])
    assert row.tell_at > bill.due_at

    bank.tell(row, through_the_door)

    assert bank.waiting() == []


def test_a_bad_signature_is_answered_401_and_only_counted():
    row = bank_pays(make_bill(), "bad-signature")

    assert (row.answer, Receipt.objects.count()) == (401, 0)
    assert NoticeCount.objects.get().outcome == "bad-signature"


@pytest.mark.parametrize(
    ("amount", "code", "reason"), [(-1, None, "wrong-amount"), (0, "820260101000009", "unknown-bill")]
)
def test_what_cannot_be_matched_is_parked_with_202(amount, code, reason):
    bill = make_bill()
    row = BankTransaction(
        txn="T-1", code=code or bill.code, amount_idr=bill.amount_idr + amount, paid_at=MORNING
    )

    answer = knock(bank.notice_of(row))

    assert (answer.status_code, answer.json()["reason"]) == (202, reason)
    assert knock(bank.notice_of(row)).status_code == 202
    assert Receipt.objects.get().place == Place.UNMATCHED


@pytest.mark.parametrize("signature", ["", "zz", "00" * 64, "é"])
def test_no_signature_that_is_not_the_banks_is_believed(signature):
    body = bank.notice_of(BankTransaction(txn="T-1", code="8", amount_idr=1, paid_at=MORNING))

    assert knock(body, signature).status_code == 401


def test_a_changed_byte_breaks_the_signature():
    body = bank.notice_of(BankTransaction(txn="T-1", code="8", amount_idr=100, paid_at=MORNING))

    assert knock(body.replace(b"100", b"900"), keys.sign(body)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"[1,2]", 400),
        (b"null", 400),
        (b"{}", 422),
        (b"[" * 5000, 400),
        (b" " * 20_000, 413),
    ],
)
def test_a_signed_body_that_is_no_notice_gets_a_clear_answer(body, status):
    answer = knock(body)

    assert answer.status_code == status
    assert answer.json()["code"]
    assert not Receipt.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"amount_idr": "650000"},
        {"amount_idr": 650000.0},
        {"amount_idr": True},
        {"amount_idr": -1},
        {"amount_idr": 0},
        {"amount_idr": 10**30},
        {"code": 8},
        {"code": "8' OR 1=1"},
        {"transaction": "x" * 65},
        {"transaction": None},
        {"currency": "rupiah"},
        {"paid_at": "yesterday"},
        {"paid_at": "2026-11-24T09:40:00"},
        {"paid_at": 5},
        {"paid_at": "9999-12-31T23:59:59-12:00"},
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(change):
    said = json.loads(bank.notice_of(BankTransaction(txn="T-1", code="8", amount_idr=1, paid_at=MORNING)))

    answer = knock(json.dumps({**said, **change}).encode())

    assert answer.status_code == 422
    assert not Receipt.objects.exists()


def test_one_transaction_with_two_stories_is_a_409_and_counted():
    rows = [BankTransaction(txn="T-1", code="8", amount_idr=amount, paid_at=MORNING) for amount in (1, 2)]

    assert [knock(bank.notice_of(row)).status_code for row in rows] == [202, 409]
    assert NoticeCount.objects.get().outcome == "contradiction"


def test_a_bank_we_do_not_know_has_no_door():
    assert Client().post("/payments/notices/other", b"{}", content_type="application/json").status_code == 404


def test_the_door_is_for_posting_only():
    assert Client().get(DOOR).status_code == 405
