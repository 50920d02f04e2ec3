"""What every test may ask for, and what holds for all of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.server import Server

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a camera for the counter
    "--use-fake-ui-for-media-stream",
]

hypothesis.settings.register_profile("openpaspor", print_blob=True, deadline=None)
hypothesis.settings.load_profile("openpaspor")


# --- in CI a test that was left out is a failure ----------------------------------------------------------


def _left_out_is_a_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    if IN_CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"With CI=true nothing may be left out. {reason}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    outcome = yield
    _left_out_is_a_failure(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    outcome = yield
    _left_out_is_a_failure(outcome.get_result())


# --- what migrations wrote (the offices) is put back after tests that commit ------------------------------

_emptied = False  # a test that commits empties every table when it ends
_written: str | None = None  # what migrations wrote


def _commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    names = getattr(item, "fixturenames", [])
    return bool(marker and marker.kwargs.get("transaction")) or "transactional_db" in names


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in filter(_commits, items):
        item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before a test that rolls back: fill the tables again, which an earlier one of the other kind has emptied.

    A test that commits does that for itself.
    """
    global _emptied, _written
    if not (item.get_closest_marker("django_db") or "db" in getattr(item, "fixturenames", [])):
        return
    from django.db import connection
    from pytest_django.plugin import blocking_manager_key

    if _commits(item):
        _written = _written or getattr(connection, "_test_serialized_contents", None)
        _emptied = True
    elif _emptied and _written:
        with item.config.stash[blocking_manager_key].unblock():
            connection.creation.deserialize_db_from_string(_written)
        _emptied = False


# --- for every test ---------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _domain_clock_runs_true() -> Iterator[None]:
    """A test may move the domain clock; the next one finds it where the wall clock is."""
    yield
    from django.conf import settings

    from openpaspor.kit import clock

    moved = settings.HOME / "clock.json"
    if moved.exists():
        moved.unlink()
    clock.use_file(moved)


# --- to ask for -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def home() -> Path:
    """The folder of this test run, with keys of its own."""
    from django.conf import settings

    return settings.HOME


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once. Ask it for `browser.new_context()`, one per person in the story."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("no Chromium here; as root: apt-get install chromium, or set CHROMIUM")
    from django.db import connection
    from playwright.sync_api import sync_playwright

    # Playwright's event loop makes Django open this thread's connection anew, and what migrations wrote into the
    # database, for tests with `serialized_rollback`, hangs on the old one.
    written = getattr(connection, "_test_serialized_contents", None)
    with sync_playwright() as playwright:
        if written is not None:
            connection._test_serialized_contents = written
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real `openpaspor run` with a small demo country in a home of its own, on the database of this run."""
    from tests.server import Server

    with Server(tmp_path_factory.mktemp("server") / "var") as running:
        running.build_demo(size=12)
        running.start()
        yield running
