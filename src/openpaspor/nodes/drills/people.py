"""People at the pages of an installation, for drills: they read forms and fill them in as a browser without scripts would."""

from __future__ import annotations

import http.client
import http.cookiejar
import re
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

from openpaspor.nodes.checker.clients import ClientLedger
from openpaspor.nodes.installation import DrillFailed, Installation


@dataclass(frozen=True)
class Acknowledged:
    """A deed whose page said yes: where the answer led, when (monotonic), and what stood there."""

    path: str
    at: float
    page: str = field(default="", repr=False)


@dataclass
class Form:
    """One form of a page: where it goes, what stands in it, and what one may choose."""

    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class Refusal(Exception):
    """The page said no: status, and its text."""

    def __init__(self, status: int, page: str) -> None:
        said = re.sub(r"<[^>]+>|\s+", " ", "".join(re.findall(r'role="alert".*?</div>', page, re.DOTALL)))
        super().__init__(f"{status} {' '.join(said.split())[:300]}")
        self.status = status
        self.page = page


class Unknown(Exception):
    """Nobody answered, or not to the end: it may have happened, and at most once."""


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.inside = False
        self.listed = ""  # name of the <select> we are in
        self.text = ""  # name of the <textarea> we are in

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
            self.inside = True
        elif self.inside and tag in ("input", "button", "select", "option", "textarea"):
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        form, name = self.forms[-1], given.get("name", "")
        if tag == "option":
            if self.listed:
                form.choices.setdefault(self.listed, []).append(given.get("value", ""))
                if "selected" in given:
                    form.fields[self.listed] = [given.get("value", "")]
        elif not name:
            return
        elif tag == "select":
            self.listed = name
        elif tag == "textarea":
            self.text = name
            form.fields[name] = [""]
        elif given.get("type") in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(given.get("value", "on"))
            if "checked" in given:
                form.fields.setdefault(name, []).append(given.get("value", "on"))
        elif tag == "button" or given.get("type") in ("submit", "file"):
            form.choices.setdefault(name, []).append(given.get("value", ""))
        else:
            form.fields[name] = [given.get("value", "")]

    def handle_data(self, data: str) -> None:
        if self.text:
            self.forms[-1].fields[self.text] = [data.strip()]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.listed = ""
        elif tag == "textarea":
            self.text = ""


def forms_of(page: str) -> list[Form]:
    """Every form of a page, in its order."""
    parser = _Forms()
    parser.feed(page)
    return parser.forms


class Person:
    """Somebody at the pages of an installation, signed in by a door of the demo."""

    def __init__(self, at: Installation, login: str, told: ClientLedger | None = None) -> None:
        self.at, self.login, self.told = at, login, told
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(jar)
        self._ask(f"/demo/as/{login}", b"", "application/x-www-form-urlencoded")

    def see(self, path: str) -> str:
        """Read a page. Raises Refusal or Unknown."""
        return self._ask(path).page

    def form(self, path: str, action: str = "", page: str = "") -> Form:
        """The form of a page whose address ends so; without `action` the page's own. Raises DrillFailed."""
        text = page or self.see(path)
        there = forms_of(text)
        wanted = [
            one for one in there if (one.action.endswith(action) if action else one.action in ("", path))
        ]
        if not wanted:
            says = " ".join(re.sub(r"<[^>]+>", " ", text.partition("<h1")[2]).split())[:400]
            raise DrillFailed(f"{path} has no form {action}, but: {says}")
        return wanted[-1]

    def fill_in(self, path: str, **fields: str) -> Acknowledged:
        """Open a page, send its form, and return where its yes led. Raises Refusal on a no."""
        return self.send(path, self.form(path), None, **fields)

    def send(
        self, path: str, form: Form, files: dict[str, bytes] | None = None, **fields: str | list[str]
    ) -> Acknowledged:
        """Send a form that stands on `path`, with these answers instead of what stands in it."""
        kept = form.fields | {
            name: [value] if isinstance(value, str) else value for name, value in fields.items()
        }
        target = urllib.parse.urljoin(path, form.action) if form.action else path
        if self.told is None or "nonce" not in kept:
            return self._send(target, kept, files)
        asked = target.strip("/").rpartition("/")[2]
        number = self.told.ask(self.login, asked, kept["nonce"][0])
        try:
            done = self._send(target, kept, files)
        except Refusal:
            self.told.answer(number, "refused")
            raise
        self.told.answer(number, "ok")
        return done

    def _send(self, target: str, kept: dict[str, list[str]], files: dict[str, bytes] | None) -> Acknowledged:
        if files is None:
            pairs = [(name, value) for name, values in kept.items() for value in values]
            body = urllib.parse.urlencode(pairs).encode()
            return self._ask(target, body, "application/x-www-form-urlencoded")
        body, kind = _multipart(kept, files)
        return self._ask(target, body, kind)

    def _ask(self, path: str, body: bytes | None = None, kind: str = "") -> Acknowledged:
        headers = {"Content-Type": kind} if kind else {}
        request = urllib.request.Request(self.at.url + path, body, headers)  # noqa: S310 - our own loopback
        try:
            with self._browser.open(request, timeout=30) as answer:
                page = answer.read().decode()
                return Acknowledged(urllib.parse.urlsplit(answer.url).path, time.monotonic(), page)
        except urllib.error.HTTPError as refusal:
            raise Refusal(refusal.code, refusal.read().decode(errors="replace")) from None
        except (OSError, http.client.HTTPException) as trouble:
            raise Unknown(f"{path}: {type(trouble).__name__}") from trouble


def _multipart(fields: dict[str, list[str]], files: dict[str, bytes]) -> tuple[bytes, str]:
    mark = secrets.token_hex(12)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, values in fields.items()
        for value in values
    ] + [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="picture.jpg"\r\n'
        f"Content-Type: image/jpeg\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in files.items()
    ]
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def walk_in(officer: Person, priority: str | None = None) -> Acknowledged:
    """A number for somebody without an appointment."""
    line = secrets.choice(["", "", "elderly"]) if priority is None else priority
    return officer.fill_in("/petugas/langsung/", priority=line)


def ticket_of(deed: Acknowledged) -> int:
    """The ticket that a deed answered with. Raises DrillFailed."""
    number = re.fullmatch(r"/petugas/nomor/(\d+)/", deed.path)
    if number is None:
        raise DrillFailed(f"a number was answered with {deed.path}")
    return int(number.group(1))


def tickets_of(deeds: list[Acknowledged]) -> dict[int, float]:
    """The tickets that deeds answered with, and when."""
    return {ticket_of(deed): deed.at for deed in deeds}
