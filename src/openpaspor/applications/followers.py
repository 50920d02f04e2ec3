"""Copies of what other nodes say of an application, and the wake-up when custody arrives."""

from __future__ import annotations

from openpaspor.facts import Fact
from openpaspor.facts.applications import (
    DossierSealed,
    Moved,
    Started,
    StopLifted,
    StopOrdered,
    Submitted,
    Told,
)
from openpaspor.facts.appointments import PlaceBooked, PlaceChanged
from openpaspor.facts.base import format_moment
from openpaspor.facts.hall import OldPassHonoured
from openpaspor.facts.ledger import DoubtDecided, NodeListed
from openpaspor.journey import WITHDRAW, Site, State
from openpaspor.ledger import conflicts, node
from openpaspor.ledger.epochs import was_given_back, wrote_it_here
from openpaspor.ledger.follow import Later, copies, reacts, run_reactions_again, unchanged
from openpaspor.ledger.models import Conflict, Entry, NodeRecord

from . import actions, dossier
from .agreement import agree, belongs_to_void, is_said_later
from .branches import OLD_PASS, fits
from .models import Application
from .replay import columns_of

GIVEN_BACK = "given-back"


def held_here(entry: Entry) -> Application | None:
    """The application an entry speaks of, fresh from the database, when this node holds it. For `@reacts`."""
    application = known_here(entry)
    return application if application and application.is_held_here(entry.recorded_at) else None


def known_here(entry: Entry) -> Application | None:
    """The application an entry speaks of, whoever holds it, as it is in the database."""
    rows, ref = unchanged(), entry.application
    if (Application, ref) not in rows:
        rows[Application, ref] = Application.objects.filter(ref=ref).first()
    return rows[Application, ref]  # type: ignore[no-any-return]


@copies(Started)
def copy_started(fact: Started, entry: Entry) -> None:
    moment = entry.recorded_at
    defaults = {**columns_of(fact), "started_at": moment, "state_since": moment, "touched_at": moment}
    Application.objects.get_or_create(ref=fact.application, defaults=defaults)


@copies(Submitted, Told, StopOrdered, StopLifted)
def copy_told(fact: Fact, entry: Entry) -> None:
    if wrote_it_here(entry):
        return
    if isinstance(fact, Told) and belongs_to_void(entry):
        agree(Application.objects.select_for_update().get(ref=entry.application))
        return
    counted = is_said_later(entry, fact)
    columns = {name: value for name, value in columns_of(fact).items() if name not in counted}
    if isinstance(fact, Submitted):
        columns["submitted_at"] = entry.recorded_at
    if columns and not Application.objects.filter(ref=entry.application).update(**columns):
        raise Later(entry.application)


@copies(Moved)
def copy_moved(fact: Moved, entry: Entry) -> None:
    """Version n+1 waits for n without limit; where two nodes moved it, every node chooses alike (`branches`)."""
    application = Application.objects.select_for_update().filter(ref=fact.application).first()
    if application is None:
        raise Later(fact.application)
    if fact.version == application.version + 1 and fits(
        fact, state=application.state, term=application.term if application.version else 0
    ):
        Application.objects.filter(pk=application.pk).update(
            **columns_of(fact), state_since=entry.recorded_at
        )
    elif not _is_alone(fact, entry, application):
        verdict = agree(application)
        if entry.pk not in verdict.void and all(one.entry != entry.pk for one in verdict.standing):
            raise Later(fact.application)


def _is_alone(fact: Moved, entry: Entry, application: Application) -> bool:
    """True for a move that was counted before and that nobody contests. Raises Later for one far ahead."""
    moves = Entry.objects.filter(kind=Moved.name, application=fact.application).exclude(pk=entry.pk)
    if fact.version > application.version + 1 and not moves.filter(void=True).exists():
        raise Later(fact.application)
    return fact.version <= application.version and not moves.filter(version=fact.version).exists()


@copies(OldPassHonoured)
def list_old_pass(fact: OldPassHonoured, entry: Entry) -> None:
    """On every node a person sees the visit beside the change, whose place is still taken."""
    conflicts.note(
        entry,
        OLD_PASS,
        other=_who_gave(fact.newer_pass, fact.application),
        version=fact.newer_pass,
        place=format_moment(fact.place_starts_at),
        office=fact.place_office,
    )


