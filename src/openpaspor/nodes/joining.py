"""Becoming a node: writing who we are, at a centre that begins and at a newcomer that was let in."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.db import transaction

from openpaspor.ledger import enrol, identity, links, node, transport
from openpaspor.ledger.identity import Identity
from openpaspor.ledger.models import Entry, NodeRecord
from openpaspor.ledger.seal import introduce_ourselves

from . import tables
from .boot import boot


def begin(wanted: Identity, *, centre_url: str = "") -> Identity:
    """Make the keys and `node.json`. A centre, or a machine that is everything, is on the list at once."""
    if not enrol.NAME_SHAPE.match(wanted.name) or wanted.name == enrol.STRANGER:
        raise enrol.BadName()
    refuse_own_past(wanted.name)
    us = boot(wanted)
    enrol.public_keys(us)
    if wanted.role in enrol.MAY_ENROL:
        tables.bring_up_to_date()
        introduce_ourselves()
        listed = enrol.introduce_centre(us)
        wanted = replace(wanted, epoch=listed.epoch, issuer=listed.issuer)
    elif centre_url:
        wanted = wanted.reaching("centre", centre_url)  # by its role until we know its name
    identity.write(settings.HOME, wanted)
    boot(wanted)
    return wanted


def join(code: str, url: str, *, send: transport.Transport = transport.post) -> Identity:
    """Be enrolled by the centre at `url` (empty: as said at `node init`). Raises EnrolRefused; then all is as before."""
    known = identity.read(settings.HOME)
    refuse_own_past(known.name if known else "")
    tables.bring_up_to_date()
    url = url or (known.address_of("centre") if known else "")
    answer = enrol.ask(code, url, name=known.name if known else "", send=send)
    become(answer)
    return answer.identity


def become(answer: enrol.Enrolled) -> None:
    """Write down what the centre answered. May be repeated; `node.json` comes last."""
    us = boot(answer.identity)
    if us.epoch != answer.identity.epoch:
        us.begin_epoch(answer.identity.epoch)
    us.keys.take_search_key(answer.search_key)
    with transaction.atomic():
        enrol.remember_nodes(answer.nodes, us)
        introduce_ourselves()
    identity.write(settings.HOME, answer.identity)


def refuse_own_past(name: str) -> None:
    """A log that was begun under another name cannot go on under this one."""
    if tables.waiting():
        return
    others = Entry.objects.filter(node=node.here().name).exclude(node=name)
    if others.exists():
        raise enrol.OwnPast(node=node.here().name)


def reach(peer: str, url: str) -> None:
    """From the next start on a peer is reached at `url`: a proxy, a tunnel, a relay."""
    known = identity.read(settings.HOME)
    if known is None or peer not in links.newest_records():
        raise enrol.NodeUnknown(node=peer)
    identity.write(settings.HOME, known.reaching(peer, url))
    NodeRecord.objects.filter(node=peer).update(url=url)
