"""A deed is done at most once."""

from __future__ import annotations

import pytest
from django.db import transaction

from openpaspor.kit.refused import Refused
from openpaspor.ledger.models import Deed
from openpaspor.ledger.once import KeyReused, once

pytestmark = pytest.mark.django_db


def test_a_repeat_gets_the_first_answer():
    with transaction.atomic(), once("a1", "x", 1) as seen:
        assert not seen
        seen.remember(41)

    with transaction.atomic(), once("a1", "x", 1) as again:
        assert again
        assert again.answer == 41


def test_the_same_id_with_other_content_is_refused():
    with transaction.atomic(), once("a1", "x") as seen:
        seen.remember(None)

    with pytest.raises(KeyReused), transaction.atomic(), once("a1", "y"):
        pass


def test_a_refusal_is_not_remembered():
    with pytest.raises(Refused), transaction.atomic(), once("a1"):
        raise Refused()

    assert not Deed.objects.filter(pk="a1").exists()


def test_it_needs_the_transaction_of_its_action(transactional_db):
    with pytest.raises(RuntimeError), once("a1"):
        pass
