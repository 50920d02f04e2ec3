"""Messages between nodes are read whole and by the right key, or not at all; what may be said is a table."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openpaspor import facts
from openpaspor.journey import MOVES
from openpaspor.ledger import authority
from openpaspor.ledger.messages import NotAMessage, pack, unpack
from openpaspor.ledger.models import NodeRecord
from openpaspor.ledger.node import Node


@pytest.fixture(scope="module")
def us(tmp_path_factory: pytest.TempPathFactory) -> Node:
    return Node(name="denpasar", role="office", home=tmp_path_factory.mktemp("wire"), offices=("DENPASAR",))


def key_of(us: Node):
    return lambda name, epoch, says: us.keys.wire_public if (name, epoch) == ("denpasar", 1) else None


def test_a_message_is_read_as_it_was_sent(us):
    raw = pack(us, "pusat", "push", 7, {"mode": "dense"}, [b'{"a":1}', b'{"b":2}'], re="ab" * 32)

    message = unpack(raw, key_of(us))

    assert (message.sender, message.to, message.type, message.number) == ("denpasar", "pusat", "push", 7)
    assert (message.says, message.lines, message.re) == (
        {"mode": "dense"},
        (b'{"a":1}', b'{"b":2}'),
        "ab" * 32,
    )


@pytest.mark.parametrize(
    "came",
    [b"", b"<html><body>Masuk ke Wi-Fi</body></html>", b"OPW1\n\n\n", b"OPW1\n{}\nAA==\nx", b"OPW1\n[]\n!\n"],
)
def test_a_captive_portal_is_no_node(us, came):
    with pytest.raises(NotAMessage):
        unpack(came, key_of(us))


@example(place=1425, bit=1)
@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_changed_bit_passes(us, place, bit):
    raw = bytearray(pack(us, "pusat", "pull", 1, {"count": 3}))
    raw[place % len(raw)] ^= 1 << bit

    with pytest.raises(NotAMessage):
        unpack(bytes(raw), key_of(us))


def test_a_stranger_is_not_read(us, tmp_path):
    stranger = Node(name="denpasar", role="office", home=tmp_path)

    with pytest.raises(NotAMessage):
        unpack(pack(stranger, "pusat", "pull", 1), key_of(us))


def speaker(role: str) -> NodeRecord:
    return NodeRecord(node="x", epoch=1, role=role, offices=["DENPASAR"] if role == "office" else [])


@pytest.mark.parametrize("kind", facts.names())
def test_every_fact_has_somebody_who_may_say_it(kind):
    fact = {"move": "arrive", "office": "DENPASAR"}

    assert any(not authority.forbids(speaker(role), kind, fact) for role in ("portal", "office", "centre"))


@pytest.mark.parametrize(
    ("role", "kind", "fact"),
    [
        ("office", "adjudication.decided", {}),
        ("office", "payments.settled", {}),
        ("office", "offices.knob_set", {}),
        ("office", "accounts.posting_granted", {}),
        ("office", "hall.ticket_issued", {"office": "AMBON"}),
        ("office", "applications.moved", {"move": "approve"}),
        ("portal", "applications.moved", {"move": "collect"}),
        ("centre", "applications.moved", {"move": "print"}),
        ("portal", "ledger.node_listed", {}),
    ],
)
def test_nobody_says_what_is_not_theirs(role, kind, fact):
    assert authority.forbids(speaker(role), kind, fact)


def test_moves_are_said_where_the_map_has_them():
    for arrow in MOVES.values():
        for role in ("portal", "office", "centre"):
            said = authority.forbids(speaker(role), "applications.moved", {"move": arrow.name})
            assert said is (role not in arrow.sites)
