"""What one asks inside an installation that a test cannot see into: each function writes one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

LOCAL = {"id", "account", "touched_at"}  # columns of an application that only the node itself knows


def _answer(values: dict[str, Any]) -> int:
    sys.stdout.write(json.dumps(values, default=str))
    return 0


def application(arguments: Sequence[str]) -> int:
    """The one application, as this node knows it."""
    from openpaspor.applications.models import Application

    row = Application.objects.get()
    names = [field.name for field in Application._meta.concrete_fields if field.name not in LOCAL]
    return _answer({name: getattr(row, name) for name in names})


def applications(arguments: Sequence[str]) -> int:
    """How many applications this node knows."""
    from openpaspor.applications.models import Application

    return _answer({"count": Application.objects.count()})


def lines(arguments: Sequence[str]) -> int:
    """Every line of this node: peer, word, unsent entries, trouble."""
    from openpaspor.ledger.links import line_states

    states = line_states()
    return _answer(
        {
            "lines": [
                {"peer": line.peer, "word": line.word, "unsent": line.unsent, "trouble": line.trouble}
                for line in states
            ]
        }
    )


def try_to_open(arguments: Sequence[str]) -> int:
    """Whether the dossier can be opened here; if not, why."""
    from openpaspor.applications import dossier
    from openpaspor.applications.models import Application
    from openpaspor.kit import clock

    there = Application.objects.first()
    if there is None:
        return _answer({"name": "", "refused": "", "code": "not-heard-of"})
    try:
        answers = dossier.open_answers(there, actor="worker", why="check", now=clock.now())
    except dossier.NotHere as refusal:
        return _answer({"name": "", "refused": type(refusal).__name__, "code": refusal.code})
    return _answer({"name": answers.full_name, "refused": "", "code": ""})


def tables(arguments: Sequence[str]) -> int:
    """How many rows there are in tables whose names begin with one of the given words."""
    from django.apps import apps

    return _answer(
        {
            model._meta.db_table: model._base_manager.count()
            for model in apps.get_models()
            if model._meta.app_label in arguments
        }
    )


def log(arguments: Sequence[str]) -> int:
    """Where the log of this node ends, by its own count, and what waits."""
    from openpaspor.ledger.models import Entry, Parked

    last = Entry.objects.sealed().last()
    return _answer(
        {"position": last.position if last else 0, "parked": [str(row) for row in Parked.objects.all()]}
    )


def first_name(arguments: Sequence[str]) -> int:
    """The name in the oldest dossier, to be sure that there is something to be found."""
    from openpaspor.applications import dossier
    from openpaspor.applications.models import Application
    from openpaspor.kit import clock

    oldest = Application.objects.order_by("pk")[0]
    answers = dossier.open_answers(oldest, actor="worker", why="check", now=clock.now())
    return _answer({"name": answers.full_name})


def every_column(arguments: Sequence[str]) -> int:
    """All that stands in each column of each table, as bytes in hexadecimal."""
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for name, values in zip(names, zip(*cursor.fetchall(), strict=True), strict=False):
                found[f"{table}.{name}"] = b"\n".join(_as_bytes(value) for value in values).hex()
    return _answer(found)


def _as_bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
