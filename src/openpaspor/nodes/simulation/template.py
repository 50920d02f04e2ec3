"""The five nodes as every run finds them: migrated once, enrolled by their own codes, with people, stock and places."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from openpaspor.accounts import demo_people
from openpaspor.accounts.models import User
from openpaspor.applications.models import Application
from openpaspor.hall import actions as hall
from openpaspor.issuance import actions as issuance
from openpaspor.kit import clock
from openpaspor.ledger import enrol, seal
from openpaspor.ledger.identity import Identity
from openpaspor.nodes import joining, tables
from openpaspor.offices.actions import set_knob
from openpaspor.offices.models import Office

from . import people
from .lines import ADDRESS, Lines
from .world import CENTRE, DATABASE, MONDAY, NAMES, OFFICES, PORTAL, Site, World, copy_of, played, site_in

ROLES = {CENTRE: "centre", PORTAL: "portal"} | dict.fromkeys(OFFICES, "office")
APPLICANTS = 8
EVERYWHERE = {"SUBMITTED", "BOOKED", "ARRIVED", "INCOMPLETE", "REVIEW", "APPROVED", "PRINTED", "READY"}


def build(folder: Path, *, with_people: bool = True) -> None:
    """Make the homes of all nodes under `folder`."""
    world = World(folder, 0)
    with played(world):
        _enrol_all(world)
        lines = Lines(world)
        lines.calm = True
        if with_people:
            with world.at(world.sites[CENTRE]):
                demo_people.ensure_here(clock.now(), offices=OFFICES.values())
                set_knob("max_active_applications", 40, action_id="many", actor="demo", now=clock.now())
        carry(world, lines)
        if with_people:
            for site in world.sites.values():
                with world.at(site):
                    demo_people.ensure_here(clock.now())
            _furnish(world)
            carry(world, lines)
            _populate(world, lines)


def _enrol_all(world: World) -> None:
    for name in NAMES:
        home = world.folder / name / "home"
        (home / "keys").mkdir(parents=True)
        (home / "keys" / "seal.key").write_bytes(world.rng.randbytes(32))  # a scalar below the order of P-256
        world.sites[name] = site_in(home, name)
    centre = world.sites[CENTRE]
    with world.at(centre):
        tables.bring_up_to_date()
        centre.connection.close()
    for name in NAMES:
        if name != CENTRE:
            shutil.copyfile(centre.home / DATABASE, world.sites[name].home / DATABASE)
    with world.at(centre):
        joining.begin(Identity(name=CENTRE, role="centre", url=f"{ADDRESS}{CENTRE}"))
    lines = Lines(world)
    lines.calm = True
    for name in NAMES:
        if name != CENTRE:
            _enrol(world, lines, world.sites[name])


def _enrol(world: World, lines: Lines, site: Site) -> None:
    url = f"{ADDRESS}{site.name}" if site.name == PORTAL else ""
    offices = [site.office] if site.office else []
    with world.at(world.sites[CENTRE]):
        code = enrol.invite(site.name, ROLES[site.name], offices, url=url, actor="ops", now=clock.real_now())
    with world.at(site):
        joining.join(code, f"{ADDRESS}{CENTRE}", send=lines.way_from(site))
        seal.introduce_ourselves()


def carry(world: World, lines: Lines, *, with_sweeps: bool = False) -> None:
    """Let everybody work and call until nothing is left to be said."""
    for _round in range(4):
        world.pass_time(timedelta(seconds=5))
        for site in world.sites.values():
            world.work(site, with_sweeps=with_sweeps)
        for caller, to in lines.state:
            while lines.call(world.sites[caller], to):
                world.work(world.sites[caller], with_sweeps=False)


def staff(login: str) -> User:
    return User.objects.get(login=login)


def _furnish(world: World) -> None:
    """Applicants and two weeks of places at the portal; booklets and open counters at the offices."""
    from openpaspor.appointments import calendar_actions

    with world.at(world.sites[PORTAL]):
        now = clock.now()
        for number in range(APPLICANTS):
            demo_people.ensure_applicant(f"08120000{number:04}", now)
        offices = list(Office.objects.filter(pk__in=OFFICES.values()).order_by("pk"))
        calendar_actions.open_calendars(
            offices, 3, start=date(2026, 11, 23), action_id="calendar", actor="demo", now=now
        )
    for number, name in enumerate(OFFICES):
        with world.at(world.sites[name]):
            _furnish_office(Office.objects.get(pk=OFFICES[name]), 1_000_000 + 1000 * number)


def _furnish_office(office: Office, first: int) -> None:
    place, now = office.code.lower(), clock.now()
    for kind, letter in (("electronic", "X"), ("regular", "C")):
        counted: dict[str, Any] = {
            "actor": staff(f"cetak.{place}").code,
            "now": now,
            "action_id": f"count-{kind}",
        }
        batch = issuance.count_in(office, kind, f"{letter}{first}", f"{letter}{first + 39}", **counted)
        again = counted | {"actor": staff(f"cetak2.{place}").code, "action_id": f"again-{kind}"}
        issuance.confirm_batch(batch, 40, **again)
    for number, login in enumerate((f"petugas.{place}", f"petugas2.{place}"), start=1):
        person = staff(login)
        hall.open_counter(office, number, person, action_id=login, actor=person.code, now=now)


def _populate(world: World, lines: Lines) -> None:
    """A Monday on which nothing went wrong: people on every part of the road, so that a run meets all of them."""
    crowd = people.People(world, born=0)

    def done(name: str, *deeds: people.Chooses, times: int = 1) -> None:
        world.step += 1
        for _time in range(times):
            acts = (crowd.do_first(world.sites[name], deeds) for _try in range(20))
            any(act and act.answer == "ok" for act in acts)

    done(PORTAL, people.apply, times=14)
    done(PORTAL, people.hold, times=12)
    done(PORTAL, people.pay, times=11)
    for office in OFFICES:
        done(office, people.walk_in, times=7)
        done(office, people.interview, times=6)
    carry(world, lines)
    for office in OFFICES:
        done(office, people.ask_exemption, times=5)
        done(office, people.grant_exemption, times=5)
    done(CENTRE, people.decide, times=13)
    world.pass_time(timedelta(minutes=5))
    carry(world, lines, with_sweeps=True)
    for office in OFFICES:
        done(office, people.print_it, times=2)
    for office in OFFICES:
        done(office, people.inspect)
    done(PORTAL, people.take_pass, times=6)
    world.pass_time(MONDAY + timedelta(days=1) - world.now)
    carry(world, lines, with_sweeps=True)
    with world.at(world.sites[CENTRE]):
        missing = EVERYWHERE - set(Application.objects.values_list("state", flat=True))
    if missing:
        raise AssertionError(f"nobody is {', '.join(missing)} in the morning")


def fresh(template: Path, folder: Path, seed: int, *, wire_only: bool = False) -> World:
    """A world in the folder, as the template is. Stand in `played(world)` before anything is done in it."""
    copy_of(template, folder)
    rooms = frozenset({"ledger"}) if wire_only else None
    world = World(folder, seed, begins=MONDAY + timedelta(days=1), rooms=rooms)
    for name in NAMES:
        world.sites[name] = site_in(folder / name / "home", name)
    return world
