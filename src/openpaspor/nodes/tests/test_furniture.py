"""What a node of a cluster is furnished with."""

from __future__ import annotations

from datetime import timedelta

import pytest

from openpaspor.appointments.models import Slot
from openpaspor.kit import clock
from openpaspor.nodes.demo import furniture
from openpaspor.offices.models import Office

pytestmark = pytest.mark.django_db


def test_an_office_is_furnished_once_also_among_others_and_on_a_later_day(monkeypatch: pytest.MonkeyPatch):
    denpasar, jayapura = Office.objects.get(pk="DENPASAR"), Office.objects.get(pk="JAYAPURA")
    furniture.furnish([denpasar, jayapura], booklets=10)
    there = Slot.objects.count()
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)

    furniture.furnish([denpasar], booklets=10)

    assert there == Slot.objects.count() > 0
