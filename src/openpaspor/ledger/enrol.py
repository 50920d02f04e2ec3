"""Enrolling a node with a one-time code, and sending one away.

A code is twelve symbols of a secret and twelve of the fingerprint of the centre's wire key. The secret is the seed of an
Ed25519 key: the newcomer signs its public keys with it, so that nobody on the way can put others in their place, and
the centre keeps only a hash by which it knows the code again. The fingerprint proves the centre to the newcomer, whose
private keys never leave it. What it gets back: who it is, its epoch, its issuer code, its lines, the list of nodes, and
the key of search tokens, wrapped to it.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openpaspor.facts.ledger import NodeListed, NodeRevoked
from openpaspor.kit import clock
from openpaspor.kit.references import ALPHABET, number_of
from openpaspor.kit.refused import Refused

from . import identity, links, node, refill, transport
from .canonical import canonical
from .followers import KEYS
from .identity import Identity, Peer
from .keys import verify
from .messages import Message, NotAMessage, pack, unpack
from .models import Entry, Invitation, NodeRecord
from .record import record

CODE_LIFE = timedelta(hours=24)
HALF = 12  # symbols; 59 bits of secret, and as many of fingerprint
STRANGER = "new"  # the name of whoever has none yet; no node may be called so
NAME_SHAPE = re.compile(r"[a-z][a-z0-9-]{1,38}\Z")
MAY_ENROL = ("centre", "everything")
WRONG_TRIES, FORGOTTEN_AFTER = 10, 15 * 60  # wrong codes of one address, and seconds until they are forgotten
RESERVED = frozenset(node.ISSUERS.values())  # of nodes that nobody enrolled
LOST_AT_MOST = 20  # nodes that a centre may have let in between its backup and its fire
LENGTHS = {"sign_public": (32,), "box_public": (32,), "wire_public": (32,), "seal_public": (0, 65)}  # bytes
REASONS = ("stolen", "lost", "replaced", "closed", "compromised")


class EnrolRefused(Refused):
    """The family of what stands in the way of a new node."""

    code = "enrol-refused"
    message = _("This node cannot be enrolled.")


class NotTheCentre(EnrolRefused):
    code = "not-the-centre"
    message = _("Only the centre enrols nodes and sends them away.")


class BadName(EnrolRefused):
    code = "bad-node-name"
    message = _("A node's name has small letters, digits and hyphens, for example: denpasar")


class OfficeServed(EnrolRefused):
    code = "office-served"
    message = _("%(node)s serves %(office)s already. Revoke it first: openpaspor node revoke %(node)s")


class CodeWrong(EnrolRefused):
    code = "code-wrong"
    message = _("This code is not right, was used, or is older than 24 hours. Ask the centre for a new one.")


class TooManyTries(EnrolRefused):
    code = "too-many-tries"
    message = _("Too many wrong codes. Wait a quarter of an hour.")


class ForAnother(EnrolRefused):
    code = "code-for-another"
    message = _("This code is for %(node)s, and this installation is already called otherwise.")


class CentreUnproven(EnrolRefused):
    code = "centre-unproven"
    message = _("What answers there is not the centre that made this code. Nothing was changed.")


class CentreSilent(EnrolRefused):
    code = "centre-silent"
    message = _(
        "Nobody answers at %(url)s (%(trouble)s). Check the address and the line, and use the same code again."
    )


class OwnPast(EnrolRefused):
    code = "own-past"
    message = _(
        "This installation has a log of its own (%(node)s). Enrol an empty one: choose another OPENPASPOR_HOME."
    )


class NodeUnknown(EnrolRefused):
    code = "node-unknown"
    message = _("No node is called %(node)s here.")


# The code


def new_code(us: node.Node) -> str:
    """A one-time code of this centre, for a person to carry: `XXXX-XXXX-XXXX-FFFF-FFFF-FFFF`."""
    symbols = "".join(secrets.choice(ALPHABET) for _place in range(HALF)) + fingerprint(us.keys.wire_public)
    return "-".join(symbols[at : at + 4] for at in range(0, len(symbols), 4))


def fingerprint(wire_public: bytes) -> str:
    """Twelve symbols by which a person's note proves a wire key."""
    number = int.from_bytes(hashlib.sha256(b"openpaspor-centre-v1\n" + wire_public).digest(), "big")
    symbols = []
    for _place in range(HALF):
        number, at = divmod(number, len(ALPHABET))
        symbols.append(ALPHABET[at])
    return "".join(symbols)


