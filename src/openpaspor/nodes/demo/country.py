"""The demo country, built only by the deeds that people do: nothing is written into a table from here.

The domain clock walks through ten past working days; on each day people apply, pay, come, are interviewed, decided,
printed and collected, as far as their fate says. It stops on a working day at 09.40 WITA with a full hall.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

from django.db import transaction

from openpaspor.accounts import actions as register
from openpaspor.accounts import demo_people
from openpaspor.accounts.models import User
from openpaspor.adjudication import actions as centre
from openpaspor.adjudication.models import Case, SkipReason, Verdict
from openpaspor.adjudication.rules import allowed_reasons
from openpaspor.applications import actions as desk
from openpaspor.applications import documents, dossier
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application
from openpaspor.applications.progress import Progress
from openpaspor.appointments import actions as appointments
from openpaspor.appointments import calendar_actions as calendars
from openpaspor.appointments.models import Slot
from openpaspor.facts.applications import Moved
from openpaspor.hall import actions as hall
from openpaspor.hall.models import Counter as Desk
from openpaspor.hall.models import TicketState
from openpaspor.intake import actions as intake
from openpaspor.intake import portrait, rules
from openpaspor.issuance import actions as issuance
from openpaspor.issuance import personalisation
from openpaspor.issuance import rules as issuance_rules
from openpaspor.issuance.models import Booklet, Receiver
from openpaspor.journey import State
from openpaspor.kit import clock, references
from openpaspor.ledger import follow, wire
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.ledger.sweeps import run_due
from openpaspor.nodes import tables
from openpaspor.offices.actions import set_knob
from openpaspor.offices.models import Office
from openpaspor.offices.workdays import is_working_day
from openpaspor.payments import actions as payments
from openpaspor.payments.gateways.demo import bank, read_notice, read_statement
from openpaspor.payments.models import Bill

from . import box, citizens

DETAILED = ("DENPASAR", "JAKARTA-SELATAN", "SURABAYA", "MAKASSAR", "JAYAPURA")
OPENS_AT = clock_time(9, 40)  # WITA, at Denpasar
PAST_DAYS, COMING_DAYS = 10, 10  # working days

# How many of 300 applications end where, as the clock stops.
FATES: dict[State, int] = {
    State.COLLECTED: 63, State.READY: 24, State.PRINTED: 5, State.APPROVED: 12, State.REVIEW: 8, State.ASKED: 5,
    State.REFUSED: 5, State.DEFERRED: 3, State.ENROLLED: 2, State.INCOMPLETE: 8, State.ARRIVED: 26, State.BOOKED: 78, State.HOLDING: 8,
    State.SUBMITTED: 14, State.DRAFT: 16, State.WITHDRAWN: 6, State.EXPIRED: 4, State.MISSED: 10,
    State.UNCOLLECTED: 5,
}  # fmt: skip
AFTER_VISIT = (
    State.COLLECTED, State.READY, State.PRINTED, State.APPROVED, State.REVIEW, State.ASKED, State.REFUSED,
    State.DEFERRED, State.ENROLLED, State.INCOMPLETE, State.UNCOLLECTED,
)  # fmt: skip
VERDICTS = {
    State.COLLECTED: Verdict.APPROVE, State.READY: Verdict.APPROVE, State.PRINTED: Verdict.APPROVE,
    State.APPROVED: Verdict.APPROVE, State.UNCOLLECTED: Verdict.APPROVE, State.REFUSED: Verdict.REFUSE,
    State.DEFERRED: Verdict.DEFER, State.ASKED: Verdict.ASK,
}  # fmt: skip
PRINTED_FATES = (State.PRINTED, State.READY, State.COLLECTED, State.UNCOLLECTED)
LONG_AGO = (State.UNCOLLECTED, State.EXPIRED)
KINDS = ["adult-replace"] * 6 + ["adult-new"] * 4 + ["child"] * 2


@dataclass
class Life:
    """One application of the demo: who, where it shall end, and what has become of it."""

    number: int
    citizen: citizens.Citizen
    fate: State
    office: Office
    account: User | None
    walks_in: bool
    visit: date | None = None
    application: Application | None = None
    bill: str = ""


@dataclass
class Report:
    """What was built."""

    seed: int
    applications: int
    by_state: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


Progressed = Callable[[float, str], None]


def build(seed: int, size: int, progressed: Progressed) -> Report:
    """Build the whole demo into this (empty) installation. `progressed(share, what)` is called as it goes on."""
    started = time.monotonic()
    country = Country(seed, size, progressed)
    country.live()
    tables.count_anew()
    states = Counter(Application.objects.values_list("state", flat=True))
    return Report(
        seed, sum(states.values()), dict(sorted(states.items())), round(time.monotonic() - started, 1)
    )


def opening_day(real_today: date) -> date:
    """The working day on which the demo opens: today, or the next one."""
    day = real_today
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def working_days_before(day: date, count: int) -> list[date]:
    """The `count` working days before `day`, oldest first."""
    found: list[date] = []
    while len(found) < count:
        day -= timedelta(days=1)
        if is_working_day(day):
            found.append(day)
    return found[::-1]


class Country:
    """The demo while it is being built."""

    def __init__(self, seed: int, size: int, progressed: Progressed) -> None:
        self.rng = random.Random(seed)
        self.size = size
        self.progressed = progressed
        self.offices = {code: Office.objects.get(pk=code) for code in DETAILED}
        self.denpasar = self.offices["DENPASAR"]
        self.today = opening_day(self.denpasar.local(clock.real_now()).date())
        self.past = working_days_before(self.today, PAST_DAYS)
        self.long_ago = working_days_before(self.past[0] - timedelta(days=34), 1)[0]
        self.days = [self.long_ago, *self.past, self.today]
        self.deeds = 0
        self.lives: list[Life] = []
        self.people: dict[str, User] = {}
        self.counters: dict[str, list[Desk]] = {}

    # --- time ---------------------------------------------------------------------------------------------

    def at(self, day: date, hour: int, minute: int = 0, office: Office | None = None) -> datetime:
        return datetime.combine(day, clock_time(hour, minute), (office or self.denpasar).tz).astimezone(UTC)

    def be_at(self, moment: datetime) -> None:
        clock.set_to(moment)

    def deed(self) -> str:
        """A fresh action id, the same in every build of one seed."""
        self.deeds += 1
        return f"demo:{self.deeds}"

    def settle(self, *, sweep: bool = True) -> None:
        """What the worker does: seal, follow, and sweep what is due at this hour. One commit, so that it is quick."""
        with transaction.atomic():
            self.follow()
            if sweep:
                run_due(force=True)
                self.follow()

    def follow(self) -> None:
        while seal_pending() or follow.follow_all():
            pass

    # --- the whole ----------------------------------------------------------------------------------------

    def live(self) -> None:
        introduce_ourselves()
        self.be_at(self.at(self.long_ago - timedelta(days=5), 8))
        self.furnish()
        self.assign_fates()
        self.phase(
            self.at(self.long_ago - timedelta(days=3), 10),
            [lambda life=life: self.apply_at_home(life) for life in self.lives if life.fate in LONG_AGO],
        )
        self.phase(self.at(self.long_ago - timedelta(days=3), 10, 20), [self.pay_all])
        for number, day in enumerate(self.days):
            self.progressed(number / len(self.days), f"{day:%d-%m-%Y}")
            self.spend(day)
        self.be_at(datetime.combine(self.today, OPENS_AT, self.denpasar.tz))
        with transaction.atomic():
            self.leave_traces(clock.now())
        self.settle()
        self.be_at(datetime.combine(self.today, OPENS_AT, self.denpasar.tz))
        self.progressed(1.0, "")

    def furnish(self) -> None:
        """People, counters, calendars, stock."""
        now = clock.now()
        with transaction.atomic():
            desk_limit = {"action_id": self.deed(), "actor": "demo", "now": now}
            set_knob("max_active_applications", 40, **desk_limit)
            self.people = dict(demo_people.ensure(now))
            for code in DETAILED:
                self.staff_office(code, now)
            self.open_calendars(now)
            self.fill_stock(now)
        self.settle()

    def staff_office(self, code: str, now: datetime) -> None:
        city = code.lower()
        roles = {
            "petugas2": "officer",
            "petugas3": "officer",
            "kepala": "head",
            "cetak": "print",
            "cetak2": "print",
        }
        for prefix, role in roles.items():
            login = f"{prefix}.{city}"
            if login not in self.people:  # nobody signs in as these; their first password is never told
                self.people[login] = register.create_person(
                    login,
                    role,
                    self.offices[code],
                    action_id=self.deed(),
                    actor="demo",
                    now=now,
                    real_now=clock.real_now(),
                ).person

    def open_calendars(self, now: datetime) -> None:
        detailed, actor = list(self.offices.values()), "demo"  # no head opens another office's calendar
        calendars.open_calendars(
            detailed, 1, action_id=self.deed(), actor=actor, now=now, start=self.long_ago
        )
        calendars.open_calendars(
            detailed, PAST_DAYS + COMING_DAYS, action_id=self.deed(), actor=actor, now=now, start=self.past[0]
        )
        others = list(Office.objects.exclude(pk__in=DETAILED))
        calendars.open_calendars(
            others, COMING_DAYS, action_id=self.deed(), actor=actor, now=now, start=self.today
        )

    def assign_fates(self) -> None:
        """Who shall end where. The demo applicant has one of each."""
        scale = self.size / sum(FATES.values())
        wanted: list[State] = []
        for fate, count in FATES.items():
            wanted += [fate] * max(1, round(count * scale))
        seen: set[State] = set()
        for number, fate in enumerate(wanted, start=1):
            mine = fate not in seen and fate not in (*LONG_AGO, State.WITHDRAWN)
            seen.add(fate)
            self.lives.append(self.new_life(number, fate, mine=mine))
        self.lives += [self.visit_to_move(), self.draft_that_does_not_fit()]

    def visit_to_move(self) -> Life:
        """The demo applicant's second visit, late enough to be moved."""
        life = self.new_life(len(self.lives) + 1, State.BOOKED, mine=True)
        life.visit = calendars_ahead(self.today, 4)
        return life

    def draft_that_does_not_fit(self) -> Life:
        """A parent begins an adult's application for a child."""
        life = self.new_life(len(self.lives) + 2, State.DRAFT, mine=True)
        child = citizens.citizen(self.rng, life.number, "child", self.today)
        life.citizen = replace(child, kind="adult-new")
        return life

    def new_life(self, number: int, fate: State, *, mine: bool) -> Life:
        rng = self.rng
        in_denpasar = mine or fate in (State.ARRIVED, State.READY, State.PRINTED) or rng.random() < 0.5
        office = self.denpasar if in_denpasar else self.offices[rng.choice(DETAILED[1:])]
        kind = "adult-replace" if mine and fate in (State.BOOKED, State.DRAFT) else rng.choice(KINDS)
        walks_in = not mine and fate in AFTER_VISIT and fate not in LONG_AGO and rng.random() < 0.2
        life = Life(number, citizens.citizen(rng, number, kind, self.today), fate, office, None, walks_in)
        if mine:
            life.account = self.people[demo_people.APPLICANT]
        life.visit = self.visit_day(fate, mine)
        return life

    def visit_day(self, fate: State, mine: bool) -> date | None:
        """On which day the visit is, early enough for what comes after it."""
        rng = self.rng
        if fate in LONG_AGO:
            return self.long_ago
        if fate == State.COLLECTED:
            return rng.choice(self.past[1:5])
        if fate in (State.READY, State.REFUSED, State.DEFERRED, State.ASKED):
            return rng.choice(self.past[3:7])
        if fate in (State.PRINTED, State.APPROVED):
            return rng.choice(self.past[6:8])
        if fate in (State.REVIEW, State.ENROLLED):
            return rng.choice(self.past[8:])
        if fate in (State.INCOMPLETE, State.MISSED):
            return rng.choice(self.past[6:])
        if fate == State.ARRIVED or (fate == State.BOOKED and (mine or rng.random() < 0.35)):
            return self.today
        if fate in (State.BOOKED, State.HOLDING, State.WITHDRAWN):
            return calendars_ahead(self.today, rng.randint(1, COMING_DAYS - 2))
        return None

    # --- one day ------------------------------------------------------------------------------------------

    def spend(self, day: date) -> None:
        """One day, hour by hour, everybody's part of it."""
        self.open_counters(day)
        position = self.days.index(day)
        morning = [
            life for life in self.lives if life.application is None and self.applies_on(life) == position
        ]
        if day != self.today:
            self.phase(self.at(day, 7, 30), [lambda life=life: self.apply_at_home(life) for life in morning])
            self.phase(self.at(day, 8, 10), [self.pay_all])
            self.phase(self.at(day, 8, 20), [self.withdraw_some])
            self.visits(day)
            self.phase(self.at(day, 14), [self.decide_all])
            self.phase(self.at(day, 14, 30), [], sweep=True)  # what was decided leaves
            self.phase(self.at(day, 15), [self.print_all])
            self.phase(self.at(day, 15, 20), [self.come_to_collect])
            self.phase(self.at(day, 15, 40), [self.serve_everybody])
            self.end_day(day)
        else:
            holding = [life for life in morning if life.fate == State.HOLDING]
            early = [life for life in morning if life.fate != State.HOLDING]
            self.phase(self.at(day, 7), [lambda life=life: self.apply_at_home(life) for life in early])
            self.phase(self.at(day, 7, 20), [self.pay_all])
            self.fill_the_hall(day)
            self.phase(  # their time to pay is not over when the clock stops
                self.at(day, 9, 30), [lambda life=life: self.apply_at_home(life) for life in holding]
            )

    def phase(self, moment: datetime, deeds: list[Callable[[], None]], *, sweep: bool = False) -> None:
        """Do some deeds at one hour, in one transaction, and let the worker follow."""
        self.be_at(moment)
        with transaction.atomic():
            for one in deeds:
                one()
        self.settle(sweep=sweep)

    def applies_on(self, life: Life) -> int:
        """The place in `days` of the day on which this person applies."""
        if life.walks_in:
            return -1
        if life.visit is None:
            return len(self.days) - 2 - life.number % 4
        if life.fate == State.HOLDING:
            return len(self.days) - 1
        if life.visit > self.today:
            return len(self.days) - 2 - life.number % 3
        return max(1, self.days.index(life.visit) - 2)

    # --- at home ------------------------------------------------------------------------------------------

    def apply_at_home(self, life: Life) -> None:
        """Fill in, photograph, submit, choose a place: as far as the fate goes."""
        now, person = clock.now(), life.citizen
        if life.account is None:
            number = f"0812{20000000 + life.number // 2}"  # some families share one phone
            life.account = demo_people.ensure_applicant(number, now, language="id")
        actor = life.account.code
        answers = person.answers if life.fate != State.DRAFT else half_filled(person.answers, self.rng)
        application = desk.start_application(
            person.kind, action_id=self.deed(), actor=actor, now=now, account=life.account, answers=answers,
            booklet=person.booklet, years=person.years,
        )  # fmt: skip
        life.application = application
        if life.fate == State.DRAFT:
            return
        for paper in Progress(person.kind, answers, frozenset()).papers:
            dossier.attach(
                application, paper.code, clean_paper(paper.code), content_type="image/jpeg", now=now
            )
        desk.submit(application, action_id=self.deed(), actor=actor, now=now)
        if life.fate == State.SUBMITTED or (life.fate == State.EXPIRED and life.number % 2):
            return
        if life.fate == State.WITHDRAWN and life.number % 2:
            desk.withdraw(application, action_id=self.deed(), actor=actor, now=now)
            return
        self.choose_place(life)

    def choose_place(self, life: Life) -> None:
        assert life.application and life.visit
        now, mine = clock.now(), life.account == self.people[demo_people.APPLICANT]
        free = Slot.objects.filter(office=life.office, day=life.visit).for_kind(
            life.application.booklet, appointments.pot_of(life.application)
        )
        slots = list(free.bookable(now=now).order_by("starts_at"))
        if (
            life.visit == self.today and life.fate == State.BOOKED
        ):  # those who come after the clock has stopped
            later = [slot for slot in slots if slot.starts_at > self.at(self.today, 9, 50)]
            slots = later[:1] if mine else later
        elif life.visit == self.today:
            slots = [slot for slot in slots if slot.starts_at <= self.at(self.today, 9, 20)] or slots[:1]
        if not slots:
            life.visit = None
            return
        slot = slots[0] if mine else self.rng.choice(slots)
        appointments.hold_places(
            [appointments.Wish(life.application, slot)],
            action_id=self.deed(),
            actor=life.account.code,
            now=now,
        )
        life.bill = life.application.bill_code

    def pay_all(self) -> None:
        """Everybody who shall pay does, some late, some twice; three make mistakes that the cashier finds."""
        for life in self.lives:
            if life.bill and life.fate != State.HOLDING and life.fate != State.EXPIRED:
                how = bank.Deliver.TWICE if life.number % 17 == 0 else bank.Deliver.NOW
                self.pay(life.bill, how)
            if life.fate != State.HOLDING:
                life.bill = ""

    def withdraw_some(self) -> None:
        """Some change their mind after paying; their place goes to somebody else."""
        for life in self.lives:
            if life.fate == State.WITHDRAWN and life.application and life.account and self.is_booked(life):
                desk.withdraw(
                    life.application, action_id=self.deed(), actor=life.account.code, now=clock.now()
                )

    def pay(self, code: str, how: bank.Deliver, *, amount: int | None = None) -> None:
        now = clock.now()
        bill = Bill.objects.filter(code=code).first()
        owed = amount if amount is not None else bill.amount_idr if bill else 350000
        row = bank.pay(code, owed, paid_at=now, deliver=how, action_id=self.deed())
        bank.tell_at_once(row, self.post)

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """The bank's notice, at our door without the street between: read, checked and taken in as over HTTP."""
        payments.receive_notice(read_notice(body, headers), now=clock.now())
        return 200

    # --- at the office ------------------------------------------------------------------------------------

    def visits(self, day: date) -> None:
        """Everybody whose visit is today comes, is called and served, office by office, quarter by quarter."""
        coming = [life for life in self.lives if life.visit == day and life.fate in AFTER_VISIT]
        coming = [life for life in coming if life.walks_in or self.is_booked(life)]
        for start in range(0, len(coming), 24):
            group = coming[start : start + 24]
            minute = 30 * (start // 24)
            self.phase(
                self.at(day, 9 + minute // 60, minute % 60),
                [lambda life=life: self.receive(life) for life in group],
            )
            self.phase(self.at(day, 9 + minute // 60, minute % 60 + 15), [self.serve_everybody])
        self.phase(self.at(day, 13), [self.pay_counter_bills])

    def is_booked(self, life: Life) -> bool:
        if life.application is None:
            return False
        life.application.refresh_from_db()
        return life.application.state == State.BOOKED

    def officer(self, office: Office, number: int) -> User:
        return self.people[f"petugas{2 + number % 2}.{office.code.lower()}"]

    def receive(self, life: Life) -> None:
        """At the door: a number."""
        now, actor = clock.now(), self.officer(life.office, life.number).code
        priority = priority_of(life.citizen, self.today)
        if life.walks_in:
            ticket = hall.issue_walk_in(
                life.office, action_id=self.deed(), actor=actor, now=now, priority=priority
            )
            visitor = intake.Visitor(
                kind=life.citizen.kind, answers=life.citizen.answers, booklet=life.citizen.booklet,
                years=life.citizen.years, ticket=ticket.label, priority=priority,
            )  # fmt: skip
            life.application = intake.walk_in(
                visitor, life.office, action_id=self.deed(), actor=actor, now=now
            )
            return
        assert life.application and life.application.place_starts_at
        life.application.refresh_from_db()
        early = max(now, life.application.place_starts_at - timedelta(minutes=20))
        hall.arrive(
            life.application, life.office, action_id=self.deed(), actor=actor, now=early, priority=priority
        )

    def serve_everybody(self) -> None:
        """Both counters call by the rule of the hall until nobody waits, and serve whom they called."""
        whose = {life.application.pk: life for life in self.lives if life.application}
        for code, counters in self.counters.items():
            waiting = True
            while waiting:
                called = [self.serve_next(self.offices[code], counter, whose) for counter in counters]
                waiting = any(called)

    def serve_next(self, office: Office, counter: Desk, whose: dict[int, Life]) -> bool:
        """Call one number and do what it came for. False when nobody waits."""
        counter.refresh_from_db()
        assert counter.officer
        known = {"actor": counter.officer.code, "now": clock.now()}
        try:
            ticket = hall.call_next(counter, action_id=self.deed(), **known)
        except hall.NothingToCall:
            return False
        life = whose.get(ticket.application_id or 0)
        if life and life.application:
            life.application.refresh_from_db()
            if ticket.series == "C":
                self.hand_over(life, **known)
            else:
                self.work_on(life.application, complete=life.fate != State.INCOMPLETE, **known)
                if life.fate == State.ENROLLED:  # the police call before the file has left
                    centre_officer = self.people["adjudikator1.pusat"].code
                    desk.order_stop(life.application, "watch-list", actor=centre_officer, now=known["now"])
        ticket.refresh_from_db()
        if ticket.state == TicketState.CALLED:
            hall.finish_ticket(ticket, action_id=self.deed(), **known)
        return True

    def work_on(self, application: Application, *, actor: str, now: datetime, complete: bool) -> None:
        """One case at the counter, by the deeds an officer does."""
        known = {"actor": actor, "now": now}
        answers = dossier.open_answers(
            application, why="counter", what="intake:case", office=application.office_id or "", **known
        )
        intake.confirm_identity(application, action_id=self.deed(), **known)
        papers = rules.papers_needed(application.kind, answers)
        for paper in papers if complete else papers[:-1]:
            if application.attachments.live().filter(kind=paper.code).exists():  # type: ignore[attr-defined]
                intake.judge_paper(application, paper.code, "match", action_id=self.deed(), **known)
            else:
                intake.capture_paper(
                    application, paper.code, clean_paper(paper.code), content_type="image/jpeg",
                    action_id=self.deed(), **known,
                )  # fmt: skip
        if not complete:
            intake.owe(application, [papers[-1].code], action_id=self.deed(), **known)
            return
        said = said_by(application.kind, answers)
        intake.save_interview(application, said, action_id=self.deed(), **known)
        intake.take_portrait(application, ready_face(application.pk % 20), action_id=self.deed(), **known)
        intake.finish(application, action_id=self.deed(), **known)

    def end_day(self, day: date) -> None:
        """Heads close their halls."""
        self.be_at(self.at(day, 16, 30))
        now = clock.now()
        with transaction.atomic():
            for code, office in self.offices.items():
                head = self.people[f"kepala.{code.lower()}"].code
                hall.end_day(office, action_id=self.deed(), actor=head, now=now)
        self.settle()

    def open_counters(self, day: date) -> None:
        """In the morning two officers of each office sit down."""
        self.be_at(self.at(day, 6, 30))
        now = clock.now()
        with transaction.atomic():
            for code, office in self.offices.items():
                officers = {number: self.people[f"petugas{number}.{code.lower()}"] for number in (2, 3)}
                self.counters[code] = [
                    hall.open_counter(
                        office, number, officer, action_id=self.deed(), actor=officer.code, now=now
                    )
                    for number, officer in officers.items()
                ]
        self.settle()

    def fill_the_hall(self, day: date) -> None:
        """This morning: people come, some are called, some are served, most wait."""
        coming = [life for life in self.lives if life.fate == State.ARRIVED and self.is_booked(life)]
        for start in range(0, len(coming), 6):
            minute = 30 + 8 * (start // 6)
            group = coming[start : start + 6]
            self.phase(
                self.at(day, 8 + minute // 60, minute % 60),
                [lambda life=life: self.receive(life) for life in group],
            )
        self.phase(self.at(day, 9, 25), [self.call_some])

    def call_some(self) -> None:
        now = clock.now()
        for extra in range(4):
            officer = self.people["petugas2.denpasar"]
            hall.issue_walk_in(
                self.denpasar,
                action_id=self.deed(),
                actor=officer.code,
                now=now,
                priority="elderly" if extra == 1 else "",
            )
        for number, counter in enumerate(self.counters["DENPASAR"]):
            officer = self.people[f"petugas{2 + number}.denpasar"]
            hall.call_next(counter, action_id=self.deed(), actor=officer.code, now=now)

    # --- the centre, the print room, the shelf ----------------------------------------------------------------

    def decide_all(self) -> None:
        """Both adjudicators take what the queue gives them until nothing waits; the second sees the refusals."""
        whose = {life.application.pk: life for life in self.lives if life.application}
        for login in ("adjudikator1.pusat", "adjudikator2.pusat"):
            actor, now = self.people[login].code, clock.now()
            while True:
                try:
                    case = centre.take(action_id=self.deed(), actor=actor, now=now)
                except centre.NothingWaits:
                    break
                life = whose.get(case.application_id)
                verdict = VERDICTS.get(life.fate) if life else None
                if verdict is None:
                    centre.skip(case, SkipReason.BREAK, action_id=self.deed(), actor=actor, now=now)
                else:
                    self.decide(case, verdict, actor)

    def decide(self, case: Case, verdict: Verdict, actor: str) -> None:
        now = clock.now()
        reasons = [reason.code for reason in allowed_reasons(verdict)]
        if verdict == Verdict.DEFER:
            reasons = ["population-record-differs"]  # the others are about losses and children in court
        chosen = [self.rng.choice(reasons)] if reasons else []
        until = self.today + timedelta(days=400) if verdict == Verdict.DEFER else None
        centre.decide(case, verdict, chosen, action_id=self.deed(), actor=actor, now=now, until=until)

    def print_all(self) -> None:
        """Print what is approved and paid, read it back, put it on the shelf."""
        for life in self.lives:
            if life.application is None or life.fate not in PRINTED_FATES:
                continue
            application = life.application
            application.refresh_from_db()
            if (
                application.state == State.APPROVED
                and application.serial
                and issuance_rules.print_obstacle(application, has_packet=True) == ""
            ):
                self.print_one(life, application)

    def print_one(self, life: Life, application: Application) -> None:
        known = {"actor": self.people[f"cetak.{life.office.code.lower()}"].code, "now": clock.now()}
        answers = dossier.open_answers(
            application, why="print", what="issuance:case", office=life.office.code, **known
        )
        job = issuance.print_booklet(application, application.serial, action_id=self.deed(), **known)
        if life.fate != State.PRINTED:
            lines = personalisation.lines_of_job(job, answers)
            issuance.pass_inspection(application, (lines.line1, lines.line2), action_id=self.deed(), **known)

    def come_to_collect(self) -> None:
        """Those whose passport has been ready for a day take a number for it."""
        for life in self.lives:
            if life.application is None or life.fate != State.COLLECTED:
                continue
            life.application.refresh_from_db()
            if (
                life.application.state == State.READY
                and clock.now() - life.application.state_since > timedelta(hours=12)
            ):
                actor = self.officer(life.office, life.number).code
                hall.issue_return(life.application, action_id=self.deed(), actor=actor, now=clock.now())

    def hand_over(self, life: Life, *, actor: str, now: datetime) -> None:
        assert life.application
        answers = dossier.open_answers(
            life.application,
            actor=actor,
            why="collect",
            what="issuance:handover",
            now=now,
            office=life.office.code,
        )
        to = Receiver.PARENT if life.citizen.kind == "child" else Receiver.HOLDER
        shown = issuance.Shown(to=to, card_agrees=True, old_number=answers.old_number, signed=True)
        issuance.hand_over(life.application, shown, action_id=self.deed(), actor=actor, now=now)

    def fill_stock(self, now: datetime) -> None:
        """Deliveries of blanks, counted by two people."""
        start = 1000001
        for code, office in self.offices.items():
            counted_by = tuple(self.people[f"{name}.{code.lower()}"].code for name in ("cetak", "cetak2"))
            for kind, letter, count in (("electronic", "X", 120), ("regular", "C", 60)):
                deliver(office, kind, f"{letter}{start}", count, counted_by, now=now)
            start += 1000

    # --- what a real country also has ------------------------------------------------------------------------

    def pay_counter_bills(self) -> None:
        """Walk-ins pay in the days after their interview; those who shall wait for money do not."""
        for life in self.lives:
            if life.walks_in and life.application and life.fate != State.APPROVED:
                bill = Bill.objects.of(life.application).filter(status="open").first()
                if bill:
                    self.pay(bill.code, bank.Deliver.NOW)

    def leave_traces(self, now: datetime) -> None:
        """Money without a home, a closed day, a shortage, what waits for a second person, and entries that wait."""
        self.lose_money(now)
        self.compare_with_the_bank(now)
        self.examine_one(now)
        head = self.people["kepala.makassar"].code
        calendars.close_day(
            self.offices["MAKASSAR"],
            calendars_ahead(self.today, 3),
            "training",
            action_id=self.deed(),
            actor=head,
            now=now,
        )
        calendars.say_short(
            self.offices["JAYAPURA"], "regular", calendars_ahead(self.today, COMING_DAYS + 1),
            action_id=self.deed(), actor=self.people["kepala.jayapura"].code, now=now,
        )  # fmt: skip
        self.propose(now)
        self.park_entries(now)

    def lose_money(self, now: datetime) -> None:
        """A mistyped code, one rupiah too little, and a bill paid twice."""
        self.pay("820260101999999", bank.Deliver.NOW)
        held = [life for life in self.lives if life.fate == State.HOLDING and life.application]
        for life in held[1:2]:
            bill = Bill.objects.live_for(life.application)  # type: ignore[arg-type]
            if bill:
                self.pay(bill.code, bank.Deliver.NOW, amount=bill.amount_idr - 1)
        paid = Bill.objects.filter(status="paid").order_by("pk").first()
        if paid:
            self.pay(paid.code, bank.Deliver.NOW)

    def compare_with_the_bank(self, now: datetime) -> None:
        """The cashier reads the bank's own list of the last working day, in which one payment stands twice."""
        starts = self.at(self.past[-1], 0)
        listed = bank.statement(day_starts=starts, day_ends=starts + timedelta(days=1))
        statement = read_statement(f"settlement-{self.past[-1]}.csv", listed.encode())
        statement = replace(statement, lines=(*statement.lines, *statement.lines[-1:]))
        payments.read_settlement(statement, actor=self.people["kas.pusat"].code, now=now)

    def examine_one(self, now: datetime) -> None:
        """Somebody with a damaged passport was examined; the head of office decides."""
        known: dict[str, Any] = {"actor": self.people["petugas2.denpasar"].code, "now": now}
        person = citizens.citizen(self.rng, len(self.lives) + 1, "damaged", self.today)
        ticket = hall.issue_walk_in(self.denpasar, action_id=self.deed(), **known)
        visitor = intake.Visitor(
            kind="damaged",
            answers=person.answers,
            booklet=person.booklet,
            years=person.years,
            ticket=ticket.label,
        )
        application = intake.walk_in(visitor, self.denpasar, action_id=self.deed(), **known)
        intake.save_interview(application, said_by("damaged", person.answers), action_id=self.deed(), **known)
        intake.propose_examination(application, "not-careless", action_id=self.deed(), **known)

    def propose(self, now: datetime) -> None:
        """Things that wait for a second person, and one stop order."""
        officer = self.people["petugas.denpasar"].code
        unpaid = [
            one for one in self.lives if one.walks_in and one.fate == State.APPROVED and one.application
        ]
        for life in unpaid[:1]:
            life.application.refresh_from_db()  # type: ignore[union-attr]
            payments.propose_exemption(
                life.application, "scholarship", action_id=self.deed(), actor=officer, now=now
            )  # type: ignore[arg-type]
        spare = Booklet.objects.in_stock("DENPASAR", "electronic").last()
        if spare:
            issuance.propose_spoil(
                spare, "damaged", action_id=self.deed(), actor=self.people["cetak.denpasar"].code, now=now
            )
        issuance.count_in(
            self.denpasar, "regular", "C9000001", "C9000050",
            action_id=self.deed(), actor=self.people["cetak.denpasar"].code, now=now,
        )  # fmt: skip
        waiting = [one for one in self.lives if one.fate == State.REVIEW and one.application]
        for life in waiting[1:2]:
            answers = life.citizen.answers
            centre.add_to_watch_list(
                full_name=answers.full_name, born=answers.born, reason="other",
                actor=self.people["adjudikator1.pusat"].code, now=now,
            )  # fmt: skip
        for life in [one for one in self.lives if one.fate == State.READY and one.application][1:2]:
            desk.order_stop(
                life.application, "watch-list", actor=self.people["adjudikator2.pusat"].code, now=now
            )  # type: ignore[arg-type]

    def park_entries(self, now: datetime) -> None:
        """An office box sent the second half of its log first: those entries wait for the first half."""
        elsewhere = box.Box("ambon", ("AMBON",))
        ref = references.make("44", 7, elsewhere.keys.reference_key)
        later = Moved(
            application=ref,
            move="arrive",
            origin="BOOKED",
            target="ARRIVED",
            version=4,
            term=2,
            custodian="office",
        )
        wire.import_lines(elsewhere.lines([(later, "S-ambon", now)]))


def deliver(
    office: Office, kind: str, first: str, count: int, counted_by: tuple[str, str], *, now: datetime
) -> None:
    """`count` blanks from serial `first` on come to an office, counted by two people."""
    last = f"{first[0]}{int(first[1:]) + count - 1}"
    one, other = counted_by
    batch = issuance.count_in(office, kind, first, last, action_id=f"stock:{first}", actor=one, now=now)
    issuance.confirm_batch(batch, count, action_id=f"stock:{first}:again", actor=other, now=now)


def said_by(kind: str, answers: Answers) -> dict[str, str]:
    """An interview: the applicant's own purpose, and the first answer to everything else."""
    purpose = answers.purpose or "tourism"
    asked = rules.questions(kind, purpose)
    return {question.code: next(iter(question.chips)) for question in asked} | {"purpose": purpose}


def calendars_ahead(day: date, count: int) -> date:
    """The `count`th working day after `day`."""
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def half_filled(answers: Answers, rng: random.Random) -> Answers:
    """A draft: the first page, sometimes the second."""
    kept = {
        "full_name": answers.full_name,
        "nik": answers.nik,
        "born": answers.born,
        "birth_place": answers.birth_place,
        "sex": answers.sex,
    }
    if rng.random() < 0.5:
        kept |= {"phone": answers.phone, "address": answers.address}
    return Answers(**kept)


def priority_of(person: citizens.Citizen, today: date) -> str:
    born = person.answers.born
    if born is None:
        return ""
    years = (today - born).days // 365
    return "elderly" if years >= 60 else "small-child" if years < 5 else ""


_papers: dict[str, bytes] = {}
_faces: dict[int, portrait.Portrait] = {}


def clean_paper(code: str) -> bytes:
    """A drawn paper as the upload page would keep it; cleaned once for each kind."""
    if code not in _papers:
        _papers[code] = documents.cleaned(citizens.paper(code))
    return _papers[code]


def ready_face(which: int) -> portrait.Portrait:
    if which not in _faces:
        _faces[which] = portrait.prepare(citizens.face(which))
    return _faces[which]
