"""The log: L1 no gap, L2 the chain is whole, L3 signed, L4 history never changes, L5 no fork, L6 the centre has all, L7 row and
entry agree, L8 nothing stays unsealed, L9 time is plausible, L10 reading is recorded."""

from __future__ import annotations

import hashlib
import itertools
from datetime import timedelta
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .databases import Country, Database, Entry, read_once
from .run import QUIET, CannotJudge, Found, across, check

GENESIS = "0" * 64
SEALED_WITHIN = timedelta(seconds=10)


def whole_logs(here: Database) -> list[tuple[str, int, list[Entry]]]:
    """The logs that must be here without a gap: our own, and at the centre everybody's."""
    return [
        (node, epoch, entries)
        for (node, epoch), entries in sorted(here.logs.items())
        if node == here.name or here.holds_whole_logs
    ]


@check(
    "L1", "No gap: for each node and epoch the places are 1..n, each once; of others, what came stands once."
)
def no_gap(here: Database) -> Found:
    found = Found(sum(map(len, here.logs.values())))
    for node, epoch, entries in whole_logs(here):
        places = [
            entry.seq or 0 for entry in entries if node != here.name or not here.lost(epoch, entry.seq or 0)
        ]
        if places != list(range(1, len(places) + 1)):
            found.offending.append(f"{node}/{epoch}")
    found.offending += [
        f"{node}/{epoch}/{seq} twice"
        for node, epoch, seq in here.rows(
            "SELECT node, epoch, seq FROM ledger_entry WHERE seq IS NOT NULL"
            " GROUP BY node, epoch, seq HAVING count(*) > 1"
        )
    ]
    return found


@check(
    "L2",
    "The chain is whole: hash(i) = SHA-256(hash(i-1) + canonical bytes); an epoch begins where one before it ended.",
)
def chain_is_whole(here: Database) -> Found:
    found = Found()
    whole = {(node, epoch) for node, epoch, _entries in whole_logs(here)}
    passed: dict[str, set[str]] = {}  # hashes of each node so far: where the next epoch may begin
    for (node, epoch), entries in sorted(here.logs.items()):
        earlier = set(passed.get(node, {GENESIS}))
        before: Entry | None = None
        for entry in entries:
            found.rows += 1
            right = hashlib.sha256(bytes.fromhex(entry.previous) + entry.body).hexdigest()
            if entry.hash != right or (
                before and before.seq == (entry.seq or 0) - 1 and before.hash != entry.previous
            ):
                found.offending.append(entry.key)
            elif (
                entry.seq == 1 and (node, epoch) in whole and entry.previous not in earlier
                and not (node == here.name and here.lost(epoch, 1))
            ):  # fmt: skip
                found.offending.append(f"{entry.key} begins nowhere")
            before = entry
            passed.setdefault(node, {GENESIS}).add(entry.hash)
    return found


@check("L3", "Every entry is signed by the key of its node and epoch, and names its own place.")
def entries_are_signed(here: Database) -> Found:
    found = Found()
    keys = {
        (node, epoch): key
        for node, epoch, key in here.rows("SELECT node, epoch, sign_public FROM ledger_noderecord")
    }
    for entry in here.entries:
        if not entry.seq:
            continue
        found.rows += 1
        says = read_once(entry.body)
        if (says["node"], says["epoch"], says["seq"]) != entry.place:
            found.offending.append(entry.key)
            continue
        key = keys.get((entry.node, entry.epoch))
        if not key or not _is_signed(key, bytes(entry.signature), entry.hash):
            found.offending.append(entry.key)
    return found


@lru_cache(maxsize=5000)  # five nodes that know the same entries are looked at one after the other
def _is_signed(key: str, signature: bytes, digest: str) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(signature, b"openpaspor-ledger-v1\n" + bytes.fromhex(digest))
    except InvalidSignature:
        return False
    return True


