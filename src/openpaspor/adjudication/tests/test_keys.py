"""The adjudicator's keyboard, in a real browser: a clean case in at most four keys."""

from __future__ import annotations

import pytest
from django.test import Client

from openpaspor.adjudication.models import Decision
from openpaspor.kit import clock

from .making import MONDAY, make_adjudicator, make_case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


@pytest.fixture
def page(live_server, browser, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: MONDAY)
    client = Client()
    client.force_login(make_adjudicator("S-C1"))
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def test_a_clean_case_is_approved_with_n_a_and_enter(page, live_server):
    make_case()
    page.goto(f"{live_server.url}/pusat/")

    page.keyboard.press("n")
    page.wait_for_selector("#decide")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-page='adjudication:queue']")

    assert Decision.objects.get().verdict == "approve"


def test_a_refusal_needs_its_reason_by_digit(page, live_server):
    make_case()
    page.goto(f"{live_server.url}/pusat/")

    page.keyboard.press("n")
    page.wait_for_selector("#decide")
    page.keyboard.press("x")
    assert page.locator(".reasons-refuse").is_visible() and not page.locator(".reasons-ask").is_visible()
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-page='adjudication:queue']")

    decision = Decision.objects.get()
    assert (decision.verdict, decision.reasons, decision.status) == ("refuse", "statement-differs", "waits")
