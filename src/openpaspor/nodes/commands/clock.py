"""Show or move the domain clock of a demo."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from openpaspor.kit import clock
from openpaspor.kit.refused import Refused
from openpaspor.nodes import cli

HELP = "show or move the demo's clock"


class ClockFixed(Refused):
    code = "clock-fixed"
    message = _("This installation has no movable clock; only a demo has (OPENPASPOR_DEMO=1).")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", required=True)
    deeds.add_parser("show", help="what time it is")
    deeds.add_parser("set", help="be at this moment, e.g. 2026-11-24T09:40:00+08:00").add_argument("moment")
    deeds.add_parser("advance", help="go on by an ISO 8601 duration, e.g. PT30M").add_argument("by")
    deeds.add_parser("to-booking", help="go to the minute of somebody's place").add_argument("ref")
    for deed in deeds.choices.values():
        deed.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def parse_duration(text: str) -> timedelta | None:
    """`PT30M`, `P1DT2H`; None when it is no duration."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if not found or text in ("P", "PT"):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def run(args: argparse.Namespace) -> int:
    if args.deed != "show":
        if not clock.is_movable():
            raise ClockFixed()
        moment = _target(args)
        if moment is None:
            cli.say("That is not a moment, a duration or a booking we know.")
            return cli.WRONG_USE
        clock.set_to(moment)
    now, real = clock.now(), clock.real_now()
    cli.say(f"The clock says {now:%Y-%m-%d %H:%M:%S} UTC.")
    if args.json:
        cli.answer(
            {
                "now": now.isoformat(),
                "real": real.isoformat(),
                "offset_s": round(clock.offset().total_seconds(), 3),
            }
        )
    return cli.GOOD


def _target(args: argparse.Namespace) -> datetime | None:
    if args.deed == "set":
        try:
            moment = datetime.fromisoformat(args.moment)
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if args.deed == "advance":
        by = parse_duration(args.by)
        return clock.now() + by if by is not None else None
    from openpaspor.applications.models import Application

    application = Application.objects.filter(ref=args.ref).first()
    return application.place_starts_at if application else None
