"""Made-up facts in the place of people, for runs of the wire alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from openpaspor.facts import Fact
from openpaspor.facts.accounts import Looked
from openpaspor.facts.applications import DossierSealed
from openpaspor.kit import clock
from openpaspor.ledger import node
from openpaspor.ledger.models import Entry
from openpaspor.ledger.record import record

from .world import CENTRE, NAMES, OFFICES, PORTAL, Crash, Site, World


@dataclass
class Said:
    """Something that was said and committed."""

    step: int
    site: str
    entry: int  # primary key at the site


class Talk:
    """Every node says things of ten applications."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.said: list[Said] = []

    def do_something(self) -> None:
        up = [site for site in self.world.sites.values() if site.is_up]
        if up:
            self.do_something_at(self.world.rng.choice(up))

    def do_something_at(self, site: Site) -> None:
        try:
            with self.world.at(site), transaction.atomic():
                facts = [
                    fact for _number in range(self.world.rng.randint(1, 3)) for fact in self._facts(site)
                ]
                entries = [record(fact, actor="S-1", now=clock.now()) for fact in facts]
        except Crash:
            self.world.fall(site)
            return
        self.said += [Said(self.world.step, site.name, entry.pk) for entry in entries]
        self.world.say(f"{site.name} says {', '.join(fact.name for fact in facts)}")

    def _facts(self, site: Site) -> list[Fact]:
        rng = self.world.rng
        ref = f"OP-{rng.randint(1, 10):04}"
        office = site.office or rng.choice(("", *OFFICES.values()))
        looked = Looked(application=ref, why="counter", what="test", office=office)
        if rng.random() < 0.85:
            return [looked]
        digest = node.here().store.put(rng.randbytes(rng.choice((20, 200, 70_000))))
        readers = sorted({site.name, *rng.sample((CENTRE, PORTAL), rng.randint(0, 2))})
        keys = tuple(f"{name}:eA==" for name in readers)
        return [looked, DossierSealed(application=ref, document=digest, attachments=(), keys=keys)]

    def forget_after(self, site: Site, step: int) -> None:
        """The node was put back: what it said since is nobody's promise any more."""
        self.said = [said for said in self.said if said.site != site.name or said.step <= step]

    def lost(self) -> list[str]:
        """What was committed and is gone."""
        wrong = []
        for name in NAMES:
            with self.world.at(self.world.sites[name]):
                there = set(Entry.objects.values_list("pk", flat=True))
            wrong += [
                f"{said} is gone" for said in self.said if said.site == name and said.entry not in there
            ]
        return wrong
