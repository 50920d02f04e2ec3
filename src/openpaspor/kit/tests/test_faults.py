"""Fault points are for demos and tests."""

from __future__ import annotations

import pytest

from openpaspor.kit.faults import FaultOutsideDemo, refuse_outside_demo


def test_only_a_demo_may_be_told_to_die(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENPASPOR_FAULT", "ledger.after_record")

    refuse_outside_demo(demo=True)
    with pytest.raises(FaultOutsideDemo):
        refuse_outside_demo(demo=False)


def test_without_a_planned_fault_everybody_starts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENPASPOR_FAULT", raising=False)

    refuse_outside_demo(demo=False)
