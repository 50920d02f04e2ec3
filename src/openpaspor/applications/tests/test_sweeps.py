"""Work that is due by itself."""

from datetime import timedelta

import pytest
from django.utils import translation

from openpaspor.applications import tracker
from openpaspor.applications.models import Application
from openpaspor.applications.rules import AGAIN
from openpaspor.applications.sweeps import give_up_stale
from openpaspor.applications.tests.people import NOW, make_draft, make_submitted, make_user
from openpaspor.journey import STATES, State
from openpaspor.ledger import node
from openpaspor.offices.models import Knob, Office

pytestmark = pytest.mark.django_db


def test_an_untouched_draft_ends_after_thirty_days_and_is_destroyed():
    draft = make_draft(make_user())

    assert give_up_stale(now=NOW + timedelta(days=30)) == 0
    assert give_up_stale(now=NOW + timedelta(days=30, seconds=1)) == 1
    assert give_up_stale(now=NOW + timedelta(days=31)) == 0

    draft.refresh_from_db()
    assert (draft.state, draft.reason) == (State.EXPIRED, "draft-untouched")
    assert not draft.keys.exists()


def test_an_application_without_a_place_ends_and_keeps_its_file():
    sent = make_submitted(make_user())

    assert give_up_stale(now=NOW + timedelta(days=31)) == 1

    sent.refresh_from_db()
    assert (sent.state, sent.reason) == (State.EXPIRED, "no-place-chosen")
    assert sent.keys.exists()


def test_what_has_a_place_is_left_alone():
    sent = make_submitted(make_user())
    Application.objects.filter(pk=sent.pk).update(state=State.BOOKED)

    assert give_up_stale(now=NOW + timedelta(days=400)) == 0


def test_the_nation_decides_how_long():
    make_draft(make_user())
    Knob.objects.create(name="draft_days", value=3, valid_from=NOW)

    assert give_up_stale(now=NOW + timedelta(days=4)) == 1


def make_missed() -> Application:
    """A visit of this moment to which nobody came."""
    missed = make_submitted(make_user())
    Application.objects.filter(pk=missed.pk).update(
        state=State.MISSED, custodian=STATES[State.MISSED].custodian, office="DENPASAR",
        place_starts_at=NOW, state_since=NOW + timedelta(hours=8),
    )  # fmt: skip
    return Application.objects.get(pk=missed.pk)


def test_a_missed_visit_ends_when_it_is_too_late_for_a_new_time_and_not_sooner():
    missed = make_missed()

    assert give_up_stale(now=NOW + timedelta(days=7, minutes=59)) == 0
    assert give_up_stale(now=NOW + timedelta(days=7, minutes=61)) == 1
    assert give_up_stale(now=NOW + timedelta(days=8)) == 0

    missed.refresh_from_db()
    assert (missed.state, missed.reason) == (State.EXPIRED, "missed-visit")


def test_how_long_a_missed_visit_can_be_made_good_is_the_offices_own_affair():
    make_missed()
    Knob.objects.create(
        name="rescue_days", value=14, office=Office.objects.get(pk="DENPASAR"), valid_from=NOW
    )

    assert give_up_stale(now=NOW + timedelta(days=14)) == 0
    assert give_up_stale(now=NOW + timedelta(days=15)) == 1


def test_a_second_missed_visit_cannot_be_made_good_and_ends_after_a_day():
    missed = make_missed()
    Application.objects.filter(pk=missed.pk).update(reason=AGAIN)
    missed.refresh_from_db()
    with translation.override("id"):
        (story,) = tracker.stories(missed, NOW + timedelta(hours=9))

    assert "satu kali" in story.sentence and story.button is None
    assert give_up_stale(now=NOW + timedelta(hours=24)) == 0
    assert give_up_stale(now=NOW + timedelta(hours=26)) == 1


def test_another_office_ends_no_missed_visit_of_ours(tmp_path):
    make_missed()

    with node.standing_at(node.Node(name="ambon", role="office", home=tmp_path, offices=("AMBON",))):
        assert give_up_stale(now=NOW + timedelta(days=30)) == 0


def test_the_tracker_says_until_when_and_what_became_of_a_missed_visit():
    missed = make_missed()
    with translation.override("id"):
        (before,) = tracker.stories(missed, NOW + timedelta(days=1))
        give_up_stale(now=NOW + timedelta(days=8))
        missed.refresh_from_db()
        (after,) = tracker.stories(missed, NOW + timedelta(days=8))

    assert "1 Desember 2026" in before.until  # seven days after the visit itself
    assert "tidak datang" in after.sentence and "berakhir" in after.sentence
    assert after.button and after.button.label
