"""One page about two mornings: figures, words for a terminal, and HTML with charts that need no network."""

from __future__ import annotations

import html
import statistics
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .morning import Visitor

BALI = ZoneInfo("Asia/Makassar")
OPENS, CLOSES, DIES, RETURNS = 8, 17, 9, 15  # hours at Denpasar
STEP = timedelta(minutes=15)
REACHED_THE_CENTRE = {"REVIEW", "APPROVED", "PRINTED", "READY", "COLLECTED"}
WORDS = {
    "with-node": gettext_lazy("An office with its own node"),
    "without-node": gettext_lazy("Officers on the central site"),
}
KINDS = {
    "booked": gettext_lazy("with an appointment"),
    "walk-in": gettext_lazy("walk-in"),
    "collect": gettext_lazy("to collect"),
    "elderly": gettext_lazy("elderly"),
    "pregnant": gettext_lazy("pregnant"),
    "disabled": gettext_lazy("disabled"),
}
SHORT = {"with-node": gettext_lazy("own node"), "without-node": gettext_lazy("central site")}
LANGUAGES = {"id": "Bahasa Indonesia", "en": "English"}


def compare(*told: dict[str, Any], seed: int, seconds: float) -> dict[str, Any]:
    """The page of a drill: each morning's figures, and what went otherwise than it must (`wrong`)."""
    worlds = [_figures(one) for one in told]
    return {
        "drill": "denpasar",
        "day": told[0]["day"],
        "seed": seed,
        "seconds": round(seconds),
        "worlds": worlds,
        "wrong": [fault for one, world in zip(told, worlds, strict=True) for fault in _wrong(one, world)],
    }


def _figures(told: dict[str, Any]) -> dict[str, Any]:
    visitors: list[Visitor] = told["visitors"]
    day = date.fromisoformat(told["day"])
    dark = (_at(day, DIES), _at(day, RETURNS))
    served = [one for one in visitors if one.done_at]
    waits = sorted(one.waited.total_seconds() / 60 for one in visitors if one.waited is not None)
    in_the_dark = [one for one in served if one.done_at and dark[0] <= one.done_at < dark[1]]
    return {
        "world": told["world"],
        "counters": told["counters"],
        "came": len(visitors),
        "served": len(served),
        "went_home_unserved": len([one for one in visitors if one.left_at]),
        "still_there_at_closing": len([one for one in visitors if not one.done_at and not one.left_at]),
        "served_while_centre_was_dead": len(in_the_dark),
        "priority_served_while_centre_was_dead": len([one for one in in_the_dark if one.priority]),
        "handed_over_while_centre_was_dead": len([one for one in in_the_dark if one.what == "collect"]),
        "printed_while_centre_was_dead": len(
            [ref for when, ref in told["printed"] if dark[0] <= when < dark[1]]
        ),
        "files_kept_at_the_office": len([one for one in in_the_dark if one.what != "collect"])
        if told["world"] == "with-node"
        else 0,
        "median_wait_min": round(statistics.median(waits), 1) if waits else None,
        "wait_of_nine_in_ten_min": round(waits[int(len(waits) * 0.9)], 1) if waits else None,
        "by_time": _by_time(visitors, day),
        "arrived": told["arrived"],
        "decided_afterwards": told["decided_afterwards"],
        "seconds": {
            name: told[name]
            for name in ("office_start_s", "centre_start_s", "quiet_after_s", "settled_s", "day_s")
            if name in told
        },
        "notes": [f"{when.astimezone(BALI):%H:%M} {text}" for when, text in told["notes"]],
        "visitors": [_line(one) for one in sorted(visitors, key=lambda one: one.comes_at)],
    }


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, clock_time(hour, minute), BALI).astimezone(UTC)


def _by_time(visitors: list[Visitor], day: date) -> list[dict[str, Any]]:
    """Every quarter of an hour: how many were served so far, and how many wait."""
    rows, now = [], _at(day, OPENS)
    while now <= _at(day, CLOSES):
        rows.append(
            {
                "at": f"{now.astimezone(BALI):%H:%M}",
                "served": len([one for one in visitors if one.done_at and one.done_at <= now]),
                "waiting": len([one for one in visitors if _waits(one, now)]),
            }
        )
        now += STEP
    return rows


