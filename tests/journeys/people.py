"""People in a browser, for whole stories: each has a context of their own and does only what hands can do."""

from __future__ import annotations

import io
import json
import re
import urllib.parse
import urllib.request
from typing import Any

from playwright.sync_api import Browser, Error, Locator, Page

from openpaspor.nodes.demo import citizens


class Person:
    """Somebody with a browser. `clicks` and `types` find things as a person does: by their words or their field."""

    def __init__(self, browser: Browser, url: str, *, script: bool = True, width: int = 1366) -> None:
        context = browser.new_context(
            base_url=url, java_script_enabled=script, viewport={"width": width, "height": 768}, locale="id-ID"
        )
        context.set_default_timeout(8_000)
        self.url = url
        self.page: Page = context.new_page()

    def goes(self, path: str) -> None:
        try:
            answer = self.page.goto(path)
        except Error as trouble:  # on a busy machine the page that the last click opens may still be coming
            if "ERR_ABORTED" not in str(trouble):
                raise
            self.page.wait_for_load_state()
            answer = self.page.goto(path)
        assert answer is not None
        assert answer.status < 400, f"{path}: {answer.status}\n{self.words()[:2000]}"

    def words(self) -> str:
        """What stands in the middle of the page."""
        return self.page.locator("main").first.inner_text()

    @property
    def at(self) -> str:
        """The name of the page one is on."""
        return self.page.locator("main").first.get_attribute("data-page") or ""

    @property
    def state(self) -> str:
        return self.page.locator("main").first.get_attribute("data-state") or ""

    def sees(self, *words: str) -> None:
        text = self.words()
        for word in words:
            assert re.search(word, text, re.I), (
                f"{word!r} is not on {self.at} ({self.page.url}):\n{text[:3000]}"
            )

    def button(self, name: str) -> Locator:
        pattern = re.compile(name, re.I)
        return (
            self.page.get_by_role("button", name=pattern)
            .or_(self.page.get_by_role("link", name=pattern))
            .first
        )

    def clicks(self, name: str) -> None:
        """Press the first button or link with these words."""
        self.button(name).click()
        self.page.wait_for_load_state()

    def opens(self, summary: str) -> None:
        """Unfold a part of the page."""
        self.page.locator("summary").filter(has_text=re.compile(summary, re.I)).first.click()

    def types(self, **fields: str) -> None:
        for name, text in fields.items():
            self.page.locator(f"[name={name}]:visible").first.fill(text)

    def chooses(self, **fields: str) -> None:
        """Tick a radio button or box by its value."""
        for name, value in fields.items():
            box = self.page.locator(f"input[name={name}][value='{value}']").first
            self.page.locator(f"label[for={box.get_attribute('id')}]").first.click()

    def ticks(self, name: str) -> None:
        box = self.page.locator(f"input[name={name}]").first
        self.page.locator(f"label[for={box.get_attribute('id')}]").first.click()

    def writes_date(self, name: str, day: int, month: int, year: int) -> None:
        for box, number in (("day", day), ("month", month), ("year", year)):
            self.page.locator(f"[name={name}_{box}]").first.fill(str(number))

    def shows(self, name: str, picture: bytes) -> None:
        """Choose a picture for a file field."""
        self.page.locator(f"input[type=file][name={name}]").first.set_input_files(
            {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": picture}
        )

    def becomes(self, login: str) -> None:
        """One of the demo's one-click doors."""
        self.goes("/demo/")
        self.page.locator(f"form[action='/demo/as/{login}'] button").first.click()
        self.page.wait_for_load_state()

    def waits_for(self, state: str, *, path: str, tries: int = 20) -> None:
        """Look again until the application stands where it should."""
        for _try in range(tries):
            self.goes(path)
            if self.state == state:
                return
            self.page.wait_for_timeout(300)
        raise AssertionError(f"{path} stays at {self.state!r}, not {state!r}:\n{self.words()[:2000]}")


class World:
    """What surrounds the people: the demo's inbox, bank and clock, reached as any visitor reaches them."""

    def __init__(self, url: str) -> None:
        self.url = url

    def _post(self, path: str, **fields: str) -> bytes:
        body = urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(self.url + path, data=body, headers={"Accept": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def inbox(self, to: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/demo/inbox.json", timeout=30) as answer:
            messages = json.load(answer)
        return [message for message in messages if message["to"] == to]

    def code_for(self, phone: str) -> str:
        return next(message["code"] for message in self.inbox(phone) if message["template"] == "OTP")

    def move_clock(self, **fields: str) -> None:
        self._post("/demo/clock", **fields)


def scan(picture: bytes) -> list[str]:
    """The texts of the QR codes in a picture, read by a library that is not ours."""
    import zxingcpp
    from PIL import Image

    return [found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))]


PAPER = citizens.paper("ktp")
FACE = citizens.face(3)
