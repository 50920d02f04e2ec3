"""From the day-list cut-off on a booked visit is the office's, by the clock alone, on every node."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from openpaspor import journey
from openpaspor.applications.actions import NotHeldHere, OnDayList, move
from openpaspor.applications.models import Application
from openpaspor.appointments import actions
from openpaspor.appointments.sweeps import free_lapsed_holds
from openpaspor.journey import Site, State
from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.ledger.models import Entry
from openpaspor.ledger.node import Node, standing_at
from openpaspor.offices.models import Knob

from .make import NOW, hold, make_application, make_booked, make_office, make_slot, make_user, pay

pytestmark = pytest.mark.django_db
THURSDAY = date(2026, 11, 26)
MOMENT = timedelta(microseconds=1)
OFFICES = {"MEDAN": "Asia/Jakarta", "DENPASAR": "Asia/Makassar", "JAYAPURA": "Asia/Jayapura"}


@pytest.fixture(params=OFFICES)
def visit(request) -> Application:
    """Somebody booked for Thursday at 09.00 at an office in one of the three time zones."""
    office = make_office(request.param, OFFICES[request.param])
    application = make_booked(make_slot(office, day=THURSDAY), account=make_user())
    return Application.objects.select_related("office", "account").get(pk=application.pk)


@pytest.fixture
def nodes(tmp_path, visit) -> dict[str, Node]:
    return {
        "portal": replace(node.here(), role="portal"),
        "office": Node("box", "office", tmp_path / "box", (visit.office_id,)),
        "other": Node("other", "office", tmp_path / "other", ("MANADO",)),
        "centre": Node("pusat", "centre", tmp_path / "pusat"),
    }


def cutoff_of(visit: Application) -> datetime:
    """18.00 on Wednesday, on the office's own wall clock."""
    return datetime(2026, 11, 25, 18, 0, tzinfo=ZoneInfo(OFFICES[visit.office_id]))


def holders(visit: Application, nodes: dict[str, Node], now: datetime) -> list[str]:
    found = []
    for name, one in nodes.items():
        with standing_at(one):
            found += [name] if visit.is_held_here(now) else []
    return found


def withdraw(visit: Application, now: datetime) -> None:
    with transaction.atomic():
        move(visit, journey.WITHDRAW, actor="A-1", now=now)


def test_all_nodes_agree_to_the_microsecond_who_holds_a_visit(visit, nodes):
    cutoff = cutoff_of(visit)

    assert holders(visit, nodes, cutoff - MOMENT) == ["portal"]
    assert holders(visit, nodes, cutoff) == ["office"]


def test_a_portal_moves_a_visit_until_the_last_moment_and_not_later(visit, nodes):
    with standing_at(nodes["portal"]):
        for arrow in (journey.WITHDRAW, journey.UNSEAT, journey.CHANGE):
            with pytest.raises(OnDayList) as refused, transaction.atomic():
                move(visit, arrow, actor="A-1", now=cutoff_of(visit))
        withdraw(visit, cutoff_of(visit) - MOMENT)

    assert "telepon kantor itu" in str(refused.value)
    assert str(visit.office) in str(refused.value)
    assert visit.state == State.WITHDRAWN


def test_an_office_acts_without_any_message_and_not_earlier(visit, nodes):
    with standing_at(nodes["office"]):
        with pytest.raises(NotHeldHere):
            withdraw(visit, cutoff_of(visit) - MOMENT)
        withdraw(visit, cutoff_of(visit))

    assert visit.state == State.WITHDRAWN


def test_a_later_change_of_the_knob_does_not_take_a_list_back(visit):
    """The moment is that of the knob as it stood when the evening's day began."""
    cutoff = cutoff_of(visit)
    Knob.objects.create(
        name="custody_cutoff_minute", office=visit.office, value=22 * 60, valid_from=cutoff + MOMENT
    )

    assert visit.custodian_at(cutoff + timedelta(hours=1)) == Site.OFFICE


