"""What of an application is filled in and what is missing: pages, papers and the task list. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from .answers import Answers
from .papers import Paper, needed


@dataclass(frozen=True)
class Step:
    """One page of questions: its place in the address, the task it belongs to, and whom it is for."""

    slug: str
    task: str
    title: Any
    fields: tuple[str, ...]  # of Answers; all of them must be answered
    kinds: tuple[str, ...] = ("adult-new", "adult-replace", "child")


STEPS = (
    Step(
        "identitas",
        "person",
        _("Who is the passport for?"),
        ("full_name", "nik", "born", "birth_place", "sex"),
    ),
    Step("kontak", "person", _("How do we reach you?"), ("phone", "address")),
    Step("orang-tua", "parents", _("Who are the parents?"), (), ("adult-new", "child")),
    Step(
        "paspor-lama",
        "old",
        _("What does the old passport say?"),
        ("old_number", "old_expires_on", "old_reason"),
    ),
    Step("perjalanan", "journey", _("What is the journey for?"), ("purpose",)),
)
BY_SLUG = {step.slug: step for step in STEPS}


@dataclass(frozen=True)
class Progress:
    """How far one application is."""

    kind: str
    answers: Answers
    have: frozenset[str]  # codes of papers that are photographed

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for step in STEPS if self._asks(step))

    def _asks(self, step: Step) -> bool:
        if step.slug == "paspor-lama":
            return self.kind == "adult-replace" or (self.kind == "child" and bool(self.answers.old_reason))
        return self.kind in step.kinds

    @property
    def papers(self) -> tuple[Paper, ...]:
        return needed(
            self.kind,
            had_passport=bool(self.answers.old_reason),
            old_from_abroad=self.answers.old_place == "abroad",
            missing_parent=self._missing_parent,
        )

    @property
    def _missing_parent(self) -> str:
        father, mother = self.answers.father_name, self.answers.mother_name
        if self.kind != "child" or bool(father) == bool(mother):
            return ""
        return "mother" if father else "father"

    def is_answered(self, step: Step) -> bool:
        if step.slug == "orang-tua":
            return self._parents_known
        return all(getattr(self.answers, name) for name in step.fields)

    @property
    def _parents_known(self) -> bool:
        known = self.answers
        if self.kind == "child":
            parents = ((known.father_name, known.father_nik), (known.mother_name, known.mother_nik))
            named = [(name, nik) for name, nik in parents if name or nik]
            return bool(named) and all(name and nik for name, nik in named)
        return bool(known.mother_name)

    def is_begun(self, steps: Iterable[Step]) -> bool:
        """Something of these pages is answered (why the old passport is replaced is known from the start)."""
        names = {name for step in steps for name in step.fields} - {"old_reason"}
        return any(getattr(self.answers, name) for name in names) or any(map(self.is_answered, steps))

    def is_there(self, paper: Paper) -> bool:
        """Photographed, or promised to be brought."""
        return paper.code in self.have or paper.code in self.answers.to_bring

    @property
    def open_steps(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if not self.is_answered(step))

    @property
    def open_papers(self) -> tuple[Paper, ...]:
        return tuple(paper for paper in self.papers if not self.is_there(paper))

    @property
    def is_whole(self) -> bool:
        return not self.open_steps and not self.open_papers

    def after(self, slug: str) -> Step | None:
        """The next open page after this one in the order of the road; an earlier open one when none follows."""
        order = [step.slug for step in self.steps]
        later = order[order.index(slug) + 1 :] if slug in order else order
        return next((step for step in self.open_steps if step.slug in later), None) or next(
            iter(self.open_steps), None
        )
