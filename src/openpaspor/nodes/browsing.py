"""A browser that opens the pages of `pages.py`, for pictures and for tests. Needs playwright, which only developers have."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from openpaspor.kit.refused import Refused

from .pages import Shown, Step

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Response
    from playwright.sync_api import Page as Tab

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"]
PATIENCE = 20_000  # milliseconds, for a machine that is busy


class NoBrowser(Refused):
    code = "no-browser"
    message = (
        "Pictures need playwright and Chromium: `uv sync` with the developers' packages, and as root "
        "`apt-get install chromium`, or set CHROMIUM to its path."
    )


def chromium() -> str | None:
    """The browser's program on this machine."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium without a window. Raises NoBrowser with what to install."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NoBrowser() from None
    program = chromium()
    if program is None:
        raise NoBrowser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Guest:
    """Somebody with a browser of their own, signed in as one of the demo people or as nobody."""

    def __init__(
        self,
        browser: Browser,
        site: str,
        *,
        login: str = "",
        language: str = "id",
        script: bool = True,
        width: int = 360,
    ) -> None:
        self.site = site
        self.context = browser.new_context(
            base_url=site,
            java_script_enabled=script,
            viewport={"width": width, "height": 760},
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.add_cookies([{"name": "bahasa", "value": language, "url": site}])
        if login:
            answer = self.context.request.post(f"/demo/as/{login}", max_redirects=0)
            if answer.status >= 400:
                raise RuntimeError(f"no door for {login}: {answer.status}")
        self.tab: Tab = self.context.new_page()
        self.kept: dict[str, str] = {}

    def opens(self, page: Shown) -> int:
        """Do what comes before the page, open it, and return its status."""
        assert page.url
        answer: Response | None = None
        for step in page.first:
            answer = self._does(step)
        if not page.stays:
            answer = self.tab.goto(page.url)
        return answer.status if answer else 0

    def _does(self, step: Step) -> Response | None:
        if step.at:
            self.tab.goto(step.at)
        self.tab.evaluate(
            "() => document.querySelectorAll('main details').forEach((one) => { one.open = true })"
        )
        for name, text in (step.fields or {}).items():
            self.tab.locator(f"main [name={name}]").first.fill(text.format(**self.kept))
        button = self._button(step)
        if step.once and not button.count():
            return None
        with self.tab.expect_navigation() as leads:
            button.click()
        if step.keep:
            self.kept[step.keep] = self.tab.locator("main [data-copy]").first.get_attribute("data-copy") or ""
        return leads.value

    def _button(self, step: Step) -> Locator:
        if step.press:
            return self.tab.locator(step.press).first
        field = next(iter(step.fields or {}))
        return self.tab.locator(f"main form:has([name={field}]) button[type=submit]").first

    def close(self) -> None:
        self.context.close()

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *trouble: Any) -> None:
        self.close()
