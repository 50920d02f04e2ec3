"""The pages as people meet them: no script, one clear answer, nothing lost."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from functools import partial
from io import BytesIO

import pytest
from django.test import Client

from openpaspor.appointments import calendar_actions
from openpaspor.appointments.models import Booking, Pot, Slot
from openpaspor.journey import State
from openpaspor.kit import clock, visit_pass
from openpaspor.ledger import node, signers
from openpaspor.offices.models import Office

from .make import (
    NOW,
    TOMORROW,
    hold,
    make_application,
    make_booked,
    make_head,
    make_office,
    make_slot,
    make_user,
    miss,
)

pytestmark = pytest.mark.django_db
THURSDAY = date(2026, 11, 26)


@pytest.fixture
def rani():
    """An applicant who is signed in; `rani.user` is her account."""
    client = Client()
    client.user = make_user()
    client.force_login(client.user)
    return client


def sign_in_head(office):
    client = Client()
    client.force_login(make_head(office))
    return client


def page_of(response):
    return response.content.decode()


# The finder


def test_the_finder_shows_the_earliest_place_and_three_days(client):
    office = make_office()
    calendar_actions.open_calendars([office], 5, action_id="o", actor="S-1", now=NOW)

    page = page_of(client.get("/kantor/?cari=denpasar"))

    assert 'data-page="appointments:finder"' in page
    assert "Rab 25 Nov, 08.00 WITA" in page
    assert all(day in page for day in ("Rab 25: 105", "Kam 26: 105", "Jum 27: 105"))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("not-made", "belum bisa membuat e-paspor"),
        ("no-blanks", "buku habis sampai"),
        ("not-released", "Tempat dibuka Jumat, 27 November 2026, 14.00 WITA"),
        ("full", "penuh sampai"),
        ("closed", "tutup sampai"),
    ],
)
def test_the_finder_says_why_there_is_no_place(client, reason, words):
    office = make_office("UJIAN", office_class="UKK" if reason == "not-made" else "I TPI")
    opened = partial(calendar_actions.open_calendars, [office], action_id="o", actor="S-1", now=NOW)
    if reason == "no-blanks":
        opened(3)
        calendar_actions.say_short(
            office, "electronic", date(2026, 12, 20), action_id="s", actor="S", now=NOW
        )
    if reason == "full":
        opened(3)
        for slot in Slot.objects.filter(office=office):
            Slot.objects.filter(pk=slot.pk).update(taken=slot.offered)
    if reason == "closed":
        opened(2)
        calendar_actions.close_day(office, TOMORROW, "flood", action_id="c", actor="S-1", now=NOW)

    page = page_of(client.get("/kantor/?cari=ujian"))

    assert f'data-reason="{reason}"' in page
    assert words in page


def test_a_full_office_names_others_nearby(client):
    make_office("PENUH")
    near = Office.objects.get(pk="SINGARAJA")
    calendar_actions.open_calendars([near], 2, action_id="o", actor="S-1", now=NOW)
    Office.objects.filter(pk="PENUH").update(latitude=near.latitude, longitude=near.longitude)

    assert near.name in page_of(client.get("/kantor/?cari=penuh"))


def test_the_finder_is_small_and_quick_for_all_offices(client, django_assert_max_num_queries):
    offices = list(Office.objects.all())
    calendar_actions.open_calendars(offices, 2, action_id="o", actor="S-1", now=NOW)
    client.get("/kantor/")

    with django_assert_max_num_queries(8):
        response = client.get("/kantor/", headers={"accept-encoding": "gzip"})

    assert len(response.content) <= 14 * 1024
    assert "184 kantor" in gzip.decompress(response.content).decode()


def test_the_finder_can_put_the_earliest_place_first(client):
    late, early = make_office("A-LAMBAT"), make_office("Z-CEPAT")
    make_slot(late, day=THURSDAY)
    make_slot(early, day=TOMORROW)

    page = page_of(client.get("/kantor/?urut=cepat"))

    assert page.index("Z-CEPAT") < page.index("A-LAMBAT")


def test_the_finder_takes_any_words(client):
    for words in ("%27", "<script>", "a" * 500, "\0bali\0", "bali bali bali bali bali bali bali"):
        response = client.get("/kantor/", {"cari": words, "halaman": "x", "layanan": "?"})
        assert response.status_code == 200
        assert "<script>a" not in page_of(response)


def test_a_lost_passport_is_sent_to_an_office_in_person(client):
    page = page_of(client.get("/kantor/"))

    assert "Paspor hilang atau rusak" in page


# Choosing


def choose(client, application, slot, nonce="nonce-12345"):
    address = f"/permohonan/{application.ref}/waktu/?kantor={slot.office_id}&hari={slot.day}"
    return client.post(address, {"slot": slot.pk, "nonce": nonce})


def test_a_time_is_chosen_and_the_bill_follows(rani):
    slot = make_slot(day=THURSDAY)
    application = make_application(account=rani.user)

    page = page_of(rani.get(f"/permohonan/{application.ref}/waktu/?kantor=DENPASAR"))
    response = choose(rani, application, slot)

    assert "09.00 WITA" in page
    assert response.status_code == 302
    assert response["location"] == f"/permohonan/{application.ref}/bayar/"


def test_a_place_that_was_just_taken_shows_the_nearest_others(rani):
    slot = make_slot(day=THURSDAY, hour=10)
    others = [make_slot(day=THURSDAY, hour=hour) for hour in (8, 9, 11, 14)]
    application = make_application(account=rani.user)
    hold(make_application(), slot)

    response = choose(rani, application, slot)

    page = page_of(response)
    assert response.status_code == 409
    assert 'data-code="slot-full"' in page
    assert f'data-ref="{application.ref}" data-state="SUBMITTED"' in page
    assert [f'name="slot" value="{other.pk}"' in page for other in others[:3]] == [True] * 3
    assert choose(rani, application, others[1], nonce="another-one").status_code == 302


def test_a_double_click_leads_both_times_to_the_bill(rani):
    slot = make_slot(day=THURSDAY, offered=3)
    application = make_application(account=rani.user)

    first, second = choose(rani, application, slot), choose(rani, application, slot)

    assert first["location"] == second["location"]
    assert Booking.objects.count() == 1


def test_a_second_tab_is_led_to_the_place_one_has(rani):
    slot, other = make_slot(day=THURSDAY), make_slot(day=THURSDAY, hour=10)
    application = make_application(account=rani.user)
    choose(rani, application, slot)

    response = choose(rani, application, other, nonce="other-tab")

    assert response.status_code == 409
    assert 'data-code="already-holding"' in page_of(response)


def test_sending_without_a_time_says_so(rani):
    make_slot(day=THURSDAY)
    application = make_application(account=rani.user)

    response = rani.post(f"/permohonan/{application.ref}/waktu/?kantor=DENPASAR", {"nonce": "nonce-12345"})

    assert response.status_code == 422
    assert "Pilih waktu." in page_of(response)


def test_a_held_place_can_be_given_up_on_its_page(rani):
    slot = make_slot(day=THURSDAY)
    application = make_application(account=rani.user)
    choose(rani, application, slot)
    assert "kami simpan sampai 11.40 WITA" in page_of(rani.get(f"/permohonan/{application.ref}/waktu/"))

    response = rani.post(f"/permohonan/{application.ref}/waktu/lepas/", {"nonce": "give-up-1"})

    application.refresh_from_db()
    assert (response.status_code, application.state) == (302, State.SUBMITTED)


def test_somebody_elses_application_does_not_exist(rani):
    application = make_booked(make_slot(day=THURSDAY), account=make_user())

    for page in ("waktu/", "ubah/", "susulan/", "bukti/", "bukti.pdf", "bukti.ics"):
        assert rani.get(f"/permohonan/{application.ref}/{page}").status_code == 404
    assert rani.post(f"/permohonan/{application.ref}/waktu/lepas/").status_code == 404


def test_choosing_needs_a_sign_in(client):
    application = make_application()

    assert client.get(f"/permohonan/{application.ref}/waktu/").status_code == 302


def test_counts_are_refreshed_as_a_piece_of_the_page(rani):
    slot = make_slot(day=THURSDAY)
    application = make_application(account=rani.user)

    response = rani.get(
        f"/permohonan/{application.ref}/waktu/?kantor=DENPASAR&hari=2026-11-26&slot={slot.pk}",
        headers={"HX-Request": "true"},
    )

    page = page_of(response)
    assert page.lstrip().startswith('<fieldset class="field" id="times"')
    assert "checked" in page


def test_an_unknown_office_is_not_found(rani):
    application = make_application(account=rani.user)

    assert rani.get(f"/permohonan/{application.ref}/waktu/?kantor=ATLANTIS").status_code == 404


def test_after_a_lapse_the_office_is_remembered(rani):
    slot = make_slot(day=THURSDAY, offered=2)
    application = make_application(account=rani.user)
    choose(rani, application, slot)
    rani.post(f"/permohonan/{application.ref}/waktu/lepas/", {"nonce": "give-up-1"})

    page = page_of(rani.get(f"/permohonan/{application.ref}/waktu/"))

    assert "09.00 WITA" in page


def test_a_lost_passport_has_no_times_to_choose(rani):
    application = make_application(account=rani.user, kind="lost")

    page = page_of(rani.get(f"/permohonan/{application.ref}/waktu/"))

    assert "Silakan datang langsung" in page


# The pass


def test_the_pass_tells_when_where_and_what_to_bring(rani):
    application = make_booked(make_slot(day=THURSDAY), account=rani.user)

    page = page_of(rani.get(f"/permohonan/{application.ref}/bukti/"))

    assert 'data-page="appointments:pass"' in page
    for words in (
        "Kamis, 26 November 2026, 09.00 WITA",
        application.ref,
        "Ni Luh Sari Dewi",
        "09.30 WITA",
        "<svg",
    ):
        assert words in page


def test_the_qr_code_is_signed_by_this_node(rani):
    application = make_booked(make_slot(day=THURSDAY), account=rani.user)
    shown = rani.get(f"/permohonan/{application.ref}/bukti/").context["pass"]
    scanned = visit_pass.unfold(shown.qr_text)

    assert signers.check(scanned, now=clock.now()).node == node.here().name
    read = visit_pass.read(scanned.seal)

    assert (read.ref, read.number, read.office) == (application.ref, 1, "DENPASAR")
    assert (read.starts_at, read.paid, read.name) == (application.place_starts_at, True, "NI LUH SARI DEWI")
    assert (read.kind, read.booklet) == (application.kind, application.booklet)


def test_the_pass_comes_as_paper_and_as_calendar_entry(rani):
    from pypdf import PdfReader

    application = make_booked(make_slot(day=THURSDAY), account=rani.user)

    pdf = rani.get(f"/permohonan/{application.ref}/bukti.pdf")
    entry = rani.get(f"/permohonan/{application.ref}/bukti.ics")

    words = PdfReader(BytesIO(pdf.content)).pages[0].extract_text()
    assert application.ref in words
    assert "26 November 2026" in words
    assert "DTSTART:20261126T010000Z" in page_of(entry)
    assert entry["content-type"].startswith("text/calendar")


def test_without_a_booked_place_there_is_no_pass(rani):
    application = make_application(account=rani.user)

    assert rani.get(f"/permohonan/{application.ref}/bukti/").status_code == 302
    assert rani.get(f"/permohonan/{application.ref}/bukti.pdf").status_code == 404


def test_ones_own_pass_is_no_recorded_look(rani):
    from openpaspor.ledger.models import Entry

    application = make_booked(make_slot(day=THURSDAY), account=rani.user)
    rani.get(f"/permohonan/{application.ref}/bukti/")

    assert not Entry.objects.filter(kind="accounts.looked").exists()


# Moving


def test_a_visit_is_moved_on_its_page(rani):
    old, new = make_slot(day=THURSDAY), make_slot(day=THURSDAY, hour=13)
    application = make_booked(old, account=rani.user)
    address = f"/permohonan/{application.ref}/ubah/?kantor=DENPASAR&hari=2026-11-26"
    assert "Anda tidak membayar lagi" in page_of(rani.get(address))

    response = rani.post(address, {"slot": new.pk, "nonce": "change-123"})

    application.refresh_from_db()
    assert response["location"] == f"/permohonan/{application.ref}/bukti/"
    assert application.place_starts_at == new.starts_at


def test_too_late_to_move_is_said_before_anything_is_chosen(rani, monkeypatch):
    application = make_booked(make_slot(day=TOMORROW), account=rani.user)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=9))

    page = page_of(rani.get(f"/permohonan/{application.ref}/ubah/"))

    assert "tidak bisa dipindahkan" in page
    assert 'name="slot"' not in page


def test_a_missed_visit_finds_places_of_its_own_pot(rani, monkeypatch):
    slot = make_slot(day=TOMORROW)
    application = make_booked(slot, account=rani.user)
    after = slot.starts_at + timedelta(hours=8)
    miss(application, now=after)
    new = make_slot(day=THURSDAY, pot=Pot.RESCUE)
    monkeypatch.setattr(clock, "now", lambda: after)
    address = f"/permohonan/{application.ref}/susulan/?kantor=DENPASAR&hari=2026-11-26"
    assert "disediakan untuk janji yang terlewat" in page_of(rani.get(address))

    response = rani.post(address, {"slot": new.pk, "nonce": "rescue-123"})

    application.refresh_from_db()
    assert (response.status_code, application.state) == (302, State.BOOKED)


# The head of office


def test_the_head_sees_and_sets_pots():
    slot = make_slot(day=THURSDAY, offered=5)
    make_booked(slot)
    head = sign_in_head(slot.office)
    page = page_of(head.get("/kepala/tempat/?hari=2026-11-26"))
    assert 'data-page="appointments:pots"' in page
    assert "1 / 5" in page
    numbers = {f"{pot}_{kind}": 0 for pot in Pot.values for kind in ("electronic", "regular")}

    response = head.post(
        "/kepala/tempat/?hari=2026-11-26", {**numbers, "online_electronic": 14, "nonce": "pots-12345"}
    )

    assert response.status_code == 302
    offered = Slot.objects.filter(pot="online", booklet_kind="electronic", day=THURSDAY)
    assert sorted(offered.values_list("offered", flat=True)) == [2] * 7


def test_the_head_is_told_the_ceiling():
    office = make_office()
    head = sign_in_head(office)
    numbers = {f"{pot}_{kind}": 0 for pot in Pot.values for kind in ("electronic", "regular")}

    response = head.post(
        "/kepala/tempat/?hari=2026-11-26", {**numbers, "online_electronic": 161, "nonce": "pots-12345"}
    )

    assert response.status_code == 422
    assert "paling banyak 160" in page_of(response)


def test_the_head_closes_a_day_and_reads_who_was_moved_where():
    slot = make_slot(day=THURSDAY)
    make_slot(day=date(2026, 11, 27))
    application = make_booked(slot)
    head = sign_in_head(slot.office)
    preview = page_of(head.get("/kepala/tempat/2026-11-26/tutup/"))
    assert application.ref in preview
    assert "Jum 27 Nov, 09.00 WITA" in preview

    response = head.post("/kepala/tempat/2026-11-26/tutup/", {"reason": "flood", "nonce": "close-12345"})

    page = page_of(head.get(response["location"]))
    assert "Kamis, 26 November 2026 ditutup" in page
    assert "Jum 27 Nov, 09.00 WITA" in page
    application.refresh_from_db()
    assert application.place_starts_at == slot.starts_at + timedelta(days=1)


def test_closing_needs_a_reason():
    head = sign_in_head(make_office())

    response = head.post("/kepala/tempat/2026-11-26/tutup/", {"nonce": "close-12345"})

    assert response.status_code == 422
    assert "Pilih alasan." in page_of(response)


def test_the_head_says_that_booklets_are_out_and_back(client):
    office = make_office("UJIAN")
    calendar_actions.open_calendars([office], 3, action_id="o", actor="S-1", now=NOW)
    head = sign_in_head(office)
    until = {"until_day": 20, "until_month": 12, "until_year": 2026}

    head.post("/kepala/tempat/buku/", {"booklet": "electronic", "nonce": "short-12345", **until})
    assert "buku habis sampai Minggu, 20 Desember 2026" in page_of(client.get("/kantor/?cari=ujian"))
    head.post("/kepala/tempat/buku/ada/", {"booklet": "electronic", "nonce": "again-12345"})

    assert "buku habis" not in page_of(client.get("/kantor/?cari=ujian"))


def test_only_a_head_may_open_the_calendar(rani, client):
    assert rani.get("/kepala/tempat/").status_code == 403
    assert client.get("/kepala/tempat/").status_code == 302


def test_a_head_sees_only_the_own_office():
    other = make_booked(make_slot(make_office("LAIN"), day=THURSDAY))
    head = sign_in_head(make_office())

    assert other.ref not in page_of(head.get("/kepala/tempat/2026-11-26/tutup/"))


def test_a_day_that_is_no_day_is_not_found():
    head = sign_in_head(make_office())

    assert head.get("/kepala/tempat/besok/tutup/").status_code == 404
    assert head.get("/kepala/tempat/?hari=2026-02-30").status_code == 404
