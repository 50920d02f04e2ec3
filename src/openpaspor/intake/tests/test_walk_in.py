"""Somebody comes without an appointment."""

from __future__ import annotations

import pytest
from django.db import transaction

from openpaspor import journey
from openpaspor.accounts.models import Role
from openpaspor.applications.actions import fix_identity, move, start_application
from openpaspor.applications.models import Application
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry

from .making import MONDAY, SITI, action, denpasar, make_arrived, make_staff

pytestmark = pytest.mark.django_db

TYPED = {
    "nonce": "nonce-walk-in",
    "ticket": "b12",
    "kind": "adult-new",
    "nik": "5171 0145 0399 0003",
    "full_name": "Siti Aminah",
    "born_day": "5",
    "born_month": "3",
    "born_year": "1999",
    "birth_place": "Denpasar",
    "sex": "F",
    "phone": "0812 0000 0001",
    "booklet": "electronic",
    "years": "10",
    "priority": "",
}


@pytest.fixture(autouse=True)
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: MONDAY)


@pytest.fixture
def desk(client):
    client.force_login(make_staff(Role.OFFICER, denpasar()))
    return client


def test_the_ticket_is_filled_in_from_the_hall(desk):
    assert 'value="B012"' in desk.get("/petugas/berkas/baru/?ticket=B012").content.decode()


def test_a_walk_in_starts_at_arrived_with_fixed_identity(desk):
    answer = desk.post("/petugas/berkas/baru/", TYPED)

    application = Application.objects.get()
    assert answer.url == f"/petugas/berkas/{application.ref}/"
    assert (application.state, application.channel, application.ticket) == ("ARRIVED", "counter", "B 012")
    assert application.nik_key and application.person_key
    assert Entry.objects.filter(kind="intake.walked_in").count() == 1


def test_a_second_application_for_the_same_person_needs_a_word_and_is_made_once(desk):
    first = desk.post("/petugas/berkas/baru/", TYPED)
    second = desk.post("/petugas/berkas/baru/", {**TYPED, "despite": "on"})
    again = desk.post("/petugas/berkas/baru/", {**TYPED, "despite": "on"})

    assert first.url != second.url == again.url
    assert Application.objects.count() == 2


def test_a_double_click_makes_one_application(desk):
    first = desk.post("/petugas/berkas/baru/", TYPED)
    second = desk.post("/petugas/berkas/baru/", TYPED)

    assert first.url == second.url
    assert Application.objects.count() == 1


def test_priority_needs_the_officers_confirmation(desk):
    answer = desk.post("/petugas/berkas/baru/", {**TYPED, "priority": "pregnant"})
    assert answer.status_code == 422

    desk.post("/petugas/berkas/baru/", {**TYPED, "priority": "pregnant", "priority_seen": "on"})
    assert Application.objects.get().priority == "pregnant"


def test_what_was_submitted_at_home_is_offered_instead_of_a_second_one(desk):
    with transaction.atomic():
        mine = start_application("adult-new", action_id=action(), actor="A-1", now=MONDAY, answers=SITI)
        fix_identity(mine, SITI, actor="A-1", now=MONDAY)
        move(mine, journey.SUBMIT, actor="A-1", now=MONDAY)

    answer = desk.post("/petugas/berkas/baru/", TYPED)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-code="already-open"' in page and mine.ref in page
    assert "Siti Aminah" in page

    desk.post(
        f"/petugas/berkas/baru/{mine.ref}/", {"nonce": "nonce-take-in", "ticket": "B 012", "priority": ""}
    )
    mine.refresh_from_db()
    assert (mine.state, mine.office_id, mine.ticket) == ("ARRIVED", "DENPASAR", "B 012")


def test_somebody_at_a_counter_already_is_not_made_twice(desk):
    make_arrived()

    assert desk.post("/petugas/berkas/baru/", TYPED).status_code == 409
    assert Application.objects.count() == 1


def test_the_wrong_kind_for_the_age_is_said_at_the_field(desk):
    answer = desk.post("/petugas/berkas/baru/", {**TYPED, "kind": "child"})

    assert answer.status_code == 422
    assert Application.objects.count() == 0


def test_letters_and_other_digits_in_a_nik_are_said_in_words(desk):
    for wrong in ("517101450399000O", "٥١٧١٠١٤٥٠٣٩٩٠٠٠٣", "517101450399000"):
        answer = desk.post("/petugas/berkas/baru/", {**TYPED, "nik": wrong})
        assert answer.status_code == 422
    assert Application.objects.count() == 0


def test_one_name_is_a_whole_name(desk):
    desk.post("/petugas/berkas/baru/", {**TYPED, "full_name": "Suharto"})

    assert Application.objects.count() == 1


def test_a_lost_passport_is_taken_in_whatever_the_age(desk):
    answer = desk.post("/petugas/berkas/baru/", {**TYPED, "kind": "lost"})

    assert answer.status_code == 302
    assert Application.objects.get().kind == "lost"
