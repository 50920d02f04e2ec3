"""The pages of the print room, as its people meet them."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from openpaspor.accounts.models import Role
from openpaspor.applications.actions import order_stop, tell
from openpaspor.facts.accounts import Looked
from openpaspor.facts.hall import TicketIssued
from openpaspor.issuance.models import Booklet, PrintJob, SpoilProposal, StockBatch
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry
from openpaspor.ledger.record import record

from . import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tuesday_morning(settings):
    clock.use_file(settings.HOME / "clock.json")
    clock.set_to(make.NOW)


def sign_in(role: Role) -> Client:
    client = Client()
    client.force_login(make.make_person(role), backend="django.contrib.auth.backends.ModelBackend")
    return client


def post(client: Client, address: str, **fields: object):
    return client.post(address, {"nonce": f"nonce-{make.next_number()}", **fields})


def looks(ref: str) -> list[str]:
    entries = Entry.objects.filter(application=ref, kind=Looked.name).order_by("id")
    return [entry.values["what"] for entry in entries]


def test_the_queue_shows_what_can_be_printed_and_why_the_rest_waits():
    ready = make.make_approved()
    unpaid = make.make_approved(paid=False)
    order_stop(stopped := make.make_approved(), "watch-list", actor="S-adj", now=make.NOW)

    page = sign_in(Role.PRINT).get("/cetak/").content.decode()

    assert page.index(ready.ref) < page.index(unpaid.ref)
    assert "Belum dibayar" in page and "Dihentikan" in page and stopped.ref in page
    assert "SARI" not in page.upper().replace("REFERENSI", "")


def test_a_booklet_is_printed_read_back_and_shelved_with_two_scans_and_a_key():
    application, client = make.make_approved(), sign_in(Role.PRINT)
    case = reverse("issuance:case", args=[application.ref])

    assert application.serial in client.get(case).content.decode()
    post(client, f"{case}cetak/", serial=application.serial.lower())
    lines = "\r\n".join(make.lines_of(application))
    answer = post(client, f"{case}periksa/", lines=lines, all="1")

    assert answer.status_code == 302
    application.refresh_from_db()
    assert application.state == State.READY
    assert application.shelf in client.get(case).content.decode()


def test_the_wrong_booklet_is_a_hard_stop():
    application, client = make.make_approved(), sign_in(Role.PRINT)
    other = Booklet.objects.in_stock("DENPASAR", "electronic").first()

    answer = post(client, reverse("issuance:print", args=[application.ref]), serial=other.serial)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-code="wrong-booklet"' in page and "Berhenti. Buku ini bukan untuk berkas ini." in page
    application.refresh_from_db()
    assert (application.state, PrintJob.objects.count()) == (State.APPROVED, 0)


def test_a_scan_that_is_no_serial_is_asked_for_again():
    application, client = make.make_approved(), sign_in(Role.PRINT)

    answer = post(client, reverse("issuance:print", args=[application.ref]), serial="hello")

    assert answer.status_code == 422


def test_scanning_a_booklet_in_the_queue_opens_its_file_with_the_booklet_in_hand():
    application, client = make.make_approved(), sign_in(Role.PRINT)

    answer = client.get("/cetak/", {"q": application.serial.lower()})

    assert answer.status_code == 302
    assert f'value="{application.serial}"' in client.get(answer["Location"]).content.decode()


def test_each_page_of_a_file_is_one_look():
    application, printing, counter = make.make_ready(), sign_in(Role.PRINT), sign_in(Role.OFFICER)

    printing.get(reverse("issuance:case", args=[application.ref]))
    printing.get(reverse("issuance:photo", args=[application.ref]))
    printing.get(reverse("issuance:page", args=[application.ref]))
    counter.get(reverse("issuance:handover", args=[application.ref]))
    counter.get(reverse("issuance:handover_photo", args=[application.ref]))

    assert looks(application.ref) == [
        "issuance:case",
        "attachment:portrait",
        "issuance:page",
        "issuance:handover",
        "attachment:portrait",
    ]


def test_the_page_says_what_the_lines_say():
    application, client = make.make_printed(), sign_in(Role.PRINT)

    answer = client.get(reverse("issuance:page", args=[application.ref]))

    text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    line1, line2 = make.lines_of(application)
    assert answer["Content-Type"] == "application/pdf"
    assert line1 in text and line2 in text and application.serial in text and "NI LUH SARI DEWI" in text
    assert "24 NOV 2026" in text and "24 NOV 2036" in text


def test_what_was_read_back_wrongly_does_not_reach_the_shelf():
    application, client = make.make_printed(), sign_in(Role.PRINT)
    line1, line2 = make.lines_of(application)

    answer = post(
        client,
        reverse("issuance:inspect", args=[application.ref]),
        lines=f"{line1.replace('SARI', 'SORI')} {line2}",
        all="1",
    )

    assert answer.status_code == 409 and 'data-code="read-back-differs"' in answer.content.decode()
    application.refresh_from_db()
    assert application.state == State.PRINTED


def test_three_ticks_are_not_four():
    application, client = make.make_printed(), sign_in(Role.PRINT)
    lines = " ".join(make.lines_of(application))

    answer = post(
        client,
        reverse("issuance:inspect", args=[application.ref]),
        lines=lines,
        all="1",
        right=["photo", "data", "chip"],
    )

    assert answer.status_code == 422


def test_another_offices_file_does_not_exist():
    application = make.make_approved()
    stranger = make.make_person(Role.PRINT, make.make_office("BATAM"))
    client = Client()
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(reverse("issuance:case", args=[application.ref])).status_code == 404
    assert client.get(reverse("issuance:handover", args=[application.ref])).status_code == 404


def test_only_the_print_room_opens_the_queue():
    assert sign_in(Role.OFFICER).get("/cetak/").status_code == 403
    assert Client().get("/cetak/").status_code == 302


def test_a_delivery_is_counted_by_two_people_on_two_pages():
    printing, head = sign_in(Role.PRINT), sign_in(Role.HEAD)

    post(printing, reverse("issuance:count_in"), kind="electronic", first="E0000001", last="E0000010")
    batch = StockBatch.objects.get()
    mine = post(printing, reverse("issuance:batch", args=[batch.pk]), counted="10")
    wrong = post(head, reverse("issuance:batch", args=[batch.pk]), counted="9")
    right = post(head, reverse("issuance:batch", args=[batch.pk]), counted="10")

    assert (mine.status_code, wrong.status_code, right.status_code) == (409, 409, 302)
    assert Booklet.objects.filter(state="stock").count() == 10


def test_a_booklet_is_written_off_by_two_people_on_two_pages():
    application, printing, head = make.make_printed(), sign_in(Role.PRINT), sign_in(Role.HEAD)
    spoiled = application.serial

    post(printing, reverse("issuance:report_wrong", args=[application.ref]), wrong=["chip"], reason="chip")
    proposal = SpoilProposal.objects.get()
    mine = post(printing, reverse("issuance:spoil", args=[proposal.pk]), verdict="agree")
    post(head, reverse("issuance:spoil", args=[proposal.pk]), verdict="agree")

    application.refresh_from_db()
    assert mine.status_code == 409 and 'data-code="same-person"' in mine.content.decode()
    assert (application.state, application.serial) == (State.APPROVED, "")
    assert Booklet.objects.get(serial=spoiled).state == "spoiled"


def test_the_holder_gets_the_passport_at_the_counter():
    application, client = make.make_ready(), sign_in(Role.OFFICER)
    address = reverse("issuance:handover", args=[application.ref])

    assert client.get("/cetak/rak/", {"q": application.shelf})["Location"] == address
    right = make.shown(application)
    answer = post(
        client, address, nik=right.nik, old_number=right.old_number, old_cancelled="on", signed="on"
    )

    assert answer.status_code == 302
    application.refresh_from_db()
    assert application.state == State.COLLECTED
    assert client.get(address).status_code == 200


def test_a_number_of_the_hall_finds_a_passport_on_its_own_day_only():
    application, client = make.make_ready(), sign_in(Role.OFFICER)
    with transaction.atomic():
        given = TicketIssued(office="DENPASAR", day=make.TODAY, ticket="C 001", application=application.ref)
        record(given, actor="S-1", now=make.NOW)
        tell(application, actor="S-1", now=make.NOW, ticket="C 001")

    today = client.get("/cetak/rak/", {"q": "c 001"})
    clock.set_to(make.NOW + timedelta(days=1))
    tomorrow = client.get("/cetak/rak/", {"q": "c 001"})

    assert today["Location"] == reverse("issuance:handover", args=[application.ref])
    assert tomorrow.status_code == 404


@pytest.mark.parametrize("what", ["ref", "serial", "shelf", "nik"])
def test_a_passport_on_the_shelf_is_found_by(what):
    application, client = make.make_ready(), sign_in(Role.PRINT)
    shown = make.shown(application).nik if what == "nik" else getattr(application, what)

    answer = client.get("/cetak/rak/", {"q": f" {shown.lower()} "})

    assert answer["Location"] == reverse("issuance:handover", args=[application.ref])


def test_somebody_else_is_refused_calmly():
    application, client = make.make_ready(), sign_in(Role.OFFICER)

    answer = post(
        client,
        reverse("issuance:handover", args=[application.ref]),
        nik="5171019999990009",
        old_number="B1234567",
        old_cancelled="on",
        signed="on",
    )

    page = answer.content.decode()
    assert answer.status_code == 409 and 'data-code="not-the-holder"' in page
    assert "Paspor ini hanya bisa kami serahkan kepada pemilik atau wakil yang terdaftar." in page


def test_a_stopped_passport_cannot_be_handed_over():
    application, client = make.make_ready(), sign_in(Role.OFFICER)
    order_stop(application, "watch-list", actor="S-adj", now=make.NOW)
    right = make.shown(application)

    address = reverse("issuance:handover", args=[application.ref])
    answer = post(client, address, nik=right.nik, old_number="B1234567", old_cancelled="on", signed="on")

    assert answer.status_code == 409 and 'data-code="stop-order"' in answer.content.decode()
    assert 'id="handover-form"' not in client.get(address).content.decode()


def test_who_has_not_come_can_be_reminded_again():
    application, client = make.make_ready(), sign_in(Role.PRINT)
    clock.set_to(make.NOW + timedelta(days=3))
    booklet = Booklet.objects.get(serial=application.serial)

    assert application.ref in client.get("/cetak/belum-diambil/").content.decode()
    post(client, reverse("issuance:remind", args=[booklet.pk]))

    said = Entry.objects.filter(kind="issuance.collect_reminder").last()
    assert (said.application, said.values["day"], said.values["asked"]) == (application.ref, 3, True)


def test_pressing_again_on_the_same_day_reminds_nobody_twice():
    application, client = make.make_ready(), sign_in(Role.PRINT)
    clock.set_to(make.NOW + timedelta(days=3))
    booklet = Booklet.objects.get(serial=application.serial)
    reminded = Entry.objects.filter(kind="issuance.collect_reminder")

    for _press in range(2):  # each from a page of its own, as after going back
        post(client, reverse("issuance:remind", args=[booklet.pk]))

    assert reminded.count() == 1
    assert "sudah kami ingatkan hari ini" in client.get("/cetak/belum-diambil/").content.decode()
    clock.set_to(make.NOW + timedelta(days=4))
    post(client, reverse("issuance:remind", args=[booklet.pk]))
    assert reminded.count() == 2
