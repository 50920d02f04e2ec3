"""The head of office's pages: five facts with a word each, places, the end of the day."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from openpaspor.accounts.models import Role
from openpaspor.facts.issuance import SerialAllotted, StockReceived
from openpaspor.hall import actions, desk, head
from openpaspor.hall.models import Counter, DayPot, Ticket
from openpaspor.hall.tests.making import (
    NINE,
    make_booked,
    make_officer,
    make_submitted,
    office_of,
    open_counter,
)
from openpaspor.hall.tests.test_pages import page_of, press, walk_in
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.ledger.record import record
from openpaspor.ledger.worker import work_until_idle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nine_o_clock() -> None:
    clock.set_to(NINE)


@pytest.fixture
def denpasar():
    return office_of()


@pytest.fixture
def ratih(client: Client):
    person = make_officer(role=Role.HEAD)
    client.force_login(person)
    return person


def facts(client: Client) -> dict[str, str]:
    """The words of each fact on the page, by its code."""
    page = page_of(client.get("/kepala/"))
    cards = re.findall(r'data-fact="([a-z]+)">(.*?)</li>', page, re.DOTALL)
    return {code: " ".join(re.sub(r"<[^>]+>", " ", card).split()) for code, card in cards}


def test_a_quiet_morning_is_all_right_and_asks_for_nothing(client, ratih):
    said = facts(client)

    assert list(said) == ["waiting", "finish", "counters", "service", "blanks"]
    assert "tidak ada yang menunggu" in said["waiting"]
    assert "cukup untuk saat ini" in said["counters"]
    assert "<a" not in page_of(client.get("/kepala/")).split("hall-facts")[1].split("</ul>")[0]


def test_a_long_wait_and_too_few_counters_each_suggest_one_thing(client, ratih, denpasar):
    for _one in range(30):
        walk_in(denpasar)
    open_counter(denpasar)
    clock.set_to(NINE + timedelta(minutes=40))

    said = facts(client)

    assert "terlalu lama" in said["waiting"]
    assert "30 orang" in said["waiting"]
    assert "1 buka, perlu 2" in said["counters"]
    assert "Buka 1 loket lagi" in said["counters"]
    assert "lewat jam tutup" in said["finish"]
    assert page_of(client.get("/kepala/")).split("hall-facts")[1].split("</ul>")[0].count("<a ") == 3


def test_people_in_line_and_no_counter_is_said_plainly(client, ratih, denpasar):
    walk_in(denpasar)

    said = facts(client)

    assert "tidak ada loket yang buka" in said["finish"]
    assert "0 buka, perlu 1" in said["counters"]


def test_the_forecast_waits_for_appointments_of_the_afternoon(denpasar):
    make_booked(denpasar, NINE + timedelta(hours=5))
    open_counter(denpasar)

    ahead = head.outlook(denpasar, desk.hall_now(denpasar, NINE), NINE)

    assert ahead.finish_at == NINE + timedelta(hours=5, minutes=12)


def say(fact: object, now=NINE) -> None:
    with transaction.atomic():
        record(fact, actor="S-1", now=now)  # type: ignore[arg-type]


def test_blank_books_are_counted_from_what_the_print_room_says(client, ratih, denpasar):
    say(
        StockReceived(
            office="DENPASAR",
            booklet="electronic",
            first="X0000001",
            last="X0000020",
            count=20,
            counted_by="S-2",
        )
    )
    for n in range(10):
        application = make_booked(denpasar, NINE)
        say(
            SerialAllotted(application=application.ref, serial=f"X{n:07d}", personalisation="-"),
            now=NINE - timedelta(days=n % 5),
        )
    elsewhere = make_submitted()
    say(SerialAllotted(application=elsewhere.ref, serial="X9999999", personalisation="-"))
    work_until_idle(with_sweeps=False)

    said = facts(client)["blanks"]

    assert "10 hari" in said  # ten left, one a working day
    assert "cukup" in said


def test_no_books_left_is_said_with_what_to_do(client, ratih, denpasar):
    say(
        StockReceived(
            office="DENPASAR", booklet="regular", first="A0000001", last="A0000001", count=0, counted_by="S-2"
        )
    )
    work_until_idle(with_sweeps=False)

    said = facts(client)["blanks"]

    assert "habis" in said
    assert "Catat kekurangannya" in said


def test_today_stands_beside_the_same_weekday(client, ratih, denpasar):
    week_ago = NINE - timedelta(days=7, minutes=30)
    old = actions.issue_walk_in(denpasar, action_id="w", actor="S-1", now=week_ago)
    actions.finish_ticket(old, action_id="f", actor="S-1", now=week_ago)

    assert "pekan lalu pada jam ini: 1" in page_of(client.get("/kepala/"))


# Places


def test_places_are_set_for_a_coming_day(client, ratih, denpasar):
    answer = press(client, "/kepala/tempat-langsung/?hari=2026-11-25", walk_in="12", priority="7")

    assert answer.url == "/kepala/tempat-langsung/?hari=2026-11-25"
    pots = {pot.series: (str(pot.day), pot.offered) for pot in DayPot.objects.all()}
    assert pots == {"B": ("2026-11-25", 12), "P": ("2026-11-25", 7)}
    assert "0 / 12" in page_of(client.get(answer.url))


@pytest.mark.parametrize("typed", ["-1", "1000", "banyak", "", "٥", "1e3", "9" * 40])
def test_places_that_are_no_number_are_refused_and_kept_on_the_page(client, ratih, typed):
    answer = press(client, "/kepala/tempat-langsung/", walk_in=typed, priority="7")

    if typed == "٥":
        assert answer.status_code == 302  # digits are digits, whatever they look like
    else:
        assert answer.status_code == 422
        assert not DayPot.objects.exists()


@pytest.mark.parametrize("day", ["2026-11-28", "2027-11-25", "kemarin", "2026-13-40", "\x00"])
def test_a_day_that_is_not_on_offer_does_not_exist(client, ratih, day):
    assert client.get("/kepala/tempat-langsung/", {"hari": day}).status_code == 404


# The end of the day


def test_the_end_of_the_day_asks_first_and_says_what_will_happen(client, ratih, denpasar):
    make_booked(denpasar, NINE)
    make_booked(denpasar, NINE + timedelta(hours=5))
    walk_in(denpasar)
    open_counter(denpasar)
    clock.set_to(NINE + timedelta(hours=1))

    page = page_of(client.get("/kepala/tutup-hari/"))

    rows = [int(n) for n in re.findall(r"<dd>(\d+)", page)]
    assert rows == [1, 1, 1, 1]
    assert Ticket.objects.get().state == "waiting"


def test_the_press_ends_the_day_once(client, ratih, denpasar):
    absent = make_booked(denpasar, NINE)
    walk_in(denpasar)
    open_counter(denpasar)
    clock.set_to(NINE + timedelta(hours=8))

    for _twice in range(2):
        assert press(client, "/kepala/tutup-hari/", nonce="the-same-page").url == "/kepala/"

    absent.refresh_from_db()
    assert (absent.state, Ticket.objects.get().state) == (State.MISSED, "left")
    assert not Counter.objects.filter(officer__isnull=False).exists()
    assert "1 tidak datang" in page_of(client.get("/kepala/"))


@pytest.mark.parametrize("path", ["/kepala/", "/kepala/tempat-langsung/", "/kepala/tutup-hari/"])
def test_an_officer_is_no_head(client, path):
    client.force_login(make_officer())

    assert client.get(path).status_code == 403
