"""What can be had where: the finder's answers. Reads only; a handful of queries for any number of offices."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from django.core.cache import cache
from django.db.models import F, Min, Q, Sum

from openpaspor.offices import calendars, quotas
from openpaspor.offices.models import Booklet, ClosedDay, Office
from openpaspor.offices.workdays import is_working_day

from . import rules
from .models import Calendar, Pot, Shortage, Slot
from .rules import Answer


@dataclass(frozen=True)
class DayCount:
    """Places left on one local day."""

    day: date
    left: int


@dataclass(frozen=True)
class Offer:
    """What one office offers of one kind of booklet out of one pot, or why nothing."""

    office: Office
    earliest: datetime | None = None
    days: tuple[DayCount, ...] = ()  # the next three on which it is open
    none: Answer | None = None
    other_kind: bool = False  # the other kind of booklet has places here


@dataclass(frozen=True)
class Near:
    """An office close by that has places."""

    office: Office
    earliest: datetime
    km: int


@dataclass
class _Counts:
    """Places left at one office: by day for the kind asked for, and whether the other kind has any."""

    left: dict[date, int] = field(default_factory=dict)
    earliest: datetime | None = None
    other_kind: bool = False


def find_offices(text: str) -> list[Office]:
    """Offices by city, province or name, in the order of their cities."""
    wanted = Q()
    for word in text.split()[:6]:
        wanted &= Q(city__icontains=word) | Q(province__icontains=word) | Q(name__icontains=word)
    return list(Office.objects.filter(wanted).order_by("city", "name"))


def offers(offices: Sequence[Office], booklet: str, pot: str, *, now: datetime) -> list[Offer]:
    """What each of these offices offers, in their order."""
    counts = _count(offices, booklet, pot, now=now)
    read = calendars.reader(now)
    through = dict(Calendar.objects.filter(office__in=offices).values_list("office", "through"))
    closed = _closed(offices, now)
    short: dict[str, date] = {}
    if any(counts[office.pk].earliest is None for office in offices):
        rows = Shortage.objects.filter(office__in=offices, booklet_kind=booklet)
        short = dict(rows.values_list("office", "until"))
    found = []
    for office in offices:
        mine = counts[office.pk]
        days = _next_days(office, through.get(office.pk), closed[office.pk], now)
        found.append(
            Offer(
                office=office,
                earliest=mine.earliest,
                days=tuple(DayCount(day, mine.left.get(day, 0)) for day in days[:3]),
                none=None
                if mine.earliest
                else rules.why_none(
                    is_made=quotas.quota(office.office_class, pot, booklet).ceiling > 0,
                    short_until=short.get(office.pk),
                    today=calendars.today(office, now),
                    through=through.get(office.pk),
                    is_open_meanwhile=bool(days),
                    opens_at=next_release(office, through.get(office.pk), now, read),
                ),
                other_kind=mine.other_kind,
            )
        )
    return found


def _count(offices: Sequence[Office], booklet: str, pot: str, *, now: datetime) -> dict[str, _Counts]:
    counts: dict[str, _Counts] = defaultdict(_Counts)
    free = Slot.objects.filter(office__in=offices, pot=pot).bookable(now=now)
    grouped = free.values_list("office", "booklet_kind", "day").annotate(
        free=Sum(F("offered") - F("taken")), first=Min("starts_at")
    )
    for office, kind, day, left, first in grouped.order_by("day"):
        mine = counts[office]
        if kind != booklet:
            mine.other_kind = True
            continue
        mine.left[day] = left
        mine.earliest = min(mine.earliest or first, first)
    return counts


def _closed(offices: Sequence[Office], now: datetime) -> dict[str, set[date]]:
    days: dict[str, set[date]] = defaultdict(set)
    ahead = ClosedDay.objects.filter(office__in=offices, day__gte=now.date() - timedelta(days=1))
    for office, day in ahead.values_list("office", "day"):
        days[office].add(day)
    return days


def _next_days(office: Office, through: date | None, closed: set[date], now: datetime) -> list[date]:
    """The days from tomorrow to the last one on sale on which the office is open."""
    tomorrow = calendars.today(office, now) + timedelta(days=1)
    if through is None or through < tomorrow:
        return []
    return [day for day in calendars.days_between(tomorrow, through) if is_working_day(day, closed)]


def next_release(office: Office, through: date | None, now: datetime, read: calendars.Read) -> datetime:
    """The moment at which more days of this office go on sale."""
    day = max(through or calendars.today(office, now), calendars.today(office, now)) + timedelta(days=1)
    while (opens_at := calendars.release_of(office, day, read)) <= now:
        day += timedelta(weeks=1)
    return opens_at


def earliest_everywhere(booklet: str, pot: str, *, now: datetime) -> dict[str, datetime]:
    """The first free place of every office that has one, by office code."""
    free = Slot.objects.for_kind(booklet, pot).bookable(now=now).order_by()
    return dict(free.values_list("office").annotate(first=Min("starts_at")))


@dataclass(frozen=True)
class Earliest:
    """The first free place in a part of the country."""

    region: str
    office: Office
    starts_at: datetime


FRONT_DOOR_SECONDS = 10  # how old what the front door says may be


def earliest_by_region(*, now: datetime) -> list[Earliest]:
    """The first free place for an e-passport in each part of the country that has one, from the west.

    Asked by everybody who comes in, so it is remembered for a few seconds.
    """
    moment = int(now.timestamp()) // FRONT_DOOR_SECONDS
    key = f"appointments:earliest:{moment}"
    found: dict[str, tuple[str, datetime]] = (
        cache.get_or_set(key, partial(_first_of_regions, now), FRONT_DOOR_SECONDS) or {}
    )
    offices = Office.objects.in_bulk([code for code, _starts_at in found.values()])
    return [
        Earliest(region, offices[found[region][0]], found[region][1])
        for region in rules.REGIONS
        if region in found
    ]


def _first_of_regions(now: datetime) -> dict[str, tuple[str, datetime]]:
    first: dict[str, tuple[str, datetime]] = {}
    free = earliest_everywhere(Booklet.ELECTRONIC, Pot.ONLINE, now=now)
    for code, province in Office.objects.filter(pk__in=free).order_by("pk").values_list("pk", "province"):
        region = rules.region_of(province)
        if region and (region not in first or free[code] < first[region][1]):
            first[region] = (code, free[code])
    return first


def nearest(office: Office, booklet: str, pot: str, *, now: datetime, count: int = 3) -> list[Near]:
    """The closest other offices that have a place."""
    earliest = earliest_everywhere(booklet, pot, now=now)
    others = Office.objects.filter(pk__in=earliest).exclude(pk=office.pk)
    near = [Near(other, earliest[other.pk], _km(office, other)) for other in others]
    return sorted(near, key=lambda found: (found.km, found.office.pk))[:count]


def _km(here: Office, there: Office) -> int:
    """Distance as the crow flies; office coordinates are those of their city."""
    if None in (here.latitude, here.longitude, there.latitude, there.longitude):
        return 99_999
    lat1, lon1, lat2, lon2 = (
        math.radians(float(angle or 0))
        for angle in (here.latitude, here.longitude, there.latitude, there.longitude)
    )
    half = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return round(2 * 6371 * math.asin(math.sqrt(half)))


# One office, for those who choose


def days_of(office: Office, booklet: str, pots: Sequence[str], *, now: datetime) -> list[DayCount]:
    """Every day on sale with its places, also those that are full."""
    slots = Slot.objects.filter(office=office).for_kind(booklet, *pots).on_sale(now=now)
    grouped = slots.values_list("day").annotate(
        free=Sum(F("offered") - F("taken"), filter=Q(taken__lt=F("offered")))
    )
    return [DayCount(day, left or 0) for day, left in grouped.order_by("day")]


def times_of(office: Office, day: date, booklet: str, pots: Sequence[str], *, now: datetime) -> list[Slot]:
    """The times of one day, full ones too. Of one moment in two pots, one with a place is shown."""
    slots = Slot.objects.filter(office=office, day=day).for_kind(booklet, *pots).on_sale(now=now)
    by_moment: dict[datetime, Slot] = {}
    for slot in slots.select_related("office").order_by("starts_at", "pk"):
        known = by_moment.get(slot.starts_at)
        if known is None or (slot.left and (not known.left or slot.pot == Pot.RESCUE)):
            by_moment[slot.starts_at] = slot
    return list(by_moment.values())


def nearest_times(wanted: Slot, pots: Sequence[str], *, now: datetime, count: int = 3) -> list[Slot]:
    """The free times nearest to one that is gone, at the same office; soonest first."""
    free = Slot.objects.filter(office=wanted.office_id).for_kind(wanted.booklet_kind, *pots).bookable(now=now)
    free = free.select_related("office").exclude(pk=wanted.pk)
    after = list(free.filter(starts_at__gte=wanted.starts_at).order_by("starts_at")[:count])
    before = list(free.filter(starts_at__lt=wanted.starts_at).order_by("-starts_at")[:count])
    close = sorted([*before, *after], key=lambda slot: abs(slot.starts_at - wanted.starts_at))[:count]
    return sorted(close, key=lambda slot: slot.starts_at)


# One office, for its head


@dataclass(frozen=True)
class PotOfDay:
    """How one pot of a day stands."""

    pot: str
    booklet: str
    offered: int = 0
    taken: int = 0
    ceiling: int = 0


@dataclass(frozen=True)
class DayOfOffice:
    day: date
    pots: tuple[PotOfDay, ...]
    closed: str = ""  # reason code

    @property
    def taken(self) -> int:
        return sum(pot.taken for pot in self.pots)

    @property
    def offered(self) -> int:
        return sum(pot.offered for pot in self.pots)


def calendar_of(office: Office, days: Sequence[date]) -> list[DayOfOffice]:
    """Pots of several days with what is offered and taken."""
    sums = (
        Slot.objects.filter(office=office, day__in=days).values_list("day", "pot", "booklet_kind").order_by()
    )
    stands = {
        (day, pot, kind): (offered, taken)
        for day, pot, kind, offered, taken in sums.annotate(
            offered_sum=Sum("offered"), taken_sum=Sum("taken")
        )
    }
    closed = calendars.closed_days(office, min(days), max(days))
    return [
        DayOfOffice(
            day, tuple(_pot_of_day(office, day, pot, kind, stands) for pot, kind in POTS), closed.get(day, "")
        )
        for day in days
    ]


POTS = [(pot.value, kind.value) for pot in Pot for kind in (Booklet.ELECTRONIC, Booklet.REGULAR)]


def _pot_of_day(
    office: Office, day: date, pot: str, kind: str, stands: dict[tuple[date, str, str], tuple[int, int]]
) -> PotOfDay:
    offered, taken = stands.get((day, pot, kind), (0, 0))
    return PotOfDay(pot, kind, offered, taken, quotas.quota(office.office_class, pot, kind).ceiling)


def hours_of(office: Office, day: date) -> list[Slot]:
    """Every slot of one day, for the head's own list."""
    slots = Slot.objects.filter(office=office, day=day).filter(Q(offered__gt=0) | Q(taken__gt=0))
    return list(slots.select_related("office").order_by("starts_at", "pot", "booklet_kind"))
