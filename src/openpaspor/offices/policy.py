"""What an office or the nation may change: policy knobs with their defaults, units and sources (domain guide §8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from .models import Knob


@dataclass(frozen=True)
class Setting:
    """A knob: its default, its unit and where the default comes from."""

    default: int
    unit: str
    why: str


KNOBS: dict[str, Setting] = {
    "payment_window_minutes": Setting(120, "minutes", "two hours at M-Paspor; the law does not fix it"),
    "payment_grace_minutes": Setting(0, "minutes", "paid in time counts by the bank's clock"),
    "counter_bill_days": Setting(
        7, "days", "bills after the interview, the state billing system's own default"
    ),
    "proof_days": Setting(
        3, "days", "made up; a signed receipt that no bank confirms until then goes to the money desk"
    ),
    "max_active_applications": Setting(5, "applications an account", "app store text and 2019 rule"),
    "reschedules": Setting(1, "changes", "app store text"),
    "missing_papers_days": Setting(7, "days", "Palangka Raya 7, Medan 14"),
    "rescue_days": Setting(7, "days", "special reschedule after a missed date"),
    "ask_days": Setting(14, "days", "time to answer a question of the centre"),
    "objection_days": Setting(30, "days", "time to object to a refusal"),
    "promised_working_days": Setting(4, "working days", "Permenkumham 8/2014 art. 22"),
    "collect_days": Setting(30, "days", "Permenkumham 8/2014 art. 30"),
    "blanks_reorder": Setting(60, "booklets of one kind", "made up; about two days of a middle-sized office"),
    "draft_days": Setting(30, "days", "an untouched draft is given up"),
    "submitted_days": Setting(30, "days", "a numbered application without a place is given up"),
    "slot_minutes": Setting(60, "minutes", "hourly arrival at M-Paspor"),
    "opens_minute": Setting(8 * 60, "minutes after local midnight", "08.00"),
    "closes_minute": Setting(15 * 60, "minutes after local midnight", "15.00"),
    "release_weekday": Setting(4, "weekday, Monday is 0", "Friday, APAPO 2019 and West Kalimantan 2025"),
    "release_minute": Setting(14 * 60, "minutes after local midnight", "14.00, APAPO 2019"),
    "release_weeks": Setting(1, "weeks before the visit", "one week ahead, APAPO 2019"),
    "short_notice_minutes": Setting(
        120, "minutes before a place starts", "made up; same-day and rescue places are sold until then"
    ),
    "custody_cutoff_minute": Setting(
        18 * 60, "minutes after local midnight, the day before", "day-list cut-off"
    ),
    "early_minutes": Setting(60, "minutes", "how early one may arrive"),
    "late_minutes": Setting(30, "minutes", "grace after the booked time"),
    "priority_age": Setting(60, "years", "elderly, Permenkumham 25/2023 and circular 2435/2018"),
    "priority_child_age": Setting(5, "years, below", "small children"),
    "walk_in_places": Setting(40, "people a day", "made up for the demo; Batam 50 priority"),
    "priority_places": Setting(50, "people a day", "Batam, 2023"),
    "undo_seconds": Setting(60, "seconds", "a decision can be taken back"),
    "wait_ceiling_minutes": Setting(90, "minutes", "nobody waits longer without an alert"),
    "no_show_undo_minutes": Setting(5, "minutes", "a no-show can be undone"),
}


def value(name: str, *, office: str = "", now: datetime) -> int:
    """The knob's value in force at `now`: the office's own, else the nation's, else the default."""
    rows = Knob.objects.filter(name=name, valid_from__lte=now).filter(
        Q(office=office or None) | Q(office=None)
    )
    best = None
    for row in rows.order_by("valid_from"):
        if best is None or row.office_id or not best.office_id:
            best = row
    return best.value if best else KNOBS[name].default


def table(*names: str, now: datetime) -> Callable[[str, str], int]:
    """Several knobs of all offices in one query: `read(name, office code)` gives what `value` would."""
    own: dict[tuple[str, str | None], int] = {}
    for row in Knob.objects.filter(name__in=names, valid_from__lte=now).order_by("valid_from"):
        own[row.name, row.office_id] = row.value

    def read(name: str, office: str) -> int:
        for place in (office, None):
            if (name, place) in own:
                return own[name, place]
        return KNOBS[name].default

    return read