def _waits(one: Visitor, now: datetime) -> bool:
    """Inside or before the door, not called and not gone home."""
    return (
        one.comes_at <= now
        and (one.called_at is None or one.called_at > now)
        and (one.left_at is None or one.left_at > now)
    )


def _line(one: Visitor) -> dict[str, Any]:
    def clock(moment: datetime | None) -> str:
        return f"{moment.astimezone(BALI):%H:%M}" if moment else ""

    return {
        "what": one.what,
        "priority": one.priority,
        "number": one.label,
        "ref": one.ref,
        "came": clock(one.comes_at),
        "received": clock(one.received_at),
        "called": clock(one.called_at),
        "done": clock(one.done_at),
        "went_home": clock(one.left_at),
    }


def _wrong(told: dict[str, Any], world: dict[str, Any]) -> list[str]:
    """What must not be, one sentence each."""
    name = WORDS[told["world"]]
    wrong = [f"{name}: {fault}" for fault in (*told["faults"], *told["refused"])]
    for one in told["visitors"]:
        if one.done_at is None:
            continue
        state = told["states"].get(one.ref, "unknown at the centre")
        if (one.what == "collect" and state != "COLLECTED") or state not in REACHED_THE_CENTRE:
            wrong.append(f"{name}: visitor {one.number} ({one.what}) was served; {one.ref} is {state}")
    if told["world"] == "without-node":
        return wrong
    arrived, unsure = told["arrived"], told["unsure"]
    if arrived["at_the_centre"] != arrived["said_by_the_office"]:
        wrong.append(
            f"{name}: {arrived['said_by_the_office'] - arrived['at_the_centre']} entries never arrived"
        )
    wrong += [f"{name}: {what} is {arrived[what]}" for what in arrived if "twice" in what and arrived[what]]
    wrong += [
        f"{name}: {what} is {arrived[what]}"
        for what in arrived
        if "not_the_offices" in what and arrived[what]
    ]
    if unsure.after - unsure.before != 1:
        wrong.append(
            f"{name}: {unsure.what}, sent twice around the power cut, counts {unsure.after - unsure.before} times"
        )
    if not world["served_while_centre_was_dead"] or not world["printed_while_centre_was_dead"]:
        wrong.append(f"{name}: nobody was served, or nothing printed, while the centre was dead")
    return wrong


# Words


ROWS = (
    ("came", gettext_lazy("people came")),
    ("served", gettext_lazy("of them were served")),
    ("served_while_centre_was_dead", gettext_lazy("served between 09:00 and 15:00, with the centre dead")),
    ("priority_served_while_centre_was_dead", gettext_lazy("of these in the priority line")),
    ("handed_over_while_centre_was_dead", gettext_lazy("passports handed over meanwhile")),
    ("printed_while_centre_was_dead", gettext_lazy("passports printed meanwhile")),
    ("files_kept_at_the_office", gettext_lazy("files kept at the office until the centre was back")),
    ("went_home_unserved", gettext_lazy("went home unserved after two hours")),
    ("still_there_at_closing", gettext_lazy("still there when the doors closed")),
    ("median_wait_min", gettext_lazy("minutes from the door to the counter (half of those called)")),
    ("wait_of_nine_in_ten_min", gettext_lazy("minutes for nine in ten")),
    ("decided_afterwards", gettext_lazy("files decided by the centre that evening")),
)


@translation.override("en")
def in_words(page: dict[str, Any]) -> list[str]:
    """The page for a terminal, in English as every command speaks."""
    left, right = page["worlds"]
    lines = [
        "",
        f"The morning of 2 June 2022 at Denpasar, lived again on {page['day']} (seed {page['seed']}, {page['seconds']} s).",
        "Centre and portal dead 09:00 to 15:00; the office without power 10:30 to 10:32.",
        "",
        f"{'own node':>10} {'central':>10}",
    ]
    for name, says in ROWS:
        lines.append(f"{_shown(left[name]):>10} {_shown(right[name]):>10}  {says}")
    lines += [
        "",
        f"What the office said: {_arrival(left['arrived'])}",
        f"Seconds measured: {_pairs(left['seconds'])}",
    ]
    lines += (
        ["", "WRONG:", *page["wrong"]]
        if page["wrong"]
        else ["", "Nothing was lost, nothing is there twice; the invariants hold."]
    )
    return lines