@across(
    "L4",
    "History never changes: every head written beside a database, and every count a peer confirmed, is still on the chain.",
)
def heads_still_stand(country: Country) -> Found:
    found = Found()
    for one in country.databases:
        for epoch, seq, digest, where in _heads(one):
            found.rows += 1
            entry = one.by_place.get((one.name, epoch, seq))
            if entry is None or entry.hash != digest:
                found.offending.append(f"{one.name}/{epoch}/{seq}: {where} knows another")
        chains = _chains(one, found)
        for other in country.databases:
            for epoch, heard, chain in other.rows(
                "SELECT heard_epoch, heard, heard_chain FROM ledger_link WHERE peer = %s AND heard > 0",
                one.name,
            ):
                ours = chains.get(other.name, {})
                if ours and epoch == one.epoch:
                    found.rows += 1
                    if ours.get(heard, chain) != chain:
                        found.offending.append(f"{other.name} heard another {heard} of {one.name}")
    if not found.rows:
        raise CannotJudge("a head beside the database, or a selection that went over a line")
    return found


def _heads(one: Database) -> list[tuple[int, int, str, str]]:
    """What was written beside a database of its own log: epoch, place, hash, where."""
    last = one.file("heads.json")
    heads = [(row["epoch"], row["seq"], row["hash"], "epochs.json") for row in one.ends]
    if last.get("seq") and last.get("node") == one.name:
        heads.append((last["epoch"], last["seq"], last["hash"], "heads.json"))
    return heads


def _chains(one: Database, found: Found) -> dict[str, dict[int, str]]:
    """The chain of each selection as it was queued, by link and count; a step that does not follow offends."""
    chains: dict[str, dict[int, str]] = {}
    for link, count, chain, digest in one.rows(
        "SELECT o.link_id, o.count, o.chain, e.hash FROM ledger_outgoing o JOIN ledger_entry e ON e.id = o.entry_id"
        " ORDER BY o.link_id, o.count"
    ):
        found.rows += 1
        steps = chains.setdefault(link, {})
        before = steps.get(count - 1) or (GENESIS if count == 1 else None)
        if before and hashlib.sha256(bytes.fromhex(before) + bytes.fromhex(digest)).hexdigest() != chain:
            found.offending.append(f"{one.name}: selection {count} for {link}")
        steps[count] = chain
    return chains


@across(
    "L5",
    "No fork: one hash for each place of a log over all copies; where there are two, the node is shut out and a person knows.",
)
def no_fork(country: Country) -> Found:
    copies = [
        (one.name, {place: entry.hash for place, entry in one.by_place.items()}) for one in country.databases
    ]
    copies += [
        (f"the second copy of {one.name}", one.second_copy) for one in country.databases if one.second_copy
    ]
    if len(copies) < 2:
        raise CannotJudge("the databases of other nodes (--node), or a second copy")
    found = Found()
    known: dict[tuple[str, int, int], tuple[str, str]] = {}
    shut_out = {
        peer
        for one in country.databases
        for (peer,) in one.rows("SELECT peer FROM ledger_link WHERE quarantined <> ''")
    }
    incidents = sum(
        one.count("SELECT count(*) FROM ledger_conflict WHERE code = 'fork'") for one in country.databases
    )
    for where, hashes in copies:
        for place, digest in hashes.items():
            found.rows += 1
            before, first = known.setdefault(place, (digest, where))
            if before != digest and not (place[0] in shut_out and incidents):
                found.offending.append(f"{'/'.join(map(str, place))} differs at {first} and {where}")
    return found


@across("L6", "The centre has all: its head of each log is the node's own.", when=QUIET)
def centre_has_all(country: Country) -> Found:
    centre, others = nodes_beside_the_centre(country)
    found = Found()
    for one in others:
        mine = [
            entry for (node, _epoch), log in sorted(one.logs.items()) if node == one.name for entry in log
        ]
        if mine:
            found.rows += 1
            head = max(mine, key=lambda entry: entry.place)
            there = [entry.place for entry in centre.by_place.values() if entry.node == one.name]
            if centre.by_place.get(head.place) is None or max(there) > head.place:
                found.offending.append(
                    f"{one.name}: {head.key}, at the centre {max(there, default=('nothing',))}"
                )
    return found


