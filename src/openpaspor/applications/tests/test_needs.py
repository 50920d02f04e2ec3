"""Five questions, one answer."""

import pytest
from django.test import Client

from openpaspor.applications.needs import need_of
from openpaspor.applications.tests.people import FIVE

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("whose", "had", "kind", "outcome", "years", "papers"),
    [
        ("adult", "never", "adult-new", "online", 10, ["ktp", "kk", "birth"]),
        ("adult", "expired", "adult-replace", "online", 10, ["ktp", "old-passport"]),
        ("adult", "full", "adult-replace", "online", 10, ["ktp", "old-passport"]),
        ("adult", "lost", "lost", "in-person", 10, ["ktp", "kk", "birth", "police"]),
        ("adult", "damaged", "damaged", "in-person", 10, ["ktp", "kk", "birth", "old-passport"]),
        ("adult", "valid", "adult-replace", "still-valid", 10, ["ktp", "old-passport"]),
        (
            "child",
            "never",
            "child",
            "online",
            5,
            ["child-birth", "kk", "father-ktp", "mother-ktp", "marriage", "statement"],
        ),
        ("child", "lost", "lost", "in-person", 5, ["ktp", "kk", "birth", "police"]),
    ],
)
def test_five_answers_give_kind_papers_and_where(whose, had, kind, outcome, years, papers):
    need = need_of(whose=whose, had=had, travel="later", booklet="electronic", years=10)

    assert (need.kind, need.outcome, need.years) == (kind, outcome, years)
    assert [paper.code for paper in need.papers] == papers


def test_a_child_with_a_passport_brings_it():
    need = need_of(whose="child", had="expired", travel="later", booklet="electronic", years=10)

    assert need.old_reason == "expired"
    assert need.papers[-1].code == "old-passport"


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({}, "Rp950.000"),
        ({"years": "5"}, "Rp650.000"),
        ({"booklet": "regular", "years": "5"}, "Rp350.000"),
        ({"whose": "child"}, "Rp650.000"),
        ({"had": "lost"}, "Rp1.950.000"),
        ({"had": "damaged"}, "Rp1.450.000"),
    ],
)
def test_the_result_shows_the_fee_of_the_day(changed, shown):
    page = Client().get("/cek/", {**FIVE, **changed})

    assert shown in page.content.decode()


def test_lost_is_served_in_person_and_cannot_be_started_at_home():
    page = Client().get("/cek/", {**FIVE, "had": "lost", "bahasa": "en"}).content.decode()

    assert "come in person" in page
    assert "/permohonan/baru/" not in page


def test_a_missing_answer_is_asked_for_with_everything_kept():
    page = Client().get("/cek/", {"whose": "child", "bahasa": "en"})

    assert page.status_code == 422
    assert 'data-code="required"' in page.content.decode()
    assert "Choose when the journey is." in page.content.decode()
    assert 'value="child"' in page.content.decode() and "checked" in page.content.decode()


def test_the_answers_come_along_to_sign_in():
    page = Client().get("/permohonan/baru/", FIVE)

    assert page.status_code == 302
    assert "%2Fpermohonan%2Fbaru%2F%3Fwhose%3Dadult" in page.url or "whose%3Dadult" in page.url
