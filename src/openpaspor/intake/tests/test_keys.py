"""The officer's keyboard: a clean renewal in at most 25 keys, somebody without an application in 45, in a real browser with a camera."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from openpaspor.accounts.models import Role
from openpaspor.applications import dossier
from openpaspor.applications.models import Application
from openpaspor.intake import actions
from openpaspor.kit import clock

from .making import MONDAY, denpasar, make_arrived, make_staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


class Hands:
    """Presses keys and counts them."""

    def __init__(self, page) -> None:
        self.page, self.keys = page, 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def fill_in(self, *boxes: str | None) -> None:
        """Type into one box after the other; None chooses the first chip. What is typed does not count."""
        for number, text in enumerate(boxes):
            if number:
                self.press("Tab")
            if text is None:
                self.press("Space")
            else:
                self.page.keyboard.type(text)

    def go_on(self, section: str) -> None:
        self.press("Control+Enter")
        self.page.wait_for_selector(f"#{section}.card-now")

    def photograph_and_finish(self) -> None:
        self.page.wait_for_function("document.querySelector('#foto video')?.videoWidth > 0")
        self.press("Space")
        self.page.wait_for_selector("#foto .camera-stage img")
        self.press("Enter")
        self.page.wait_for_selector("#selesai.card-now")
        self.press("Control+Enter")
        self.page.wait_for_url("**/tanda-terima/")


@pytest.fixture
def page(live_server, browser, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: MONDAY)
    client = Client()
    client.force_login(make_staff(Role.OFFICER, denpasar()))
    context = browser.new_context(viewport={"width": 1366, "height": 768}, permissions=["camera"])
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def test_a_clean_renewal_takes_at_most_25_keys_and_no_mouse(page, live_server):
    application = make_arrived()
    hands = Hands(page)
    page.goto(f"{live_server.url}/petugas/berkas/{application.ref}/")

    hands.go_on("dokumen")
    for paper in ("ktp", "old-passport"):
        page.wait_for_function("document.activeElement.matches('[data-row]')")
        hands.press("y")
        page.wait_for_selector(f"[data-row][data-verdict=match] [data-view*='{paper}']")
    hands.go_on("wawancara")
    page.wait_for_function("document.activeElement.name === 'company'")
    hands.press("2")
    page.wait_for_function("document.activeElement.name === 'funding'")
    hands.press("1")
    hands.go_on("foto")
    hands.photograph_and_finish()

    assert hands.keys <= 25
    assert Application.objects.get().state == "ENROLLED"
    answers = dossier.open_answers(application, actor="worker", why="test", now=MONDAY)
    assert answers.interview["company"] == "family"
    assert answers.interview["funding"] == "self"


def test_somebody_without_an_application_takes_at_most_45_keys_besides_what_is_typed(page, live_server):
    """From the call to the receipt: a first passport, every paper photographed at the counter."""
    hands = Hands(page)
    page.goto(f"{live_server.url}/petugas/")
    page.click("button:has-text('Buka loket')")
    page.wait_for_selector("#free")
    page.click("a[href$='/langsung/']")
    page.click("main button:has-text('Beri nomor')")
    page.wait_for_selector("text=B 001")
    page.goto(f"{live_server.url}/petugas/")

    hands.press("F2")
    page.wait_for_selector("text=B 001")
    page.wait_for_function("document.activeElement.matches('a.button')")
    hands.press("Enter")
    page.wait_for_url("**/baru/**")
    page.wait_for_function("document.activeElement.name === 'nik'")
    hands.fill_in(
        "5171014503990003", None, "SITI AMINAH", "DENPASAR", "5", "3", "1999", None, "", "081200000001"
    )
    hands.go_on("identitas")
    hands.go_on("dokumen")
    for paper in ("ktp", "kk", "birth"):
        page.wait_for_function("document.activeElement.matches('[data-row]:not([data-verdict=match])')")
        hands.press("f")
        page.wait_for_function("document.querySelector('[data-row] video')?.videoWidth > 0")
        hands.press("Space")
        page.wait_for_selector("[data-row] .camera-stage img")
        hands.press("Enter")
        page.wait_for_selector(f"[data-row][data-verdict=match] [data-view*='{paper}']")
    page.wait_for_selector("#wawancara.card-now")
    for question in ("purpose", "company", "funding", "earlier"):
        page.wait_for_function(f"document.activeElement.name === '{question}'")
        hands.press("1")
    hands.go_on("foto")
    hands.photograph_and_finish()

    assert hands.keys <= 45
    assert Application.objects.get().state == "ENROLLED"


def test_a_chosen_chip_is_safe_before_anything_is_confirmed(page, live_server):
    application = make_arrived()
    page.goto(f"{live_server.url}/petugas/berkas/{application.ref}/?bagian=wawancara")

    page.wait_for_function("document.activeElement.name === 'company'")
    with page.expect_response("**/wawancara/"):
        page.keyboard.press("2")
    page.wait_for_selector("[data-saved]:has-text('09.40')")

    answers = dossier.open_answers(application, actor="worker", why="test", now=MONDAY)
    assert answers.interview["company"] == "family"


def test_what_was_chosen_first_but_came_last_undoes_nothing(page, live_server, monkeypatch):
    application = make_arrived()
    save, came = actions.save_interview, []

    def first_takes_long(*arguments, **more):
        came.append(more["action_id"])
        if len(came) == 1:
            time.sleep(1.5)
        return save(*arguments, **more)

    monkeypatch.setattr(actions, "save_interview", first_takes_long)
    hands = Hands(page)
    page.goto(f"{live_server.url}/petugas/berkas/{application.ref}/?bagian=wawancara")
    page.wait_for_function("document.activeElement.name === 'company'")
    hands.press("2")
    page.wait_for_function("document.activeElement.name === 'funding'")
    hands.press("1")
    hands.press("Control+Enter")
    page.wait_for_url(lambda url: "bagian=" not in url and not url.endswith("/wawancara/"))
    page.wait_for_timeout(1700)

    answers = dossier.open_answers(application, actor="worker", why="test", now=MONDAY)
    assert (answers.interview["company"], answers.interview["funding"]) == ("family", "self")


def test_typing_a_note_is_never_taken_for_a_key(page, live_server):
    application = make_arrived()
    page.goto(f"{live_server.url}/petugas/berkas/{application.ref}/?bagian=wawancara")

    page.focus("[name=note]")
    page.keyboard.type("yth 1 tahun")

    assert page.input_value("[name=note]") == "yth 1 tahun"
    assert page.eval_on_selector_all("[data-verdict=match]", "rows => rows.length") == 0


@pytest.mark.parametrize(("language", "matches"), [("id", "Asli cocok"), ("en", "Original matches")])
def test_the_key_help_names_keys_as_they_stand_on_the_keyboard_and_those_of_a_paper(
    page, live_server, language, matches
):
    page.goto(f"{live_server.url}/petugas/berkas/{make_arrived().ref}/?bahasa={language}&bagian=dokumen")

    page.keyboard.press("?")

    help = page.locator(".key-help").inner_text()
    assert "Ctrl↓" in help.replace("\n", "").replace(" ", "") and "Arrow" not in help
    lines = [line.strip() for line in help.splitlines()]
    assert lines[lines.index("Y") + 1 :][:1] == [matches]
    assert {"Y", "T", "U", "F"} <= set(lines)
