"""The demo desk: one click opens any door, and the clock can be moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from openpaspor.accounts import demo_people
from openpaspor.applications.models import Application
from openpaspor.applications.tests.people import make_draft
from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.nodes.demo import times
from openpaspor.offices.models import ClosedDay, Office

pytestmark = pytest.mark.django_db
TUESDAY = datetime.fromisoformat("2026-11-24T09:40:00+08:00")


@pytest.fixture(autouse=True)
def movable_clock(tmp_path, settings):
    clock.use_file(tmp_path / "clock.json")
    clock.set_to(TUESDAY)
    yield
    clock.use_file(settings.HOME / "clock.json")


@pytest.fixture
def people():
    return demo_people.ensure(TUESDAY)


def is_about(moment: datetime) -> bool:
    return abs(clock.now() - moment) < timedelta(seconds=20)


@pytest.mark.parametrize("login", demo_people.LOGINS)
def test_one_click_opens_each_door(client, people, login):
    answer = client.post(f"/demo/as/{login}")

    assert answer.status_code == 302 and answer.url.startswith("/")
    assert client.get("/akun/").context["request"].user == people[login]


def test_another_click_changes_the_person(client, people):
    client.post("/demo/as/ops.pusat")
    client.post("/demo/as/pemohon")

    assert client.get("/ops/postings/").status_code == 403


def test_nobody_else_can_be_clicked(client, people):
    assert client.post("/demo/as/siapa").status_code == 404
    assert client.get("/demo/as/pemohon").status_code == 405


def test_the_desk_shows_all_doors(client, people):
    page = client.get("/demo/").content.decode()

    assert all(f"/demo/as/{login}" in page for login in demo_people.LOGINS)


@pytest.mark.parametrize(
    ("method", "address"), [("get", "/demo/"), ("post", "/demo/as/pemohon"), ("post", "/demo/clock")]
)
def test_the_desk_does_not_exist_elsewhere(client, people, method, address):
    assert getattr(client, method)(address, REMOTE_ADDR="192.0.2.1").status_code == 404
    with node.standing_at(replace(node.here(), demo=False)):
        assert getattr(client, method)(address).status_code == 404


def test_a_page_of_another_site_cannot_press_the_buttons(client, people):
    assert client.post("/demo/as/pemohon", HTTP_ORIGIN="https://evil.example").status_code == 403
    assert client.post("/demo/as/pemohon", HTTP_ORIGIN="http://testserver").status_code == 302


def test_half_an_hour_on(client):
    answer = client.post("/demo/clock", {"to": "plus30", "next": "/masuk/"})

    assert answer.url == "/masuk/" and is_about(TUESDAY + timedelta(minutes=30))


def test_one_comes_back_to_the_page_one_was_on(client):
    came_from = "http://testserver/masuk/?next=/akun/"

    assert client.post("/demo/clock", {"to": "plus30"}, HTTP_REFERER=came_from).url == "/masuk/?next=/akun/"
    assert client.post("/demo/clock", {"to": "plus30"}, HTTP_REFERER="https://evil.example/").url == "/demo/"


def test_the_next_working_morning_skips_the_weekend_and_closed_days(client):
    ClosedDay.objects.create(office_id="DENPASAR", day="2026-11-30", reason="flood")
    clock.set_to(datetime.fromisoformat("2026-11-27T16:00:00+08:00"))  # a Friday

    client.post("/demo/clock", {"to": "morning"})

    assert is_about(datetime.fromisoformat("2026-12-01T08:00:00+08:00"))


def test_closing_is_today_and_then_tomorrow(client):
    client.post("/demo/clock", {"to": "closing"})
    assert is_about(datetime.fromisoformat("2026-11-24T15:00:00+08:00"))

    client.post("/demo/clock", {"to": "closing"})
    assert is_about(datetime.fromisoformat("2026-11-25T15:00:00+08:00"))


def test_an_officer_elsewhere_has_mornings_of_that_zone():
    jayapura = Office.objects.get(pk="JAYAPURA")

    assert times.next_morning(jayapura, TUESDAY) == datetime.fromisoformat("2026-11-25T08:00:00+09:00")


def test_to_my_appointment_is_five_minutes_early(client, people):
    application = make_draft(people["pemohon"])
    at = TUESDAY + timedelta(days=1)
    Application.objects.filter(pk=application.pk).update(
        state="BOOKED", place_status="booked", place_starts_at=at, office="DENPASAR"
    )
    client.post("/demo/as/pemohon")

    client.post("/demo/clock", {"to": "booking"})

    assert is_about(at - timedelta(minutes=5))


def test_without_an_appointment_the_clock_stays(client, people):
    for login in ("pemohon", "petugas.denpasar"):
        client.post(f"/demo/as/{login}")
        answer = client.post("/demo/clock", {"to": "booking"})
        assert answer.status_code == 409 and 'data-code="no-appointment"' in answer.content.decode()
    assert is_about(TUESDAY)


def test_the_clock_is_set_and_advanced(client):
    client.post("/demo/clock", {"set": "2026-12-01T10:00:00+08:00"})
    assert is_about(datetime.fromisoformat("2026-12-01T10:00:00+08:00"))
    client.post("/demo/clock", {"set": "2026-12-01T11:00"})  # on the wall of Denpasar
    assert is_about(datetime.fromisoformat("2026-12-01T11:00:00+08:00"))

    client.post("/demo/clock", {"advance": "P1DT1H"})
    assert is_about(datetime.fromisoformat("2026-12-02T12:00:00+08:00"))


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"set": "besok"},
        {"advance": "PT"},
        {"to": "moon"},
        {"set": "9999-01-01T00:00"},
        {"set": "0001-01-01"},
    ],
)
def test_what_is_no_moment_moves_nothing(client, wanted):
    answer = client.post("/demo/clock", wanted)

    assert answer.status_code == 422 and 'data-code="not-a-moment"' in answer.content.decode()
    assert is_about(TUESDAY)


def test_every_page_of_a_demo_shows_the_clock(client):
    page = client.get("/masuk/").content.decode()

    assert "Sel 24 Nov" in page and 'data-tick="34' in page and 'value="/masuk/"' in page
