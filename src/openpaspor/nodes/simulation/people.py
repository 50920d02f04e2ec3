"""What people do: at home, at the counters, at the centre, in the print rooms. Each deed is one action of a room.

Every deed is written down with how it was answered, as somebody outside would: `ok`, `refused CODE`, or `unknown` when
the power went before the answer. What is unknown may be tried again under the same action id, as a browser does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from openpaspor.accounts.models import User
from openpaspor.adjudication import actions as centre
from openpaspor.applications import actions as desk
from openpaspor.applications import dossier
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application
from openpaspor.applications.papers import needed
from openpaspor.appointments import actions as appointments
from openpaspor.appointments import passes
from openpaspor.appointments.models import Booking, BookingState, Slot
from openpaspor.hall import actions as hall
from openpaspor.hall import desk as hall_desk
from openpaspor.hall.models import Counter, Ticket, TicketState
from openpaspor.intake import actions as intake
from openpaspor.intake import portrait, rules
from openpaspor.issuance import actions as issuance
from openpaspor.issuance import personalisation
from openpaspor.issuance.models import Booklet, BookletState, Receiver, SpoilProposal
from openpaspor.journey import State
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.ledger.once import answer_to
from openpaspor.offices.models import Office
from openpaspor.payments import actions as payments
from openpaspor.payments.api import straight_in
from openpaspor.payments.gateways.demo import bank
from openpaspor.payments.models import Bill, Deliver, Exemption

from .world import CENTRE, PORTAL, Crash, Site, World

ADJUDICATORS = ("adjudikator1.pusat", "adjudikator2.pusat", "adjudikator3.pusat")
Do = Callable[[str, datetime], object]  # action id, now


@dataclass(frozen=True)
class Plan:
    """A deed that somebody is about to do: its name, whom it concerns, and how it is done."""

    name: str
    ref: str
    do: Do


@dataclass
class Act:
    """One line of the client ledger."""

    step: int
    site: str
    plan: Plan
    action_id: str
    answer: str  # ok, refused CODE, unknown

    @property
    def leaves_a_deed(self) -> bool:
        """False where a yes may mean that there was nothing to do, or only a look."""
        return self.plan.name not in ("take pass", "show pass", "hold", "change", "rescue")

    def __str__(self) -> str:
        return f"{self.site}: {self.plan.name} {self.plan.ref} → {self.answer}"


Chooses = Callable[["People", Site], Plan | None]


class People:
    """Everybody outside the nodes, and what they remember."""

    def __init__(self, world: World, *, born: int = 1000) -> None:
        self.world = world
        self.rng = world.rng
        self.acts: list[Act] = []
        self.pockets: list[tuple[str, str]] = []  # reference and text of visit passes
        self.born = born

    # --- doing --------------------------------------------------------------------------------------------

    def do_something(self) -> None:
        """Somebody at some node that is up does what can be done there now."""
        unknown = [act for act in self.acts if act.answer == "unknown" and self.world.sites[act.site].is_up]
        if unknown and self.rng.random() < 0.3:
            self._again(self.rng.choice(unknown))
            return
        up = [site for site in self.world.sites.values() if site.is_up]
        if not up:
            return
        self.do_something_at(self.rng.choice(up))

    def do_something_at(self, site: Site) -> None:
        offered = {PORTAL: AT_HOME, CENTRE: AT_THE_CENTRE}.get(site.name, AT_AN_OFFICE)
        act = self.do_first(site, self.rng.sample(offered, len(offered)))
        if act and act.answer == "ok" and self.rng.random() < 0.05:
            self._again(act)  # a double click

    def do_first(self, site: Site, deeds: Sequence[Chooses]) -> Act | None:
        """The first of some deeds for which there is an occasion at the node, or None."""
        with self.world.at(site):
            if site.name == PORTAL:  # meanwhile everybody looks where their application stands
                desk.note_shown(*Application.objects.all(), now=clock.now())
            plan = next(filter(None, (deed(self, site) for deed in deeds)), None)
        if plan is None:
            return None
        act = Act(
            self.world.step, site.name, plan, f"{self.world.step}:{len(self.acts)}:{plan.name}", "unknown"
        )
        self.acts.append(act)
        self._try(act)
        return act

    def _try(self, act: Act) -> None:
        site = self.world.sites[act.site]
        try:
            with self.world.at(site):
                act.plan.do(act.action_id, clock.now())
            act.answer = "ok"
        except Refused as refusal:
            act.answer = f"refused {refusal.code}"
        except Crash:
            self.world.fall(site)
        self.world.say(str(act))

    def _again(self, act: Act) -> None:
        before = act.answer
        act.answer = "unknown"
        self._try(act)
        if before == "ok" and act.answer not in ("ok", "unknown"):
            raise AssertionError(f"asked again, another answer: {act} (was {before})")
        if before == "ok":
            act.answer = "ok"

    def forget_after(self, site: Site, step: int) -> None:
        """The node was put back to an earlier time: what it answered since is nobody's promise any more."""
        for act in self.acts:
            if act.site == site.name and act.step > step:
                act.answer = "lost"

    # --- choosing -----------------------------------------------------------------------------------------

    def one(self, rows: Iterable[Any]) -> Any:
        """One of some rows, or None."""
        known = list(rows)
        return self.rng.choice(known) if known else None

    def one_in(self, *states: State, office: str = "") -> Application | None:
        """An application that stands in one of these states here; now and then just any, which must be refused."""
        rows = Application.objects.select_related("office", "account").order_by("pk")
        rows = rows.filter(office=office) if office else rows
        if self.rng.random() >= 0.04:
            rows = rows.filter(state__in=states)
        return self.one(rows)

    def answers(self) -> Answers:
        """Somebody new."""
        self.born += 1
        number = self.born
        return Answers(
            full_name=f"Warga {chr(65 + number % 26)}{chr(97 + number // 26 % 26)}", nik=f"517101150890{number:04}",
            kk="5171012311260001", born=date(1990, 8, 15), birth_place="Denpasar", sex="MF"[number % 2],
            phone="+6281234567890", address="Jalan Kamboja 7", civil_status="married", occupation="private",
            father_name="I Ketut Raka", mother_name="Ni Luh Sari", purpose="tourism", destination="Japan",
            travel_on=date(2027, 3, 1),
        )  # fmt: skip