def read_code(text: str) -> tuple[str, str]:
    """(secret, fingerprint) of a code as people type it. Raises CodeWrong."""
    symbols = re.sub(r"[\s-]", "", text).upper()
    if len(symbols) != 2 * HALF or set(symbols) - set(ALPHABET):
        raise CodeWrong()
    return symbols[:HALF], symbols[HALF:]


def _key_of_code(secret: str) -> Ed25519PrivateKey:
    seed = HKDF(hashes.SHA256(), 32, salt=None, info=b"openpaspor-invitation-v1").derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


def _hash_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()


# At the centre


def insist_on_centre() -> node.Node:
    us = node.here()
    if us.role not in MAY_ENROL:
        raise NotTheCentre()
    return us


@transaction.atomic
def invite(name: str, role: str, offices: Sequence[str], *, url: str, actor: str, now: datetime) -> str:
    """Make a one-time code for a node. `now` is the wall clock. Raises BadName or OfficeServed."""
    us = insist_on_centre()
    if not NAME_SHAPE.match(name) or name in (STRANGER, us.name):
        raise BadName()
    _refuse_served(name, role, offices)
    code = new_code(us)
    Invitation.objects.filter(node=name, used_at=None).delete()  # only the newest code counts
    Invitation.objects.create(
        code_hash=_hash_of(_key_of_code(read_code(code)[0]).public_key().public_bytes_raw()),
        node=name,
        role=role,
        offices=list(offices),
        url=url,
        made_by=actor,
        expires_at=now + CODE_LIFE,
    )
    return code


def _refuse_served(name: str, role: str, offices: Sequence[str]) -> None:
    """One live node serves an office, and one is the portal; the same name again is that node on another machine."""
    for row in links.newest_records().values():
        if row.node == name or row.role != role or row.revoked_at is not None:
            continue
        both = set(row.offices) & set(offices)
        if role != "office" or both:
            raise OfficeServed(node=row.node, office=min(both, default=role))


def is_meant(raw: bytes) -> bool:
    """Whether a message is for `hear`, by a glance at its envelope."""
    envelope = raw[:400].split(b"\n")[1:2]
    return bool(envelope) and (b'"type":"enrol"' in envelope[0] or b'"type":"renew"' in envelope[0])


def hear(raw: bytes, address: str) -> bytes | None:
    """Answer a newcomer, or a node that we know and whose epoch rose; None when the message is neither.

    `address` is where it came from: wrong codes are counted by it.
    """
    us = node.here()
    try:
        message = unpack(raw, _own_word)
    except NotAMessage:
        return None
    if us.role not in MAY_ENROL or message.type not in ("enrol", "renew"):
        return None
    try:
        kind, says = "answer", (_welcome if message.type == "enrol" else _renew)(message, address)
    except Refused as refusal:
        kind, says = "refused", {"code": refusal.code, **refusal.details}
    says["centre_wire_public"] = us.keys.wire_public.hex()
    return pack(us, message.sender, kind, message.number, says, re=message.digest)


def _own_word(name: str, epoch: int, says: dict[str, Any]) -> bytes | None:
    """A newcomer speaks with the key it shows; what it shows is proven by the code. A known node uses the key we know."""
    if name == STRANGER:
        return bytes.fromhex(str(says["keys"]["wire_public"]))
    known = links.newest_records().get(name)
    past = known is None or known.revoked_at is not None or epoch < known.epoch
    return bytes.fromhex(known.wire_public) if known and not past else None


