"""A visitor was let in on the pass alone; then the booking comes over the wire, whole, in pieces, or changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from openpaspor import journey
from openpaspor.applications.agreement import place_left_over
from openpaspor.applications.models import Application
from openpaspor.facts import Fact
from openpaspor.facts.applications import Moved, Started, StopOrdered, Told
from openpaspor.facts.appointments import PlaceChanged
from openpaspor.facts.base import format_moment
from openpaspor.hall import actions, desk
from openpaspor.hall.models import APART, PassArrival
from openpaspor.hall.tests.making import NINE, PASS, action, let_in, make_officer, office_of
from openpaspor.journey import Move, State
from openpaspor.kit import clock, references
from openpaspor.kit.visit_pass import VisitPass
from openpaspor.ledger.models import Conflict, Entry, Parked
from openpaspor.ledger.node import Node, standing_at
from openpaspor.ledger.wire import import_lines
from openpaspor.ledger.worker import work_until_idle
from openpaspor.nodes.demo.box import Box
from openpaspor.offices.models import Office

LATER = NINE + timedelta(hours=3)


@pytest.fixture
def denpasar(db) -> Office:
    return office_of()


def said(kind: str) -> list[dict]:
    return [entry.values for entry in Entry.objects.filter(kind=kind).order_by("id")]


class Portal:
    """What a portal says of one visitor, taken in piece by piece by an office that knew nothing of it."""

    def __init__(self) -> None:
        self.ref = references.make("77", next(_visitors), b"portal")
        self.boxes = {"portal": Box("portal", ()), "ambon": Box("ambon", ("AMBON",))}
        self.said: dict[str, list[tuple[Fact, str, datetime]]] = {"portal": [], "ambon": []}

    def pass_(self, number: int = 1) -> VisitPass:
        return replace(PASS, ref=self.ref, number=number)

    def says(self, *facts: Fact, who: str = "portal") -> None:
        """The whole log once more, as a line that was cut tends to bring it: what is known already changes nothing."""
        self.said[who] += [(fact, "A-1", NINE - timedelta(days=1)) for fact in facts]
        lines = list(self.boxes[who].lines(self.said[who]))
        about = json.loads(lines[0])
        about["node_record"]["role"] = "office" if who == "ambon" else who
        import_lines([json.dumps(about), *lines[1:]])
        work_until_idle(with_sweeps=False)

    def told(self, **changes: object) -> Told:
        said = tuple(f"{name}={json.dumps(value)}" for name, value in changes.items())
        return Told(application=self.ref, changes=said)

    def changed(self, office: str, starts_at: datetime) -> PlaceChanged:
        old = {"old_office": "DENPASAR", "old_starts_at": NINE}
        return PlaceChanged(
            application=self.ref, office=office, starts_at=starts_at, pass_number=2, why="changed", **old
        )

    def moved(self, version: int, arrow: Move, origin: State) -> Moved:
        return Moved(
            application=self.ref,
            move=arrow.name,
            origin=origin,
            target=arrow.target,
            version=version,
            term=1,
            custodian=journey.STATES[arrow.target].custodian,
        )

    def sends_the_booking(self, *beside: Fact) -> None:
        place = self.told(office="DENPASAR", place_starts_at=format_moment(NINE), place_status="held")
        self.says(
            Started(application=self.ref, kind="adult-new", channel="online"),
            self.moved(1, journey.SUBMIT, State.DRAFT),
            place,
            self.moved(2, journey.HOLD, State.SUBMITTED),
            self.moved(3, journey.BOOK, State.HOLDING),
            self.told(pass_number=1, place_status="booked"),
            *beside,
        )

    @property
    def application(self) -> Application:
        return Application.objects.get(ref=self.ref)


_visitors = count(1)


@pytest.fixture
def portal(db, tmp_path) -> Iterator[Portal]:
    """The worker's clock stands at noon; here is the office of Denpasar and nothing else."""
    clock.set_to(LATER)
    with standing_at(Node("denpasar", "office", tmp_path, ("DENPASAR",))):
        yield Portal()
    assert not Parked.objects.exists()