def code_of(login: str) -> str:
    return User.objects.get(login=login).code


def staff(site: Site, prefix: str) -> str:
    """The actor code of a member of staff of an office."""
    return code_of(f"{prefix}.{site.office.lower()}")


def again(ref: str) -> Application:
    """The row as it is now."""
    return Application.objects.select_related("office", "account").get(ref=ref)


# --- at home ----------------------------------------------------------------------------------------------


def apply(people: People, site: Site) -> Plan:
    answers, booklet = people.answers(), people.rng.choice(("electronic", "regular"))
    account = people.one(User.objects.filter(code__startswith="A-").order_by("pk"))
    photographed = people.rng.random() < 0.3

    def do(action_id: str, now: datetime) -> None:
        me: dict[str, Any] = {"actor": account.code, "now": now}
        application = desk.start_application(
            "adult-new", action_id=action_id, account=account, answers=answers, booklet=booklet,
            years=10 if booklet == "electronic" else 5, **me,
        )  # fmt: skip
        if application.state != State.DRAFT:
            return  # sent already
        for paper in needed("adult-new"):
            if photographed:
                desk.keep_paper(
                    application, paper.code, b"paper", action_id=f"{action_id}:{paper.code}", **me
                )
            else:
                desk.bring_paper(application, paper.code, **me)
        desk.declare(application, action_id=f"{action_id}:sent", **me)

    return Plan("apply", answers.nik[-4:], do)


def _of_account(name: str, application: Application | None, deed: Callable[..., object]) -> Plan | None:
    """A deed by whoever owns the application."""
    if application is None or application.account is None:
        return None
    ref, actor = application.ref, application.account.code
    return Plan(name, ref, lambda action_id, now: deed(again(ref), action_id=action_id, actor=actor, now=now))


