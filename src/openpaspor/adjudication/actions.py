"""The deeds of the centre: receive, check, decide by one or two people, ask, and take back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.applications import dossier
from openpaspor.applications.actions import MoveRefused, lift_stop, move, order_stop, tell
from openpaspor.applications.models import Application
from openpaspor.applications.personalisation import personalisation_of, years_valid
from openpaspor.facts.adjudication import (
    APPROVAL_WITHDRAWN,
    Answered,
    Asked,
    CaseSkipped,
    CaseTaken,
    Checked,
    Decided,
    Objected,
    PacketSigned,
    Revoked,
    SecondOpinion,
    TakenBack,
    WatchListed,
    WithdrawalLifted,
)
from openpaspor.journey import Site, State
from openpaspor.kit import names
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import policy

from . import checks, rules
from .models import (
    CLAIM,
    Case,
    Check,
    Decision,
    OldPassport,
    Packet,
    Skip,
    SkipReason,
    Status,
    StopByCentre,
    Verdict,
    WatchListEntry,
)

CENTRE_ZONE = ZoneInfo("Asia/Jakarta")  # where the centre counts its days
OBJECTION = "objection"


class NotYours(Refused):
    code = "not-your-case"
    message = _("This case is not on your table. Take the next one from the queue.")


class NothingWaits(Refused):
    code = "nothing-waits"
    message = _("No case waits for you now.")


class ReasonsWrong(Refused):
    code = "reasons-wrong"
    message = _("Choose at least one reason that belongs to this decision.")
    status = 422


class DeferralWrong(Refused):
    code = "deferral-wrong"
    message = _("A deferral lasts from 6 to 24 months.")
    status = 422


class TooLate(Refused):
    code = "too-late"
    message = _("This decision is in effect. It can no longer be taken back.")


class NotYourDecision(Refused):
    code = "not-your-decision"
    message = _("Only who decided can take it back.")


class AnswerTooLate(Refused):
    code = "answer-too-late"
    message = _("The time to answer is over. You can start a new application.")


class AnswerEmpty(Refused):
    code = "answer-empty"
    message = _("Write an answer or add a photo.")
    status = 422


class ObjectionTooLate(Refused):
    code = "objection-too-late"
    message = _("The time to object is over. You can start a new application.")


class NothingToStop(Refused):
    code = "nothing-to-stop"
    message = _("There is no approval here that could be withdrawn.")


class SamePerson(Refused):
    code = "same-person"
    message = _("You ordered this stop. Another person must lift it.")


# Receiving


@transaction.atomic
def receive(application: Application, *, action_id: str, actor: str, now: datetime) -> Case:
    """Take a complete file into the centre's hands and run the checks over it."""
    with once(action_id, application.ref) as seen:
        if seen:
            return Case.objects.get(pk=seen.answer)
        move(application, journey.RECEIVE, actor=actor, now=now)
        fault("adjudication.after_receive")
        return seen.remember(open_round(application, actor=actor, now=now))


@transaction.atomic
def open_again(application: Application, *, action_id: str, actor: str, now: datetime) -> Case:
    """A new round for a file that came back to review: an objection, or an approval withdrawn.

    A withdrawal has done its work then; its stop is lifted.
    """
    with once(action_id, application.ref) as seen:
        if seen:
            return Case.objects.get(pk=seen.answer)
        stop = StopByCentre.objects.select_for_update().filter(application=application, lifted_by="").first()
        if stop is not None:
            _end_withdrawal(stop, application, actor=actor, now=now)
        return seen.remember(open_round(application, actor=actor, now=now))


