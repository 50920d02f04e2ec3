"""The demo country, built by the deeds of many people over many days, holds every promise that can be judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpaspor.kit import clock
from openpaspor.nodes.checker import run_checks
from openpaspor.nodes.demo.country import build


@pytest.mark.slow
def test_a_small_demo_country_passes(tmp_path: Path, db: None):
    clock.use_file(tmp_path / "clock.json")
    try:
        build(1, 1, lambda _share, _what: None)
        results = [row for row in run_checks() if row.status != "na"]
    finally:
        clock.use_file(None)

    assert [(row.id, row.offending) for row in results if row.status != "pass"] == []
    assert {row.id for row in results if not row.rows} <= {"S7"}
    assert sum(row.seconds for row in results) < 10
