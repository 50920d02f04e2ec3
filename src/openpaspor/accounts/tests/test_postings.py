"""The operator's register of people and postings."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from openpaspor.accounts import actions
from openpaspor.accounts.models import Posting, Role, User
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry
from openpaspor.offices.models import Office

from .make import make_staff, sign_in_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops(client) -> User:
    person = make_staff("ops.pusat", Role.OPS, None)
    sign_in_staff(client, "ops.pusat")
    return person


def test_a_new_person_gets_a_first_password_that_works(client, ops):
    answer = client.post(
        "/ops/postings/baru/", {"login": "Adi.Denpasar", "role": "officer", "office": "DENPASAR"}
    )

    password = re.search(r"([0-9a-z]{4}(-[0-9a-z]{4}){3})", answer.content.decode())[1]
    person = User.objects.get(login="adi.denpasar")
    assert person.posting(clock.now()).office_id == "DENPASAR"
    assert (
        Client()
        .post("/petugas/masuk/", {"login": "adi.denpasar", "password": password})
        .url.endswith("/sandi/")
    )
    fact = Entry.objects.filter(kind="accounts.posting_granted").latest("id")
    assert (
        fact.values == {"office": "DENPASAR", "person": person.code, "role": "officer"}
        and fact.actor == ops.code
    )


def test_the_same_form_sent_twice_makes_one_person(client, ops):
    form = {"login": "adi", "role": "kas", "office": "", "nonce": "nonce-nonce"}
    client.post("/ops/postings/baru/", form)

    again = client.post("/ops/postings/baru/", form)

    assert again.status_code == 200 and User.objects.filter(login="adi").count() == 1


def test_a_number_is_given_once(client, ops):
    make_staff("adi")

    answer = client.post("/ops/postings/baru/", {"login": "adi", "role": "kas", "office": ""})

    assert answer.status_code == 409 and 'data-code="login-taken"' in answer.content.decode()


def test_an_officer_needs_an_office(client, ops):
    answer = client.post("/ops/postings/baru/", {"login": "adi", "role": "officer", "office": ""})

    assert answer.status_code == 422 and 'data-code="office-needed"' in answer.content.decode()
    assert not User.objects.filter(login="adi").exists()


def test_a_posting_is_granted_and_ended(client, ops):
    adi = make_staff("adi")
    client.post(f"/ops/postings/{adi.code}/beri/", {"role": "head", "office": "DENPASAR"})
    head = Posting.objects.get(person=adi, role="head")
    assert adi.posting(clock.now(), Role.HEAD) == head

    answer = client.post(f"/ops/postings/{adi.code}/akhiri/{head.pk}/")

    assert answer.status_code == 302
    assert adi.posting(clock.now(), Role.HEAD) is None and adi.posting(clock.now(), Role.OFFICER)
    assert Entry.objects.filter(kind="accounts.posting_ended").count() == 1


def test_nobody_ends_their_own_last_posting(client, ops):
    answer = client.post(f"/ops/postings/{ops.code}/akhiri/{ops.posting(clock.now()).pk}/")

    assert answer.status_code == 409 and 'data-code="own-last-posting"' in answer.content.decode()
    assert ops.posting(clock.now())


def test_one_may_end_ones_own_posting_beside_another(ops):
    kas = actions.grant_posting(ops, Role.KAS, None, action_id="g1", actor=ops.code, now=clock.now())

    actions.end_posting(kas, action_id="e1", actor=ops.code, now=clock.now())

    assert ops.posting(clock.now()).role == Role.OPS


def test_a_role_already_held_is_not_granted_twice():
    office = Office.objects.get(pk="DENPASAR")
    adi = make_staff("adi")

    actions.grant_posting(adi, Role.OFFICER, office, action_id="g1", actor="S-1", now=clock.now())

    assert Posting.objects.filter(person=adi).count() == 1


def test_who_lost_a_phone_starts_again(client, ops):
    adi = make_staff("adi")
    elsewhere = Client()
    sign_in_staff(elsewhere, "adi")
    assert elsewhere.get("/akun/").status_code == 200

    page = client.post(f"/ops/postings/{adi.code}/atur-ulang/")

    assert page.status_code == 200 and page.context["access"].password
    assert elsewhere.get("/akun/").status_code == 302
    adi.refresh_from_db()
    assert not adi.totp_kept and adi.one_time_until


def test_people_are_found_by_number_and_office(client, ops):
    make_staff("adi.denpasar")

    assert b"adi.denpasar" in client.get("/ops/postings/?q=denpasar").content
    assert b"adi.denpasar" not in client.get("/ops/postings/?q=medan").content


def test_only_operators_see_the_register(client):
    make_staff("adi")
    sign_in_staff(client, "adi")

    assert client.get("/ops/postings/").status_code == 403
    assert client.get("/ops/postings/baru/").status_code == 403


def test_an_applicants_page_is_not_in_the_register(client, ops):
    applicant = User.objects.create(code="A-1", joined_at=clock.now())

    assert client.get(f"/ops/postings/{applicant.code}/").status_code == 404
