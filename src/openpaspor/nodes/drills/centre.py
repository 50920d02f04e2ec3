"""The centre's machine burns some time after its backup: restored, it learns from an office what it had said since."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from openpaspor.nodes import cli
from openpaspor.nodes.installation import Installation, faults_of

from .box import report
from .people import Person, tickets_of, walk_in

HELP = "the centre burns; restored from its backup, and filled again by an office"
DEEDS = 6  # walk-ins before the backup, and again after it
OFFICE = "DENPASAR"


def run(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="openpaspor-drill-") as folder:
        return _drill(Path(folder), args)


def _drill(folder: Path, args: argparse.Namespace) -> int:
    backup, keys, said = folder / "backup", folder / "safe", folder / "said.jsonl"
    with (
        Installation(folder / "centre") as centre,
        Installation(
            folder / "office", OPENPASPOR_NODE="kantor", OPENPASPOR_ROLE="office", OPENPASPOR_OFFICES=OFFICE
        ) as office,
    ):
        cli.say(f"A centre with {args.size} applications, and an office that hears what it says.")
        centre.order("demo", "--size", str(args.size))
        centre.start()
        officer = Person(centre, "petugas.denpasar")
        for _ in range(DEEDS):
            walk_in(officer)
        centre.order("backup", "--to", str(backup), "--keys-to", str(keys))
        backed_up = time.monotonic()
        before = _references(centre)
        given = tickets_of([walk_in(officer) for _ in range(DEEDS)])
        _arrive(centre, officer)
        centre.stop()
        centre.order("work", "--until-idle")
        head = _head(centre)
        centre.export(said)
        files = folder / "files"
        shutil.copytree(centre.home / "attachments", files)
        _let_hear(office, said, files)
        centre.burn()
        burnt = time.monotonic()
        cli.say(f"{len(given)} visitors got a number after the backup; then the centre burnt.")

        made = centre.order("restore", "--from", str(backup), "--keys-from", str(keys), fine=(0, 1))
        office.export(said)
        filled = centre.order("ledger", "import", str(said))
        centre.start()
        rto = time.monotonic() - burnt
        after = tickets_of([walk_in(Person(centre, "petugas.denpasar"))])
        centre.stop()
        centre.order("work", "--until-idle")  # on a busy machine the last deed may not have been followed yet
        there = {row[0] for row in centre.rows("SELECT hash FROM ledger_entry")}
        wrong = faults_of(centre)
        if head not in there:
            wrong.append("what the office had heard did not come back")
        if made["epoch"] != 2 or not after or not made["whole"]:
            wrong.append(f"the centre does not go on in a new epoch, or is not whole: {made}")
        if not before <= _references(centre):
            wrong.append("an application is gone")
        rpo = burnt - backed_up
    cli.say(f"{filled['new']} entries came back from the office.")
    return report(args, wrong, rpo=rpo, rto=rto, came_back=filled["new"], given=len(given), restored=made)


def _references(centre: Installation) -> set[str]:
    return {row[0] for row in centre.rows("SELECT ref FROM applications_application")}


def _head(centre: Installation) -> str:
    """The last sealed entry before the fire."""
    newest = centre.rows(
        "SELECT hash FROM ledger_entry WHERE node = 'satu' AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1"
    )
    return str(newest[0][0])


def _arrive(centre: Installation, officer: Person) -> None:
    """One who has an appointment today comes: the move of an application, which must come back."""
    booked = centre.rows(
        "SELECT ref FROM applications_application WHERE state = 'BOOKED' AND office_id = 'DENPASAR'"
        " AND date(place_starts_at, '+8 hours') = (SELECT max(day) FROM hall_ticket) ORDER BY ref LIMIT 1"
    )
    for (ref,) in booked:
        officer.fill_in(f"/petugas/tiba/{ref}/", priority="")


def _let_hear(office: Installation, said: Path, files: Path) -> None:
    """The office takes what the centre said; on a line this happens by itself."""
    office.start()  # makes its tables
    office.kill()
    shutil.copytree(files, office.home / "attachments")
    office.order("ledger", "import", str(said))
