"""A portal, an office and the centre, each with a database of its own, carry one application to its end.

Nothing goes between them but exported entries and the files of encrypted attachments. What the three share beforehand
is who they are (records of nodes with their public keys) and one secret, the key of search tokens: the token of a NIK
or a name must be the same everywhere, or the centre could not find a person on its watch-list by what the portal sent,
nor the office a visitor by NIK. It opens no dossier.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.stage import Stage


class Site(Stage):
    """One node, and how far each other one has its log."""

    def __init__(self, folder: Path, name: str, role: str, offices: str = "") -> None:
        super().__init__(
            folder / name / "home", OPENPASPOR_NODE=name, OPENPASPOR_ROLE=role, OPENPASPOR_OFFICES=offices
        )
        self.name = name
        self.sent: dict[str, int] = {}
        self.named: dict[str, set[str]] = {}  # the files that our log spoke of, by the node it was sent to

    def see(self, what: str, *arguments: str) -> Any:
        return self.call(f"tests.journeys.at_a_node:{what}", *arguments).json()

    def tell(self, story: str, *deeds: str) -> None:
        told = self.play(story, "--only", ",".join(deeds))
        assert told.code == 0, told.said[-3000:]

    def send(self, other: Site, *, attachments: bool = True) -> None:
        """Hand over what is new in our log, and first the files that it speaks of."""
        lines = self.openpaspor("ledger", "export", "--since", str(self.sent.get(other.name, 0)))
        assert lines.code == 0, lines.said
        self.named.setdefault(other.name, set()).update(files_named_in(lines.out))
        if attachments:
            self.send_attachments(other)
        carried = other.home.parent / f"from-{self.name}.jsonl"
        carried.write_text(lines.out)
        taken = other.openpaspor("ledger", "import", str(carried), "--json")
        assert taken.code == 0, taken.said[-3000:]
        self.sent[other.name] = self.see("log")["position"]

    def send_attachments(self, other: Site) -> None:
        for digest in self.named[other.name]:
            place = Path("attachments", digest[:2], digest[2:])
            if (self.home / place).exists():
                (other.home / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.home / place, other.home / place)


def files_named_in(lines: str) -> set[str]:
    """The digests of documents and attachments that exported entries speak of."""
    found = set()
    for line in lines.splitlines():
        exported = json.loads(line)
        if "body" in exported:
            fact = json.loads(base64.b64decode(exported["body"]))["fact"]
            found |= {fact["document"]} if "document" in fact else set()
            found |= {text.split(":")[1] for text in fact.get("attachments", [])}
    return found


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site, Site]]:
    folder = tmp_path_factory.mktemp("nodes")
    search = os.urandom(32)
    for name in ("portal", "denpasar", "pusat"):
        keys = folder / name / "home" / "keys"
        keys.mkdir(parents=True, mode=0o700)
        (keys / "search.key").write_bytes(search)
    with (
        Site(folder, "portal", "portal") as portal,
        Site(folder, "denpasar", "office", "DENPASAR") as office,
        Site(folder, "pusat", "centre") as centre,
    ):
        yield portal, office, centre


def test_three_nodes_carry_one_application_to_collected(sites: tuple[Site, Site, Site]):
    portal, office, centre = sites
    portal.tell("furniture", "people", "calendar")
    office.tell("furniture", "people", "stock", "counters")
    centre.tell("furniture", "people")
    for one in sites:
        for other in sites:
            if one is not other:
                one.send(other)

    portal.tell("road", "sign_in", "apply", "submit", "choose", "settle_bill")
    portal.send(office)
    portal.send(centre, attachments=False)
    assert portal.see("application")["state"] == "BOOKED"
    assert office.see("try_to_open")["name"] == "I Wayan Sudira"
    assert centre.see("try_to_open") == {"name": "", "refused": "KeyMissing", "code": "dossier-not-here"}

    office.tell("road", "arrive", "be_called", "be_interviewed")
    assert centre.see("try_to_open")["refused"] == "KeyMissing"
    office.tell("road", "finish")
    office.send(centre, attachments=False)
    waits = centre.see("application")
    assert (waits["state"], waits["custodian"]) == ("ENROLLED", "office")
    assert centre.see("log")["parked"]
    office.send_attachments(centre)
    assert centre.openpaspor("ledger", "parked", "--retry").code == 0
    taken = centre.see("application")
    assert (taken["state"], taken["custodian"]) == ("REVIEW", "centre")
    office.send(portal)

    centre.tell("road", "approve", "decision_counts")
    elsewhere = centre.see(
        "tables", "payments", "appointments", "hall", "intake", "issuance", "notifications"
    )
    assert elsewhere.pop("issuance_packet") == 1  # what it signed
    elsewhere.pop("hall_blankbooks")  # how many booklets an office has is said to everybody
    centre.send(office)
    centre.send(portal)
    assert centre.see("application")["state"] == "APPROVED"
    assert not {table: rows for table, rows in elsewhere.items() if rows}
    assert office.see("application")["serial"]

    office.tell("road", "print_passport", "inspect", "come_back", "be_called_again", "collect")
    office.send(centre)
    office.send(portal)
    rows = [site.see("application") for site in sites]
    assert rows[0] == rows[1] == rows[2]
    assert rows[0]["state"] == "COLLECTED"
    for site in sites:
        verdict = site.ask("ledger", "verify")
        assert verdict["first_bad"] is None and {head["node"] for head in verdict["heads"]} == {
            "portal", "denpasar", "pusat"
        }  # fmt: skip
        assert not site.see("log")["parked"]
        results = site.ask("invariants", "--only", "A1,A2,A6,L1,L2,L3,L7,L10")["results"]
        assert [row for row in results if row["status"] != "pass"] == []
    assert portal.see("tables", "notifications")["notifications_message"] > 1
    assert office.see("tables", "notifications")["notifications_message"] == 0
