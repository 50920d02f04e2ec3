"""An office whose line to the centre is cut: what its pages say and offer."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from openpaspor.accounts import actions as accounts
from openpaspor.accounts import demo_people
from openpaspor.accounts.looks import looks_of
from openpaspor.accounts.models import Posting, Role
from openpaspor.accounts.tests import make as accounts_make
from openpaspor.applications.models import DossierKey
from openpaspor.facts.intake import IdentityConfirmed
from openpaspor.intake.tests.making import MONDAY, enrol, make_staff, make_walk_in
from openpaspor.kit import clock
from openpaspor.ledger import conflicts, exchange, links, node, receive
from openpaspor.ledger.messages import pack
from openpaspor.ledger.models import Conflict, Entry, Link, NodeRecord
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.nodes import doors
from openpaspor.nodes.boot import role_of
from openpaspor.offices.models import Office

pytestmark = pytest.mark.django_db
PAGES = {
    "petugas.denpasar": ["/petugas/", "/petugas/berkas/", "/petugas/berkas/baru/", "/petugas/luring/", "/petugas/dilihat/"],
    "kepala.denpasar": ["/kepala/", "/kepala/tempat/", "/petugas/dilihat/"],
    "cetak.denpasar": ["/cetak/", "/cetak/rak/", "/cetak/stok/"],
}  # fmt: skip


@pytest.fixture
def office(settings, tmp_path):
    """We are the office node of Denpasar; the centre is known and has not answered for an hour."""
    urls = ModuleType("urls_of_an_office_alone")
    urls.urlpatterns = doors.patterns("office")
    settings.ROOT_URLCONF = urls
    NodeRecord.objects.create(
        node="pusat",
        epoch=1,
        role="centre",
        sign_public="",
        box_public="09" + "00" * 31,
        wire_public="00" * 32,
    )
    us = node.Node(
        name="denpasar", role="office", home=settings.HOME, offices=("DENPASAR",), demo=True, rooms=role_of("office").FOLLOWS
    )  # fmt: skip
    with node.standing_at(us):
        links.make_links()
        the_centre_answered(3600)
        yield us


def the_centre_answered(seconds_ago: float) -> None:
    Link.objects.update(answered_at=clock.real_now() - timedelta(seconds=seconds_ago))


def enter(client: Client, login: str) -> Client:
    client.force_login(demo_people.ensure(clock.now())[login])
    return client


def page(client: Client, path: str) -> str:
    answer = client.get(path + "?bahasa=en")
    assert answer.status_code == 200, path
    return answer.content.decode()


def say(*refs: str) -> None:
    with transaction.atomic():
        for ref in refs:
            record(IdentityConfirmed(application=ref), actor="S-1", now=clock.now())
    seal_pending()


@pytest.mark.parametrize("login", PAGES)
def test_every_page_carries_the_banner_while_cut_and_none_when_connected(office, client, login):
    enter(client, login)
    say("OP-A", "OP-B")

    for path in PAGES[login]:
        shown = page(client, path)
        assert 'class="state-banner state-s1"' in shown, path
        assert "2 files to send" in shown and "WITA" in shown

    the_centre_answered(1)
    assert not [path for path in PAGES[login] if "state-banner state-" in page(client, path)]


def test_the_head_of_office_is_not_told_that_all_services_run_while_cut(office, client):
    cut = page(enter(client, "kepala.denpasar"), "/kepala/")
    the_centre_answered(1)
    well = page(client, "/kepala/")

    assert "centre not connected" in cut and "all services running" not in cut
    assert "all services running" in well and "centre not connected" not in well


def test_the_board_and_the_sign_in_page_carry_it_too(office, client):
    assert "state-s1" in page(client, "/aula/DENPASAR/papan")
    assert "state-s1" in page(client, "/petugas/masuk/")
    assert "state-s1" in page(client, "/petugas/luring/keadaan/")


def test_the_status_page_of_an_office_tells_the_time_of_the_office(office, client):
    told = page(client, "/status/")

    assert "WITA" in told and "WIB" not in told


def test_the_page_of_the_line_says_since_when_what_waits_and_what_may_be_done(office, client):
    enter(client, "petugas.denpasar")
    say("OP-A", "OP-A", "OP-B")

    shown = page(client, "/petugas/luring/")

    assert "centre has not been connected since" in shown and "2 files" in shown and "records" in shown
    for sentence in (
        "only the centre decides",
        "Print without an approval",
        "Settle money",
        "above the ceiling",
    ):
        assert sentence in shown


def test_both_lines_are_shown_and_what_holds_on_each(office, client):
    enter(client, "petugas.denpasar")
    keys = {"sign_public": "", "box_public": "", "wire_public": "00" * 32}
    NodeRecord.objects.create(node="portal", epoch=1, role="portal", **keys)
    links.make_links()
    the_portal = Link.objects.filter(pk="portal")
    the_portal.update(answered_at=clock.real_now(), queued=7, confirmed=4)

    shown = page(client, "/petugas/luring/")

    assert "Online bookings come here" in shown and "3 records" in shown
    assert "messages to applicants (not connected" not in shown  # they go over the other line

    the_portal.update(answered_at=clock.real_now() - timedelta(minutes=5))
    assert "New online bookings do not come here" in page(client, "/petugas/luring/")

    Link.objects.filter(pk="pusat").update(answered_at=clock.real_now())
    assert "by way of the centre meanwhile" in page(client, "/petugas/luring/")


def test_photos_on_their_way_are_not_said_to_be_there(office, client):
    enter(client, "petugas.denpasar")
    seal_pending()
    Link.objects.update(confirmed_epoch=office.epoch, confirmed=10_000, missing=["OP-A"])
    the_centre_answered(1)

    shown = page(client, "/petugas/luring/")

    assert "Photos and papers of 1 file are still on their way" in shown
    assert "The centre has everything" not in shown


def test_a_case_whose_papers_have_not_come_says_that_the_line_is_cut_and_what_to_do(office, client):
    application = make_walk_in("adult-new")
    DossierKey.objects.all().delete()
    enter(client, "petugas.denpasar")
    path = f"/petugas/berkas/{application.ref}/?bahasa=en"

    answer = client.get(path)

    shown = answer.content.decode()
    assert answer.status_code == 409 and 'data-code="dossier-not-here"' in shown
    assert "is cut since" in shown and "put the number on hold" in shown and "said again by" in shown
    assert "Back to work" in shown

    the_centre_answered(1)
    assert "try again in a while" in client.get(path).content.decode()


def receipt_of_a_finished_case(client: Client) -> str:
    application = enrol(make_walk_in("adult-new"))
    enter(client, "petugas.denpasar")
    return f"/petugas/berkas/{application.ref}/tanda-terima/"


def test_a_receipt_given_with_the_line_cut_says_that_the_status_waits(office, client):
    path = receipt_of_a_finished_case(client)
    shown = page(client, path)
    assert "The status waits for the line." in shown and "has been cut since" in shown
    assert "Pay as it says above" in shown and "You need do nothing." not in shown  # there is a bill to pay

    assert (
        "It can be later: the centre decides only when the line is back." in shown and "Ready by" not in shown
    )

    the_centre_answered(1)
    assert "The status waits" not in page(client, path)
    assert "Ready by" in page(client, path) and "It can be later" not in page(client, path)


def test_a_receipt_of_an_office_that_has_never_heard_the_centre_names_no_time(office, client):
    path = receipt_of_a_finished_case(client)
    Link.objects.update(answered_at=None)

    shown = page(client, path)

    assert "The line to the centre is cut." in shown and "cut since" not in shown


def test_a_visitor_reads_no_words_for_staff_on_the_receipt(office, client):
    application = enrol(make_walk_in("adult-new"))
    seal_pending()
    ours = Entry.objects.filter(application=application.ref, kind="applications.moved").last()
    conflicts.set_aside(ours, "old-term", other=ours)
    enter(client, "petugas.denpasar")

    assert 'data-sync="look"' in page(client, f"/petugas/berkas/{application.ref}/")
    shown = page(client, f"/petugas/berkas/{application.ref}/tanda-terima/")
    assert "Your file is complete" in shown and "Needs a look" not in shown


def test_the_sync_word_is_told_again_to_a_page_that_stays_open(office, client):
    say("OP-A")
    assert "sync-link" not in page(client, "/petugas/luring/keadaan/")  # a board in the hall has none
    enter(client, "petugas.denpasar")
    assert 'data-sync="saved"' in page(client, "/petugas/luring/keadaan/")

    the_centre_answered(1)

    assert 'data-sync="sending"' in page(client, "/petugas/luring/keadaan/")


def test_trying_to_connect_is_a_button_that_wakes_the_courier(office, client):
    enter(client, "petugas.denpasar")
    assert 'action="/petugas/luring/coba/"' in page(client, "/petugas/luring/")

    assert client.post("/petugas/luring/coba/").status_code == 302

    assert links.is_asked_to_call("pusat")


def test_catching_up_shows_how_many_of_how_many_came(office, client):
    enter(client, "petugas.denpasar")
    seal_pending()
    whole = clock.real_now()
    say(*[f"OP-{number}" for number in range(4)])
    last = Entry.objects.get(application="OP-3").seq
    Link.objects.update(confirmed_epoch=office.epoch, confirmed=last - 3, whole_at=whole)
    the_centre_answered(1)

    assert "1 of 4 received" in page(client, "/petugas/luring/")


def test_a_case_and_its_list_say_where_the_record_is(office, client):
    application = make_walk_in("adult-new")
    seal_pending()
    enter(client, "petugas.denpasar")
    path = f"/petugas/berkas/{application.ref}/"

    assert 'data-sync="saved"' in page(client, "/petugas/berkas/")
    shown = page(client, path)
    assert 'data-sync="saved"' in shown and "to be sent" in shown

    seal_pending()
    Link.objects.update(confirmed_epoch=office.epoch, confirmed=10_000)
    assert 'data-sync="received"' in page(client, "/petugas/berkas/")


def test_without_a_line_the_words_are_those_of_one_machine(client):
    demo_people.ensure(clock.now())
    client.post("/demo/as/petugas.denpasar")
    application = make_walk_in("adult-new")

    assert 'data-sync="received"' in page(client, f"/petugas/berkas/{application.ref}/")
    assert "No line is needed here" in page(client, "/petugas/luring/")


LATER = timedelta(days=13)


def thirteen_days_pass(monkeypatch) -> None:
    for place, name in ((clock, "real_now"), (clock, "now"), (timezone, "now")):
        before = getattr(place, name)
        monkeypatch.setattr(place, name, lambda before=before: before() + LATER)


def test_one_signs_in_when_the_centre_has_been_away_for_thirteen_days(office, client, monkeypatch):
    login = "adi.denpasar"
    person = accounts_make.make_staff(login)
    accounts_make.sign_in_staff(client, login)
    assert "Signing in without the line" in page(client, "/petugas/luring/")

    thirteen_days_pass(monkeypatch)

    assert client.get("/petugas/luring/").url.startswith("/petugas/masuk/")  # the session of then has ended
    accounts_make.sign_in_staff(client, login)
    assert client.get("/petugas/").status_code == 200

    accounts.note_posting_ended(person.code, "officer", "DENPASAR", at=clock.now())  # the line is back

    assert client.get("/petugas/").status_code == 403


def test_a_password_lets_nobody_in_whose_posting_had_an_end(office, client, monkeypatch):
    login = "adi.denpasar"
    person = accounts_make.make_staff(login)
    Posting.objects.filter(person=person).update(ends_at=clock.now() + timedelta(days=7))

    thirteen_days_pass(monkeypatch)

    accounts_make.sign_in_staff(client, login)
    assert client.get("/petugas/").status_code == 403


def test_a_look_at_a_file_while_cut_is_recorded_and_arrives(office, client, tmp_path):
    application = make_walk_in("adult-new")
    enter(client, "petugas.denpasar")
    client.get(f"/petugas/berkas/{application.ref}/")
    seal_pending()
    link = Link.objects.get(pk="pusat")
    lines = [receive.write_line(entry) for entry in links.own_log_after(link.confirmed_epoch, link.confirmed)]
    introduce_ourselves()
    looked = Entry.objects.get(kind="accounts.looked", application=application.ref)

    Entry.objects.all().delete()
    centre = node.Node(name="pusat", role="centre", home=tmp_path / "centre")
    with node.standing_at(centre):
        introduce_ourselves()
        came = exchange.answer(pack(office, "pusat", "push", 1, {"mode": "dense"}, lines))

    assert came is not None
    (arrived,) = Entry.objects.filter(kind="accounts.looked", application=application.ref)
    assert (arrived.actor, arrived.recorded_at, arrived.void) == (looked.actor, looked.recorded_at, False)
    assert looks_of(application.ref)[0].at == looked.recorded_at


@pytest.fixture
def doubt(office):
    """The portal moved an application that the office had let in."""
    application = make_walk_in("adult-new")
    seal_pending()
    ours = Entry.objects.filter(application=application.ref, kind="applications.moved").last()
    NodeRecord.objects.create(
        node="portal", epoch=1, role="portal", sign_public="", box_public="", wire_public="00" * 32
    )
    theirs = Entry.objects.create(
        node="portal", epoch=1, seq=9, position=90_000, kind="applications.moved", application=application.ref,
        version=ours.version, actor="A-1", recorded_at=MONDAY, fact=ours.fact.replace("ARRIVED", "WITHDRAWN").replace('"walk_in"', '"withdraw"'),
    )  # fmt: skip
    conflicts.set_aside(theirs, "old-term", other=ours)
    return Conflict.objects.get()


def test_both_sides_stand_side_by_side_and_one_is_chosen(doubt, client):
    enter(client, "petugas.denpasar")
    shown = page(client, "/petugas/dilihat/")
    for words in (
        doubt.application,
        "In this office",
        "On the pages for applicants",
        "in the hall",
        "taken back",
        "suggested",
    ):
        assert words in shown

    answer = client.post(f"/petugas/dilihat/{doubt.pk}/", {"picked": "other"})

    assert answer.status_code == 302
    doubt.refresh_from_db()
    assert (doubt.picked, bool(doubt.seen_at)) == ("other", True)
    told = Entry.objects.get(kind="ledger.doubt_decided")
    assert (told.application, told.values["office"]) == (doubt.application, "DENPASAR")
    assert "All is in order" in page(client, "/petugas/dilihat/")


def test_what_needs_a_look_holds_up_nothing_else(doubt, client):
    other = make_walk_in("adult-new")
    seal_pending()
    enter(client, "petugas.denpasar")

    listed = page(client, "/petugas/berkas/")

    assert 'data-sync="look"' in listed and 'data-sync="saved"' in listed
    assert other.ref not in page(client, "/petugas/dilihat/")


def test_a_doubt_of_another_office_does_not_exist(doubt, client):
    client.force_login(make_staff(Role.OFFICER, Office.objects.get(pk="JAYAPURA")))

    assert doubt.application not in client.get("/petugas/dilihat/").content.decode()
    assert client.post(f"/petugas/dilihat/{doubt.pk}/", {"picked": "other"}).status_code == 404
