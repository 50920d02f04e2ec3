from datetime import timedelta

import pytest
from django.test import Client

from openpaspor import journey
from openpaspor.applications.actions import move
from openpaspor.kit import clock
from openpaspor.ledger.worker import work_until_idle
from openpaspor.payments import actions
from openpaspor.payments.models import Bill, Ground

from .make import MORNING, TWO_HOURS, lapse, make_account, make_application, make_bill, make_id, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    clock.set_to(MORNING)
    return make_account()


@pytest.fixture
def page(account):
    client = Client()
    client.force_login(account)
    return client


def text(answer) -> str:
    return answer.content.decode()


def test_an_open_bill_says_how_much_until_when_and_under_which_code(account, page):
    application = make_application(state="HOLDING", account=account)
    bill = make_bill(application)

    answer = page.get(f"/permohonan/{application.ref}/bayar/")

    assert answer.status_code == 200
    assert "Bayar Rp950.000 sebelum pukul 11.40 WITA" in text(answer)
    assert f'data-copy="{bill.code}"' in text(answer)
    assert 'data-page="payments:bill"' in text(answer)
    assert '<noscript><meta http-equiv="refresh"' in text(answer)
    assert f"/demo/bank/?code={bill.code}" in text(answer)


def test_i_have_paid_answers_at_once_with_the_time_it_looked(account, page):
    application = make_application(state="HOLDING", account=account)
    make_bill(application)

    answer = page.get(f"/permohonan/{application.ref}/bayar/?periksa=1")

    assert "Sampai pukul 09.40 WITA belum ada pembayaran" in text(answer)


def test_the_live_piece_stays_until_something_changes_and_then_loads_the_page_anew(account, page):
    application = make_application(state="HOLDING", account=account)
    bill = make_bill(application)
    piece = f"/permohonan/{application.ref}/bayar/keadaan?state=open"

    assert "HX-Refresh" not in page.get(piece).headers
    pay(bill)

    assert page.get(piece).headers["HX-Refresh"] == "true"


def test_while_money_is_being_matched_nobody_is_asked_to_pay(account, page):
    application = make_application(state="HOLDING", account=account)
    bill = make_bill(application)
    pay(bill, amount_idr=bill.amount_idr - 1)

    answer = page.get(f"/permohonan/{application.ref}/bayar/")

    assert 'data-bill="matching"' in text(answer)
    assert "Jangan bayar lagi" in text(answer)


def test_a_paid_bill_leads_on_and_has_a_receipt_as_page_and_pdf(account, page):
    application = make_application(state="ENROLLED", account=account)
    bill = make_bill(application)
    pay(bill)
    work_until_idle(with_sweeps=False)

    answer = page.get(f"/permohonan/{application.ref}/bayar/")
    receipt = page.get(f"/permohonan/{application.ref}/kuitansi/")
    pdf = page.get(f"/permohonan/{application.ref}/kuitansi.pdf")

    assert "<h1>Lunas</h1>" in text(answer)
    assert f"/permohonan/{application.ref}/lanjut/" in text(answer)
    assert "Rp950.000" in text(receipt)
    assert pdf.content.startswith(b"%PDF")


def test_a_paid_place_that_is_not_confirmed_yet_shows_a_page_that_looks_again(account, page, monkeypatch):
    application = make_application(state="HOLDING", account=account)
    pay(make_bill(application))
    monkeypatch.setattr("openpaspor.payments.views.wait_until_followed", lambda ref: False)

    answer = page.get(f"/permohonan/{application.ref}/bayar/")

    assert 'http-equiv="refresh"' in text(answer)


def test_a_lapsed_place_bill_leads_to_choosing_a_time_again(account, page):
    application = make_application(state="HOLDING", account=account)
    lapse(make_bill(application), now=MORNING + TWO_HOURS)

    answer = page.get(f"/permohonan/{application.ref}/bayar/")

    assert "Pilih waktu dan buat kode baru" in text(answer)
    assert f"/permohonan/{application.ref}/lanjut/" in text(answer)


def test_a_lapsed_counter_bill_is_renewed_by_one_button_and_once(account, page):
    application = make_application(state="ENROLLED", account=account)
    lapse(make_bill(application), now=MORNING + timedelta(days=8))
    where = f"/permohonan/{application.ref}/bayar/baru/"
    assert where in text(page.get(f"/permohonan/{application.ref}/bayar/"))

    for _click in range(2):
        answer = page.post(where, {"nonce": "abcdefghijkl"})

    assert answer.status_code == 302
    assert Bill.objects.of(application).count() == 2


def test_an_exempt_application_has_nothing_to_pay(account, page):
    application = make_application(state="HOLDING", account=account)
    make_bill(application)
    exemption = actions.propose_exemption(
        application, Ground.POOR, action_id=make_id(), actor="S-1", now=MORNING
    )
    actions.decide_exemption(exemption, granted=True, action_id=make_id(), actor="S-2", now=MORNING)
    work_until_idle(with_sweeps=False)

    assert "bebas biaya" in text(page.get(f"/permohonan/{application.ref}/bayar/"))
    assert "bebas biaya" in text(page.get(f"/permohonan/{application.ref}/kuitansi/"))


def test_before_there_is_a_bill_and_after_the_end_the_page_says_so(account, page):
    fresh, ended = make_application(account=account), make_application(state="HOLDING", account=account)
    make_bill(ended)
    move(ended, journey.WITHDRAW, actor="test", now=MORNING)
    work_until_idle(with_sweeps=False)

    assert "setelah Anda memilih waktu" in text(page.get(f"/permohonan/{fresh.ref}/bayar/"))
    assert "permohonan sudah berakhir" in text(page.get(f"/permohonan/{ended.ref}/bayar/"))


def test_somebody_elses_bill_and_receipt_do_not_exist(page):
    application = make_application(state="HOLDING", account=make_account())
    pay(make_bill(application))

    for tail in ("bayar/", "bayar/keadaan", "kuitansi/", "kuitansi.pdf"):
        assert page.get(f"/permohonan/{application.ref}/{tail}").status_code == 404
    assert page.post(f"/permohonan/{application.ref}/bayar/baru/").status_code == 404


def test_there_is_no_receipt_before_the_money(account, page):
    application = make_application(state="HOLDING", account=account)
    make_bill(application)

    assert page.get(f"/permohonan/{application.ref}/kuitansi/").status_code == 404


def test_who_is_not_signed_in_is_sent_to_the_door():
    application = make_application(state="HOLDING")

    assert Client().get(f"/permohonan/{application.ref}/bayar/").status_code == 302
