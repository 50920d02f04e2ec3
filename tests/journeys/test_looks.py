"""Reading is recorded: every page of staff that names an application is opened, and page views = looks.

The road is walked deed by deed; at each stop every person of its roles opens every such page. A page that shows
anything of the person leaves exactly one look, any other page none. No page is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pypdf import PdfReader

from openpaspor.accounts.models import User
from openpaspor.adjudication import actions as centre
from openpaspor.adjudication.models import Case
from openpaspor.applications import dossier
from openpaspor.applications.models import Application, DossierKey
from openpaspor.hall.models import Ticket
from openpaspor.kit import clock
from openpaspor.ledger.models import Entry
from tests.journeys import road, side_roads

pytestmark = pytest.mark.django_db

ONLY_POSTED = 405
PEOPLE = {
    "officer": "petugas.denpasar", "head": "kepala.denpasar", "print": "cetak.denpasar",
    "adjudicator": "adjudikator1.pusat", "kas": "kas.pusat", "ops": "ops.pusat",
}  # fmt: skip
STOPS = {
    "road": ("settle_bill", "be_called", "be_interviewed", "finish", "decision_counts", "print_passport", "inspect"),
    "counter": ("write_up", "owe_a_paper"),
}  # fmt: skip


@dataclass(frozen=True)
class Door:
    """A page of staff that names an application, and the roles it is for."""

    name: str
    takes: tuple[str, ...]
    roles: tuple[str, ...]


def doors() -> list[Door]:
    return [door for door in _walk(get_resolver().url_patterns, "") if "ref" in door.takes]


def _walk(patterns: Iterable[URLPattern | URLResolver], space: str) -> Iterator[Door]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, pattern.namespace or space)
        elif hasattr(pattern.callback, "staff_roles"):
            roles = tuple(str(role) for role in pattern.callback.staff_roles)
            yield Door(f"{space}:{pattern.name}", tuple(pattern.pattern.converters), roles)


@dataclass
class Seen:
    """What came of opening the doors: statuses by door, and pages whose looks do not add up."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def open_all(self, stop: str, words: list[str] | None = None) -> None:
        """Every door for every application; `words` that a page of it may show are read in its dossier."""
        for application in Application.objects.order_by("pk"):
            theirs = words_of(application) if words is None else words
            for door in self.that_open():
                for role in door.roles:
                    for address in addresses(door, application):
                        self.open(stop, door, PEOPLE[role], address, application, theirs)

    def that_open(self) -> list[Door]:
        """All doors but those that were seen to take posts alone."""
        return [door for door in doors() if set(self.statuses.get(door.name, ())) != {ONLY_POSTED}]

    def open(
        self, stop: str, door: Door, login: str, address: str, application: Application, words: list[str]
    ) -> None:
        person = User.objects.get(login=login)
        client = Client(raise_request_exception=False)
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        with transaction.atomic():
            before = looks_at(application, person)
            answer = client.get(address)
            looks = looks_at(application, person) - before
            transaction.set_rollback(True)
        self.statuses.setdefault(door.name, Counter())[answer.status_code] += 1
        shows = answer.status_code == 200 and shows_the_person(answer, words)
        if looks != int(shows):
            self.wrong.append(
                f"{stop}: {login} {address}: {answer.status_code}, {looks} looks, shows {shows}"
            )
        if answer.status_code >= 500:
            self.wrong.append(f"{stop}: {login} {address}: {answer.status_code}")


def words_of(application: Application) -> list[str]:
    answers = dossier.open_answers(application, actor="worker", why="check", now=clock.now())
    spaced = " ".join(answers.nik[place : place + 4] for place in range(0, 16, 4))
    return [answers.full_name, answers.full_name.upper(), answers.nik, spaced, answers.address]


def shows_the_person(answer: Any, words: list[str]) -> bool:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    kind = answer.headers["Content-Type"]
    if kind.startswith("image/"):
        return True
    if kind == "application/pdf":
        text = " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    else:
        text = content.decode()
    return any(word in text for word in words)


