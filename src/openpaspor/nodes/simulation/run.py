"""One seed, from its first action to the verdict."""

from __future__ import annotations

import logging
import shutil
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from openpaspor.ledger import worker
from openpaspor.ledger.models import Parked, Wanted

from . import ACTIONS, ends, template
from .harm import Harm
from .lines import Lines
from .people import People
from .talk import Talk
from .world import LINES, OFFICES, World, played

QUIET_ROUNDS = 30


@dataclass
class Outcome:
    """What became of one seed."""

    seed: int
    actions: int = 0
    messages: int = 0
    wrong: list[str] = field(default_factory=list)
    digest: str = ""
    trace: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)  # what happened how often


class Stumbles(logging.Handler):
    """What the program logs as an error is a fault of the run."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        self.said.append(f"{record.name}: {record.getMessage()} {cause!r}")


def play(
    prepared: Path, folder: Path, seed: int, *, actions: int = ACTIONS, wire_only: bool = False
) -> Outcome:
    """Run one seed in `folder`, which is not there before nor afterwards. `prepared`: what `template.build` made."""
    outcome = Outcome(seed)
    world = template.fresh(prepared, folder, seed, wire_only=wire_only)
    stumbles = Stumbles()
    logger = logging.getLogger("openpaspor")
    logger.addHandler(stumbles)
    loud, logger.propagate = logger.propagate, False
    try:
        with played(world):
            _live(world, outcome, actions, wire_only=wire_only)
    finally:
        logger.removeHandler(stumbles)
        logger.propagate = loud
        shutil.rmtree(folder, ignore_errors=True)
    outcome.wrong += stumbles.said
    outcome.trace, outcome.digest = world.trace, world.digest()
    return outcome


def _live(world: World, outcome: Outcome, actions: int, *, wire_only: bool) -> None:
    lines = Lines(world)
    people, talk = People(world), Talk(world)
    lives: People | Talk = talk if wire_only else people
    harm = Harm(world, lines, lives)
    try:
        for world.step in range(1, actions + 1):
            _one_action(world, lines, lives, harm)
            outcome.actions += 1
        settle(world, lines, harm)
        outcome.wrong = ends.faults_of(world, people.acts, rooms=not wire_only) + talk.lost()
        if not outcome.wrong and world.rng.random() < 0.15:
            outcome.seen["clone"] += 1
            outcome.wrong = harm.clone(world.sites[world.rng.choice(tuple(OFFICES))])
    except Exception as trouble:  # noqa: BLE001 - whatever it is, the seed found it
        where = traceback.extract_tb(trouble.__traceback__)[-1]
        outcome.wrong = [f"{type(trouble).__name__}: {trouble} ({where.filename}:{where.lineno})"]
        world.say(traceback.format_exc())
    outcome.messages = lines.messages
    outcome.seen.update(f"{act.plan.name.split()[0]} {act.answer}" for act in people.acts)
    outcome.seen.update(f"crash at {point}" for point in world.crashed)
    outcome.seen.update(harm.done)


def _one_action(world: World, lines: Lines, people: People | Talk, harm: Harm) -> None:
    luck = world.rng.random()
    if luck < 0.06:
        world.say(f"lines: {lines.trouble()}")
    elif luck < 0.14:
        harm.do_something()
    elif luck < 0.17:
        world.pass_time(timedelta(hours=world.rng.choice((1, 2, 5, 9))))
        world.say("hours pass")
    else:
        people.do_something()
    world.pass_time(timedelta(seconds=world.rng.choice((1, 5, 30, 90, 300))))
    site = world.rng.choice(list(world.sites.values()))
    if site.is_up:
        world.work(site, with_sweeps=world.rng.random() < 0.2)
    caller, to = world.rng.choice(LINES)
    lines.call(world.sites[caller], to)


def settle(world: World, lines: Lines, harm: Harm) -> None:
    """Everything works again; let it run until nothing is left to be said."""
    lines.heal()
    harm.heal()
    for round in range(QUIET_ROUNDS):
        world.pass_time(timedelta(minutes=1 + round))
        all_sweeps, busy = round == 0 or round > 2, False
        for site in world.sites.values():
            with world.at(site):
                done = worker.turn(force_sweeps=all_sweeps)
                waits = Parked.objects.exists() or Wanted.objects.exists()
            busy |= bool(done.sealed or done.followed) or waits
        for caller, to in LINES:
            for _call in range(60):
                if not lines.call(world.sites[caller], to):
                    break
                busy = True
        if all_sweeps and not busy:
            return
    world.say("never quiet")
