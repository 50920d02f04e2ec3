"""What those who set policy say."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Fact


@dataclass(frozen=True, kw_only=True)
class KnobSet(Fact):
    """A policy value changed, for one office or, with none named, for the nation."""

    name = "offices.knob_set"

    name_of_knob: str
    value: int
    office: str = ""
