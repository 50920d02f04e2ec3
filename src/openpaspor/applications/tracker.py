"""Where an application stands, in words: one sentence, the box of four, seven steps, the timeline, and who looked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from openpaspor import journey
from openpaspor.journey import State
from openpaspor.ledger import links
from openpaspor.ledger.models import Entry
from openpaspor.ledger.sync import next_update
from openpaspor.offices import policy
from openpaspor.offices.models import Office
from openpaspor.ui.templatetags.ui import clock_time, day, rupiah, when

from . import eligibility, reasons
from .actions import DELETED, NOT_MADE_GOOD
from .models import Application
from .rules import Wait, Who, blockers

EXPIRING_DAYS = 7  # before the last day of collection the sentence becomes urgent


@dataclass(frozen=True)
class Button:
    """The one main thing to do."""

    label: Any
    url: str


@dataclass(frozen=True)
class Story:
    """What the tracker says of one wait."""

    code: str
    sentence: str
    waits: str
    who: str
    until: str
    can_do: str
    button: Button | None = None
    reasons: tuple[reasons.Reason, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One of the seven public steps, as the `steps` component shows it."""

    label: Any
    state: str  # done, now, todo
    when: str = ""


@dataclass(frozen=True)
class Event:
    """One line of the timeline."""

    at: datetime
    says: Any


WHO = {
    Who.YOU: gettext_lazy("You"),
    Who.OFFICE: gettext_lazy("We, at the office"),
    Who.CENTRE: gettext_lazy("We, at the centre"),
    Who.NOBODY: gettext_lazy("Nobody"),
}

STAGES = (
    gettext_lazy("Fill in and send"),
    gettext_lazy("Choose a time and pay"),
    gettext_lazy("Appointment"),
    gettext_lazy("Photo and interview at the office"),
    gettext_lazy("Check by the centre"),
    gettext_lazy("Printing"),
    gettext_lazy("Collect"),
)

MOVED = {
    "submit": gettext_lazy("You sent the application. Your answers are fixed."),
    "hold": gettext_lazy("You chose a time. We keep it until you pay."),
    "book": gettext_lazy("Paid. Your appointment stands."),
    "lapse": gettext_lazy("The time to pay has passed. The place was given free."),
    "change": gettext_lazy("You moved the appointment."),
    "unseat": gettext_lazy("We had to cancel the appointment. You can choose another time."),
    "reseat": gettext_lazy("You have a new appointment."),
    "miss": gettext_lazy("You did not come to the appointment."),
    "rescue": gettext_lazy("You chose a new time after the missed one."),
    "arrive": gettext_lazy("You came to the office."),
    "arrive_old_pass": gettext_lazy("You came to the office on the pass you had before. The visit counts."),
    "arrive_late": gettext_lazy("You came to the office after the booked time."),
    "walk_in": gettext_lazy("You came to the office."),
    "incomplete": gettext_lazy("Something was missing at the counter."),
    "enrol": gettext_lazy("Papers seen, interview done, photo taken."),
    "lapse_incomplete": gettext_lazy("The missing papers did not come in time."),
    "receive": gettext_lazy("The centre has your file."),
    "approve": gettext_lazy("The centre has approved your passport."),
    "refuse": gettext_lazy("The centre could not approve your passport."),
    "defer": gettext_lazy("The centre has put off the decision."),
    "ask": gettext_lazy("The centre asked a question."),
    "answer": gettext_lazy("You answered the question."),
    "revoke": gettext_lazy("The centre looks at your file once more."),
    "object": gettext_lazy("You objected. The centre looks again."),
    "print": gettext_lazy("Your passport was printed."),
    "spoil": gettext_lazy("The booklet cannot be used. We print a new one."),
    "pass": gettext_lazy("Your passport is ready."),
    "collect": gettext_lazy("Your passport was handed over."),
    "end_uncollected": gettext_lazy("The passport was not collected in time and was cancelled."),
    "withdraw": gettext_lazy("You withdrew the application."),
    "expire": gettext_lazy("The application ended because a time limit passed."),
}
MOVED_BY_US = {
    ("change", "day-closed"): gettext_lazy("The office is closed on that day. We moved your appointment."),
}
TOLD = {
    "applications.started": gettext_lazy("You started the application."),
    "payments.bill_opened": gettext_lazy("We wrote the bill."),
    "payments.settled": gettext_lazy("We received your payment."),
}
BUTTONS = {
    "continue": (gettext_lazy("Continue filling in"), "applications:tasks"),
    "choose-place": (gettext_lazy("Choose office and time"), "appointments:choose"),
    "pay": (gettext_lazy("Pay"), "payments:bill"),
    "come": (gettext_lazy("Show the visit pass"), "appointments:pass"),
    "rescue": (gettext_lazy("Choose a new time"), "appointments:rescue"),
    "answer": (gettext_lazy("Answer the question"), "adjudication:answer"),
    "object": (gettext_lazy("Object to the decision"), "adjudication:objection"),
}

