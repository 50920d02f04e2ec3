"""The queue gives; nobody picks."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import connection

from openpaspor.adjudication import actions
from openpaspor.adjudication.models import Case
from openpaspor.ledger.models import Entry
from openpaspor.offices.models import Office

from .making import MONDAY, action, decide, make_case, somebody, take


@pytest.mark.django_db
def test_the_earliest_promise_comes_first_then_the_earliest_journey():
    late = make_case(promised_on=date(2026, 11, 30))
    soon = make_case(somebody(travel_on=date(2026, 12, 20)))
    sooner = make_case(somebody(travel_on=date(2026, 12, 1)))
    never = make_case(promised_on=None)

    given = []
    for number in range(4):
        given.append(take(f"S-C{number}"))
    assert given == [sooner, soon, late, never]


@pytest.mark.django_db
def test_who_has_a_case_on_the_table_gets_the_same_one_again():
    case = make_case()
    make_case()

    assert take("S-C1") == case
    assert take("S-C1") == case


@pytest.mark.django_db
def test_a_case_left_on_a_table_is_given_to_the_next_after_half_an_hour():
    case = make_case()
    take("S-C1")

    with pytest.raises(actions.NothingWaits):
        take("S-C2", MONDAY + timedelta(minutes=29))
    assert take("S-C2", MONDAY + timedelta(minutes=30)) == case


@pytest.mark.django_db
def test_what_is_not_on_the_table_cannot_be_decided():
    case = make_case()
    take("S-C1")

    with pytest.raises(actions.NotYours):
        actions.decide(case, "approve", action_id=action(), actor="S-C2", now=MONDAY)
    with pytest.raises(actions.NotYours):
        late = MONDAY + timedelta(minutes=31)
        actions.decide(case, "approve", action_id=action(), actor="S-C1", now=late)


@pytest.mark.django_db
def test_a_skipped_case_goes_to_somebody_else_with_its_reason():
    case = make_case()
    take("S-C1")
    actions.skip(case, "known", action_id=action(), actor="S-C1", now=MONDAY)

    with pytest.raises(actions.NothingWaits):
        take("S-C1")
    assert take("S-C2") == case
    assert Entry.objects.get(kind="adjudication.case_skipped").read().reason == "known"


@pytest.mark.django_db
def test_a_decided_case_is_out_of_the_queue():
    decide(make_case(), "approve", actor="S-C1")

    with pytest.raises(actions.NothingWaits):
        take("S-C2")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_adjudicators_at_once_never_get_the_same_case():

    cases = {make_case().pk for _number in range(3)}
    given: list[int] = []
    ready = threading.Barrier(6)

    def reach(actor: str) -> None:
        ready.wait()
        try:
            given.append(take(actor).pk)
        except actions.NothingWaits:
            pass
        finally:
            connection.close()

    people = [threading.Thread(target=reach, args=(f"S-C{number}",)) for number in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(given) == sorted(cases)
    assert Case.objects.exclude(claimed_by="").count() == 3
    assert Office.objects.exists()
