"""The client ledger: what simulated citizens, officers, kiosks and the payment provider asked for, and what they were told.

A file of JSON lines that the clients write themselves, on their own disk, so that no fault of the system can touch it.
Every request makes two lines. The first is written before the request is sent, the second when its answer is there:

    {"at": "2026-11-24T01:40:00.000000Z", "request": 7, "actor": "warga-12", "action_id": "2f6c…", "asked": "hold",
     "answer": "unknown", "application": "OP-22ZY-4HRB", "office": "DENPASAR", "starts_at": "2026-11-25T01:00:00.000000Z"}
    {"at": "2026-11-24T01:40:00.310000Z", "request": 7, "actor": "warga-12", "action_id": "2f6c…", "asked": "hold",
     "answer": "ok", "bill": "826112000000005"}

| Key | Holds |
|---|---|
| `at` | UTC, the wall clock of the client |
| `request` | a number of this file; the two lines of one request share it |
| `actor` | who asks; any name, never one of a person |
| `action_id` | what names the deed: the `action_id` handed to the action, or the nonce of the page's form |
| `asked` | what was asked for: `hold`, `book`, `change`, `walk_in`, `arrive`, `pay`, … |
| `answer` | `ok`, `refused`, or `unknown`: no answer came, so it happened once or not at all |

Whatever else was asked or answered stands beside them: `application`, `office`, `starts_at`, `ticket`, `bill`,
`amount_idr`, `serial`. A request that is repeated keeps its `action_id` and gets a new number.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from openpaspor.facts.base import format_moment
from openpaspor.kit import clock

from .databases import utc

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"
FRAME = frozenset({"at", "request", "actor", "action_id", "asked", "answer"})


class ClientLedger:
    """Writes one such file; may be shared by threads. Moments among `what` become text; `at` only where a clock is faked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._asked: list[dict[str, Any]] = []

    def ask(self, actor: str, asked: str, action_id: str, *, at: datetime | None = None, **what: Any) -> int:
        """Note what is about to be asked. Returns the number of the request."""
        with self._lock:
            number = len(self._asked)
            frame = {"request": number, "actor": actor, "action_id": action_id, "asked": asked}
            self._asked.append(frame)
            self._write(frame | {"answer": UNKNOWN}, at, what)
            return number

    def answer(self, request: int, answer: str, *, at: datetime | None = None, **what: Any) -> None:
        """Note what came back: `ok` or `refused`. A request without an answer needs no second line."""
        with self._lock:
            self._write(self._asked[request] | {"answer": answer}, at, what)

    def _write(self, line: dict[str, Any], at: datetime | None, what: dict[str, Any]) -> None:
        moments = {name: format_moment(one) for name, one in what.items() if isinstance(one, datetime)}
        whole = {"at": format_moment(at or clock.real_now())} | line | what | moments
        with open(self.path, "a") as file:
            file.write(json.dumps(whole, ensure_ascii=False) + "\n")


@dataclass
class Deed:
    """All that clients wrote of one action id."""

    action_id: str
    asked: str
    at: datetime  # of the first request
    what: dict[str, Any] = field(default_factory=dict)  # as asked first and answered last
    answers: dict[tuple[str, int], str] = field(default_factory=dict)  # by file and request
    told: list[dict[str, Any]] = field(default_factory=list)  # what each "ok" said

    @property
    def answer(self) -> str:
        """`ok` once said holds; `refused` only when nobody is left in doubt."""
        said = set(self.answers.values())
        return OK if OK in said else UNKNOWN if UNKNOWN in said else REFUSED

    @property
    def key(self) -> str:
        return f"{self.asked} {self.action_id}"


def read_deeds(paths: Iterable[Path | str]) -> list[Deed]:
    """The deeds of some client ledgers, in the order in which they were first asked for."""
    deeds: dict[str, Deed] = {}
    for path in map(str, paths):
        for text in Path(path).read_text().splitlines():
            line = json.loads(text)
            what = {name: value for name, value in line.items() if name not in FRAME}
            deed = deeds.setdefault(
                line["action_id"], Deed(line["action_id"], line["asked"], utc(line["at"]))
            )
            deed.what |= what
            deed.answers[path, line["request"]] = line["answer"]
            if line["answer"] == OK:
                deed.told.append(what)
    return list(deeds.values())
