"""Five questions before sign-in lead to one answer: kind, papers, and where to apply. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .papers import Paper, needed

LATE = "soon"  # the answer that says the journey is near


@dataclass(frozen=True)
class Need:
    """What somebody needs, as far as five answers tell."""

    kind: str
    booklet: str
    years: int
    old_reason: str = ""  # expired, full
    travel: str = ""  # soon, later, unknown
    outcome: str = "online"  # online, in-person, still-valid

    @property
    def papers(self) -> tuple[Paper, ...]:
        return needed(self.kind, had_passport=bool(self.old_reason))


def need_of(*, whose: str, had: str, travel: str, booklet: str, years: int) -> Need:
    """Read the five answers. `had`: never, expired, full, valid, lost or damaged."""
    years = 5 if whose == "child" else years
    if had in ("lost", "damaged"):
        return Need(had, booklet, years, travel=travel, outcome="in-person")
    old_reason = had if had in ("expired", "full") else ""
    adult = "adult-new" if had == "never" else "adult-replace"
    kind = "child" if whose == "child" else adult
    return Need(kind, booklet, years, old_reason, travel, "still-valid" if had == "valid" else "online")
