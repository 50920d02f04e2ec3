"""What lines do to news, measured: an office, the centre and the portal as real processes, their lines thin, cut and healed."""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from openpaspor.nodes.cluster import relay
from openpaspor.nodes.cluster.machines import Cluster, Plan
from openpaspor.nodes.installation import DrillFailed, Installation

from .denpasar.morning import Day, Visitor, label_of, newcomer
from .people import Person, forms_of, walk_in

HERE = "denpasar"
PEERS = ("pusat", "portal")
MBIT = 125_000  # bytes a second
FULL = 0.8  # of what the line carries
LATE = 5.0  # seconds: news on a line that is full of pictures
ON_SCREEN, KNOWN = 10.0, 60.0  # seconds: a cut on an officer's screen; a silent line known at both ends
PACE = 3.0  # seconds from one deed to the next
LOOKS_EVERY = 0.05  # seconds
DAYS, VISITS_A_DAY = 3, 150  # a big office that was away
PICTURE, PICTURES = 200 * 2**10, 6  # bytes; of one application
Say = Callable[[str], None]


@contextlib.contextmanager
def three_nodes(folder: Path, say: Say) -> Iterator[Cluster]:
    """Portal, centre and one office, built and not running; gone afterwards."""
    cluster = Cluster(folder / "cluster", Plan().only("portal", "pusat", HERE).elsewhere(), say=say)
    cluster.build()
    try:
        yield cluster
    finally:
        cluster.drop()


def shape(cluster: Cluster, mode: str, mbit: float = 0) -> None:
    """Let both lines of the office be so; it has one wire into the house, which they share."""
    for peer in PEERS:
        cluster.shape(HERE, peer, mode, rate=round(mbit * MBIT), pipe=HERE)


def carried(cluster: Cluster) -> tuple[int, int]:
    """Bytes that went over the lines of the office so far: (up, down)."""
    time.sleep(2 * relay.COUNTS_EVERY)
    counted = relay.passed(cluster.folder)
    ways = [counted[f"{HERE}-{peer}"] for peer in PEERS]
    return sum(up for up, _down in ways), sum(down for _up, down in ways)


class Watch:
    """Notes when each entry of the office is in the databases of the centre and of the portal."""

    def __init__(self, cluster: Cluster) -> None:
        self.seen: dict[str, dict[str, float]] = {peer: {} for peer in PEERS}  # by peer: moment by hash
        self._stop = threading.Event()
        self._watching = [
            threading.Thread(target=self._look, args=(cluster.nodes[peer], self.seen[peer])) for peer in PEERS
        ]

    def __enter__(self) -> Watch:
        for thread in self._watching:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._watching:
            thread.join()

    def _look(self, node: Installation, seen: dict[str, float]) -> None:
        last = 0
        with contextlib.closing(sqlite3.connect(node.home / "openpaspor.sqlite3", timeout=30)) as database:
            while not self._stop.wait(LOOKS_EVERY):
                asked = "SELECT id, hash FROM ledger_entry WHERE id > ? AND node = ? ORDER BY id"
                for number, digest in database.execute(asked, (last, HERE)).fetchall():
                    last, seen[digest] = number, time.monotonic()


def said_after(office: Installation, row: int) -> list[tuple[int, str]]:
    """(row, hash) of what the office said after a row."""
    asked = f"SELECT id, hash FROM ledger_entry WHERE node = '{HERE}' AND id > {row} ORDER BY id"
    return [(number, digest) for number, digest in office.rows(asked)]


def last_row(office: Installation) -> int:
    return int(office.rows("SELECT coalesce(max(id), 0) FROM ledger_entry")[0][0])


def spread(values: list[float]) -> dict[str, float]:
    """p50, p95 and max, in seconds."""
    there = sorted(values)
    return {
        name: round(there[min(len(there) - 1, math.ceil(share * len(there)) - 1)], 2)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
    }


# A line full of pictures


def full_line(cluster: Cluster, *, seconds: float, mbit: float, say: Say) -> dict[str, Any]:
    """How late queue and status facts are at the centre and at the portal while pictures fill the office's line."""
    office = cluster.nodes[HERE]
    office.order("bench", "line", "--fill", str(round(mbit * MBIT * (seconds + 60))))
    shape(cluster, "slow", mbit)
    cluster.start()
    cluster.wait_until_quiet(300)
    officer = at_the_counter(office)
    say(f"{seconds:.0f} s of news on a line of {mbit} Mbit/s that is full of pictures")
    with Watch(cluster) as watch:
        before, began = carried(cluster), time.monotonic()
        deeds, shown_as_cut = _work(officer, office, began + seconds)
        after, lasted = carried(cluster), time.monotonic() - began
        waiting = {peer: files_wanted(cluster.nodes[peer]) for peer in PEERS}
        _wait_for_all(watch, [digest for _at, digests in deeds for digest in digests])
    late = {
        peer: [max(watch.seen[peer].get(one, math.inf) for one in digests) - at for at, digests in deeds]
        for peer in PEERS
    }
    everything = [value for values in late.values() for value in values]
    sent = after[0] - before[0]
    share = sent / (mbit * MBIT * lasted)
    return {
        "seconds": round(lasted, 1),
        "mbit": mbit,
        "deeds": len(deeds),
        "late_seconds": spread(everything),
        **{f"late_at_{peer}": spread(values) for peer, values in late.items()},
        "limit_seconds": LATE,
        "bytes_up": sent,
        "share_of_line": round(share, 3),
        "files_still_waiting": waiting,
        "was_full": share >= FULL and all(waiting.values()),
        "shown_as_cut": shown_as_cut,
        "met": max(everything) <= LATE,
    }


