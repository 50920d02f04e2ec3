"""The only door to personal data. Opening a dossier decrypts it and records the look in one step."""

from __future__ import annotations

import base64
import os
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openpaspor.accounts.actions import look
from openpaspor.facts.applications import DossierSealed
from openpaspor.journey import Site
from openpaspor.kit import clock
from openpaspor.kit.faults import fault
from openpaspor.kit.refused import Refused
from openpaspor.ledger import keys, node
from openpaspor.ledger.follow import Later
from openpaspor.ledger.keys import decrypt, encrypt
from openpaspor.ledger.links import cut_line, newest_records
from openpaspor.ledger.models import Entry
from openpaspor.ledger.record import record
from openpaspor.ledger.store import AttachmentMissing, Store
from openpaspor.ledger.sync import by_domain_clock, next_update
from openpaspor.offices.models import Office
from openpaspor.ui.templatetags.ui import clock_time, when_short

from .answers import Answers
from .eligibility import NATION
from .models import Application, Attachment, Dossier, DossierKey


class NotHere(Refused, Later):
    """The dossier has not come to this node, or was erased. A follower that needs it waits until it comes."""

    code = "dossier-not-here"
    message = _(
        "The papers of this application have not arrived here yet. They follow by themselves; try again in a while."
    )
    cut = _(
        "The papers of this application have not arrived here, and a line of this office is cut since %(since)s. They come by themselves"
        " when it is back; what holds is said again by %(next)s. Until then: put the number on hold and call the next"
        " visitor. The appointment stands, also on another day, and nobody pays again."
    )

    def __str__(self) -> str:
        cuts = [line.since for line in (cut_line("portal"), cut_line("centre")) if line and line.since]
        if not cuts:
            return super().__str__()
        place = Office.objects.filter(pk__in=node.here().offices).first() or NATION
        said = {"next": clock_time(next_update(clock.now()), place)}
        said["since"] = when_short(by_domain_clock(min(cuts)), place)
        return str(self.cut) % said


class KeyMissing(NotHere):
    """This node was not given the key of this application."""


def _purpose(application: Application, what: str) -> str:
    return f"openpaspor-dossier-v1|{application.ref}|{what}"


def _key(application: Application) -> bytes:
    row = DossierKey.objects.filter(application=application, node=node.here().name).first()
    if row is None:
        raise KeyMissing(application=application.ref)
    return node.here().keys.unwrap(row.wrapped)


def _may_look_unrecorded(application: Application, actor: str) -> bool:
    """One's own papers, and what the worker does without showing anybody."""
    return actor == "worker" or (application.account is not None and application.account.code == actor)


@transaction.atomic
def create(application: Application, answers: Answers) -> None:
    """Make the application's key, wrapped to ourselves, and its first document."""
    secret = os.urandom(32)
    us = node.here()
    DossierKey.objects.create(
        application=application, node=us.name, wrapped=keys.wrap(secret, us.keys.box_public)
    )
    document = encrypt(secret, answers.to_json(), _purpose(application, "answers"))
    Dossier.objects.create(application=application, document=document)


def open_answers(
    application: Application, *, actor: str, why: str, now: datetime, what: str = "answers", office: str = ""
) -> Answers:
    """The answers in clear. Looks by others than the holder of the account are recorded: `why` is a code, `what` the page.

    Raises NotHere when there is nothing to look at on this node; then no look is recorded.
    """
    answers = _read(application)
    if not _may_look_unrecorded(application, actor):
        look(application.ref, actor=actor, why=why, what=what, now=now, office=office)
    return answers


def _read(application: Application) -> Answers:
    secret = _key(application)
    kept = Dossier.objects.filter(application=application).first()
    if kept is None:
        raise NotHere(application=application.ref)
    return Answers.from_json(decrypt(secret, bytes(kept.document), _purpose(application, "answers")))


@transaction.atomic
def write_answers(application: Application, answers: Answers) -> None:
    """Replace the document. Who may do this is the caller's rule (draft by its owner, intake by its officer)."""
    document = encrypt(_key(application), answers.to_json(), _purpose(application, "answers"))
    Dossier.objects.filter(application=application).update(document=document)


@transaction.atomic
def attach(
    application: Application, kind: str, plain: bytes, *, content_type: str, now: datetime
) -> Attachment:
    """Keep a picture, encrypted, and let it replace the earlier ones of its kind."""
    sealed = encrypt(_key(application), plain, _purpose(application, f"attachment:{kind}"))
    digest = node.here().store.put(sealed)
    fault("dossier.after_store")
    Attachment.objects.filter(application=application, kind=kind, replaced=False).update(replaced=True)
    return Attachment.objects.create(
        application=application,
        kind=kind,
        digest=digest,
        content_type=content_type,
        size=len(plain),
        added_at=now,
    )