def open_round(application: Application, *, actor: str, now: datetime) -> Case:
    """Open the case for the present version of the application, once. Checks are run anew each time."""
    case = Case.objects.select_for_update().filter(application=application).first()
    if case is not None and case.version >= application.version:
        return case
    answers = dossier.open_answers(application, actor="worker", why="checks", now=now)
    opened = {
        "version": application.version,
        "is_open": True,
        "objection": application.reason == OBJECTION,
        "received_at": now,
        "promised_on": application.promised_on,
        "travel_on": answers.travel_on,
        "claimed_by": "",
        "claimed_until": None,
    }
    if case is None:
        case = Case.objects.create(application=application, **opened)
    else:
        Case.objects.filter(pk=case.pk).update(round=case.round + 1, **opened)
        case.refresh_from_db()
    _remember_old_passport(application, answers.old_number)
    results = checks.run(application, answers)
    Check.objects.filter(case=case).delete()
    Check.objects.bulk_create(
        Check(
            case=case,
            code=row.code,
            result=row.result,
            detail=row.detail,
            others=",".join(row.others),
            at=now,
        )
        for row in results
    )
    said = tuple(f"{row.code}={row.result}" for row in results)
    record(Checked(application=application.ref, results=said), actor=actor, now=now)
    return case


def _remember_old_passport(application: Application, number: str) -> None:
    key = checks.number_key(number)
    if key:
        OldPassport.objects.update_or_create(application=application, defaults={"number_key": key})
    else:
        OldPassport.objects.filter(application=application).delete()


# The queue


@transaction.atomic
def take(*, action_id: str, actor: str, now: datetime) -> Case:
    """The next case for this adjudicator; the one on their table if there is one. Raises NothingWaits.

    Each claim is one conditional UPDATE, so two people never get the same case.
    """
    with once(action_id, actor) as seen:
        if seen:
            return Case.objects.get(pk=seen.answer)
        mine = Case.objects.claimed_by_now(actor, now=now).select_related("application").first()
        if mine is not None:
            return seen.remember(mine)
        for case in Case.objects.free_for(actor, now=now).select_related("application")[:50]:
            if _claim(case, actor, now):
                record(CaseTaken(application=case.application.ref), actor=actor, now=now)
                return seen.remember(case)
        raise NothingWaits()


def _claim(case: Case, actor: str, now: datetime) -> bool:
    free = Q(claimed_by="") | Q(claimed_until__lte=now) | Q(claimed_by=actor)
    claimed = Case.objects.filter(free, pk=case.pk, is_open=True).update(
        claimed_by=actor, claimed_until=now + CLAIM
    )
    if claimed:
        case.claimed_by, case.claimed_until = actor, now + CLAIM
    return bool(claimed)


