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
    name = "accounts.posting_granted"

    person: str
    role: str
    office: str = ""


@dataclass(frozen=True, kw_only=True)
class PostingEnded(Fact):
    name = "accounts.posting_ended"

    person: str
    role: str
    office: str = ""