def nodes_beside_the_centre(country: Country) -> tuple[Database, list[Database]]:
    """The centre's database and the others. Raises CannotJudge when one side is missing."""
    if country.centre is None or len(country.databases) < 2:
        raise CannotJudge("the databases of the centre and of another node (--node)")
    return country.centre, country.others


@check(
    "L7",
    "Row and entry are one transaction: every version of an application has exactly one move in the log.",
)
def rows_and_entries_agree(here: Database) -> Found:
    found = Found()
    versions: dict[str, set[int]] = {}
    for entry in here.entries:
        if entry.kind == "applications.moved" and not entry.void:
            versions.setdefault(entry.application, set()).add(entry.version or 0)
    known = set()
    for ref, version in here.rows("SELECT ref, version FROM applications_application"):
        found.rows += 1
        known.add(ref)
        if versions.get(ref, set()) != set(range(1, version + 1)):
            found.offending.append(ref)
    parked = {
        ref for (ref,) in here.rows("SELECT DISTINCT application FROM ledger_parked")
    }  # an earlier part has not come
    found.offending += sorted(set(versions) - known - parked)
    return found


@check("L8", "Nothing waits for its seal longer than ten seconds.", when=QUIET)
def nothing_stays_unsealed(here: Database) -> Found:
    found = Found(len(here.entries))
    newest = max((entry.recorded_at for entry in here.own), default=None)
    found.offending = [
        f"{entry.kind} of {entry.recorded_at:%Y-%m-%d %H:%M:%S}"
        for entry in here.entries
        if not entry.seq and newest and newest - entry.recorded_at > SEALED_WITHIN
    ]
    return found


JUMP = timedelta(minutes=2)  # by which a node's clock may be off before it must doubt it
RUNS_OUT = frozenset({"lapse", "lapse_incomplete", "miss", "expire", "end_uncollected"})  # moves by the clock


@check(
    "L9",
    "Time is plausible: where a node's clock went back it says that it doubts it, and while it does nothing runs out there.",
)
def time_is_plausible(here: Database) -> Found:
    found, doubts = Found(), _doubts(here)
    for place, log in here.logs.items():
        for since, _after, until in doubts.get(place, ()):
            found.offending += [
                f"{entry.key}: {entry.fact['move']} while the clock was doubted"
                for entry in log
                if since < entry.place[2] < until
                and entry.actor == "worker"
                and entry.fact.get("move") in RUNS_OUT
            ]
    mine = (here.name, here.epoch)  # of earlier epochs others may have given something back later
    for before, entry in itertools.pairwise(here.logs.get(mine, ())):
        found.rows += 1
        if before.sealed_at is None or entry.sealed_at is None or before.sealed_at - entry.sealed_at <= JUMP:
            continue
        last, next_ = before.place[2], entry.place[2]
        if not any(after < next_ and last <= until for _since, after, until in doubts.get(mine, ())):
            found.offending.append(f"{entry.key} was sealed before {before.key}")
    return found


def _doubts(one: Database) -> dict[tuple[str, int], list[tuple[int, int, int]]]:
    """For each log: where a doubt begins, the last entry that was surely before, and where the doubt ends."""
    found: dict[tuple[str, int], list[tuple[int, int, int]]] = {}
    for place, log in one.logs.items():
        since: tuple[int, int] | None = None
        for entry in log:
            if entry.kind == "ledger.clock_doubted" and since is None:
                since = (entry.seq or 0, min(entry.fact["after_seq"], entry.seq or 0))
            elif entry.kind == "ledger.clock_trusted" and since is not None:
                found.setdefault(place, []).append((*since, entry.seq or 0))
                since = None
        if since is not None:
            found.setdefault(place, []).append((*since, 2**62))
    return found


@check("L10", "Reading is recorded: every staff look names who, why and what.", may_be_empty=True)
def looks_are_whole(here: Database) -> Found:
    found = Found()
    for entry in here.entries:
        if entry.kind == "accounts.looked":
            found.rows += 1
            said = all(entry.fact.get(name) for name in ("why", "what", "application"))
            if not entry.actor or not said:
                found.offending.append(f"entry {entry.id}")
    return found
