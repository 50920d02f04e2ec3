import json
from datetime import timedelta

import pytest
from django.test import Client

from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.payments import api, sweeps
from openpaspor.payments.gateways.demo import bank, views
from openpaspor.payments.models import BankTransaction, Receipt, Status

from .make import MORNING, make_bill, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_street_between_the_bank_and_us(monkeypatch):
    clock.set_to(MORNING)
    monkeypatch.setattr(bank, "over_http", lambda url: api.straight_in(clock.now()))


def pay_json(**said) -> object:
    return Client().post("/demo/bank/pay", json.dumps(said), content_type="application/json")


def test_a_bill_is_picked_and_paid_by_form_and_the_slip_leads_back():
    bill = make_bill()
    page = Client().get("/demo/bank/", {"code": bill.code})
    assert str(bill.amount_idr) in page.content.decode()

    answer = Client().post("/demo/bank/pay", {"code": bill.code, "amount_idr": "Rp950.000", "deliver": "now"})

    bill.refresh_from_db()
    assert bill.status == Status.PAID
    slip = Client().get(answer.url).content.decode()
    assert f"/permohonan/{bill.applications()[0].ref}/bayar/" in slip


def test_while_one_payment_waits_for_our_door_another_goes_in_without_a_wire(monkeypatch):
    bill = make_bill()
    monkeypatch.setattr(bank, "over_http", lambda url: pytest.fail("a second request waits for the server"))

    with views._calls_ourselves:
        said = pay_json(code=bill.code, amount_idr=bill.amount_idr, deliver="twice").json()

    bill.refresh_from_db()
    assert (said["notices_sent"], said["answer"], bill.status) == (2, 200, Status.PAID)


def test_json_is_answered_in_json():
    bill = make_bill()

    answer = pay_json(
        code=bill.code, amount_idr=bill.amount_idr, paid_at="2026-11-24T08:39:00+07:00", deliver="twice"
    )

    said = answer.json()
    assert (answer.status_code, said["notices_sent"], said["answer"]) == (200, 2, 200)
    assert said["paid_at"] == "2026-11-24T01:39:00.000000Z"
    assert Receipt.objects.get().repeats == 1


def test_a_form_that_asks_for_json_gets_json():
    bill = make_bill()

    answer = Client().post(
        "/demo/bank/pay",
        {"code": bill.code, "amount_idr": bill.amount_idr},
        headers={"accept": "application/json"},
    )

    assert answer.json()["deliver"] == "now"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "abc"},
        {"amount_idr": -5},
        {"amount_idr": "1e9"},
        {"amount_idr": 0},
        {"paid_at": "soon"},
        {"deliver": "sometimes"},
    ],
)
def test_what_cannot_be_paid_is_a_422(wrong):
    answer = pay_json(**{"code": "820261124000001", "amount_idr": 950000, **wrong})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == list(wrong)
    assert not BankTransaction.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", "nonsense", "[" * 100_000])
def test_a_body_that_is_no_object_is_a_422(body):
    assert Client().post("/demo/bank/pay", body, content_type="application/json").status_code == 422


def test_late_news_comes_when_the_clock_is_there_and_pays_all_the_same():
    bill = make_bill()
    pay_json(code=bill.code, amount_idr=bill.amount_idr, deliver="late")
    assert sweeps.deliver_late_notices(now=bill.due_at) == 0

    assert sweeps.deliver_late_notices(now=bill.due_at + bank.LATE) == 1

    bill.refresh_from_db()
    assert bill.status == Status.PAID
    assert sweeps.deliver_late_notices(now=bill.due_at + bank.LATE) == 0


def test_a_button_delivers_what_was_kept_back():
    bill = make_bill()
    pay_json(code=bill.code, amount_idr=bill.amount_idr, deliver="late")
    assert "Kirim pemberitahuan yang ditahan" in Client().get("/demo/bank/").content.decode()

    Client().post("/demo/bank/deliver")

    bill.refresh_from_db()
    assert bill.status == Status.PAID


def test_nobody_answering_is_tried_again(monkeypatch):
    bill = make_bill()
    pay_json(code=bill.code, amount_idr=bill.amount_idr, deliver="late")
    monkeypatch.setattr(bank, "over_http", lambda url: lambda body, headers: 0)

    assert sweeps.deliver_late_notices(now=bill.due_at + bank.LATE) == 0
    assert len(bank.waiting()) == 1


def test_the_settlement_file_lists_everything_the_bank_took_by_day():
    bill = make_bill()
    for how in ("now", "never", "bad-signature"):
        pay_json(code=bill.code, amount_idr=7, deliver=how)

    whole = Client().get("/demo/bank/settlement.csv")
    other_day = Client().get("/demo/bank/settlement.csv", {"day": "2026-11-23"})

    assert whole.headers["Content-Type"].startswith("text/csv")
    assert whole.content.decode().splitlines()[-1].startswith("TOTAL,3,21")
    assert other_day.content.decode().splitlines()[-1].startswith("TOTAL,0,0")


@pytest.mark.parametrize("paid_at", ["2026-11-24 08:30", ""])
def test_a_double_click_pays_once(paid_at):
    bill = make_bill()
    form = {
        "code": bill.code,
        "amount_idr": bill.amount_idr,
        "deliver": "now",
        "nonce": "n" * 12,
        "paid_at": paid_at,
    }

    answers = []
    for click in range(2):
        clock.set_to(MORNING + timedelta(seconds=click))
        answers.append(Client().post("/demo/bank/pay", form))

    assert answers[0].url == answers[1].url
    assert BankTransaction.objects.count() == 1


def test_outside_a_demo_and_from_afar_there_is_no_bank(settings):
    far = Client(REMOTE_ADDR="10.0.0.9")
    assert far.get("/demo/bank/").status_code == 404
    assert far.post("/demo/bank/pay", {}).status_code == 404
    here = node.here()
    real = node.Node(name=here.name, role=here.role, home=here.home, demo=False)

    with node.standing_at(real):
        assert Client().get("/demo/bank/").status_code == 404
        assert (
            Client().post("/payments/notices/demo", b"{}", content_type="application/json").status_code == 404
        )


def test_a_paid_bill_is_not_offered_any_more():
    bill = make_bill()
    pay(bill)

    assert bill.code not in Client().get("/demo/bank/").content.decode()