def _welcome(message: Message, address: str) -> dict[str, Any]:
    _limit(address)
    invitation = _proven(message.says, clock.real_now())
    if invitation is None:
        _count_wrong(address)
        raise CodeWrong()
    if message.says.get("name", "") not in ("", invitation.node):
        raise ForAnother(node=invitation.node)
    with transaction.atomic():
        used = Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=clock.real_now())
        if not used:
            raise CodeWrong()
        _refuse_served(invitation.node, invitation.role, invitation.offices)
        listed = list_node(
            invitation.node,
            invitation.role,
            invitation.offices,
            url=invitation.url,
            keys={key: message.says["keys"][key] for key in KEYS},
            at_least=message.epoch,
        )
    return _who_you_are(listed)


def _proven(says: dict[str, Any], now: datetime) -> Invitation | None:
    """The invitation whose code signed this, if it still counts."""
    try:
        public, proof = bytes.fromhex(says["code"]), bytes.fromhex(says["proof"])
        whole = all(len(bytes.fromhex(says["keys"][key])) in LENGTHS[key] for key in KEYS)
    except (KeyError, ValueError, TypeError):
        return None
    found = Invitation.objects.filter(pk=_hash_of(public), used_at=None, expires_at__gt=now).first()
    return found if found and whole and verify(public, proof, canonical(says["keys"])) else None


def _limit(address: str) -> None:
    if cache.get(f"enrol-wrong:{address}", 0) >= WRONG_TRIES:
        raise TooManyTries()


def _count_wrong(address: str) -> None:
    cache.add(f"enrol-wrong:{address}", 0, FORGOTTEN_AFTER)
    cache.incr(f"enrol-wrong:{address}")


def _renew(message: Message, address: str) -> dict[str, Any]:
    """A node we know was put back or moved and goes on under a later epoch, with the keys that we know.

    Epochs of it that came and went while the line was cut are listed too, or nobody would take what it said in them. Told
    again, because our answer was lost, we say the same.
    """
    known = links.newest_records()[message.sender]
    said = listing_of(known.node, known.epoch)
    if known.epoch == message.epoch:
        if said is None:
            raise NodeUnknown(node=known.node)
        return _who_you_are(said)
    of_it: dict[str, Any] = {"url": known.url, "keys": {key: getattr(known, key) for key in KEYS}}
    missed = [epoch for epoch in message.says.get("before", ()) if known.epoch < epoch < message.epoch]
    with transaction.atomic():
        for epoch in sorted(missed):  # in these it gave out references under the code that it had
            issuer = said.issuer if said else ""
            list_node(known.node, known.role, known.offices, at_least=epoch, issuer=issuer, **of_it)
        listed = list_node(known.node, known.role, known.offices, at_least=message.epoch, **of_it)
    return _who_you_are(listed)


def listing_of(name: str, epoch: int) -> NodeListed | None:
    """What the list says of a node under an epoch, newest first; None when nothing was said."""
    said = Entry.objects.filter(
        Q(fact__contains=f'"epoch":{epoch},'), kind=NodeListed.name, fact__contains=f'"node":"{name}"'
    )
    facts = (entry.read() for entry in said.order_by("-pk"))
    return next(
        (fact for fact in facts if isinstance(fact, NodeListed) and (fact.node, fact.epoch) == (name, epoch)),
        None,
    )


@transaction.atomic
def list_node(
    name: str,
    role: str,
    offices: Sequence[str],
    *,
    url: str,
    keys: dict[str, str],
    at_least: int = 1,
    issuer: str = "",
) -> NodeListed:
    """Put a node on the list, under its next epoch, and say so to everybody.

    It gets an issuer code of its own, unless it went on with an `issuer` that it has.
    """
    us = insist_on_centre()
    list(NodeRecord.objects.select_for_update().filter(node=us.name, epoch=us.epoch))  # one listing at a time
    before = NodeRecord.objects.filter(node=name).order_by("-epoch").first()
    epoch = max(at_least, before.epoch + 1 if before else 1)
    if name == us.name:
        epoch = us.epoch
    listed = NodeListed(
        node=name,
        epoch=epoch,
        role=role,
        offices=tuple(offices),
        url=url,
        issuer=issuer or next_issuer(),
        **keys,
    )
    NodeRecord.objects.update_or_create(
        node=name, epoch=epoch, defaults={"role": role, "offices": list(offices), "url": url, **keys}
    )
    record(listed, actor="centre", now=clock.now())
    return listed


