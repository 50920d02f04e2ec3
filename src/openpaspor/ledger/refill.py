"""A centre that was put back hears first what others heard of it since, and decides nothing until then.

It asks every node it has a line with for what it said itself after the place where its log was cut (`back` in its
answers); the node sends it, and says when that was all (`exchange._back`). Meanwhile copies read and reactions wait. When
all have answered, the centre lists itself under its new epoch (`enrol.announce`), and that entry is the end of waiting.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openpaspor.facts import Fact
from openpaspor.kit.refused import Refused

from . import links, node
from .models import Entry, Link, NodeRecord

MAY_BE_SAID = ("ledger.", "accounts.")  # who looked, who is on the list: neither decides anything

_announced: set[tuple[Path, int]] = set()  # homes and epochs of which we know that the waiting is over


class StillFilling(Refused):
    code = "still-filling"
    status = 503
    message = _(
        "The centre was put back from a backup and still collects what it had said since. Nothing can be decided until "
        "these have answered: %(nodes)s. Please try again in a moment."
    )


def is_filling() -> bool:
    """True at a centre that was put back and has not yet heard everybody."""
    us = node.here()
    if us.role != "centre" or (us.home, us.epoch) in _announced:
        return False
    if us.cut_at() is None or _is_listed(us):
        _announced.add((us.home, us.epoch))
        return False
    return True


def _is_listed(us: node.Node) -> bool:
    """Whether we said our epoch to everybody."""
    said = Entry.objects.filter(
        Q(fact__contains=f'"epoch":{us.epoch},'), kind="ledger.node_listed", node=us.name
    )
    return any((entry.values["node"], entry.values["epoch"]) == (us.name, us.epoch) for entry in said)


def waits_for() -> list[str]:
    """The nodes that have not said yet that they gave back all."""
    rows = Link.objects.filter(pk__in=links.make_links(), gave_back_epoch__lt=node.here().epoch)
    return list(rows.order_by("pk").values_list("peer", flat=True))


def refuse_to_decide(fact: Fact) -> None:
    """Raise StillFilling when this may not be said yet."""
    if is_filling() and not fact.name.startswith(MAY_BE_SAID):
        raise StillFilling(nodes=", ".join(waits_for()) or node.here().name)


def asked_of(link: Link) -> dict[str, int] | None:
    """After which place of our log this peer shall give back what it heard; None when there is nothing to ask."""
    if not is_filling() or link.gave_back_epoch >= node.here().epoch:
        return None
    cut = node.here().cut_at()
    return {"epoch": cut[0], "seq": cut[1]} if cut else None


def heard_of(peer: NodeRecord, after: dict[str, Any], *, before: int, limit: int) -> list[Entry]:
    """What we have of a peer's own log after a place, of epochs earlier than the one it is in."""
    place = Q(epoch=after["epoch"], seq__gt=after["seq"]) | Q(epoch__gt=after["epoch"])
    rows = Entry.objects.filter(place, node=peer.node, epoch__lt=before, seq__isnull=False)
    return list(rows.order_by("epoch", "seq")[:limit])


def note_all_given_back(peer: str) -> None:
    """This peer has nothing more of ours, or an operator goes on without it."""
    Link.objects.filter(pk=peer).update(gave_back_epoch=node.here().epoch)