def looks_at(application: Application, person: User) -> int:
    return Entry.objects.filter(
        kind="accounts.looked", application=application.ref, actor=person.code
    ).count()


def addresses(door: Door, application: Application) -> list[str]:
    """Where the door stands for this application; for each of its papers, where it takes one."""
    papers = {"paper": ["ktp", "portrait", "birth"]}
    known = [{"ref": application.ref}]
    for name in door.takes:
        if name in papers:
            known = [one | {name: value} for one in known for value in papers[name]]
    return [reverse(door.name, kwargs=one) for one in known]


@pytest.fixture(scope="module")
def seen(django_db_setup: None, django_db_blocker) -> Iterator[Seen]:  # type: ignore[no-untyped-def]
    """The road and a walk-in, with a round of opening at every stop."""
    with django_db_blocker.unblock(), transaction.atomic():
        found = Seen()
        for name in ("furniture", "road", "counter"):
            for deed in road.stories()[name].deeds:
                road.stories()[name].tell([deed.name])
                if deed.name in STOPS.get(name, ()):
                    with transaction.atomic():
                        found.open_all(f"{name} {deed.name}")
                        transaction.set_rollback(True)
                if (name, deed.name) == ("road", "finish"):
                    with transaction.atomic():
                        on_the_table()
                        found.open_all("on the table")
                        transaction.set_rollback(True)
        with transaction.atomic():
            a_lost_passport()
            found.open_all("an examination")
            transaction.set_rollback(True)
        yield found
        transaction.set_rollback(True)


def on_the_table() -> None:
    centre.take(action_id="looks:take", actor=road.person("adjudikator1.pusat").code, now=clock.now())
    assert Case.objects.exclude(claimed_by="").exists()


def a_lost_passport() -> None:
    """A visitor who lost the passport: the officer proposes, the head is to decide."""
    from openpaspor.hall import actions as hall
    from openpaspor.intake import actions as intake

    told = road.Telling("looks:lost")
    hall.issue_walk_in(told.denpasar, **told.by(side_roads.OFFICER, "number"))
    label = Ticket.objects.filter(series="B").order_by("-pk")[0].label
    answers = road.answers_of("Made Lostari", "5171010203950007", road.date(1995, 3, 2))
    visitor = intake.Visitor(kind="lost", answers=answers, ticket=label)
    application = intake.walk_in(visitor, told.denpasar, **told.by(side_roads.OFFICER, "write"))
    road.interview(told, application)
    intake.propose_examination(application, "not-careless", **told.by(side_roads.OFFICER, "examine"))


def test_every_page_that_shows_a_person_leaves_one_look_and_no_other_leaves_any(seen: Seen):
    assert seen.wrong == []


def test_every_door_was_opened_or_only_takes_posts(seen: Seen):
    shut = {
        name: dict(statuses)
        for name, statuses in seen.statuses.items()
        if not statuses[200] and set(statuses) != {ONLY_POSTED}
    }

    assert {door.name for door in doors()} == set(seen.statuses)
    assert shut == {}


def test_a_file_that_has_not_come_here_is_a_sentence_and_no_look(seen: Seen):
    """As on a node that has the row but neither the key nor the papers."""
    DossierKey.objects.all().delete()
    without = Seen()

    without.open_all("without the key", [])

    assert without.wrong == []
    assert {status for statuses in without.statuses.values() for status in statuses} <= {
        200,
        302,
        404,
        405,
        409,
    }
    case = reverse("intake:case", kwargs={"ref": Application.objects.order_by("pk")[0].ref})
    client = Client()
    client.force_login(road.person("petugas.denpasar"), backend="django.contrib.auth.backends.ModelBackend")
    refused = client.get(case)
    assert refused.status_code == 409
    assert 'data-code="dossier-not-here"' in refused.content.decode()
