"""Take pictures of every page, at three widths and in both languages."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openpaspor.kit.refused import Refused
from openpaspor.nodes import cli

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from openpaspor.nodes.browsing import Guest
    from openpaspor.nodes.pages import Shown

HELP = "take pictures of every page into a folder: page.language.width.png"
WIDTHS = (360, 768, 1366)
LANGUAGES = ("id", "en")
START_SECONDS = 60
HEIGHT = 760  # pixels; pictures are as high as their page


class NoDemo(Refused):
    code = "no-demo"
    message = (
        "There is no demo in this installation. Set OPENPASPOR_DEMO=1 and build one with `openpaspor demo`."
    )


class NoServer(Refused):
    code = "no-server"
    message = "The server of this installation did not answer. `openpaspor doctor` says what to do."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    parser.add_argument("--only", nargs="*", default=(), metavar="NAME", help="pages whose names begin so")
    parser.add_argument("--width", type=int, nargs="*", default=WIDTHS, help="in pixels")
    parser.add_argument("--language", nargs="*", default=LANGUAGES, choices=LANGUAGES)


def run(args: argparse.Namespace) -> int:
    from openpaspor.ledger import node
    from openpaspor.nodes.browsing import open_browser
    from openpaspor.nodes.pages import shown_pages

    if not node.here().demo:
        raise NoDemo()
    listed = shown_pages(tuple(args.only))
    pages = [page for page in listed if page.url]
    if not pages:
        raise NoDemo()
    for page in listed:
        if not page.url:
            cli.say(f"{page.picture}: nothing in this demo shows it")
    args.out.mkdir(parents=True, exist_ok=True)
    made: list[str] = []
    failed: list[str] = []
    with open_browser() as browser, served() as site:
        for language in args.language:
            with Photographer(browser, site, language, args.width, args.out) as photographer:
                for page in pages:
                    failed += photographer.takes(page)
            made += photographer.made
    for line in failed:
        cli.say(line)
    cli.say(f"{len(made)} pictures in {args.out}.")
    if args.json:
        cli.answer({"pictures": made, "failed": failed})
    return cli.FOUND if failed or len(pages) < len(listed) else cli.GOOD


class Photographer:
    """Takes pages in one language. Whoever signed in once stays so, but for pages that have a story before them."""

    def __init__(self, browser: Browser, site: str, language: str, widths: list[int], out: Path) -> None:
        self.browser, self.site, self.language, self.widths, self.out = browser, site, language, widths, out
        self.guests: dict[str, Guest] = {}
        self.made: list[str] = []

    def takes(self, page: Shown) -> list[str]:
        """One page at each width. Returns what went wrong."""
        from playwright.sync_api import Error

        about = f"{page.picture}.{self.language}"
        try:
            guest = self._guest(page)
            guest.tab.set_viewport_size({"width": self.widths[0], "height": HEIGHT})
            status = guest.opens(page)
            for width in self.widths:
                guest.tab.set_viewport_size({"width": width, "height": HEIGHT})
                name = f"{about}.{width}.png"
                guest.tab.screenshot(path=self.out / name, full_page=True, animations="disabled")
                self.made.append(name)
        except (Error, RuntimeError) as trouble:
            return [f"{about}: {str(trouble).splitlines()[0]}"]
        finally:
            if page.first:
                self._leave("first")
        return [f"{about}: {status}"] if status != page.status else []

    def _guest(self, page: Shown) -> Guest:
        from openpaspor.nodes.browsing import Guest

        who = "first" if page.first else page.login
        if who not in self.guests:
            self.guests[who] = Guest(self.browser, self.site, login=page.login, language=self.language)
        return self.guests[who]

    def _leave(self, who: str) -> None:
        if who in self.guests:
            self.guests.pop(who).close()

    def __enter__(self) -> Photographer:
        return self

    def __exit__(self, *trouble: Any) -> None:
        for who in list(self.guests):
            self._leave(who)


@contextmanager
def served() -> Iterator[str]:
    """The address of this installation's server: the running one, else one of our own for as long as we need it."""
    from django.conf import settings

    from openpaspor.kit import lock

    if lock.is_held(settings.HOME):
        yield answering(f"http://127.0.0.1:{settings.PORT}")
        return
    port = free_port()
    command = [sys.executable, "-m", "openpaspor.nodes.cli", "run", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield answering(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(timeout=30)


def answering(site: str, process: subprocess.Popen[Any] | None = None) -> str:
    """Wait until the server answers. Raises NoServer."""
    ends = time.monotonic() + (START_SECONDS if process else 0)
    while True:
        try:
            with urllib.request.urlopen(f"{site}/healthz", timeout=5):
                return site
        except (OSError, urllib.error.URLError):
            if time.monotonic() > ends or (process and process.poll() is not None):
                raise NoServer() from None
            time.sleep(0.2)


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
