"""A disk without room, or one that only reads."""

from __future__ import annotations

import errno

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory

from openpaspor.ui.refusals import RefusedMiddleware, cannot_write

pytestmark = pytest.mark.django_db


def caused_by(cause: Exception) -> OperationalError:
    trouble = OperationalError("as Django says it")
    trouble.__cause__ = cause
    return trouble


class Sqlite(Exception):
    sqlite_errorname = "SQLITE_FULL"


class Postgres(Exception):
    sqlstate = "53100"


@pytest.mark.parametrize(
    "trouble",
    [
        OSError(errno.ENOSPC, "full"),
        OSError(errno.EROFS, "reads"),
        caused_by(Sqlite()),
        caused_by(Postgres()),
    ],
)
def test_the_page_promises_nothing_that_a_full_disk_cannot_keep(trouble: Exception):
    answer = RefusedMiddleware(lambda _request: HttpResponse()).process_exception(
        RequestFactory().post("/petugas/"), trouble
    )

    assert answer is not None and answer.status_code == 507
    shown = answer.content.decode()
    assert 'data-code="no-room"' in shown
    assert "Langkah terakhir tidak tersimpan" in shown and "Isian Anda aman" not in shown


def test_another_trouble_of_a_database_is_none_of_a_disk():
    assert not cannot_write(caused_by(ValueError("locked")))
    assert not cannot_write(OSError(errno.EACCES, "not yours"))
