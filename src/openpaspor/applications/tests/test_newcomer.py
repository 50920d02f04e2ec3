"""An office that is enrolled after people booked there can read what its office works on."""

import base64

import pytest

from openpaspor.applications import dossier
from openpaspor.applications.models import Application
from openpaspor.applications.tests.people import NOW, make_submitted, make_user
from openpaspor.facts.applications import DossierSealed
from openpaspor.facts.ledger import NodeListed
from openpaspor.journey import State
from openpaspor.ledger import keys, worker
from openpaspor.ledger.keys import KeyRing
from openpaspor.ledger.models import Entry
from openpaspor.ledger.record import record

pytestmark = pytest.mark.django_db


def enrol(ring: KeyRing, *, epoch: int, office: str = "DENPASAR") -> None:
    public = {
        "sign_public": ring.sign_public.hex(),
        "box_public": ring.box_public.hex(),
        "wire_public": ring.wire_public.hex(),
    }
    listed = NodeListed(
        node="denpasar", epoch=epoch, role="office", offices=(office,), issuer=f"5{epoch + 1}", **public
    )
    record(listed, actor="centre", now=NOW)
    worker.work_until_idle(with_sweeps=False)


def booked() -> Application:
    application = make_submitted(make_user())
    Application.objects.filter(pk=application.pk).update(state=State.BOOKED, office="DENPASAR")
    return application


def keys_said(application: Application) -> dict[str, str]:
    """By node, the key as it was wrapped last."""
    sealed = Entry.objects.filter(kind=DossierSealed.name, application=application.ref).order_by("pk").last()
    pairs = (key.split(":", 1) for key in sealed.values["keys"]) if sealed else ()
    return {name: base64.b64decode(wrapped).decode() for name, wrapped in pairs}


def secret_for(ring: KeyRing, application: Application) -> bytes:
    """What the box makes of the key that was wrapped to it."""
    return ring.unwrap(keys_said(application)["denpasar"])


def test_a_box_that_is_enrolled_later_reads_the_visits_that_were_booked_before(tmp_path):
    application, ring = booked(), KeyRing(tmp_path)

    enrol(ring, epoch=1)

    assert secret_for(ring, application)
    assert dossier.open_answers(application, actor="worker", why="test", now=NOW)


def test_a_box_with_new_keys_reads_again_and_one_with_the_same_keys_is_told_nothing_twice(tmp_path):
    application, old, new = booked(), KeyRing(tmp_path / "old"), KeyRing(tmp_path / "new")
    enrol(old, epoch=1)

    enrol(new, epoch=2)
    assert secret_for(new, application)
    with pytest.raises(keys.Unreadable):
        secret_for(old, application)
    said = Entry.objects.filter(kind=DossierSealed.name).count()
    enrol(new, epoch=3)
    assert Entry.objects.filter(kind=DossierSealed.name).count() == said


def test_another_office_is_not_let_in(tmp_path):
    application = booked()

    enrol(KeyRing(tmp_path), epoch=1, office="JAYAPURA")

    assert "denpasar" not in keys_said(application)
