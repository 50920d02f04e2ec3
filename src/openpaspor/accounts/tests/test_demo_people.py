from __future__ import annotations

import pytest

from openpaspor.accounts import demo_people
from openpaspor.accounts.models import User
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry

from .make import app_code, outbox

pytestmark = pytest.mark.django_db


def test_the_demo_people_are_made_once_and_by_facts():
    people = demo_people.ensure(clock.now())
    assert demo_people.ensure(clock.now()) == people

    assert set(people) == set(demo_people.LOGINS) and User.objects.count() == len(demo_people.LOGINS)
    assert Entry.objects.filter(kind="accounts.posting_granted").count() == len(demo_people.STAFF)
    assert not outbox


def test_a_demo_person_can_sign_in_by_hand(client):
    demo_people.ensure(clock.now())

    client.post("/petugas/masuk/", {"login": "kepala.denpasar", "password": demo_people.PASSWORD})
    answer = client.post("/petugas/masuk/kode/", {"code": app_code("kepala.denpasar")})

    assert answer.status_code == 302 and answer.url.startswith("/")
