"""What befalls the nodes themselves: power cuts, clocks, boxes put back to an earlier time, copied or exchanged."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta
from typing import Protocol

from openpaspor.ledger import enrol, epochs, follow, links, wire
from openpaspor.ledger.enrol import EnrolRefused
from openpaspor.ledger.models import Conflict, Entry, Link

from .lines import Lines
from .world import CENTRE, OFFICES, PORTAL, Site, World, site_in

OF_OFFICES = {"keep", "restore", "exchange"}  # what may befall only an office's box
KEPT = 3  # copies that lie about of each node


class Lives(Protocol):
    """People, or talk."""

    def do_something_at(self, site: Site) -> None: ...
    def forget_after(self, site: Site, step: int) -> None: ...


class Harm:
    """Chance's heavier hand."""

    def __init__(self, world: World, lines: Lines, lives: Lives) -> None:
        self.world = world
        self.lines = lines
        self.lives = lives
        self.done: Counter[str] = Counter()
        self.untold: set[str] = set()  # nodes whose new epoch the centre does not know

    def do_something(self) -> None:
        rng, sites = self.world.rng, list(self.world.sites.values())
        down = [site for site in sites if not site.is_up]
        if down and rng.random() < 0.6:
            self._start(rng.choice(down))
            return
        deed = rng.choice(
            (
                self.doom,
                self.doom,
                self.doom,
                self.switch_off,
                self.skew,
                self.keep,
                self.keep,
                self.restore,
                self.exchange,
            )
        )
        able = [
            site for site in sites if site.is_up and (deed.__name__ not in OF_OFFICES or site.name in OFFICES)
        ]
        if deed == self.restore:
            able = [site for site in able if site.kept]
        if able:
            self.done[deed.__name__] += 1
            deed(rng.choice(able))

    def _start(self, site: Site) -> None:
        self.world.say(f"{site.name} starts")
        self.world.start(site)

    def doom(self, site: Site) -> None:
        """The power will go at one of the next fault points."""
        self.world.dooms[site.name] = ("", self.world.rng.randint(1, 12))

    def switch_off(self, site: Site) -> None:
        self.world.say(f"{site.name} is switched off")
        self.world.fall(site)

    def skew(self, site: Site) -> None:
        """The clock of the box is wrong, or right again."""
        site.skew = timedelta(seconds=self.world.rng.choice((0, 0, -40, 70, -3000, 3000)))
        self.world.say(f"{site.name}'s clock is {site.skew.total_seconds():.0f} s off")

    # --- boxes ----------------------------------------------------------------------------------------------

    def keep(self, site: Site) -> None:
        """A backup is made."""
        site.kept = [*site.kept[-KEPT:], site.keep(self.world.step)]
        self.world.say(f"{site.name} is backed up")

    def restore(self, site: Site) -> None:
        """The disk dies; the backup comes back under a new epoch, and what the others still have is carried there."""
        kept = self.world.rng.choice(site.kept)
        with self.world.at(site):
            sealed = Entry.objects.sealed().filter(node=site.name).count()
        self.world.fall(site)
        site.put_back(kept)
        site.kept = []
        self.world.say(f"{site.name} is as it was at {kept.step}")
        with self.world.at(site):
            is_behind = Entry.objects.sealed().filter(node=site.name).count() < sealed
        if is_behind:
            try:
                self.world.start(site)
            except (epochs.RolledBack, epochs.OtherDatabase):
                pass  # the second when nothing of its own was sealed yet at the time of the backup (wire seed 2002)
            else:
                raise AssertionError(f"{site.name} was put back and did not notice")
        self.lives.forget_after(site, kept.step)
        self.world.start(site, why="restore")
        for other in (CENTRE, PORTAL):
            self._carry_back(self.world.sites[other], site)
        self.untold.add(site.name)
        self.tell_epochs()

    def _carry_back(self, other: Site, site: Site) -> None:
        """What another node has of ours comes as a file; copies first, and nobody is told twice."""
        with self.world.at(other):
            carried = list(wire.export_lines(to=links.newest_records()[site.name]))
        with self.world.at(site):
            wire.import_lines(carried)
            with follow.copies_alone():
                follow.follow_all()
            follow.follow_all()

    def exchange(self, site: Site) -> None:
        """Everything moves to another box, which begins a new epoch."""
        self.world.fall(site)
        moved = site.home.with_name(f"home{self.world.step}")
        shutil.move(site.home, moved)
        site.home, site.connection = moved, site_in(moved, site.name).connection
        self.world.say(f"{site.name} moves to another box")
        self.world.start(site, why="restore")
        self.untold.add(site.name)
        self.tell_epochs()

    def tell_epochs(self) -> None:
        """`openpaspor node renew`, tried again until the centre has heard."""
        for name in sorted(self.untold):
            site = self.world.sites[name]
            if not site.is_up:
                continue
            try:
                with self.world.at(site):
                    enrol.tell_new_epoch(send=self.lines.way_from(site))
            except EnrolRefused:
                continue
            self.untold.discard(name)
            self.world.say(f"the centre knows the new epoch of {name}")

    def clone(self, site: Site) -> list[str]:
        """A copy of a box comes to life beside it. Returns what is wrong: it must be noticed, and the hall goes on."""
        home = site.home.with_name("copy")
        shutil.copytree(site.home, home)
        copy = site_in(home, site.name)
        self.world.say(f"a copy of {site.name} comes to life")
        self.world.start(copy)
        for one in self.world.rng.sample((site, copy), 2):
            self.world.sites[site.name] = one
            self.world.pass_time(timedelta(seconds=1))  # the same deed at the same moment is the same entry
            for _time in range(4):
                self.lives.do_something_at(one)
            self.world.work(one, with_sweeps=False)
            self.lines.call(one, CENTRE)
            self.lines.call(one, CENTRE)
        self.world.sites[site.name] = site
        with self.world.at(self.world.sites[CENTRE]):
            noticed = Link.objects.filter(pk=site.name).exclude(quarantined="").exists()
            noticed &= Conflict.objects.filter(code="fork").exists()
        for one in (site, copy):
            with self.world.at(one):
                noticed |= Link.objects.filter(pk=CENTRE).exclude(quarantined="").exists()
        copy.connection.close()
        return [] if noticed else [f"nobody noticed the copy of {site.name}"]

    def heal(self) -> None:
        self.world.dooms = {}
        for site in self.world.sites.values():
            site.skew = timedelta(0)
            if not site.is_up:
                self._start(site)
        self.tell_epochs()
