"""Every page of the list, opened on one server by the person it is for: in Indonesian with a script on the narrowest
screen, and in English without one."""

from __future__ import annotations

import gzip
import io
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from babel.messages.pofile import read_po
from django.urls import Resolver404, resolve

import openpaspor
from openpaspor.accounts.demo_people import STAFF
from openpaspor.applications.models import Kind
from openpaspor.journey import State
from openpaspor.nodes.browsing import Guest
from openpaspor.nodes.pages import PAGES, Page, Shown, Step

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text()
NARROW, TABLET, WIDE = 320, 768, 1366  # CSS pixels
FIRST_RESPONSE, FIRST_VIEW = 14 * 1024, 90 * 1024  # bytes as they travel

INDONESIAN = re.compile(
    r"\b(yang|dan|untuk|dengan|tidak|anda|sudah|belum|akan|dari|oleh|kami|silakan|sebelum|hanya|atau|ini|itu|pada)\b",
    re.I,
)
ENGLISH = re.compile(
    r"\b(the|and|you|your|with|please|not|this|from|have|will|are|our|is|for|of|to|was|were|that)\b", re.I
)
RAW = re.compile(
    r"%\(|%s\b|\{\{|\}\}|\{%|\bNone\b|\bTrue\b|\bFalse\b|\b("
    + "|".join([*(state.value for state in State), *(kind for kind in Kind.values if "-" in kind)])
    + r")\b"
)
OURS = [page for page in PAGES if page.name != "ui:components" or page.case.isdigit()]  # not the shown parts

LOOK = """() => {
  const seen = (one) => one.checkVisibility({visibilityProperty: true});
  const plain = (one) => {
    const style = getComputedStyle(one);
    if (["checkbox", "radio"].includes(one.type)) return style.appearance !== "none" && style.opacity !== "0";
    if (one.type === "file") return false;
    return style.borderStyle.includes("outset") || style.borderStyle.includes("inset")
      || (one.tagName === "BUTTON" && style.backgroundColor === "rgb(239, 239, 239)");
  };
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const here = document.documentElement.lang;
  while (walker.nextNode()) {
    const within = walker.currentNode.parentElement;
    const other = within.closest("[lang]");
    if (within.closest("script, style, noscript, [translate=no], .brand, .ref, .ribbon")) continue;
    if (other.lang !== here || !seen(within)) continue;
    words.push(walker.currentNode.textContent.trim());
  }
  const wide = [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.right > innerWidth + 1 && box.width > 0 && seen(one);
  });
  const main = document.querySelector("main");
  return {
    page: main ? main.dataset.page : "",
    language: here,
    title: document.title,
    headings: [...document.querySelectorAll("main h1")].filter(seen).map((one) => one.textContent.trim()),
    primary: [...document.querySelectorAll("main .button-primary, .action-bar .button-primary")].filter(seen).length,
    forms: [...document.querySelectorAll("main form")].filter(seen).length,
    words: words.filter(Boolean),
    cut: [...document.querySelectorAll("input[placeholder]")].filter((one) => {
      const style = getComputedStyle(one), pen = document.createElement("canvas").getContext("2d");
      pen.font = style.font;
      const room = one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      return seen(one) && pen.measureText(one.placeholder).width > room;
    }).map((one) => one.placeholder),
    links: [...document.querySelectorAll("a[href]")].filter((one) => seen(one) && one.host === location.host)
      .map((one) => one.pathname),
    overflow: document.documentElement.scrollWidth > innerWidth
      ? wide.slice(-3).map((one) => one.outerHTML.slice(0, 160)) : [],
    unstyled: [...document.querySelectorAll("button, input, select, textarea")]
      .filter((one) => one.type !== "hidden" && seen(one) && plain(one)).map((one) => one.outerHTML.slice(0, 160)),
  };
}"""