# Waits whose end is counted from the last move (a draft: from the last answer; a missed visit: from its time).
DEADLINES = {
    "DRAFT": "draft_days",
    "CHOOSE": "submitted_days",
    "REFUSED": "objection_days",
}


def place_of(application: Application) -> Office | ZoneInfo:
    """Where times are shown: the office, or western Indonesia while none is chosen."""
    return application.office or eligibility.NATION


def stories(application: Application, now: datetime) -> tuple[Story, ...]:
    """What to say of everything the application waits for, most pressing first. Never empty."""
    waits = blockers(application) or (Wait("COLLECTED", Who.NOBODY, None, "keep-safe"),)
    return tuple(_story(application, wait, now) for wait in waits)


def _story(application: Application, wait: Wait, now: datetime) -> Story:
    told = _Words(application, wait, now)
    sentence, waits = told.sentence_and_waits()
    return Story(
        code=told.code,
        sentence=sentence,
        waits=waits,
        who=str(WHO[wait.who]),
        until=told.until(),
        can_do=told.can_do(),
        button=_button(application, wait),
        reasons=told.reasons(),
    )


def _button(application: Application, wait: Wait) -> Button | None:
    if wait.can_do == "start-again":
        return Button(_("Start again"), reverse("applications:check"))
    label, name = BUTTONS.get(wait.can_do, ("", ""))
    if not name:
        return None
    try:
        return Button(label, reverse(name, args=[application.ref]))
    except NoReverseMatch:
        return None  # the room is not served here