def next_issuer() -> str:
    """The next pair of symbols that was never given out. While we may have forgotten some, a good way on."""
    given = {entry.values["issuer"] for entry in Entry.objects.filter(kind=NodeListed.name)} | RESERVED
    pairs = ("".join(pair) for pair in itertools.product(ALPHABET, repeat=2))
    last = max(map(number_of, given - RESERVED), default=-1)
    if refill.is_filling():
        last += LOST_AT_MOST
    return next(pair for pair in pairs if pair not in RESERVED and number_of(pair) > last)


def public_keys(us: node.Node) -> dict[str, str]:
    """What others need of us, in hex. Our private halves are made now if they were not there, and stay here."""
    return {
        "sign_public": us.keys.sign_public.hex(),
        "box_public": us.keys.box_public.hex(),
        "wire_public": us.keys.wire_public.hex(),
        "seal_public": us.keys.seal_public.hex() if us.signs_passes else "",
    }


def _who_you_are(listed: NodeListed) -> dict[str, Any]:
    us = node.here()
    rows = NodeRecord.objects.exclude(node=listed.node, epoch=listed.epoch).order_by("epoch", "node")
    return {
        "name": listed.node,
        "role": listed.role,
        "offices": list(listed.offices),
        "url": listed.url,
        "epoch": listed.epoch,
        "issuer": listed.issuer,
        "centre": us.name,
        "nodes": [_shown(row) for row in rows],
        "search": us.keys.wrapped_search_key(bytes.fromhex(listed.box_public)),
    }


def _shown(row: NodeRecord) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in ("node", "epoch", "role", "offices", "url", *KEYS)}
    return shown | {"revoked": row.revoked_at is not None}


@transaction.atomic
def revoke(name: str, reason: str, *, actor: str, now: datetime) -> NodeRecord:
    """Believe nothing new that a node says, from now on. Its office may then be served by another."""
    us = insist_on_centre()
    row = links.newest_records().get(name)
    if row is None or name == us.name:
        raise NodeUnknown(node=name)
    NodeRecord.objects.filter(node=name, revoked_at=None).update(revoked_at=now)
    record(NodeRevoked(node=name, epoch=row.epoch, reason=reason), actor=actor, now=now)
    row.refresh_from_db()
    return row


# At the newcomer


def introduce_centre(us: node.Node) -> NodeListed:
    """A centre (or a machine that is everything) puts itself on the list."""
    return list_node(us.name, us.role, us.offices, url=us.url, keys=public_keys(us))


def announce() -> None:
    """A centre that was put back, and heard all that others had of it, lists itself under its new epoch."""
    us = node.here()
    listed = introduce_centre(us)
    known = identity.read(us.home)
    if known is not None:
        _go_on_as(known, epoch=listed.epoch, issuer=listed.issuer)


@dataclass(frozen=True)
class Enrolled:
    """What the centre answered: who we are now, and the nodes that it knows."""

    identity: Identity
    nodes: tuple[dict[str, Any], ...]
    search_key: bytes


def ask(code: str, url: str, *, name: str = "", send: transport.Transport = transport.post) -> Enrolled:
    """Give the code and our public keys to the centre at `url`. Nothing is written here. Raises EnrolRefused."""
    us = node.here()
    secret, wanted = read_code(code)
    key, keys = _key_of_code(secret), public_keys(us)
    says = {
        "name": name,
        "keys": keys,
        "code": key.public_key().public_bytes_raw().hex(),
        "proof": key.sign(canonical(keys)).hex(),
    }
    raw = pack(replace(us, name=STRANGER), "", "enrol", 1, says)

    def proven(_name: str, _epoch: int, said: dict[str, Any]) -> bytes | None:
        shown = bytes.fromhex(said.get("centre_wire_public", ""))
        return shown if fingerprint(shown) == wanted else None

    return _read_answer(raw, url, send, proven)


