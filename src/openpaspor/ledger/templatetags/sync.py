"""The sync word of one record on a page."""

from __future__ import annotations

from typing import Any

from django import template

from openpaspor.ledger.sync import Sync

register = template.Library()


@register.inclusion_tag("ledger/_sync.html")
def sync_chip(synced: dict[str, Sync], ref: str, place: Any = None) -> dict[str, Any]:
    """The chip of application `ref` out of what `sync_of` gave; nothing when this node said nothing of it.

    With `place`, an office, it says when the last successful sync was; in a list the page says so once.
    """
    return {"said": synced.get(ref) if synced else None, "place": place}