def hold(people: People, site: Site) -> Plan | None:
    application = people.one_in(State.SUBMITTED)
    if application is None:
        return None
    return _of_account("hold", application, _with_slot(people, application, _hold))


def _hold(application: Application, slot: Slot, **told: Any) -> object:
    return appointments.hold_places([appointments.Wish(application, slot)], **told)


def _with_slot(
    people: People, application: Application, deed: Callable[..., object]
) -> Callable[..., object]:
    """The deed, with a place among the next ones on sale."""
    slots = Slot.objects.filter(booklet_kind=application.booklet, pot="online")
    slots = slots.bookable(now=clock.now()) if people.rng.random() < 0.95 else slots
    slot = people.one(slots.order_by("starts_at", "pk")[:40])
    return lambda application, **told: deed(application, slot, **told) if slot else None


def change(people: People, site: Site) -> Plan | None:
    application = people.one_in(State.BOOKED)
    if application is None:
        return None
    return _of_account("change", application, _with_slot(people, application, appointments.change_place))


def rescue(people: People, site: Site) -> Plan | None:
    application = people.one_in(State.MISSED)
    if application is None:
        return None
    return _of_account("rescue", application, _with_slot(people, application, appointments.rescue))


def withdraw(people: People, site: Site) -> Plan | None:
    if people.rng.random() < 0.7:
        return None
    return _of_account("withdraw", people.one_in(State.SUBMITTED, State.HOLDING, State.BOOKED), desk.withdraw)


def answer_at_home(people: People, site: Site) -> Plan | None:
    application = people.one_in(State.ASKED)
    if application is None:
        return None
    return _of_account(
        "answer", application, lambda application, **told: centre.answer(application, "Ini.", **told)
    )


def object_to(people: People, site: Site) -> Plan | None:
    application = people.one_in(State.REFUSED)
    if application is None:
        return None
    return _of_account(
        "object",
        application,
        lambda application, **told: centre.object_to_refusal(application, "Salah.", **told),
    )


def pay(people: People, site: Site) -> Plan | None:
    bill = people.one(Bill.objects.filter(status="open").order_by("pk"))
    if bill is None:
        return None
    deliver = people.rng.choice(("now", "now", "now", "twice", "late", "never"))
    code, amount = bill.code, bill.amount_idr + (people.rng.random() < 0.03)

    def do(action_id: str, now: datetime) -> None:
        row = bank.pay(code, amount, paid_at=now, deliver=Deliver(deliver), action_id=action_id)
        bank.tell_at_once(row, straight_in(now))

    return Plan(f"pay {deliver}", code, do)


def take_pass(people: People, site: Site) -> Plan | None:
    """Somebody saves the visit pass on the phone."""
    booking = people.one(Booking.objects.filter(state=BookingState.BOOKED).order_by("pk"))
    if booking is None:
        return None

    def do(action_id: str, now: datetime) -> None:
        fresh = Booking.objects.select_related("application__account", "slot__office").get(pk=booking.pk)
        if fresh.state == BookingState.BOOKED:
            made = passes.make_pass(fresh, actor="worker", now=now)
            people.pockets.append((fresh.application.ref, made.qr_text))

    return Plan("take pass", booking.application.ref, do)


# --- at an office -----------------------------------------------------------------------------------------


def _by(name: str, actor: str, application: Application | None, deed: Callable[..., object]) -> Plan | None:
    """A deed of a member of staff on an application."""
    if application is None:
        return None
    ref = application.ref
    return Plan(name, ref, lambda action_id, now: deed(again(ref), action_id=action_id, actor=actor, now=now))


def arrive(people: People, site: Site) -> Plan | None:
    """Somebody with a visit today, soonest first, is received by reference."""
    booked = Application.objects.filter(office=site.office, state__in=(State.BOOKED, State.MISSED))
    if people.rng.random() < 0.9:
        booked = booked.filter(place_starts_at__lt=clock.now() + timedelta(hours=2))
    application = people.one(booked.select_related("office").order_by("place_starts_at", "pk"))
    office, urgent = Office.objects.get(pk=site.office), people.rng.choice(("", "", "", "elderly"))
    return _by(
        "arrive", staff(site, "petugas"), application,
        lambda application, **told: hall.arrive(application, office, priority=urgent, **told),
    )  # fmt: skip


