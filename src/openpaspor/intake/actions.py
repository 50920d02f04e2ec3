"""The deeds of the counter: take in, compare, ask, photograph, finish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.applications import dossier
from openpaspor.applications.actions import (
    MoveRefused,
    NotHeldHere,
    fix_identity,
    move,
    start_application,
    tell,
)
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application, Attachment, BillStatus, Channel, Kind, Priority
from openpaspor.facts.intake import (
    Amended,
    Enrolled,
    ExaminationDecided,
    ExaminationProposed,
    IdentityConfirmed,
    Interviewed,
    PaperCaptured,
    PaperJudged,
    PapersOwed,
    PortraitTaken,
    WalkedIn,
)
from openpaspor.journey import Site, State
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import policy
from openpaspor.offices.models import ClosedDay, Office
from openpaspor.offices.workdays import add_working_days
from openpaspor.payments import actions as payments

from . import rules
from .models import Case, Examination, Outcome, PaperSeen, Verdict
from .portrait import Portrait

LATEST_IN_A_DAY = time(23, 59)


class NotComplete(Refused):
    code = "case-not-complete"
    message = _("This case is not complete yet. What is missing is marked below.")
    status = 422


class NothingOwed(Refused):
    code = "nothing-owed"
    message = _("Choose at least one paper that the visitor still has to bring.")
    status = 422


class NotNeededHere(Refused):
    code = "paper-not-needed"
    message = _("This application does not need that paper.")
    status = 422


class SamePerson(Refused):
    code = "same-person"
    message = _("You proposed this outcome. Another person must decide it.")


class NothingToDecide(Refused):
    code = "nothing-to-decide"
    message = _("There is no proposal to decide, or it was decided already.")


class AlreadyOpen(Refused):
    code = "already-open"
    message = _("This person already has an open application. Use that one if you can.")


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody who came without an appointment."""

    kind: Kind | str
    answers: Answers
    booklet: str = "electronic"
    years: int = 10
    ticket: str = ""
    priority: Priority | str = Priority.NONE


def _claim(application: Application, now: datetime, states: frozenset[State] = rules.AMENDABLE) -> None:
    """Lock the application and bring it up to date; MoveRefused once the centre has it, nothing changed."""
    Application.objects.select_for_update().get(pk=application.pk)
    application.refresh_from_db()
    if application.state not in states:
        raise MoveRefused(state=application.state)
    if not application.is_held_here(now):
        raise NotHeldHere()


def _offer_again(application: Application, *, actor: str, now: datetime) -> None:
    """What was changed after enrolment goes to the centre too."""
    if application.state == State.ENROLLED:
        dossier.send(application, Site.CENTRE, actor=actor, now=now)


def open_elsewhere(nik: str) -> list[Application]:
    """Applications of the same NIK that are not at an end, the newest first."""
    same = Application.objects.filter(nik_key=node.here().keys.token("nik", nik))
    return list(same.exclude(state__in=journey.ENDS).select_related("office").order_by("-started_at"))


# Coming in


@transaction.atomic
def walk_in(
    visitor: Visitor, office: Office, *, action_id: str, actor: str, now: datetime, despite: bool = False
) -> Application:
    """Make an application for somebody without an appointment and take it in at once.

    Raises AlreadyOpen when the same NIK has an open one, unless the officer makes a second `despite` it.
    """
    with once(action_id, office.code, str(visitor.kind), visitor.ticket) as seen:
        if seen:
            return Application.objects.get(pk=seen.answer)
        if not despite and open_elsewhere(visitor.answers.nik):
            raise AlreadyOpen()
        application = start_application(
            visitor.kind,
            action_id=f"{action_id}:start",
            actor=actor,
            now=now,
            channel=Channel.COUNTER,
            office=office,
            answers=visitor.answers,
            booklet=visitor.booklet,
            years=visitor.years,
        )
        _come_in(application, visitor, office, actor=actor, now=now)
        return seen.remember(application)


@transaction.atomic
def take_in(
    application: Application,
    office: Office,
    *,
    ticket: str,
    priority: str,
    action_id: str,
    actor: str,
    now: datetime,
) -> Application:
    """Use an application that was submitted at home but has no place yet. Raises MoveRefused when it moved on."""
    with once(action_id, application.ref, office.code) as seen:
        if not seen:
            answers = dossier.open_answers(application, actor="worker", why="counter", now=now)
            visitor = Visitor(kind=application.kind, answers=answers, ticket=ticket, priority=priority)
            _come_in(application, visitor, office, actor=actor, now=now)
            seen.remember(application)
        application.refresh_from_db()
        return application


