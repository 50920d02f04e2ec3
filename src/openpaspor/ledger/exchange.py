"""The answering side of the wire: one signed message in, one signed answer out. Everything may be repeated."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from openpaspor.kit import clock
from openpaspor.kit.faults import fault

from . import links, node, pieces, receive, refill, turns
from .messages import Message, NotAMessage, glance, pack, unpack
from .models import Link, NodeRecord
from .record import work_waits
from .seal import sealing_lock

WANTED_AT_ONCE = 20  # files named in one answer, when the caller does not say that it has room for more
MOST_WANTED = 100
DRAINED = 300  # entries in one answer, so that it fits on a thin line


class Refusal(Exception):
    """A signed no: a code and what the other side needs to go on."""

    def __init__(self, code: str, **says: Any) -> None:
        super().__init__(code)
        self.code = code
        self.says = says


def _wire_key(record: NodeRecord | None, epoch: int) -> bytes | None:
    """The key of a node on the list; None for strangers, for those sent away and for an epoch that is past."""
    if record is None or record.epoch != epoch or record.revoked_at or not record.wire_public:
        return None
    return bytes.fromhex(record.wire_public)


def answer(raw: bytes) -> bytes | None:
    """The answer to a message, or None when it is not one of a node we know."""
    said = glance(raw)
    speaker = links.newest_record(said[0]) if said else None
    try:
        message = unpack(raw, lambda _name, epoch, _says: _wire_key(speaker, epoch))
    except NotAMessage:
        return None
    us = node.here()
    if speaker is None or message.to != us.name or message.re:
        return None
    try:
        with turns.calling():
            says, lines = _obey(message, speaker)
        kind = "answer"
    except Refusal as refusal:
        kind, says, lines = "refused", {"code": refusal.code, **refusal.says}, []
    return pack(us, message.sender, kind, message.number, says, lines, re=message.digest)


def _obey(message: Message, peer: NodeRecord) -> tuple[dict[str, Any], list[bytes]]:
    deed = {"push": _push, "pull": _pull, "pieces": _pieces, "fetch": _fetch, "back": _back}.get(message.type)
    if not links.has_line(peer):
        raise Refusal("no-line")
    if deed is None:
        raise Refusal("type-unknown")
    return deed(message, peer, _heard(message, peer))


def _heard(message: Message, peer: NodeRecord) -> Link:
    """The link, which has heard this message now; no message counts twice. Raises Refusal."""
    heard = {
        "number": message.number, "answered_at": clock.real_now(), "trouble": _trouble_told(message)
    }  # fmt: skip
    is_next = Link.objects.filter(pk=peer.node, quarantined="", number__lt=message.number).update(**heard)
    link, is_new = Link.objects.get_or_create(pk=peer.node, defaults=heard)
    if link.quarantined:
        raise Refusal("quarantined")
    if not is_next and not is_new:
        raise Refusal("stale", number=link.number)
    return link


def _trouble_told(message: Message) -> str:
    """A node that calls but has not heard us for a minute has a line that works one way only."""
    return "one-way" if message.says.get("unheard", 0) > 60 else ""


def _push(message: Message, peer: NodeRecord, link: Link) -> tuple[dict[str, Any], list[bytes]]:
    """Entries come. The whole own log of the sender, or its selection for us; a gap is refused with what we have."""
    try:
        confirmed = take_push(message, link)
    except receive.Fork as fork:
        links.quarantine(peer.node, fork.code, fork.place)
        raise Refusal("quarantined") from None
    except receive.NotTaken as trouble:
        Link.objects.filter(pk=link.pk).update(trouble=trouble.code)
        raise Refusal(trouble.code) from None
    links.queue_news(only=peer.node)  # now it is told of what it spoke of, so it is asked for those files
    fault("wire.before_answer")
    work_waits.set()
    return {"confirmed": confirmed, **_wants(peer, link, _at_once(message))}, []


def take_push(message: Message, link: Link) -> dict[str, Any]:
    """Write what came, if it follows on what we have. Returns how far we have it now. Raises Refusal or NotTaken."""
    says = message.says
    if says["mode"] == "dense":
        _take_dense(message)
        return links.known_of(message.sender)
    return take_selection(message, link)


def _take_dense(message: Message) -> None:
    first = receive.read_line(message.lines[0]).place if message.lines else None
    known = links.known_of(message.sender)
    if first is None:
        return
    name, epoch, seq = first
    follows = (epoch == known["epoch"] and seq <= known["seq"] + 1) or (epoch > known["epoch"] and seq == 1)
    if name != message.sender or not follows:
        raise Refusal("gap", confirmed=known)
    receive.take(message.lines)


def take_selection(message: Message, link: Link) -> dict[str, Any]:
    """Take the peer's selection for us: counted and chained under its epoch."""
    says = message.says
    with sealing_lock(), transaction.atomic():  # in this order, or the sealer waits for us and we for it
        link = Link.objects.select_for_update().get(pk=link.pk)
        if says["epoch"] > link.heard_epoch or says["first"] == 1:  # it begins anew; repeats are ignored
            link.heard_epoch, link.heard, link.heard_chain = says["epoch"], 0, "0" * 64
        if says["first"] != link.heard + 1 or says["chain"] != link.heard_chain:
            raise Refusal("gap", confirmed=heard_of(link))
        came, _new = receive.take(message.lines)
        for sealed in came:
            link.heard += 1
            link.heard_chain = links.chained(link.heard_chain, sealed.hash)
        link.save(update_fields=["heard_epoch", "heard", "heard_chain"])
    return heard_of(link)


