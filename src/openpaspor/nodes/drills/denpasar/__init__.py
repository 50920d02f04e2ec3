"""The morning of 2 June 2022 at Denpasar: the central system dies for six hours, and the office's power for two minutes.

Real processes, driven through their pages over HTTP; the clock is stepped from event to event. The same people come on
the same minutes twice: to an office with a node of its own, and to one whose officers work on the central site.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from openpaspor.nodes import cli
from openpaspor.offices.workdays import is_working_day

HELP = "2 June 2022 at Denpasar: centre and portal die for six hours; with an office node, and without"
BALI = ZoneInfo("Asia/Makassar")
DEFAULT_SIZE = 200
WORLDS = ("with-node", "without-node")
SHARES = {"collect": 0.12, "walk-in": 0.14, "priority": 0.09}  # of all visitors; the others have booked
WAITS_FOR_PRINT = 0.04  # approved the day before, and not printed yet
OPENS, CLOSES = clock_time(8), clock_time(17)
DIES, RETURNS, POWER_CUT = clock_time(9), clock_time(15), clock_time(10, 30)
POWER_BACK = timedelta(minutes=2)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--html", metavar="FILE", default="", help="write the page with charts there")


def run(args: argparse.Namespace) -> int:
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="openpaspor-denpasar-") as folder,
        ProcessPoolExecutor(len(WORLDS), multiprocessing.get_context("spawn")) as side_by_side,
    ):
        _stand_somewhere(Path(folder) / "driver")
        mornings = [
            side_by_side.submit(_morning, name, Path(folder), args.size, args.seed) for name in WORLDS
        ]
        told = [morning.result() for morning in mornings]
    from openpaspor.nodes.drills.denpasar import report

    page = report.compare(*told, seed=args.seed, seconds=time.monotonic() - began)
    for line in report.in_words(page):
        cli.say(line)
    if args.html:
        Path(args.html).write_text(report.as_html(page))
        cli.say(f"The page with charts: {args.html}")
    if args.json:
        cli.answer(page)
    return cli.FOUND if page["wrong"] else cli.GOOD


def _morning(name: str, folder: Path, size: int, seed: int) -> dict[str, Any]:
    """Live through it in one world, in a process of its own: each world has its own clock. Raises DrillFailed."""
    _stand_somewhere(folder / f"{name}.driver")
    from openpaspor.nodes.drills.denpasar import worlds
    from openpaspor.nodes.installation import DrillFailed

    def say(text: str) -> None:
        cli.say(f"{name}: {text}")

    world = worlds.WithNode(folder, say) if name == worlds.WithNode.name else worlds.WithoutNode(folder, say)
    try:
        return _live(world, size, seed)
    except DrillFailed as trouble:
        say(f"stopped: {trouble}")
        if world.office.log.exists():
            say(f"the office's log ends with:\n{world.office.log.read_text()[-4000:]}")
        raise
    finally:
        world.stop()


def _stand_somewhere(home: Path) -> None:
    """We draw pictures and read lines as the program does, so its settings must be read; in a folder of our own."""
    import os

    os.environ |= {"OPENPASPOR_HOME": str(home), "OPENPASPOR_DEMO": "1"}
    cli.set_up_django()


def at(day: date, moment: clock_time) -> datetime:
    return datetime.combine(day, moment, BALI).astimezone(UTC)


def three_days(real_today: date) -> tuple[date, date, date]:
    """Three working days one after the other, from the next one on: to book, to be served, and the day itself."""
    days: list[date] = []
    day = real_today
    while len(days) < 3:
        if is_working_day(day):
            days.append(day)
        day += timedelta(days=1)
    return days[0], days[1], days[2]


def _live(world: Any, size: int, seed: int) -> dict[str, Any]:
    from openpaspor.nodes.drills.denpasar.worlds import order_bookings

    rng = random.Random(seed)
    books_on, before, day = three_days(datetime.now(UTC).date())
    shares = {what: max(1, round(size * share)) for what, share in SHARES.items()}
    waits = max(1, round(size * WAITS_FOR_PRINT))
    booked = size - sum(shares.values())
    counters = max(2, round(size / 28))
    world.say(f"{size} visitors, {counters} counters.")
    world.build(at(books_on, clock_time(10)))
    earlier = _read(order_bookings(world, before.isoformat(), shares["collect"] + waits, seed))
    today = _read(order_bookings(world, day.isoformat(), booked, seed))
    world.start()
    world.settle()
    _day_before(world, before, earlier, counters, waits, rng)
    return _the_day(world, day, today, earlier, shares, counters, waits, rng)


def _read(booked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        one | {"born": date.fromisoformat(one["born"]), "place_at": datetime.fromisoformat(one["place_at"])}
        for one in booked
    ]


def _day_before(
    world: Any, day: date, people: list[dict[str, Any]], counters: int, waits: int, rng: random.Random
) -> None:
    """A day on which all is well: those who collect tomorrow are served, approved and (most of them) printed."""
    from openpaspor.kit import clock
    from openpaspor.nodes.drills.denpasar import back_office
    from openpaspor.nodes.drills.denpasar.morning import Day, Visitor
    from openpaspor.nodes.installation import DrillFailed

    clock.set_to(at(day, OPENS))
    quiet_day = Day(world.office, begins=at(day, OPENS), ends=at(day, CLOSES), counters=counters, seed=1)
    quiet_day.open_counters()
    for number, one in enumerate(people):
        comes = one["place_at"] - timedelta(minutes=rng.randint(2, 20))
        quiet_day.expect(Visitor(number, "booked", comes, about=one, ref=one["ref"]))
    quiet_day.run()
    quiet_day.close_counters()
    unserved = [one for one in quiet_day.visitors if not one.done_at]
    if unserved:
        raise DrillFailed(f"on a quiet day {unserved} were not served: {quiet_day.refused} {quiet_day.notes}")
    clock.set_to(at(day, CLOSES))
    world.settle()
    decided = _decide_all(world.centre)
    clock.set_to(at(day, CLOSES) + timedelta(minutes=5))
    _until(
        lambda: len(back_office.printable(world.office)) == len(people),
        f"{len(decided)} of {len(people)} were approved, and all of them can be printed",
        seconds=180,
    )
    collects = {one["ref"]: one for one in people[: len(people) - waits]}
    shelved = back_office.print_some(world.office, collects, today=day, limit=len(collects))
    world.say(f"{day:%d-%m}: {len(people)} served and approved, {len(shelved)} passports on the shelf.")


def _decide_all(centre: Any) -> list[str]:
    """The centre decides whatever was offered to it, also what is still on its way."""
    from openpaspor.nodes.drills.denpasar import back_office

    waits = "SELECT ref FROM applications_application WHERE state IN ('ENROLLED', 'REVIEW')"
    decided: list[str] = []

    def nothing_is_left() -> bool:
        decided.extend(back_office.decide_all(centre))
        return {ref for (ref,) in centre.rows(waits)} <= set(decided)

    _until(nothing_is_left, "the centre has decided every file that was offered", seconds=120)
    return decided


def _until(what: Callable[[], bool], says: str, seconds: float = 60) -> None:
    from openpaspor.nodes.installation import DrillFailed

    ends = time.monotonic() + seconds
    while not what():
        if time.monotonic() > ends:
            raise DrillFailed(f"not after {seconds:.0f} s: {says}")
        time.sleep(0.3)


def _the_day(
    world: Any,
    day: date,
    people: list[dict[str, Any]],
    earlier: list[dict[str, Any]],
    shares: dict[str, int],
    counters: int,
    waits: int,
    rng: random.Random,
) -> dict[str, Any]:
    from openpaspor.kit import clock
    from openpaspor.nodes.checker.clients import ClientLedger
    from openpaspor.nodes.drills.denpasar.morning import Day, Visitor, newcomer

    opens = at(day, OPENS)
    clock.set_to(opens)
    world.settle()
    told = ClientLedger(world.told)
    that_day = Day(world.office, begins=opens, ends=at(day, CLOSES), counters=counters, seed=3, told=told)
    that_day.open_counters()
    for number, one in enumerate(people):
        comes = one["place_at"] - timedelta(minutes=rng.randint(-5, 25))
        that_day.expect(Visitor(number, "booked", comes, about=one, ref=one["ref"]))
    for number in range(shares["walk-in"] + shares["priority"]):
        comes, about = opens + timedelta(minutes=rng.randint(0, 300)), newcomer(rng, number, opens)
        priority = rng.choice(["elderly", "pregnant", "disabled"]) if number < shares["priority"] else ""
        that_day.expect(Visitor(1000 + number, "walk-in", comes, priority, about))
    about = {one["ref"]: one for one in earlier}
    for number, one in enumerate(earlier[: shares["collect"]]):
        comes = opens + timedelta(minutes=rng.randint(10, 400))
        that_day.expect(Visitor(2000 + number, "collect", comes, about=one, ref=one["ref"]))
    measured: dict[str, Any] = {}
    _script(world, that_day, day, about, measured)
    began = time.monotonic()
    that_day.run()
    that_day.now = at(day, CLOSES)
    clock.set_to(that_day.now)
    measured["day_s"] = round(time.monotonic() - began, 1)
    that_day.close_counters()
    measured["settled_s"] = round(world.settle(), 1)
    measured["decided_afterwards"] = len(_decide_all(world.centre))
    clock.set_to(that_day.now + timedelta(minutes=5))
    _until(lambda: not world.centre.ready().get("unsealed", 1), "the centre has sealed its decisions")
    time.sleep(1)
    world.settle()
    states = dict(world.centre.rows("SELECT ref, state FROM applications_application"))
    for node in {world.office, world.centre, world.portal}:
        node.stop()
        node.order("work", "--until-idle")
    return {
        "world": world.name,
        "day": day.isoformat(),
        "counters": counters,
        "visitors": that_day.visitors,
        "refused": that_day.refused,
        "notes": that_day.notes,
        "printed": that_day.printed,
        "states": states,
        "arrived": world.arrived(),
        "faults": world.faults(),
        **measured,
    }


def _script(
    world: Any, that_day: Any, day: date, about: dict[str, dict[str, Any]], measured: dict[str, Any]
) -> None:
    """What fails, and when; and the print room, which prints at eleven what was approved the day before."""
    from openpaspor.nodes.drills.denpasar import back_office
    from openpaspor.nodes.drills.people import Refusal, Unknown

    def dies() -> None:
        world.lose_the_centre()
        that_day.note("centre and portal are dead")
        world.say("09:00 centre and portal are dead.")

    def power_cut() -> None:
        if not world.has_node:
            that_day.note("the office has no power for two minutes; there is no machine in it")
            return
        tickets = lambda: world.office.rows("SELECT count(*) FROM hall_ticket")[0][0]  # noqa: E731
        measured["unsure"] = that_day.lose_power(tickets)
        world.say("10:30 the office's box lost its power, with a form on its way.")
        that_day.when(that_day.now + POWER_BACK, power_back)

    def power_back() -> None:
        measured["office_start_s"] = round(that_day.power_is_back(), 1)
        that_day.note("the office's box serves again")
        world.say(f"10:32 it serves again, after {measured['office_start_s']} s.")

    def prints() -> None:
        try:
            done = back_office.print_some(world.office, about, today=day, limit=len(about))
            that_day.printed += [(that_day.now, ref) for ref in done]
        except (Unknown, Refusal) as trouble:
            that_day.note(f"the print room could not work: {trouble}")
            that_day.when(that_day.now + timedelta(minutes=60), prints)

    def returns() -> None:
        began = time.monotonic()
        world.centre_is_back()
        measured["quiet_after_s"] = round(world.settle(), 1)
        measured["centre_start_s"] = round(time.monotonic() - began - measured["quiet_after_s"], 1)
        that_day.note("centre and portal are back")
        world.say(f"15:00 centre and portal are back; all is told after {measured['quiet_after_s']} s.")

    that_day.when(at(day, DIES), dies)
    that_day.when(at(day, POWER_CUT), power_cut)
    that_day.when(at(day, clock_time(11)), prints)
    that_day.when(at(day, RETURNS), returns)
