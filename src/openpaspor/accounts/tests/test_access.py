"""Staff at an office node: the centre posts them, the office lets them in, and no password ever travels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from openpaspor.accounts import actions, demo_people
from openpaspor.accounts.models import Posting, Role, User
from openpaspor.facts.accounts import PostingEnded, PostingGranted
from openpaspor.kit import clock
from openpaspor.ledger import follow, node
from openpaspor.ledger.models import Entry
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.offices.models import Office

from .make import make_staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
WAYAN = actions.staff_code("wayan")


@pytest.fixture
def office(tmp_path):
    """We are an office node; the centre posts Wayan here."""
    centre = node.Node(name="pusat", role="centre", home=tmp_path / "centre")
    here = node.Node(name="denpasar", role="office", home=tmp_path / "office", offices=("DENPASAR",))
    with node.standing_at(centre):
        introduce_ourselves()
    with node.standing_at(here):
        hear(centre, PostingGranted(person=WAYAN, role="officer", office="DENPASAR"))
        yield centre


def hear(speaker: node.Node, *facts) -> None:
    with node.standing_at(speaker):
        with transaction.atomic():
            for fact in facts:
                record(fact, actor="S-ops", now=NOW)
        seal_pending()
    follow.follow_all()


def let_in(login: str = "wayan", action_id: str = "a1", **more):
    more = {"actor": "S-head", "now": NOW, "real_now": clock.real_now()} | more
    return actions.give_access(login, action_id=action_id, **more)


def test_whom_the_centre_posted_can_sign_in_once_the_office_lets_them_in(office):
    assert User.objects.get(code=WAYAN).login is None

    access = let_in(" Wayan ")

    person = actions.check_password("wayan", access.password, now=clock.real_now())
    assert person.posting(NOW, Role.OFFICER).office_id == "DENPASAR"
    actions.choose_password(person, "empat kelapa muda")  # and from then on it does not run out
    assert actions.check_password("wayan", "empat kelapa muda", now=clock.real_now() + timedelta(days=15))


def test_the_centre_posts_and_nobody_else_is_let_in(office):
    with pytest.raises(actions.NotPostedHere):
        let_in("made")
    with pytest.raises(actions.NotPostedHere):
        let_in(office=Office.objects.get(pk="JAYAPURA"))


def test_a_posting_that_ended_opens_no_door_and_lets_nobody_in(office):
    let_in()

    hear(office, PostingEnded(person=WAYAN, role="officer", office="DENPASAR"))

    assert User.objects.get(login="wayan").posting(NOW + timedelta(seconds=1)) is None
    with pytest.raises(actions.NotPostedHere):
        let_in(action_id="a2", now=NOW + timedelta(seconds=1))


def test_a_posting_heard_twice_is_one_posting(office):
    hear(office, PostingGranted(person=WAYAN, role="officer", office="DENPASAR"))

    assert Posting.objects.count() == 1


def test_what_is_said_of_it_holds_no_password_and_no_number(office):
    access = let_in()

    said = " ".join(Entry.objects.values_list("fact", flat=True))
    assert "wayan" not in said and access.password not in said
    assert Entry.objects.filter(kind="accounts.access_reset", node="denpasar").count() == 1


def test_the_demo_people_of_an_office_are_let_in_without_a_word(office):
    demo_people.ensure_here(NOW)
    demo_people.ensure_here(NOW)

    assert set(demo_people.staff_here()) == set(
        User.objects.exclude(login=None).values_list("login", flat=True)
    )
    assert not Entry.objects.filter(node="denpasar").exists()
    assert actions.check_password("petugas2.denpasar", demo_people.PASSWORD, now=clock.real_now())


def test_a_head_lets_in_people_of_their_own_office(client):
    make_staff("wayan", "officer", "DENPASAR")
    make_staff("markus", "officer", "JAYAPURA")
    client.force_login(make_staff("ketut", "head", "DENPASAR"))

    client.get("/ops/akses/")
    shown = client.post("/ops/akses/", {"nonce": "n1", "login": "wayan"})
    refused = client.post("/ops/akses/", {"nonce": "n2", "login": "markus"})

    assert shown.status_code == 200 and b"data-copy" in shown.content
    assert refused.status_code == 422
