"""`openpaspor mrz < person.json`: the two machine-readable lines of a person's passport.

    {"full_name": "Rizky Pratama Siregar", "primary": "Siregar", "number": "A1234567", "born": "1980-01-01",
     "sex": "M", "expires": "2033-01-01", "issued": "2023-01-01"}

`primary` is the family name inside the full name; without it the whole name is primary. Optional besides:
`nationality`, `issuer`, `optional`, `document_code`. Unknown parts of a birth date are X: "1985-XX-XX".
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date, datetime
from typing import Any

from openpaspor.issuance import mrz
from openpaspor.kit.refused import Refused
from openpaspor.nodes import cli
from openpaspor.offices.workdays import ZONES

HELP = "machine-readable lines from a person's JSON on standard input"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="one JSON object on standard output (the default)"
    )


def run(args: argparse.Namespace) -> int:
    """Exit 1 if a field cannot stand in the lines, 2 if the input is no person."""
    try:
        person = person_from(json.load(sys.stdin))
    except (ValueError, TypeError, KeyError, AttributeError) as trouble:
        cli.say(f"This is not a person in JSON. {_missing(trouble)} `openpaspor mrz --help` shows one.")
        return cli.WRONG_USE
    try:
        written = mrz.lines(person)
    except Refused as refusal:
        cli.answer({"code": refusal.code, **refusal.details})
        cli.say(f"These lines cannot be written: {refusal.code}.")
        return cli.FOUND
    name = written.name
    cli.answer(
        {
            "line1": written.line1,
            "line2": written.line2,
            "primary": name.primary,
            "secondary": name.secondary,
            "truncated": name.truncated,
        }
    )
    return cli.GOOD


def _missing(trouble: Exception) -> str:
    """What is wrong with it, as far as that can be said."""
    if isinstance(trouble, KeyError):
        return f"The field {trouble} is missing."
    return f"{trouble}." if type(trouble) is ValueError else "It has to be one object with text fields."


def person_from(said: dict[str, Any]) -> mrz.Person:
    """A person from JSON. The name may come whole, or as `primary` and `secondary`."""
    primary = said.get("primary") or None
    full_name = said.get("full_name") or " ".join(filter(None, [said.get("secondary"), primary]))
    born = str(said["born"])
    return mrz.Person(
        full_name=full_name,
        primary=primary,
        number=str(said["number"]),
        born=born if "X" in born else date.fromisoformat(born),
        sex=said.get("sex") or "X",
        expires=date.fromisoformat(said["expires"]),
        issued=date.fromisoformat(said["issued"])
        if said.get("issued")
        else datetime.now(ZONES["WIB"]).date(),
        nationality=said.get("nationality", "IDN"),
        issuer=said.get("issuer", "IDN"),
        optional=said.get("optional", ""),
        document_code=said.get("document_code"),
    )
