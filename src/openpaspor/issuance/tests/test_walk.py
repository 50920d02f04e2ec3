"""The whole road of one booklet."""

from __future__ import annotations

import pytest

from openpaspor.issuance.models import Booklet
from openpaspor.journey import State
from openpaspor.ledger.models import Entry

from . import make

pytestmark = pytest.mark.django_db


def test_a_booklet_goes_from_the_box_into_its_holders_hands():
    application = make.make_ready()

    make.collect(application)

    application.refresh_from_db()
    booklet = Booklet.objects.get(serial=application.serial)
    assert (application.state, application.shelf, booklet.state, booklet.rack) == (
        State.COLLECTED,
        "",
        "issued",
        "",
    )
    said = [
        kind
        for kind in Entry.objects.of(application.ref).values_list("kind", flat=True)
        if kind.startswith("issuance")
    ]
    assert said == [
        "issuance.serial_allotted",
        "issuance.print_sent",
        "issuance.printed",
        "issuance.inspected",
        "issuance.shelved",
        "issuance.old_passport_cancelled",
        "issuance.handed_over",
    ]
