"""The deeds of the application desk. `move` is the only code that writes a state."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from openpaspor import journey
from openpaspor.accounts.models import User
from openpaspor.facts.applications import Moved, Started, StopLifted, StopOrdered, Submitted, Told
from openpaspor.facts.base import format_moment
from openpaspor.journey import Move, Site
from openpaspor.kit import names, references
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger import node
from openpaspor.ledger.models import Entry
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices import policy
from openpaspor.offices.models import Office
from openpaspor.ui.templatetags.ui import when

from . import dossier, eligibility
from .answers import Answers
from .models import Application, Channel, Kind, Serial, Shown
from .progress import Progress

log = logging.getLogger("openpaspor.applications")
TOLD = frozenset(
    {
        "bill_status", "bill_code", "bill_due_at", "bill_amount_idr", "place_status", "place_starts_at", "pass_number",
        "changes_used", "ticket", "papers_owed", "owed_until", "asked", "decision_reasons", "decided_at",
        "promised_on", "serial", "shelf", "collect_by", "priority", "office", "same_day", "kind", "booklet", "years",
    }
)  # fmt: skip
DELETED = "deleted-by-applicant"  # reason of a draft that its owner deleted
NOT_MADE_GOOD = "missed-visit"  # reason of a missed visit after which nobody chose a new time
GIVEN_UP = {
    journey.State.DRAFT: "draft-untouched",
    journey.State.SUBMITTED: "no-place-chosen",
    journey.State.MISSED: NOT_MADE_GOOD,
}
DESPITE_STOP = frozenset(
    {
        "withdraw", "expire", "revoke", "lapse", "unseat", "miss",
        "spoil",  # what is wrong or withdrawn may always be destroyed
        "print",  # the print room refuses before it sends a page; what the printer has done meanwhile is said as it is
    }
)  # fmt: skip


class MoveRefused(Refused):
    code = "move-refused"
    message = _("This application has gone on. Open it again to see where it stands.")


class Stopped(Refused):
    code = "stop-order"
    message = _("This application is stopped for now. Nothing can be done with it until the stop is lifted.")


class NotHeldHere(Refused):
    code = "not-held-here"
    message = _("Another site is working on this application now. You can do this when it comes back.")


class OnDayList(NotHeldHere):
    code = "on-day-list"
    message = _(
        "Your visit of %(when)s stands and is on the list of %(office)s since %(since)s. To move or cancel it, call that office or go there."
    )


class TooMany(Refused):
    code = "too-many-applications"
    message = _("You have %(limit)s open applications. Finish or delete one before you start another.")


def move(
    application: Application, arrow: Move, *, actor: str, now: datetime, reason: str = ""
) -> Application:
    """Take the application along one arrow of the map and say so, inside the caller's transaction.

    Compare-and-set on state, version and custodian: of two at once one wins, the other gets MoveRefused. Raises
    Stopped while a stop order stands and NotHeldHere (OnDayList) when another node holds it. `application` is brought
    up to date. Each hand-over raises the term, also that by the clock, which no entry of its own says.
    """
    if application.stop_order and arrow.name not in DESPITE_STOP:
        raise Stopped()
    if application.state not in arrow.origins:
        raise MoveRefused(state=application.state)
    us, office = node.here(), application.office_id or ""
    elsewhere = None if arrow.takes else held_elsewhere(application, now)
    if elsewhere:
        raise elsewhere
    if not any(us.holds(site, office) for site in arrow.sites):
        raise NotHeldHere()
    holder, custodian = application.custodian_at(now), journey.STATES[arrow.target].custodian
    term = application.term + (holder != application.custodian) + (custodian != holder)
    changed = Application.objects.filter(
        pk=application.pk,
        state=application.state,
        version=application.version,
        custodian=application.custodian,
    ).update(
        state=arrow.target,
        version=F("version") + 1,
        custodian=custodian,
        term=term,
        reason=reason,
        state_since=now,
    )
    if not changed:
        raise MoveRefused(state=application.state)
    fault("applications.after_move")
    origin, application.state = application.state, arrow.target
    application.version += 1
    application.custodian, application.term = custodian, term
    application.reason, application.state_since = reason, now
    record(
        Moved(
            application=application.ref,
            move=arrow.name,
            origin=origin,
            target=arrow.target,
            version=application.version,
            term=term,
            custodian=custodian,
            reason=reason,
        ),
        actor=actor,
        now=now,
    )
    return application


def held_elsewhere(application: Application, now: datetime) -> NotHeldHere | None:
    """Why this node may not move it; where the office has it by the clock, in words for the applicant. None: it may."""
    if application.is_held_here(now):
        return None
    if application.is_on_day_list(now):
        office, place = application.office, application.place_starts_at
        return OnDayList(when=when(place, office), office=office, since=when(application.cutoff_at(), office))
    return NotHeldHere()


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def tell(application: Application, *, actor: str, now: datetime, **changes: Any) -> None:
    """Write onto the application row what a room knows of it, and say so. No move, needs no custody.

    `office` takes an office code; moments are UTC. What does not change is not said again.
    """
    unknown = set(changes) - TOLD
    if unknown:
        raise TypeError(f"nobody tells an application its {', '.join(sorted(unknown))}")
    columns = {"office_id" if name == "office" else name: value for name, value in changes.items()}
    new = {name: value for name, value in columns.items() if getattr(application, name) != value}
    if not new:
        return
    Application.objects.filter(pk=application.pk).update(**new)
    for name, value in new.items():
        setattr(application, name, value)
    if "bill_status" in new:  # of which bill: of two nodes that tell it one may have a wrong clock
        new["bill_code"] = application.bill_code
    said = tuple(
        f"{name.removesuffix('_id')}={json.dumps(_as_json(value))}" for name, value in sorted(new.items())
    )
    version = Application.objects.values_list("version", flat=True).get(pk=application.pk)
    record(Told(application=application.ref, changes=said, version=version), actor=actor, now=now)


def _next_reference() -> str:
    issuer = node.here().issuer
    serial, _made = Serial.objects.select_for_update().get_or_create(issuer=issuer)
    number = serial.next
    Serial.objects.filter(pk=issuer).update(next=F("next") + 1)
    return references.make(issuer, number, node.here().keys.reference_key)


@transaction.atomic
def start_application(
    kind: Kind | str,
    *,
    action_id: str,
    actor: str,
    now: datetime,
    account: User | None = None,
    channel: Channel | str = Channel.ONLINE,
    office: Office | None = None,
    answers: Answers | None = None,
    booklet: str = "electronic",
    years: int = 10,
) -> Application:
    """Open a draft with an empty dossier. Raises TooMany when the account holds as many open ones as it may."""
    with once(
        action_id, str(kind), str(channel), office.code if office else "", account.code if account else ""
    ) as seen:
        if seen:
            return Application.objects.get(pk=seen.answer)
        if account is not None:
            limit = policy.value("max_active_applications", now=now)
            if Application.objects.of(account).exclude(state__in=journey.ENDS).count() >= limit:
                raise TooMany(limit=limit)
        application = Application.objects.create(
            ref=_next_reference(),
            account=account,
            kind=kind,
            channel=channel,
            booklet=booklet,
            years=5 if kind == Kind.CHILD else years,
            state=journey.START,
            custodian=Site.OFFICE if channel == Channel.COUNTER else Site.PORTAL,
            office=office,
            started_at=now,
            state_since=now,
            touched_at=now,
        )
        dossier.create(application, answers or Answers())
        record(
            Started(
                application=application.ref,
                kind=str(kind),
                channel=str(channel),
                office=office.code if office else "",
                booklet=application.booklet,
                years=application.years,
            ),
            actor=actor,
            now=now,
        )
        return seen.remember(application)


def fix_identity(application: Application, answers: Answers, *, actor: str, now: datetime) -> None:
    """Write the keyed hashes by which the same person is found again, and say that identity is fixed."""
    tokens = node.here().keys.token
    born = answers.born.isoformat() if answers.born else ""
    application.nik_key = tokens("nik", answers.nik) if answers.nik else ""
    application.person_key = tokens("person", f"{names.normalise(answers.full_name)}|{born}")
    application.name_key = tokens("name", names.normalise(answers.full_name))
    application.born_key = tokens("born", born) if born else ""
    application.submitted_at = now
    application.save(update_fields=["nik_key", "person_key", "name_key", "born_key", "submitted_at"])
    record(
        Submitted(
            application=application.ref,
            kind=application.kind,
            booklet=application.booklet,
            years=application.years,
            nik_key=application.nik_key,
            person_key=application.person_key,
            name_key=application.name_key,
            born_key=application.born_key,
            same_day=application.same_day,
            priority=application.priority,
        ),
        actor=actor,
        now=now,
    )


@transaction.atomic
def submit(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """Freeze identity and number the application. The caller has checked that the answers are complete."""
    with once(action_id, application.ref) as seen:
        if seen:
            application.refresh_from_db()
            return application
        answers = dossier.open_answers(application, actor="worker", why="submit", now=now)
        fix_identity(application, answers, actor=actor, now=now)
        move(application, journey.SUBMIT, actor=actor, now=now)
        seen.remember(application)
        return application


@transaction.atomic
def withdraw(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """The applicant takes the application back. Places and open bills are freed by their own rooms."""
    with once(action_id, application.ref) as seen:
        if not seen:
            move(application, journey.WITHDRAW, actor=actor, now=now, reason="by-applicant")
            seen.remember(application)
        return application


@transaction.atomic
def order_stop(application: Application, reason: str, *, actor: str, now: datetime) -> None:
    """Let nothing move until the stop is lifted. The newest reason stands."""
    Application.objects.filter(pk=application.pk).update(stop_order=reason)
    application.stop_order = reason
    record(StopOrdered(application=application.ref, reason=reason), actor=actor, now=now)


@transaction.atomic
def lift_stop(application: Application, *, actor: str, now: datetime) -> None:
    reason = application.stop_order
    Application.objects.filter(pk=application.pk).update(stop_order="")
    application.stop_order = ""
    record(StopLifted(application=application.ref, reason=reason), actor=actor, now=now)


def was_rescued(application: Application) -> bool:
    """Whether a missed visit of this application was made good before."""
    moves = Entry.objects.of(application.ref).filter(kind=Moved.name, void=False)
    return moves.filter(fact__contains=f'"move":"{journey.RESCUE.name}"').exists()


def note_shown(*applications: Application, now: datetime) -> None:
    """Keep what is about to be shown to an applicant, where it is another standing than the last one that was shown.

    A page is shown all the same where nothing can be written (a full disk).
    """
    rows = Shown.objects.filter(application__in=applications).order_by("pk")
    last = {row.application_id: (row.state, row.version) for row in rows}
    news = [
        Shown(application=one, state=one.state, version=one.version, shown_at=now)
        for one in applications
        if last.get(one.pk) != (one.state, one.version)
    ]
    if not news:
        return
    try:
        with transaction.atomic():
            Shown.objects.bulk_create(news)
    except DatabaseError:
        log.warning("what %s pages show could not be kept", len(news))


def lock_draft(application: Application) -> None:
    """Hold the row until the transaction ends, so that two tabs cannot lose each other's answers."""
    fresh = Application.objects.select_for_update().get(pk=application.pk)
    application.state, application.version = fresh.state, fresh.version
    if fresh.state != journey.State.DRAFT:
        raise MoveRefused(state=fresh.state)


