"""Violations planted by raw SQL, and copies of the database as those of other nodes. For tests of the checker."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection

from openpaspor.nodes.checker import Database, run_checks
from tests.journeys import road

SLOW_TO_COPY = ("appointments_slot", "notifications_message")


def tell(*stories: str) -> None:
    """Let some lives be lived in this database."""
    for name in stories:
        road.stories()[name].tell()


def do(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def without_constraints(table: str) -> list[str]:
    """Put a copy of a table in its place that holds the same rows and insists on nothing."""
    settle = ["SET CONSTRAINTS ALL IMMEDIATE"] if connection.vendor == "postgresql" else []
    return [
        *settle,
        f"ALTER TABLE {table} RENAME TO {table}_aside",
        f"CREATE TABLE {table} AS SELECT * FROM {table}_aside",
    ]


def twice(table: str, where: str = "") -> list[str]:
    """Every row of a table (or some of them) once more."""
    return [*without_constraints(table), f"INSERT INTO {table} SELECT * FROM {table}_aside {where}"]


def offending(id: str, **more: Any) -> list[str]:
    """What one check says is wrong."""
    (result,) = run_checks([id], **more)
    assert (result.status == "fail") == bool(result.offending)
    return result.offending


def a_copy(folder: Path, *statements: str, name: str = "", role: str = "") -> Database:
    """This database as another node has it: a file in `folder`, with some damage done to it first."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = sqlite3.connect(folder / "openpaspor.sqlite3")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            limit = " LIMIT 5" if table in SLOW_TO_COPY else ""
            cursor.execute(f"SELECT * FROM {table}{limit}")
            rows = cursor.fetchall()
            columns = [f'"{column[0]}"' for column in cursor.description]
            copy.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            marks = ", ".join("?" * len(columns))
            copy.executemany(
                f"INSERT INTO {table} VALUES ({marks})", [tuple(map(_plain, row)) for row in rows]
            )
    for statement in statements:
        copy.execute(statement)
    copy.commit()
    return Database(copy, name=name, role=role, home=folder)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value)
    if isinstance(value, Decimal):
        return str(value)
    return bytes(value) if isinstance(value, memoryview) else value
