"""What staff see while a node doubts its clock, and the button that ends the doubt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest
from django.test import Client

from openpaspor.accounts import demo_people
from openpaspor.facts.base import format_moment
from openpaspor.kit import clock
from openpaspor.ledger import clock_watch, node
from openpaspor.ledger.models import Entry
from openpaspor.nodes import doors

pytestmark = pytest.mark.django_db
WARNS = "The clock of this machine may be wrong"


@pytest.fixture
def officer(settings, tmp_path) -> Iterator[Client]:  # type: ignore[no-untyped-def]
    """Signed in at an office node; the centre has just said that it is two hours later than our clock says."""
    urls = ModuleType("urls_of_an_office_with_a_clock")
    urls.urlpatterns = doors.patterns("office")  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls
    us = node.Node("denpasar", "office", tmp_path, offices=("DENPASAR",), demo=True)
    with node.standing_at(us):
        demo_people.ensure(datetime(2026, 11, 24, 1, 40, tzinfo=UTC))
        browser = Client()
        browser.post("/demo/as/petugas.denpasar")
        clock_watch.hear(format_moment(clock.real_now() + timedelta(hours=2)))
        yield browser


def test_every_page_of_staff_warns_and_leads_to_the_clock(officer: Client):
    before = officer.get("/petugas/?bahasa=en").content.decode()
    clock_watch.look()
    during = officer.get("/petugas/").content.decode()

    assert WARNS not in before
    assert WARNS in during and 'href="/ops/jam/"' in during


def test_an_officer_confirms_the_date_and_that_is_recorded(officer: Client):
    clock_watch.look()
    page = officer.get("/ops/jam/?bahasa=en").content.decode()

    answer = officer.post("/ops/jam/", follow=True).content.decode()

    assert "Date and time are right" in page
    assert "Nobody doubts it" in answer and WARNS not in answer
    assert Entry.objects.get(kind="ledger.clock_trusted").actor.startswith("S-")


def test_an_operator_reads_the_time_of_the_office_that_the_machine_serves(officer: Client):
    officer.post("/demo/as/ops.pusat")

    page = officer.get("/ops/jam/?bahasa=en").content.decode()

    assert "WITA" in page and "WIB" not in page


def test_nobody_confirms_a_date_that_nobody_doubts(officer: Client):
    officer.post("/ops/jam/")

    assert not Entry.objects.filter(kind="ledger.clock_trusted").exists()