def save_answers(application: Application, *, actor: str, now: datetime, **changes: Any) -> Answers:
    """Autosave: write some answers of a draft. Raises MoveRefused once identity is fixed."""
    with transaction.atomic():
        lock_draft(application)
        answers = replace(dossier.open_answers(application, actor="worker", why="save", now=now), **changes)
        dossier.write_answers(application, answers)
        Application.objects.filter(pk=application.pk).update(touched_at=now)
        return answers


class Unfinished(Refused):
    code = "answers-missing"
    message = _("Something is still missing. Fill it in, then send the application.")
    status = 422


class NotEligible(Refused):
    code = "not-eligible"
    message = _("With these answers this kind of application is not possible.")
    status = 422


class AlreadyApplied(Refused):
    code = "already-applied"
    message = _("You already have an application for this person: %(ref)s. Go on with that one.")


def progress_of(application: Application, answers: Answers) -> Progress:
    """How far the application is: answers and photographed papers."""
    have = application.attachments.live().values_list("kind", flat=True)  # type: ignore[attr-defined]
    return Progress(application.kind, answers, frozenset(have))


def choose(application: Application, *, actor: str, now: datetime, **told: Any) -> None:
    """Autosave of what stands on the row of a draft: kind, booklet, years, priority."""
    with transaction.atomic():
        lock_draft(application)
        kind = told.get("kind", application.kind)
        allowed = eligibility.years_allowed(kind)
        if told.get("years", application.years) not in allowed:
            told["years"] = allowed[0]
        tell(application, actor=actor, now=now, **told)
        Application.objects.filter(pk=application.pk).update(touched_at=now)


