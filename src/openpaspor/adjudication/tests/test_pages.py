"""The adjudicator's screens."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from openpaspor.accounts.models import Role
from openpaspor.adjudication import actions, sweeps
from openpaspor.adjudication.models import Decision, Status
from openpaspor.applications.models import Application
from openpaspor.facts.accounts import Looked
from openpaspor.kit import clock
from openpaspor.ledger import worker
from openpaspor.ledger.models import Entry

from .making import MONDAY, decide, make_adjudicator, make_case, make_enrolled, somebody

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The domain clock: tests may move it."""
    moment = [MONDAY]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return moment


@pytest.fixture
def hasan(client: Client) -> Client:
    client.force_login(make_adjudicator("S-C1"))
    return client


@pytest.fixture
def second() -> Client:
    other = Client()
    other.force_login(make_adjudicator("S-C2"))
    return other


def looks(ref: str) -> list[str]:
    entries = Entry.objects.filter(kind=Looked.name, application=ref).order_by("id")
    return [entry.read().what for entry in entries]


def take(desk: Client) -> str:
    """Press N; the address of the case."""
    return desk.post("/pusat/ambil/", {"nonce": f"nonce-{Decision.objects.count()}-{id(desk)}"}).url


def test_a_clean_case_is_taken_and_approved(hasan, time):
    case = make_case()

    address = take(hasan)
    assert address == f"/pusat/{case.application.ref}/"
    page = hasan.get(address).content.decode()
    assert 'data-key="a"' in page and case.application.ref in page
    answer = hasan.post(f"{address}putusan/", {"nonce": "nonce-decide", "verdict": "approve"})

    assert answer.url == "/pusat/"
    time[0] = MONDAY + timedelta(seconds=60)
    sweeps.let_decisions_count(now=time[0])
    assert Application.objects.get().state == "APPROVED"


def test_each_view_of_a_case_is_one_look_and_lists_are_none(hasan):
    ref = make_case().application.ref
    hasan.get("/pusat/")
    address = take(hasan)
    assert looks(ref) == []

    hasan.get(address)
    hasan.get(f"{address}kertas/portrait/")

    assert looks(ref) == ["adjudication:case", "attachment:portrait"]


def test_passed_checks_are_folded_and_only_flags_are_open(hasan):
    listed = somebody()
    actions.add_to_watch_list(
        full_name=listed.full_name, born=listed.born, reason="other", actor="S-9", now=MONDAY
    )
    make_case(listed)

    page = hasan.get(take(hasan)).content.decode()

    assert re.search(r'<details class="passed">', page)
    assert page.count('class="notice notice-warn"') == 1


def test_the_applicants_text_stands_beside_each_reason_in_both_languages(hasan):
    make_case()

    page = hasan.get(take(hasan)).content.decode()

    assert '<span lang="id">' in page
    assert "We need to know more about your journey." in page


def test_a_case_on_somebody_elses_table_does_not_open(hasan, second):
    ref = make_case().application.ref
    address = take(hasan)

    answer = second.get(address)

    assert answer.status_code == 409
    assert 'data-code="not-your-case"' in answer.content.decode()
    assert second.get(f"{address}kertas/portrait/").status_code == 404
    assert looks(ref) == []


def test_a_reason_is_asked_for_and_what_was_chosen_stays(hasan):
    make_case()
    address = take(hasan)

    answer = hasan.post(f"{address}putusan/", {"nonce": "nonce-decide", "verdict": "refuse"})

    assert answer.status_code == 422
    assert re.search(r'value="refuse"[^>]*checked', answer.content.decode())


def test_the_second_person_sees_the_first_opinion_only_after_choosing(hasan, second):
    make_case()
    address = take(hasan)
    hasan.post(
        f"{address}putusan/", {"nonce": "n-1-decide", "verdict": "refuse", "reasons_refuse": ["prevented"]}
    )

    assert take(second) == address
    page = second.get(address).content.decode()
    assert "S-C1" not in page
    assert not re.search(r"checked", page)
    answer = second.post(f"{address}putusan/", {"nonce": "n-2-decide", "verdict": "approve"}, follow=True)

    assert Decision.objects.get().status == Status.SPLIT
    assert answer.context["decisions"][0].status == Status.SPLIT


