"""Whom we tell what: each follower stores a message about what was said. They move nothing and record nothing."""

from __future__ import annotations

from openpaspor.applications.models import Application
from openpaspor.applications.rules import AGAIN
from openpaspor.facts import Fact
from openpaspor.facts.adjudication import Asked
from openpaspor.facts.applications import Moved, StopLifted, StopOrdered
from openpaspor.facts.appointments import PlaceBooked, PlaceChanged, PlaceFreed
from openpaspor.facts.intake import Enrolled, PapersOwed
from openpaspor.facts.issuance import CollectReminder, Shelved
from openpaspor.facts.notifications import OutageAnnounced
from openpaspor.facts.payments import BillOpened, Exempted, MoneyRefunded, MoneyUnmatched, Settled
from openpaspor.journey import State
from openpaspor.kit.money import rupiah
from openpaspor.ledger.follow import copies
from openpaspor.ledger.models import Entry
from openpaspor.offices import policy
from openpaspor.offices.models import Office

from .actions import tell, with_appointment

OF_MOVE = {  # moves whose message needs nothing but the reference
    "submit": "NOMOR",
    "approve": "SETUJU",
    "defer": "TUNDA",
    "revoke": "ULANG",
    "object": "KEBERATAN",
    "withdraw": "BATAL",
    "lapse_incomplete": "HABIS",
    "end_uncollected": "HANGUS",
    "collect": "DIAMBIL",
}


def _application(ref: str) -> Application | None:
    return Application.objects.select_related("office", "account").filter(ref=ref).first()


@copies(Moved)
def tell_of_move(fact: Moved, entry: Entry) -> None:
    """What a move means for the applicant."""
    application = _application(fact.application)
    if application is None:
        return
    if fact.move in OF_MOVE:
        if fact.origin != State.DRAFT or fact.move == "submit":
            tell(application, OF_MOVE[fact.move], entry)
    elif fact.move == "expire" and fact.origin != State.DRAFT:
        tell(application, "HABIS", entry)
    elif fact.move == "miss" and fact.reason != AGAIN and application.place_starts_at:
        days = policy.value("rescue_days", office=application.office_id or "", now=entry.recorded_at)
        tell(application, "TERLEWAT", entry, at=application.place_starts_at, days=days)
    elif fact.move == "spoil" and fact.origin == State.READY:
        tell(application, "RUSAK", entry)
    elif fact.move == "refuse":
        tell(application, "TOLAK", entry, days=policy.value("objection_days", now=entry.recorded_at))


@copies(PlaceBooked, PlaceChanged)
def tell_of_place(fact: PlaceBooked | PlaceChanged, entry: Entry) -> None:
    application = _application(fact.application)
    if application is None:
        return
    if isinstance(fact, PlaceChanged):
        template = "PINDAH" if fact.why == "day-closed" else "UBAH"
    else:
        template = "PILIHKAN" if fact.why == "reseated" else "JANJI"
    tell(
        application, template, entry, at=fact.starts_at, office=Office.objects.filter(pk=fact.office).first()
    )


@copies(PlaceFreed)
def tell_of_freed_place(fact: PlaceFreed, entry: Entry) -> None:
    """Not told again to somebody who gave the place up."""
    application = _application(fact.application)
    if application is None:
        return
    office = Office.objects.filter(pk=fact.office).first()
    if fact.reason == "unpaid":
        tell(application, "LEWAT", entry)
    elif fact.reason == "day-closed":
        tell(application, "TUTUP", entry, at=fact.starts_at, office=office)


@copies(BillOpened)
def tell_of_bill(fact: BillOpened, entry: Entry) -> None:
    """Once per phone, also when one bill is for a whole family."""
    for ref in fact.applications:
        application = _application(ref)
        if application:
            template = "TAGIHAN" if application.state in AFTER_THE_VISIT else "BAYAR"
            tell(
                application, template, entry, amount=rupiah(fact.amount_idr), due=fact.due_at, bill=fact.code
            )


AFTER_THE_VISIT = frozenset(
    {State.ARRIVED, State.INCOMPLETE, State.ENROLLED, State.REVIEW, State.ASKED, State.APPROVED}
)


@copies(Settled, Exempted, MoneyUnmatched, MoneyRefunded)
def tell_of_money(fact: Settled | Exempted | MoneyUnmatched | MoneyRefunded, entry: Entry) -> None:
    application = _application(fact.application) if fact.application else None
    if application is None:
        return
    if isinstance(fact, Settled):
        tell(application, "LUNAS", entry, bill=fact.bill)
    elif isinstance(fact, Exempted):
        tell(application, "BEBAS", entry)
    else:
        template = "DICATAT" if isinstance(fact, MoneyUnmatched) else "KEMBALI"
        tell(application, template, entry, amount=rupiah(fact.amount_idr))


@copies(PapersOwed, Enrolled)
def tell_of_visit(fact: PapersOwed | Enrolled, entry: Entry) -> None:
    application = _application(fact.application)
    if application is None:
        return
    if isinstance(fact, PapersOwed):
        tell(application, "KURANG", entry, papers=fact.papers, until=fact.until)
    elif fact.promised_on:
        tell(application, "FOTO", entry, until=fact.promised_on)
    else:
        tell(application, "SELESAI", entry)


@copies(Asked, StopOrdered, StopLifted)
def tell_of_question(fact: Fact, entry: Entry) -> None:
    application = _application(entry.application)
    if application is None:
        return
    if isinstance(fact, Asked):
        unreadable = fact.reasons == ("paper-unreadable",)
        tell(application, "BAIKI" if unreadable else "TANYA", entry, until=fact.until)
    elif isinstance(fact, StopLifted) and application.state == State.READY:
        tell(application, "SIAP", entry, until=application.collect_by)
    else:
        tell(application, "TAHAN" if isinstance(fact, StopOrdered) else "LANJUT", entry)


@copies(Shelved, CollectReminder)
def tell_of_passport(fact: Shelved | CollectReminder, entry: Entry) -> None:
    """Nobody is called to the office for a passport that is stopped; they are told when the stop is lifted."""
    application = _application(fact.application)
    if application and not application.stop_order:
        tell(application, "SIAP" if isinstance(fact, Shelved) else "INGAT", entry, until=fact.collect_by)


@copies(OutageAnnounced)
def tell_of_outage(fact: OutageAnnounced, entry: Entry) -> None:
    for application in with_appointment(entry.recorded_at, fact.until):
        tell(application, "PUSAT", entry, at=application.place_starts_at)
