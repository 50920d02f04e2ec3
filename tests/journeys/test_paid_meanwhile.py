"""Real processes: the lines of an office are cut, its bill is paid at the bank, and the office takes the bank's receipt."""

from __future__ import annotations

import random
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openpaspor.nodes.drills.denpasar.morning import Day, Visitor, label_of, newcomer
from openpaspor.nodes.drills.lines import shape, three_nodes
from openpaspor.nodes.drills.people import Person, forms_of, walk_in
from openpaspor.nodes.installation import Installation

pytestmark = pytest.mark.once


@pytest.mark.slow
def test_who_pays_while_the_lines_are_cut_is_served_and_pays_once(tmp_path: Path):
    with three_nodes(tmp_path, lambda _text: None) as cluster:
        cluster.start()
        cluster.wait_until_quiet()
        office, portal = cluster.nodes["denpasar"], cluster.nodes["portal"]
        shape(cluster, "closed")
        day, case = served(office)

        officer, page = day.officers[0], f"/petugas/tagihan/{case}/"
        proof = pay(portal, *bill_on(officer.see(page)))
        taken = officer.send(page, officer.form(page), proof=proof)
        assert "Menunggu dipastikan" in taken.page and "Lunas" not in taken.page

        shape(cluster, "open")
        ends = time.monotonic() + 90
        while "Lunas" not in officer.see(page):
            assert time.monotonic() < ends, "the bank's word does not reach the office"
            time.sleep(0.5)
        cluster.wait_until_quiet()
        money = portal.rows("SELECT place, count(*) FROM payments_receipt GROUP BY place")
        assert [tuple(row) for row in money] == [("allocated", 1)]
        assert cluster.faults(empty=("B2", "S3")) == []  # nothing is printed, nobody booked


def served(office: Installation) -> tuple[Day, str]:
    """Somebody without an application is called, interviewed and photographed. Returns the day and the reference."""
    begins = datetime.now(UTC)
    day = Day(office, begins=begins, ends=begins + timedelta(days=1), counters=1, seed=1)
    day.open_counters()
    officer = day.officers[0]
    visitor = Visitor(1, "walk-in", day.now, about=newcomer(random.Random(1), 1, day.now))
    visitor.label = label_of(walk_in(officer, "").page)
    calling = next(form for form in forms_of(officer.see("/petugas/")) if form.action.endswith("/panggil/"))
    officer.send("/petugas/", calling)
    day.do_walk_in(0, visitor)
    day.quiet()
    return day, visitor.ref


def bill_on(page: str) -> tuple[str, str]:
    """Billing code and rupiah, as the visitor reads them."""
    code, amount = re.search(r'class="digits">([^<]+)<', page), re.search(r"Rp\s?([0-9.]+)", page)
    assert code and amount
    return "".join(re.findall(r"\d", code[1])), amount[1].replace(".", "")


def pay(portal: Installation, code: str, amount: str) -> str:
    """Pay at the bank, which tells the portal at once, where nobody has heard of this bill. Returns the receipt as text."""
    payer = Person(portal, "kas.pusat")
    paying = payer.form("/demo/bank/", "/pay")
    slip = payer.send("/demo/bank/", paying, code=code, amount_idr=amount, deliver="now").page
    proof = re.search(r'class="proof-text">([^<]+)<', slip)
    assert proof
    return proof[1]
