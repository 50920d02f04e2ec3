import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from openpaspor.accounts.models import Role
from openpaspor.kit import clock
from openpaspor.payments.gateways.demo import bank
from openpaspor.payments.models import Bill, Exemption, Place, Receipt, SettlementFile, Status

from .make import (
    MORNING,
    lapse,
    make_application,
    make_bill,
    make_office,
    make_staff,
    pay,
    pay_at_bank,
)

pytestmark = pytest.mark.django_db


def sit_down(role: Role, office=None) -> Client:
    client = Client()
    client.force_login(make_staff(role, office))
    return client


@pytest.fixture
def kas():
    clock.set_to(MORNING)
    return sit_down(Role.KAS)


def text(answer) -> str:
    return answer.content.decode()


def test_unmatched_money_stands_on_the_desk_with_its_reason_and_owner(kas):
    bill = make_bill()
    receipt = pay(bill, amount_idr=bill.amount_idr - 1)

    answer = kas.get("/kas/")

    assert receipt.provider_txn in text(answer)
    assert "Jumlahnya berbeda dari tagihan" in text(answer)
    assert "belum ada" in text(answer)


def test_an_empty_desk_says_what_comes_there(kas):
    assert "Semua uang sudah cocok" in text(kas.get("/kas/"))


def test_money_is_counted_towards_a_bill_found_by_its_reference(kas):
    bill = make_bill()
    stray = pay(None, amount_idr=bill.amount_idr)

    answer = kas.post(
        f"/kas/uang/{stray.pk}/cocokkan/", {"bill": bill.applications()[0].ref, "nonce": "n" * 12}
    )

    assert answer.status_code == 302
    bill.refresh_from_db()
    assert bill.status == Status.PAID
    assert "sudah dihitung ke tagihan" in text(kas.get(answer.url))


def test_two_parts_are_counted_together(kas):
    bill = make_bill()
    first, second = pay(bill, amount_idr=bill.amount_idr - 1), pay(bill, amount_idr=1)
    page = text(kas.get(f"/kas/uang/{first.pk}/"))
    assert second.provider_txn in page

    kas.post(f"/kas/uang/{first.pk}/cocokkan/", {"bill": bill.code, "also": [second.pk]})

    bill.refresh_from_db()
    assert bill.status == Status.PAID


@pytest.mark.parametrize(("typed", "status", "code"), [("", 422, "required"), ("123", 422, "unknown-bill")])
def test_a_bill_that_is_not_there_is_said_beside_the_field(kas, typed, status, code):
    stray = pay(None)

    answer = kas.post(f"/kas/uang/{stray.pk}/cocokkan/", {"bill": typed})

    assert answer.status_code == status
    assert f'data-code="{code}"' in text(answer)


def test_a_sum_that_does_not_fit_is_a_409_and_nothing_changes(kas):
    bill = make_bill()
    stray = pay(None, amount_idr=5)

    answer = kas.post(f"/kas/uang/{stray.pk}/cocokkan/", {"bill": bill.code})

    assert answer.status_code == 409
    assert 'data-code="wrong-sum"' in text(answer)
    stray.refresh_from_db()
    assert stray.place == Place.UNMATCHED


def test_giving_back_takes_two_people_from_the_desk(kas):
    stray = pay(None)
    kas.post(f"/kas/uang/{stray.pk}/kembalikan/", {"reason": "not-ours"})
    assert "Orang lain dari bagian kas harus menyetujui" in text(kas.get(f"/kas/uang/{stray.pk}/"))

    alone = kas.post(f"/kas/uang/{stray.pk}/setuju/")
    second = sit_down(Role.KAS).post(f"/kas/uang/{stray.pk}/setuju/")

    assert (alone.status_code, second.status_code) == (409, 302)
    stray.refresh_from_db()
    assert stray.place == Place.REFUNDED


def test_a_refund_without_a_reason_is_refused_and_one_can_be_dropped(kas):
    stray = pay(None)
    assert kas.post(f"/kas/uang/{stray.pk}/kembalikan/").status_code == 422
    kas.post(f"/kas/uang/{stray.pk}/kembalikan/", {"reason": "not-ours"})

    kas.post(f"/kas/uang/{stray.pk}/batal/")

    stray.refresh_from_db()
    assert (stray.place, stray.refund_asked_by) == (Place.UNMATCHED, "")


def test_somebody_takes_money_up(kas):
    stray = pay(None)

    kas.post(f"/kas/uang/{stray.pk}/urus/")

    assert "Anda" in text(kas.get("/kas/"))