def _shown(value: Any) -> str:
    return "–" if value is None else str(formats.localize(value))


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name.removesuffix('_s').replace('_', ' ')} {value}" for name, value in values.items())


def _arrival(arrived: dict[str, int]) -> str:
    return (
        _(
            "%(said_by_the_office)s entries; %(at_the_centre)s at the centre, %(twice_at_the_centre)s twice; "
            "%(at_the_portal)s at the portal, %(twice_at_the_portal)s twice."
        )
        % arrived
    )


# Charts

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 260, 44, 28
COLOURS = {"with-node": "#0B5563", "without-node": "#9B1C45"}
STYLE = (
    "body{font:17px/1.5 system-ui,sans-serif;color:#14212B;background:#FAF7F0;max-width:800px;margin:24px auto;padding:0 16px}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}table{border-collapse:collapse;width:100%}"
    "td,th{border-bottom:1px solid #7C878F66;padding:4px 8px;text-align:right}td:last-child,th:last-child{text-align:left}"
    "svg{width:100%;min-width:560px;height:auto;background:#fff;border:1px solid #7C878F66;border-radius:6px}"
    ".wrong{background:#FAE3EA;padding:8px 16px}.good{background:#DFF1E5;padding:8px 16px}.wide{overflow-x:auto}"
    "@media print{body{background:#fff}}"
)


def as_html(page: dict[str, Any]) -> str:
    """The page with charts, in both languages one below the other: one file, no script, no network."""
    doors = " · ".join(f'<a href="#{code}" lang="{code}">{name}</a>' for code, name in LANGUAGES.items())
    told = []
    for code in LANGUAGES:
        with translation.override(code):
            told.append(f'<section id="{code}" lang="{code}">{_told(page)}</section>')
    return f"""<!doctype html>
<html lang="id"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Drill Denpasar</title><style>{STYLE}</style></head><body>
<nav>{doors}</nav>
{"<hr>".join(told)}
</body></html>
"""


def _told(page: dict[str, Any]) -> str:
    """The page in the language that is set."""
    left, right = page["worlds"]
    rows = "".join(
        f"<tr><td>{_shown(left[name])}</td><td>{_shown(right[name])}</td><td>{html.escape(str(says))}</td></tr>"
        for name, says in ROWS
    )
    faults = "".join(f"<li>{html.escape(one)}</li>" for one in page["wrong"])
    wrong, whole = _("Wrong:"), _("Nothing was lost, nothing is there twice; the invariants hold.")
    verdict = (
        f'<div class="wrong"><b>{wrong}</b><ul lang="en">{faults}</ul></div>'
        if page["wrong"]
        else f'<p class="good">{whole}</p>'
    )
    people = "".join(f"<tr>{_cells(one)}</tr>" for one in left["visitors"])
    about = _(
        "Lived again on %(day)s with seed %(seed)s: %(people)s people, %(counters)s counters. The centre and the portal are dead from "
        "09:00 to 15:00, the office has no power from 10:30 to 10:32. The same people come on the same minutes in both mornings."
    ) % {
        "day": formats.date_format(date.fromisoformat(page["day"]), "j F Y"),
        "seed": page["seed"],
        "people": left["came"],
        "counters": left["counters"],
    }
    named = "".join(f"<th>{html.escape(str(SHORT[world['world']]))}</th>" for world in page["worlds"])
    heads = "".join(
        f"<th>{html.escape(word)}</th>"
        for word in (_("came"), _("number"), _("called"), _("done"), _("went home"), "")
    )
    title = _("The morning of 2 June 2022 at Denpasar")
    served, waiting = _("People served, by the hour"), _("People waiting in the hall and before the door")
    said = _("What the office said, and where it arrived")
    everybody = _("Everybody who came to the office with its own node")
    return f"""<h1>{title}</h1>
<p>{html.escape(about)}</p>
{verdict}
<div class="wide"><table><thead><tr>{named}<th></th></tr></thead><tbody>{rows}</tbody></table></div>
<h2>{served}</h2><div class="wide">{_chart(page, "served")}</div>
<h2>{waiting}</h2><div class="wide">{_chart(page, "waiting")}</div>
<h2>{said}</h2><p>{html.escape(_arrival(left["arrived"]))}</p>
<h2>{everybody}</h2>
<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{people}</tbody></table></div>"""


