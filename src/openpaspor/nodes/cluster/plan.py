"""Who is in the cluster, and who has a line with whom. Plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """One node of the cluster. `door` is the port behind which its TLS ends, for the wire; 0: nobody calls it."""

    name: str
    role: str
    port: int
    offices: tuple[str, ...] = ()
    door: int = 0


@dataclass(frozen=True)
class Line:
    """A line that `caller` opens to `callee`, through the relay's `port`."""

    caller: str
    callee: str
    port: int

    @property
    def name(self) -> str:
        return f"{self.caller}-{self.callee}"


MEMBERS = (
    Member("pusat", "centre", 8200, door=8210),
    Member("portal", "portal", 8100, door=8110),
    Member("jakarta-selatan", "office", 8301, ("JAKARTA-SELATAN",)),  # WIB
    Member("denpasar", "office", 8302, ("DENPASAR",)),  # WITA
    Member("jayapura", "office", 8303, ("JAYAPURA",)),  # WIT
)
LINES = (
    Line("portal", "pusat", 8401),
    Line("jakarta-selatan", "pusat", 8402),
    Line("denpasar", "pusat", 8403),
    Line("jayapura", "pusat", 8404),
    Line("jakarta-selatan", "portal", 8412),
    Line("denpasar", "portal", 8413),
    Line("jayapura", "portal", 8414),
)