def test_the_booking_that_comes_later_arrives_at_the_time_the_visitor_did(portal, denpasar):
    ten_past = NINE + timedelta(minutes=10)
    ticket = let_in(portal.pass_(), denpasar, actor="S-7", now=ten_past, priority="sick")

    portal.sends_the_booking()

    one = portal.application
    ticket.refresh_from_db()
    assert (one.state, one.state_since, one.custodian) == (State.ARRIVED, ten_past, "office")
    assert (one.ticket, one.priority, one.place_status) == ("P 001", "sick", "used")
    assert ticket.application == one
    arrived = Entry.objects.get(kind=Moved.name, application=portal.ref, node="denpasar")
    assert (arrived.actor, arrived.recorded_at) == ("S-7", ten_past)
    assert PassArrival.objects.get().joined_at >= LATER
    assert said("hall.pass_not_joined") == []


def test_it_joins_once_however_often_the_booking_comes(portal, denpasar):
    let_in(portal.pass_(), denpasar)

    portal.sends_the_booking()
    portal.says()
    portal.says(portal.told(bill_status="paid"))

    assert Entry.objects.filter(kind=Moved.name, application=portal.ref, node="denpasar").count() == 1


def test_the_last_piece_of_the_history_may_come_alone(portal, denpasar):
    let_in(portal.pass_(2), denpasar)

    portal.sends_the_booking()
    assert portal.application.state == State.BOOKED
    assert (said("hall.pass_not_joined"), PassArrival.objects.get().trouble) == ([], "")
    portal.says(portal.moved(4, journey.CHANGE, State.BOOKED), portal.told(pass_number=2))

    assert portal.application.state == State.ARRIVED


def test_who_is_let_in_while_the_booking_comes_is_joined_too(portal, denpasar):
    """The web process looked before the booking was there, and wrote after the worker had gone through it."""
    portal.sends_the_booking()

    let_in(portal.pass_(), denpasar)
    work_until_idle(with_sweeps=False)

    assert portal.application.state == State.ARRIVED


MOVED_AWAY = {
    "another-day": lambda one: (
        one.moved(4, journey.CHANGE, State.BOOKED),
        one.told(place_starts_at=format_moment(NINE + timedelta(days=1)), pass_number=2),
        one.changed("DENPASAR", NINE + timedelta(days=1)),
    ),
    "another-office": lambda one: (
        one.moved(4, journey.CHANGE, State.BOOKED),
        one.told(office="AMBON", pass_number=2),
        one.changed("AMBON", NINE),
    ),
}
WHAT_DOES_NOT_FIT = {
    "no-place": lambda one: (one.moved(4, journey.UNSEAT, State.BOOKED),),
    "ended": lambda one: (one.moved(4, journey.WITHDRAW, State.BOOKED),),
    "stop-order": lambda one: (StopOrdered(application=one.ref, reason="watch-list"),),
}


@pytest.mark.parametrize("reason", WHAT_DOES_NOT_FIT)
def test_what_does_not_allow_the_arrival_is_left_to_a_person(portal, denpasar, client, reason):
    ticket = let_in(portal.pass_(), denpasar)

    portal.sends_the_booking(*WHAT_DOES_NOT_FIT[reason](portal))
    portal.says(portal.told(bill_status="paid"))

    assert said("hall.pass_not_joined") == [
        {"application": portal.ref, "office": "DENPASAR", "pass_number": 1, "reason": reason}
    ]
    ticket.refresh_from_db()
    assert (ticket.application, ticket.state) == (None, "waiting")
    assert portal.application.state != State.ARRIVED
    client.force_login(make_officer(denpasar))
    page = client.get("/petugas/").content.decode()
    assert f'href="/petugas/tiba/{portal.ref}/"' in page
    assert str(APART[reason]) in page


PLACES = {"another-day": ("DENPASAR", NINE + timedelta(days=1)), "another-office": ("AMBON", NINE)}


@pytest.mark.parametrize("moved", MOVED_AWAY)
def test_an_old_pass_counts_when_the_change_comes_after_the_visitor(portal, denpasar, client, moved):
    """Presence wins. What was sold meanwhile stays taken until somebody has looked."""
    ticket = let_in(portal.pass_(), denpasar, actor="S-7")

    portal.sends_the_booking(*MOVED_AWAY[moved](portal))

    one, (office, starts_at) = portal.application, PLACES[moved]
    ticket.refresh_from_db()
    assert (one.state, one.office_id, one.place_starts_at, one.pass_number) == (
        State.ARRIVED, "DENPASAR", NINE, 2,
    )  # fmt: skip
    assert ticket.application == one
    listed = Conflict.objects.get()
    assert listed.code == "old-pass"
    assert place_left_over(listed) == (office, starts_at)
    client.force_login(make_officer(denpasar))
    page = client.get("/petugas/dilihat/").content.decode()
    assert "masih terpakai" in page
    assert {"another-day": "Rab 25 Nov, 09.00 WITA", "another-office": "Ambon</td>"}[moved] in page
    assert page.count('name="picked"') == 2  # the visit beside the change
    assert page.index("yang berlaku, <b>disarankan</b>") < page.index("</td><td>–</td>")