def test_a_decision_is_taken_back_from_the_queue_until_its_moment(hasan, time):
    make_case()
    address = take(hasan)
    hasan.post(f"{address}putusan/", {"nonce": "nonce-decide", "verdict": "approve"})
    number = Decision.objects.get().pk
    assert f"/pusat/batal/{number}/" in hasan.get("/pusat/").content.decode()

    time[0] = MONDAY + timedelta(seconds=61)
    late = hasan.post(f"/pusat/batal/{number}/", {"nonce": "nonce-late-back"})
    assert late.status_code == 409 and 'data-code="too-late"' in late.content.decode()

    time[0] = MONDAY + timedelta(seconds=30)
    answer = hasan.post(f"/pusat/batal/{number}/", {"nonce": "nonce-back"})
    assert answer.url == address


def test_an_empty_queue_says_so(hasan):
    answer = hasan.post("/pusat/ambil/", {"nonce": "nonce-take"})

    assert answer.status_code == 409
    assert 'data-code="nothing-waits"' in answer.content.decode()


def test_a_case_passed_on_leaves_the_table(hasan, second):
    make_case()
    address = take(hasan)

    hasan.post(f"{address}lewati/", {"nonce": "nonce-skip", "reason": "known"})

    assert hasan.get("/pusat/").context["mine"] is None
    assert take(second) == address


def test_only_adjudicators_open_the_door(client):
    from openpaspor.accounts.models import Posting

    person = make_adjudicator("S-O1")
    Posting.objects.update(role=Role.OPS)
    client.force_login(person)

    assert client.get("/pusat/").status_code == 403


def test_an_approval_is_withdrawn_before_printing(hasan, time):
    case = make_case()
    decide(case, "approve", actor="S-C2")
    time[0] = MONDAY + timedelta(minutes=2)
    sweeps.let_decisions_count(now=time[0])
    address = f"/pusat/{case.application.ref}/"

    assert f"{address}tarik/" in hasan.get(address).content.decode()
    hasan.post(f"{address}tarik/", {"nonce": "nonce-revoke"})
    worker.work_until_idle(with_sweeps=False)  # the print room gives it back

    case.refresh_from_db()
    application = Application.objects.get()
    assert (application.state, application.reason) == ("REVIEW", "approval-withdrawn")
    assert (case.round, case.is_open, application.stop_order) == (2, True, "")


def test_what_is_printed_is_stopped_and_another_person_lifts_it(hasan, second, time):
    case = make_case()
    Application.objects.update(state="READY")
    address = f"/pusat/{case.application.ref}/"

    hasan.post(f"{address}tarik/", {"nonce": "nonce-revoke"})
    assert Application.objects.get().stop_order == "approval-withdrawn"
    own = hasan.post(f"{address}lepas/", {"nonce": "nonce-own-lift"})
    assert own.status_code == 409 and 'data-code="same-person"' in own.content.decode()

    second.post(f"{address}lepas/", {"nonce": "nonce-lift"})
    assert Application.objects.get().stop_order == ""


def test_a_decided_case_is_found_by_its_reference_however_typed(hasan):
    case = make_case()
    decide(case, "approve", actor="S-C2")
    sweeps.let_decisions_count(now=MONDAY + timedelta(minutes=2))
    typed = case.application.ref.lower().replace("-", " ")

    assert hasan.get("/pusat/cari/", {"ref": typed}).url == f"/pusat/{case.application.ref}/"
    assert hasan.get("/pusat/cari/", {"ref": "OP-XXXX-XXXX"}).status_code == 422
    assert hasan.get("/pusat/cari/", {"ref": make_enrolled().ref}).status_code == 404