def at_the_counter(office: Installation) -> Person:
    officer = Person(office, f"petugas.{HERE}")
    officer.send("/petugas/", officer.form("/petugas/", "loket/buka/"), number="1", serves=list("ABPC"))
    return officer


def _work(officer: Person, office: Installation, ends: float) -> tuple[list[tuple[float, list[str]]], int]:
    """A number is given, called, finished, and so on. Returns (moment, hashes) of each deed, and how often the line was shown as cut."""
    deeds: list[tuple[float, int, int]] = []
    first = row = last_row(office)
    cut = 0
    for what in itertools.cycle(("give", "panggil/", "finish/")):
        if time.monotonic() >= ends:
            break
        at = time.monotonic()
        _do(officer, what)
        now = last_row(office)
        deeds.append((at, row, now))
        row = now
        cut += '"S1"' in officer.see("/status.json")
        time.sleep(max(0.0, at + PACE - time.monotonic()))
    while office.ready()["unsealed"]:
        time.sleep(LOOKS_EVERY)
    said = said_after(office, first)
    told = [(at, [digest for number, digest in said if since < number <= till]) for at, since, till in deeds]
    return [(at, digests) for at, digests in told if digests], cut


def _do(officer: Person, what: str) -> None:
    if what == "give":
        walk_in(officer)
        return
    there = [form for form in forms_of(officer.see("/petugas/")) if form.action.endswith(f"/{what}")]
    if not there:
        raise DrillFailed(f"the counter has no button {what}")
    officer.send("/petugas/", there[0])


