"""The printer's journal and ours, and a page of which nobody knows whether it was printed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from openpaspor.accounts.models import Role
from openpaspor.issuance import actions, desk, packets
from openpaspor.issuance.models import Booklet, PrinterLine, PrintJob
from openpaspor.issuance.printers import PrinterOut, demo
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry

from . import make
from .test_pages import post, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tuesday_morning(settings):
    clock.use_file(settings.HOME / "clock.json")
    clock.set_to(make.NOW)


@pytest.fixture
def jammed(monkeypatch):
    """A printer that prints, and is cut off before it says so."""
    take = demo.take

    def take_and_die(*args, **named):
        take(*args, **named)
        raise ConnectionError

    monkeypatch.setattr(demo, "take", take_and_die)


@pytest.fixture
def dead(monkeypatch):
    """A printer that is cut off before it prints anything."""

    def die(*args, **named):
        raise ConnectionError

    monkeypatch.setattr(demo, "take", die)


def sent() -> set[str]:
    return {str(entry.values["job"]) for entry in Entry.objects.filter(kind="issuance.print_sent")}


def journal() -> list[str]:
    return list(PrinterLine.objects.order_by("pk").values_list("job", flat=True))


def test_each_line_of_the_journal_is_one_print_event():
    for _number in range(2):
        make.make_printed()

    printed = [entry.values["job"] for entry in Entry.objects.filter(kind="issuance.printed").order_by("id")]
    assert [str(job) for job in printed] == journal() and set(journal()) == sent()


def test_a_page_lost_from_sight_is_looked_at_before_anything_else(jammed):
    application = make.make_approved()
    with pytest.raises(actions.PrintUnknown):
        make.print_it(application)
    application.refresh_from_db()

    (job,) = desk.queue_of(make.make_office()).unknown
    assert (job.state, application.state) == ("sent", State.APPROVED)
    with pytest.raises(actions.PrintUnknown):
        actions.print_booklet(application, application.serial, action_id="other", actor="S-1", now=make.NOW)
    with pytest.raises(actions.PrintUnknown):
        booklet = Booklet.objects.get(serial=application.serial)
        actions.propose_spoil(booklet, "damaged", action_id="p", actor="S-1", now=make.NOW)
    assert len(journal()) == 1


def test_somebody_sees_that_it_is_printed(jammed):
    application, client = make.make_approved(), sign_in(Role.PRINT)
    with pytest.raises(actions.PrintUnknown):
        make.print_it(application)
    address = reverse("issuance:case", args=[application.ref])

    assert application.ref in client.get("/cetak/").content.decode()
    page = client.get(address).content.decode()
    assert (
        "halaman ini sudah dicetak" in page and reverse("issuance:print", args=[application.ref]) not in page
    )
    post(client, reverse("issuance:resolve", args=[application.ref]), outcome="printed")

    application.refresh_from_db()
    job = PrintJob.objects.get()
    assert (application.state, job.state) == (State.PRINTED, "printed")
    assert job.resolved_by and desk.queue_of(make.make_office()).unknown == []
    again = post(client, reverse("issuance:resolve", args=[application.ref]), outcome="nothing")
    assert again.status_code == 409 and 'data-code="print-known"' in again.content.decode()


def test_somebody_sees_that_the_booklet_is_blank_and_prints_again(dead, monkeypatch):
    application, client = make.make_approved(), sign_in(Role.PRINT)
    with pytest.raises(actions.PrintUnknown):
        make.print_it(application)
    page = client.get(reverse("issuance:case", args=[application.ref])).content.decode()
    assert "tidak ada di catatan printer" in page.lower()
    post(client, reverse("issuance:resolve", args=[application.ref]), outcome="nothing")
    monkeypatch.undo()
    with pytest.raises(actions.NothingPrinted):
        make.print_it(application)  # the first press, repeated

    application.refresh_from_db()
    actions.print_booklet(application, application.serial, action_id="again", actor="S-1", now=make.NOW)

    assert list(PrintJob.objects.order_by("pk").values_list("state", flat=True)) == ["void", "printed"]
    assert journal() == [str(PrintJob.objects.get(state="printed").pk)]


def test_a_printer_that_says_no_has_printed_nothing(monkeypatch):
    application = make.make_approved()

    def out(*args, **named):
        raise PrinterOut()

    monkeypatch.setattr(demo, "take", out)
    with pytest.raises(PrinterOut):
        make.print_it(application)
    monkeypatch.undo()

    application.refresh_from_db()
    assert application.state == State.APPROVED and actions.unknown_job(application) is None
    actions.print_booklet(application, application.serial, action_id="again", actor="S-1", now=make.NOW)
    assert len(journal()) == 1


def test_no_booklet_has_two_pages():
    application = make.make_printed()
    job = PrintJob.objects.get(application=application)
    job.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        job.save()


# The stop list


def test_the_stop_list_says_why_and_two_people_cancel_the_booklet():
    application, printing, head = make.make_ready(), sign_in(Role.PRINT), sign_in(Role.HEAD)
    make.withdraw_approval(application)
    make.settle(application)
    stops = reverse("issuance:stops")

    assert stops in printing.get("/cetak/").content.decode()
    page = head.get(stops).content.decode()
    assert application.ref in page and "Pusat menarik persetujuan" in page and application.shelf in page
    handover = printing.get(reverse("issuance:handover", args=[application.ref])).content.decode()
    assert "Pusat menarik persetujuan" in handover and 'id="handover-form"' not in handover
    post(printing, reverse("issuance:cancel", args=[application.ref]))
    post(
        head, reverse("issuance:spoil", args=[application.booklets.get().proposals.get().pk]), verdict="agree"
    )
    make.settle(application)

    assert (application.state, application.serial) == (State.REVIEW, "")
    assert application.ref not in head.get(stops).content.decode()
    assert application.booklets.get().state == "cancelled"


def test_a_file_that_went_back_before_printing_says_so_when_somebody_still_wants_to_print_it():
    application, client = make.make_approved(), sign_in(Role.PRINT)
    serial = application.serial
    make.withdraw_approval(application)
    make.settle(application)

    answer = post(client, reverse("issuance:print", args=[application.ref]), serial=serial)

    assert answer.status_code == 409 and "Pusat sudah menarik persetujuan ini" in answer.content.decode()
    assert not PrintJob.objects.exists()


def test_what_stands_is_not_cancelled_as_withdrawn():
    application, printing = make.make_ready(), sign_in(Role.PRINT)

    refused = post(printing, reverse("issuance:cancel", args=[application.ref]))

    assert refused.status_code == 409 and 'data-code="not-withdrawn"' in refused.content.decode()


def test_a_withdrawn_passport_is_refused_at_the_counter_with_one_sentence():
    application, client = make.make_ready(), sign_in(Role.OFFICER)
    make.withdraw_approval(application)
    make.settle(application)
    right = make.shown(application)

    with pytest.raises(packets.ApprovalWithdrawn):
        make.collect(application)
    answer = post(
        client, reverse("issuance:handover", args=[application.ref]),
        nik=right.nik, old_number=right.old_number, old_cancelled="on", signed="on",
    )  # fmt: skip

    assert answer.status_code == 409 and 'data-code="approval-withdrawn"' in answer.content.decode()
    application.refresh_from_db()
    assert application.state == State.READY