class _Words:
    """The words for one wait of one application."""

    def __init__(self, application: Application, wait: Wait, now: datetime) -> None:
        self.application, self.wait, self.now = application, wait, now
        self.place = place_of(application)

    @property
    def code(self) -> str:
        return (
            "EXPIRING" if self.wait.code == "READY" and self._days_left() <= EXPIRING_DAYS else self.wait.code
        )

    def _today(self) -> date:
        tz = self.place.tz if isinstance(self.place, Office) else self.place
        return self.now.astimezone(tz).date()

    def _days_left(self) -> int:
        until = self.wait.until
        return (
            (until - self._today()).days if until and not isinstance(until, datetime) else EXPIRING_DAYS + 1
        )

    def _office(self) -> str:
        return self.application.office.name if self.application.office else _("the office")

    def until(self) -> str:
        until = self.wait.until
        if until is None:
            return self._own_deadline()
        if isinstance(until, datetime):
            return when(until, self.place)
        if until < self._today() and self.wait.who in (Who.OFFICE, Who.CENTRE):
            return _("We promised %(day)s and are late. We are sorry.") % {"day": day(until)}
        return (
            day(until)
            if self.wait.code in ("READY", "FIX_DOC", "ASKED")
            else _("By %(day)s") % {"day": day(until)}
        )

    def _own_deadline(self) -> str:
        """The day on which a wait without a date of its own ends, by the knob for it."""
        row = self.application
        if self.wait.code in ("IN_HALL", "PAY_MATCH"):
            return _("Today")
        if self.wait.who == Who.NOBODY:
            return _("Since %(day)s") % {"day": day(row.state_since, self.place)}
        if self.wait.code == "MISSED" and row.place_starts_at:
            return _("Until %(day)s") % {"day": day(row.rescue_until(self.now), self.place)}
        knob = DEADLINES.get(self.wait.code)
        if knob is None:
            return ""
        begun = row.touched_at if row.state == State.DRAFT else row.state_since
        days = policy.value(knob, office=row.office_id or "", now=self.now)
        return _("Until %(day)s") % {"day": day(begun + timedelta(days=days), self.place)}

    def reasons(self) -> tuple[reasons.Reason, ...]:
        columns = {
            "FIX_DOC": self.application.papers_owed,
            "ASKED": self.application.asked,
            "REFUSED": self.application.decision_reasons,
            "DEFERRED": self.application.decision_reasons,
        }
        return reasons.read(columns.get(self.wait.code, ""))

    def sentence_and_waits(self) -> tuple[str, str]:
        """The sentence in large type, and "waiting for"."""
        row, until = self.application, self.wait.until
        match self.code:
            case "DRAFT":
                return _("Your application is not sent yet."), _("Your answers and papers")
            case "CHOOSE":
                return _("Your application is complete. Choose an office and a time."), _(
                    "Your choice of a time"
                )
            case "WAIT_PAY":
                return self._pay_sentence(), _("Your payment")
            case "PAY_MATCH":
                return (
                    _("We have your payment and are matching it. Do not pay again."),
                    _("Matching of the payment"),
                )
            case "APPT":
                said = {"office": self._office(), "when": when(row.place_starts_at, self.place)}
                return _("Come to %(office)s on %(when)s.") % said, _("Your appointment")
            case "MISSED":
                return _("You did not come to your appointment. You can still choose a new time."), _(
                    "A new time"
                )
            case "MISSED_AGAIN":
                return _(
                    "You did not come to your new appointment either. A missed one can be made good once."
                ), _("Nothing")
            case "IN_HALL":
                if row.ticket:
                    return _("You are at the office. Your number is %(ticket)s.") % {"ticket": row.ticket}, _(
                        "Your turn"
                    )
                return _("You are at the office."), _("Your turn")
            case "FIX_DOC":
                said = {"day": day(until)} if until else {}
                return (
                    _("Something is still missing. Bring it by %(day)s.") % said
                    if until
                    else _("Something is still missing. Please bring it to the office.")
                ), _("What was missing at the counter")
            case "LINK":
                return (
                    _(
                        "Your file is complete at the office and waits for the link to the centre. You need do nothing."
                    ),
                    _("The link to the centre"),
                )
            case "CENTRE_Q":
                return _("Your file is in line for the check by the centre."), _("The check by the centre")
            case "EXTRA":
                return _("Your file is being checked further. No need to come unless we contact you."), _(
                    "The check"
                )
            case "ASKED":
                return _("The centre has a question. Please answer it."), _("Your answer")
            case "BOOK":
                return _("Approved. We wait for a passport booklet."), _("A booklet")
            case "PRINT":
                return _("Approved. Your passport is being printed."), _("Printing and inspection")
            case "READY":
                said = {"office": self._office(), "day": day(until)}
                return (
                    _("Your passport is ready at %(office)s until %(day)s.") % said
                    if until
                    else _("Your passport is ready at %(office)s.") % said
                ), _("You, to collect it")
            case "EXPIRING":
                return self._expiring_sentence(), _("You, to collect it")
            case "COLLECTED":
                return _("Your passport was handed over. Have a good journey."), _("Nothing")
            case "REFUSED":
                return _("Your passport could not be approved. Here is why."), _("Your decision")
            case "DEFERRED":
                return _("The decision on your passport is put off. Here is why."), _("Nothing for now")
            case "WITHDRAWN":
                return _("You withdrew this application."), _("Nothing")
            case "UNCOLLECTED":
                return _("Your passport was not collected in time and was cancelled."), _("Nothing")
            case _ if row.reason == NOT_MADE_GOOD:
                return (
                    _(
                        "You did not come to your appointment and chose no new time. This application has ended."
                    ),
                    _("Nothing"),
                )
            case _ if row.reason == DELETED:
                return _("You deleted this draft."), _("Nothing")
            case _:
                return _("This application has ended because a time limit passed."), _("Nothing")

    def _pay_sentence(self) -> str:
        row = self.application
        said: dict[str, Any] = {"amount": rupiah(row.bill_amount_idr), "time": "", "day": ""}
        if row.bill_due_at is None:
            return _("Pay %(amount)s.") % said
        if row.bill_due_at.astimezone(self._tz()).date() == self._today():
            said["time"] = clock_time(row.bill_due_at, self.place)
            return _("Pay %(amount)s before %(time)s.") % said
        said["day"] = when(row.bill_due_at, self.place)
        return _("Pay %(amount)s before %(day)s.") % said

    def _tz(self) -> ZoneInfo:
        return self.place.tz if isinstance(self.place, Office) else self.place

    def _expiring_sentence(self) -> str:
        left = max(self._days_left(), 0)
        if left == 0:
            return _("Today is the last day to collect your passport at %(office)s.") % {
                "office": self._office()
            }
        text = ngettext(
            "%(left)s day is left to collect your passport at %(office)s.",
            "%(left)s days are left to collect your passport at %(office)s.",
            left,
        )
        return text % {"left": left, "office": self._office()}

    def _check_waits(self) -> bool:
        """Whether the centre, where the check is made, is cut off from us or from the office that has the file."""
        row = self.application
        return links.centre_is_silent() or (
            row.state in WAITS_FOR_CENTRE and row.office_id in links.offices_without_centre()
        )

    def can_do(self) -> str:
        match self.wait.can_do:
            case "continue":
                return _("Continue. Everything so far is saved.")
            case "choose-place":
                return _("Choose a time. You pay after that.")
            case "pay":
                if self.application.state == State.HOLDING:
                    return _("Pay at a bank, a shop or a post office. We keep your place until then.")
                if self.application.state == State.APPROVED:
                    return _("Pay. We print only what is paid.")
                if self._check_waits():
                    return _("Pay. The check goes on when the line is back, and we print only what is paid.")
                return _("Pay. The check goes on meanwhile, but we print only what is paid.")
            case "do-not-pay-again":
                return _("Nothing. It takes a few minutes.")
            case "come":
                return _("Bring the originals of your papers. Come ten minutes early.")
            case "rescue":
                days = policy.value("rescue_days", office=self.application.office_id or "", now=self.now)
                return _("Choose a new time within %(days)s days. You do not pay again.") % {"days": days}
            case "ask-today":
                return _("Ask at the office on the same day. Later you can start a new application.")
            case "wait-for-call":
                return _("Sit down and look at the board. We call your number.")
            case "bring-papers":
                return _("Come to the office with it. You need no new appointment.")
            case "wait":
                return _("Nothing. We send you a message when it goes on.")
            case "answer":
                return _("Answer here, or at the office.")
            case "collect":
                return _("Come with your identity card. A relative on the same family card can come for you.")
            case "object":
                days = policy.value("objection_days", now=self.now)
                return _("You can object within %(days)s days. It costs nothing.") % {"days": days}
            case "keep-safe":
                return _("Sign the passport and keep it dry.")
            case _:
                return _("You can start a new application.")


