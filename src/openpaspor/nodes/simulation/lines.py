"""The lines between the nodes: cut, half open, slow, and whoever records messages to send them again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from openpaspor.ledger import api, links
from openpaspor.ledger.courier import Courier, Refused
from openpaspor.ledger.transport import LineDown

from .world import LINES, Crash, Site, World

ADDRESS = "sim://"
REMEMBERED = 60  # messages that somebody recorded
PORTAL_PAGE = b"HTTP/1.1 200 OK\r\n\r\n<html>Welcome to the hotel. Please sign in.</html>"
OPEN, CUT, HALF = "open", "cut", "half"  # half: what is asked arrives, the answer does not


class Lines:
    """Every line and its state. `calm` ends all trouble."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = dict.fromkeys(LINES, OPEN)
        self.calm = False
        self.recorded: list[tuple[str, bytes]] = []
        self.late: list[tuple[str, bytes]] = []
        self.answers: list[bytes] = []
        self.messages = 0

    # --- one call -----------------------------------------------------------------------------------------

    def way_from(self, caller: Site) -> Callable[[str, bytes], bytes]:
        """The transport of a node's couriers."""
        return lambda url, message: self._post(caller.name, url.removeprefix(ADDRESS), message)

    def _post(self, caller: str, to: str, message: bytes) -> bytes:
        self.messages += 1
        line = self.state.get((caller, to), OPEN)
        if line == CUT:
            raise LineDown("cut")
        luck = 1.0 if self.calm else self.world.rng.random()
        if luck < 0.03:
            raise LineDown("lost")
        if luck < 0.06:
            self.late.append((to, message))
            raise LineDown("late")
        if luck < 0.07:
            return PORTAL_PAGE
        if not self.calm:
            self.recorded = [*self.recorded[-REMEMBERED:], (to, message)]
        if luck < 0.10:
            self.deliver(to, message)  # it goes twice; the second answer is the one that is read
        answer = self.deliver(to, message)
        if line == HALF or luck < 0.13:
            raise LineDown("no answer")
        if luck < 0.14:
            return answer[: len(answer) // 2]
        if luck < 0.15 and self.answers:
            return self.world.rng.choice(self.answers)  # an answer to something else
        if not self.calm:
            self.answers = [*self.answers[-REMEMBERED:], answer]
        return answer

    def deliver(self, to: str, message: bytes) -> bytes:
        """What the node answers. LineDown when it is off, falls, or does not know who speaks."""
        site = self.world.sites[to]
        if not site.is_up:
            raise LineDown("off")
        try:
            with self.world.at(site):
                said = api.answer_to(message, "sim")
        except Crash:
            self.world.fall(site)
            raise LineDown("fell") from None
        if said is None:
            raise LineDown("403")
        return said

    # --- couriers -----------------------------------------------------------------------------------------

    def call(self, caller: Site, to: str) -> bool:
        """One round of the courier to a peer. True when more may follow at once."""
        if not caller.is_up:
            return False
        try:
            with self.world.at(caller):
                courier = caller.couriers.get(to)
                if courier is None:
                    peer = links.make_links().get(to)
                    if peer is None:
                        return False
                    courier = caller.couriers[to] = Courier(peer, send=self.way_from(caller))
                return courier.round()
        except (LineDown, Refused) as trouble:
            if not self.calm or str(trouble) not in ("stale",):
                self.world.say(f"  {caller.name} → {to}: {trouble}")
            return False
        except Crash:
            self.world.fall(caller)
            return False

    # --- trouble ------------------------------------------------------------------------------------------

    def trouble(self) -> str:
        """Something happens to the lines."""
        rng = self.world.rng
        what = rng.choice(
            ("cut", "cut", "half", "heal", "heal", "clog", "unclog", "late", "replay", "shuffle")
        )
        pair = rng.choice(LINES)
        name = "–".join(pair)
        if what in ("cut", "half"):
            self.state[pair] = CUT if what == "cut" else HALF
            return f"{what} {name}"
        if what == "heal":
            self.state[pair] = OPEN
            return f"heal {name}"
        if what == "clog":  # one line after the other stops
            pairs = rng.sample(LINES, rng.randint(2, len(LINES)))
            self.state |= dict.fromkeys(pairs, CUT)
            return f"clog {len(pairs)} lines"
        if what == "unclog":  # and they come back in another order
            pairs = rng.sample(LINES, len(LINES))
            for caller, to in pairs:
                self.state[(caller, to)] = OPEN
                self.world.pass_time(timedelta(seconds=rng.randint(0, 5)))
                self.call(self.world.sites[caller], to)
            return "unclog"
        return self._old_messages(what)

    def _old_messages(self, what: str) -> str:
        rng = self.world.rng
        if what == "replay":
            waiting = rng.sample(self.recorded, min(3, len(self.recorded)))
        else:
            waiting, self.late = self.late, []
            if what == "shuffle":
                rng.shuffle(waiting)
        for to, message in waiting:
            try:
                self.deliver(to, message)
            except LineDown:
                continue
        return f"{what} {len(waiting)} messages"

    def heal(self) -> None:
        self.state = dict.fromkeys(LINES, OPEN)
        self.calm = True
