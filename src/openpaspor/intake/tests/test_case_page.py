"""The screen of one case, walked as an officer walks it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from openpaspor.accounts.models import Role, User
from openpaspor.facts.accounts import Looked
from openpaspor.intake.models import Case, PaperSeen
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry

from .making import MONDAY, complete, denpasar, enrol, make_arrived, make_picture, make_staff, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: MONDAY)


@pytest.fixture
def adi() -> User:
    return make_staff(Role.OFFICER, denpasar())


@pytest.fixture
def desk(client: Client, adi: User) -> Client:
    client.force_login(adi)
    return client


def looks(ref: str) -> list[str]:
    entries = Entry.objects.filter(kind=Looked.name, application=ref).order_by("id")
    return [entry.read().what for entry in entries]


def nonce(page: str, form: str) -> str:
    """The nonce in the form with this id."""
    start = page.index(f'id="{form}"')
    return re.search(r'name="nonce" value="([^"]+)"', page[start:]).group(1)


def test_a_clean_renewal_goes_from_arrival_to_the_receipt(desk):
    application = make_arrived()
    address = f"/petugas/berkas/{application.ref}/"

    page = desk.get(address).content.decode()
    assert 'data-state="ARRIVED"' in page
    desk.post(f"{address}identitas/", {"nonce": nonce(page, "confirm-identity")})
    for paper in ("ktp", "old-passport"):
        desk.post(f"{address}kertas/{paper}/nilai/", {"nonce": f"nonce-{paper}", "verdict": "match"})
    desk.post(
        f"{address}wawancara/",
        {"nonce": "nonce-talk", "purpose": "tourism", "company": "family", "funding": "self", "note": "Bali"},
    )
    desk.post(f"{address}foto/", {"nonce": "nonce-photo", "photo": upload(make_picture())})
    answer = desk.post(f"{address}selesai/", {"nonce": "nonce-finish"})

    application.refresh_from_db()
    assert answer.status_code == 302 and answer.url == f"{address}tanda-terima/"
    assert application.state == "ENROLLED"
    assert str(application.promised_on) == "2026-11-27"
    slip = desk.get(answer.url).content.decode()
    assert "27 November 2026" in slip and application.ref in slip


def test_each_view_of_the_case_is_one_look(desk):
    application = enrol(make_arrived())
    before = len(looks(application.ref))

    desk.get(f"/petugas/berkas/{application.ref}/")
    desk.get(f"/petugas/berkas/{application.ref}/kertas/ktp/")
    desk.get(f"/petugas/berkas/{application.ref}/tanda-terima/")

    assert looks(application.ref)[before:] == ["intake:case", "attachment:ktp", "intake:receipt"]


def test_a_deed_that_shows_nothing_is_no_look(desk):
    application = make_arrived()

    answer = desk.post(f"/petugas/berkas/{application.ref}/identitas/", {"nonce": "nonce-identity"})

    assert answer.status_code == 302
    assert looks(application.ref) == []


def test_a_form_that_comes_back_is_a_look_and_keeps_what_was_typed(desk):
    application = make_arrived()

    answer = desk.post(
        f"/petugas/berkas/{application.ref}/identitas/ubah/",
        {"nonce": "nonce-amend", "full_name": "S1TI AMINAH", "nik": "123"},
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "S1TI AMINAH" in page and 'value="123"' in page
    assert looks(application.ref) == ["intake:case"]


def test_finishing_too_early_names_what_is_missing(desk):
    application = make_arrived()

    answer = desk.post(f"/petugas/berkas/{application.ref}/selesai/", {"nonce": "nonce-finish"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'data-code="case-not-complete"' in page
    assert "?bagian=dokumen" in page


def test_a_double_click_on_finish_is_one_finish(desk):
    application = make_arrived()
    complete(application)

    first = desk.post(f"/petugas/berkas/{application.ref}/selesai/", {"nonce": "nonce-finish"})
    second = desk.post(f"/petugas/berkas/{application.ref}/selesai/", {"nonce": "nonce-finish"})

    assert first.url == second.url
    assert Entry.objects.filter(kind="intake.enrolled").count() == 1


def test_what_was_typed_survives_when_the_centre_was_faster(desk):
    from django.db import transaction

    from openpaspor import journey
    from openpaspor.applications.actions import move

    application = enrol(make_arrived())
    with transaction.atomic():
        move(application, journey.RECEIVE, actor="worker", now=MONDAY)

    answer = desk.post(
        f"/petugas/berkas/{application.ref}/wawancara/",
        {"nonce": "nonce-talk", "purpose": "work", "note": "Catatan yang panjang"},
    )

    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-code="move-refused"' in page
    assert "Catatan yang panjang" in page


def test_a_script_hears_that_the_verdict_is_safe(desk):
    application = make_arrived()

    answer = desk.post(
        f"/petugas/berkas/{application.ref}/kertas/ktp/nilai/",
        {"nonce": "nonce-ktp", "verdict": "differs"},
        headers={"accept": "application/json"},
    )

    assert answer.json() == {"saved": "09.40 WITA"}
    assert PaperSeen.objects.get().verdict == "differs"


def test_a_file_that_is_no_picture_is_refused_in_words(desk):
    application = make_arrived()

    answer = desk.post(
        f"/petugas/berkas/{application.ref}/foto/",
        {"nonce": "nonce-photo", "photo": upload(b"PK\x03\x04zip")},
    )

    assert answer.status_code == 422
    assert 'data-code="not-a-picture"' in answer.content.decode()
    assert Case.objects.filter(portrait_at__isnull=False).count() == 0


def test_cases_of_another_office_do_not_exist(client):
    from openpaspor.offices.models import Office

    application = make_arrived()
    elsewhere = Office.objects.exclude(pk="DENPASAR").first()
    client.force_login(make_staff(Role.OFFICER, elsewhere))

    assert client.get(f"/petugas/berkas/{application.ref}/").status_code == 404
    assert looks(application.ref) == []


def test_only_counter_staff_open_the_door(client):
    application = make_arrived()
    client.force_login(make_staff(Role.KAS, None))

    assert client.get(f"/petugas/berkas/{application.ref}/").status_code == 403


def test_the_list_shows_codes_and_no_names(desk):
    application = make_arrived()

    page = desk.get("/petugas/berkas/").content.decode()

    assert application.ref in page
    assert "SITI" not in page


def test_the_head_of_office_reads_a_case_and_is_offered_no_deed(client):
    application = make_arrived()
    client.force_login(make_staff(Role.HEAD, denpasar()))

    page = client.get(f"/petugas/berkas/{application.ref}/").content.decode()

    assert "SITI AMINAH" in page
    assert 'method="post" action="/petugas/berkas/' not in page


def test_there_is_no_receipt_before_the_case_is_finished(desk):
    application = make_arrived("adult-replace")

    answer = desk.get(f"/petugas/berkas/{application.ref}/tanda-terima/", follow=True)

    assert answer.redirect_chain[-1][0] == f"/petugas/berkas/{application.ref}/"
    shown = answer.content.decode()
    assert "Tanda terima diberikan setelah berkas selesai" in shown and "Berkas Anda lengkap" not in shown
