"""Two nodes that cannot ask each other give out numbers on the same day, and none is given twice (`docs/numbers.md`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from openpaspor.applications import actions as desk
from openpaspor.applications.models import Application, Serial
from openpaspor.kit import references
from openpaspor.ledger import node
from openpaspor.offices.models import Office
from openpaspor.payments import actions as money
from openpaspor.payments.models import Bill, CodeCounter

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def numbers_of(name: str, office: str, issuer: str, home) -> tuple[list[str], list[str]]:
    """References and billing codes of three walk-ins at an office that begins with an empty database."""
    with node.standing_at(node.Node(name=name, role="office", home=home, offices=(office,), allotted=issuer)):
        Serial.objects.all().delete()
        CodeCounter.objects.all().delete()
        for number in range(3):
            application = desk.start_application(
                "adult-new", channel="counter", office=Office.objects.get(pk=office),
                action_id=f"{name}:{number}", actor="S-1", now=NOW,
            )  # fmt: skip
            money.open_bill([application], due_at=NOW + timedelta(days=7), actor="S-1", now=NOW)
    mine = Application.objects.filter(office=office).order_by("pk")
    bills = Bill.objects.filter(lines__application__in=mine).distinct()
    return list(mine.values_list("ref", flat=True)), list(bills.values_list("code", flat=True))


def test_two_offices_never_give_the_same_reference_or_billing_code(tmp_path):
    one_refs, one_codes = numbers_of("denpasar", "DENPASAR", "24", tmp_path / "one")
    # The same reference key, as if a box had been copied: still no reference is the same.
    two_refs, two_codes = numbers_of("jayapura", "JAYAPURA", "25", tmp_path / "one")

    assert len(set(one_refs + two_refs)) == len(set(one_codes + two_codes)) == 6
    assert {references.parse(ref).issuer for ref in one_refs} == {"24"}


def test_every_issuer_has_its_own_three_digits():
    alphabet = references.ALPHABET

    numbers = [references.number_of(first + second) for first in alphabet for second in alphabet]

    assert numbers == list(range(900))
