"""A day at an office, hour by hour: visitors come, are called and served; machines fail when the script says so.

Nothing is imagined but people's arrival and how long they take: every number, case, photo and hand-over is done by
filling in the real pages over HTTP. The clock that all nodes share is stepped from one event to the next.
"""

from __future__ import annotations

import heapq
import itertools
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from openpaspor.kit import clock
from openpaspor.nodes.checker.clients import ClientLedger
from openpaspor.nodes.demo import citizens
from openpaspor.nodes.drills.people import (
    Acknowledged,
    Form,
    Person,
    Refusal,
    Unknown,
    forms_of,
    ticket_of,
    walk_in,
)
from openpaspor.nodes.installation import DrillFailed, Installation

OFFICE = "DENPASAR"
PATIENCE = timedelta(hours=2)  # without being called, a visitor goes home; so long also without a number
TRIES_AGAIN = timedelta(minutes=5)  # somebody whom the machine did not answer
MINUTES = {"booked": 8.0, "walk-in": 12.0, "collect": 4.0}  # at the counter, on average
NEXT = re.compile(r"/petugas/nomor/(\d+)/finish/")
FACES = 20
CLOCK_IS_READ = 0.06  # seconds until every process has looked at the clock again


@dataclass
class Visitor:
    """One person of the day, and what became of them."""

    number: int
    what: str  # booked, walk-in, collect
    comes_at: datetime
    priority: str = ""
    about: dict[str, Any] = field(default_factory=dict)  # who it is, as the demo made them
    ref: str = ""
    received_at: datetime | None = None
    called_at: datetime | None = None
    done_at: datetime | None = None
    left_at: datetime | None = None
    label: str = ""

    @property
    def waited(self) -> timedelta | None:
        """From the door to the counter."""
        return self.called_at - self.comes_at if self.called_at else None


@dataclass
class Unsure:
    """A deed whose answer was lost in a power cut, and that was sent again."""

    what: str
    before: int
    after: int = -1


