"""Who looked at my file: roles and reasons, never names."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from openpaspor.accounts.actions import look
from openpaspor.accounts.looks import looks_of
from openpaspor.accounts.models import Role
from openpaspor.kit import clock

from .make import make_staff

pytestmark = pytest.mark.django_db


def test_a_look_names_role_office_and_reason():
    adi = make_staff("adi")
    look(
        "OP-2222-2222", actor=adi.code, why="counter", what="intake:case", now=clock.now(), office="DENPASAR"
    )
    look(
        "OP-3333-3333", actor=adi.code, why="counter", what="intake:case", now=clock.now(), office="DENPASAR"
    )

    [line] = looks_of("OP-2222-2222")

    with translation.override("en"):
        assert (str(line.who), line.where) == ("Counter officer", "Kantor Imigrasi Kelas I TPI Denpasar")
        assert str(line.why) == "to serve you at the counter"
        page = render_to_string("accounts/_looks.html", {"looks": [line]})
    assert "Counter officer" in page and "adi" not in page and adi.code not in page


def test_the_newest_look_comes_first():
    hasan = make_staff("hasan", Role.ADJUDICATOR, None)
    for why in ("review", "print"):
        look("OP-2222-2222", actor=hasan.code, why=why, what="adjudication:case", now=clock.now())

    with translation.override("en"):
        assert [str(line.why) for line in looks_of("OP-2222-2222")] == [
            "to print your passport",
            "to check and decide your application",
        ]


def test_the_same_look_within_a_minute_stands_in_one_line():
    adi = make_staff("adi")
    at = clock.now().replace(second=5)
    for moment, why in (
        (at, "print"),
        (at + timedelta(seconds=20), "print"),
        (at + timedelta(minutes=1), "print"),
    ):
        look("OP-2222-2222", actor=adi.code, why=why, what="issuance:case", now=moment, office="DENPASAR")

    assert [line.times for line in looks_of("OP-2222-2222")] == [1, 2]
    assert "2×" in render_to_string("accounts/_looks.html", {"looks": looks_of("OP-2222-2222")})


def test_nobody_looked_yet():
    assert looks_of("OP-2222-2222") == []
    with translation.override("en"):
        assert "Nobody has opened your file yet" in render_to_string("accounts/_looks.html", {"looks": []})
