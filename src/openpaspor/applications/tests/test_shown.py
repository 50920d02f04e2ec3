"""What pages showed an applicant is kept, so that a step back in silence can be found."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from openpaspor.applications import actions
from openpaspor.applications.models import Application, Shown
from openpaspor.applications.tests.people import NOW, RANI, make_draft, make_submitted, make_user, signed_in
from openpaspor.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_known_day(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def shown(application: Application) -> list[tuple[str, int]]:
    return list(Shown.objects.filter(application=application).order_by("pk").values_list("state", "version"))


def test_the_tracker_keeps_what_it_shows_when_it_shows_something_else_than_before():
    user = make_user()
    sent = make_submitted(user)
    browser, page = signed_in(user), f"/permohonan/{sent.ref}/status/"

    browser.get(page)
    browser.get(page)
    actions.withdraw(sent, action_id="w", actor=user.code, now=NOW)
    browser.get(page)

    assert shown(sent) == [("SUBMITTED", 1), ("WITHDRAWN", 2)]


def test_the_list_and_both_ways_to_track_without_signing_in_keep_it_too():
    user = make_user()
    listed, followed, asked = make_draft(user), make_submitted(user), make_submitted(make_user())

    signed_in(user).get("/permohonan/")
    Shown.objects.filter(application=followed).delete()
    born = {"born_day": "27", "born_month": "3", "born_year": "1999"}
    Client().post("/lacak/", {"ref": followed.ref, **born})
    Client().get("/api/v1/track", {"ref": asked.ref, "born": f"{RANI.born}"})

    assert [len(shown(one)) for one in (listed, followed, asked)] == [1, 1, 1]


def test_a_page_is_shown_also_where_nothing_can_be_written():
    user = make_user()
    sent = make_submitted(user)
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX no_second_row ON applications_shown ((version >= 0))")
    Shown.objects.create(application=make_draft(user), state="DRAFT", version=0, shown_at=NOW)

    answer = signed_in(user).get(f"/permohonan/{sent.ref}/status/")

    assert answer.status_code == 200 and shown(sent) == []
