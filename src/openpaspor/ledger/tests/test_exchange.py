"""What one node takes from another, and what it refuses."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from openpaspor.facts import Fact
from openpaspor.facts.accounts import Looked
from openpaspor.facts.adjudication import Decided
from openpaspor.facts.applications import DossierSealed
from openpaspor.facts.appointments import PlaceHeld
from openpaspor.facts.ledger import NodeListed
from openpaspor.facts.offices import KnobSet
from openpaspor.kit import clock
from openpaspor.ledger import exchange, links, node, pieces, receive
from openpaspor.ledger.courier import Courier
from openpaspor.ledger.messages import Message, pack, unpack
from openpaspor.ledger.models import Conflict, Entry, Link, NodeRecord, Subscription, Wanted
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending, sealing_lock
from openpaspor.ledger.transport import LineDown

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def office(tmp_path):
    return node.Node(name="denpasar", role="office", home=tmp_path / "office", offices=("DENPASAR",))


@pytest.fixture
def centre(tmp_path, office):
    """We are the centre, and know the office."""
    here = node.Node(name="pusat", role="centre", home=tmp_path / "centre")
    with node.standing_at(office):
        introduce_ourselves()
    with node.standing_at(here):
        introduce_ourselves()
        yield here


def said_by(office: node.Node, *facts: Fact) -> list[bytes]:
    """Lines that the office sealed; nothing of them is left in this database."""
    with node.standing_at(office):
        with transaction.atomic():
            for fact in facts:
                record(fact, actor="S-1", now=MONDAY)
        seal_pending()
        entries = Entry.objects.filter(node=office.name)
        lines = [receive.write_line(entry) for entry in entries.order_by("seq")]
        entries.delete()
    return lines


def looks(*applications: str) -> list[Looked]:
    return [Looked(application=ref, why="counter", what="test") for ref in applications]


def ask(office: node.Node, centre: node.Node, number: int, type: str, says=None, lines=()):
    raw = exchange.answer(pack(office, "pusat", type, number, says or {}, lines))
    assert raw is not None
    return unpack(raw, lambda name, epoch, says: centre.keys.wire_public)


def test_files_that_one_office_owes_hide_none_of_another(centre):
    """More files than one answer names, of an office whose line is cut, all older."""
    office, other = NodeRecord.objects.get(node="denpasar"), Link.objects.get_or_create(peer="denpasar")[0]
    for number in range(30):
        Wanted.objects.create(digest=f"{number:064d}", application="OP-FAR", wanted_at=MONDAY)
    Wanted.objects.create(digest="f" * 64, application="OP-NEAR", wanted_at=MONDAY + timedelta(hours=1))
    Subscription.objects.create(link=other, application="OP-NEAR")

    said = exchange._wants(office, other)

    assert [row[1] for row in said["wants"]] == ["OP-NEAR"]
    assert said["missing"] == ["OP-NEAR"]


def test_entries_are_taken_once_whatever_is_repeated(office, centre):
    lines = said_by(office, *looks("OP-1", "OP-2", "OP-3"))

    first = ask(office, centre, 1, "push", {"mode": "dense"}, lines[:2])
    again = ask(office, centre, 2, "push", {"mode": "dense"}, lines)

    assert (first.says["confirmed"]["seq"], again.says["confirmed"]["seq"]) == (2, 3)
    assert Entry.objects.filter(node="denpasar").count() == 3


def test_an_old_message_is_not_played_again(office, centre):
    ask(office, centre, 5, "pull", {"epoch": 0, "count": 0, "chain": "0" * 64})

    replayed = ask(office, centre, 5, "pull", {"epoch": 0, "count": 0, "chain": "0" * 64})

    assert (replayed.type, replayed.says) == ("refused", {"code": "stale", "number": 5})


def test_a_gap_is_refused_with_the_last_head(office, centre):
    lines = said_by(office, *looks("OP-1", "OP-2", "OP-3"))
    ask(office, centre, 1, "push", {"mode": "dense"}, lines[:1])

    refused = ask(office, centre, 2, "push", {"mode": "dense"}, lines[2:])

    assert refused.says["code"] == "gap"
    assert refused.says["confirmed"]["seq"] == 1
    assert Entry.objects.filter(node="denpasar").count() == 1


def test_two_pasts_stop_the_line_until_a_person_looked(office, centre):
    one_past, other_past = (said_by(office, *looks(*refs)) for refs in (("OP-1", "OP-2"), ("OP-8", "OP-9")))
    ask(office, centre, 1, "push", {"mode": "dense"}, one_past)

    refused = ask(office, centre, 2, "push", {"mode": "dense"}, other_past)
    afterwards = ask(office, centre, 3, "pull", {"epoch": 0, "count": 0, "chain": "0" * 64})

    assert (refused.says["code"], afterwards.says["code"]) == ("quarantined", "quarantined")
    assert Conflict.objects.get().code == "fork"
    assert set(Entry.objects.filter(node="denpasar").values_list("application", flat=True)) == {
        "OP-1",
        "OP-2",
    }
    assert links.lift_quarantine("denpasar")
    assert ask(office, centre, 4, "pull", {"epoch": 0, "count": 0, "chain": "0" * 64}).type == "answer"


def test_what_an_office_may_not_say_is_kept_and_nobody_acts_on_it(office, centre):
    decided = Decided(application="OP-1", verdict="approve")

    ask(office, centre, 1, "push", {"mode": "dense"}, said_by(office, decided))

    entry = Entry.objects.get(node="denpasar")
    assert entry.void and not Entry.objects.standing().filter(pk=entry.pk).exists()
    assert Conflict.objects.get(entry=entry).code == "no-authority"


def test_a_node_that_was_sent_away_gets_no_answer(office, centre):
    NodeRecord.objects.filter(node="denpasar").update(revoked_at=MONDAY)

    assert exchange.answer(pack(office, "pusat", "pull", 1, {"epoch": 0})) is None


def test_nothing_is_sent_into_a_captive_portal(office, centre):
    sent: list[bytes] = []

    def wifi(url: str, message: bytes) -> bytes:
        sent.append(message)
        return b"<html>Setuju dan masuk</html>"

    with node.standing_at(office):
        with transaction.atomic():
            record(looks("OP-1")[0], actor="S-1", now=MONDAY)
        seal_pending()
        links.make_links()
        with pytest.raises(LineDown):
            Courier(NodeRecord.objects.get(node="pusat"), wifi).round()

    messages = [unpack(raw, lambda name, epoch, says: office.keys.wire_public) for raw in sent]
    assert [(message.type, message.lines) for message in messages] == [("pull", ())]
    assert Link.objects.get(pk="pusat").confirmed == 0


def test_an_answer_to_another_question_is_no_answer(office, centre):
    with node.standing_at(office):
        links.make_links()
        old = pack(centre, "denpasar", "answer", 1, {"wants": [], "known": None}, re="ab" * 32)
        with pytest.raises(LineDown):
            Courier(NodeRecord.objects.get(node="pusat"), lambda url, message: old).round()


def test_a_line_that_is_back_catches_up_until_nothing_more_comes(office, centre):
    def to_the_centre(_url: str, raw: bytes) -> bytes:
        with node.standing_at(centre):
            return exchange.answer(raw) or b""

    with transaction.atomic():
        record(KnobSet(name_of_knob="undo_seconds", value=60), actor="C-1", now=MONDAY)
    seal_pending()
    links.queue_news()
    with node.standing_at(office):
        links.make_links()
        courier = Courier(NodeRecord.objects.get(node="pusat"), to_the_centre)
        assert not links.is_catching_up("centre")  # cut: nobody waits for what cannot come

        courier._pull()
        assert links.is_catching_up("centre")
        courier._pull()
        assert not links.is_catching_up("centre")
        Link.objects.update(answered_at=clock.real_now(), fetched_at=clock.real_now() - timedelta(hours=1))
        assert links.is_catching_up("centre")
        Link.objects.update(trouble="node-unknown")  # a person must look; nothing comes in a moment
        assert not links.is_catching_up("centre")
        Link.objects.update(answered_at=clock.real_now() - timedelta(hours=1), trouble="")
        assert not links.is_catching_up("centre")


def test_a_file_goes_on_where_the_line_was_cut(office, centre):
    whole = os.urandom(150_000)
    digest = hashlib.sha256(whole).hexdigest()
    Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY)
    links.make_links()
    said = {"digest": digest, "total": len(whole)}

    def send(number: int, at: int):
        piece = base64.b64encode(whole[at : at + pieces.PIECE]).decode()
        return ask(office, centre, number, "pieces", {"pieces": [said | {"at": at, "bytes": piece}]})

    assert send(1, 0).says["have"] == [pieces.PIECE]
    assert send(2, 0).says["have"] == [pieces.PIECE]  # it is not the one that comes next
    assert send(3, pieces.PIECE).says["have"] == [2 * pieces.PIECE]
    assert send(4, 2 * pieces.PIECE).says["have"] == [len(whole)]
    assert centre.store.get(digest) == whole
    assert not Wanted.objects.exists()


def test_a_file_that_is_not_what_it_was_named_is_thrown_away(office, centre):
    digest = hashlib.sha256(b"asli").hexdigest()
    Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY)

    said = {"digest": digest, "at": 0, "total": 5, "bytes": base64.b64encode(b"palsu").decode()}
    ask(office, centre, 1, "pieces", {"pieces": [said]})

    assert not centre.store.has(digest)
    assert pieces.have(digest) == 0
    assert Wanted.objects.exists()


def test_who_sends_wrong_bytes_is_asked_again_later_each_time_and_meanwhile_in_vain(
    office, centre, monkeypatch
):
    digest, at = hashlib.sha256(b"asli!").hexdigest(), clock.real_now()
    Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY)
    Subscription.objects.create(link=Link.objects.get_or_create(peer="denpasar")[0], application="OP-1")
    monkeypatch.setattr(clock, "real_now", lambda: at)
    numbers = iter(range(1, 100_000))

    def is_wanted() -> bool:
        says = ask(office, centre, next(numbers), "pull", {"epoch": 0, "count": 0, "chain": "0" * 64}).says
        assert says["missing"] == ["OP-1"]
        return bool(says["wants"])

    def sends(whole: bytes) -> list[int]:
        said = {"digest": digest, "at": 0, "total": 5, "bytes": base64.b64encode(whole).decode()}
        return ask(office, centre, next(numbers), "pieces", {"pieces": [said]}).says["have"]

    pauses = []
    for _time in range(12):
        assert sends(b"palsu") == [0]
        began = at
        while not is_wanted():
            assert sends(b"asli!") == [0]  # not taken before its time
            at += timedelta(seconds=2) if len(pauses) < 4 else timedelta(minutes=5)
        pauses.append(at - began)

    assert pauses == sorted(pauses) and pauses[0] < timedelta(seconds=10)
    assert timedelta(minutes=30) < pauses[-1] < timedelta(hours=2)
    assert sends(b"asli!") == [5]
    assert centre.store.get(digest) == b"asli!"


def test_a_peer_that_answers_with_wrong_bytes_does_not_keep_its_caller_busy(office, centre, monkeypatch):
    digest = hashlib.sha256(b"asli!").hexdigest()
    Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY)
    with transaction.atomic():
        sealed = DossierSealed(
            application="OP-1", document="ab" * 32, attachments=(f"photo:{digest}:image/jpeg:9",), keys=()
        )
        record(sealed, actor="S-1", now=MONDAY)
    Subscription.objects.create(link=Link.objects.get_or_create(peer="denpasar")[0], application="OP-1")
    monkeypatch.setattr(pieces, "cut", lambda _digest, _at, _room: [pieces.Piece(0, 5, b"palsu")])
    line = ThinLine(centre, office, 10_000)

    with node.standing_at(office):
        links.make_links()
        courier = Courier(NodeRecord.objects.get(node="pusat"), line)
        rounds = [courier._pieces_in() for _round in range(10)]

    assert not any(rounds)
    assert line.said == 1


def test_a_file_that_came_whole_before_the_power_went_is_ended_by_the_next_call(office, centre):
    whole = b"seluruhnya"
    digest = hashlib.sha256(whole).hexdigest()
    Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY)
    partial = pieces._partial(digest)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(whole)  # written, and not yet put in its place
    links.make_links()

    def from_office(url, message):
        with node.standing_at(centre):
            return exchange.answer(message)

    courier = Courier(NodeRecord.objects.get(node="pusat"), from_office)
    courier.theirs = [[digest, "OP-1", len(whole)]]
    office.store.put(whole)

    with node.standing_at(office):
        courier._pieces_out()

    assert centre.store.get(digest) == whole
    assert courier.theirs == []


class ThinLine:
    """A centre behind a line that carries at most `most` bytes at once; what is longer is not answered in time."""

    def __init__(self, centre: node.Node, office: node.Node, most: int) -> None:
        self.centre, self.office, self.most = centre, office, most
        self.lost = self.said = 0
        self.confirmed = {"epoch": 1, "seq": 0, "hash": ""}

    def __call__(self, _url: str, raw: bytes) -> bytes:
        self.said += 1
        if len(raw) > self.most:
            self.lost += 1
            raise LineDown("TimeoutError")
        came = unpack(raw, lambda name, epoch, says: self.office.keys.wire_public)
        if came.type in ("pieces", "fetch"):
            with node.standing_at(self.centre):
                return exchange.answer(raw) or b""
        if came.lines:
            last = receive.read_line(came.lines[-1])
            self.confirmed = {"epoch": 1, "seq": last.place[2], "hash": last.hash}
        says = {"wants": [], "known": self.confirmed, "confirmed": self.confirmed}
        return pack(self.centre, came.sender, "answer", came.number, says, re=came.digest)


def call_until_quiet(courier: Courier) -> None:
    """As `work` does, without the pauses."""
    for _call in range(200):
        try:
            if not courier.round():
                return
        except LineDown:
            continue
    raise AssertionError("it never came through")


def test_a_long_log_gets_through_a_line_that_became_thin(office, centre):
    with node.standing_at(office):
        with transaction.atomic():
            for fact in looks(*(f"OP-{number}" for number in range(400))):
                record(fact, actor="S-1", now=MONDAY)
        seal_pending()
        links.make_links()
        line = ThinLine(centre, office, 10_000)
        courier = Courier(NodeRecord.objects.get(node="pusat"), line)
        courier.batch = 1000  # it was a good line until now

        call_until_quiet(courier)

    assert line.confirmed["seq"] == 400
    assert 0 < line.lost < 10


def test_a_picture_gets_through_a_line_that_became_thin(office, centre):
    whole = os.urandom(2 * pieces.PIECE)
    digest = office.store.put(whole)
    Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY)
    links.make_links()
    line = ThinLine(centre, office, pieces.PIECE // 2)
    courier = Courier(NodeRecord.objects.get(node="pusat"), line)
    courier.theirs = [[digest, "OP-1", 0]]

    with node.standing_at(office):
        with pytest.raises(LineDown):
            courier._pieces_out()
        while courier.theirs:
            with contextlib.suppress(LineDown):
                courier._pieces_out()

    assert centre.store.get(digest) == whole
    assert line.lost < 10


def test_files_go_together_in_messages_that_a_line_carries_in_a_second(office, centre):
    files = [os.urandom(20_000) for _file in range(4)] + [os.urandom(9 * pieces.PIECE)]
    digests = [office.store.put(whole) for whole in files]
    for digest in digests:
        Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY)
    links.make_links()
    line = ThinLine(centre, office, 200_000)
    courier = Courier(NodeRecord.objects.get(node="pusat"), line)
    courier.theirs = [[digest, "OP-1", 0] for digest in digests]

    with node.standing_at(office):
        while courier.theirs:
            with contextlib.suppress(LineDown):
                courier._pieces_out()

    assert [centre.store.get(digest) for digest in digests] == files
    assert 0 < line.lost < 6  # longer each time, until they were too long
    assert line.said < 20


def test_of_files_that_came_together_only_the_wrong_one_is_thrown_away(office, centre):
    files = [b"satu", b"dua", os.urandom(pieces.PIECE)]
    digests = [hashlib.sha256(whole).hexdigest() for whole in files]
    for digest in digests:
        Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY)
    longer = pieces.PIECE + 9
    came = [(digests[0], 4, files[0]), (digests[1], 3, b"DUA"), (digests[2], longer, files[2])]
    said = [
        {"digest": digest, "at": 0, "total": total, "bytes": base64.b64encode(some).decode()}
        for digest, total, some in came
    ]

    answer = ask(office, centre, 1, "pieces", {"pieces": said})

    assert answer.says["have"] == [4, 0, pieces.PIECE]
    assert centre.store.get(digests[0]) == b"satu"
    assert not centre.store.has(digests[1]) and pieces.have(digests[1]) == 0
    assert pieces.have(digests[2]) == pieces.PIECE


def test_one_file_after_another_goes_out_without_asking_for_news_in_between(office, centre):
    digests = [office.store.put(os.urandom(2000)) for _file in range(50)]
    for hours, digest in enumerate(digests):
        Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY + timedelta(hours=hours))
    Subscription.objects.create(link=Link.objects.get_or_create(peer="denpasar")[0], application="OP-1")
    links.make_links()
    line = ThinLine(centre, office, 2**20)
    courier = Courier(NodeRecord.objects.get(node="pusat"), line)
    courier.theirs = [[digests[0], "OP-1", 0]]

    with node.standing_at(office):
        while courier.theirs:
            courier._pieces_out()

    assert all(centre.store.has(digest) for digest in digests)
    assert line.said < 8


def test_files_are_fetched_past_those_that_somebody_else_owes(office, centre):
    files = [os.urandom(20_000), os.urandom(5 * pieces.PIECE)]
    digests = [centre.store.put(whole) for whole in files]
    owed = [hashlib.sha256(bytes([number])).hexdigest() for number in range(30)]
    for hours, digest in enumerate((*owed, *digests)):
        Wanted.objects.create(digest=digest, application="OP-1", wanted_at=MONDAY + timedelta(hours=hours))
    papers = tuple(f"photo:{digest}:image/jpeg:9" for digest in digests)
    with transaction.atomic():
        sealed = DossierSealed(application="OP-1", document="ab" * 32, attachments=papers, keys=())
        record(sealed, actor="S-1", now=MONDAY)
    Subscription.objects.create(link=Link.objects.get_or_create(peer="denpasar")[0], application="OP-1")
    line = ThinLine(centre, office, 10_000)
    with node.standing_at(office):
        links.make_links()
        courier = Courier(NodeRecord.objects.get(node="pusat"), line)
        came = [courier._pieces_in() for _round in range(8)]

    assert [office.store.get(digest) for digest in digests] == files
    assert came[0] is False and True in came
    assert Wanted.objects.count() == len(owed)


def test_one_quick_entry_does_not_make_the_next_message_longer(office, centre):
    with node.standing_at(office):
        with transaction.atomic():
            record(looks("OP-1")[0], actor="S-1", now=MONDAY)
        seal_pending()
        links.make_links()
        courier = Courier(NodeRecord.objects.get(node="pusat"), ThinLine(centre, office, 10_000))
        before = courier.batch

        courier._push()

    assert courier.batch == before


def test_a_node_is_heard_only_after_its_listing_has_its_place_in_our_log(office, centre):
    lines = said_by(office, *looks("OP-1"))
    with transaction.atomic():
        listed = {"epoch": 1, "role": "office", "offices": ("DENPASAR",), "url": "", "issuer": "25"}
        keys = {"sign_public": "", "box_public": "", "wire_public": "", "seal_public": ""}
        record(NodeListed(node="denpasar", **listed, **keys), actor="centre", now=MONDAY)

    early = ask(office, centre, 1, "push", {"mode": "dense"}, lines)
    seal_pending()
    later = ask(office, centre, 2, "push", {"mode": "dense"}, lines)

    assert early.says["code"] == "not-listed-yet"
    assert later.says["confirmed"]["seq"] == 1
    kinds = list(Entry.objects.sealed().values_list("kind", flat=True))
    assert kinds == ["ledger.node_listed", "accounts.looked"]


def test_a_copy_of_a_box_that_says_less_than_the_box_stops_its_own_line(office, centre):
    said = said_by(office, *looks("OP-1", "OP-2", "OP-3"))
    ask(office, centre, 1, "push", {"mode": "dense"}, said)
    known = links.known_of("denpasar")

    with node.standing_at(office):
        links.make_links()
        assert not links.knows_another_past(known)
        assert links.knows_another_past(known | {"seq": 9, "hash": "ab" * 32})
        courier = Courier(NodeRecord.objects.get(node="pusat"))
        courier._confirm_dense(known | {"seq": 9, "hash": "ab" * 32}, Link.objects.get(pk="pusat"))

    assert Link.objects.get(pk="pusat").quarantined == "other-past denpasar/1/9"


def test_a_node_is_not_quiet_before_it_chose_what_of_its_log_goes_over_which_line(office, centre):
    """Once a centre was called quiet between sealing an entry and queueing it, and burnt with it."""
    links.make_links()
    for value in (60, 90):
        with transaction.atomic():
            record(KnobSet(name_of_knob="undo_seconds", value=value), actor="C-1", now=MONDAY)
        seal_pending()
        assert links.unchosen() == (0 if value == 60 else 1)  # of a line that is new nothing is known yet
        links.queue_news()
        assert links.unchosen() == 0


def test_an_office_is_told_only_of_its_own(office, centre):
    with transaction.atomic():
        for ref, place in (("OP-1", "DENPASAR"), ("OP-2", "AMBON")):
            record(Looked(application=ref, why="counter", what="before"), actor="S-9", now=MONDAY)
            record(
                PlaceHeld(application=ref, office=place, starts_at=MONDAY, held_until=MONDAY),
                actor="S-9",
                now=MONDAY,
            )
    seal_pending()
    links.queue_news()

    came = ask(office, centre, 1, "pull", {"epoch": 0, "count": 0, "chain": "0" * 64})

    named = {receive.read_line(line).content["fact"]["application"] for line in came.lines}
    assert (named, len(came.lines), came.says["left"]) == ({"OP-1"}, 2, 0)
    assert KnobSet.name.startswith(links.TO_ALL)


@pytest.mark.django_db(transaction=True)
def test_a_selection_that_comes_while_we_seal_stops_nobody(centre):
    """The sealer has its lock and wants to write, and a selection comes: once both waited for each other."""
    link = Link.objects.get_or_create(peer="denpasar")[0]
    says = {"mode": "selection", "epoch": 1, "first": 1, "chain": "0" * 64}
    heard: list[dict] = []

    def comes() -> None:
        message = Message(sender="denpasar", epoch=1, to="pusat", type="push", number=1, says=says)
        heard.append(exchange.take_selection(message, link))
        connection.close()

    taking = threading.Thread(target=comes)
    with sealing_lock():
        taking.start()
        time.sleep(0.5)
        began = time.monotonic()
        Link.objects.filter(pk=link.pk).update(trouble="")
        waited = time.monotonic() - began
    taking.join()

    assert waited < 5
    assert heard == [{"epoch": 1, "count": 0, "chain": "0" * 64}]
