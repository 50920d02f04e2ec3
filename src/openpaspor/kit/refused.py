"""Expected trouble. A refusal carries a stable code, one sentence for the person, and an HTTP status."""

from __future__ import annotations

from typing import Any, ClassVar


class Refused(Exception):
    """The deed was not done, nothing has changed, and `str(refusal)` says why in one sentence.

    Subclasses sit beside their rule and set `code` (stable, kebab-case), `message` (a sentence, translatable,
    with `%(name)s` places for the keyword arguments) and, where 409 is wrong, `status`.
    """

    code: ClassVar[str] = "refused"
    message: Any = "This cannot be done now."
    status: ClassVar[int] = 409

    def __init__(self, **details: Any) -> None:
        super().__init__(self.code)
        self.details = details

    def __str__(self) -> str:
        text = str(self.message)
        return text % self.details if self.details else text