def test_the_portal_says_on_its_pages_what_one_can_still_do(visit, nodes, client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: cutoff_of(visit))
    client.force_login(visit.account)
    client.get("/")  # the addresses of this process are those of the node it began as

    with standing_at(nodes["portal"]):
        status = client.get(f"/permohonan/{visit.ref}/", {"bahasa": "en"}, follow=True).content.decode()
        asked = client.get(f"/permohonan/{visit.ref}/tarik/")
        moved = client.get(f"/permohonan/{visit.ref}/ubah/").content.decode()
        sent = client.post(f"/permohonan/{visit.ref}/tarik/", {"nonce": "abcdefgh1234"})

    assert 'data-code="on-day-list"' in status and "call that office" in status
    assert "/tarik/" not in status and "/tarik/" not in moved
    assert asked.url == f"/permohonan/{visit.ref}/status/"
    assert (sent.status_code, 'data-code="on-day-list"' in sent.content.decode()) == (409, True)
    visit.refresh_from_db()
    assert visit.state == State.BOOKED


def test_a_change_after_the_cut_off_is_refused_by_name(visit, nodes):
    other = make_slot(visit.office, day=THURSDAY + timedelta(days=1))

    with standing_at(nodes["portal"]), pytest.raises(OnDayList):
        actions.change_place(visit, other, action_id="c", actor="A-1", now=cutoff_of(visit))


@pytest.mark.parametrize(
    ("arrow", "raises"), [(journey.ARRIVE, 1), (journey.MISS, 1), (journey.WITHDRAW, 2), (journey.UNSEAT, 2)]
)
def test_the_hand_over_by_the_clock_raises_the_term_with_the_first_move(visit, nodes, arrow, raises):
    before = visit.term

    with standing_at(nodes["office"]), transaction.atomic():
        move(visit, arrow, actor="S-1", now=cutoff_of(visit))

    assert visit.term == before + raises
    assert Entry.objects.filter(kind="applications.moved").last().values["term"] == visit.term


def test_before_the_cut_off_a_change_keeps_the_term(visit, nodes):
    before = visit.term

    with standing_at(nodes["portal"]), transaction.atomic():
        move(visit, journey.CHANGE, actor="A-1", now=NOW)

    assert visit.term == before


@pytest.fixture
def held(nodes, visit) -> Application:
    """Somebody else chose a time for Thursday ten minutes before the cut-off, and has two hours to pay."""
    application = make_application(account=make_user())
    with standing_at(nodes["portal"]):
        hold(
            application,
            make_slot(visit.office, day=THURSDAY, hour=10),
            now=cutoff_of(visit) - timedelta(minutes=10),
        )
    return Application.objects.select_related("office", "account").get(pk=application.pk)


def test_a_held_place_stays_the_portals_over_the_cut_off_and_once_paid_it_is_the_offices(visit, held, nodes):
    paid_at = cutoff_of(visit) + timedelta(hours=1)
    assert holders(held, nodes, paid_at) == ["portal"]

    with standing_at(nodes["portal"]):
        pay(held, paid_at=paid_at)

    assert held.state == State.BOOKED and held.bookings.get().pass_number
    assert holders(held, nodes, paid_at) == ["office"]
    with standing_at(nodes["office"]), transaction.atomic():
        move(held, journey.ARRIVE, actor="S-1", now=held.place_starts_at)
    assert held.state == State.ARRIVED


def test_a_held_place_that_nobody_pays_lapses_at_the_portal_and_never_at_the_office(visit, held, nodes):
    over = cutoff_of(visit) + timedelta(hours=3)

    with standing_at(nodes["office"]):
        assert free_lapsed_holds(now=over) == 0
    with standing_at(nodes["portal"]):
        assert free_lapsed_holds(now=over) == 1

    held.refresh_from_db()
    assert (held.state, held.custodian) == (State.SUBMITTED, Site.PORTAL)