@transaction.atomic
def keep_paper(
    application: Application, code: str, jpeg: bytes, *, action_id: str, actor: str, now: datetime
) -> None:
    """Keep the photo of one paper of a draft, encrypted; it replaces an earlier one."""
    with once(action_id, application.ref, code, hashlib.sha256(jpeg).hexdigest()) as seen:
        if seen:
            return
        answers = save_answers(application, actor=actor, now=now)
        dossier.attach(application, code, jpeg, content_type="image/jpeg", now=now)
        if code in answers.to_bring:
            left = tuple(other for other in answers.to_bring if other != code)
            save_answers(application, actor=actor, now=now, to_bring=left)
        fault("applications.after_paper")
        seen.remember(code)


def bring_paper(application: Application, code: str, *, actor: str, now: datetime) -> None:
    """The applicant cannot photograph this paper and brings the original."""
    with transaction.atomic():
        answers = save_answers(application, actor=actor, now=now)
        if code not in answers.to_bring:
            save_answers(application, actor=actor, now=now, to_bring=(*answers.to_bring, code))


@transaction.atomic
def declare(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """The applicant states that the answers are true, and submits.

    Raises Unfinished, NotEligible or AlreadyApplied; then nothing has changed.
    """
    with once(f"{action_id}:declare", application.ref) as seen:
        if seen:
            application.refresh_from_db()
            return application
        answers = save_answers(application, actor=actor, now=now, truth_stated=True)
        if not progress_of(application, answers).is_whole:
            raise Unfinished()
        today = eligibility.today(now)
        if eligibility.obstacle(application.kind, answers, today):
            raise NotEligible()
        _insist_on_first(application, answers)
        if not application.priority and answers.born:
            tell(application, actor=actor, now=now, priority=_priority(answers.born, today, now))
        submit(application, action_id=action_id, actor=actor, now=now)
        fault("applications.after_submit")
        return seen.remember(application)


def _insist_on_first(application: Application, answers: Answers) -> None:
    """One account has one open application for one person."""
    nik_key = node.here().keys.token("nik", answers.nik)
    others = Application.objects.filter(account=application.account, nik_key=nik_key)
    other = others.exclude(pk=application.pk).exclude(state__in=journey.ENDS).order_by("id").first()
    if other is not None:
        raise AlreadyApplied(ref=other.ref)


def _priority(born: date, today: date, now: datetime) -> str:
    return eligibility.priority_by_age(
        born,
        today,
        elderly_from=policy.value("priority_age", now=now),
        child_below=policy.value("priority_child_age", now=now),
    )


@transaction.atomic
def delete_draft(application: Application, *, action_id: str, actor: str, now: datetime) -> Application:
    """The applicant deletes a draft. What was typed and photographed is destroyed at once."""
    return _give_up(application, DELETED, action_id=action_id, actor=actor, now=now)


@transaction.atomic
def give_up(application: Application, *, now: datetime) -> Application:
    """A draft nobody touched, a numbered application without a place, or a missed visit, ends."""
    reason = GIVEN_UP.get(journey.State(application.state), "")
    action_id = f"give-up:{application.ref}:{application.version}"
    return _give_up(application, reason, action_id=action_id, actor="worker", now=now)


def _give_up(
    application: Application, reason: str, *, action_id: str, actor: str, now: datetime
) -> Application:
    with once(action_id, application.ref, reason) as seen:
        if seen:
            application.refresh_from_db()
            return application
        if actor != "worker" and application.state != journey.State.DRAFT:
            raise MoveRefused(state=application.state)
        was_draft = application.state == journey.State.DRAFT
        move(application, journey.EXPIRE, actor=actor, now=now, reason=reason)
        if was_draft:
            dossier.erase(application)
        return seen.remember(application)