def _cells(one: dict[str, str]) -> str:
    what = ", ".join(str(KINDS[word]) for word in (one["what"], one["priority"]) if word)
    values = (one["came"], one["number"], one["called"], one["done"], one["went_home"], what)
    return "".join(f"<td>{html.escape(value)}</td>" for value in values)


def _chart(page: dict[str, Any], what: str) -> str:
    """Two lines over the day; the hours without a centre are shaded."""
    top = max(1, *(row[what] for world in page["worlds"] for row in world["by_time"]))

    def x(hours: float) -> float:
        return LEFT + (hours - OPENS) / (CLOSES - OPENS) * (WIDTH - LEFT - 150)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - 16)

    dead, cut = _("centre and portal dead"), _("power cut")
    parts = [
        f'<rect x="{x(DIES):.0f}" y="8" width="{x(RETURNS) - x(DIES):.0f}" height="{HEIGHT - BOTTOM - 8}" fill="#F1EBDD"/>',
        f'<text x="{x(DIES) + 6:.0f}" y="22" fill="#55616B">{dead}</text>',
        f'<line x1="{x(10.5):.0f}" x2="{x(10.5):.0f}" y1="30" y2="{HEIGHT - BOTTOM}" stroke="#7A5200" stroke-dasharray="4 3"/>',
        f'<text x="{x(10.5) + 4:.0f}" y="40" fill="#7A5200">{cut}</text>',
    ]
    for hour in range(OPENS, CLOSES + 1):
        parts.append(f'<text x="{x(hour):.0f}" y="{HEIGHT - 8}" text-anchor="middle">{hour:02d}</text>')
    for share in (0, 0.5, 1):
        value = round(top * share)
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 5:.0f}" text-anchor="end">{value}</text>')
        parts.append(
            f'<line x1="{LEFT}" x2="{x(CLOSES):.0f}" y1="{y(value):.0f}" y2="{y(value):.0f}" stroke="#7C878F" stroke-opacity=".35"/>'
        )
    for world in page["worlds"]:
        colour, rows = COLOURS[world["world"]], world["by_time"]
        points = " ".join(f"{x(_hours(row['at'])):.1f},{y(row[what]):.1f}" for row in rows)
        dashes = "" if world["world"] == "with-node" else ' stroke-dasharray="7 4"'
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="3"{dashes} points="{points}"/>')
    ends = sorted((y(world["by_time"][-1][what]), world["world"]) for world in page["worlds"])
    if ends[1][0] - ends[0][0] < 18:
        ends[0] = (ends[1][0] - 18, ends[0][1])
    for height, name in ends:
        parts.append(
            f'<text x="{x(CLOSES) + 8:.0f}" y="{height + 5:.0f}" fill="{COLOURS[name]}" font-weight="600">{SHORT[name]}</text>'
        )
    described = "; ".join(_described(world, what) for world in page["worlds"])
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(described)}" font-size="14">{"".join(parts)}</svg>'


def _described(world: dict[str, Any], what: str) -> str:
    """A line of a chart, for whoever cannot see it."""
    points = ", ".join(f"{row['at']}: {row[what]}" for row in world["by_time"][::8])
    return f"{WORDS[world['world']]}: {points}"


def _hours(text: str) -> float:
    hour, minute = text.split(":")
    return int(hour) + int(minute) / 60
