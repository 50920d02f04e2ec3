"""The checker of booklets finds what is planted, and nothing else."""

from __future__ import annotations

import pytest
from django.db import connection

from openpaspor.applications.actions import tell
from openpaspor.facts.issuance import Printed
from openpaspor.issuance import actions
from openpaspor.issuance.models import Booklet, SpoilReason
from openpaspor.issuance.tests import make
from openpaspor.ledger.record import record
from openpaspor.nodes.checker import run_checks

pytestmark = pytest.mark.django_db


def verdict(id: str) -> str:
    (result,) = run_checks([id])
    return f"{result.status}: {', '.join(result.offending)}"


def a_busy_week() -> None:
    make.make_stock(count=8)
    make.collect(make.make_ready())
    make.make_printed()
    write_off(make.make_printed().serial, SpoilReason.CHIP)
    make.make_approved(paid=False)


def write_off(serial: str, reason: SpoilReason) -> None:
    booklet, known = Booklet.objects.get(serial=serial), {"now": make.NOW}
    proposal = actions.propose_spoil(booklet, reason, action_id=f"p{serial}", actor=make.PRINTER, **known)
    actions.decide_spoil(proposal, agreed=True, action_id=f"d{serial}", actor=make.HEAD, **known)


def test_an_ordinary_week_passes():
    a_busy_week()

    assert [verdict(id) for id in ("B1", "B2", "B5")] == ["pass: "] * 3


def test_a_booklet_written_off_on_the_shelf_passes_and_so_does_the_one_after_it():
    make.make_stock(count=8)
    application = make.make_ready()
    write_off(application.serial, SpoilReason.DAMAGED)
    application.refresh_from_db()
    make.sign_packet(application)
    make.print_it(make.settle(application))

    assert [verdict(id) for id in ("A1", "A2", "B1", "B2", "B5")] == ["pass: "] * 5


def test_a_serial_printed_for_two_people_is_found():
    first, second = make.make_printed(), make.make_printed()

    twice = Printed(
        application=second.ref,
        serial=first.serial,
        personalisation="0" * 32,
        issued_on=make.TODAY,
        expires_on=make.TODAY,
    )
    record(twice, actor="S-1", now=make.NOW)

    assert verdict("B1").startswith("fail") and first.serial in verdict("B1")


def test_a_page_printed_without_money_is_found():
    application = make.make_approved(paid=False)
    tell(application, actor="S-1", now=make.NOW, bill_status="paid")

    make.print_it(application)

    assert verdict("B2") == f"fail: {application.serial} without money"


def test_a_booklet_that_nobody_received_is_found():
    a_busy_week()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE issuance_stockbatch SET count = count + 1")

    assert verdict("B5").startswith("fail")


def test_a_booklet_that_left_its_file_is_found():
    application = make.make_approved()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE issuance_booklet SET state = 'spoiled' WHERE serial = %s", [application.serial]
        )
        cursor.execute(
            "UPDATE issuance_booklet SET application_id = %s, state = 'allotted' WHERE state = 'stock'"
            " AND id = (SELECT min(id) FROM issuance_booklet WHERE state = 'stock')",
            [application.pk],
        )

    assert verdict("B5").startswith("fail")
