"""What the checker looks at: one database or many, each read by plain SELECTs, and the log that lies in them."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from django.db import connection

EVERYTHING, PORTAL, OFFICE, CENTRE = "everything", "portal", "office", "centre"


class CannotLook(Exception):
    """A place that was named holds no database that can be read. The text says which and why."""


def utc(moment: datetime | str) -> datetime:
    """A moment as any of the databases writes it, aware."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


@lru_cache(maxsize=5000)
def read_once(text: str | bytes) -> Any:
    """What JSON says, for reading only: several checks ask the same entry, and several nodes know it."""
    return json.loads(text)


def read_json(value: Any) -> Any:
    """A JSON column: text in one database, values in another."""
    return json.loads(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log as a database holds it."""

    id: int
    node: str
    epoch: int
    seq: int | None
    position: int | None
    kind: str
    application: str
    version: int | None
    actor: str
    recorded_at: datetime
    raw: str  # the column `fact`, as it stands
    fact: dict[str, Any]
    body: bytes
    previous: str
    hash: str
    signature: bytes
    void: bool
    sealed_at: datetime | None

    @property
    def place(self) -> tuple[str, int, int]:
        return self.node, self.epoch, self.seq or 0

    @property
    def own_order(self) -> tuple[str, int, int, int]:
        """As its node said it; what waits for its seal comes last."""
        return self.node, self.epoch, self.seq or 2**62, self.id

    @property
    def key(self) -> str:
        return f"{self.node}/{self.epoch}/{self.seq or '?'}"


COLUMNS = (
    "id, node, epoch, seq, position, kind, application, version, actor, recorded_at, fact, body, previous, hash,"
    " signature, void, sealed_at"
)


def _entry(row: tuple[Any, ...]) -> Entry:
    values = list(row)
    values[9] = utc(values[9])
    values.insert(11, read_once(values[10]))
    values[12], values[15] = bytes(values[12] or b""), bytes(values[15] or b"")
    values[16] = bool(values[16])
    values[17] = utc(values[17]) if values[17] else None
    return Entry(*values)


class Database:
    """One node's database, and its home folder when that is at hand.

    `connection` is Django's or any DB-API connection of SQLite or PostgreSQL. Without a name, the home says it, or
    the log does.
    """

    def __init__(self, connection: Any, *, name: str = "", home: Path | None = None, role: str = "") -> None:
        self._connection = connection
        self.home = home
        self._name, self._role = name, role

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of one plain SELECT, with %s for parameters and %% for a percent sign."""
        if isinstance(self._connection, sqlite3.Connection):
            sql = re.sub("%[s%]", lambda mark: "?" if mark[0] == "%s" else "%", sql)
        with contextlib.closing(self._connection.cursor()) as cursor:
            cursor.execute(sql, parameters)
            return [tuple(row) for row in cursor.fetchall()]

    def count(self, sql: str, *parameters: Any) -> int:
        return int(self.rows(sql, *parameters)[0][0])

    @cached_property
    def entries(self) -> list[Entry]:
        """Every entry here, in the order in which this node learnt them."""
        return [_entry(row) for row in self.rows(f"SELECT {COLUMNS} FROM ledger_entry ORDER BY id")]

    @cached_property
    def by_place(self) -> dict[tuple[str, int, int], Entry]:
        return {entry.place: entry for entry in self.entries if entry.seq}

    @cached_property
    def logs(self) -> dict[tuple[str, int], list[Entry]]:
        """Sealed entries by node and epoch, each in its order."""
        found: dict[tuple[str, int], list[Entry]] = {}
        for entry in sorted((one for one in self.entries if one.seq), key=lambda one: one.place):
            found.setdefault((entry.node, entry.epoch), []).append(entry)
        return found

    @cached_property
    def name(self) -> str:
        return self._name or self._said_at_home() or self._said_by_log()

    def _said_at_home(self) -> str:
        return str(self.file("heads.json").get("node") or self.file("node.json").get("name") or "")

    def _said_by_log(self) -> str:
        """Whose log it is: of those we have no line with, the one that says most here."""
        peers = {peer for (peer,) in self.rows("SELECT peer FROM ledger_link")}
        says = Counter(entry.node for entry in self.entries if entry.node not in peers)
        return says.most_common(1)[0][0] if says else "?"

    @cached_property
    def roles(self) -> dict[tuple[str, int], str]:
        """By node and epoch."""
        return {
            (node, epoch): role
            for node, epoch, role in self.rows("SELECT node, epoch, role FROM ledger_noderecord")
        }

    @cached_property
    def role(self) -> str:
        mine = [(epoch, role) for (node, epoch), role in self.roles.items() if node == self.name]
        return self._role or (max(mine)[1] if mine else EVERYTHING)

    @cached_property
    def offices(self) -> dict[str, str]:
        """The IANA time zone of each office, by its code."""
        return dict(self.rows("SELECT code, timezone FROM offices_office"))

    @cached_property
    def serves(self) -> tuple[str, ...]:
        """The offices of this node, by its newest record."""
        records = self.rows("SELECT epoch, offices FROM ledger_noderecord WHERE node = %s", self.name)
        return tuple(read_json(max(records, key=lambda row: row[0])[1])) if records else ()

    @property
    def holds_whole_logs(self) -> bool:
        """Everybody's whole log comes here; to other nodes only their own is whole."""
        return self.role in (EVERYTHING, CENTRE)

    @property
    def own(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.node == self.name]

    @property
    def epoch(self) -> int:
        """Of its own log, as it stands here."""
        return max((epoch for node, epoch in self.logs if node == self.name), default=0)

    def file(self, name: str) -> dict[str, Any]:
        """A JSON file of the home; empty when there is none."""
        try:
            return json.loads((self.home / name).read_text()) if self.home else {}
        except FileNotFoundError:
            return {}

    @property
    def closed(self) -> list[dict[str, Any]]:
        """How its closed epochs ended: {epoch, seq, hash, why, at, begins}, oldest first."""
        return list(self.file("epochs.json").get("closed", []))

    def lost(self, epoch: int, seq: int, *, since: int = 0) -> bool:
        """Whether the database was put back to before this place of its own log; `since`: at the closing of that number or later."""
        return any(
            epoch < row["begins"] and (epoch, seq) > (row["epoch"], row["seq"]) for row in self.closed[since:]
        )

    @property
    def ends(self) -> list[dict[str, Any]]:
        """The ends of epochs that no later closing undid."""
        return [
            row for number, row in enumerate(self.closed, 1)
            if row["seq"] and not self.lost(row["epoch"], row["seq"], since=number)
        ]  # fmt: skip

    @cached_property
    def second_copy(self) -> dict[tuple[str, int, int], str]:
        """The hash at each place of its log, as the lines on the second disk say; empty when there is none."""
        noted = self.file("second-copy.json").get("place")
        found: dict[tuple[str, int, int], str] = {}
        for segment in sorted(Path(noted, self.name, "log").glob("*.jsonl")) if noted else ():
            for line in segment.read_bytes().split(b"\n")[:-1]:  # the last one may not be written whole
                row = json.loads(line)
                if "body" in row:
                    says = json.loads(base64.b64decode(row["body"]))
                    found[says["node"], says["epoch"], says["seq"]] = row["hash"]
        return found

    def stands_for(self, *roles: str) -> bool:
        return self.role == EVERYTHING or self.role in roles


def this_one() -> Database:
    """The database of this installation."""
    from openpaspor.ledger import node

    us = node.here()
    return Database(connection, name=us.name, home=us.home, role=us.role)


def database(other: Any) -> Database:
    """What a caller gave us: a Database, a connection, or a place."""
    if isinstance(other, Database):
        return other
    return Database(other) if hasattr(other, "cursor") else opened(str(other))


def opened(place: str) -> Database:
    """`[NAME=]HOME`, a folder that holds `openpaspor.sqlite3`, or `[NAME=]postgresql://…`; opened for reading alone.

    Raises CannotLook.
    """
    name, _, where = place.partition("=") if re.match(r"[\w-]+=", place) else ("", "", place)
    try:
        if where.startswith(("postgresql://", "postgres://")):
            return Database(_postgres(where), name=name)
        home = Path(where)
        file = home / "openpaspor.sqlite3" if home.is_dir() else home
        if not file.is_file():
            raise CannotLook(f"{place}: there is no openpaspor.sqlite3")
        reading = sqlite3.connect(
            f"{file.resolve().as_uri()}?mode=ro",
            uri=True, isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        reading.execute("BEGIN")
        return Database(reading, name=name, home=file.parent)
    except CannotLook:
        raise
    except Exception as trouble:  # whatever the driver calls it
        raise CannotLook(f"{place}: {trouble}") from trouble


def _postgres(url: str) -> Any:
    import psycopg

    reading = psycopg.connect(url)
    reading.read_only = True
    reading.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    reading.execute("SET TIME ZONE 'UTC'")
    return reading


class Country:
    """All databases that are looked at, this installation's first, and what clients wrote down."""

    def __init__(self, databases: Iterable[Database], deeds: Iterable[Any] = ()) -> None:
        self.databases = list(databases)
        self.deeds = list(deeds)

    @property
    def here(self) -> Database:
        return self.databases[0]

    @cached_property
    def centre(self) -> Database | None:
        """Where everybody's log ends up."""
        whole = [one for one in self.databases if one.holds_whole_logs]
        return min(whole, key=lambda one: one.role != CENTRE, default=None)

    @property
    def others(self) -> list[Database]:
        """All but the centre."""
        return [one for one in self.databases if one is not self.centre]

    def of(self, *roles: str) -> list[Database]:
        """Those that do the work of such a role."""
        return [one for one in self.databases if one.stands_for(*roles)]

    @cached_property
    def log(self) -> list[Entry]:
        """Every entry once, in the order of the centre, then what only others have."""
        base = self.centre or self.here
        known, merged = set(base.by_place), list(base.entries)
        for other in self.databases:
            fresh = [one for one in other.entries if not one.seq or one.place not in known]
            if other is not base:
                merged += fresh
                known |= {one.place for one in fresh}
        return merged

    def said(self, *kinds: str) -> Iterator[Entry]:
        """What counts of some kinds: not void."""
        return (entry for entry in self.log if entry.kind in kinds and not entry.void)

    @cached_property
    def now(self) -> datetime:
        """The newest moment that anybody's log knows; the checker has no clock of its own."""
        return max((entry.recorded_at for entry in self.log), default=datetime(1970, 1, 1, tzinfo=UTC))

    @cached_property
    def offices(self) -> dict[str, str]:
        return self.here.offices