def _release(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(claimed_by="", claimed_until=None)
    case.claimed_by, case.claimed_until = "", None


@transaction.atomic
def skip(case: Case, reason: str, *, action_id: str, actor: str, now: datetime) -> Skip:
    """Give the case back to the queue, with a reason."""
    with once(action_id, case.pk, reason) as seen:
        if seen:
            return Skip.objects.get(pk=seen.answer)
        _insist_on_table(case, actor, now)
        row = Skip.objects.create(case=case, by=actor, reason=SkipReason(reason), at=now)
        _release(case)
        record(CaseSkipped(application=case.application.ref, reason=reason), actor=actor, now=now)
        return seen.remember(row)


def _insist_on_table(case: Case, actor: str, now: datetime) -> None:
    """Lock application and case; NotYours unless this adjudicator holds the claim on a case that waits."""
    Application.objects.select_for_update().get(pk=case.application_id)
    case.application.refresh_from_db()
    Case.objects.select_for_update().get(pk=case.pk)
    case.refresh_from_db()
    if not Case.objects.claimed_by_now(actor, now=now).filter(pk=case.pk).exists():
        raise NotYours()
    if case.application.state != State.REVIEW:
        raise MoveRefused(state=case.application.state)


# Deciding


@transaction.atomic
def decide(
    case: Case,
    verdict: str,
    reasons: Sequence[str] = (),
    *,
    action_id: str,
    actor: str,
    now: datetime,
    until: date | None = None,
) -> Decision:
    """Decide the case on the table. It counts from `effective_at`, and can be taken back until then.

    A refusal waits for a second, different adjudicator; if the two disagree, a third decides.
    """
    with once(action_id, case.pk, verdict, list(reasons), until.isoformat() if until else "") as seen:
        if seen:
            return Decision.objects.get(pk=seen.answer)
        _insist_on_table(case, actor, now)
        _insist_reasons(verdict, reasons, until, now)
        waiting = Decision.objects.select_for_update().filter(case=case, status=Status.WAITS).first()
        if waiting is not None:
            decision = _give_second_opinion(waiting, verdict, reasons, actor=actor, now=now)
        else:
            decision = _decide_first(case, verdict, reasons, until, actor=actor, now=now)
        fault("adjudication.after_decision")
        _release(case)
        return seen.remember(decision)


def _insist_reasons(verdict: str, reasons: Sequence[str], until: date | None, now: datetime) -> None:
    if not rules.reasons_fit(verdict, reasons):
        raise ReasonsWrong()
    if verdict == Verdict.DEFER and (until is None or not rules.deferral_fits(today(now), until)):
        raise DeferralWrong()


def _decide_first(
    case: Case, verdict: str, reasons: Sequence[str], until: date | None, *, actor: str, now: datetime
) -> Decision:
    details = Check.objects.filter(case=case).values_list("detail", flat=True)
    second = agreeing_earlier(case, verdict, actor)
    waits = not second and rules.needs_second(verdict, details)
    decision = Decision.objects.create(
        case=case,
        round=case.round,
        verdict=Verdict(verdict),
        reasons=",".join(reasons),
        until=until,
        status=Status.WAITS if waits else Status.PENDING,
        made_by=actor,
        made_at=now,
        second_by=second,
        second_at=now if second else None,
        second_verdict=verdict if second else "",
        effective_at=None if waits else now + undo_time(now),
    )
    _say_decided(decision, actor=actor, now=now)
    return decision


def agreeing_earlier(case: Case, verdict: str, actor: str) -> str:
    """When two people disagreed, the third decides; whoever of the two said the same is the second person."""
    split = Decision.objects.filter(case=case, round=case.round, status=Status.SPLIT).order_by("-pk").first()
    if split is None:
        return ""
    if split.verdict == verdict:
        return split.made_by
    return split.second_by if split.second_verdict == verdict else ""


def _give_second_opinion(
    waiting: Decision, verdict: str, reasons: Sequence[str], *, actor: str, now: datetime
) -> Decision:
    """The second person saw the facts, not the first opinion. Agreement starts the clock; a split goes to a third."""
    if waiting.made_by == actor:
        raise NotYours()
    agrees = waiting.verdict == verdict
    waiting.second_by, waiting.second_at, waiting.second_verdict = actor, now, Verdict(verdict)
    waiting.status = Status.PENDING if agrees else Status.SPLIT
    if agrees:
        waiting.effective_at = now + undo_time(now)
        waiting.reasons = ",".join(dict.fromkeys([*_codes(waiting.reasons), *reasons]))
    waiting.save()
    record(
        SecondOpinion(
            application=waiting.case.application.ref, verdict=verdict, agrees=agrees, first=waiting.made_by
        ),
        actor=actor,
        now=now,
    )
    return waiting


def _say_decided(decision: Decision, *, actor: str, now: datetime) -> None:
    record(
        Decided(
            application=decision.case.application.ref,
            verdict=decision.verdict,
            reasons=_codes(decision.reasons),
            effective_at=decision.effective_at,
            until=decision.until,
        ),
        actor=actor,
        now=now,
    )


def _codes(column: str) -> tuple[str, ...]:
    return tuple(code for code in column.split(",") if code)


def undo_time(now: datetime) -> timedelta:
    """How long a decision can be taken back."""
    return timedelta(seconds=policy.value("undo_seconds", now=now))


def today(now: datetime) -> date:
    """The day it is at the centre."""
    return now.astimezone(CENTRE_ZONE).date()


@transaction.atomic
def take_back(decision: Decision, *, action_id: str, actor: str, now: datetime) -> Decision:
    """Undo one's own decision before it counts. The case comes back to one's table.

    A second person takes back only the agreement: the first opinion goes on waiting for somebody.
    """
    with once(action_id, decision.pk) as seen:
        if seen:
            return Decision.objects.get(pk=seen.answer)
        case = decision.case
        Application.objects.select_for_update().get(pk=case.application_id)
        decision = Decision.objects.select_for_update().get(pk=decision.pk)
        agreed_later = decision.second_at is not None and decision.second_at > decision.made_at
        if actor != decision.made_by and not (agreed_later and actor == decision.second_by):
            raise NotYourDecision()
        moment = decision.effective_at
        in_time = decision.status == Status.PENDING and moment is not None and now < moment
        if decision.status != Status.WAITS and not in_time:
            raise TooLate()
        record(TakenBack(application=case.application.ref, verdict=decision.verdict), actor=actor, now=now)
        undo(decision, by=actor)
        _claim(case, actor, now)
        return seen.remember(decision)


def undo(decision: Decision, *, by: str) -> None:
    """The first opinion ends the decision; the second person's own ends the agreement alone."""
    if by != decision.made_by:
        decision.second_by, decision.second_at, decision.second_verdict = "", None, ""
        decision.status, decision.effective_at = Status.WAITS, None
    else:
        decision.status = Status.TAKEN_BACK
    decision.save()


@transaction.atomic
def take_effect(decision: Decision, *, now: datetime) -> Decision:
    """The time to take it back is over: move the application and tell it why."""
    moment = decision.effective_at.isoformat() if decision.effective_at else ""
    with once(f"decision-counts:{decision.pk}:{moment}", decision.pk) as seen:
        if seen:
            return decision
        application = decision.case.application
        counted = Decision.objects.filter(
            pk=decision.pk, status=Status.PENDING, effective_at__lte=now
        ).update(status=Status.EFFECTIVE)
        if not counted:
            raise TooLate()
        decision.status = Status.EFFECTIVE
        codes = _codes(decision.reasons)
        arrow = {
            Verdict.APPROVE: journey.APPROVE,
            Verdict.REFUSE: journey.REFUSE,
            Verdict.DEFER: journey.DEFER,
            Verdict.ASK: journey.ASK,
        }[Verdict(decision.verdict)]
        move(application, arrow, actor=decision.made_by, now=now, reason=codes[0] if codes else "")
        fault("adjudication.after_effect_move")
        _tell_effect(decision, codes, now)
        if decision.verdict == Verdict.APPROVE:
            _sign_packet(decision, application, actor=decision.made_by, now=now)
            fault("adjudication.after_packet")
        Case.objects.filter(pk=decision.case_id).update(is_open=False, claimed_by="", claimed_until=None)
        seen.remember(decision)
        return decision


def _tell_effect(decision: Decision, codes: tuple[str, ...], now: datetime) -> None:
    application, actor = decision.case.application, decision.made_by
    if decision.verdict != Verdict.ASK:
        tell(
            application,
            actor=actor,
            now=now,
            decided_at=now,
            decision_reasons=",".join(codes),
            asked="",
            owed_until=decision.until,
        )
        return
    days = policy.value("ask_days", office=application.office_id or "", now=now)
    until = _local_day(application, now) + timedelta(days=days)
    tell(application, actor=actor, now=now, asked=",".join(codes), owed_until=until)
    record(Asked(application=application.ref, reasons=codes, until=until), actor=actor, now=now)


# Approval packets


class NothingApproved(Refused):
    code = "nothing-approved"
    message = _("There is no approval here for which a packet could be signed.")


def _sign_packet(decision: Decision, application: Application, *, actor: str, now: datetime) -> Packet:
    """Say `adjudication.packet_signed` for the application as it is; the sealer's signature makes it a packet.

    What was approved stands: a further packet of the same decision carries the same personalisation, whatever the file
    says meanwhile.
    """
    signed = Packet.objects.filter(application=application).order_by("number")
    same, last = signed.filter(decision=decision).last(), signed.last()
    if same is not None:
        personalisation = same.personalisation
    else:
        answers = dossier.open_answers(application, actor="worker", why="packet", now=now)
        personalisation = personalisation_of(application, answers).token()
    packet = Packet.objects.create(
        application=application,
        decision=decision,
        number=last.number + 1 if last else 1,
        version=application.version,
        personalisation=personalisation,
        signed_at=now,
    )
    record(
        PacketSigned(
            application=application.ref,
            number=packet.number,
            version=packet.version,
            office=application.office_id or "",
            booklet=str(application.booklet),
            years=years_valid(application.kind, application.years),
            personalisation=personalisation,
            decided_by=decision.made_by,
            decided_at=decision.made_at,
            reasons=_codes(decision.reasons),
            second_by=decision.second_by,
        ),
        actor=actor,
        now=now,
    )
    return packet


@transaction.atomic
def sign_again(application: Application, *, action_id: str, now: datetime) -> Packet:
    """A packet for an approved file that has none at its version: a booklet was spoiled, or packets came later than it.

    Raises NothingApproved when it is not approved any more, is stopped, or was not decided here.
    """
    with once(action_id, application.ref) as seen:
        if seen:
            return Packet.objects.get(pk=seen.answer)
        Application.objects.select_for_update().get(pk=application.pk)
        application.refresh_from_db()
        counts = Decision.objects.filter(verdict=Verdict.APPROVE, status=Status.EFFECTIVE)
        decision = counts.filter(case__application=application).order_by("pk").last()
        withdrawn = StopByCentre.objects.filter(application=application, lifted_by="").exists()
        if application.state != State.APPROVED or application.stop_order or withdrawn or decision is None:
            raise NothingApproved()
        return seen.remember(_sign_packet(decision, application, actor="worker", now=now))


def _local_day(application: Application, now: datetime) -> date:
    return application.office.local(now).date() if application.office else today(now)


# What the applicant does


@transaction.atomic
def answer(
    application: Application, text: str, picture: bytes = b"", *, action_id: str, actor: str, now: datetime
) -> Application:
    """The applicant answers what the centre asked: words, a (cleaned) picture, or both. Then it is received again."""
    with once(action_id, application.ref) as seen:
        if seen:
            application.refresh_from_db()
            return application
        if not text.strip() and not picture:
            raise AnswerEmpty()
        Application.objects.select_for_update().get(pk=application.pk)
        application.refresh_from_db()
        if application.owed_until and _local_day(application, now) > application.owed_until:
            raise AnswerTooLate()
        asked_at = application.version
        move(application, journey.ANSWER, actor=actor, now=now)
        fault("adjudication.after_answer_move")
        _keep_words(application, f"answer-{asked_at}", text, now)
        if picture:
            dossier.attach(application, "answer", picture, content_type="image/jpeg", now=now)
        tell(application, actor=actor, now=now, asked="", owed_until=None)
        dossier.send(application, Site.CENTRE, actor=actor, now=now)
        record(Answered(application=application.ref), actor=actor, now=now)
        return seen.remember(application)


def _keep_words(application: Application, code: str, text: str, now: datetime) -> None:
    if text.strip():
        answers = dossier.open_answers(application, actor="worker", why="answer", now=now)
        said = {**answers.interview, code: text.strip()[: rules.TEXT_LENGTH]}
        dossier.write_answers(application, replace(answers, interview=said))


@transaction.atomic
def object_to_refusal(
    application: Application, text: str, *, action_id: str, actor: str, now: datetime
) -> Application:
    """The applicant objects; the file goes back to review and other people decide it."""
    with once(action_id, application.ref) as seen:
        if seen:
            application.refresh_from_db()
            return application
        Application.objects.select_for_update().get(pk=application.pk)
        application.refresh_from_db()
        last = objection_until(application, now)
        if application.state == State.REFUSED and last and _local_day(application, now) > last:
            raise ObjectionTooLate()
        if not text.strip():
            raise AnswerEmpty()
        move(application, journey.OBJECT, actor=actor, now=now, reason=OBJECTION)
        fault("adjudication.after_objection_move")
        _keep_words(application, f"objection-{application.version}", text, now)
        tell(application, actor=actor, now=now, decided_at=None)
        dossier.send(application, Site.CENTRE, actor=actor, now=now)
        record(Objected(application=application.ref), actor=actor, now=now)
        return seen.remember(application)


def objection_until(application: Application, now: datetime) -> date | None:
    """The last day on which one may object."""
    if application.decided_at is None:
        return None
    days = policy.value("objection_days", office=application.office_id or "", now=now)
    return _local_day(application, application.decided_at) + timedelta(days=days)


@transaction.atomic
def expire_unanswered(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """The time to answer the centre is over."""
    with once(action_id, application.ref) as seen:
        if not seen:
            move(application, journey.EXPIRE, actor=actor, now=now, reason="not-answered")
            seen.remember(application)
        return application


# Withdrawing an approval


@transaction.atomic
def revoke(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """Withdraw an approval. Who holds the file obeys: back to review while nothing is printed, else it stays in the house.

    One way for both, because whether it is printed already only the office knows. Raises NothingToStop.
    """
    with once(action_id, application.ref) as seen:
        if seen:
            application.refresh_from_db()
            return application
        Application.objects.select_for_update().get(pk=application.pk)
        application.refresh_from_db()
        withdrawn = StopByCentre.objects.filter(application=application, lifted_by="").exists()
        if application.state not in (State.APPROVED, State.PRINTED, State.READY) or withdrawn:
            raise NothingToStop()
        last = Packet.objects.filter(application=application).order_by("number").last()
        number = last.number if last else 0
        if not application.stop_order:  # a stop for another reason stands on
            order_stop(application, APPROVAL_WITHDRAWN, actor=actor, now=now)
        StopByCentre.objects.create(application=application, packet=number, ordered_by=actor, ordered_at=now)
        fault("adjudication.after_revoke")
        record(
            Revoked(application=application.ref, reason=APPROVAL_WITHDRAWN, packet=number),
            actor=actor,
            now=now,
        )
        return seen.remember(application)


@transaction.atomic
def lift_our_stop(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """Let a withdrawn approval count again. Raises SamePerson for whoever withdrew it."""
    with once(action_id, application.ref) as seen:
        if seen:
            application.refresh_from_db()
            return application
        stop = StopByCentre.objects.select_for_update().filter(application=application, lifted_by="").first()
        if stop is None:
            raise NothingToStop()
        if stop.ordered_by == actor:
            raise SamePerson()
        application.refresh_from_db()
        _end_withdrawal(stop, application, actor=actor, now=now)
        return seen.remember(application)


def _end_withdrawal(stop: StopByCentre, application: Application, *, actor: str, now: datetime) -> None:
    stop.lifted_by, stop.lifted_at = actor, now
    stop.save(update_fields=["lifted_by", "lifted_at"])
    if application.stop_order == APPROVAL_WITHDRAWN:
        lift_stop(application, actor=actor, now=now)
    record(WithdrawalLifted(application=application.ref, packet=stop.packet), actor=actor, now=now)


# The watch-list


@transaction.atomic
def add_to_watch_list(
    *, nik: str = "", full_name: str = "", born: date | None = None, reason: str, actor: str, now: datetime
) -> WatchListEntry:
    """Put somebody on the list by NIK, by name and birth date, or both. Only keyed hashes are kept."""
    token = node.here().keys.token
    person = f"{names.normalise(full_name)}|{born.isoformat() if born else ''}"
    entry = WatchListEntry.objects.create(
        nik_key=token("nik", nik) if nik else "",
        person_key=token("person", person) if full_name else "",
        reason=reason,
        added_by=actor,
        added_at=now,
    )
    record(
        WatchListed(nik_key=entry.nik_key, person_key=entry.person_key, reason=reason), actor=actor, now=now
    )
    return entry
