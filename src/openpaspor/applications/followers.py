"""Copies of what other nodes say of an application, and the wake-up when custody arrives."""

from __future__ import annotations

from openpaspor.facts import Fact
from openpaspor.facts.applications import (
    DossierSealed,
    Moved,
    Started,
    StopLifted,
    StopOrdered,
    Submitted,
    Told,
)
from openpaspor.ledger import conflicts, node
from openpaspor.ledger.epochs import wrote_it_here
from openpaspor.ledger.follow import Later, copies, reacts, run_reactions_again
from openpaspor.ledger.models import Entry

from . import dossier
from .models import Application
from .replay import columns_of


def held_here(entry: Entry) -> Application | None:
    """The application an entry speaks of, fresh from the database, when this node holds it. For `@reacts`."""
    application = (
        Application.objects.filter(ref=entry.application).select_related("office", "account").first()
    )
    return application if application and application.is_held_here(entry.recorded_at) else None


def known_here(entry: Entry) -> Application | None:
    """The application an entry speaks of, whoever holds it."""
    return Application.objects.filter(ref=entry.application).select_related("office", "account").first()


@copies(Started)
def copy_started(fact: Started, entry: Entry) -> None:
    moment = entry.recorded_at
    defaults = {**columns_of(fact), "started_at": moment, "state_since": moment, "touched_at": moment}
    Application.objects.get_or_create(ref=fact.application, defaults=defaults)


@copies(Submitted, Told, StopOrdered, StopLifted)
def copy_told(fact: Fact, entry: Entry) -> None:
    if wrote_it_here(entry):
        return
    newer = _told_since(fact, entry)
    columns = {name: value for name, value in columns_of(fact).items() if name not in newer}
    if isinstance(fact, Submitted):
        columns["submitted_at"] = entry.recorded_at
    if columns and not Application.objects.filter(ref=entry.application).update(**columns):
        raise Later(entry.application)


def _told_since(fact: Fact, entry: Entry) -> set[str]:
    """Columns that a later version told. Two lines may bring what two nodes told in any order."""
    others = Entry.objects.filter(kind=Told.name, application=entry.application, void=False).exclude(
        pk=entry.pk
    )
    told = [other.read() for other in others] if isinstance(fact, Told | Submitted) else []
    version = fact.version if isinstance(fact, Told) else 0
    return {
        name
        for other in told
        if isinstance(other, Told) and other.version > version
        for name in columns_of(other)
    }


@copies(Moved)
def copy_moved(fact: Moved, entry: Entry) -> None:
    """Version n+1 waits for n without limit; an old version changes nothing."""
    application = Application.objects.filter(ref=fact.application).first()
    if application is None or fact.version > application.version + 1:
        raise Later(fact.application)
    if fact.version <= application.version:
        _compare_with_ours(fact, entry)
        return
    Application.objects.filter(pk=application.pk, version=fact.version - 1).update(
        **columns_of(fact), state_since=entry.recorded_at
    )


def _compare_with_ours(fact: Moved, entry: Entry) -> None:
    """Two nodes moved the same application: what came later stays in the log, void, and a person looks at both."""
    moves = Entry.objects.standing().filter(
        kind=Moved.name, application=fact.application, version=fact.version
    )
    ours = moves.exclude(pk=entry.pk).first()
    if ours is not None and ours.node != entry.node:
        code = "old-term" if fact.term < ours.values["term"] else "equal-terms"
        conflicts.set_aside(entry, code, other=ours, version=fact.version, term=fact.term)


@copies(DossierSealed)
def copy_dossier(fact: DossierSealed, entry: Entry) -> None:
    """Waits for the document's bytes, which travel beside the log; but not for those of a version that is past."""
    if wrote_it_here(entry):
        return
    application = Application.objects.filter(ref=fact.application).first()
    if application is None:
        raise Later(fact.application)
    later = Entry.objects.filter(kind=entry.kind, application=entry.application, position__gt=entry.position)
    if later.exists() and not node.here().store.has(fact.document):
        return
    dossier.take_in(application, fact, now=entry.recorded_at)


@reacts(Moved, holder=held_here)
def wake_after_hand_over(application: Application, entry: Entry) -> None:
    """An application came into our hands from another node: what was said before custody came counts now."""
    if entry.node != node.here().name:
        run_reactions_again(application.ref, but="applications.wake_after_hand_over")