def heard_of(link: Link) -> dict[str, Any]:
    return {"epoch": link.heard_epoch, "count": link.heard, "chain": link.heard_chain}


def _wants(peer: NodeRecord, link: Link, at_once: int = WANTED_AT_ONCE) -> dict[str, Any]:
    """The next few files that we still miss and that this peer may have, and of which applications the rest is."""
    refs = set(links.wanted_of(peer, link).order_by().values_list("application", flat=True))
    return {"wants": _next_wants(peer, link, at_once), "missing": sorted(refs)}


def _next_wants(peer: NodeRecord, link: Link, at_once: int) -> list[list[Any]]:
    """Of each file its digest, its application, and how much of it is here."""
    wanted = links.wanted_of(peer, link).due()[:at_once]
    return [[row.digest, row.application, pieces.have(row.digest)] for row in wanted]


def _at_once(message: Message) -> int:
    """How many wanted files the caller has room to hear of."""
    return max(1, min(MOST_WANTED, message.says.get("files_at_once", WANTED_AT_ONCE)))


def _pull(message: Message, peer: NodeRecord, link: Link) -> tuple[dict[str, Any], list[bytes]]:
    """What is new for the caller. Its call confirms what its database has."""
    says = message.says
    links.note_centre_unheard(link, says.get("centre_unheard", 0))
    answer_says: dict[str, Any] = _wants(peer, link, _at_once(message))
    if node.here().role == "centre":  # the one that gets whole logs
        answer_says["known"] = links.known_of(peer.node)
    back = refill.asked_of(link)
    if back:
        answer_says["back"] = back
    if links.is_dense(peer):
        return answer_says | {"mode": "none"}, []
    us, count = node.here(), says["count"] if says["epoch"] == node.here().epoch else 0
    chain = links.chain_at(link, count)
    if link.confirmed_epoch != us.epoch:
        return answer_says | {"mode": "none"}, []  # the worker has not chosen anything yet
    if chain is None or (count and chain != says["chain"]):
        count, chain = 0, "0" * 64  # it knows another past than we; it gets all again and ignores repeats
    if count != link.confirmed:
        Link.objects.filter(pk=link.pk).update(confirmed=count)
    rows = links.selected_after(link, count)[:DRAINED]
    return answer_says | {
        "mode": "selection",
        "epoch": us.epoch,
        "first": count + 1,
        "chain": chain,
        "left": link.queued - count - len(rows),
    }, [receive.write_line(row.entry) for row in rows]


def _back(message: Message, peer: NodeRecord, link: Link) -> tuple[dict[str, Any], list[bytes]]:
    """Entries of our own, of an earlier epoch, that a restore lost here and the caller had heard."""
    if not refill.is_filling():
        return {}, []
    if any(receive.read_line(line).place[0] != node.here().name for line in message.lines):
        raise Refusal("not-ours-to-take")
    try:
        receive.take(message.lines)
    except receive.Fork as fork:
        links.quarantine(peer.node, fork.code, fork.place)
        raise Refusal("quarantined") from None
    except receive.NotTaken as trouble:
        Link.objects.filter(pk=link.pk).update(trouble=trouble.code)
        raise Refusal(trouble.code) from None
    if message.says["all"]:
        refill.note_all_given_back(peer.node)
    work_waits.set()
    return {}, []


def _pieces(message: Message, peer: NodeRecord, link: Link) -> tuple[dict[str, Any], list[bytes]]:
    """Pieces of files that we want. The answer says of each how much of its file is here now, and which come next."""
    have = pieces.add([pieces.read(says) for says in message.says["pieces"]])
    return {"have": have, "wants": _next_wants(peer, link, _at_once(message))}, []


def _fetch(message: Message, peer: NodeRecord, link: Link) -> tuple[dict[str, Any], list[bytes]]:
    """Pieces of the files that the caller wants, as many as it has room for; of what is not here or not its own, none."""
    room, found = min(message.says["room"], pieces.MOST), []
    for digest, application, at in message.says["files"][:WANTED_AT_ONCE]:
        if room > 0 and links.may_have(peer, link, digest, application):
            cut = pieces.cut(digest, at, room)
            found += [pieces.written(digest, piece) for piece in cut]
            room -= sum(len(piece.bytes) for piece in cut)
    return {"pieces": found}, []
