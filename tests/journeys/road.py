"""The whole road of one passport by deeds alone, each under an action id that is always the same.

Played again after a power cut it therefore goes on where it stopped: what was done answers as before, what was not is
done now. As a script it works on the installation that the environment names and ends by saying where the application
stands:

    python -m tests.journeys.road                      # the whole road in one go
    python -m tests.journeys.road road --only pay      # one deed of it
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from openpaspor.accounts.models import User
    from openpaspor.applications.models import Application
    from openpaspor.issuance.models import PrintJob
    from openpaspor.offices.models import Office

BALI = ZoneInfo("Asia/Makassar")
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
PHONE = "081234567890"
CAMERA, DATUM = "KAMERAKENARI", "KENARI-84"  # stand in every picture before it is cleaned
PATIENT = {"Later", "NotHere", "KeyMissing", "behind"}  # waits for another node, and is no trouble


# --- stories and deeds ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deed:
    """One step of a story: when it is done (on the wall clock of Bali), and the function that does it."""

    name: str
    at: datetime
    do: Callable[[Telling], None]


@dataclass
class Story:
    """Deeds in their order."""

    name: str
    deeds: list[Deed] = field(default_factory=list)

    def deed(self, at: str) -> Callable[[Callable[[Telling], None]], Callable[[Telling], None]]:
        """Mark a function as the next deed, done at `at`: "2026-11-23 08:00"."""
        moment = datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=BALI).astimezone(UTC)

        def mark(function: Callable[[Telling], None]) -> Callable[[Telling], None]:
            self.deeds.append(Deed(function.__name__, moment, function))
            return function

        return mark

    def since(self, name: str) -> list[str]:
        """The deed called `name` and all after it."""
        names = [deed.name for deed in self.deeds]
        return names[names.index(name) :]

    def tell(self, chosen: Sequence[str] = ()) -> None:
        """Do the chosen deeds (all of them without a choice); the worker does what is due before and after each."""
        unknown = set(chosen) - {deed.name for deed in self.deeds}
        assert not unknown, f"{self.name} knows no {', '.join(sorted(unknown))}"
        for deed in self.deeds:
            if not chosen or deed.name in chosen:
                be_at(deed.at)
                settle()
                deed.do(Telling(f"{self.name}:{deed.name}"))
                settle()


class Telling:
    """What a deed has at hand: fixed action ids, the clock, people and places."""

    def __init__(self, deed: str) -> None:
        self.deed = deed

    def id(self, what: str = "") -> str:
        return f"{self.deed}:{what}" if what else self.deed

    def by(self, login: str, what: str = "") -> dict[str, Any]:
        """The three named arguments of an action that a member of staff does."""
        return {"action_id": self.id(what), **self.seen_by(login)}

    def seen_by(self, login: str) -> dict[str, Any]:
        return {"actor": person(login).code, "now": self.now}

    @property
    def now(self) -> datetime:
        from openpaspor.kit import clock

        return clock.now()

    @property
    def denpasar(self) -> Office:
        from openpaspor.offices.models import Office

        return Office.objects.get(pk="DENPASAR")


def be_at(moment: datetime) -> None:
    """Let it be `moment`; the clock is never turned back, also when a story is told again."""
    from openpaspor.kit import clock

    if moment > clock.now() or not clock.offset():
        clock.set_to(moment)


def settle() -> None:
    """The worker does what is due; nothing may go wrong in it and no sweep may stumble."""
    from openpaspor.ledger import sweeps, worker
    from openpaspor.ledger.models import Entry, Parked

    worker.work_until_idle(timeout=60)
    stumbled = {sweep.name: sweep.last_trouble for sweep in sweeps.sweeps() if sweep.last_trouble}
    assert not stumbled, stumbled
    assert not Entry.objects.unsealed().exists()
    parked = [f"{row}: {row.cause}" for row in Parked.objects.all() if row.cause.split()[0] not in PATIENT]
    assert not parked, parked


def person(login: str) -> User:
    from openpaspor.accounts.models import User

    return User.objects.get(login=login)


def began_with(action_id: str) -> Application:
    """The application that was started under an action id; elsewhere than where it was started, the only one."""
    from openpaspor.applications.models import Application
    from openpaspor.ledger.models import Deed as DoneDeed

    known = DoneDeed.objects.filter(pk=action_id).first()
    return Application.objects.get(pk=known.answer) if known else Application.objects.get()


@functools.cache
def picture(shade: int = 200) -> bytes:
    """A small JPEG that stands for a paper or a face, as a phone takes it: it says where, and with what."""
    from PIL import ExifTags, Image

    image = Image.new("RGB", (480, 640), (shade, shade, 190))
    about = Image.Exif()
    about[ExifTags.Base.Model] = CAMERA
    about[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "S", ExifTags.GPS.GPSLatitude: (8.0, 39.0, 26.5),
        ExifTags.GPS.GPSMapDatum: DATUM,
    }  # fmt: skip
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60, exif=about)
    return out.getvalue()


@functools.cache
def cleaned_picture(shade: int = 200) -> bytes:
    """What the upload page keeps of it."""
    from openpaspor.applications import documents

    return documents.cleaned(picture(shade))


def answers_of(name: str, nik: str, born: date, **more: Any) -> Any:
    from openpaspor.applications.answers import Answers

    return Answers(
        **{
            "full_name": name, "nik": nik, "kk": "5171012311260001", "born": born, "birth_place": "Denpasar",
            "sex": "M", "phone": "+6281234567890", "address": "Jalan Kamboja 7, Denpasar",
            "civil_status": "married", "occupation": "private", "father_name": "I Ketut Raka",
            "mother_name": "Ni Luh Sari", "purpose": "tourism", "destination": "Japan",
            "travel_on": date(2027, 3, 1),
        } | more
    )  # fmt: skip


# --- at the counter, the centre and the print room: what several stories need ------------------------------


def call(told: Telling, login: str = "petugas.denpasar") -> Any:
    """The officer calls whoever is next."""
    from openpaspor.hall import actions as hall
    from openpaspor.hall.models import Counter

    return hall.call_next(Counter.objects.get(officer=person(login)), **told.by(login, "call"))


def interview(told: Telling, application: Application, login: str = "petugas.denpasar") -> None:
    """Identity, papers, questions, photo: all but the last button."""
    from openpaspor.applications import dossier
    from openpaspor.intake import actions as intake
    from openpaspor.intake import portrait, rules

    answers = dossier.open_answers(
        application, why="counter", what="intake:case", office="DENPASAR", **told.seen_by(login)
    )
    intake.confirm_identity(application, **told.by(login, "identity"))
    for paper in rules.papers_needed(application.kind, answers):
        have = application.attachments.live().filter(kind=paper.code).exists()  # type: ignore[attr-defined]
        if application.channel == "online" and have:
            intake.judge_paper(application, paper.code, "match", **told.by(login, paper.code))
        else:
            intake.capture_paper(
                application,
                paper.code,
                cleaned_picture(),
                content_type="image/jpeg",
                **told.by(login, paper.code),
            )
    purpose = answers.purpose or "tourism"
    said = {
        question.code: next(iter(question.chips)) for question in rules.questions(application.kind, purpose)
    }
    intake.save_interview(application, said | {"purpose": purpose}, **told.by(login, "interview"))
    intake.take_portrait(
        application, portrait.Portrait(cleaned_picture(150), ()), **told.by(login, "portrait")
    )


def decide(told: Telling, login: str, verdict: str, *reasons: str) -> None:
    """An adjudicator takes the next case and decides it."""
    from openpaspor.adjudication import actions as centre

    case = centre.take(**told.by(login, "take"))
    centre.decide(case, verdict, reasons, **told.by(login, "decide"))


def print_it(told: Telling, application: Application, serial: str) -> None:
    from openpaspor.applications import dossier
    from openpaspor.issuance import actions as issuance
    from openpaspor.issuance.models import JobState

    dossier.open_answers(
        application, why="print", what="issuance:case", office="DENPASAR", **told.seen_by("cetak.denpasar")
    )
    try:
        job = issuance.print_booklet(application, serial, **told.by("cetak.denpasar", "print"))
    except issuance.NothingPrinted:
        job = None
    if job is not None and job.state == JobState.SENT:  # the power went while the printer had the page
        look_at_the_booklet(told, job)
    if job is None or job.state == JobState.VOID:
        issuance.print_booklet(application, serial, **told.by("cetak.denpasar", "print-again"))


def look_at_the_booklet(told: Telling, job: PrintJob) -> None:
    """Somebody takes the booklet out of the printer: the page is there when the printer noted it."""
    from openpaspor.issuance import actions as issuance
    from openpaspor.issuance.printers import printer

    printed = bool(printer().journal(str(job.pk)))
    issuance.resolve_print(job, printed=printed, **told.by("cetak.denpasar", "look"))


def read_back(told: Telling, application: Application) -> None:
    """The inspector reads the page: two lines as they must be."""
    from openpaspor.applications import dossier
    from openpaspor.issuance import actions as issuance
    from openpaspor.issuance import personalisation

    answers = dossier.open_answers(application, why="inspect", actor="worker", now=told.now)
    job = issuance.job_of(application)
    assert job is not None
    lines = personalisation.lines_of_job(job, answers)
    issuance.pass_inspection(application, (lines.line1, lines.line2), **told.by("cetak2.denpasar", "inspect"))


def pay(told: Telling, code: str, deliver: str = "now", amount: int | None = None) -> None:
    """Somebody pays; the demo bank tells us through the very door of notices, without the street between."""
    from openpaspor.payments.api import straight_in
    from openpaspor.payments.gateways.demo import bank
    from openpaspor.payments.models import Bill, Deliver

    owed = amount or Bill.objects.get(code=code).amount_idr
    row = bank.pay(code, owed, paid_at=told.now, deliver=Deliver(deliver), action_id=told.id("pay"))
    bank.tell_at_once(row, straight_in(told.now))


def hold(told: Telling, application: Application, day: date, hour: int) -> None:
    """The applicant chooses a time."""
    from openpaspor.appointments import actions as appointments

    assert application.account
    appointments.hold_places(
        [appointments.Wish(application, slot_at(day, hour, application.booklet))],
        action_id=told.id("hold"), actor=application.account.code, now=told.now,
    )  # fmt: skip


def slot_at(day: date, hour: int, booklet: str, pot: str = "online") -> Any:
    from openpaspor.appointments.models import Slot

    starts_at = datetime(day.year, day.month, day.day, hour, tzinfo=BALI)
    return Slot.objects.get(office="DENPASAR", starts_at=starts_at, pot=pot, booklet_kind=booklet)


# --- the furniture of an installation ---------------------------------------------------------------------

FURNITURE = Story("furniture")


@FURNITURE.deed("2026-11-20 08:00")
def people(told: Telling) -> None:
    """Everybody who works in these stories."""
    from openpaspor.accounts import actions as register
    from openpaspor.accounts import demo_people

    demo_people.ensure(told.now)
    for login, role in (
        ("petugas2.denpasar", "officer"),
        ("cetak2.denpasar", "print"),
        ("kepala2.denpasar", "head"),
    ):
        register.create_person(
            login, role, told.denpasar, action_id=told.id(login), actor="demo", now=told.now, real_now=told.now
        )  # fmt: skip


@FURNITURE.deed("2026-11-20 08:10")
def calendar(told: Telling) -> None:
    """Two weeks of places at Denpasar."""
    from openpaspor.appointments import calendar_actions

    calendar_actions.open_calendars([told.denpasar], 8, start=MONDAY, **told.by("kepala.denpasar"))


@FURNITURE.deed("2026-11-20 08:20")
def stock(told: Telling) -> None:
    """Twenty booklets of each kind, counted by two people."""
    from openpaspor.issuance import actions as issuance

    for kind, first, last in (("electronic", "X1000001", "X1000020"), ("regular", "C1000001", "C1000020")):
        batch = issuance.count_in(
            told.denpasar, kind, first, last, **told.by("cetak.denpasar", f"{kind}:count")
        )
        issuance.confirm_batch(batch, 20, **told.by("cetak2.denpasar", f"{kind}:again"))


@FURNITURE.deed("2026-11-20 08:30")
def counters(told: Telling) -> None:
    """Two officers sit down."""
    from openpaspor.hall import actions as hall

    for number, login in ((1, "petugas.denpasar"), (2, "petugas2.denpasar")):
        hall.open_counter(told.denpasar, number, person(login), **told.by(login, login))


# --- the road ---------------------------------------------------------------------------------------------

ROAD = Story("road")
NIK, NAME, BORN = "5171011508900003", "I Wayan Sudira", date(1990, 8, 15)


def ours() -> Application:
    return began_with("road:apply:start")


def account() -> User:
    from openpaspor.accounts.models import User
    from openpaspor.kit import phones

    found = User.objects.with_phone(phones.normalise(PHONE))
    assert found
    return found


@ROAD.deed("2026-11-23 08:00")
def sign_in(told: Telling) -> None:
    """A code to the phone, read in the inbox. After a power cut one asks for another."""
    from openpaspor.accounts import actions as register
    from openpaspor.accounts.models import Purpose
    from openpaspor.kit import clock, phones
    from openpaspor.notifications.models import Message

    challenge = register.ask_code(phones.normalise(PHONE), Purpose.SIGN_IN, now=clock.real_now())
    code = Message.objects.filter(template="OTP").newest_first()[0].code  # type: ignore[attr-defined]
    register.enter_by_code(challenge, code, language="id", now=clock.real_now(), domain_now=told.now)


@ROAD.deed("2026-11-23 08:05")
def apply(told: Telling) -> None:
    """Fill in and photograph the papers, at home."""
    from openpaspor.applications import actions as desk
    from openpaspor.applications.papers import needed

    me = {"actor": account().code, "now": told.now}
    answers = answers_of(
        NAME, NIK, BORN, old_number="X1234567", old_expires_on=date(2026, 12, 30), old_reason="expired", old_place="indonesia",
    )  # fmt: skip
    application = desk.start_application(
        "adult-replace", action_id=told.id("start"), account=account(), answers=answers, **me
    )
    for paper in needed("adult-replace"):
        desk.keep_paper(application, paper.code, cleaned_picture(), action_id=told.id(paper.code), **me)


@ROAD.deed("2026-11-23 08:20")
def submit(told: Telling) -> None:
    from openpaspor.applications import actions as desk

    desk.declare(ours(), action_id=told.id(), actor=account().code, now=told.now)


@ROAD.deed("2026-11-23 08:30")
def choose(told: Telling) -> None:
    hold(told, ours(), TUESDAY, 9)


@ROAD.deed("2026-11-23 08:40")
def settle_bill(told: Telling) -> None:
    pay(told, ours().bill_code)


@ROAD.deed("2026-11-24 08:50")
def arrive(told: Telling) -> None:
    from openpaspor.hall import actions as hall

    hall.arrive(ours(), told.denpasar, **told.by("petugas.denpasar"))


@ROAD.deed("2026-11-24 09:00")
def be_called(told: Telling) -> None:
    ticket = call(told)
    assert ticket.application == ours()


@ROAD.deed("2026-11-24 09:05")
def be_interviewed(told: Telling) -> None:
    interview(told, ours())


@ROAD.deed("2026-11-24 09:20")
def finish(told: Telling) -> None:
    from openpaspor.intake import actions as intake

    intake.finish(ours(), **told.by("petugas.denpasar"))


@ROAD.deed("2026-11-24 14:00")
def approve(told: Telling) -> None:
    decide(told, "adjudikator1.pusat", "approve")


@ROAD.deed("2026-11-24 14:02")
def decision_counts(told: Telling) -> None:
    """Nothing but the clock: two minutes later nobody can take it back."""


@ROAD.deed("2026-11-24 15:00")
def print_passport(told: Telling) -> None:
    print_it(told, ours(), ours().serial)


@ROAD.deed("2026-11-24 15:10")
def inspect(told: Telling) -> None:
    read_back(told, ours())


@ROAD.deed("2026-11-26 09:00")
def come_back(told: Telling) -> None:
    from openpaspor.hall import actions as hall

    hall.issue_return(ours(), **told.by("petugas.denpasar"))


@ROAD.deed("2026-11-26 09:05")
def be_called_again(told: Telling) -> None:
    call(told)


@ROAD.deed("2026-11-26 09:10")
def collect(told: Telling) -> None:
    from openpaspor.applications import dossier
    from openpaspor.issuance import actions as issuance
    from openpaspor.issuance.models import Receiver

    dossier.open_answers(
        ours(), why="collect", what="issuance:handover", office="DENPASAR", **told.seen_by("petugas.denpasar")
    )
    shown = issuance.Shown(to=Receiver.HOLDER, card_agrees=True, old_number="X1234567", signed=True)
    issuance.hand_over(ours(), shown, **told.by("petugas.denpasar"))


# --- telling ----------------------------------------------------------------------------------------------


def stories() -> dict[str, Story]:
    """Every story by its name, in the order in which they may follow each other in one installation."""
    from . import side_roads

    return {story.name: story for story in (FURNITURE, ROAD, *side_roads.STORIES)}


def states() -> dict[str, str]:
    from openpaspor.applications.models import Application

    return dict(Application.objects.order_by("pk").values_list("ref", "state"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell stories (the furniture and the road without a name) and say where every application stands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["furniture", "road"])
    parser.add_argument("--only", default="", help="deeds, comma separated")
    parser.add_argument("--since", default="", help="this deed of the first story and all after it")
    parser.add_argument("--points", action="store_true", help="also say which fault points were passed")
    asked = parser.parse_args(arguments)
    passed = watch_fault_points() if asked.points else []
    if FURNITURE.name in asked.names:
        from openpaspor.nodes import tables

        tables.bring_up_to_date()
    for place, name in enumerate(asked.names):
        story = stories()[name]
        since = story.since(asked.since) if asked.since and not place else []
        story.tell(since or [deed for deed in asked.only.split(",") if deed])
    sys.stdout.write(json.dumps({"states": states(), "passed": passed}) + "\n")
    return 0


def watch_fault_points() -> list[str]:
    """Let every fault point of this process note its name in the list that comes back."""
    from openpaspor.kit import faults

    passed: list[str] = []
    faults.watch(passed.append)
    return passed


if __name__ == "__main__":
    assert os.environ.get("OPENPASPOR_HOME"), "the road wants an installation of its own: set OPENPASPOR_HOME"
    os.environ["OPENPASPOR_DEMO"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openpaspor.nodes.settings")
    import django

    django.setup()
    sys.exit(main())