def show_pass(people: People, site: Site) -> Plan | None:
    """Somebody shows a pass, whether its booking has come here or not."""
    shown = people.one(people.pockets)
    if shown is None:
        return None
    office = Office.objects.get(pk=site.office)
    actor = staff(site, "petugas")

    def do(action_id: str, now: datetime) -> object:
        if answer_to(action_id):
            return None  # who presses again is led to the number that was given
        found = hall_desk.find(shown[1], None, office, now)
        told: dict[str, Any] = {"action_id": action_id, "actor": actor, "now": now}
        if found and found.unheard:
            known = Application.objects.filter(ref=found.unheard.ref).select_related("office").first()
            return hall.issue_on_pass(found.unheard, known, office, **told)
        if found and found.application:
            return hall.give_number(found.application, office, **told)
        return None

    return Plan("show pass", shown[0], do)


def walk_in(people: People, site: Site) -> Plan | None:
    """Somebody without an appointment gets a number and is written up."""
    if people.rng.random() < 0.7:
        return None
    answers, actor = people.answers(), staff(site, "petugas")
    office = Office.objects.get(pk=site.office)

    def do(action_id: str, now: datetime) -> None:
        told: dict[str, Any] = {"actor": actor, "now": now}
        ticket = hall.issue_walk_in(office, action_id=f"{action_id}:number", **told)
        visitor = intake.Visitor(kind="adult-new", answers=answers, ticket=ticket.label)
        intake.walk_in(visitor, office, action_id=action_id, **told)

    return Plan("walk in", answers.nik[-4:], do)


def come_back(people: People, site: Site) -> Plan | None:
    application = people.one_in(State.INCOMPLETE, State.ASKED, State.READY, office=site.office)
    return _by("come back", staff(site, "petugas"), application, hall.issue_return)


def call(people: People, site: Site) -> Plan | None:
    counter = people.one(Counter.objects.filter(officer__isnull=False).order_by("pk"))
    waits = Ticket.objects.filter(state=TicketState.WAITING).exists()
    if counter is None or not (waits or people.rng.random() < 0.03):
        return None

    def do(action_id: str, now: datetime) -> object:
        return hall.call_next(
            Counter.objects.get(pk=counter.pk), action_id=action_id, actor=counter.officer.code, now=now
        )

    return Plan("call", str(counter.number), do)


def _with_ticket(
    people: People, name: str, state: str, deed: Callable[..., object], site: Site
) -> Plan | None:
    ticket = people.one(Ticket.objects.filter(state=state).order_by("pk"))
    if ticket is None or people.rng.random() < 0.6:
        return None
    actor = staff(site, "petugas")

    def do(action_id: str, now: datetime) -> object:
        return deed(Ticket.objects.get(pk=ticket.pk), action_id=action_id, actor=actor, now=now)

    return Plan(name, ticket.label, do)


def send_away(people: People, site: Site) -> Plan | None:
    return _with_ticket(people, "no show", TicketState.CALLED, hall.no_show, site)


def set_aside(people: People, site: Site) -> Plan | None:
    return _with_ticket(people, "hold number", TicketState.CALLED, _hold_ticket, site)


def _hold_ticket(ticket: Ticket, **told: Any) -> object:
    return hall.hold_ticket(ticket, "fetch-papers", **told)


def sit_down(people: People, site: Site) -> Plan | None:
    counter = people.one(Counter.objects.filter(officer=None).order_by("pk"))
    if counter is None:
        return None
    login = f"petugas{counter.number if counter.number > 1 else ''}.{site.office.lower()}"
    officer = User.objects.get(login=login)
    office = Office.objects.get(pk=site.office)

    def do(action_id: str, now: datetime) -> object:
        return hall.open_counter(
            office, counter.number, officer, action_id=action_id, actor=officer.code, now=now
        )

    return Plan("sit down", str(counter.number), do)


