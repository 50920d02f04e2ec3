"""The calling side of the wire: one courier for each node that we call, pushing, fetching, and waiting out trouble."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import random
import threading
from collections.abc import Iterator
from typing import Any

from django.db import close_old_connections, connection

from openpaspor.kit import clock
from openpaspor.kit.faults import fault

from . import clock_watch, enrol, exchange, links, node, pieces, receive, refill, transport
from .messages import Message, NotAMessage, glance, pack, unpack
from .models import Entry, Link, NodeRecord
from .record import work_waits
from .transport import LineDown, Transport

log = logging.getLogger("openpaspor.wire")
PAUSE = 3.0  # seconds between calls when there is nothing to say; also the heartbeat
BATCH = 200  # entries in one message at first; then what fits into a second
FEWEST, MOST = 10, 1000
PIECES_FOR = 1.0  # seconds of files before news is asked for again
SMALL_FILE = 10 * 2**10  # bytes; of such files as many are named as a message has room for
LOOKS_EVERY = 0.25  # seconds; whether somebody pressed *try now*
LONGEST_PAUSE = 30.0
TRUSTED_FOR = 60.0  # seconds after a signed answer during which entries are sent without asking first


class Refused(Exception):
    """The peer said no, in a signed answer."""

    def __init__(self, code: str, says: dict[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.says = says


class Courier:
    """Talks to one peer that has an address. `send` is the way out: `transport.post`, or a simulation's."""

    def __init__(self, peer: NodeRecord, send: Transport = transport.post) -> None:
        self.peer = peer
        self.send = send
        self.number = 0
        self.answered = 0.0  # ticks, last signed answer
        self.began = clock.ticks()
        self.batch = BATCH
        self.room = pieces.PIECE  # bytes of files in one message at first; then what fits into a second
        self.theirs: list[list[Any]] = []  # files that the peer wants of us
        self.skips = 0  # how many of the files that we want the peer was asked for in vain
        self.back: dict[str, Any] | None = (
            None  # after which place of its log a centre that was put back asks
        )
        self.their_epoch = 0

    # --- one message ----------------------------------------------------------------------------------------

    def ask(self, type: str, says: dict[str, Any] | None = None, lines: list[bytes] | None = None) -> Message:
        """Send a message and return the signed answer to it. Raises LineDown or Refused."""
        link, called_at = Link.objects.filter(pk=self.peer.node), clock.real_now()
        self.number = max(self.number + 1, int(called_at.timestamp() * 1_000_000))
        try:
            came = self._answer_to(pack(node.here(), self.peer.node, type, self.number, says, lines or []))
        except Exception:
            link.update(called_at=called_at)
            raise
        self.answered = clock.ticks()
        heard: dict[str, Any] = {"called_at": called_at, "answered_at": clock.real_now(), "trouble": ""}
        if (type, came.type) == ("pull", "answer") and not came.lines:
            heard["fetched_at"] = heard["answered_at"]
        link.update(**heard)
        if came.type == "refused":
            if came.says.get("code") == "stale":
                self.number = max(self.number, int(came.says["number"]))
            raise Refused(came.says.get("code", ""), came.says)
        return came

    def _answer_to(self, raw: bytes) -> Message:
        """What the peer says to a message, proven to be said to it. Raises LineDown."""
        answer = self.send(self.peer.url, raw)
        known = links.newest_record(self.peer.node)
        try:
            came = unpack(answer, lambda name, epoch, _says: self._key(known, name, epoch))
        except NotAMessage as trouble:
            raise LineDown(self._why(answer, known)) from trouble
        if came.re != hashlib.sha256(raw).hexdigest() or came.to != node.here().name:
            raise LineDown("not-ours")
        if links.is_dense(self.peer) and known and came.epoch > known.epoch:
            links.pin_epoch(known, came.epoch)
        if links.is_dense(self.peer) and came.at:
            clock_watch.hear(came.at)
        return came

    def _key(self, record: NodeRecord | None, name: str, epoch: int) -> bytes | None:
        if name != self.peer.node or record is None:
            return None
        later = epoch > record.epoch and links.is_dense(record)  # others are listed by the centre first
        return bytes.fromhex(record.wire_public) if later or record.epoch == epoch else None

    def _why(self, answer: bytes, record: NodeRecord | None) -> str:
        """Why an answer is none, in a word for a person. What stands in it is not proven."""
        said = glance(answer)
        if said is None or record is None or said[0] != self.peer.node:
            return "not-ours"  # a captive portal, a cut answer
        return "older-epoch" if said[1] < record.epoch else "other-keys"

    # --- one round ------------------------------------------------------------------------------------------

    def round(self) -> bool:
        """Push, fetch, and carry pieces of files. True when more may follow at once. Raises LineDown or Refused."""
        busy = self._pull()  # first: nothing of ours goes out before a signed answer came in
        busy |= self._push()
        if not busy and self.back:
            busy = self._give_back()
        if not busy:
            busy = self._pieces_out() or self._pieces_in()
        if not busy:
            Link.objects.filter(pk=self.peer.node).update(whole_at=clock.real_now())
        return busy

    def _pull(self) -> bool:
        link = Link.objects.get(pk=self.peer.node)
        unheard = clock.ticks() - (self.answered or self.began)
        says = exchange.heard_of(link) | {"unheard": int(unheard)} | self._files_at_once()
        if self.peer.role == "portal":
            says["centre_unheard"] = links.centre_unheard()
        came = self.ask("pull", says)
        self._note_wants(came.says, link)
        self.back, self.their_epoch = came.says.get("back"), came.epoch
        self._confirm_dense(came.says.get("known"), link)
        if not came.lines:
            return False
        try:
            exchange.take_selection(came, link)
        except receive.Fork as fork:
            links.quarantine(self.peer.node, fork.code, fork.place)
            return False
        except receive.NotTaken as trouble:
            Link.objects.filter(pk=link.pk).update(trouble=trouble.code)
            return False
        except exchange.Refusal:
            return True  # another round asks from where we are
        work_waits.set()
        return True

    def _confirm_dense(self, known: dict[str, Any] | None, link: Link) -> None:
        """Only what the receiver's database has counts as sent; also when that is less than it was.

        When it has what we never said, somebody writes under our name: a copy of this box, or we were put back.
        """
        if known and links.is_dense(self.peer):
            if links.knows_another_past(known):
                place = (node.here().name, known["epoch"], known["seq"])
                links.quarantine(self.peer.node, "other-past", place)
                return
            if (known["epoch"], known["seq"]) != (link.confirmed_epoch, link.confirmed):
                Link.objects.filter(pk=link.pk).update(confirmed_epoch=known["epoch"], confirmed=known["seq"])

    def _note_wants(self, says: dict[str, Any], link: Link) -> None:
        """Which files the peer misses. One of an earlier version names only the next few."""
        self.theirs = says["wants"]
        missing = says.get("missing", sorted({application for _, application, _ in self.theirs}))
        if links.is_dense(self.peer) and missing != link.missing:
            Link.objects.filter(pk=link.pk).update(missing=missing)

    def _push(self) -> bool:
        link = Link.objects.get(pk=self.peer.node)
        if link.quarantined:
            return False
        says, entries = self._dense(link) if links.is_dense(self.peer) else self._selection(link)
        if not entries:
            return False
        if links.is_dense(self.peer):
            links.hand_over(link, entries[-1])
        started = clock.ticks()
        try:
            says |= self._files_at_once()
            came = self.ask("push", says, [receive.write_line(entry) for entry in entries])
            confirmed = came.says["confirmed"]
            self._note_wants(
                came.says, link
            )  # before it is confirmed: a record is not there without its files
        except Refused as refusal:
            if refusal.code != "gap":
                raise
            confirmed = refusal.says["confirmed"]
        except LineDown:
            self.batch = max(FEWEST, len(entries) // 4)  # or what is too long for the line is sent for ever
            raise
        self._fit_batch(len(entries), clock.ticks() - started)
        fault("wire.before_confirm")
        if links.is_dense(self.peer):
            self._confirm_dense(confirmed, link)
        else:
            count = confirmed["count"] if confirmed["epoch"] == node.here().epoch else 0
            Link.objects.filter(pk=link.pk).update(confirmed=count)
        return True

    def _dense(self, link: Link) -> tuple[dict[str, Any], list[Entry]]:
        return {"mode": "dense"}, links.own_log_after(link.confirmed_epoch, link.confirmed)[: self.batch]

    def _selection(self, link: Link) -> tuple[dict[str, Any], list[Entry]]:
        if link.confirmed_epoch != node.here().epoch:
            return {}, []
        rows = links.selected_after(link, link.confirmed)[: self.batch]
        says = {
            "mode": "selection",
            "epoch": node.here().epoch,
            "first": link.confirmed + 1,
            "chain": links.chain_at(link, link.confirmed),
        }
        return says, [row.entry for row in rows]

    def _give_back(self) -> bool:
        """What we heard of the centre, and it lost, all of it. False when it was all given already."""
        assert self.back is not None
        place, self.back = self.back, None
        while True:
            rows = refill.heard_of(self.peer, place, before=self.their_epoch, limit=self.batch)
            whole = len(rows) < self.batch
            self.ask("back", {"all": whole}, [receive.write_line(entry) for entry in rows])
            if whole:
                return True
            place = {"epoch": rows[-1].epoch, "seq": rows[-1].seq}

    def _fit_batch(self, sent: int, seconds: float) -> None:
        """Messages of about a second: short ones on a thin line, so that news is never far behind.

        That one entry was quick says nothing of a thousand: only a full message lets the next be longer.
        """
        if sent >= self.batch or seconds > 1.0:
            self.batch = max(FEWEST, min(MOST, int(sent * min(2.0, 1.0 / max(seconds, 0.01)))))

    def _pieces_out(self) -> bool:
        """Carry pieces of the files that the peer wants and that are here, for a second or until there is news."""
        began, sent = clock.ticks(), False
        while together := self._cut():
            self._carry(together)
            sent = True
            if clock.ticks() - began > PIECES_FOR or self._has_news():
                break
        return sent

    def _cut(self) -> list[tuple[list[Any], pieces.Piece]]:
        """What one message has room for: each piece beside the wish that it answers."""
        room, together = self.room, []
        for wanted in list(self.theirs):
            digest, _application, have = wanted
            cut = pieces.cut(digest, have, room)
            if not cut:
                self.theirs.remove(wanted)
            together += [(wanted, piece) for piece in cut]
            room -= sum(len(piece.bytes) for piece in cut)
            if room <= 0:
                break
        return together

    def _files_at_once(self) -> dict[str, Any]:
        """How many files a message of ours could carry; the peer names so many that it wants."""
        return {"files_at_once": max(exchange.WANTED_AT_ONCE, self.room // SMALL_FILE)}

    def _carry(self, together: list[tuple[list[Any], pieces.Piece]]) -> None:
        """Send pieces in one message, and note of each file how much of it the peer has, and what it wants next."""
        said = [pieces.written(wanted[0], piece) for wanted, piece in together]
        started = clock.ticks()
        with self._shorter_when_lost():
            came = self.ask("pieces", {"pieces": said} | self._files_at_once()).says
        there = zip(together, came["have"], strict=True)
        now = {wanted[0]: (have, piece.total) for (wanted, piece), have in there}
        tried = {wanted[0] for wanted in self.theirs}
        self.theirs = [
            wanted for wanted in self.theirs if self._goes_on(wanted, *now.get(wanted[0], (None, 0)))
        ]
        self.theirs += [wanted for wanted in came.get("wants", ()) if wanted[0] not in tried]
        self._fit_room(sum(len(piece.bytes) for _wanted, piece in together), clock.ticks() - started)

    @staticmethod
    def _goes_on(wanted: list[Any], have: int | None, total: int) -> bool:
        """Whether more of a file is to be sent, now that the peer has so much; one that did not move waits until it is named again."""
        if have is None:
            return True
        moved, wanted[2] = have != wanted[2], have
        return moved and have < total

    def _has_news(self) -> bool:
        news = node_news.get(self.peer.node)
        return news is not None and news.is_set()

    @contextlib.contextmanager
    def _shorter_when_lost(self) -> Iterator[None]:
        """Or a message that is too long for the line is sent for ever."""
        try:
            yield
        except LineDown:
            self.room = max(pieces.FEWEST, self.room // 4)
            raise

    def _fit_room(self, carried: int, seconds: float) -> None:
        """Messages of one second or two: only one that was full lets the next be longer."""
        if seconds > 2.0:
            self.room = max(pieces.FEWEST, self.room // 2)
        elif seconds < 1.0 and carried >= self.room:
            self.room = min(pieces.MOST, self.room * 2)

    def _pieces_in(self) -> bool:
        """Pieces of files that we want, those that the peer has; when it has none of a few, the next few another time."""
        rows = links.wanted_files(self.skips)
        if not rows:
            self.skips = 0
            return False
        before = {row.digest: pieces.have(row.digest) for row in rows}
        wanted = [[row.digest, row.application, before[row.digest]] for row in rows]
        started = clock.ticks()
        with self._shorter_when_lost():
            came = self.ask("fetch", {"files": wanted, "room": self.room})
        got = [pieces.read(says) for says in came.says["pieces"]]
        self._fit_room(sum(len(piece.bytes) for _digest, piece in got), clock.ticks() - started)
        grew = any(here > before[digest] for (digest, _piece), here in zip(got, pieces.add(got), strict=True))
        if grew:
            work_waits.set()
        else:
            self.skips += len(rows)
        return grew

    # --- for ever -------------------------------------------------------------------------------------------

    def work(self, stop: threading.Event) -> None:
        """Call until told to stop. Trouble is waited out, longer each time, and never all at once."""
        failures = 0
        while not stop.is_set():
            try:
                close_old_connections()
                if links.is_dense(self.peer):
                    self._tell_new_epoch()
                busy = self.round()
                failures = 0
                pause = 0.0 if busy else PAUSE * random.uniform(0.8, 1.0)  # noqa: S311
            except (LineDown, Refused) as trouble:
                failures += 1
                links.note_trouble(self.peer.node, str(trouble))
                pause = min(LONGEST_PAUSE, 2.0 ** min(failures, 6)) * random.uniform(0.5, 1.0)  # noqa: S311
            except Exception:  # noqa: BLE001 - the courier outlives every trouble
                failures += 1
                log.exception("the line to %s met trouble and goes on", self.peer.node)
                pause = LONGEST_PAUSE / 3
            wake = node_news.get(self.peer.node)
            if wake:
                self._wait_out(pause, stop) if failures else wake.wait(pause)
                wake.clear()
        connection.close()

    def _tell_new_epoch(self) -> None:
        """We were put back, rebuilt or moved: the centre lists us anew, or nobody believes us."""
        try:
            enrol.tell_new_epoch(send=self.send)
        except enrol.EnrolRefused as trouble:
            log.warning("the centre has not heard of our new epoch: %s", trouble)

    def _wait_out(self, pause: float, stop: threading.Event) -> None:
        """Wait until trouble may be over, until told to stop, or until somebody asks to try now."""
        ends = clock.ticks() + pause
        while (left := ends - clock.ticks()) > 0 and not stop.wait(min(LOOKS_EVERY, left)):
            if links.is_asked_to_call(self.peer.node):
                return


node_news: dict[str, threading.Event] = {}


def tell_couriers() -> None:
    """Something was sealed or queued: whoever waits calls now."""
    for event in node_news.values():
        event.set()


def start_couriers(stop: threading.Event) -> None:
    """Start a courier for each peer that has an address and that we call, unless it runs already."""
    for name, peer in links.make_links().items():
        if peer.url and _we_call(peer) and name not in node_news:
            node_news[name] = threading.Event()
            threading.Thread(
                target=Courier(peer).work, args=(stop,), name=f"openpaspor-courier-{name}", daemon=True
            ).start()


def _we_call(peer: NodeRecord) -> bool:
    """An office calls portal and centre; the portal calls the centre. So no office needs an open door."""
    return (node.here().role, peer.role) in links.LINES
