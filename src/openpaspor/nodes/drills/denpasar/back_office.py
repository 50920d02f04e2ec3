"""What happens behind the counters: the centre decides, the print room prints and shelves. All by the real pages."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from openpaspor.issuance import mrz
from openpaspor.nodes.drills.people import Person, Refusal, forms_of
from openpaspor.nodes.installation import DrillFailed, Installation

PRINTER = "cetak.denpasar"
CASE = re.compile(r"/pusat/(OP-[^/]+)/")
QUEUED = re.compile(r'href="/cetak/(OP-[^/"]+)/"')
SERIAL = re.compile(r"\b([XC]\d{7})\b")


def decide_all(centre: Installation) -> list[str]:
    """Both adjudicators take what the queue gives them and approve it. Returns the references, in their order."""
    decided = []
    for login in ("adjudikator1.pusat", "adjudikator2.pusat"):
        adjudicator = Person(centre, login)
        while True:
            form = next(
                (one for one in forms_of(adjudicator.see("/pusat/")) if one.action.endswith("/ambil/")), None
            )
            if form is None:
                break
            try:
                taken = adjudicator.send("/pusat/", form)
            except Refusal:
                break  # nothing waits
            found = CASE.search(taken.path)
            if found is None:
                break
            decision = adjudicator.form(taken.path, "/putusan/", taken.page)
            adjudicator.send(taken.path, decision, verdict="approve")
            decided.append(found.group(1))
    return decided


def printable(office: Installation) -> list[str]:
    """What waits in the print room and has a booklet."""
    page = Person(office, PRINTER).see("/cetak/")
    return list(dict.fromkeys(QUEUED.findall(page)))


def print_some(
    office: Installation, about: dict[str, dict[str, Any]], *, today: date, limit: int
) -> list[str]:
    """The print room prints, reads back and shelves at most `limit` of what waits. `about`: who each reference is."""
    printer = Person(office, PRINTER)
    done: list[str] = []
    for ref in dict.fromkeys(QUEUED.findall(printer.see("/cetak/"))):
        if len(done) == limit:
            break
        if ref not in about:
            continue
        path = f"/cetak/{ref}/"
        page = printer.see(path)
        serial = SERIAL.search(page)
        if serial is None:
            continue  # no booklet is reserved for it
        printed = printer.send(path, printer.form(path, "/cetak/", page), serial=serial.group(1))
        lines = lines_of(about[ref], serial.group(1), today)
        inspect = printer.form(path, "/periksa/", printed.page)
        printer.send(path, inspect, lines=f"{lines.line1}\n{lines.line2}", all="1")
        done.append(ref)
    return done


def lines_of(person: dict[str, Any], serial: str, today: date) -> mrz.Lines:
    """The two lines that a reader gives back of this person's booklet, printed today."""
    years = 5 if person["kind"] == "child" else person["years"]
    if not isinstance(person["born"], date):
        raise DrillFailed(f"{person['full_name']} was born on {person['born']!r}")
    return mrz.lines(
        mrz.Person(
            full_name=person["full_name"], number=serial, born=person["born"], sex=person["sex"],
            expires=today.replace(year=today.year + years), issued=today,
        )
    )  # fmt: skip
