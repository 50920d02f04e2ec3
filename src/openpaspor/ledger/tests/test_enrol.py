"""A node is let in by a code that a person carries, and sent away by the centre."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction

from openpaspor.facts.accounts import Looked
from openpaspor.facts.ledger import NodeListed, NodeRevoked
from openpaspor.kit import clock
from openpaspor.ledger import enrol, exchange, follow, links, node
from openpaspor.ledger.messages import pack
from openpaspor.ledger.models import Conflict, Entry, NodeRecord
from openpaspor.ledger.record import record
from openpaspor.ledger.seal import introduce_ourselves, seal_pending
from openpaspor.ledger.transport import LineDown

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def centre(tmp_path):
    call_command("createcachetable", verbosity=0)
    cache.clear()
    here = node.Node(name="pusat", role="centre", home=tmp_path / "centre", url="http://pusat")
    with node.standing_at(here):
        introduce_ourselves()
        enrol.introduce_centre(here)
        yield here


def fresh(tmp_path, name: str) -> node.Node:
    """A box out of its carton: no name, no keys."""
    return node.Node(name="satu", role="everything", home=tmp_path / name)


def invited(name: str = "denpasar", role: str = "office", offices=("DENPASAR",), **more) -> str:
    more = {"url": "", "actor": "operator", "now": clock.real_now()} | more
    return enrol.invite(name, role, offices, **more)


def enrolled(box: node.Node, code: str, centre: node.Node, *, address: str = "10.0.0.7", spoil=None, name=""):
    """The box gives its code to the centre; `spoil(bytes)` is somebody on the way."""

    def send(_url: str, raw: bytes) -> bytes:
        with node.standing_at(centre):
            answer = enrol.hear(spoil(raw) if spoil else raw, address)
        assert answer is not None
        return answer

    with node.standing_at(box):
        return enrol.ask(code, "http://relay", name=name, send=send)


def test_a_code_makes_a_node_of_a_box(centre, tmp_path):
    box = fresh(tmp_path, "box")

    answer = enrolled(box, invited(), centre)

    us = answer.identity
    assert (us.name, us.role, us.offices, us.epoch) == ("denpasar", "office", ("DENPASAR",), 1)
    assert us.address_of("pusat") == "http://relay"
    assert us.centre["wire_public"] == centre.keys.wire_public.hex()
    row = NodeRecord.objects.get(node="denpasar")
    assert (row.box_public, row.wire_public) == (box.keys.box_public.hex(), box.keys.wire_public.hex())
    listed = Entry.objects.filter(kind=NodeListed.name).latest("pk").read()
    assert listed == NodeListed(**{"node": "denpasar", "epoch": 1, "role": "office", "offices": ("DENPASAR",),
                                   "issuer": us.issuer, **enrol.public_keys(box)})  # fmt: skip


def test_the_search_key_comes_with_it_and_tokens_agree(centre, tmp_path):
    box = fresh(tmp_path, "box")

    box.keys.take_search_key(enrolled(box, invited(), centre).search_key)

    assert box.keys.token("nik", "5171010101900001") == centre.keys.token("nik", "5171010101900001")


def test_no_private_key_leaves_the_box(centre, tmp_path):
    box, sent = fresh(tmp_path, "box"), []

    enrolled(box, invited(), centre, spoil=lambda raw: sent.append(raw) or raw)

    for file in (box.home / "keys").glob("*.key"):
        assert file.read_bytes() not in sent[0] and file.read_bytes().hex().encode() not in sent[0], file


def test_a_code_works_once(centre, tmp_path):
    code = invited()
    enrolled(fresh(tmp_path, "one"), code, centre)

    with pytest.raises(enrol.CodeWrong):
        enrolled(fresh(tmp_path, "two"), code, centre)

    assert NodeRecord.objects.filter(node="denpasar").count() == 1


def test_a_code_lives_for_a_day(centre, tmp_path):
    code = invited(now=clock.real_now() - enrol.CODE_LIFE - timedelta(seconds=1))

    with pytest.raises(enrol.CodeWrong):
        enrolled(fresh(tmp_path, "box"), code, centre)


def test_only_the_newest_code_of_a_node_counts(centre, tmp_path):
    old, new = invited(), invited()

    with pytest.raises(enrol.CodeWrong):
        enrolled(fresh(tmp_path, "box"), old, centre)
    assert enrolled(fresh(tmp_path, "box"), new, centre).identity.name == "denpasar"


def test_wrong_codes_are_counted_by_where_they_come_from(centre, tmp_path):
    code, box = invited(), fresh(tmp_path, "box")
    wrong = "2222-2222-2222" + code[14:]

    for _try in range(enrol.WRONG_TRIES):
        with pytest.raises(enrol.CodeWrong):
            enrolled(box, wrong, centre)

    with pytest.raises(enrol.TooManyTries):
        enrolled(box, code, centre)
    assert enrolled(box, code, centre, address="10.0.0.8").identity.name == "denpasar"


def test_nobody_on_the_way_can_put_their_own_keys_in_place(centre, tmp_path):
    thief = fresh(tmp_path, "thief")

    def swap(raw: bytes) -> bytes:
        message = enrol.unpack(raw, enrol._own_word)
        says = message.says | {"keys": enrol.public_keys(thief)}
        return pack(dataclasses.replace(thief, name=enrol.STRANGER), "", "enrol", 1, says)

    with pytest.raises(enrol.CentreUnproven):  # what comes back answers another message
        enrolled(fresh(tmp_path, "box"), invited(), centre, spoil=swap)
    assert not NodeRecord.objects.filter(node="denpasar").exists()


def test_whoever_answers_must_be_the_centre_of_the_code(centre, tmp_path):
    code = invited()
    false = node.Node(name="pusat", role="centre", home=tmp_path / "false")
    box = fresh(tmp_path, "box")

    with pytest.raises(enrol.CentreUnproven):
        enrolled(box, code, false)
    with node.standing_at(box), pytest.raises(enrol.CentreUnproven):
        enrol.ask(code, "http://cafe", send=lambda _url, _raw: b"<html>Please accept our terms</html>")


def test_an_installation_that_has_a_name_takes_no_code_of_another(centre, tmp_path):
    code = invited()

    with pytest.raises(enrol.ForAnother):
        enrolled(fresh(tmp_path, "box"), code, centre, name="jayapura")

    assert enrolled(fresh(tmp_path, "box"), code, centre, name="denpasar").identity.name == "denpasar"


def test_the_same_name_again_is_the_next_epoch_with_another_issuer(centre, tmp_path):
    first = enrolled(fresh(tmp_path, "one"), invited(), centre).identity
    again = enrolled(fresh(tmp_path, "two"), invited(), centre).identity

    assert (first.epoch, again.epoch) == (1, 2)
    assert first.issuer != again.issuer


def test_an_office_is_served_by_one_node(centre, tmp_path):
    enrolled(fresh(tmp_path, "box"), invited(), centre)

    with pytest.raises(enrol.OfficeServed):
        invited("denpasar-dua")
    enrol.revoke("denpasar", "stolen", actor="operator", now=MONDAY)
    assert invited("denpasar-dua")


def test_only_the_centre_invites(tmp_path):
    office = node.Node(name="denpasar", role="office", home=tmp_path, offices=("DENPASAR",))

    with node.standing_at(office), pytest.raises(enrol.NotTheCentre):
        invited("jayapura", offices=("JAYAPURA",))


def test_issuers_are_never_given_twice(centre):
    given = []
    for number in range(40):
        keys = dict.fromkeys(enrol.KEYS, f"{number:064x}")
        given.append(enrol.list_node(f"n{number:02}", "office", (), url="", keys=keys).issuer)

    assert len(set(given)) == 40
    assert not set(given) & enrol.RESERVED
    assert given == sorted(given, key=enrol.number_of)


def test_a_node_that_was_sent_away_is_heard_no_more(centre, tmp_path):
    box = fresh(tmp_path, "box")
    enrolled(box, invited(), centre)
    office = dataclasses.replace(box, name="denpasar", role="office", offices=("DENPASAR",))
    message = pack(office, "pusat", "pull", 1, {"epoch": 0, "count": 0, "chain": "0" * 64})
    assert exchange.answer(message) is not None

    enrol.revoke("denpasar", "stolen", actor="operator", now=MONDAY)

    assert exchange.answer(message) is None
    assert enrol.hear(pack(office, "", "renew", 1, {}), "10.0.0.7") is None
    with pytest.raises(enrol.NodeUnknown):
        enrol.revoke("nobody", "stolen", actor="operator", now=MONDAY)


def test_a_known_node_whose_epoch_rose_is_listed_anew_by_its_own_key(centre, tmp_path):
    box = fresh(tmp_path, "box")
    enrolled(box, invited(), centre)
    office = dataclasses.replace(box, name="denpasar", role="office", offices=("DENPASAR",))
    office.begin_epoch(4)

    def send(_url: str, raw: bytes) -> bytes:
        with node.standing_at(centre):
            answer = enrol.hear(raw, "10.0.0.7")
        assert answer is not None
        return answer

    with node.standing_at(office):
        assert enrol.ask_again("http://pusat", send=send).identity.epoch == 4

    newest = links.newest_records()["denpasar"]
    assert (newest.epoch, newest.wire_public) == (4, box.keys.wire_public.hex())
    stranger = dataclasses.replace(fresh(tmp_path, "thief"), name="denpasar")
    stranger.begin_epoch(9)
    assert enrol.hear(pack(stranger, "", "renew", 1, {}), "10.0.0.7") is None


@pytest.fixture
def renewing(centre, tmp_path):
    """An enrolled office, and how its renewals go: `answers` are what the centre said, also when nobody heard it."""
    box = fresh(tmp_path, "box")
    enrolled(box, invited(), centre)
    office = dataclasses.replace(box, name="denpasar", role="office", offices=("DENPASAR",))
    answers: list[bytes | None] = []

    def send(_url: str, raw: bytes) -> bytes:
        with node.standing_at(centre):
            answers.append(enrol.hear(raw, "10.0.0.7"))
        if answers[-1] is None or len(answers) == 1 and office.epoch == 2:
            raise LineDown("no answer")
        return answers[-1]

    with node.standing_at(office):
        yield lambda: enrol.ask_again("http://pusat", send=send).identity


def test_a_renewal_whose_answer_was_lost_is_answered_again_and_lists_nothing_twice(renewing):
    node.here().begin_epoch(2)
    with pytest.raises(enrol.CentreSilent):
        renewing()

    us = renewing()

    rows = Entry.objects.filter(kind=NodeListed.name, fact__contains='"node":"denpasar"').order_by("-pk")
    assert [entry.values["epoch"] for entry in rows] == [2, 1]
    assert (us.epoch, us.issuer) == (2, rows[0].values["issuer"])


def test_an_epoch_that_the_centre_never_heard_of_is_listed_with_the_next(renewing):
    """The box was restored while the line was cut, worked on, and burned before the line came back."""
    office = node.here()
    office.begin_epoch(3)
    with transaction.atomic():
        record(
            Looked(application="OP-1", why="counter", what="file", office="DENPASAR"), actor="U-1", now=MONDAY
        )
    seal_pending()
    office.begin_epoch(5)

    us = renewing()

    listed = {row.epoch: row.sign_public for row in NodeRecord.objects.filter(node="denpasar")}
    assert us.epoch == 5
    assert listed == dict.fromkeys((1, 3, 5), office.keys.sign_public.hex())


# The list, as every node keeps it


def hear_of(speaker: node.Node, *facts) -> None:
    """The speaker says facts; we (who stand here) follow them."""
    with node.standing_at(speaker):
        with transaction.atomic():
            for fact in facts:
                record(fact, actor="centre", now=MONDAY)
        seal_pending()
    follow.follow_all()


def listing(**more) -> NodeListed:
    keys = dict.fromkeys(enrol.KEYS, "ab" * 32)
    values = {
        "node": "jayapura",
        "epoch": 1,
        "role": "office",
        "offices": ("JAYAPURA",),
        "issuer": "7K",
        **keys,
    }
    return NodeListed(**values | more)


@pytest.fixture
def office(centre, tmp_path):
    """We are an office that knows the centre."""
    with node.standing_at(node.Node(name="denpasar", role="office", home=tmp_path / "office", offices=("DENPASAR",))) as us:  # fmt: skip
        yield us


def test_the_list_travels_as_entries_of_the_centre(office, centre):
    hear_of(centre, listing(url="http://a"), listing(url="http://b"))

    row = NodeRecord.objects.get(node="jayapura")
    assert (row.role, row.offices, row.url, row.revoked_at) == ("office", ["JAYAPURA"], "http://b", None)

    hear_of(centre, NodeRevoked(node="jayapura", epoch=1, reason="stolen"))

    row.refresh_from_db()
    assert row.revoked_at == MONDAY


def test_pinned_keys_are_never_overwritten(office, centre):
    hear_of(centre, listing())

    hear_of(centre, listing(sign_public="cd" * 32))

    assert NodeRecord.objects.get(node="jayapura").sign_public == "ab" * 32
    assert Conflict.objects.get().code == "other-keys"


def test_a_list_by_another_than_the_centre_counts_for_nothing(office, centre, tmp_path):
    other = node.Node(name="ambon", role="office", home=tmp_path / "ambon", offices=("AMBON",))
    with node.standing_at(other):
        introduce_ourselves()

    hear_of(other, listing(), NodeRevoked(node="pusat", epoch=1, reason="stolen"))

    assert not NodeRecord.objects.filter(node="jayapura").exists()
    assert NodeRecord.objects.get(node="pusat").revoked_at is None


def test_an_address_set_on_this_box_stands_over_the_listed_one(centre, tmp_path):
    here = node.Node(name="denpasar", role="office", home=tmp_path / "o", links=(enrol.Peer("jayapura", "http://relay"),))  # fmt: skip
    with node.standing_at(here):
        hear_of(centre, listing(url="http://a"))

    assert NodeRecord.objects.get(node="jayapura").url == "http://relay"