def test_an_old_pass_is_refused_once_the_change_is_known(portal, denpasar):
    portal.sends_the_booking(*MOVED_AWAY["another-day"](portal))

    with pytest.raises(actions.PassReplaced) as refused:
        let_in(portal.pass_(), denpasar, portal.application)

    assert "Rabu, 25 November 2026, 09.00 WITA" in str(refused.value)
    assert portal.application.state == State.BOOKED


def test_who_was_received_elsewhere_is_left_to_a_person(portal, denpasar):
    let_in(portal.pass_(), denpasar)

    portal.sends_the_booking(
        *MOVED_AWAY["another-office"](portal), StopOrdered(application=portal.ref, reason="watch-list")
    )
    portal.says(portal.moved(5, journey.ARRIVE, State.BOOKED), who="ambon")

    assert [one["reason"] for one in said("hall.pass_not_joined")] == ["stop-order", "arrived-elsewhere"]


def test_what_becomes_possible_again_is_joined_after_all(portal, denpasar):
    let_in(portal.pass_(), denpasar)
    portal.sends_the_booking(*WHAT_DOES_NOT_FIT["no-place"](portal))
    assert [one.trouble for one in desk.apart_at(denpasar, LATER)] == ["no-place"]

    portal.says(portal.moved(5, journey.RESEAT, State.SUBMITTED), portal.told(pass_number=2))

    assert portal.application.state == State.ARRIVED
    assert desk.apart_at(denpasar, LATER) == []


def test_a_number_that_ended_before_the_booking_came_is_shown(portal, denpasar):
    ticket = let_in(portal.pass_(), denpasar)
    actions.finish_ticket(ticket, action_id=action(), actor="S-1", now=NINE)

    portal.sends_the_booking()

    assert (portal.application.state, portal.application.ticket) == (State.ARRIVED, "")
    assert [one.trouble for one in desk.apart_at(denpasar, LATER)] == ["number-over"]


def test_a_booking_that_never_comes_is_shown_from_the_next_day_on(portal, denpasar):
    let_in(portal.pass_(), denpasar)

    assert desk.apart_at(denpasar, LATER) == []
    assert [one.ref for one in desk.apart_at(denpasar, NINE + timedelta(days=1))] == [portal.ref]


def test_what_does_not_fit_is_shown_side_by_side_and_leaves_the_list_when_dealt_with(
    portal, denpasar, client
):
    let_in(portal.pass_(), denpasar, actor="S-7")
    portal.sends_the_booking(*WHAT_DOES_NOT_FIT["ended"](portal))
    officer = make_officer(denpasar)
    client.force_login(officer)

    page = client.get("/petugas/").content.decode()
    arrival = PassArrival.objects.get()
    address = f"/petugas/kartu/{arrival.pk}/selesai/"
    done = client.post(address, {"nonce": "abcdefgh1234"})
    client.post(address, {"nonce": "abcdefgh5678"})

    assert "S-7, Sel 24 Nov, 09.00 WITA" in page and "A-1 (portal)" in page
    assert done.status_code == 302
    assert address not in client.get("/petugas/").content.decode()
    arrival.refresh_from_db()
    assert (arrival.seen_by, arrival.seen_at is not None) == (officer.code, True)
    assert said("hall.pass_looked_at") == [
        {"application": portal.ref, "office": "DENPASAR", "pass_number": 1, "reason": "ended"}
    ]


def test_an_officer_of_another_office_deals_with_nothing_here(portal, denpasar, client):
    let_in(portal.pass_(), denpasar)
    client.force_login(make_officer(office_of("AMBON")))

    assert client.post(f"/petugas/kartu/{PassArrival.objects.get().pk}/selesai/").status_code == 404