@dataclass
class Seen:
    """What a visitor of one page found."""

    status: int
    page: str
    language: str
    title: str
    headings: list[str]
    primary: int
    forms: int
    words: list[str]
    cut: list[str]  # hints in boxes that are too narrow for them
    links: list[str]  # paths
    overflow: list[str]
    unstyled: list[str]
    accessibility: list[str]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def sentences_with(self, foreign: re.Pattern[str]) -> list[str]:
        """Pieces of text with words of a language that the page is not in, or with what should be words."""
        return [piece for piece in self.words if foreign.search(piece)]


class Visits:
    """Opens each page once in each manner and remembers what was seen."""

    def __init__(self, browser: Any, server: Any) -> None:
        self.browser, self.server = browser, server
        self.guests: dict[tuple[str, bool], Guest] = {}
        self.seen: dict[tuple[str, bool], Seen] = {}

    @cached_property
    def shown(self) -> dict[str, Shown]:
        known = {field.name for field in fields(Shown)}
        listed: dict[str, Shown] = {}
        for row in self.server.ask("pages", timeout=120)["pages"]:
            steps = tuple(Step(**step) for step in row["first"])
            page = Shown(**{name: row[name] for name in known - {"first"}}, first=steps)
            listed[page.picture] = page
        return listed

    def of(self, page: Page, *, script: bool) -> Seen:
        """Both visits are made one after the other, before anything else can happen to the page."""
        shown = self.shown[picture(page)]
        assert shown.url, "the demo has nothing to show this page on"
        if (shown.picture, True) not in self.seen:
            for manner in (True, False):
                self.seen[shown.picture, manner] = self._look(shown, manner)
        return self.seen[shown.picture, script]

    def _look(self, shown: Shown, script: bool) -> Seen:
        guest = self._guest(shown, script)
        try:
            status = guest.opens(shown)
            found = guest.tab.evaluate(LOOK)
            bad = accessibility_of(guest) if script else []
            return Seen(status=status, accessibility=bad, **found)
        finally:
            if shown.first:
                guest.close()

    def _guest(self, shown: Shown, script: bool) -> Guest:
        def new() -> Guest:
            language, width = ("id", NARROW) if script else ("en", WIDE)
            return Guest(
                self.browser,
                self.server.url,
                login=shown.login,
                language=language,
                script=script,
                width=width,
            )

        if shown.first:
            return new()
        key = (shown.login, script)
        if key not in self.guests:
            self.guests[key] = new()
        return self.guests[key]

    def close(self) -> None:
        for guest in self.guests.values():
            guest.close()


def catalogue() -> tuple[set[str], set[str]]:
    """Texts that are English only, and texts that are Indonesian only."""
    english, indonesian = set(), set()
    for path in Path(openpaspor.__file__).parent.rglob("django.po"):
        for message in read_po(io.BytesIO(path.read_bytes())):
            for told, texts in ((english, message.id), (indonesian, message.string)):
                told.update([texts] if isinstance(texts, str) else texts)
    return english - indonesian, indonesian - english


def accessibility_of(guest: Guest) -> list[str]:
    guest.tab.evaluate(AXE)
    found = guest.tab.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def refuses(path: str, login: str) -> bool:
    """Whether an address is a door of staff that does not open to this person of the demo."""
    try:
        roles = getattr(resolve(path).func, "staff_roles", None)
    except Resolver404:
        return False
    role, _office = STAFF.get(login, ("", None))
    return bool(roles) and role not in roles


def picture(page: Page) -> str:
    return Shown(name=page.name, case=page.case).picture


