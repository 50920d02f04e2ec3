"""What a dossier holds: the answers of one person, typed. Unknown fields of a newer version are kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Everything typed at home or at the counter. Empty text and None mean "not answered"."""

    full_name: str = ""  # as on the KTP; single names are whole names
    nik: str = ""
    kk: str = ""
    born: date | None = None
    birth_place: str = ""
    sex: str = ""  # "M" or "F"
    phone: str = ""  # +62…
    address: str = ""
    civil_status: str = ""  # single, married, divorced, widowed
    occupation: str = ""  # student, private, civil, military, homemaker, other …
    father_name: str = ""
    father_nik: str = ""
    mother_name: str = ""
    mother_nik: str = ""
    old_number: str = ""
    old_expires_on: date | None = None
    old_reason: str = ""  # expired, full
    old_place: str = ""  # indonesia, abroad: where it was issued
    purpose: str = ""  # tourism, umrah, study, work, medical, family, other
    destination: str = ""  # country, may be unknown
    travel_on: date | None = None
    to_bring: tuple[str, ...] = ()  # codes of papers that come as originals, not as pictures
    truth_stated: bool = False
    interview: dict[str, str] = field(default_factory=dict)  # question code -> answer code or short note
    further: dict[str, Any] = field(default_factory=dict)  # fields of a newer version, kept as they came

    def to_json(self) -> bytes:
        values = {
            key: value.isoformat() if isinstance(value, date) else value
            for key, value in asdict(self).items()
        }
        return json.dumps(values, ensure_ascii=False, sort_keys=True).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Answers:
        values = json.loads(raw)
        known = {item.name for item in fields(cls)}
        further = {key: values.pop(key) for key in list(values) if key not in known}
        for key in ("born", "old_expires_on", "travel_on"):
            if values.get(key):
                values[key] = date.fromisoformat(values[key])
        values["to_bring"] = tuple(values.get("to_bring", ()))
        values["further"] = {**values.get("further", {}), **further}
        return cls(**values)

    def with_changes(self, **changes: Any) -> Answers:
        return replace(self, **changes)