def _come_in(
    application: Application, visitor: Visitor, office: Office, *, actor: str, now: datetime
) -> None:
    tell(
        application,
        actor=actor,
        now=now,
        office=office.code,
        ticket=visitor.ticket,
        priority=str(visitor.priority),
    )
    application.office = office
    if not application.nik_key:
        fix_identity(application, visitor.answers, actor=actor, now=now)
    fault("intake.before_walk_in")
    move(application, journey.WALK_IN, actor=actor, now=now)
    dossier.send(application, Site.OFFICE, actor=actor, now=now)
    Case.of(application, now)
    record(
        WalkedIn(
            application=application.ref,
            office=office.code,
            kind=str(application.kind),
            ticket=visitor.ticket,
            priority=str(visitor.priority),
        ),
        actor=actor,
        now=now,
    )


# Identity


@transaction.atomic
def amend(
    application: Application,
    changes: Mapping[str, Any],
    *,
    reason: str,
    action_id: str,
    actor: str,
    now: datetime,
) -> tuple[str, ...]:
    """Correct or complete answers. Returns the codes of the fields that changed."""
    with once(action_id, application.ref, sorted(changes), reason) as seen:
        if seen:
            return tuple(seen.answer)
        _claim(application, now)
        before = dossier.open_answers(application, actor="worker", why="amend", now=now)
        changed = rules.changed_fields(before, changes)
        if changed:
            answers = replace(before, **{name: changes[name] for name in changed})
            _write(application, answers, actor=actor, now=now)
            if set(changed) & set(rules.IDENTITY_FIELDS):
                fix_identity(application, answers, actor=actor, now=now)
            record(Amended(application=application.ref, fields=changed, reason=reason), actor=actor, now=now)
        seen.remember(list(changed))
        return changed


def _write(application: Application, answers: Answers, *, actor: str, now: datetime) -> None:
    dossier.write_answers(application, answers)
    fault("intake.after_answers")
    _offer_again(application, actor=actor, now=now)


@transaction.atomic
def confirm_identity(application: Application, *, action_id: str, actor: str, now: datetime) -> Case:
    """The person, the originals and the answers agree."""
    with once(action_id, application.ref) as seen:
        if seen:
            return Case.objects.get(pk=seen.answer)
        _claim(application, now)
        case = Case.of(application, now)
        case.identity_at, case.identity_by = now, actor
        case.save(update_fields=["identity_at", "identity_by"])
        record(IdentityConfirmed(application=application.ref), actor=actor, now=now)
        return seen.remember(case)


# Papers


@transaction.atomic
def judge_paper(
    application: Application, paper: str, verdict: str, *, action_id: str, actor: str, now: datetime
) -> PaperSeen:
    """Say how the original compares with its picture."""
    with once(action_id, application.ref, paper, verdict) as seen:
        if seen:
            return PaperSeen.objects.get(pk=seen.answer)
        _claim(application, now)
        _insist_needed(application, paper, now)
        row, _made = PaperSeen.objects.update_or_create(
            case=Case.of(application, now),
            paper=paper,
            defaults={"verdict": Verdict(verdict), "seen_by": actor, "seen_at": now},
        )
        record(PaperJudged(application=application.ref, paper=paper, verdict=verdict), actor=actor, now=now)
        return seen.remember(row)


def _insist_needed(application: Application, paper: str, now: datetime) -> None:
    answers = dossier.open_answers(application, actor="worker", why="papers", now=now)
    if paper not in {wanted.code for wanted in rules.papers_needed(application.kind, answers)}:
        raise NotNeededHere()


@transaction.atomic
def capture_paper(
    application: Application,
    paper: str,
    picture: bytes,
    *,
    content_type: str,
    action_id: str,
    actor: str,
    now: datetime,
) -> Attachment:
    """Keep a picture taken at the counter (already cleaned). The officer saw the original, so it matches."""
    with once(action_id, application.ref, paper) as seen:
        if seen:
            return Attachment.objects.get(pk=seen.answer)
        _claim(application, now)
        _insist_needed(application, paper, now)
        kept = dossier.attach(application, paper, picture, content_type=content_type, now=now)
        PaperSeen.objects.update_or_create(
            case=Case.of(application, now),
            paper=paper,
            defaults={"verdict": Verdict.MATCH, "seen_by": actor, "seen_at": now},
        )
        fault("intake.after_capture")
        _offer_again(application, actor=actor, now=now)
        record(PaperCaptured(application=application.ref, paper=paper), actor=actor, now=now)
        return seen.remember(kept)


