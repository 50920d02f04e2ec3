"""Every deed at most once: an action opens with `once(action_id, arguments)`."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from openpaspor.kit import clock
from openpaspor.kit.refused import Refused

from .canonical import canonical
from .models import Deed

Answer = TypeVar("Answer")
security = logging.getLogger("openpaspor.security")


class KeyReused(Refused):
    code = "action-id-reused"
    message = _("This request was already used for something else. Open the page again and repeat it.")


class Seen:
    """The memory of one deed. False until it was done before; then `answer` holds the first answer."""

    def __init__(self, deed: Deed, *, repeated: bool) -> None:
        self._deed = deed
        self._repeated = repeated

    def __bool__(self) -> bool:
        return self._repeated

    @property
    def answer(self) -> Any:
        return self._deed.answer

    def remember(self, answer: Answer) -> Answer:
        """Keep the answer (a model instance by its primary key, or a JSON value) and hand it back."""
        self._deed.answer = answer.pk if isinstance(answer, models.Model) else answer
        self._deed.save(update_fields=["answer"])
        return answer


@contextmanager
def once(action_id: str, *arguments: Any) -> Iterator[Seen]:
    """Open a deed inside the caller's transaction.

    `arguments` (JSON values) tell one deed from another under the same id; other arguments raise KeyReused.
    A refusal rolls the row back with everything else, so it is not remembered.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("once() needs the transaction of its action")
    digest = hashlib.sha256(canonical(list(arguments))).hexdigest()
    deed = _claim(action_id, digest)
    if deed is not None:
        yield Seen(deed, repeated=False)
        return
    done = Deed.objects.get(pk=action_id)
    if done.arguments != digest:
        security.warning("action id %s came again with other content", action_id)
        raise KeyReused()
    yield Seen(done, repeated=True)


def answer_to(action_id: str) -> Any:
    """What a deed that was done answered; None for one that was not done."""
    return Deed.objects.filter(pk=action_id).values_list("answer", flat=True).first()


def _claim(action_id: str, digest: str) -> Deed | None:
    """The new row, or None when the deed was done before. Two at once: the second waits for the first."""
    try:
        with transaction.atomic():
            return Deed.objects.create(action_id=action_id, arguments=digest, done_at=clock.real_now())
    except IntegrityError:
        return None
