"""An office's box burns while it serves: it is rebuilt from its second copy and its keys."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from openpaspor.nodes import cli
from openpaspor.nodes.installation import DrillFailed, Installation, faults_of

from .people import Acknowledged, Person, tickets_of, walk_in

HELP = "a box burns while it serves; rebuilt from its second copy"
DEEDS, PAUSE = 25, 0.2  # walk-ins, and seconds between them
PROMISED = 10.0  # seconds; what is older than this is in the second copy


def run(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="openpaspor-drill-") as folder:
        return _drill(Path(folder), args)


def _drill(folder: Path, args: argparse.Namespace) -> int:
    copy, keys = folder / "second-disk", folder / "safe"
    copy.mkdir()
    with Installation(folder / "home", OPENPASPOR_SECOND_COPY=str(copy)) as box:
        cli.say(f"A box with {args.size} applications and a second disk.")
        box.order("demo", "--size", str(args.size))
        box.order("backup", "--to", str(folder / "elsewhere"), "--keys-to", str(keys))
        box.start()
        box.wait("second_copy_age_s")
        officer = Person(box, "petugas.denpasar")
        deeds: list[Acknowledged] = []
        for _ in range(DEEDS):
            deeds.append(walk_in(officer))
            time.sleep(PAUSE)
        given = tickets_of(deeds)
        box.burn()
        burnt = time.monotonic()
        cli.say(f"{len(given)} visitors got a number; then the box burnt.")

        made = box.order("node", "rebuild", "--second-copy", str(copy), "--keys-from", str(keys), fine=(0, 1))
        box.start()
        rto = time.monotonic() - burnt
        officer = Person(box, "petugas.denpasar")
        after = tickets_of([walk_in(officer)])
        box.stop()
        box.order("work", "--until-idle")  # on a busy machine the last deed may not have been followed yet
        there = {row[0] for row in box.rows("SELECT id FROM hall_ticket")}
        lost = {ticket: burnt - at for ticket, at in given.items() if ticket not in there}
        rpo = max(lost.values(), default=0.0)
        wrong = faults_of(box)
        wrong += _twice(box)
        if rpo > PROMISED:
            wrong.append(f"a deed {rpo:.1f} s old was lost; {PROMISED:.0f} s are promised")
        if not made["whole"]:
            wrong.append(
                f"missing: {made['missing_attachments'] or made['missing_entries'] or made['replayed']}"
            )
        if made["epoch"] != 2 or not after:
            wrong.append("the box does not go on in a new epoch")
    return report(args, wrong, rpo=rpo, rto=rto, given=len(given), lost=len(lost), rebuilt=made)


def _twice(box: Installation) -> list[str]:
    """Numbers and references that were given twice."""
    twice = box.rows(
        "SELECT office_id, day, series, number FROM hall_ticket GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"
    )
    return [f"number {row} was given twice" for row in twice]


def report(args: argparse.Namespace, wrong: list[str], *, rpo: float, rto: float, **more: object) -> int:
    """Say how a drill ended. Exit code of the command."""
    cli.say(f"RPO measured: {rpo:.1f} s. RTO measured: {rto:.1f} s.")
    for fault in wrong:
        cli.say(f"WRONG: {fault}")
    if not wrong:
        cli.say("Log and invariants are whole.")
    if args.json:
        cli.answer({"rpo_s": round(rpo, 2), "rto_s": round(rto, 2), "wrong": wrong, **more})
    return cli.FOUND if wrong else cli.GOOD


__all__ = ["DrillFailed", "run"]