class Day:
    """One day at the office `at`; `clock` is the file that all nodes read."""

    def __init__(
        self,
        at: Installation,
        *,
        begins: datetime,
        ends: datetime,
        counters: int,
        seed: int,
        told: ClientLedger | None = None,
    ) -> None:
        self.at, self.told = at, told
        self.now, self.ends = begins, ends
        self.rng = random.Random(seed)
        self.visitors: list[Visitor] = []
        self.by_ticket: dict[int, Visitor] = {}
        self.counters = counters
        self.officers: list[Person] = []
        self.busy: dict[int, Visitor] = {}  # by officer
        self.pending: dict[int, Callable[[], Any]] = {}  # a form that was sent and not answered, by officer
        self.printed: list[tuple[datetime, str]] = []
        self.refused: list[str] = []  # at a counter: nobody should be
        self.notes: list[tuple[datetime, str]] = []
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()

    # --- time ---------------------------------------------------------------------------------------------

    def when(self, moment: datetime, what: Callable[[], None]) -> None:
        """Let something happen at a moment (not before now)."""
        heapq.heappush(self._events, (max(moment, self.now), next(self._order), what))

    def run(self) -> None:
        """Until the doors close and the last event is over."""
        while self._events and self._events[0][0] <= self.ends:
            moment, _number, what = heapq.heappop(self._events)
            if moment > self.now:
                self.quiet()
                self.now = moment
                clock.set_to(moment)
                time.sleep(CLOCK_IS_READ)
            what()

    def quiet(self, seconds: float = 20) -> None:
        """Before the clock goes on, the office has sealed what was said."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            ready = self.at.ready()
            if not ready or not ready["unsealed"]:
                return
            time.sleep(0.02)

    def note(self, text: str) -> None:
        self.notes.append((self.now, text))

    # --- the door -----------------------------------------------------------------------------------------

    def open_counters(self) -> None:
        for number in range(1, self.counters + 1):
            login = f"petugas{'' if number == 1 else number}.{OFFICE.lower()}"
            officer = Person(self.at, login, self.told)
            form = officer.form("/petugas/", "loket/buka/")
            officer.send("/petugas/", form, number=str(number), serves=list("ABPC"))
            self.officers.append(officer)

    def close_counters(self) -> None:
        for officer in self.officers:
            self.press(officer, "tutup/")
        self.officers.clear()

    def expect(self, visitor: Visitor) -> None:
        self.visitors.append(visitor)
        self.when(visitor.comes_at, lambda: self.come(visitor))

    def come(self, visitor: Visitor) -> None:
        """At the door; when the machine does not answer, they wait outside and the officer tries again."""
        self.go_home(visitor)
        if visitor.left_at:
            return
        door = self.officers[0]
        try:
            if visitor.what == "walk-in":
                given = walk_in(door, visitor.priority)
            else:
                given = door.fill_in(f"/petugas/tiba/{visitor.ref}/", priority=visitor.priority)
        except Unknown:
            self.when(self.now + TRIES_AGAIN, lambda: self.come(visitor))
            return
        except Refusal as refusal:
            self.note(f"visitor {visitor.number} ({visitor.what}) was refused at the door: {refusal}")
            visitor.left_at = self.now
            return
        self.receive(visitor, given)
        self.serve()

    def receive(self, visitor: Visitor, given: Acknowledged) -> None:
        visitor.received_at = self.now
        visitor.label = label_of(given.page)
        self.by_ticket[ticket_of(given)] = visitor
        self.when(visitor.comes_at + PATIENCE, lambda: self.go_home(visitor))

    def go_home(self, visitor: Visitor) -> None:
        """Somebody who was not called for as long as one is patient leaves."""
        if visitor.called_at is None and visitor.left_at is None and self.now - visitor.comes_at >= PATIENCE:
            visitor.left_at = self.now

    # --- the counter --------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Every free officer calls whoever is next by the rule of the hall."""
        for number, officer in enumerate(self.officers):
            while number not in self.busy and self.somebody_waits():
                try:
                    called = officer.send("/petugas/", officer.form("/petugas/", "panggil/"))
                except (Unknown, Refusal):
                    return
                ticket = NEXT.search(called.page)
                if ticket is None:
                    return  # nobody waits in these lines
                visitor = self.by_ticket[int(ticket.group(1))]
                if visitor.left_at:
                    self.press(officer, "no-show/")
                    continue
                visitor.called_at = self.now
                self.busy[number] = visitor
                minutes = MINUTES[visitor.what] * self.rng.lognormvariate(0, 0.35)
                self.when(
                    self.now + timedelta(minutes=minutes),
                    lambda number=number: self.finish(number),  # type: ignore[misc]
                )

    def somebody_waits(self) -> bool:
        return any(one.received_at and not one.called_at for one in self.by_ticket.values())

    def press(self, officer: Person, button: str) -> None:
        page = officer.see("/petugas/")
        for form in forms_of(page):
            if form.action.endswith(f"/{button}"):
                officer.send("/petugas/", form)
                return

    def finish(self, number: int) -> None:
        """The visitor's business is done; after a failure of the machine it is taken up where it stopped."""
        officer, visitor = self.officers[number], self.busy[number]
        try:
            self.again(number)
            {"booked": self.do_case, "walk-in": self.do_walk_in, "collect": self.hand_over}[visitor.what](
                number, visitor
            )
            self.press(officer, "finish/")
        except Unknown:
            self.when(self.now + TRIES_AGAIN, lambda: self.finish(number))
            return
        except Refusal as refusal:
            self.refused.append(f"visitor {visitor.number} ({visitor.what}, {visitor.ref}): {refusal}")
            visitor.left_at = self.now
            self.press(officer, "finish/")
        else:
            visitor.done_at = self.now
        del self.busy[number]
        self.serve()

    def again(self, number: int) -> None:
        """Send once more what was sent and not answered: it counts once."""
        if number in self.pending:
            try:
                self.pending[number]()
            except Refusal as refusal:
                self.note(f"counter {number + 1}, sent again: {refusal}")
            del self.pending[number]

    def send(self, number: int, path: str, form: Form, **more: Any) -> Acknowledged:
        officer = self.officers[number]
        try:
            return officer.send(path, form, **more)
        except Unknown:
            self.pending[number] = lambda: officer.send(path, form, **more)
            raise

    def do_walk_in(self, number: int, visitor: Visitor) -> None:
        officer = self.officers[number]
        if not visitor.ref:
            person = visitor.about
            form = officer.form("/petugas/berkas/baru/")
            born = person["born"]
            made = self.send(
                number, "/petugas/berkas/baru/", form,
                ticket=visitor.label, kind=person["kind"], nik=person["nik"], full_name=person["full_name"],
                born_day=str(born.day), born_month=str(born.month), born_year=str(born.year), birth_place="Denpasar",
                sex=person["sex"], civil_status="single", phone="", booklet="electronic", years="10", priority="",
            )  # fmt: skip
            found = re.search(r"/petugas/berkas/(OP-[^/]+)/", made.path)
            if found is None:
                raise DrillFailed(f"a walk-in case was answered with {made.path}")
            visitor.ref = found.group(1)
        self.do_case(number, visitor)

    def do_case(self, number: int, visitor: Visitor) -> None:
        """Identity, papers, interview, photo, done: each its own form."""
        path = f"/petugas/berkas/{visitor.ref}/"
        there = self.officers[number].see(path)
        for form in forms_of(there):
            if form.action.endswith("/nilai/") and "match" not in form.choices["verdict"]:
                camera = self.officers[number].form(path, form.action.removesuffix("nilai/") + "foto/", there)
                self.send(number, path, camera, files={"picture": citizens.face(7)})
        for form in forms_of(self.officers[number].see(path)):
            if form.action.endswith(f"{path}identitas/"):
                self.send(number, path, form)
            elif form.action.endswith("/nilai/"):
                self.send(number, path, form, verdict="match")
            elif form.action.endswith(f"{path}wawancara/"):
                chips = {name: form.fields.get(name) or some[:1] for name, some in form.choices.items()}
                self.send(number, path, form, **chips)
            elif form.action.endswith(f"{path}foto/"):
                self.send(number, path, form, files={"photo": citizens.face(visitor.number % FACES)})
        for form in forms_of(self.officers[number].see(path)):
            if form.action.endswith(f"{path}selesai/"):
                self.send(number, path, form)

    def hand_over(self, number: int, visitor: Visitor) -> None:
        path = f"/cetak/serah/{visitor.ref}/"
        form = self.officers[number].form(path, page=self.officers[number].see(path))
        if "signed" not in form.choices:
            return  # handed over before the machine failed
        shown: dict[str, Any] = {"nik": visitor.about["nik"], "signed": "on"}
        if "card_agrees" in form.choices:
            shown["card_agrees"] = "on"
        if "old_number" in form.fields:
            shown |= {"old_number": visitor.about["old_number"], "old_cancelled": "on"}
        if "to" in form.choices:
            shown |= {"to": "parent", "nik": ""}  # the card and the face agree
        self.send(number, path, form, **shown)

    # --- a power cut --------------------------------------------------------------------------------------

    def lose_power(self, tickets: Callable[[], int]) -> Unsure:
        """Kill the box while a form is on its way; `tickets` counts them. Sent again when power is back."""
        door = self.officers[0]
        form = door.form("/petugas/langsung/")
        unsure = Unsure("a walk-in number", tickets())
        answer: list[Acknowledged] = []

        def press() -> None:
            try:
                answer.append(door.send("/petugas/langsung/", form, priority=""))
            except (Unknown, Refusal):
                return

        pressing = threading.Thread(target=press)
        pressing.start()
        time.sleep(self.rng.uniform(0, 0.03))
        self.at.kill()
        pressing.join()

        def send_again() -> None:
            given = door.send("/petugas/langsung/", form, priority="")
            visitor = Visitor(9000, "walk-in", self.now, about=newcomer(self.rng, 9000, self.now))
            self.visitors.append(visitor)
            self.receive(visitor, given)
            unsure.after = tickets()

        self.pending[-1] = send_again
        return unsure

    def power_is_back(self) -> float:
        """Start the box. Returns the seconds it took, on a real clock."""
        began = time.monotonic()
        self.at.start()
        took = time.monotonic() - began
        self.again(-1)
        self.serve()
        return took


def label_of(page: str) -> str:
    """`B 012` out of the page of a number."""
    found = re.search(r'id="number">([A-Z] \d+)<', page)
    return found.group(1) if found else ""


def newcomer(rng: random.Random, number: int, now: datetime) -> dict[str, Any]:
    """Somebody who never applied at home."""
    answers = citizens.citizen(rng, 70_000 + number, "adult-new", now.date()).answers
    return {"kind": "adult-new", "nik": answers.nik, "full_name": answers.full_name, "born": answers.born, "sex": answers.sex}  # fmt: skip
