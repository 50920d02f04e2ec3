"""An outage of the centre: whoever has an appointment soon is told that it stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from openpaspor.accounts.models import Role
from openpaspor.accounts.tests.make import make_staff
from openpaspor.applications.models import Application
from openpaspor.applications.tests.people import NOW, make_draft, make_user
from openpaspor.kit import clock
from openpaspor.ledger.worker import work_until_idle
from openpaspor.notifications import actions
from openpaspor.notifications.models import Message

pytestmark = pytest.mark.django_db


def make_booked(after: timedelta, now=NOW) -> Application:
    application = make_draft(make_user())
    Application.objects.filter(pk=application.pk).update(
        state="BOOKED", place_status="booked", place_starts_at=now + after, office="DENPASAR"
    )
    return application


def test_only_those_who_come_soon_are_told_and_only_once():
    soon, late = make_booked(timedelta(hours=20)), make_booked(timedelta(days=3))

    for _time in range(2):
        assert actions.announce_outage(action_id="o1", actor="S-1", now=NOW) == 1
        work_until_idle(with_sweeps=False)

    [message] = Message.objects.filter(template="PUSAT")
    assert message.application == soon.ref != late.ref
    assert "Rab 25 Nov 05.40 WITA TETAP berlaku" in message.text


def test_the_operator_tells_them_with_one_button(client):
    make_booked(timedelta(hours=20), clock.now())
    client.force_login(make_staff("ops", Role.OPS, None), backend="django.contrib.auth.backends.ModelBackend")
    assert "Janji Anda" in client.get("/ops/gangguan/").content.decode()

    assert client.post("/ops/gangguan/", {"nonce": "nonce-nonce"}).status_code == 302

    work_until_idle(with_sweeps=False)
    assert Message.objects.filter(template="PUSAT").count() == 1


def test_nobody_else_may(client):
    client.force_login(make_staff("adi"), backend="django.contrib.auth.backends.ModelBackend")

    assert client.post("/ops/gangguan/").status_code == 403