def open_attachment(
    attachment: Attachment, *, actor: str, why: str, now: datetime, office: str = ""
) -> bytes:
    """The picture in clear; the look is recorded. Raises AttachmentMissing while its bytes are on their way, or NotHere."""
    application = attachment.application
    sealed = node.here().store.get(attachment.digest)
    plain = decrypt(_key(application), sealed, _purpose(application, f"attachment:{attachment.kind}"))
    if not _may_look_unrecorded(application, actor):
        look(
            application.ref,
            actor=actor,
            why=why,
            what=f"attachment:{attachment.kind}",
            now=now,
            office=office,
        )
    return plain


def is_complete(application: Application) -> bool:
    """True when the key is here and the document and every live attachment decrypt."""
    live = list(application.attachments.live())  # type: ignore[attr-defined]
    if not all(node.here().store.has(attachment.digest) for attachment in live):
        return False
    try:
        _read(application)
        for attachment in live:
            open_attachment(attachment, actor="worker", why="check", now=attachment.added_at)
    except (NotHere, AttachmentMissing, keys.Unreadable):
        return False
    return True


@transaction.atomic
def send(application: Application, site: Site, *, actor: str, now: datetime) -> None:
    """Let the nodes of `site` read the dossier, and go on letting those who could: wrap the key, name the ciphertexts.

    A node that came back with other keys is given the key again; one that was sent away, or whose office has no part in the
    application any more, is not.
    """
    secret = _key(application)
    document = bytes(Dossier.objects.get(application=application).document)
    digest = node.here().store.put(document)
    live = application.attachments.live()  # type: ignore[attr-defined]
    record(
        DossierSealed(
            application=application.ref,
            document=digest,
            attachments=tuple(
                f"{paper.kind}:{paper.digest}:{paper.content_type}:{paper.size}" for paper in live
            ),
            keys=tuple(
                f"{name}:{base64.b64encode(keys.wrap(secret, public).encode()).decode()}"
                for name, public in sorted(_readers(application, site).items())
            ),
            version=application.version,
        ),
        actor=actor,
        now=now,
    )


def _readers(application: Application, site: Site) -> dict[str, bytes]:
    """Box keys, by node: ours, of the nodes of `site`, and of those that were given the key before and still need it."""
    said = Entry.objects.filter(kind=DossierSealed.name, application=application.ref, void=False)
    before = {key.partition(":")[0] for entry in said for key in entry.values["keys"]}
    readers = {
        row.node: bytes.fromhex(row.box_public)
        for row in newest_records().values()
        if row.revoked_at is None
        and (row.role == site or row.node in before)
        and (row.role != "office" or application.office_id in row.offices)
    }
    return readers | {node.here().name: node.here().keys.box_public}


def keep_key(application: Application, sealed: DossierSealed) -> None:
    """Keep the key as it is wrapped to us; what is wrapped to others stays theirs."""
    us = node.here().name
    for text in sealed.keys:
        name, wrapped = text.split(":", 1)
        if name == us:
            DossierKey.objects.update_or_create(
                application=application, node=us, defaults={"wrapped": base64.b64decode(wrapped).decode()}
            )


@transaction.atomic
def take_in(application: Application, sealed: DossierSealed, *, now: datetime) -> None:
    """A copy's work: store what another node said of the dossier. Raises NotHere while the document is on its way.

    Nothing is on its way to a node to which no key was wrapped.
    """
    if not sealed.is_for(node.here().name):
        return
    if not node.here().store.has(sealed.document):
        raise NotHere(application=application.ref)
    keep_key(application, sealed)
    document = node.here().store.get(sealed.document)
    Dossier.objects.update_or_create(application=application, defaults={"document": document})
    named = set()
    for text in sealed.attachments:
        kind, digest, content_type, size = text.split(":")
        named.add(digest)
        Attachment.objects.get_or_create(
            application=application,
            digest=digest,
            defaults={"kind": kind, "content_type": content_type, "size": int(size), "added_at": now},
        )
    Attachment.objects.filter(application=application).exclude(digest__in=named).update(replaced=True)


@transaction.atomic
def erase(application: Application) -> None:
    """Destroy the key, the document and the pictures of somebody who never submitted. The log stays."""
    digests = list(application.attachments.values_list("digest", flat=True))  # type: ignore[attr-defined]
    Attachment.objects.filter(application=application).update(replaced=True)
    DossierKey.objects.filter(application=application).delete()
    Dossier.objects.filter(application=application).delete()
    store = node.here().store
    transaction.on_commit(lambda: _forget(store, digests))


def _forget(store: Store, digests: list[str]) -> None:
    for digest in digests:
        store.remove(digest)
