"""Carrying entries between nodes as a file of lines, one JSON object each; attachments travel beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openpaspor.kit.refused import Refused

from . import links, receive
from .models import Entry, NodeRecord
from .seal import sealing_lock

BATCH = 500


class ImportRefused(Refused):
    code = "import-refused"
    status = 422
    message = _("Line %(line)s was not taken: %(why)s. Nothing after it was read.")


WHY = {
    "unreadable": "it is no entry",
    "hash-wrong": "its hash is wrong",
    "signature-wrong": "its signature is not by a node we know",
    "node-unknown": "its signature is not by a node we know",
    "fork": "another entry stands at this place of the log",
    "chain-broken": "it does not follow on the entry before it",
    "not-listed-yet": "its node was listed a moment ago; let the worker seal that first",
    "not-ours": "it claims to be ours but is not in our log",
}


def export_lines(*, since: int = 0, kinds: Iterable[str] = (), to: NodeRecord | None = None) -> Iterator[str]:
    """The nodes we know, then every sealed entry after position `since`, in order; for one node what concerns it."""
    for row in NodeRecord.objects.order_by("node", "epoch"):
        about = {name: getattr(row, name) for name in receive.RECORD}
        yield json.dumps({"node_record": about}, sort_keys=True)
    entries = Entry.objects.sealed().filter(position__gt=since)
    wanted = list(kinds)
    entries = entries.filter(kind__in=wanted) if wanted else entries
    concerns = links.concerning(to) if to else None
    for entry in entries.iterator():
        if concerns is None or concerns(entry):
            yield receive.write_line(entry).decode()


def import_lines(lines: Iterable[str]) -> tuple[int, int]:
    """Take exported lines. Returns (new entries, repeats). Raises ImportRefused at the first bad line."""
    new = known = 0
    waiting: list[tuple[int, bytes]] = []
    with sealing_lock(), transaction.atomic():
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            about = _about(line, number)
            if about is None:
                waiting.append((number, line.encode()))
            if waiting and (about is not None or len(waiting) == BATCH):
                fresh = _take(waiting)
                new, known = new + fresh, known + len(waiting) - fresh
                waiting = []
            if about is not None:
                _meet(about, number)
        fresh = _take(waiting)
    return new + fresh, known + len(waiting) - fresh


def _about(line: str, number: int) -> dict[str, Any] | None:
    """The record of a node, when the line is one."""
    try:
        return json.loads(line).get("node_record")
    except (ValueError, AttributeError):
        raise ImportRefused(line=number, why="not JSON") from None


def _take(waiting: list[tuple[int, bytes]]) -> int:
    """How many of these lines were new."""
    try:
        return receive.take([line for _number, line in waiting])[1]
    except receive.NotTaken as trouble:
        numbers = (number for number, line in waiting if _place_of(line) == trouble.place)
        raise ImportRefused(line=next(numbers), why=WHY[trouble.code]) from None


def _place_of(line: bytes) -> receive.Place | None:
    try:
        return receive.read_line(line).place
    except receive.NotTaken as trouble:
        return trouble.place


def _meet(about: dict[str, Any], number: int) -> None:
    """Learn a node's keys at first sight; other keys under a known name are refused."""
    row, made = NodeRecord.objects.get_or_create(
        node=about["node"],
        epoch=about["epoch"],
        defaults={name: about[name] for name in receive.RECORD if name in about},
    )
    if not made and (row.sign_public, row.box_public) != (about["sign_public"], about["box_public"]):
        raise ImportRefused(line=number, why=f"{about['node']} shows other keys than before")