def every(pages: list[Page] | tuple[Page, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=picture)


@pytest.fixture(scope="module")
def visits(browser: Any, server: Any) -> Iterator[Visits]:
    made = Visits(browser, server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def texts() -> tuple[set[str], set[str]]:
    return catalogue()


@every(PAGES)
def test_the_right_person_can_open_it(visits: Visits, page: Page):
    seen = visits.of(page, script=True)

    assert seen.status == page.status
    if page.marked:
        assert seen.page == page.name


@every(PAGES)
def test_it_has_no_serious_obstacle_for_anybody(visits: Visits, page: Page):
    assert visits.of(page, script=True).accessibility == []


@every(PAGES)
def test_it_fits_a_narrow_screen_and_a_desk(visits: Visits, page: Page):
    assert visits.of(page, script=True).overflow + visits.of(page, script=False).overflow == []


@every(PAGES)
def test_a_hint_in_a_box_can_be_read_to_its_end(visits: Visits, page: Page):
    assert visits.of(page, script=True).cut + visits.of(page, script=False).cut == []


@every([page for page in PAGES if page.login and page.name != "ui:components"])
def test_no_link_leads_to_a_page_that_refuses_whoever_reads_it(visits: Visits, page: Page):
    assert [path for path in visits.of(page, script=True).links if refuses(path, page.login)] == []


@every(PAGES)
def test_no_control_looks_as_the_browser_made_it(visits: Visits, page: Page):
    assert visits.of(page, script=True).unstyled == []


@every(PAGES)
def test_it_works_without_a_script(visits: Visits, page: Page):
    with_script, without = visits.of(page, script=True), visits.of(page, script=False)

    assert without.status == page.status
    assert page.name == "hall:board" or without.headings
    assert without.primary >= with_script.primary
    assert without.forms >= with_script.forms


@every(OURS)
def test_it_speaks_one_language_at_a_time(visits: Visits, texts: tuple[set[str], set[str]], page: Page):
    indonesian, english = visits.of(page, script=True), visits.of(page, script=False)

    assert (indonesian.language, english.language) == ("id", "en")
    assert indonesian.sentences_with(ENGLISH) == []
    assert english.sentences_with(INDONESIAN) == []
    english_only, indonesian_only = texts
    assert english_only & set(indonesian.words) == set()
    assert indonesian_only & set(english.words) == set()


@every(OURS)
def test_it_says_words_and_not_codes(visits: Visits, page: Page):
    for seen in (visits.of(page, script=True), visits.of(page, script=False)):
        assert seen.sentences_with(RAW) == []


PUBLIC = [page for page in PAGES if page.public and not page.stays and page.first is tuple]


@pytest.fixture(scope="module")
def reader(browser: Any, server: Any) -> Iterator[Guest]:
    """Somebody who reads English on a tablet."""
    with Guest(browser, server.url, language="en", width=TABLET) as guest:
        yield guest


@every(PUBLIC)
def test_it_has_no_serious_obstacle_in_english_on_a_tablet(visits: Visits, reader: Guest, page: Page):
    reader.opens(visits.shown[picture(page)])

    assert reader.tab.locator("html").get_attribute("lang") == "en"
    assert accessibility_of(reader) == []


def travels(url: str) -> tuple[int, str]:
    """How many bytes an answer has on its way, and what it says."""
    asked = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        body = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    return len(body), (gzip.decompress(body) if packed else body).decode(errors="replace")


@every(PUBLIC)
def test_the_first_view_is_light(visits: Visits, page: Page):
    url = urljoin(visits.server.url, visits.shown[picture(page)].url or "")
    first, html = travels(url)
    needed = re.findall(r'<(?:script|img)[^>]+src="([^"]+)"|<link rel="stylesheet" href="([^"]+)"', html)
    sizes = {address: travels(urljoin(url, address)) for pair in needed for address in pair if address}
    fonts = {
        urljoin(urljoin(url, address), font)
        for address, (_size, text) in sizes.items()
        for font in re.findall(r"url\([\"']?([^)\"']+\.woff2)", text)
        if "jakarta" in font  # of headings; the other one is for numbers on the wall
    }

    assert first <= FIRST_RESPONSE
    assert (
        first + sum(size for size, _text in sizes.values()) + sum(travels(font)[0] for font in fonts)
        <= FIRST_VIEW
    )


def test_the_list_is_whole_in_a_small_demo(visits: Visits):
    assert [name for name, page in visits.shown.items() if not page.url] == []


LIMIT = 12 * 1024 * 1024  # bytes; beyond it a request is not read in


@dataclass(frozen=True)
class Answer:
    """An answer that outlives the browser it came to."""

    status: int
    html: str

    @classmethod
    def of(cls, response: Any) -> Answer:
        return cls(response.status, response.text())

    @property
    def is_ours(self) -> bool:
        """Our frame, one heading, and a way to help."""
        return self.html.count("<h1") == 1 and "<main" in self.html and 'href="/bantuan/"' in self.html


def token(guest: Guest, address: str) -> str:
    """Open a page and take the proof that a form was on it."""
    guest.tab.goto(address)
    return guest.tab.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""


def sends(guest: Guest, address: str, *, seen_at: str = "", **fields: Any) -> Answer:
    """Send a form as the browser would, with a file among its fields or without."""
    form = {"csrfmiddlewaretoken": token(guest, seen_at or address), **fields}
    how = "multipart" if any(isinstance(value, dict) for value in fields.values()) else "form"
    headers = {"Referer": urljoin(guest.site, address)}
    return Answer.of(guest.context.request.post(address, headers=headers, **{how: form}))


def file_of(size: int) -> dict[str, Any]:
    return {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff" + b"0" * size}


@pytest.mark.parametrize(
    "address", ["/tidak-ada/", "/permohonan/OP-22AA-AAAA/status/", "/cetak/OP-22AA-AAAA/"]
)
def test_what_is_not_there_is_said_in_our_words(browser: Any, server: Any, address: str):
    login = "cetak.denpasar" if address.startswith("/cetak") else "pemohon"
    with Guest(browser, server.url, login=login) as guest:
        answer = Answer.of(guest.context.request.get(address))

    assert answer.status == 404
    assert answer.is_ours


def test_a_door_of_somebody_else_is_refused_in_our_words(browser: Any, server: Any):
    with Guest(browser, server.url, login="petugas.denpasar") as guest:
        wrong_door = Answer.of(guest.context.request.get("/ops/"))
        stale_form = Answer.of(guest.context.request.post("/lacak/", form={"ref": "OP-22AA-AAAA"}))

    assert (wrong_door.status, stale_form.status) == (403, 403)
    assert wrong_door.is_ours and stale_form.is_ours


def test_a_photo_that_is_too_large_keeps_its_page(browser: Any, server: Any, visits: Visits):
    address = visits.shown["applications-paper"].url or ""
    with Guest(browser, server.url, login="pemohon") as guest:
        answers = [sends(guest, address, photo=file_of(size)) for size in (10 * 2**20 + 1, LIMIT + 1)]

    assert [answer.status for answer in answers] == [413, 413]
    assert all('data-page="applications:paper"' in answer.html and answer.is_ours for answer in answers)


def test_a_request_beyond_the_limit_is_refused_in_our_words(browser: Any, server: Any):
    with Guest(browser, server.url, login="kas.pusat") as guest:
        file = sends(guest, "/kas/rekonsiliasi/", file=file_of(LIMIT))
        text = sends(guest, "/lacak/", ref="x" * (LIMIT + 1))

    assert (file.status, text.status) == (413, 413)
    assert file.is_ours and text.is_ours
    assert 'data-code="request-too-large"' in file.html


def test_what_is_no_longer_possible_is_said_on_its_own_page(browser: Any, server: Any, visits: Visits):
    address = visits.shown["adjudication-answer-not-asked"].url or ""
    with Guest(browser, server.url, login="pemohon") as guest:
        answer = sends(guest, address, seen_at="/lacak/", text="Sudah saya perbaiki.")

    assert answer.status == 409
    assert answer.is_ours
    assert not RAW.search(re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.html, flags=re.S))


def test_a_guesser_is_slowed_down_in_our_words(browser: Any, server: Any, visits: Visits):
    ref = (visits.shown["applications-status-review"].url or "").split("/")[2]
    with Guest(browser, server.url) as guest:
        answers = [
            sends(guest, "/lacak/", ref=ref, born_day="1", born_month="1", born_year=str(1940 + number))
            for number in range(8)
        ]

    assert [answer.status for answer in answers][:3] == [404] * 3
    assert answers[-1].status == 429
    assert answers[-1].is_ours
