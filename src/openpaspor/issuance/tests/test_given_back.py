"""An office was put back to an earlier time, and hears from the centre what it had said of its booklets since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db.models import Max

from openpaspor.issuance import actions
from openpaspor.issuance.followers import know_booklet_again, know_inspection_again
from openpaspor.issuance.models import Booklet, BookletState, PrintJob
from openpaspor.ledger import node
from openpaspor.ledger.models import Entry
from openpaspor.ledger.seal import seal_pending

from . import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def here(tmp_path: Path) -> Iterator[None]:
    """A box of its own: an epoch that ended stays on its disk."""
    with node.standing_at(replace(node.here(), home=tmp_path)):
        yield


def put_back_to(seq: int) -> None:
    """All booklets are blank again, as in the backup; the epoch in which they were used ended before that."""
    seal_pending()
    Booklet.objects.update(
        state=BookletState.STOCK, application=None, rack="", shelved_on=None, changed_at=make.NOW
    )
    epoch = node.here().epoch
    closed = {"epoch": epoch, "seq": seq, "hash": "", "why": "restore", "at": "", "begins": epoch + 1}
    (node.here().home / "epochs.json").write_text(json.dumps({"closed": [closed]}))
    node.here().begin_epoch(epoch + 1)


def hear_again() -> None:
    for entry in Entry.objects.sealed().filter(kind__startswith="issuance."):
        if hasattr(entry.read(), "serial"):
            know_booklet_again(entry.read(), entry)  # type: ignore[arg-type]


def test_a_booklet_that_lies_on_the_shelf_is_not_blank_again():
    make.make_stock()
    before = Entry.objects.aggregate(top=Max("seq"))["top"] or 0
    application = make.make_ready()
    shelved = Booklet.objects.values_list("serial", "state", "application", "rack", "shelved_on").get(
        application=application
    )
    put_back_to(before)

    hear_again()

    assert (
        Booklet.objects.values_list("serial", "state", "application", "rack", "shelved_on").get(
            application=application
        )
        == shelved
    )


def test_what_was_done_with_a_booklet_since_the_restore_stands():
    make.make_stock()
    before = Entry.objects.aggregate(top=Max("seq"))["top"] or 0
    serial = make.make_ready().serial
    put_back_to(before)
    Booklet.objects.filter(serial=serial).update(
        state=BookletState.SPOILED, changed_at=make.NOW.replace(year=2027)
    )

    hear_again()

    assert Booklet.objects.get(serial=serial).state == BookletState.SPOILED


def test_what_was_printed_before_the_backup_and_read_back_after_it_counts_as_read_back():
    make.make_stock()
    application = make.make_printed()
    seal_pending()
    before = Entry.objects.aggregate(top=Max("seq"))["top"] or 0
    lines = make.lines_of(application)
    actions.pass_inspection(application, lines, action_id="pass", actor=make.PRINTER, now=make.NOW)
    inspected = PrintJob.objects.values_list("inspected_by", "inspected_at").get()
    put_back_to(before)
    PrintJob.objects.update(inspected_by="", inspected_at=None)

    for entry in Entry.objects.filter(kind="issuance.inspected"):
        know_inspection_again(entry.read(), entry)

    assert PrintJob.objects.values_list("inspected_by", "inspected_at").get() == inspected