def interview(people: People, site: Site) -> Plan | None:
    """Identity, papers, questions, photo and the last button; now and then a paper is owed."""
    application = people.one_in(State.ARRIVED, State.INCOMPLETE, office=site.office)
    owes = people.rng.random() < 0.2
    return _by("interview", staff(site, "petugas"), application, _owe if owes else _interview)


def _owe(application: Application, **told: Any) -> object:
    return intake.owe(application, ["birth"], **told)


def _interview(application: Application, *, action_id: str, actor: str, now: datetime) -> None:
    answers = dossier.open_answers(application, actor="worker", why="counter", now=now)
    told: dict[str, Any] = {"actor": actor, "now": now}
    intake.confirm_identity(application, action_id=f"{action_id}:identity", **told)
    for paper in rules.papers_needed(application.kind, answers):
        have = application.attachments.live().filter(kind=paper.code).exists()  # type: ignore[attr-defined]
        if have:
            intake.judge_paper(
                application, paper.code, "match", action_id=f"{action_id}:seen:{paper.code}", **told
            )
        else:
            intake.capture_paper(
                application, paper.code, b"paper", content_type="image/jpeg",
                action_id=f"{action_id}:{paper.code}", **told,
            )  # fmt: skip
    said = {
        question.code: next(iter(question.chips)) for question in rules.questions(application.kind, "tourism")
    }
    intake.save_interview(application, said | {"purpose": "tourism"}, action_id=f"{action_id}:said", **told)
    intake.take_portrait(application, portrait.Portrait(b"face", ()), action_id=f"{action_id}:photo", **told)
    intake.finish(application, action_id=action_id, **told)


def amend(people: People, site: Site) -> Plan | None:
    """Enrolled, and the line is slow: the officer corrects a letter."""
    application = people.one_in(State.ENROLLED, office=site.office)
    if application is None or people.rng.random() < 0.5:
        return None
    name = f"Warga {chr(65 + people.rng.randrange(26))}"
    return _by(
        "amend", staff(site, "petugas"), application,
        lambda application, **told: intake.amend(application, {"birth_place": name}, reason="as-on-paper", **told),
    )  # fmt: skip


def ask_exemption(people: People, site: Site) -> Plan | None:
    waiting = Application.objects.filter(
        office=site.office, bill_status="open", state__in=(State.ENROLLED, State.REVIEW, State.APPROVED)
    )
    return _by(
        "ask exemption", staff(site, "petugas"), people.one(waiting.order_by("pk")),
        lambda application, **told: payments.propose_exemption(application, "scholarship", **told),
    )  # fmt: skip


def grant_exemption(people: People, site: Site) -> Plan | None:
    wish = people.one(Exemption.objects.filter(status="proposed").order_by("pk"))
    if wish is None:
        return None
    actor, granted = staff(site, "kepala"), people.rng.random() < 0.9

    def do(action_id: str, now: datetime) -> object:
        row = Exemption.objects.get(pk=wish.pk)
        return payments.decide_exemption(row, granted=granted, action_id=action_id, actor=actor, now=now)

    return Plan("grant exemption", again(wish.application.ref).ref, do)


def print_it(people: People, site: Site) -> Plan | None:
    application = people.one_in(State.APPROVED, office=site.office)
    return _by("print", staff(site, "cetak"), application, _print)


def _print(application: Application, **told: Any) -> object:
    return issuance.print_booklet(application, application.serial or "X1000000", **told)


def inspect(people: People, site: Site) -> Plan | None:
    return _by("inspect", staff(site, "cetak2"), people.one_in(State.PRINTED, office=site.office), _inspect)


def _inspect(application: Application, **told: Any) -> object:
    answers = dossier.open_answers(application, actor="worker", why="inspect", now=told["now"])
    job = issuance.job_of(application)
    if job is None:
        raise issuance.NotPrinted(state=application.state)
    lines = personalisation.lines_of_job(job, answers)
    return issuance.pass_inspection(application, (lines.line1, lines.line2), **told)


