"""What the machine compares before a person looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from openpaspor.adjudication import actions
from openpaspor.adjudication.models import Check, ExaminationFinding
from openpaspor.applications.models import Application

from .making import MONDAY, SITI, decide, make_case, make_enrolled, somebody

pytestmark = pytest.mark.django_db


def result(case, code: str) -> tuple[str, str]:
    check = Check.objects.get(case=case, code=code)
    return check.result, check.detail


def test_a_clean_file_passes_everything():
    case = make_case()

    assert set(Check.objects.filter(case=case).values_list("result", flat=True)) == {"pass"}


def test_another_open_application_of_the_same_person_is_flagged_and_named():
    other = make_enrolled(SITI)
    case = make_case(SITI)

    assert result(case, "same-identity") == ("flag", "open-application")
    assert Check.objects.get(case=case, code="same-identity").others == other.ref


def test_the_same_nik_under_another_name_is_said_so():
    make_enrolled(SITI)

    assert result(make_case(replace(SITI, full_name="SITI RAHMA")), "same-identity") == (
        "flag",
        "nik-other-name",
    )


def test_the_same_name_and_birth_date_with_another_nik_is_said_so():
    make_enrolled(SITI)
    twin = replace(SITI, nik="5171014503990007", old_number="")

    assert result(make_case(twin), "same-identity") == ("flag", "name-other-nik")


def test_what_ended_without_a_passport_is_no_duplicate():
    Application.objects.filter(pk=make_enrolled(SITI).pk).update(state="WITHDRAWN")

    assert result(make_case(SITI), "same-identity") == ("pass", "")


def test_a_passport_collected_before_is_normal_for_a_replacement_and_flagged_for_a_first_one():
    Application.objects.filter(pk=make_enrolled(SITI).pk).update(state="COLLECTED")

    assert result(make_case(SITI), "same-identity") == ("pass", "")
    Application.objects.exclude(state="COLLECTED").update(state="WITHDRAWN")
    first = make_case(replace(SITI, old_number=""), kind="adult-new")
    assert result(first, "same-identity") == ("flag", "already-holds")


def test_one_old_passport_in_two_open_applications_is_flagged_however_it_is_typed():
    make_case(somebody(old_number="B 7654321"))

    assert result(make_case(somebody(old_number="b7654321")), "same-document") == ("flag", "number-in-use")


def test_an_old_passport_that_we_issued_to_somebody_else_is_flagged():
    Application.objects.filter(pk=make_enrolled(SITI).pk).update(state="COLLECTED", serial="X0000001")

    assert result(make_case(somebody(old_number="X0000001")), "same-document") == ("flag", "other-holder")


def test_an_unknown_old_number_is_not_checked_rather_than_passed():
    assert result(make_case(somebody(old_number="")), "same-document") == ("unchecked", "no-number")


def test_the_watch_list_finds_by_nik_and_by_name_with_birth_date():
    by_nik, by_name = somebody(), somebody()
    listed = {"reason": "prevented", "actor": "S-C9", "now": MONDAY}
    actions.add_to_watch_list(nik=by_nik.nik, **listed)
    actions.add_to_watch_list(full_name=by_name.full_name.lower(), born=by_name.born, **listed)

    assert result(make_case(by_nik), "watch-list") == ("flag", "nik-on-list")
    assert result(make_case(by_name), "watch-list") == ("flag", "name-on-list")
    assert (
        result(make_case(replace(by_name, born=date(1970, 1, 1), nik="5171014101700001")), "watch-list")[0]
        == "pass"
    )


def test_a_name_hit_never_refuses_and_one_person_may_approve():
    listed = somebody()
    actions.add_to_watch_list(
        full_name=listed.full_name, born=listed.born, reason="other", actor="S-C9", now=MONDAY
    )
    case = make_case(listed)

    assert case.application.state == "REVIEW"
    assert decide(case, "approve", actor="S-C1").status == "pending"


def test_approving_over_a_hit_of_the_nik_needs_two_people():
    listed = somebody()
    actions.add_to_watch_list(nik=listed.nik, reason="prevented", actor="S-C9", now=MONDAY)
    case = make_case(listed)

    assert decide(case, "approve", actor="S-C1").status == "waits"
    assert decide(case, "approve", actor="S-C2").status == "pending"


def test_a_nik_that_contradicts_the_birth_date_is_flagged():
    odd = somebody(born=date(1999, 3, 6))

    assert result(make_case(odd), "nik") == ("flag", "birth-date-differs")


def test_the_offices_examination_is_shown_and_missing_is_not_passed():
    lost = make_case(kind="lost")
    assert result(lost, "examination") == ("unchecked", "not-examined")

    application = make_enrolled(kind="lost")
    ExaminationFinding.objects.create(application_ref=application.ref, outcome="careless")
    case = actions.receive(application, action_id="r", actor="worker", now=MONDAY)
    assert result(case, "examination") == ("flag", "careless")