@dataclass(frozen=True)
class Silence:
    """Why news may be late: a line is cut. What stands, what waits, and when we say more."""

    stands: str
    waits: str
    next_update: str


AT_THE_OFFICE = frozenset(
    {State.ARRIVED, State.INCOMPLETE, State.ENROLLED, State.APPROVED, State.PRINTED, State.READY}
)


WAITS_FOR_CENTRE = frozenset({State.ENROLLED, State.ASKED, State.APPROVED})  # at an office


def silence(application: Application, now: datetime) -> Silence | None:
    """What to say while the line to its office or to the centre is cut, as the portal knows it; None when all answer."""
    place = place_of(application)
    to_come = application.state == State.BOOKED
    if application.office_id in links.silent_offices() and (to_come or application.state in AT_THE_OFFICE):
        if to_come:
            stands = _("Your appointment stands. Please come.")
        elif application.state == State.READY:
            stands = _("Your passport is safe at the office.")
        else:
            stands = _("Your file is safe at the office.")
        waits = _(
            "The office is not connected to us now. It serves as always; news from there comes here later."
        )
    elif application.state in WAITS_FOR_CENTRE and application.office_id in links.offices_without_centre():
        stands = _("Your file is safe at the office.")
        waits = _(
            "The office is not connected to the centre now. It serves as always; files and decisions follow by themselves when the line is back."
        )
    elif application.state == State.REVIEW and links.centre_is_silent():
        stands = _("Your file is safe at the centre.")
        waits = _("The centre is not connected to us now. News from there comes here later.")
    else:
        return None
    at = clock_time(next_update(now), place)
    return Silence(stands, waits, _("Next update at %(at)s.") % {"at": at})


def entries_of(application: Application) -> list[Entry]:
    """Everything said of the application, oldest first."""
    return list(Entry.objects.of(application.ref))


def mark_of(told: Iterable[Story], entries: Iterable[Entry], silent: Silence | None = None) -> str:
    """A short mark of what the tracker shows; another mark, something has changed."""
    shown = [(story.code, story.sentence, story.until) for story in told]
    return hashlib.sha256(repr((shown, silent, [entry.pk for entry in entries])).encode()).hexdigest()[:12]


def stages(application: Application, entries: Iterable[Entry]) -> list[Stage]:
    """The seven steps with the day on which each was reached, the last time it was."""
    reached: dict[int, datetime] = {}
    for entry in entries:
        if entry.kind == "applications.started":
            reached.setdefault(1, entry.recorded_at)
        elif entry.kind == "applications.moved":
            target = State(entry.values["target"])
            if target not in journey.ENDS or target == State.COLLECTED:
                step = journey.STATES[target].step
                reached = {
                    known: at for known, at in reached.items() if known <= step
                }  # gone back: not reached
                reached.setdefault(step, entry.recorded_at)
    state = State(application.state)
    current = max(reached, default=1) if state in journey.ENDS else journey.STATES[state].step
    place = place_of(application)
    made = []
    for number, label in enumerate(STAGES, start=1):
        if number < current or state == State.COLLECTED:
            standing = "done"
        else:
            standing = "now" if number == current and state not in journey.ENDS else "todo"
        shown = number in reached and standing != "todo"
        made.append(Stage(label, standing, day(reached[number], place) if shown else ""))
    return made


def timeline(entries: Iterable[Entry]) -> list[Event]:
    """What happened, newest first. Only what concerns the applicant, in their words."""
    events = []
    for entry in entries:
        if entry.kind == "applications.moved":
            said = entry.values
            says = MOVED_BY_US.get((said["move"], said.get("reason", ""))) or MOVED.get(said["move"])
        else:
            says = TOLD.get(entry.kind)
        if says:
            events.append(Event(entry.recorded_at, says))
    return events[::-1]
