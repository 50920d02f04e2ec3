"""Status without sign-in, for people and for programs."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from openpaspor.applications.models import Application
from openpaspor.applications.tests.people import NOW, RANI, make_draft, make_submitted, make_user, three
from openpaspor.journey import State
from openpaspor.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_known_day(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    cache.clear()


@pytest.fixture
def sent():
    return make_submitted(make_user())


def ask(ref, born: date = RANI.born):
    return Client().post("/lacak/", {"ref": ref, **three("born", born)})


def ask_program(ref, born="1999-03-27", **more):
    return Client(**more).get("/api/v1/track", {"ref": ref, "born": born})


def test_reference_and_birth_date_show_the_sentence_and_nothing_personal(sent):
    page = ask(sent.ref)

    assert page.status_code == 200
    assert 'data-wait="CHOOSE"' in page.content.decode()
    for personal in ("Rani", "Puspita", RANI.nik, "1999"):
        assert personal not in page.content.decode()


def test_a_reference_may_be_typed_as_people_type(sent):
    assert ask(sent.ref.lower().replace("-", " ")).status_code == 200


def test_an_unknown_reference_and_a_wrong_date_get_the_same_answer(sent):
    other = make_draft(make_user())

    pages = [ask(sent.ref, date(1999, 3, 28)), ask("OP-2222-2222"), ask(other.ref)]

    told = {(page.status_code, page.context["refusal"].code, str(page.context["refusal"])) for page in pages}
    assert len(told) == 1
    assert pages[0].status_code == 404


def test_a_mistyped_reference_is_said_before_anything_is_counted(sent):
    for _time in range(8):
        page = ask("OP-2222-2223")
    assert page.status_code == 422
    assert 'data-code="reference-invalid"' in page.content.decode()


def test_five_wrong_dates_and_then_even_the_right_one_must_wait(sent):
    wrong = [ask(sent.ref, date(1999, 3, day)).status_code for day in range(1, 6)]
    right = ask(sent.ref)

    assert wrong == [404] * 5
    assert right.status_code == 429
    assert right["Retry-After"] == "600"
    assert 'data-code="too-many-tries"' in right.content.decode()


def test_right_answers_use_nothing_up(sent):
    assert {ask(sent.ref).status_code for _time in range(8)} == {200}


def test_a_program_gets_where_it_stands(sent):
    answer = ask_program(sent.ref)

    assert answer.json() == {
        "schema": 1,
        "ref": sent.ref,
        "state": "SUBMITTED",
        "reason": "CHOOSE",
        "who": "you",
        "until": None,
        "can_do": "choose-place",
        "as_of": "2026-11-24T01:40:00.000000Z",
    }
    assert answer["Cache-Control"] == "private, no-store"


def test_a_program_reads_days_and_moments(sent):
    Application.objects.filter(pk=sent.pk).update(state=State.HOLDING, bill_due_at=NOW + timedelta(hours=2))
    assert ask_program(sent.ref).json()["until"] == "2026-11-24T03:40:00.000000Z"
    Application.objects.filter(pk=sent.pk).update(state=State.READY, collect_by=date(2026, 12, 24))
    assert ask_program(sent.ref).json()["until"] == "2026-12-24"
    Application.objects.filter(pk=sent.pk).update(state=State.COLLECTED)
    assert ask_program(sent.ref).json()["who"] == "nobody"


@pytest.mark.parametrize(
    ("ref", "born"),
    [("", ""), ("OP-2222-2222", "1999-03-27"), ("x" * 5000, "1999-03-27"), ("OP-2222-2222\x00", "27-3-1999")],
)
def test_a_program_that_asks_nonsense_gets_404(sent, ref, born):
    answer = ask_program(ref, born)

    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"


def test_a_program_is_stopped_after_five_wrong_tries_at_one_reference_from_one_address(sent):
    codes = [ask_program(sent.ref, f"1999-04-0{day}").status_code for day in range(1, 8)]

    assert codes == [404] * 5 + [429] * 2
    assert ask_program(sent.ref, REMOTE_ADDR="203.0.113.9").status_code == 200
    assert ask_program(make_submitted(make_user()).ref).status_code == 200


def test_another_way_of_writing_a_reference_is_no_new_try(sent):
    bare = sent.ref.removeprefix("OP-")
    ways = [sent.ref, sent.ref.lower(), bare, bare.replace("-", ""), bare.replace("-", " "), f" {sent.ref} "]

    assert [ask_program(way, "1999-04-01").status_code for way in ways] == [404] * 5 + [429]


def test_a_wrong_method_is_405():
    assert Client().post("/api/v1/track").status_code == 405


def test_the_page_offers_the_reference_of_a_link(sent):
    page = Client().get("/lacak/", {"ref": sent.ref})

    assert f'value="{sent.ref}"' in page.content.decode()
