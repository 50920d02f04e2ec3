"""An office holds nobody else's rows and no key it does not need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.apps import apps
from django.db import transaction

from openpaspor.applications import dossier
from openpaspor.applications.models import Application, Attachment, Dossier, DossierKey
from openpaspor.appointments.models import Booking, Slot
from openpaspor.appointments.tests import make
from openpaspor.journey import Site
from openpaspor.kit import clock
from openpaspor.ledger import follow, links, node, receive
from openpaspor.ledger.models import Entry, NodeRecord, Outgoing, Parked, Wanted
from openpaspor.ledger.node import Node, standing_at
from openpaspor.ledger.seal import introduce_ourselves
from openpaspor.nodes.roles import office as office_role
from openpaspor.offices.models import Office

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tuesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: make.NOW)


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[dict[str, Node]]:
    """Two offices and the centre, known to the portal that we are."""
    rooms = frozenset(office_role.FOLLOWS)
    nodes = {
        "denpasar": Node("denpasar", "office", tmp_path / "d", ("DENPASAR",), rooms=rooms),
        "medan": Node("medan", "office", tmp_path / "m", ("MEDAN",), rooms=rooms),
        "pusat": Node("pusat", "centre", tmp_path / "c"),
    }
    for one in nodes.values():
        with standing_at(one):
            introduce_ourselves()
    yield nodes


def book(code: str, timezone: str) -> Application:
    """Somebody with a photo among the papers has a confirmed visit at that office."""
    slot = make.make_slot(make.make_office(code, timezone))
    application = make.make_application()
    dossier.attach(application, "ktp", code.encode(), content_type="image/jpeg", now=make.NOW)
    make.hold(application, slot)
    make.pay(application)
    return application


def sent_by(role: str, to: str) -> list[tuple[bytes, set[str]]]:
    """The lines that this node would send over its link to the other, and the files each may ask for."""
    with standing_at(replace(node.here(), role=role)):
        links.queue_news()
        chosen = Outgoing.objects.filter(link=to).order_by("count").select_related("entry")
        return [receive.write_line(one.entry) for one in chosen]


@pytest.mark.parametrize("sender", ["portal", "centre"])
def test_an_office_gets_its_own_and_nothing_else(boxes: dict[str, Node], sender: str):
    us = node.here()
    with transaction.atomic():
        theirs, ours = book("DENPASAR", "Asia/Makassar"), book("MEDAN", "Asia/Jakarta")
        lines = sent_by(sender, "medan")
        refs = theirs.ref, ours.ref
        transaction.set_rollback(True)

    with standing_at(boxes["medan"]) as medan:
        introduce_ourselves()
        with standing_at(us):
            introduce_ourselves()
        receive.take(lines)
        follow.follow_all()
        for wanted in Wanted.objects.all():
            medan.store.put(us.store.get(wanted.digest))
        follow.retry_soon(refs[1])
        follow.follow_all()

        (one,) = Application.objects.all()
        assert one.ref == refs[1]
        assert dossier.is_complete(one)
        assert [paper.kind for paper in Attachment.objects.all()] == ["ktp"]
    assert list(DossierKey.objects.values_list("application__ref", "node")) == [(refs[1], "medan")]
    assert Dossier.objects.count() == 1
    assert not Entry.objects.filter(application=refs[0]).exists()
    assert not Entry.objects.filter(fact__contains=refs[0]).exists()
    assert not Parked.objects.exists()
    assert (Booking.objects.count(), Slot.objects.count()) == (0, 0)
    for model in apps.get_models():  # no column of any room names the other office
        for field in model._meta.concrete_fields:
            if field.related_model is Office and model.__module__.startswith("openpaspor"):
                assert not model._base_manager.filter(**{field.attname: "DENPASAR"}).exists(), model


def keys_said() -> set[str]:
    """To which nodes the newest dossier of all is wrapped."""
    newest = Entry.objects.filter(kind="applications.dossier_sealed").order_by("-pk")[0]
    return {key.split(":")[0] for key in newest.values["keys"]}


def test_who_could_read_goes_on_reading_unless_its_office_has_no_part_any_more(boxes: dict[str, Node]):
    application = book("DENPASAR", "Asia/Makassar")
    with transaction.atomic():
        dossier.send(application, Site.CENTRE, actor="worker", now=make.NOW)
    assert keys_said() == {node.here().name, "denpasar", "pusat"}

    application.office = make.make_office("MEDAN", "Asia/Jakarta")
    with transaction.atomic():
        dossier.send(application, Site.OFFICE, actor="worker", now=make.NOW)

    assert keys_said() == {node.here().name, "medan", "pusat"}
    assert list(DossierKey.objects.values_list("node", flat=True)) == [node.here().name]


def test_a_key_is_wrapped_to_no_node_that_was_sent_away(boxes: dict[str, Node]):
    application = book("DENPASAR", "Asia/Makassar")
    assert keys_said() == {node.here().name, "denpasar"}
    NodeRecord.objects.filter(node="denpasar").update(revoked_at=make.NOW)
    other = Node("denpasar-2", "office", boxes["denpasar"].home.parent / "d2", ("DENPASAR",))
    with standing_at(other):
        introduce_ourselves()

    with transaction.atomic():
        dossier.send(application, Site.OFFICE, actor="worker", now=make.NOW)

    assert keys_said() == {node.here().name, "denpasar-2"}


def test_a_box_that_came_back_with_other_keys_can_read_again(boxes: dict[str, Node]):
    application = book("DENPASAR", "Asia/Makassar")
    fresh = Node("denpasar", "office", boxes["denpasar"].home.parent / "d2", ("DENPASAR",))
    NodeRecord.objects.create(
        node="denpasar", epoch=2, role="office", offices=["DENPASAR"], sign_public=fresh.keys.sign_public.hex(),
        box_public=fresh.keys.box_public.hex(),
    )  # fmt: skip

    with transaction.atomic():
        dossier.send(application, Site.OFFICE, actor="worker", now=make.NOW)

    sealed = Entry.objects.filter(kind="applications.dossier_sealed").order_by("-pk")[0].read()
    with standing_at(fresh):
        dossier.keep_key(application, sealed)
        answers = dossier.open_answers(application, actor="worker", why="check", now=make.NOW)
    assert answers.full_name == "Ni Luh Sari Dewi"