def _who_gave(pass_number: int, ref: str) -> Entry | None:
    """The entry that gave an application a pass of this number."""
    given = Entry.objects.standing().of(ref).filter(kind__in=(PlaceChanged.name, PlaceBooked.name))
    return next((one for one in given if one.values["pass_number"] == pass_number), None)


@copies(Moved)
def list_given_back(fact: Moved, entry: Entry) -> None:
    """An office that was put back has only the words of what it did since, without ticket, case or booklet: a person looks."""
    if node.here().role != "office" or not was_given_back(entry):
        return
    listed = Conflict.objects.filter(code=GIVEN_BACK, application=fact.application, seen_at=None)
    if not listed.exclude(entry=entry).exists():
        conflicts.note(entry, GIVEN_BACK, version=fact.version)


@copies(DossierSealed)
def copy_dossier(fact: DossierSealed, entry: Entry) -> None:
    """Waits for the document's bytes, which travel beside the log; but not for those of a version that is past."""
    if wrote_it_here(entry) or not fact.is_for(node.here().name):
        return
    application = Application.objects.filter(ref=fact.application).first()
    if application is None:
        raise Later(fact.application)
    if not _is_past(fact, entry):
        dossier.take_in(application, fact, now=entry.recorded_at)


def _is_past(fact: DossierSealed, entry: Entry) -> bool:
    """Whether we were given a later dossier: of a later version, or of this one if the bytes of this one are not here."""
    others = (
        Entry.objects.standing().filter(kind=entry.kind, application=entry.application).exclude(pk=entry.pk)
    )
    for other in others:
        said = other.read()
        if isinstance(said, DossierSealed) and said.is_for(node.here().name):
            is_next = said.version == fact.version and (other.position or 0) > (entry.position or 0)
            if said.version > fact.version or (is_next and not node.here().store.has(fact.document)):
                return True
    return False


@reacts(Moved, holder=held_here)
def wake_after_hand_over(application: Application, entry: Entry) -> None:
    """An application came into our hands from another node: what was said before custody came counts now."""
    if entry.node != node.here().name:
        run_reactions_again(application.ref, but="applications.wake_after_hand_over")


def withdrawn_after_all(entry: Entry) -> Application | None:
    """The application we hold of which somebody has said that its withdrawal, which another node's move overtook, is right."""
    fact = entry.read()
    if not isinstance(fact, DoubtDecided) or fact.picked != "entry":
        return None
    barred = Entry.objects.filter(
        node=fact.node, epoch=fact.epoch, seq=fact.seq, kind=Moved.name, void=True
    ).first()
    return held_here(entry) if barred and barred.values["move"] == WITHDRAW.name else None


@reacts(DoubtDecided, holder=withdrawn_after_all)
def withdraw_after_all(application: Application, entry: Entry) -> None:
    """What the applicant had said is done from where the application stands now."""
    if application.state in WITHDRAW.origins:
        action_id = entry.action_id_for("applications.withdraw_after_all")
        actions.withdraw(application, action_id=action_id, actor=entry.actor, now=entry.recorded_at)


WORKED_ON = {
    "portal": (State.BOOKED, State.MISSED),
    "centre": (State.ENROLLED, State.REVIEW, State.ASKED, State.APPROVED, State.PRINTED, State.READY),
}


def newcomer(entry: Entry) -> NodeRecord | None:
    """The office node that was listed, unless we are an office, or its keys are those of its earlier epoch."""
    fact = entry.read()
    assert isinstance(fact, NodeListed)
    if fact.role != "office" or node.here().role == "office":
        return None
    known = NodeRecord.objects.filter(node=fact.node, box_public=fact.box_public)
    if known.filter(epoch__lt=fact.epoch).exists():
        return None
    return known.filter(epoch=fact.epoch).first()


@reacts(NodeListed, holder=newcomer)
def let_newcomer_read(office: NodeRecord, entry: Entry) -> None:
    """An office got a box of its own, or a new one without the old keys: let it read what its office works on."""
    us = node.here()
    states = WORKED_ON.get(us.role) or sum(WORKED_ON.values(), ())
    theirs = Application.objects.filter(office__in=office.offices, state__in=states, keys__node=us.name)
    for application in theirs.filter(dossier__isnull=False).order_by("pk"):
        dossier.send(application, Site.OFFICE, actor="worker", now=entry.recorded_at)
