"""Deeds of the message desk."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils import translation
from django.utils.dateformat import format as written
from django.utils.module_loading import import_string

from openpaspor.applications import dossier
from openpaspor.applications.models import Application, Channel
from openpaspor.facts.notifications import OutageAnnounced
from openpaspor.journey import State
from openpaspor.kit.faults import fault
from openpaspor.ledger import keys, node
from openpaspor.ledger.epochs import was_given_back
from openpaspor.ledger.models import Entry
from openpaspor.ledger.once import once
from openpaspor.ledger.record import record
from openpaspor.offices.models import Office

from . import sms
from .models import Message, Status
from .wording import OTHER_PAPERS, PAPERS, worded

log = logging.getLogger("openpaspor.notifications")
TRIES = 5
AHEAD = timedelta(days=2)  # whose appointment is nearer than that is told of an outage
WITH_NAME = frozenset({"JANJI", "SIAP", "DIAMBIL"})


def tell(application: Application, template: str, entry: Entry, **values: Any) -> None:
    """Write a message about one application, in its owner's language; once per entry, phone and template.

    Moments and days among the values are written out in the zone of `office`; an applicant without a phone is told
    nothing, and reads the tracker or asks at the counter.
    """
    if not _is_ours_to_tell(application, entry):
        return
    to, full_name = _whom(application, needs_name=template in WITH_NAME)
    if not to:
        return
    language = application.account.language if application.account else "id"
    office = values.pop("office", None) or application.office
    words = {key: in_words(value, office, language) for key, value in values.items()}
    words |= {"ref": application.ref, "office": sms.short_office(office.name) if office else ""}
    words["name"] = sms.short_name(full_name) or application.ref
    message = Message.written(
        to=to,
        text=worded(template, language, **words),
        template=template,
        language=language,
        code=words.get("bill", ""),
        now=entry.recorded_at,
        application=application.ref,
        cause=entry.action_id_for("notifications"),
    )
    Message.objects.bulk_create([message], ignore_conflicts=True)


def _is_ours_to_tell(application: Application, entry: Entry) -> bool:
    """One node speaks: the portal to people who apply online, the node that acted to those it took in itself.

    What others gave back to us after a restore was told when it happened.
    """
    if was_given_back(entry):
        return False
    if application.channel == Channel.ONLINE:
        return node.here().role in ("everything", "portal")
    return entry.node == node.here().name


def _whom(application: Application, *, needs_name: bool) -> tuple[str, str]:
    """Phone number and full name. The account's own number comes first."""
    phone = application.account.phone if application.account else ""
    if phone and not needs_name:
        return phone, ""
    try:
        answers = dossier.open_answers(application, actor="worker", why="notify", now=application.started_at)
    except (dossier.NotHere, keys.Unreadable):
        return phone, ""
    return phone or answers.phone, answers.full_name


def in_words(value: Any, office: Office | None, language: str) -> str:
    """A value as a message says it: moments on the office's wall clock, days, lists of papers."""
    with translation.override(language):
        if isinstance(value, datetime):
            here = value.astimezone(office.tz) if office else value
            return f"{written(here, 'D j M H.i')} {office.zone if office else 'UTC'}"
        if isinstance(value, date):
            return written(value, "j M Y")
        if isinstance(value, tuple):
            return ", ".join(_papers_in_words(value))
        return str(value)


def _papers_in_words(codes: tuple[str, ...]) -> list[str]:
    known = [str(PAPERS[code]) for code in codes if code in PAPERS]
    return known if len(known) == len(codes) else [*known, str(OTHER_PAPERS)]


def with_appointment(now: datetime, until: datetime) -> models.QuerySet[Application]:
    """Booked applications whose visit lies between two moments."""
    booked = Application.objects.in_state(State.BOOKED).filter(
        place_starts_at__gt=now, place_starts_at__lte=until
    )
    return booked.select_related("office", "account").order_by("place_starts_at", "id")


@transaction.atomic
def announce_outage(*, action_id: str, actor: str, now: datetime) -> int:
    """Tell everybody with an appointment in the next two days that it stands. Returns how many applications."""
    with once(action_id) as seen:
        if seen:
            return int(seen.answer)
        record(OutageAnnounced(until=now + AHEAD), actor=actor, now=now)
        return seen.remember(with_appointment(now, now + AHEAD).count())


def send(message: Message) -> bool:
    """Hand a queued message to the sender of this installation. Returns whether it went out."""
    try:
        import_string(settings.MESSAGE_SENDER)(message)
    except Exception:
        log.exception("message %s was not sent", message.pk)
        given_up = Status.FAILED if message.tries + 1 >= TRIES else Status.QUEUED
        Message.objects.filter(pk=message.pk).update(tries=F("tries") + 1, status=given_up)
        return False
    fault("notifications.after_send")
    Message.objects.filter(pk=message.pk).update(tries=F("tries") + 1, status=Status.SENT)
    return True
