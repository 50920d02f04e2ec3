"""Carrying entries between nodes: today as a file of lines, one JSON object each; attachments travel beside it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openpaspor.facts.base import parse_moment
from openpaspor.kit import clock
from openpaspor.kit.refused import Refused

from . import node
from .canonical import canonical
from .keys import verify
from .models import Entry, NodeRecord
from .seal import chain_hash, next_position, sealing_lock, signed_message


class ImportRefused(Refused):
    code = "import-refused"
    status = 422
    message = _("Line %(line)s was not taken: %(why)s. Nothing after it was read.")


def export_lines(*, since: int = 0, kinds: Iterable[str] = ()) -> Iterator[str]:
    """The nodes we know, then every sealed entry after position `since`, in order."""
    for row in NodeRecord.objects.order_by("node", "epoch"):
        about = {
            name: getattr(row, name)
            for name in ("node", "epoch", "role", "offices", "sign_public", "box_public")
        }
        yield json.dumps({"node_record": about}, sort_keys=True)
    entries = Entry.objects.sealed().filter(position__gt=since)
    wanted = list(kinds)
    for entry in (entries.filter(kind__in=wanted) if wanted else entries).iterator():
        yield json.dumps(
            {
                "body": base64.b64encode(bytes(entry.body or b"")).decode(),
                "hash": entry.hash,
                "previous": entry.previous,
                "signature": base64.b64encode(bytes(entry.signature or b"")).decode(),
            },
            sort_keys=True,
        )


def import_lines(lines: Iterable[str]) -> tuple[int, int]:
    """Take exported lines. Returns (new entries, repeats). Raises ImportRefused at the first bad line."""
    new = known = 0
    with sealing_lock(), transaction.atomic():
        position = next_position()
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError:
                raise ImportRefused(line=number, why="not JSON") from None
            if "node_record" in record:
                _meet(record["node_record"], number)
            elif _take(record, position, number):
                position += 1
                new += 1
            else:
                known += 1
    return new, known


def _meet(about: dict[str, Any], number: int) -> None:
    """Learn a node's keys at first sight; other keys under a known name are refused."""
    row, made = NodeRecord.objects.get_or_create(node=about["node"], epoch=about["epoch"], defaults=about)
    if not made and (row.sign_public, row.box_public) != (about["sign_public"], about["box_public"]):
        raise ImportRefused(line=number, why=f"{about['node']} shows other keys than before")


def _take(record: dict[str, Any], position: int, number: int) -> bool:
    """Add one entry; False when we have it already."""
    body, signature = base64.b64decode(record["body"]), base64.b64decode(record["signature"])
    content = json.loads(body)
    place = {"node": content["node"], "epoch": content["epoch"], "seq": content["seq"]}
    mine = Entry.objects.filter(**place).first()
    if mine is not None:
        if mine.hash != record["hash"]:
            raise ImportRefused(line=number, why="another entry stands at this place of the log")
        return False
    if content["node"] == node.here().name:
        raise ImportRefused(line=number, why="it claims to be ours but is not in our log")
    if canonical(content) != body or chain_hash(record["previous"], body) != record["hash"]:
        raise ImportRefused(line=number, why="its hash is wrong")
    sender = NodeRecord.objects.filter(node=content["node"], epoch=content["epoch"]).first()
    if sender is None or not verify(
        bytes.fromhex(sender.sign_public), signature, signed_message(record["hash"])
    ):
        raise ImportRefused(line=number, why="its signature is not by a node we know")
    fact = content["fact"]
    Entry.objects.create(
        **place,
        position=position,
        kind=content["kind"],
        application=fact.get("application", ""),
        version=fact.get("version") if content["kind"] == "applications.moved" else None,
        actor=content["actor"],
        recorded_at=parse_moment(content["recorded_at"]),
        fact=canonical(fact).decode(),
        body=body,
        previous=record["previous"],
        hash=record["hash"],
        signature=signature,
        sealed_at=clock.real_now(),
    )
    return True
