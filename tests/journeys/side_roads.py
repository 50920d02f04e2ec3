"""Stories beside the straight road, told after it in the same installation: what else befalls applications.

counter   a walk-in owes a paper, brings it, and need not pay
centre    the same case is asked about, refused by two, objected to, approved, called back and approved again
money     one is paid and nobody tells us until the bank's file comes
places    a hold lapses, money is mistyped, a visit is moved by its owner and by us, missed, rescued, given up
press     the case of `centre` is printed, written off, printed again in a printer that jams, and nobody fetches it
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from . import road
from .road import Story, Telling, answers_of, began_with, call, cleaned_picture, decide, interview, slot_at

if TYPE_CHECKING:
    from openpaspor.applications.models import Application

WEDNESDAY, THURSDAY, FRIDAY = date(2026, 12, 2), date(2026, 12, 3), date(2026, 12, 4)
NEXT_MONDAY, NEXT_TUESDAY = date(2026, 11, 30), date(2026, 12, 1)
OFFICER, HEAD, PRINTER = "petugas.denpasar", "kepala.denpasar", "cetak.denpasar"


# --- a walk-in --------------------------------------------------------------------------------------------

COUNTER = Story("counter")


def walk_in_case() -> Application:
    return began_with("counter:write_up:start")


@COUNTER.deed("2026-11-25 08:10")
def take_number(told: Telling) -> None:
    from openpaspor.hall import actions as hall

    hall.issue_walk_in(told.denpasar, **told.by(OFFICER))


@COUNTER.deed("2026-11-25 08:15")
def be_called(told: Telling) -> None:
    call(told)


@COUNTER.deed("2026-11-25 08:20")
def write_up(told: Telling) -> None:
    from openpaspor.hall.models import Ticket
    from openpaspor.intake import actions as intake

    answers = answers_of("Ni Made Ayu Lestari", "5171015203950004", date(1995, 3, 12), sex="F")
    label = Ticket.objects.get(series="B").label
    visitor = intake.Visitor(kind="adult-new", answers=answers, ticket=label)
    intake.walk_in(visitor, told.denpasar, **told.by(OFFICER))


@COUNTER.deed("2026-11-25 08:30")
def owe_a_paper(told: Telling) -> None:
    from openpaspor.intake import actions as intake

    intake.owe(walk_in_case(), ["birth"], **told.by(OFFICER))


@COUNTER.deed("2026-11-26 08:10")
def bring_it(told: Telling) -> None:
    from openpaspor.hall import actions as hall

    hall.issue_return(walk_in_case(), **told.by(OFFICER))


@COUNTER.deed("2026-11-26 08:15")
def be_called_again(told: Telling) -> None:
    call(told)


@COUNTER.deed("2026-11-26 08:20")
def be_interviewed(told: Telling) -> None:
    interview(told, walk_in_case())


@COUNTER.deed("2026-11-26 08:40")
def finish(told: Telling) -> None:
    from openpaspor.intake import actions as intake

    intake.finish(walk_in_case(), **told.by(OFFICER))


@COUNTER.deed("2026-11-26 08:50")
def be_exempt(told: Telling) -> None:
    """A scholarship: one proposes, another decides."""
    from openpaspor.payments import actions as payments

    wish = payments.propose_exemption(walk_in_case(), "scholarship", **told.by(OFFICER, "ask"))
    payments.decide_exemption(wish, granted=True, **told.by(HEAD, "decide"))


# --- back and forth at the centre -------------------------------------------------------------------------

CENTRE = Story("centre")


@CENTRE.deed("2026-11-26 10:00")
def ask(told: Telling) -> None:
    decide(told, "adjudikator1.pusat", "ask", "paper-unreadable")


@CENTRE.deed("2026-11-26 10:02")
def answer(told: Telling) -> None:
    from openpaspor.adjudication import actions as centre

    centre.answer(walk_in_case(), "Ini lebih jelas.", cleaned_picture(90), **told.by(OFFICER))


@CENTRE.deed("2026-11-26 10:10")
def refuse(told: Telling) -> None:
    decide(told, "adjudikator1.pusat", "refuse", "identity-not-proven")


@CENTRE.deed("2026-11-26 10:20")
def agree(told: Telling) -> None:
    decide(told, "adjudikator2.pusat", "refuse", "identity-not-proven")


@CENTRE.deed("2026-11-26 10:22")
def object_to_it(told: Telling) -> None:
    from openpaspor.adjudication import actions as centre

    centre.object_to_refusal(walk_in_case(), "Saya orangnya.", **told.by(OFFICER))


@CENTRE.deed("2026-11-26 10:30")
def approve(told: Telling) -> None:
    decide(told, "adjudikator3.pusat", "approve")


@CENTRE.deed("2026-11-26 10:32")
def call_back(told: Telling) -> None:
    from openpaspor.adjudication import actions as centre

    centre.revoke(walk_in_case(), **told.by("adjudikator2.pusat"))


@CENTRE.deed("2026-11-26 10:40")
def approve_again(told: Telling) -> None:
    decide(told, "adjudikator1.pusat", "approve")


@CENTRE.deed("2026-11-26 10:42")
def decision_counts(told: Telling) -> None:
    """Nothing but the clock."""


# --- money that only the bank's file tells of ---------------------------------------------------------------

MONEY = Story("money")


def apply_at_home(told: Telling, name: str, nik: str, born: date) -> None:
    """The quick version: a first passport, papers and all, sent."""
    from openpaspor.applications import actions as desk
    from openpaspor.applications.papers import needed

    me = {"actor": road.account().code, "now": told.now}
    application = desk.start_application(
        "adult-new", action_id=told.id("start"), account=road.account(),
        answers=answers_of(name, nik, born), booklet="regular", years=5, **me,
    )  # fmt: skip
    for paper in needed("adult-new"):
        desk.keep_paper(application, paper.code, cleaned_picture(), action_id=told.id(paper.code), **me)
    desk.declare(application, action_id=told.id("send"), **me)


def unheard() -> Application:
    return began_with("money:apply:start")


@MONEY.deed("2026-11-27 08:00")
def apply(told: Telling) -> None:
    apply_at_home(told, "Budi Santoso", "5171012001880005", date(1988, 1, 20))


@MONEY.deed("2026-11-27 08:10")
def choose(told: Telling) -> None:
    road.hold(told, unheard(), NEXT_MONDAY, 9)


@MONEY.deed("2026-11-27 08:20")
def pay_unheard(told: Telling) -> None:
    road.pay(told, unheard().bill_code, "never")


@MONEY.deed("2026-11-27 08:30")
def read_the_file(told: Telling) -> None:
    from openpaspor.payments import actions as payments
    from openpaspor.payments import gateways
    from openpaspor.payments.gateways.demo import bank

    statement = gateways.find("demo").read_statement("demo.csv", bank.statement().encode())
    payments.read_settlement(statement, **told.seen_by("kas.pusat"))


# --- places -----------------------------------------------------------------------------------------------

PLACES = Story("places")


def wanderer() -> Application:
    return began_with("places:apply:start")


def _applicant(told: Telling, what: str = "") -> dict[str, object]:
    return {"action_id": told.id(what), "actor": road.account().code, "now": told.now}


@PLACES.deed("2026-11-27 09:00")
def apply(told: Telling) -> None:  # noqa: F811 - each story has its own
    apply_at_home(told, "Siti Aminah", "5171014507920006", date(1992, 7, 5))


@PLACES.deed("2026-11-27 09:10")
def choose(told: Telling) -> None:  # noqa: F811
    road.hold(told, wanderer(), NEXT_MONDAY, 10)


@PLACES.deed("2026-11-27 11:15")
def let_it_lapse(told: Telling) -> None:
    """Nothing is paid for two hours."""


@PLACES.deed("2026-11-27 11:20")
def choose_again(told: Telling) -> None:
    road.hold(told, wanderer(), NEXT_MONDAY, 10)


@PLACES.deed("2026-11-27 11:30")
def mistype(told: Telling) -> None:
    road.pay(told, "820261127999999", amount=wanderer().bill_amount_idr)


@PLACES.deed("2026-11-27 11:40")
def find_the_money(told: Telling) -> None:
    from openpaspor.payments import actions as payments
    from openpaspor.payments.models import Bill, Receipt

    receipt = Receipt.objects.get(code="820261127999999")
    bill = Bill.objects.get(code=wanderer().bill_code)
    payments.place_money([receipt], bill, **told.by("kas.pusat"))


@PLACES.deed("2026-11-27 12:00")
def move(told: Telling) -> None:
    from openpaspor.appointments import actions as appointments

    slot = slot_at(NEXT_TUESDAY, 10, "regular")
    appointments.change_place(wanderer(), slot, **_applicant(told))


@PLACES.deed("2026-11-27 13:00")
def widen(told: Telling) -> None:
    from openpaspor.appointments import calendar_actions

    calendar_actions.set_pot(told.denpasar, WEDNESDAY, "online", "regular", 30, **told.by(HEAD))


@PLACES.deed("2026-11-27 13:10")
def close_a_day(told: Telling) -> None:
    from openpaspor.appointments import calendar_actions

    calendar_actions.close_day(told.denpasar, NEXT_TUESDAY, "training", **told.by(HEAD))


@PLACES.deed("2026-12-02 16:00")
def end_the_day(told: Telling) -> None:
    """Nobody came."""
    from openpaspor.hall import actions as hall

    hall.end_day(told.denpasar, **told.by(HEAD))


@PLACES.deed("2026-12-03 08:00")
def rescue(told: Telling) -> None:
    from openpaspor.appointments import actions as appointments

    slot = slot_at(FRIDAY, 10, "regular", "rescue")
    appointments.rescue(wanderer(), slot, **_applicant(told))


@PLACES.deed("2026-12-03 09:00")
def give_up(told: Telling) -> None:
    from openpaspor.applications import actions as desk

    desk.withdraw(wanderer(), **_applicant(told))


# --- the print room ---------------------------------------------------------------------------------------

PRESS = Story("press")


@PRESS.deed("2026-12-03 10:00")
def print_it(told: Telling) -> None:
    from openpaspor.issuance.models import Booklet

    first = Booklet.objects.filter(job__application=walk_in_case()).order_by("pk").first()
    road.print_it(told, walk_in_case(), first.serial if first else walk_in_case().serial)


@PRESS.deed("2026-12-03 10:10")
def write_off(told: Telling) -> None:
    """The chip does not answer: two people say so, and the file gets another booklet."""
    from openpaspor.issuance import actions as issuance
    from openpaspor.issuance.models import Booklet

    booklet = Booklet.objects.filter(job__application=walk_in_case()).order_by("pk")[0]
    wish = issuance.propose_spoil(booklet, "chip", **told.by(PRINTER, "ask"))
    issuance.decide_spoil(wish, agreed=True, **told.by("cetak2.denpasar", "agree"))


@PRESS.deed("2026-12-03 10:20")
def jam(told: Telling) -> None:
    """The printer takes the next page and is not heard of again."""
    from django.test import override_settings

    from openpaspor.issuance import actions as issuance

    serial = walk_in_case().serial
    with override_settings(PASSPORT_PRINTER="tests.journeys.jammed_printer"), suppress(issuance.PrintUnknown):
        issuance.print_booklet(walk_in_case(), serial, **told.by(PRINTER, "print"))


@PRESS.deed("2026-12-03 10:25")
def look_into_the_printer(told: Telling) -> None:
    """The page is there, as the printer's own journal says."""
    from openpaspor.issuance.models import PrintJob

    job = PrintJob.objects.filter(application=walk_in_case()).order_by("pk").last()
    assert job is not None
    road.look_at_the_booklet(told, job)


@PRESS.deed("2026-12-03 10:30")
def inspect(told: Telling) -> None:
    road.read_back(told, walk_in_case())


@PRESS.deed("2027-01-11 09:00")
def nobody_comes(told: Telling) -> None:
    """More than thirty days on the shelf."""


STORIES = [COUNTER, CENTRE, MONEY, PLACES, PRESS]
