"""What the people's register says."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class Looked(Fact):
    """Somebody opened a person's file, or a search or list that shows personal data."""

    name = "accounts.looked"

    application: str
    why: str  # code of the reason: counter, review, print, search, track, …
    what: str  # page or paper, e.g. "intake:case" or "attachment:ktp"
    office: str = ""


@dataclass(frozen=True, kw_only=True)
class PostingGranted(Fact):
    """From now on a person may act in a role, at an office or at the centre."""

    name = "accounts.posting_granted"

    person: str  # actor code
    role: str
    office: str = ""


@dataclass(frozen=True, kw_only=True)
class PostingEnded(Fact):
    """From now on a person may no longer act in a role."""

    name = "accounts.posting_ended"

    person: str  # actor code
    role: str
    office: str = ""


@dataclass(frozen=True, kw_only=True)
class AccessReset(Fact):
    """An operator took a staff member's password and app back and handed out a first password."""

    name = "accounts.access_reset"

    person: str  # actor code
