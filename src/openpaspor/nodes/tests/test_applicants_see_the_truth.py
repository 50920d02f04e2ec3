"""At the portal: what applicants read while the line to their office, or to the centre, is cut."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

import pytest

from openpaspor.applications import tracker
from openpaspor.applications.models import Application
from openpaspor.applications.tests.people import make_draft, make_user
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.ledger import links, node
from openpaspor.ledger.models import Link, NodeRecord
from openpaspor.ledger.seal import seal_pending
from openpaspor.nodes import context, doors
from openpaspor.nodes.boot import role_of
from openpaspor.offices.models import Office

pytestmark = pytest.mark.django_db
MINUTE = 60.0


@pytest.fixture
def portal(settings):
    """We are the portal; Denpasar and the centre have answered a moment ago."""
    urls = ModuleType("urls_of_a_portal")
    urls.urlpatterns = doors.patterns("portal")
    settings.ROOT_URLCONF = urls
    keys = {"sign_public": "", "box_public": "", "wire_public": "00" * 32}
    NodeRecord.objects.create(node="denpasar", epoch=1, role="office", offices=["DENPASAR"], **keys)
    NodeRecord.objects.create(node="pusat", epoch=1, role="centre", **keys)
    us = node.Node(
        name="portal", role="portal", home=settings.HOME, demo=True, rooms=role_of("portal").FOLLOWS
    )
    with node.standing_at(us):
        links.make_links()
        for peer in ("denpasar", "pusat"):
            heard(peer, ago=1)
        context._said = (0.0, "", None)
        yield us
    context._said = (0.0, "", None)


def heard(peer: str, *, ago: float) -> None:
    Link.objects.filter(pk=peer).update(answered_at=clock.real_now() - timedelta(seconds=ago))
    context._said = (0.0, "", None)


def mine(state: State, client=None, office: str = "DENPASAR") -> Application:
    account = make_user()
    application = make_draft(account)
    at = {"office": Office.objects.get(pk=office), "place_starts_at": clock.now() + timedelta(days=1)}
    Application.objects.filter(pk=application.pk).update(state=state, **at)
    if client:
        client.force_login(account)
    return Application.objects.get(pk=application.pk)


def page(client, application: Application) -> str:
    return client.get(f"/permohonan/{application.ref}/status/?bahasa=en").content.decode()


def test_nothing_is_said_while_all_answer(portal, client):
    assert "data-silence" not in page(client, mine(State.BOOKED, client))


def test_an_appointment_stands_while_its_office_is_cut_off(portal, client):
    application = mine(State.BOOKED, client)
    heard("denpasar", ago=2 * MINUTE)

    shown = page(client, application)

    assert "Your appointment stands. Please come." in shown
    assert "Next update at" in shown and "WITA" in shown


def test_a_file_at_the_office_is_safe_there_and_the_page_tells_when_we_say_more(portal, client):
    application = mine(State.ENROLLED, client)
    heard("denpasar", ago=2 * MINUTE)

    assert "Your file is safe at the office." in page(client, application)


@pytest.mark.parametrize("state", [State.SUBMITTED, State.REVIEW, State.COLLECTED])
def test_what_does_not_lie_at_the_office_does_not_wait_for_it(portal, state):
    heard("denpasar", ago=2 * MINUTE)

    assert tracker.silence(mine(state), clock.now()) is None


def test_another_office_is_not_meant(portal):
    heard("denpasar", ago=2 * MINUTE)

    assert tracker.silence(mine(State.BOOKED, office="JAYAPURA"), clock.now()) is None


def test_a_page_that_asks_again_is_told_of_the_cut(portal, client):
    application = mine(State.BOOKED, client)
    now = clock.now()
    before = tracker.mark_of(tracker.stories(application, now), [], tracker.silence(application, now))
    heard("denpasar", ago=2 * MINUTE)

    assert tracker.mark_of(tracker.stories(application, now), [], tracker.silence(application, now)) != before


def test_the_status_page_names_the_offices_that_are_cut_off(portal, client):
    assert "Offices not connected" not in client.get("/status/?bahasa=en").content.decode()
    heard("denpasar", ago=2 * MINUTE)

    shown = client.get("/status/?bahasa=en").content.decode()

    assert "Offices not connected now" in shown and "Denpasar" in shown and "WITA" in shown
    assert "<table" not in shown and "Next update" in shown  # on the narrowest screen too
    assert "decisions and printing where the office is connected" in shown
    told = client.get("/status.json").json()
    assert told["offices_not_connected"] == ["DENPASAR"]
    assert told["state"] == "S2" and told["waits"]


def says_its_centre_is_unheard(seconds: int) -> None:
    links.note_centre_unheard(Link.objects.get(pk="denpasar"), seconds)
    context._said = (0.0, "", None)


def test_an_office_tells_us_that_it_alone_does_not_hear_the_centre(portal, client):
    waiting, to_come = mine(State.ENROLLED, client), mine(State.BOOKED)
    says_its_centre_is_unheard(30)
    assert "data-silence" not in page(client, waiting)
    says_its_centre_is_unheard(int(2 * MINUTE))

    assert "files and decisions follow by themselves" in page(client, waiting)
    assert tracker.silence(to_come, clock.now()) is None  # the visit is as ever
    shown = client.get("/status/?bahasa=en").content.decode()
    assert "Not connected to the centre since" in shown and "All services running" not in shown
    told = client.get("/status.json").json()
    assert (told["offices_not_connected"], told["offices_without_centre"]) == ([], ["DENPASAR"])

    heard("pusat", ago=2 * MINUTE)  # it is the centre that is away, not a line
    assert client.get("/status.json").json()["offices_without_centre"] == []
    heard("pusat", ago=1)
    says_its_centre_is_unheard(0)
    assert "data-silence" not in page(client, waiting)


def test_while_the_centre_is_away_every_public_page_says_that_appointments_stand(portal, client):
    application = mine(State.REVIEW, client)
    seal_pending()
    assert "state-banner" not in client.get("/bantuan/").content.decode()
    heard("pusat", ago=2 * MINUTE)

    assert "your appointment stands" in client.get("/bantuan/?bahasa=en").content.decode()
    assert "Your file is safe at the centre." in page(client, application)


def test_a_centre_that_has_never_answered_does_not_count_as_fine(portal, client):
    seal_pending()
    Link.objects.filter(pk="pusat").update(answered_at=None)
    context._said = (0.0, "", None)

    shown = client.get("/status/?bahasa=en").content.decode()

    assert "All services running" not in shown and "Not connected to us yet." in shown
    assert "your appointment stands" in client.get("/bantuan/?bahasa=en").content.decode()
    assert "Your file is safe at the centre." in page(client, mine(State.REVIEW, client))


def test_of_a_passport_on_the_shelf_is_said_where_it_is(portal, client):
    application = mine(State.READY, client)
    heard("denpasar", ago=2 * MINUTE)

    assert "Your passport is safe at the office." in page(client, application)


def test_who_looks_for_a_file_begun_at_a_cut_off_office_is_told_why_it_is_not_found(portal, client):
    asked = {"ref": "OP-26JP-FR7N", "born_day": "3", "born_month": "3", "born_year": "1955"}
    assert "data-silence" not in client.post("/lacak/?bahasa=en", asked).content.decode()
    heard("denpasar", ago=2 * MINUTE)

    shown = client.post("/lacak/?bahasa=en", asked).content.decode()

    assert "what was begun there is found here when the line is back" in shown


def test_the_page_of_an_application_tells_all_its_times_in_the_zone_of_its_office(portal, client):
    heard("pusat", ago=10 * MINUTE)
    said = page(client, mine(State.REVIEW, client))

    assert "Next update" in said and "WITA" in said and "WIB" not in said


def test_who_still_has_to_pay_is_not_told_that_the_check_goes_on_while_the_centre_is_away(portal, client):
    application = mine(State.REVIEW, client)
    Application.objects.filter(pk=application.pk).update(bill_status="open")

    well = page(client, application)
    heard("pusat", ago=10 * MINUTE)
    cut = page(client, application)

    assert "The check goes on meanwhile" in well
    assert "The check goes on when the line is back" in cut and "goes on meanwhile" not in cut


def test_who_is_approved_and_still_has_to_pay_is_told_of_no_check(portal, client):
    application = mine(State.APPROVED, client)
    Application.objects.filter(pk=application.pk).update(bill_status="open")
    heard("pusat", ago=10 * MINUTE)

    said = page(client, application)

    assert "Pay. We print only what is paid." in said and "The check goes on" not in said