def collect(people: People, site: Site) -> Plan | None:
    shown = issuance.Shown(to=Receiver.HOLDER, card_agrees=True, signed=True)
    return _by(
        "collect", staff(site, "petugas"), people.one_in(State.READY, office=site.office),
        lambda application, **told: issuance.hand_over(application, shown, **told),
    )  # fmt: skip


def ask_spoil(people: People, site: Site) -> Plan | None:
    booklets = Booklet.objects.filter(state__in=(BookletState.ALLOTTED, BookletState.PRINTED))
    booklet = people.one(booklets.order_by("pk"))
    if booklet is None or people.rng.random() < 0.6:
        return None
    actor = staff(site, "cetak")

    def do(action_id: str, now: datetime) -> object:
        row = Booklet.objects.get(pk=booklet.pk)
        return issuance.propose_spoil(row, "chip", action_id=action_id, actor=actor, now=now)

    return Plan("ask to write off", booklet.serial, do)


def agree_spoil(people: People, site: Site) -> Plan | None:
    wish = people.one(SpoilProposal.objects.filter(decided_by="").order_by("pk"))
    if wish is None:
        return None
    actor, agreed = staff(site, "cetak2"), people.rng.random() < 0.8

    def do(action_id: str, now: datetime) -> object:
        row = SpoilProposal.objects.get(pk=wish.pk)
        return issuance.decide_spoil(row, agreed=agreed, action_id=action_id, actor=actor, now=now)

    return Plan("write off", str(wish.pk), do)


def withdraw_here(people: People, site: Site) -> Plan | None:
    if people.rng.random() < 0.9:
        return None
    application = people.one_in(
        State.ARRIVED, State.INCOMPLETE, State.MISSED, State.BOOKED, office=site.office
    )
    return _by("withdraw", staff(site, "petugas"), application, desk.withdraw)


def end_day(people: People, site: Site) -> Plan | None:
    office = Office.objects.get(pk=site.office)
    late = office.local(clock.now()).hour >= 15
    if people.rng.random() < (0.8 if late else 0.98):
        return None
    actor = staff(site, "kepala")
    return Plan(
        "end day", site.office,
        lambda action_id, now: hall.end_day(office, action_id=action_id, actor=actor, now=now),
    )  # fmt: skip


# --- at the centre ----------------------------------------------------------------------------------------


def decide(people: People, site: Site) -> Plan | None:
    login = people.rng.choice(ADJUDICATORS)
    verdict, reasons = people.rng.choice(
        (*[("approve", ())] * 8, ("ask", ("paper-unreadable",)), ("refuse", ("identity-not-proven",)))
    )
    if not Application.objects.filter(state=State.REVIEW).exists():
        return None
    actor = code_of(login)

    def do(action_id: str, now: datetime) -> None:
        case = centre.take(action_id=f"{action_id}:take", actor=actor, now=now)
        centre.decide(case, verdict, reasons, action_id=action_id, actor=actor, now=now)

    return Plan(f"decide {verdict}", login, do)


def revoke(people: People, site: Site) -> Plan | None:
    if people.rng.random() < 0.6:
        return None
    application = people.one_in(State.APPROVED, State.PRINTED, State.READY)
    return _by("revoke", code_of(people.rng.choice(ADJUDICATORS)), application, centre.revoke)


def lift(people: People, site: Site) -> Plan | None:
    application = people.one(Application.objects.exclude(stop_order="").order_by("pk"))
    return _by("lift stop", code_of(people.rng.choice(ADJUDICATORS)), application, centre.lift_our_stop)


AT_HOME = (
    apply, apply, hold, hold, pay, pay, take_pass, change, rescue, withdraw, answer_at_home, object_to,
)  # fmt: skip
AT_AN_OFFICE = (
    arrive, arrive, show_pass, walk_in, come_back, call, call, send_away, set_aside, sit_down, interview, interview,
    interview, amend, ask_exemption, grant_exemption, print_it, inspect, collect, ask_spoil, agree_spoil,
    withdraw_here, end_day,
)  # fmt: skip
AT_THE_CENTRE = (decide, decide, decide, revoke, lift)