def _wait_for_all(watch: Watch, digests: list[str], seconds: float = 60) -> None:
    """What has not come by then is late without end."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not all(set(digests) <= seen.keys() for seen in watch.seen.values()):
        time.sleep(LOOKS_EVERY)


def files_wanted(node: Installation) -> int:
    return int(node.rows("SELECT count(*) FROM ledger_wanted")[0][0])


def fill(size: int) -> None:
    """In the office's home: pictures of so many bytes together, named as the log names them, that centre and portal want."""
    import os

    from django.db import transaction

    from openpaspor.facts.accounts import Looked
    from openpaspor.facts.applications import DossierSealed
    from openpaspor.kit import clock
    from openpaspor.ledger import node
    from openpaspor.ledger.record import record

    us = node.here()
    keys = tuple(f"{name}:eA==" for name in sorted({us.name, *PEERS}))
    for number in range(max(1, size // (PICTURE * PICTURES))):
        document, *pictures = (us.store.put(os.urandom(PICTURE)) for _picture in range(PICTURES))
        papers = tuple(f"photo:{digest}:image/jpeg:{PICTURE}" for digest in pictures)
        ref, now = f"OP-{number:04}", clock.now()
        with transaction.atomic():
            record(
                Looked(application=ref, why="counter", what="bench", office=us.offices[0]),
                actor="bench",
                now=now,
            )
            fact = DossierSealed(application=ref, document=document, attachments=papers, keys=keys)
            record(fact, actor="bench", now=now)


# Three days away


def back_from_afar(cluster: Cluster, *, visits: int, sample: int, mbit: float, say: Say) -> dict[str, Any]:
    """Seconds until an office that was cut off for `visits` visits is quiet, beside what the bytes of `sample` visits foretell."""
    office = cluster.nodes[HERE]
    cluster.start()
    cluster.wait_until_quiet()
    begins = datetime.now(UTC)
    day = Day(office, begins=begins, ends=begins + timedelta(days=1), counters=1, seed=1)
    day.open_counters()
    head = Person(office, f"kepala.{HERE}")
    head.fill_in("/kepala/tempat-langsung/", walk_in=str(sample + visits))  # three days' visits on one
    numbers = itertools.count(1)

    say(f"{sample} visits without a line, to measure bytes; then {visits}")
    before, entries = carried(cluster), _entries(office)
    _live_alone(cluster, day, list(itertools.islice(numbers, sample)))
    _come_back(cluster, day.officers[0], "open")
    after = carried(cluster)
    up, down = ((now - then) / sample for then, now in zip(before, after, strict=True))
    each = (_entries(office) - entries) / sample

    _live_alone(cluster, day, list(itertools.islice(numbers, visits)))
    before = carried(cluster)
    took = _come_back(cluster, day.officers[0], "slow", mbit)
    after = carried(cluster)
    computed = visits * up / (mbit * MBIT)
    whole = DAYS * VISITS_A_DAY
    return {
        "entries_a_visit": round(each, 1),
        "bytes_up_a_visit": round(up),
        "bytes_down_a_visit": round(down),
        "visits": visits,
        "mbit": mbit,
        "computed_seconds": round(computed, 1),
        "measured_seconds": round(took, 1),
        "measured_bytes_up": after[0] - before[0],
        "ratio": round(took / computed, 2),
        "limit_ratio": [0.8, 1.2],
        "met": 0.8 <= took / computed <= 1.2,
        "away": {
            "days": DAYS,
            "visits": whole,
            "entries": round(whole * each),
            "bytes_up": round(whole * up),
            "seconds_at_10_mbit": round(whole * up / (10 * MBIT)),
            "seconds_at_1_mbit": round(whole * up / MBIT),
        },
    }


def _entries(office: Installation) -> int:
    return int(office.rows(f"SELECT count(*) FROM ledger_entry WHERE node = '{HERE}'")[0][0])


def _live_alone(cluster: Cluster, day: Day, numbers: list[int]) -> None:
    """Both lines are cut, and visitors come, are called, interviewed and photographed."""
    shape(cluster, "closed")
    for number in numbers:
        _serve(day, number)
    day.quiet()


def _serve(day: Day, number: int) -> None:
    about = newcomer(random.Random(number), number, day.now)
    visitor = Visitor(number, "walk-in", day.now, about=about)
    visitor.label = label_of(walk_in(day.officers[0], "").page)
    _do(day.officers[0], "panggil/")
    day.do_walk_in(0, visitor)
    day.press(day.officers[0], "finish/")


def _come_back(cluster: Cluster, officer: Person, mode: str, mbit: float = 0) -> float:
    """The lines are there again and an officer presses *try now*. Returns seconds until nothing is left to send, files included."""
    shape(cluster, mode, mbit)
    began = time.monotonic()
    officer.send("/petugas/luring/", officer.form("/petugas/luring/", "coba/"))
    while not is_all_told(cluster):
        if time.monotonic() - began > 600:
            raise DrillFailed(f"not quiet after ten minutes: {cluster.status()}")
        time.sleep(0.1)
    return time.monotonic() - began


def is_all_told(cluster: Cluster) -> bool:
    """Whether centre and portal have every entry of the office, and every file they want."""
    rows = cluster.nodes[HERE].rows(
        "SELECT (SELECT count(*) FROM ledger_entry WHERE seq IS NULL), (SELECT max(position) FROM ledger_entry),"
        f" (SELECT max(seq) FROM ledger_entry WHERE node = '{HERE}'), peer, considered, queued, confirmed"
        " FROM ledger_link"
    )
    for unsealed, top, last, peer, considered, queued, confirmed in rows:
        if unsealed or (confirmed < last if peer == "pusat" else considered < top or confirmed < queued):
            return False
    return not any(files_wanted(cluster.nodes[peer]) for peer in PEERS)


# Lines that are cut


def cuts(cluster: Cluster, *, rounds: int, say: Say) -> dict[str, Any]:
    """Seconds until a cut of each manner is on the officer's screen and known at the centre, and until all is well after it."""
    cluster.start()
    cluster.wait_until_quiet()
    officer = Person(cluster.nodes[HERE], f"petugas.{HERE}")
    told: dict[str, Any] = {}
    for mode in ("closed", "half-open", "one-way"):
        said = [_cut(cluster, officer, mode) for _round in range(rounds)]
        told[mode] = {name: [one[name] for one in said] for name in said[0]}
        say(f"{mode}: {told[mode]}")
    screens = [value for one in told.values() for value in one["on_screen"]]
    known = [value for one in told.values() for value in one["at_centre"]]
    return {
        **told,
        "limit_on_screen": ON_SCREEN,
        "limit_known": KNOWN,
        "met": max(screens) <= ON_SCREEN and max(known) <= KNOWN,
    }


def _cut(cluster: Cluster, officer: Person, mode: str) -> dict[str, float]:
    """One cut of the line to the centre and its heal, nobody lifting a hand."""
    began = time.monotonic()
    cluster.shape(HERE, "pusat", mode)
    on_screen = _until(lambda: '"S1"' in officer.see("/status.json"), began)
    at_centre = _until(lambda: _word(cluster.nodes["pusat"]) == "cut", began)
    time.sleep(30)  # until the pause between two calls is as long as it gets
    walk_in(officer)
    healed = time.monotonic()
    cluster.shape(HERE, "pusat", "open")
    back = _until(lambda: '"S1"' not in officer.see("/status.json"), healed)
    whole = _until(lambda: cluster.is_quiet() and is_all_told(cluster), healed)
    return {"on_screen": on_screen, "at_centre": at_centre, "open_again": back, "all_told": whole}


def _word(node: Installation) -> str:
    """How the line to the office is, as this node says."""
    return next((line["state"] for line in node.ready().get("lines", ()) if line["peer"] == HERE), "")


def _until(what: Callable[[], bool], began: float, within: float = 120) -> float:
    while not what():
        if time.monotonic() - began > within:
            raise DrillFailed(f"it did not happen within {within:.0f} s")
        time.sleep(0.1)
    return round(time.monotonic() - began, 1)