def ask_again(url: str, *, send: transport.Transport = transport.post) -> Enrolled:
    """Tell the centre that our epoch rose, by the keys it knows. Raises EnrolRefused."""
    us = node.here()
    own = Entry.objects.filter(node=us.name, seq__isnull=False, epoch__lt=us.epoch)
    before = list(own.order_by("epoch").values_list("epoch", flat=True).distinct())
    raw = pack(us, "", "renew", 1, {"epoch": us.epoch, "before": before})
    centre = next(row for row in links.newest_records().values() if row.role in MAY_ENROL)
    return _read_answer(raw, url, send, lambda *_said: bytes.fromhex(centre.wire_public))


def _read_answer(raw: bytes, url: str, send: transport.Transport, key_of: Any) -> Enrolled:
    us = node.here()
    try:
        answer = unpack(send(url, raw), key_of)
    except transport.LineDown as trouble:
        raise CentreSilent(url=url, trouble=str(trouble)) from trouble
    except NotAMessage:
        raise CentreUnproven() from None
    if answer.re != hashlib.sha256(raw).hexdigest():
        raise CentreUnproven()
    said = answer.says
    if answer.type == "refused":
        raise REFUSALS.get(said["code"], EnrolRefused)(**{k: v for k, v in said.items() if k != "code"})
    return Enrolled(_identity(said, url), tuple(said["nodes"]), us.keys.unwrap(said["search"]))


REFUSALS = {kind.code: kind for kind in (CodeWrong, TooManyTries, ForAnother, OfficeServed, NotTheCentre)}


def _identity(said: dict[str, Any], url: str) -> Identity:
    """Who we are by the centre's answer. The centre is reached where it was reached now."""
    lines = {(said["role"], row["role"]): row for row in said["nodes"] if not row["revoked"]}
    centre = next(row for row in reversed(said["nodes"]) if row["node"] == said["centre"])
    peers = [Peer(centre["node"], url)]
    portal = lines.get(("office", "portal"))
    if portal and portal["url"]:
        peers.append(Peer(portal["node"], portal["url"]))
    return Identity(
        name=said["name"],
        role=said["role"],
        offices=tuple(said["offices"]),
        url=said["url"],
        epoch=said["epoch"],
        issuer=said["issuer"],
        links=tuple(peers),
        centre={"name": centre["node"], **{key: centre[key] for key in KEYS}},
    )


def tell_new_epoch(*, send: transport.Transport = transport.post) -> Identity | None:
    """Our epoch rose here (a restore, a rebuild): tell the centre, which lists it. None when it knows already."""
    us = node.here()
    known = identity.read(us.home)
    if known is None or not known.centre or us.epoch <= known.epoch:
        return None
    answer = ask_again(known.address_of(known.centre["name"]), send=send)
    return _go_on_as(known, epoch=answer.identity.epoch, issuer=answer.identity.issuer)


def _go_on_as(known: Identity, *, epoch: int, issuer: str) -> Identity:
    """Write our new epoch and issuer code down, and use them from now on."""
    renewed = replace(known, epoch=epoch, issuer=issuer)
    us = node.here()
    identity.write(us.home, renewed)
    node.boot(replace(us, allotted=issuer))
    return renewed


def remember_nodes(rows: Sequence[dict[str, Any]], us: node.Node) -> None:
    """Pin the keys of the nodes that the centre named; those that are known keep theirs."""
    for row in rows:
        fields = {name: row[name] for name in ("role", "offices", *KEYS)}
        fields["url"] = us.address_of(row["node"]) or row["url"]
        fields["revoked_at"] = clock.real_now() if row["revoked"] else None
        NodeRecord.objects.get_or_create(node=row["node"], epoch=row["epoch"], defaults=fields)