def test_a_bill_is_found_by_code_with_spaces_and_a_lapsed_one_renewed_for_a_walk_in(kas):
    application = make_application(state="ENROLLED")
    bill = make_bill(application)
    lapse(bill, now=MORNING)
    code = bill.code

    found = kas.get("/kas/tagihan/", {"q": f"{code[:4]} {code[4:8]} {code[8:]}"})
    assert f"/kas/tagihan/{application.ref}/baru/" in text(found)
    answer = kas.post(f"/kas/tagihan/{application.ref}/baru/")

    assert Bill.objects.live_for(application).code in answer.url
    assert kas.get("/kas/tagihan/", {"q": "nothing"}).status_code == 404
    assert kas.get("/kas/tagihan/").status_code == 200


def hand_in(kas, content: bytes):
    return kas.post("/kas/rekonsiliasi/", {"file": SimpleUploadedFile("bank.csv", content)})


def test_a_settlement_file_is_handed_in_and_every_line_accounted_for(kas):
    told, silent = make_bill(), make_bill()
    pay_at_bank(told.code, told.amount_idr)
    pay_at_bank(silent.code, silent.amount_idr, "never")

    answer = hand_in(kas, bank.statement().encode())

    page = text(kas.get(answer.url))
    assert "Sudah kami ketahui" in page
    assert "Baru bagi kami, ditambahkan" in page
    assert kas.get(answer.url, {"hanya": "added"}).status_code == 200
    assert "Cocok" in text(kas.get("/kas/rekonsiliasi/"))


def test_the_same_file_twice_is_one_file(kas):
    pay_at_bank("820260101000001", 10, "never")
    content = bank.statement().encode()

    assert hand_in(kas, content).url == hand_in(kas, content).url
    assert SettlementFile.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b"\x00\xff", "settlement-not-readable"), (b"a,b\n1,2\n", "settlement-not-readable")],
)
def test_what_is_no_settlement_file_is_refused_as_a_whole(kas, content, code):
    answer = hand_in(kas, content)

    assert answer.status_code == 422
    assert f'data-code="{code}"' in text(answer)
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("role", [Role.OFFICER, Role.HEAD, Role.PRINT, Role.ADJUDICATOR, Role.OPS])
def test_nobody_else_sees_the_money(role):
    assert sit_down(role, make_office()).get("/kas/").status_code == 403


def test_an_officer_proposes_an_exemption_and_the_head_grants_it():
    clock.set_to(MORNING)
    office = make_office()
    officer, head = sit_down(Role.OFFICER, office), sit_down(Role.HEAD, office)
    application = make_application(state="ENROLLED")
    bill = make_bill(application)

    proposed = officer.post("/kepala/pembebasan/", {"ref": application.ref.lower(), "ground": "scholarship"})
    exemption = Exemption.objects.get()
    refused = officer.post(f"/kepala/pembebasan/{exemption.pk}/putuskan/", {"decision": "grant"})
    granted = head.post(f"/kepala/pembebasan/{exemption.pk}/putuskan/", {"decision": "grant"})

    assert (proposed.status_code, refused.status_code, granted.status_code) == (302, 403, 302)
    bill.refresh_from_db()
    assert bill.status == Status.EXEMPT
    assert "dikabulkan" in text(head.get("/kepala/pembebasan/"))


def test_a_head_does_not_grant_what_the_head_proposed():
    clock.set_to(MORNING)
    head = sit_down(Role.HEAD, make_office())
    head.post("/kepala/pembebasan/", {"ref": make_application(state="ENROLLED").ref, "ground": "poor"})
    exemption = Exemption.objects.get()
    assert 'value="grant"' not in text(head.get("/kepala/pembebasan/"))

    answer = head.post(f"/kepala/pembebasan/{exemption.pk}/putuskan/", {"decision": "grant"})

    assert (answer.status_code, exemption.status) == (409, "proposed")
    assert 'data-code="same-person"' in text(answer)


def test_an_application_of_another_office_is_not_exempted_here():
    clock.set_to(MORNING)
    from openpaspor.offices.models import Office

    elsewhere = sit_down(Role.HEAD, Office.objects.exclude(code="DENPASAR").first())

    answer = elsewhere.post(
        "/kepala/pembebasan/", {"ref": make_application(state="ENROLLED").ref, "ground": "poor"}
    )

    assert answer.status_code == 422
