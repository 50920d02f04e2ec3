"""An office box (or another node) somewhere else, as far as the demo needs it: it seals entries of its own and hands them over as lines."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from openpaspor.facts import Fact, encode
from openpaspor.ledger.canonical import canonical
from openpaspor.ledger.keys import KeyRing
from openpaspor.ledger.models import Entry
from openpaspor.ledger.seal import GENESIS, body_of, chain_hash, signed_message


class Box:
    """A node without a database. Its log begins with the first fact it is given."""

    def __init__(self, name: str, offices: tuple[str, ...], role: str = "office") -> None:
        self.name, self.offices, self.role = name, offices, role
        self._folder = tempfile.TemporaryDirectory(prefix="openpaspor-box-")
        self.keys = KeyRing(Path(self._folder.name))

    def lines(self, said: Iterable[tuple[Fact, str, datetime]]) -> Iterator[str]:
        """Who we are, then each (fact, actor, moment) sealed, as `ledger export` writes them."""
        about = {
            "node": self.name, "epoch": 1, "role": self.role, "offices": list(self.offices),
            "sign_public": self.keys.sign_public.hex(), "box_public": self.keys.box_public.hex(),
        }  # fmt: skip
        yield json.dumps({"node_record": about})
        previous = GENESIS
        for seq, (fact, actor, moment) in enumerate(said, start=1):
            entry = Entry(
                node=self.name, epoch=1, kind=fact.name, actor=actor, recorded_at=moment,
                fact=canonical(encode(fact)).decode(),
            )  # fmt: skip
            body = body_of(entry, seq)
            digest = chain_hash(previous, body)
            signature = self.keys.sign(signed_message(digest))
            yield json.dumps(
                {
                    "body": base64.b64encode(body).decode(),
                    "hash": digest,
                    "previous": previous,
                    "signature": base64.b64encode(signature).decode(),
                }
            )
            previous = digest
