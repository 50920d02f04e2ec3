"""Work that is due by itself."""

from datetime import timedelta

import pytest

from openpaspor.applications.models import Application
from openpaspor.applications.sweeps import give_up_stale
from openpaspor.applications.tests.people import NOW, make_draft, make_submitted, make_user
from openpaspor.journey import State
from openpaspor.offices.models import Knob

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
