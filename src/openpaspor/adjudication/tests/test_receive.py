"""The centre takes a file once it is whole."""

from __future__ import annotations

from datetime import timedelta

import pytest

from openpaspor.adjudication.models import Case
from openpaspor.applications.actions import lift_stop, order_stop
from openpaspor.applications.models import Application, Attachment
from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.ledger.models import Entry, Parked
from openpaspor.ledger.worker import work_until_idle

from .making import MONDAY, make_enrolled, somebody

pytestmark = pytest.mark.django_db


def work() -> None:
    work_until_idle(with_sweeps=False)


def test_a_complete_file_is_received_and_checked_once():
    application = make_enrolled()
    work()
    work()

    application.refresh_from_db()
    assert (application.state, application.custodian) == ("REVIEW", "centre")
    assert Case.objects.get().checks.count() == 4
    assert Entry.objects.filter(kind="adjudication.checked").count() == 1


def test_a_file_whose_picture_is_not_here_yet_waits_and_is_then_received():
    application = make_enrolled()
    paper = Attachment.objects.filter(application=application).first()
    sealed = node.here().store.get(paper.digest)
    node.here().store.remove(paper.digest)
    work()
    assert Application.objects.get().state == "ENROLLED"
    assert Parked.objects.filter(application=application.ref, cause__startswith="Later").exists()

    from openpaspor.ledger.follow import retry_parked

    node.here().store.put(sealed)
    retry_parked(application.ref)
    assert Application.objects.get().state == "REVIEW"


def test_a_file_came_when_it_came_however_long_the_line_was_cut():
    make_enrolled()
    came = max(MONDAY, clock.now()) + timedelta(days=3)
    clock.set_to(came)
    work()

    assert Application.objects.get().state_since >= came


def test_a_stopped_file_is_received_when_the_stop_is_lifted():
    application = make_enrolled()
    order_stop(application, "money-reversed", actor="S-K", now=MONDAY)
    work()
    assert Application.objects.get().state == "ENROLLED"

    lift_stop(application, actor="S-K", now=MONDAY)
    work()
    assert Application.objects.get().state == "REVIEW"
    assert Parked.objects.count() == 0


def test_nothing_personal_is_in_the_facts_of_the_centre():
    person = somebody()
    make_enrolled(person)
    work()

    spoken = "".join(Entry.objects.filter(kind__startswith="adjudication.").values_list("fact", flat=True))
    assert person.nik not in spoken and person.full_name not in spoken
