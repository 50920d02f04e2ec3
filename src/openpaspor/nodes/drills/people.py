"""People at the pages of an installation, for drills: they fill in forms as a browser without scripts would."""

from __future__ import annotations

import http.cookiejar
import re
import secrets
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass

from openpaspor.nodes.installation import DrillFailed, Installation

NONCE = re.compile(r'name="(csrfmiddlewaretoken|nonce)"[^>]*?value="([^"]*)"')


@dataclass(frozen=True)
class Acknowledged:
    """A deed whose page said yes: where the answer led, and when (monotonic)."""

    path: str
    at: float


class Person:
    """Somebody at the pages of an installation, signed in by a door of the demo."""

    def __init__(self, at: Installation, login: str) -> None:
        self.at = at
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(jar)
        self._send(f"/demo/as/{login}", {})

    def see(self, path: str) -> str:
        """Read a page."""
        with self._browser.open(self.at.url + path, timeout=20) as answer:
            text: str = answer.read().decode()
            return text

    def fill_in(self, path: str, **fields: str) -> Acknowledged:
        """Open a page, send its form, and return where its yes led. Raises urllib's HTTPError on a no."""
        page = self.see(path)
        hidden = {name: value for name, value in NONCE.findall(page) if value}
        return Acknowledged(self._send(path, hidden | fields), time.monotonic())

    def _send(self, path: str, fields: dict[str, str]) -> str:
        body = urllib.parse.urlencode(fields).encode()
        with self._browser.open(self.at.url + path, body, timeout=20) as answer:
            return urllib.parse.urlsplit(answer.url).path


def walk_in(officer: Person) -> Acknowledged:
    """A number for somebody without an appointment."""
    return officer.fill_in("/petugas/langsung/", priority=secrets.choice(["", "", "elderly"]))


def tickets_of(deeds: list[Acknowledged]) -> dict[int, float]:
    """The tickets that deeds answered with, and when."""
    found = {}
    for deed in deeds:
        number = re.fullmatch(r"/petugas/nomor/(\d+)/", deed.path)
        if number is None:
            raise DrillFailed(f"a walk-in number was answered with {deed.path}")
        found[int(number.group(1))] = deed.at
    return found
