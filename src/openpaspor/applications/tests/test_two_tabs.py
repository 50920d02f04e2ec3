"""Two tabs at once."""

import threading

import pytest
from django.db import connection

from openpaspor.applications import actions, dossier
from openpaspor.applications.answers import Answers
from openpaspor.applications.models import Application
from openpaspor.applications.tests.people import NOW, make_draft, make_user


@pytest.mark.django_db(transaction=True)
def test_answers_of_two_pages_sent_at_the_same_time_are_both_kept():
    user = make_user()
    draft = make_draft(user, answers=Answers())
    ready = threading.Barrier(4)
    names = ("birth_place", "address", "occupation", "destination")

    def save(name: str) -> None:
        mine = Application.objects.get(pk=draft.pk)
        ready.wait(timeout=10)
        actions.save_answers(mine, actor=user.code, now=NOW, **{name: name})
        connection.close()

    tabs = [threading.Thread(target=save, args=(name,)) for name in names]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    kept = dossier.open_answers(draft, actor="worker", why="test", now=NOW)
    assert [getattr(kept, name) for name in names] == list(names)
