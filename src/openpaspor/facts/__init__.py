"""The wire contract: every fact that rooms and nodes tell each other, one module per speaker.

A fact is a frozen dataclass with a `name` that never changes. Fields are str, int, bool, date, datetime (UTC),
tuples of str, or one of these or None. Facts only gain optional fields; a changed meaning is a new name. They hold
references, codes and times, never a name, a phone number or free text. No Django here.
"""

from .base import Fact, FactUnknown, decode, encode, known, names

__all__ = ["Fact", "FactUnknown", "decode", "encode", "known", "names"]
