"""How facts are declared, written as JSON values and read back."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import types
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

_known: dict[str, type[Fact]] = {}


class FactUnknown(LookupError):
    """No fact of this name here; the entry is kept byte for byte and applied after an upgrade."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened. Subclasses set `name`, "room.what_happened", and may set `urgent`."""

    name: ClassVar[str] = ""
    urgent: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name:
            if cls.name in _known and _known[cls.name].__qualname__ != cls.__qualname__:
                raise TypeError(f"two facts are called {cls.name}")
            _known[cls.name] = cls


def _load_all() -> None:
    package = importlib.import_module("openpaspor.facts")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"openpaspor.facts.{module.name}")


def known(name: str) -> type[Fact]:
    """The fact class called `name`, or FactUnknown."""
    if name not in _known:
        _load_all()
    try:
        return _known[name]
    except KeyError:
        raise FactUnknown(name) from None


def names() -> list[str]:
    """The names of all facts, sorted."""
    _load_all()
    return sorted(_known)


def format_moment(moment: datetime) -> str:
    """`2026-11-24T01:40:00.000000Z`: UTC, always with microseconds."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def parse_moment(text: str) -> datetime:
    """The moment that `format_moment` wrote. Raises ValueError for any other text."""
    moment = datetime.fromisoformat(text)
    if format_moment(moment) != text:
        raise ValueError(f"not a moment of ours: {text}")
    return moment


def _write(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_write(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a fact cannot hold {type(value).__name__}")


def _read(kind: Any, value: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        if value is None:
            return None
        kind = next(arg for arg in get_args(kind) if arg is not type(None))
    if kind is datetime:
        return parse_moment(value)
    if kind is date:
        return date.fromisoformat(value)
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], item) for item in value)
    return value


def encode(fact: Fact) -> dict[str, Any]:
    """The fact as JSON values. Optional fields that hold their default are left out."""
    out = {}
    for field in fields(fact):
        value = getattr(fact, field.name)
        if field.default is not MISSING and value == field.default:
            continue
        out[field.name] = _write(value)
    return out


def decode(name: str, values: dict[str, Any]) -> Fact:
    """Read what `encode` wrote, ignoring fields this version does not know. Raises FactUnknown."""
    kind = known(name)
    types_of = _types_of(kind)  # type: ignore[arg-type]  # to mypy a class of dataclasses is not hashable
    return kind(**{key: _read(types_of[key], value) for key, value in values.items() if key in types_of})


@functools.cache
def _types_of(kind: type[Fact]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
