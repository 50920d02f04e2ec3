"""The officer's pages, the door and the wall, as a browser without a script sees them."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote_from_bytes

import pytest
from django.test import Client

from openpaspor.accounts.models import Role
from openpaspor.applications import dossier
from openpaspor.applications.models import Application
from openpaspor.hall import actions, desk
from openpaspor.hall.models import Counter, Ticket
from openpaspor.hall.tests.making import (
    BORN,
    NINE,
    action,
    make_booked,
    make_draft,
    make_in_state,
    make_officer,
    make_submitted,
    office_of,
    open_counter,
    pass_of,
)
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry
from openpaspor.offices.models import Office

pytestmark = pytest.mark.django_db
NIK = {"what": "5171 0145 0399 0003", "born_day": BORN.day, "born_month": BORN.month, "born_year": BORN.year}


@pytest.fixture(autouse=True)
def nine_o_clock() -> None:
    clock.set_to(NINE)


@pytest.fixture
def denpasar() -> Office:
    return office_of()


@pytest.fixture
def adi(client: Client):
    person = make_officer()
    client.force_login(person)
    return person


def page_of(response) -> str:
    return response.content.decode()


def code_of(response) -> str:
    found = re.search(r'<main[^>]*data-code="([^"]*)"', page_of(response))
    return found[1] if found else ""


def press(client: Client, path: str, nonce: str = "", **answers: object):
    return client.post(path, {"nonce": nonce or action().replace(":", "-"), **answers})


def walk_in(denpasar: Office, priority: str = "", minutes: int = 0) -> Ticket:
    return actions.issue_walk_in(
        denpasar,
        action_id=action(),
        actor="S-1",
        now=NINE - timedelta(minutes=60 - minutes),
        priority=priority,
    )


def looks(application: Application) -> list[str]:
    entries = Entry.objects.filter(kind="accounts.looked", application=application.ref).order_by("id")
    return [entry.values["what"] for entry in entries]


# The officer's day


def test_a_morning_at_the_counter_with_buttons_only(client, adi, denpasar):
    walk_in(denpasar)
    press(client, "/petugas/loket/buka/", number="3", serves=["A", "B"])
    assert Counter.objects.get(officer=adi).serves == "AB"

    press(client, "/petugas/panggil/")
    ticket = Ticket.objects.get()
    assert "B 001" in page_of(client.get("/petugas/"))
    deed = f"/petugas/nomor/{ticket.pk}"
    press(client, f"{deed}/recall/")
    press(client, f"{deed}/hold/", reason="4")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.calls, ticket.reason) == ("held", 2, "4")
    press(client, f"{deed}/resume/")
    press(client, "/petugas/panggil/")
    press(client, f"{deed}/no-show/")
    press(client, f"{deed}/undo/")
    press(client, "/petugas/panggil/")
    press(client, f"{deed}/transfer/", to="line-P")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.line) == ("waiting", "P")
    press(client, f"{deed}/transfer/", to="line-B")
    press(client, "/petugas/panggil/")
    press(client, f"{deed}/finish/")
    press(client, "/petugas/loket/tutup/")

    ticket.refresh_from_db()
    assert (ticket.state, ticket.ended_at is None) == ("served", False)
    assert not Counter.objects.filter(officer__isnull=False).exists()


def test_the_page_remembers_which_counter_one_opens(client, adi, denpasar):
    open_counter(denpasar, 1)
    assert 'value="2"' in page_of(client.get("/petugas/"))

    press(client, "/petugas/loket/buka/", number="5", serves=["C"])
    press(client, "/petugas/loket/tutup/")

    assert 'value="5"' in page_of(client.get("/petugas/"))


def test_a_double_click_calls_once(client, adi, denpasar):
    walk_in(denpasar)
    walk_in(denpasar)
    press(client, "/petugas/loket/buka/", number="1", serves=["B"])

    for _twice in range(2):
        assert press(client, "/petugas/panggil/", nonce="the-same-page").status_code == 302

    assert Ticket.objects.filter(state="called").count() == 1


def test_an_old_tab_leaves_alone_what_was_handed_on(client, adi, denpasar):
    walk_in(denpasar)
    press(client, "/petugas/loket/buka/", number="1", serves=["B"])
    press(client, "/petugas/panggil/")
    ticket = Ticket.objects.get()
    open_counter(denpasar, 2)
    press(client, f"/petugas/nomor/{ticket.pk}/transfer/", to="counter-2")

    answer = press(client, f"/petugas/nomor/{ticket.pk}/no-show/")

    assert (answer.status_code, code_of(answer)) == (409, "ticket-moved-on")
    assert "loket 2" in page_of(answer)
    ticket.refresh_from_db()
    assert ticket.state == "called"


@pytest.mark.parametrize(
    ("path", "answers", "status", "code"),
    [
        ("panggil/", {}, 409, "no-counter"),
        ("nomor/{pk}/hold/", {}, 422, "reason-missing"),
        ("nomor/{pk}/hold/", {"reason": "9"}, 422, "reason-missing"),
        ("nomor/{pk}/hold/", {"reason": "1"}, 409, "no-counter"),
        ("nomor/{pk}/transfer/", {}, 422, "where-missing"),
        ("nomor/{pk}/transfer/", {"to": "counter-²"}, 422, "where-missing"),
        ("nomor/{pk}/transfer/", {"to": "counter-9"}, 409, "counter-not-open"),
        ("nomor/{pk}/transfer/", {"to": "line-X"}, 422, "where-missing"),
        ("nomor/{pk}/undo/", {}, 409, "undo-too-late"),
        ("nomor/{pk}/resume/", {}, 409, "ticket-moved-on"),
        ("nomor/{pk}/explode/", {}, 404, ""),
        ("nomor/999999999999999999999/finish/", {}, 404, ""),
        ("loket/buka/", {"number": "0", "serves": ["A"]}, 422, ""),
        ("loket/buka/", {"number": "satu", "serves": ["A"]}, 422, ""),
        ("loket/buka/", {"number": "1"}, 422, ""),
        ("loket/buka/", {"number": "1", "serves": ["A", "Z"]}, 422, ""),
    ],
)
def test_a_press_that_makes_no_sense_gets_one_clear_answer(
    client, adi, denpasar, path, answers, status, code
):
    ticket = walk_in(denpasar)

    answer = press(client, "/petugas/" + path.format(pk=ticket.pk), **answers)

    assert (answer.status_code, code_of(answer)) == (status, code)
    ticket.refresh_from_db()
    assert ticket.state == "waiting"


@pytest.mark.parametrize("path", ["panggil/", "loket/buka/", "loket/tutup/", "nomor/{pk}/recall/"])
def test_the_address_of_a_deed_leads_back_to_the_day(client, adi, denpasar, path):
    ticket = walk_in(denpasar)

    assert client.get("/petugas/" + path.format(pk=ticket.pk)).url == "/petugas/"


def test_numbers_of_another_office_do_not_exist(client, adi):
    elsewhere = walk_in(office_of("AMBON"))

    assert client.get(f"/petugas/nomor/{elsewhere.pk}/").status_code == 404
    assert press(client, f"/petugas/nomor/{elsewhere.pk}/finish/").status_code == 404


@pytest.mark.parametrize("path", ["/petugas/", "/petugas/tiba/", "/petugas/langsung/", "/petugas/cari/"])
def test_only_staff_of_the_hall_open_its_doors(client, path):
    assert client.get(path).status_code == 302
    client.force_login(make_officer(role=Role.KAS))

    assert client.get(path).status_code == 403


def test_the_moving_parts_are_sent_only_when_they_changed(client, adi, denpasar):
    first = client.get("/petugas/antrean/")
    tag = first["ETag"]

    same = client.get("/petugas/antrean/", headers={"If-None-Match": f"W/{tag}"})
    walk_in(denpasar)
    other = client.get("/petugas/antrean/", headers={"If-None-Match": tag})

    assert (same.status_code, other.status_code) == (304, 200)
    assert "B 001" in page_of(other)


def test_the_page_shows_whom_the_rule_calls_next(client, adi, denpasar):
    walk_in(denpasar)
    walk_in(denpasar, priority="pregnant", minutes=10)
    press(client, "/petugas/loket/buka/", number="1", serves=["A", "B", "P"])

    shown = re.search(r'class="hall-next"><b class="number">([^<]*)', page_of(client.get("/petugas/")))

    assert shown and shown[1] == "P 001"


# Arriving


@pytest.mark.parametrize(
    "shows",
    [
        lambda one: {"what": one.ref},
        lambda one: {"what": one.ref.lower().replace("-", " ")},
        lambda one: {"what": pass_of(one)},
        lambda one: {"what": f"  {pass_of(one)} "},
        lambda one: {"what": pass_of(one).lower()},
        lambda one: NIK,
    ],
    ids=["code", "code as typed", "pass", "pass with spaces", "pass in lower case", "NIK and birth date"],
)
def test_a_visitor_is_received_by_what_he_shows(client, adi, denpasar, shows):
    application = make_booked(denpasar, NINE)

    found = press(client, "/petugas/tiba/", **shows(application))
    assert found.url == f"/petugas/tiba/{application.ref}/"
    given = press(client, found.url, priority="")

    ticket = Ticket.objects.get()
    assert given.url == f"/petugas/nomor/{ticket.pk}/"
    assert "A 001" in page_of(client.get(given.url))
    assert press(client, "/petugas/tiba/", what="a 1").url == found.url


def test_of_many_applications_the_nik_finds_the_one_of_today(client, adi, denpasar):
    make_submitted()
    today = make_booked(denpasar, NINE)
    make_booked(denpasar, NINE + timedelta(days=1))
    make_draft()

    assert press(client, "/petugas/tiba/", **NIK).url == f"/petugas/tiba/{today.ref}/"


def test_priority_needs_no_proof(client, adi, denpasar):
    application = make_booked(denpasar, NINE)

    press(client, f"/petugas/tiba/{application.ref}/", priority="pregnant")

    application.refresh_from_db()
    assert (application.ticket, application.priority) == ("P 001", "pregnant")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"office": "AMBON"}, "wrong-office"),
        ({"starts_at": NINE + timedelta(days=1)}, "another-day"),
        ({"starts_at": NINE - timedelta(days=1)}, "appointment-passed"),
        ({"starts_at": NINE + timedelta(hours=2)}, "too-early"),
        ({"number": 1}, "pass-replaced"),
    ],
)
def test_a_pass_that_does_not_count_here_and_now_gets_one_sentence(client, adi, denpasar, changes, code):
    application = make_booked(denpasar, NINE, pass_number=2)

    answer = press(client, "/petugas/tiba/", what=pass_of(application, **changes))

    assert (answer.status_code, code_of(answer)) == (409, code)
    assert looks(application) == []


def test_an_old_pass_after_a_change_names_what_counts_now(client, adi, denpasar):
    application = make_booked(denpasar, NINE + timedelta(days=1), pass_number=2)

    answer = press(client, "/petugas/tiba/", what=pass_of(application, number=1, starts_at=NINE))

    assert "Rabu, 25 November 2026, 09.00 WITA" in page_of(answer)


def test_a_forged_pass_is_no_pass(client, adi, denpasar):
    text = pass_of(make_booked(denpasar, NINE))
    forged = text[:-1] + ("0" if not text.endswith("0") else "1")

    answer = press(client, "/petugas/tiba/", what=forged)

    assert (answer.status_code, code_of(answer)) == (422, "invalid-signature")
    assert Ticket.objects.count() == 0


def test_a_genuine_pass_whose_booking_never_came_still_gets_a_number(client, adi, denpasar):
    application = make_booked(denpasar, NINE + timedelta(days=1))
    text = pass_of(application, number=2, starts_at=NINE)  # changed at the portal; we have not heard

    asked = press(client, "/petugas/tiba/", what=text)
    assert asked.status_code == 200
    for words in (application.ref, "Penggantian paspor, dewasa · E-paspor", "24 November 2026, 09.00 WITA"):
        assert words in page_of(asked)
    press(client, "/petugas/tiba/dengan-bukti/", what=text, priority="")
    scanned = press(client, "/petugas/tiba/", what=text)
    typed_behind_itself = press(client, "/petugas/tiba/", what=text * 3)
    again = press(client, "/petugas/tiba/dengan-bukti/", what=text, priority="")

    ticket = Ticket.objects.get()
    assert (ticket.label, ticket.pass_ref, ticket.application) == ("A 001", application.ref, None)
    assert (again.status_code, code_of(again)) == (409, "already-in-line")
    assert (
        typed_behind_itself.url == scanned.url == f"/petugas/nomor/{ticket.pk}/"
    )  # the number that was given


def test_the_file_joins_the_number_given_on_the_pass_when_it_comes(denpasar):
    application = make_booked(denpasar, NINE)
    unheard = make_booked(denpasar, NINE)
    shown = desk.read_pass(pass_of(unheard, number=7), NINE)
    given = actions.issue_on_pass(shown, None, denpasar, action_id="p", actor="S-1", now=NINE)
    actions.arrive(application, denpasar, action_id="a", actor="S-1", now=NINE)

    joined = actions.arrive(unheard, denpasar, action_id="b", actor="S-1", now=NINE)

    assert joined == given
    unheard.refresh_from_db()
    assert (unheard.ticket, unheard.state) == ("A 001", State.ARRIVED)


@pytest.mark.parametrize(
    "what",
    [
        "",
        " ",
        "OP-",
        "OP-AAAA-AAAA",
        "OP2:",
        "op2:",
        "OP2:" + "A" * 300,
        "OP2:" + ":" * 90,
        "OP2:\U0001f600",
        "x" * 5000,
        "\U0001f600" * 40,
        "\x00",
        "A\x00001",
        "A 99999999999999999999",
        "A ²",
        "A ٠٠١",
        "٥١٧١٠١٤٥٠٣٩٩٠٠٠٣",
        "5171014503990003",
        "517101450399000",
        "51710145039900031",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "\u202e\ufeff\u0000",
        "SITI \ud83d",
    ],
)
def test_hostile_text_at_the_door_and_in_the_search_is_only_text(client, adi, what):
    typed = quote_from_bytes(what.encode("utf-8", "surrogatepass"))
    at_the_door = client.post(
        "/petugas/tiba/", f"what={typed}", content_type="application/x-www-form-urlencoded"
    )
    searched = client.get(f"/petugas/cari/?q={typed}")

    assert at_the_door.status_code == 422
    assert searched.status_code in (200, 422)
    assert "<script>alert" not in page_of(searched)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("5171014503990003", "tanggal lahir"),
        ("517101450399000", "16 angka"),
        ("٥١٧١٠١٤٥٠٣٩٩٠٠٠٣", "16 angka"),
        ("OP-AAAA-AAAA", "Tidak ada yang cocok"),
    ],
)
def test_the_door_says_what_is_wrong(client, adi, what, says):
    answer = press(client, "/petugas/tiba/", what=what)

    assert says in page_of(answer)
    assert what in page_of(answer)


def test_a_nik_with_an_impossible_birth_date_keeps_what_was_typed(client, adi):
    answer = press(client, "/petugas/tiba/", **(NIK | {"born_day": 31, "born_month": 2}))

    assert answer.status_code == 422
    assert NIK["what"] in page_of(answer)


# Looks


def test_every_view_of_a_person_is_one_look_and_a_number_given_is_none(client, adi, denpasar):
    application = make_booked(denpasar, NINE)
    door = f"/petugas/tiba/{application.ref}/"

    client.get(door)
    assert looks(application) == ["hall:arrive_ref"]
    assert press(client, door, priority="nobility").status_code == 422
    assert looks(application) == ["hall:arrive_ref"] * 2
    assert press(client, door, priority="").status_code == 302
    assert looks(application) == ["hall:arrive_ref"] * 2
    assert press(client, door, priority="").status_code == 409
    assert looks(application) == ["hall:arrive_ref"] * 3
    client.get(door)
    assert looks(application) == ["hall:arrive_ref"] * 4


def test_a_search_is_one_look_for_each_person_it_shows(client, adi, denpasar):
    first, second = make_booked(denpasar, NINE), make_draft()
    third = make_submitted()
    other = make_submitted("SOMEBODY ELSE")  # with the same NIK

    for q in (first.ref, "Siti Aminah", "5171014503990003", "nobody of this name"):
        client.get("/petugas/cari/", {"q": q})

    assert looks(first) == ["hall:search"] * 3
    assert looks(third) == ["hall:search"] * 2
    assert (looks(second), looks(other)) == ([], ["hall:search"])


def test_an_erased_file_is_no_trouble(client, adi):
    application = make_draft()
    dossier.erase(application)

    answer = client.get(f"/petugas/tiba/{application.ref}/")

    assert answer.status_code == 200
    assert "sudah dihapus" in page_of(answer)


# What each state is told


@pytest.mark.parametrize(
    ("make", "says", "offers"),
    [
        (lambda office: make_draft(), "belum dikirim", False),
        (lambda office: make_submitted(), "Satu tempat datang langsung", True),
        (lambda office: make_booked(office, NINE - timedelta(minutes=50)), "Terlambat", True),
        (lambda office: make_booked(office, NINE + timedelta(days=1)), "Rabu, 25 November", False),
        (lambda office: make_in_state(office, State.INCOMPLETE), "Beri nomor", True),
        (lambda office: make_in_state(office, State.READY), "Mengambil paspor", True),
        (lambda office: make_in_state(office, State.REVIEW), "sedang memeriksa", False),
        (lambda office: make_in_state(office, State.APPROVED), "menunggu dicetak", False),
    ],
)
def test_the_page_says_what_can_be_done(client, adi, denpasar, make, says, offers):
    application = make(denpasar)

    page = page_of(client.get(f"/petugas/tiba/{application.ref}/"))

    assert says in page
    assert ('name="nonce"' in page.split("<main")[1]) == offers


def test_references_nobody_gave_out_do_not_exist(client, adi):
    for ref in ("OP-AAAA-AAAA", "x" * 300, "%00", "..", "OP-2222-2222"):
        assert client.get(f"/petugas/tiba/{ref}/").status_code == 404


# Walk-ins and numbers


def test_a_walk_in_gets_a_number_with_people_in_front_and_a_range(client, adi, denpasar):
    walk_in(denpasar)
    open_counter(denpasar, 1)

    given = press(client, "/petugas/langsung/", priority="")

    page = page_of(client.get(given.url))
    assert "B 002" in page
    assert "1 orang di depan" in page
    assert re.search(r"Kira-kira \d+ sampai \d+ menit", page)


def test_going_back_and_pressing_again_leads_to_the_number_that_was_given(client, adi):
    page = client.get("/petugas/langsung/")
    nonce = re.search(r'name="nonce" value="([^"]+)"', page_of(client.get(page.url)))[1]
    given = press(client, page.url, nonce, priority="")

    back = client.get(page.url)
    again = press(client, page.url, nonce, priority="disabled")

    assert back.url == again.url == given.url
    assert Ticket.objects.count() == 1
    assert client.get("/petugas/langsung/").url != page.url  # the next visitor gets a page of their own


def test_a_full_day_says_what_else_there_is(client, adi, denpasar):
    actions.set_day_pot(denpasar, NINE.date(), "B", 0, action_id="p", actor="S-1", now=NINE)

    answer = press(client, "/petugas/langsung/", priority="")

    assert (answer.status_code, code_of(answer)) == (409, "day-full")
    assert "/kantor/" in page_of(answer)
    assert press(client, "/petugas/langsung/", priority="disabled").status_code == 302


def test_looking_at_the_places_writes_nothing(client, adi):
    before = Entry.objects.count()

    client.get("/petugas/langsung/", follow=True)

    assert Entry.objects.count() == before


# The wall


def test_the_wall_shows_numbers_and_counters_and_never_a_name(client, denpasar):
    application = make_booked(denpasar, NINE)
    actions.arrive(application, denpasar, action_id="a", actor="S-1", now=NINE)
    walk_in(denpasar)
    actions.call_next(open_counter(denpasar, 7), action_id="c", actor="S-1", now=NINE)

    page = page_of(client.get("/aula/DENPASAR/papan"))

    assert "A 001" in page
    assert "called-new" in page
    assert "SITI" not in page
    assert application.ref not in page
    assert '<meta http-equiv="refresh"' in page
    assert "WITA" in page


def test_a_call_stands_still_after_a_moment_and_moves_down_with_the_next(client, denpasar):
    walk_in(denpasar)
    walk_in(denpasar, minutes=1)
    actions.call_next(open_counter(denpasar, 1), action_id="c1", actor="S-1", now=NINE)
    clock.set_to(NINE + timedelta(seconds=20))
    assert "called-new" not in page_of(client.get("/aula/DENPASAR/papan/isi"))

    actions.call_next(open_counter(denpasar, 2), action_id="c2", actor="S-1", now=clock.now())

    page = page_of(client.get("/aula/DENPASAR/papan/isi"))
    assert re.findall(r"B 00\d", page) == ["B 002", "B 001"]
    assert "called-new" in page


def test_who_was_put_aside_is_not_asked_to_come(client, denpasar):
    walk_in(denpasar)
    counter = open_counter(denpasar)
    ticket = actions.call_next(counter, action_id="c1", actor="S-1", now=NINE)
    actions.hold_ticket(ticket, "1", action_id="h", actor="S-1", now=NINE)

    assert "B 001" not in page_of(client.get("/aula/DENPASAR/papan"))


def test_the_wall_is_sent_only_when_it_changed(client, denpasar):
    tag = client.get("/aula/DENPASAR/papan/isi")["ETag"]

    assert client.get("/aula/DENPASAR/papan/isi", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        (NINE - timedelta(hours=2), "Layanan dimulai pukul 08.00 WITA"),
        (NINE, "Silakan duduk"),
        (NINE + timedelta(hours=8), "Pelayanan hari ini sudah selesai"),
        (NINE + timedelta(days=4), "Buka lagi Senin, 30 November 2026"),
    ],
)
def test_a_wall_without_a_call_says_how_it_stands(client, denpasar, moment, says):
    clock.set_to(moment)

    assert says in page_of(client.get("/aula/DENPASAR/papan"))


def test_a_wall_of_no_office_does_not_exist(client):
    assert client.get("/aula/ATLANTIS/papan").status_code == 404
    assert client.get("/aula/denpasar/papan").status_code == 200


# Search


def test_a_number_without_an_application_is_found_by_its_label(client, adi, denpasar):
    ticket = walk_in(denpasar)

    assert f"/petugas/nomor/{ticket.pk}/" in page_of(client.get("/petugas/cari/?q=b001"))


def test_the_print_room_finds_what_it_hands_over(client, denpasar):
    application = make_in_state(denpasar, State.READY)
    client.force_login(make_officer(role=Role.PRINT))

    page = page_of(client.get("/petugas/cari/", {"q": application.ref}))

    assert application.ref in page
    assert f"/petugas/tiba/{application.ref}" not in page


def test_a_search_may_be_a_pass(client, adi, denpasar):
    application = make_booked(denpasar, NINE)

    assert application.ref in page_of(client.get("/petugas/cari/", {"q": pass_of(application)}))


def test_both_languages_are_whole(client, adi, denpasar):
    walk_in(denpasar)

    assert "Buka loket Anda" in page_of(client.get("/petugas/"))
    assert "Open your counter" in page_of(client.get("/petugas/?bahasa=en"))
