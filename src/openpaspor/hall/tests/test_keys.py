"""The hall in a real browser: keys at the counter, the wall that looks again, and both without a script."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from openpaspor.hall import actions
from openpaspor.hall.models import Counter, Ticket
from openpaspor.hall.tests.making import NINE, action, make_booked, make_officer, office_of, open_counter
from openpaspor.kit import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


@pytest.fixture
def open_page(live_server, browser):
    """Opens the address for the officer of the test, or for anybody; with or without a script."""
    clock.set_to(NINE)
    client, contexts = Client(), []
    client.force_login(make_officer())
    session = client.cookies["sessionid"].value

    def open_page(path: str, *, script: bool = True):
        context = browser.new_context(viewport={"width": 1366, "height": 768}, java_script_enabled=script)
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def walk_in(priority: str = "") -> Ticket:
    return actions.issue_walk_in(
        office_of(), action_id=action(), actor="S-1", now=clock.now(), priority=priority
    )


def test_a_morning_by_keys_alone(open_page):
    walk_in()
    walk_in()
    page = open_page("/petugas/")

    page.wait_for_function("document.activeElement.matches('button')")
    page.keyboard.press("Enter")  # the counter that was free is filled in
    page.wait_for_selector("#free")
    page.keyboard.press("F2")
    page.wait_for_selector(".hall-number >> text=B 001")
    page.keyboard.press("2")  # a reason is no key while nobody asked to hold
    page.keyboard.press("F4")
    page.wait_for_selector("text=sudah dua kali dipanggil")
    page.keyboard.press("F8")
    page.wait_for_selector(".hall-deed[open]")
    page.keyboard.press("2")
    page.wait_for_selector("#free")
    page.keyboard.press("F2")
    page.wait_for_selector(".hall-number >> text=B 002")
    page.keyboard.press("F9")
    page.wait_for_selector("#free")

    assert list(Ticket.objects.order_by("number").values_list("state", "reason")) == [
        ("held", "2"),
        ("no-show", "did-not-come"),
    ]


def test_a_visitor_is_received_with_a_scan_and_two_presses_of_enter(open_page):
    application = make_booked(office_of(), NINE)
    page = open_page("/petugas/tiba/")

    page.wait_for_function("document.activeElement.matches('input')")
    page.keyboard.type(application.ref)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"[data-ref='{application.ref}']")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hall-ticket >> text=A 001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/petugas/tiba/")


def test_the_wall_shows_a_call_within_a_second_and_pulses_once(open_page):
    walk_in()
    counter = open_counter(office_of(), 3)
    wall = open_page("/aula/DENPASAR/papan")
    wall.wait_for_selector("text=Silakan duduk")

    actions.call_next(counter, action_id="c", actor="S-1", now=clock.now())
    called = time.monotonic()
    wall.wait_for_selector(".called-new >> text=B 001")

    assert time.monotonic() - called < 1.5  # a second, and what a busy test machine adds
    wall.evaluate("document.querySelector('.called').same = true")
    wall.wait_for_timeout(1800)
    assert wall.evaluate("document.querySelector('.called').same"), "the pulse must not begin again"


def test_a_wall_that_lost_its_office_says_so(open_page):
    wall = open_page("/aula/DENPASAR/papan")

    wall.route("**/isi", lambda route: route.abort())

    wall.wait_for_selector(".hall-stale:visible", timeout=10_000)
    wall.unroute("**/isi")
    wall.wait_for_selector(".hall-stale:not(:visible)", state="attached", timeout=10_000)


def test_the_lists_of_the_day_renew_themselves_and_keep_the_focus(open_page):
    first = walk_in()
    page = open_page("/petugas/")
    page.focus(f"a[href='/petugas/nomor/{first.pk}/']")

    walk_in()

    page.wait_for_selector(".queue >> text=B 002", timeout=6_000)
    assert page.evaluate("document.activeElement.innerText").startswith("B 001")


def test_what_is_handed_to_a_counter_appears_there(open_page):
    page = open_page("/petugas/")
    page.keyboard.press("Enter")
    page.wait_for_selector("#free")
    walk_in()
    other = open_counter(office_of(), 9)
    ticket = actions.call_next(other, action_id="c", actor="S-1", now=clock.now())

    mine = Counter.objects.exclude(pk=other.pk).get()
    actions.transfer(ticket, action_id="t", actor="S-1", now=clock.now(), counter=mine)

    page.wait_for_selector(".hall-number >> text=B 001", timeout=6_000)


def test_everything_works_without_a_script(open_page):
    walk_in()
    page = open_page("/petugas/", script=False)

    page.get_by_role("button", name="Buka loket").click()
    page.get_by_role("button", name="Panggil berikutnya").click()
    page.locator("summary", has_text="Tahan").click()
    page.get_by_role("button", name="perlu istirahat").click()
    page.get_by_role("button", name="Kembali antre").click()

    assert Ticket.objects.get().state == "waiting"
    assert "Silakan duduk" in open_page("/aula/DENPASAR/papan", script=False).inner_text("main")