# Interview and photo


@transaction.atomic
def save_interview(
    application: Application, said: Mapping[str, str], *, action_id: str, actor: str, now: datetime
) -> tuple[str, ...]:
    """Keep what was said so far. Returns the codes of the questions that are still open."""
    with once(action_id, application.ref) as seen:
        if seen:
            return tuple(seen.answer)
        _claim(application, now)
        before = dossier.open_answers(application, actor="worker", why="interview", now=now)
        answers = replace(before, interview={**before.interview, **said})
        if answers != before:
            _write(application, answers, actor=actor, now=now)
        open_questions = rules.interview_gaps(application.kind, answers)
        case = Case.of(application, now)
        if not open_questions and case.interview_at is None:
            case.interview_at, case.interview_by = now, actor
            case.save(update_fields=["interview_at", "interview_by"])
            record(Interviewed(application=application.ref), actor=actor, now=now)
        seen.remember(list(open_questions))
        return open_questions


@transaction.atomic
def take_portrait(
    application: Application, portrait: Portrait, *, action_id: str, actor: str, now: datetime
) -> Attachment:
    """Keep the photo of the holder; it replaces an earlier one."""
    with once(action_id, application.ref) as seen:
        if seen:
            return Attachment.objects.get(pk=seen.answer)
        _claim(application, now)
        kept = dossier.attach(application, "portrait", portrait.jpeg, content_type="image/jpeg", now=now)
        case = Case.of(application, now)
        case.portrait_at, case.portrait_warnings = now, ",".join(portrait.warnings)
        case.save(update_fields=["portrait_at", "portrait_warnings"])
        fault("intake.after_portrait")
        _offer_again(application, actor=actor, now=now)
        record(PortraitTaken(application=application.ref, warnings=portrait.warnings), actor=actor, now=now)
        return seen.remember(kept)


# Examination of lost and damaged passports


@transaction.atomic
def propose_examination(
    application: Application, outcome: str, *, action_id: str, actor: str, now: datetime
) -> Examination:
    """An officer examined the case and proposes how it ends. A decided examination stands."""
    with once(action_id, application.ref, outcome) as seen:
        if seen:
            return Examination.objects.get(pk=seen.answer)
        _claim(application, now, rules.AT_COUNTER)
        case = Case.of(application, now)
        if Examination.objects.filter(case=case).exclude(outcome="").exists():
            raise NothingToDecide()
        row, _made = Examination.objects.update_or_create(
            case=case, defaults={"proposed": Outcome(outcome), "proposed_by": actor, "proposed_at": now}
        )
        record(ExaminationProposed(application=application.ref, outcome=outcome), actor=actor, now=now)
        return seen.remember(row)


@transaction.atomic
def decide_examination(
    application: Application, outcome: str, *, action_id: str, actor: str, now: datetime
) -> Examination:
    """The head of office decides. Raises SamePerson for whoever proposed."""
    with once(action_id, application.ref, outcome) as seen:
        if seen:
            return Examination.objects.get(pk=seen.answer)
        _claim(application, now, rules.AT_COUNTER)
        row = (
            Examination.objects.select_for_update().filter(case__application=application, outcome="").first()
        )
        if row is None:
            raise NothingToDecide()
        if row.proposed_by == actor:
            raise SamePerson()
        row.outcome, row.decided_by, row.decided_at = Outcome(outcome), actor, now
        row.save(update_fields=["outcome", "decided_by", "decided_at"])
        record(
            ExaminationDecided(application=application.ref, outcome=outcome, proposed_by=row.proposed_by),
            actor=actor,
            now=now,
        )
        return seen.remember(row)


# Leaving the counter


@transaction.atomic
def owe(
    application: Application, owed: Sequence[str], *, action_id: str, actor: str, now: datetime
) -> Application:
    """Send the visitor home with a list and a date. Coming back needs no new appointment."""
    with once(action_id, application.ref, list(owed)) as seen:
        if seen:
            application.refresh_from_db()
            return application
        if not owed:
            raise NothingOwed()
        _claim(application, now, rules.AT_COUNTER)
        until = owed_until(application, now)
        if application.state == State.ARRIVED:
            move(application, journey.OWE, actor=actor, now=now, reason="papers-owed")
        fault("intake.after_owe_move")
        tell(application, actor=actor, now=now, papers_owed=",".join(owed), owed_until=until)
        record(PapersOwed(application=application.ref, papers=tuple(owed), until=until), actor=actor, now=now)
        return seen.remember(application)


