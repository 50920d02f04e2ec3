"""Measure what this machine can do, and how late news is on bad lines, beside the limits that were promised."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openpaspor.nodes import cli
from openpaspor.nodes.cluster.machines import Cluster
from openpaspor.nodes.drills import lines
from openpaspor.nodes.installation import DrillFailed

HELP = (
    "measure: `sync` lets one node catch up with another; `line` fills an office's line with pictures and times its news; "
    "`away` times the way back from a long cut; `cuts` how soon a cut is seen"
)
GOAL = 45.0  # seconds for 100,000 entries of 2 KB, with every entry's own signature checked on receipt
SIZE = 2000  # bytes of an entry
SAMPLE = 22  # visits whose bytes foretell how long the others take, at most
COMMAND = [sys.executable, "-m", "openpaspor.nodes.cli"]
LINES: dict[str, Callable[[Cluster, argparse.Namespace], dict[str, Any]]] = {
    "line": lambda cluster, args: lines.full_line(cluster, seconds=args.seconds, mbit=args.mbit, say=cli.say),
    "away": lambda cluster, args: lines.back_from_afar(
        cluster, visits=args.visits, sample=max(2, min(SAMPLE, args.visits // 4)), mbit=args.mbit, say=cli.say
    ),
    "cuts": lambda cluster, args: lines.cuts(cluster, rounds=args.rounds, say=cli.say),
}


class Trouble(Exception):
    """The measurement could not be made; the text says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["sync", *LINES])
    parser.add_argument("--entries", type=int, default=100_000, help="of sync")
    parser.add_argument("--seconds", type=float, default=300, help="of line")
    parser.add_argument(
        "--mbit", type=float, default=1.0, help="what the office's line carries, of line and away"
    )
    parser.add_argument("--visits", type=int, default=22, help="of away: a twentieth of three days")
    parser.add_argument("--rounds", type=int, default=2, help="of cuts")
    parser.add_argument("--fill", type=int, default=0, help=argparse.SUPPRESS)  # in the office's home
    parser.add_argument(
        "--sender", help=argparse.SUPPRESS
    )  # the second half of this command, in a home of its own
    parser.add_argument("--url", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    try:
        if args.fill:
            lines.fill(args.fill)
            cli.answer({"filled": args.fill})
            return cli.GOOD
        if args.what in LINES:
            return tell_of_lines(args)
        return send(args) if args.sender else tell(args)
    except (Trouble, DrillFailed) as trouble:
        cli.say(str(trouble))
        return cli.CANNOT_START


def tell_of_lines(args: argparse.Namespace) -> int:
    """Exit code 1 when a limit is missed."""
    with (
        tempfile.TemporaryDirectory(prefix="openpaspor-bench-") as folder,
        lines.three_nodes(Path(folder), cli.say) as cluster,
    ):
        figures = LINES[args.what](cluster, args)
    cli.say("\n".join(f"{name}: {value}" for name, value in figures.items()))
    if args.json:
        cli.answer(figures)
    return cli.GOOD if figures["met"] else cli.FOUND


def tell(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="openpaspor-bench-") as folder:
        figures = measure(Path(folder), args.entries)
    cli.say(
        f"{figures['entries']} entries caught up in {figures['seconds']} s ({figures['per_second']}/s); a plain bulk insert of "
        f"the same rows took {figures['plain_seconds']} s: {figures['ratio']} times as long."
    )
    if args.json:
        cli.answer(figures)
    return cli.GOOD


def measure(folder: Path, entries: int) -> dict[str, Any]:
    """A centre is served in one process, an office with `entries` sealed entries calls it from another."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    centre = environment(folder / "centre", "centre", "centre", OPENPASPOR_URL=url, OPENPASPOR_PORT=str(port))
    office = environment(folder / "office", "office", "office", OPENPASPOR_OFFICES="DENPASAR")
    for home in (centre, office):
        run_with(home, sys.executable, "-m", "django", "migrate", "--settings", "openpaspor.nodes.settings")
        ask(home, "work", "--until-idle")
    for one, other in ((centre, office), (office, centre)):
        lines = ask(one, "ledger", "export")
        known = folder / "records.jsonl"
        known.write_text("\n".join(line for line in lines.splitlines() if '"node_record"' in line))
        ask(other, "ledger", "import", str(known))
    server = subprocess.Popen(
        [*COMMAND, "run", "--port", str(port)],
        env=centre,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        import json

        return json.loads(
            ask(office, "bench", "sync", "--sender", "1", "--url", url, "--entries", str(entries))
        )
    finally:
        server.terminate()
        server.wait()


def environment(home: Path, name: str, role: str, **more: str) -> dict[str, str]:
    home.mkdir(parents=True)
    keep = {key: value for key, value in os.environ.items() if not key.startswith("OPENPASPOR_")}
    about = {"OPENPASPOR_HOME": str(home), "OPENPASPOR_NODE": name, "OPENPASPOR_ROLE": role}
    return keep | about | {"OPENPASPOR_DEMO": "1"} | more


def ask(about: dict[str, str], *words: str) -> str:
    return run_with(about, *COMMAND, *words)


def run_with(about: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, env=about, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(done.stderr[-500:])
    return done.stdout


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def send(args: argparse.Namespace) -> int:
    """In the office's home: fill the log, then time the plain insert and the wire."""
    from openpaspor.ledger import links, node
    from openpaspor.ledger.courier import Courier
    from openpaspor.ledger.models import Entry, Link
    from openpaspor.ledger.seal import seal_pending

    fill(args.entries)
    while seal_pending(1000):
        pass
    plain = plain_insert(node.here().home / "plain.sqlite3")
    peer = links.make_links()["centre"]
    courier = Courier(peer)
    started = time.monotonic()
    while courier.round():
        pass
    seconds = time.monotonic() - started
    confirmed, wanted = Link.objects.get(pk="centre").confirmed, Entry.objects.count()
    if confirmed != wanted:
        raise Trouble(f"Only {confirmed} of {wanted} entries arrived.")
    cli.answer(
        {
            "entries": wanted,
            "bytes_each": SIZE,
            "seconds": round(seconds, 2),
            "per_second": round(wanted / seconds),
            "plain_seconds": round(plain, 2),
            "ratio": round(seconds / plain, 1),
            "goal_seconds": round(GOAL * wanted / 100_000, 1),
        }
    )
    return cli.GOOD


def fill(entries: int) -> None:
    """Unsealed entries of a kind that nobody follows, of the size of a large one."""
    from openpaspor.kit import clock
    from openpaspor.ledger import node
    from openpaspor.ledger.canonical import canonical
    from openpaspor.ledger.models import Entry

    us, now = node.here(), clock.now()
    for start in range(0, entries, 5000):
        rows = [
            Entry(
                node=us.name, epoch=us.epoch, kind="bench.filler", actor="bench", recorded_at=now,
                fact=canonical({"number": number, "text": os.urandom(SIZE // 2 - 120).hex()}).decode(),
            )
            for number in range(start, min(start + 5000, entries))
        ]  # fmt: skip
        Entry.objects.bulk_create(rows, batch_size=500)


def plain_insert(path: Path) -> float:
    """Seconds for the same rows into an empty table of the same kind of database, in batches of 500."""
    import sqlite3

    from openpaspor.ledger.models import Entry

    plain = sqlite3.connect(path, isolation_level=None)
    plain.execute("PRAGMA journal_mode=WAL")
    plain.execute("PRAGMA synchronous=FULL")
    plain.execute(
        "CREATE TABLE entry (id INTEGER PRIMARY KEY, seq, kind, actor, fact, body, previous, hash, signature)"
    )
    spent = 0.0
    fields = ("seq", "kind", "actor", "fact", "body", "previous", "hash", "signature")
    batch: list[tuple[Any, ...]] = []
    for row in Entry.objects.order_by("seq").values_list(*fields).iterator(chunk_size=500):
        batch.append(row)
        if len(batch) == 500:
            spent += _insert(plain, batch)
            batch = []
    spent += _insert(plain, batch)
    plain.close()
    return spent


def _insert(plain: Any, batch: list[tuple[Any, ...]]) -> float:
    started = time.monotonic()
    plain.execute("BEGIN IMMEDIATE")
    plain.executemany(
        "INSERT INTO entry (seq, kind, actor, fact, body, previous, hash, signature) VALUES (?,?,?,?,?,?,?,?)",
        batch,
    )
    plain.execute("COMMIT")
    return time.monotonic() - started
