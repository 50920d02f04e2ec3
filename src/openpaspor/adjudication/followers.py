"""What the centre does when something happened elsewhere."""

from __future__ import annotations

from openpaspor.applications import dossier
from openpaspor.applications.followers import known_here
from openpaspor.applications.models import Application
from openpaspor.facts import Fact
from openpaspor.facts.adjudication import (
    APPROVAL_WITHDRAWN,
    Decided,
    PacketSigned,
    Revoked,
    SecondOpinion,
    TakenBack,
    WithdrawalLifted,
)
from openpaspor.facts.applications import DossierSealed, Moved, StopLifted
from openpaspor.facts.intake import ExaminationDecided
from openpaspor.journey import Site, State
from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.ledger.epochs import was_given_back
from openpaspor.ledger.follow import Later, copies, reacts
from openpaspor.ledger.models import Entry

from . import actions
from .models import Case, Decision, ExaminationFinding, Packet, Status, StopByCentre, Verdict

VERDICTS = {State.APPROVED, State.REFUSED, State.DEFERRED, State.ASKED}  # where a decision leads


@copies(ExaminationDecided)
def note_examination(fact: ExaminationDecided, entry: Entry) -> None:
    """Runs before the file is received, so that the checks can read it."""
    ExaminationFinding.objects.update_or_create(
        application_ref=fact.application, defaults={"outcome": fact.outcome}
    )


@reacts(Moved, DossierSealed, StopLifted, holder=known_here)
def receive_what_is_complete(application: Application, entry: Entry) -> None:
    """Take custody of an enrolled file once every named attachment decrypts; open a new round for what came back.

    A stopped file waits, but one whose approval we withdrew ourselves has come back for that very reason.
    """
    if not node.here().holds(Site.CENTRE):
        return
    fulfilled = application.state == State.REVIEW and application.stop_order == APPROVAL_WITHDRAWN
    if application.stop_order and not fulfilled:
        return
    if application.state == State.ENROLLED:
        if not dossier.is_complete(application):
            raise Later(application.ref)
        actions.receive(
            application,
            action_id=f"receive:{application.ref}:{application.version}",
            actor="worker",
            now=max(entry.recorded_at, clock.now()),  # it came now, however long the line was cut
        )
    elif application.state == State.REVIEW and not _is_open(application):
        actions.open_again(
            application,
            action_id=f"open:{application.ref}:{application.version}",
            actor="worker",
            now=entry.recorded_at,
        )


def _is_open(application: Application) -> bool:
    return Case.objects.filter(application=application, version__gte=application.version).exists()


@copies(Moved, Decided, SecondOpinion, TakenBack, PacketSigned, Revoked, WithdrawalLifted)
def know_decision_again(fact: Fact, entry: Entry) -> None:
    """What we decided after our backup was made: else the file lies in the queue once more, and its packet cannot be withdrawn."""
    if not was_given_back(entry) or not node.here().holds(Site.CENTRE):
        return
    application = known_here(entry)
    if application is None:
        raise Later(entry.application)
    match fact:
        case Moved():
            if fact.origin == State.REVIEW and fact.target in VERDICTS:
                _counted_again(application)
        case Decided():
            _decided_again(_case_again(application, entry), fact, entry)
        case SecondOpinion():
            _agreed_again(application, fact, entry)
        case TakenBack():
            _taken_back_again(application, entry)
        case PacketSigned():
            _signed_again(application, fact, entry)
        case Revoked():
            StopByCentre.objects.get_or_create(
                application=application,
                lifted_by="",
                defaults={"packet": fact.packet, "ordered_by": entry.actor, "ordered_at": entry.recorded_at},
            )
        case WithdrawalLifted():
            stops = StopByCentre.objects.filter(application=application, lifted_by="", packet=fact.packet)
            stops.update(lifted_by=entry.actor, lifted_at=entry.recorded_at)


def _case_again(application: Application, entry: Entry) -> Case:
    """Its case; one that was opened after the backup too is opened anew, with its checks, should it still wait."""
    known = {"version": 0, "is_open": False, "received_at": entry.recorded_at}
    return Case.objects.get_or_create(application=application, defaults=known)[0]


def _live(application: Application) -> Decision | None:
    live = Decision.objects.filter(status__in=(Status.WAITS, Status.PENDING))
    return live.filter(case__application=application).first()


def _counted_again(application: Application) -> None:
    decision = _live(application)
    if decision is not None:
        decision.status = Status.EFFECTIVE
        decision.save(update_fields=["status"])
    Case.objects.filter(application=application).update(is_open=False, claimed_by="", claimed_until=None)


def _decided_again(case: Case, fact: Decided, entry: Entry) -> None:
    known = {"made_by": entry.actor, "made_at": entry.recorded_at}
    if _live(case.application) or case.decisions.filter(**known).exists():
        return
    second = actions.agreeing_earlier(case, fact.verdict, entry.actor) if fact.effective_at else ""
    Decision.objects.create(
        case=case,
        round=case.round,
        verdict=fact.verdict,
        reasons=",".join(fact.reasons),
        until=fact.until,
        status=Status.PENDING if fact.effective_at else Status.WAITS,
        second_by=second,
        second_at=entry.recorded_at if second else None,
        second_verdict=fact.verdict if second else "",
        effective_at=fact.effective_at,
        **known,
    )


def _agreed_again(application: Application, fact: SecondOpinion, entry: Entry) -> None:
    decision = _live(application)
    if decision is None or decision.made_by != fact.first or decision.status != Status.WAITS:
        return
    moment = entry.recorded_at
    decision.second_by, decision.second_at, decision.second_verdict = entry.actor, moment, fact.verdict
    decision.status = Status.PENDING if fact.agrees else Status.SPLIT
    decision.effective_at = moment + actions.undo_time(moment) if fact.agrees else None
    decision.save()


def _taken_back_again(application: Application, entry: Entry) -> None:
    decision = _live(application)
    if decision is not None and entry.recorded_at >= decision.made_at:
        actions.undo(decision, by=entry.actor)


def _signed_again(application: Application, fact: PacketSigned, entry: Entry) -> None:
    decision, _new = Decision.objects.get_or_create(
        case=_case_again(application, entry),
        made_by=fact.decided_by,
        made_at=fact.decided_at,
        defaults={
            "round": 1,
            "verdict": Verdict.APPROVE,
            "reasons": ",".join(fact.reasons),
            "status": Status.EFFECTIVE,
            "second_by": fact.second_by,
        },
    )
    signed = {
        "decision": decision,
        "version": fact.version,
        "personalisation": fact.personalisation,
        "signed_at": entry.recorded_at,
    }
    Packet.objects.get_or_create(application=application, number=fact.number, defaults=signed)