def owed_until(application: Application, now: datetime) -> date:
    """The last day on which what is missing can be brought."""
    assert application.office
    days = policy.value("missing_papers_days", office=application.office.code, now=now)
    return application.office.local(now).date() + timedelta(days=days)


@transaction.atomic
def finish(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """The file is complete: offer it to the centre, promise a day, and bill whoever has not paid yet.

    Raises NotComplete with `details["gaps"]`; then nothing at all has changed.
    """
    with once(action_id, application.ref) as seen:
        if seen:
            application.refresh_from_db()
            return application
        _claim(application, now, rules.AT_COUNTER | {State.ASKED})
        case = Case.of(application, now)
        missing = gaps_of(application, case, now)
        if missing:
            raise NotComplete(gaps=missing)
        arrow = journey.ANSWER if application.state == State.ASKED else journey.ENROL
        move(application, arrow, actor=actor, now=now)
        fault("intake.after_enrol_move")
        case.finished_at, case.finished_by = now, actor
        case.save(update_fields=["finished_at", "finished_by"])
        promised = promised_on(application, now)
        tell(
            application, actor=actor, now=now, promised_on=promised, papers_owed="", owed_until=None, asked=""
        )
        dossier.send(application, Site.CENTRE, actor=actor, now=now)
        bill_if_due(application, case, actor=actor, now=now)
        assert application.office
        record(
            Enrolled(application=application.ref, office=application.office.code, promised_on=promised),
            actor=actor,
            now=now,
        )
        fault("intake.before_commit")
        return seen.remember(application)


def gaps_of(
    application: Application, case: Case, now: datetime, answers: Answers | None = None
) -> tuple[str, ...]:
    """What is missing before the file is complete. Reads the answers unless they are given."""
    answers = answers or dossier.open_answers(application, actor="worker", why="finish", now=now)
    examination = Examination.objects.filter(case=case).first() if case.pk else None
    return rules.gaps(
        application.kind,
        answers,
        verdicts=verdicts_of(case),
        identity_confirmed=case.identity_at is not None,
        portrait=case.portrait_at is not None,
        examined=bool(examination and examination.outcome),
    )


def verdicts_of(case: Case) -> dict[str, str]:
    """Verdict by paper."""
    return dict(PaperSeen.objects.filter(case=case).values_list("paper", "verdict")) if case.pk else {}


def promised_on(application: Application, now: datetime) -> date | None:
    """The day we promise: working days after the interview, today for same-day service. None for lost and damaged ones."""
    if rules.needs_examination(application.kind):
        return None
    assert application.office
    today = application.office.local(now).date()
    closed = set(
        ClosedDay.objects.filter(office=application.office, day__gte=today).values_list("day", flat=True)
    )
    usual = policy.value("promised_working_days", office=application.office.code, now=now)
    count = 0 if application.same_day else usual
    return add_working_days(today, count, closed)


def bill_if_due(application: Application, case: Case, *, actor: str, now: datetime) -> None:
    """Open the counter's bill, unless one is paid, open or not due: a careless loss is billed when it is approved."""
    if application.bill_status not in (BillStatus.NONE, BillStatus.LAPSED):
        return
    outcome = Examination.objects.filter(case=case).values_list("outcome", flat=True).first() or ""
    if outcome == Outcome.CARELESS and application.state != State.APPROVED:
        return
    payments.open_bill(
        [application],
        due_at=bill_due_at(application, now),
        actor=actor,
        now=now,
        penalty=rules.penalty(outcome),
    )


def bill_due_at(application: Application, now: datetime) -> datetime:
    """The evening of the last day on which the counter's bill can be paid."""
    assert application.office
    days = policy.value("counter_bill_days", office=application.office.code, now=now)
    last = application.office.local(now).date() + timedelta(days=days)
    return datetime.combine(last, LATEST_IN_A_DAY, application.office.tz)


@transaction.atomic
def lapse_incomplete(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """The day on which the rest was owed has passed."""
    with once(action_id, application.ref) as seen:
        if not seen:
            move(application, journey.LAPSE_INCOMPLETE, actor=actor, now=now, reason="papers-not-brought")
            seen.remember(application)
        return application
