"""What the application desk says."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class Started(Fact):
    """An application exists. At home it is a draft; at a counter it is a walk-in."""

    name = "applications.started"

    application: str
    kind: str
    channel: str  # "online" or "counter"
    office: str = ""
    booklet: str = "electronic"
    years: int = 10


@dataclass(frozen=True, kw_only=True)
class Submitted(Fact):
    """Identity is fixed. The keyed hashes find the same person again; the dossier travels as an attachment."""

    name = "applications.submitted"

    application: str
    kind: str
    booklet: str
    years: int
    nik_key: str
    person_key: str
    name_key: str = ""
    born_key: str = ""
    same_day: bool = False
    priority: str = ""


@dataclass(frozen=True, kw_only=True)
class Moved(Fact):
    """The application went from one state to the next. Versions of one application count 1, 2, 3 …"""

    name = "applications.moved"
    urgent = True

    application: str
    move: str
    origin: str
    target: str
    version: int
    term: int
    custodian: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class DossierSealed(Fact):
    """The encrypted papers of an application as they stand now: content hashes of ciphertext, key wrapped to nodes."""

    name = "applications.dossier_sealed"

    application: str
    document: str  # SHA-256 of the ciphertext
    attachments: tuple[str, ...]  # "kind:sha256:content-type"
    keys: tuple[str, ...]  # "node:base64" wrapped application key
    version: int = (
        0  # of the application when it was sealed; what was sealed later counts, whichever line was quicker
    )

    def is_for(self, node: str) -> bool:
        """Whether the key was wrapped to this node."""
        return any(key.partition(":")[0] == node for key in self.keys)


@dataclass(frozen=True, kw_only=True)
class Told(Fact):
    """What one needs to know to answer "why does it wait?", as far as it changed: `field=JSON value`, codes and times."""

    name = "applications.told"

    application: str
    changes: tuple[str, ...]
    version: int = 0  # of the application when it was told; of two that say the same field the higher counts


@dataclass(frozen=True, kw_only=True)
class StopOrdered(Fact):
    """Nothing moves until whoever has the authority lifts it."""

    name = "applications.stop_ordered"
    urgent = True

    application: str
    reason: str  # approval-withdrawn, money-reversed, watch-list


@dataclass(frozen=True, kw_only=True)
class StopLifted(Fact):
    """What stood under this stop may go on."""

    name = "applications.stop_lifted"

    application: str
    reason: str
