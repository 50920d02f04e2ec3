"""What the centre says of nodes. These entries are the signed list of nodes: whoever gets them knows whom to believe."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class NodeListed(Fact):
    """A node is enrolled under an epoch: its role, its offices, its public keys and where it listens."""

    name = "ledger.node_listed"
    urgent = True

    node: str
    epoch: int
    role: str  # portal, office, centre, everything
    sign_public: str  # hex; Ed25519, seals entries
    box_public: str  # hex; X25519, application keys are wrapped to it
    wire_public: str  # hex; Ed25519, signs messages
    issuer: str  # two symbols that open every reference it gives out; never given to another
    offices: tuple[str, ...] = ()  # office codes
    url: str = ""  # empty: it calls, and cannot be called
    seal_public: str = ""  # hex; P-256, signs visit passes


@dataclass(frozen=True, kw_only=True)
class NodeRevoked(Fact):
    """From now on nothing new is taken from a node: its keys are no longer believed."""

    name = "ledger.node_revoked"
    urgent = True

    node: str
    epoch: int
    reason: str  # code: stolen, lost, replaced, closed, compromised


@dataclass(frozen=True, kw_only=True)
class DoubtDecided(Fact):
    """A person looked at two things that cannot both stand, and said which one is right. Whoever holds it may act on that."""

    name = "ledger.doubt_decided"

    code: str  # of the doubt: old-term, equal-terms, no-authority, …
    application: str = ""
    office: str = ""  # of the application
    node: str = ""  # place of the entry that was set aside
    epoch: int = 0
    seq: int = 0
    picked: str = ""  # entry: what was set aside; other: what stands; empty: looked at, nothing to choose


@dataclass(frozen=True, kw_only=True)
class ClockDoubted(Fact):
    """The wall clock of this node is not what it must be. What it says from here on may bear a wrong time; nothing runs out."""

    name = "ledger.clock_doubted"

    off_s: int  # seconds by which the wall clock is ahead; below nothing: behind
    after_seq: int  # the last entry of this epoch that was surely sealed before


@dataclass(frozen=True, kw_only=True)
class ClockTrusted(Fact):
    """The clock is right again, or somebody has confirmed the date (the actor of the entry)."""

    name = "ledger.clock_trusted"
