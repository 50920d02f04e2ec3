"""Between nodes: A5 all is at the centre once, Y1 rows agree, Y2 cursor and effect, Y3 what is parked stops itself alone, Y4 nothing is dropped, Y5 the
outbox is kept, Y6 a restored node goes on under a new epoch; A9 the files that rows name are there."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import time
from typing import Any

from cryptography.exceptions import InvalidTag

from .clients import OK
from .databases import OFFICE, Country, Database, read_once, utc
from .journey import MOVED, TOLD, plain
from .log import nodes_beside_the_centre
from .opening import box_key, opened, unwrapped
from .places import deed_rows
from .run import QUIET, CannotJudge, Found, across, check


@across(
    "A5",
    "Every entry of every node is at the centre exactly once, byte for byte; every deed a client was told of was done once.",
    when=QUIET,
)
def all_is_at_the_centre(country: Country) -> Found:
    if not country.deeds or len(country.databases) > 1:
        centre, others = nodes_beside_the_centre(country)
    else:
        centre, others = country.here, []
    found = Found()
    for one in others:
        mine = {entry.place: entry for entry in one.own if entry.seq}
        theirs = {place: entry for place, entry in centre.by_place.items() if place[0] == one.name}
        for place, entry in mine.items():
            found.rows += 1
            if place not in theirs or theirs[place].body != entry.body:
                found.offending.append(
                    f"{entry.key} {'differs' if place in theirs else 'missing'} at the centre"
                )
        for place, entry in theirs.items():
            if place not in mine and place[1] >= one.epoch:
                found.offending.append(f"{entry.key} at the centre, and {one.name} never wrote it")
    done = deed_rows(country)
    for deed in country.deeds:
        found.rows += 1
        times = len(done.get(deed.action_id, ()))
        if times > 1 or (deed.answer == OK and not times):
            found.offending.append(f"{deed.key} done {times} times")
    return found


SHARED = (
    *MOVED,
    *TOLD,
    "kind",
    "channel",
    "booklet",
    "years",
    "nik_key",
    "person_key",
    "name_key",
    "born_key",
)


@across(
    "Y1",
    "What nodes know of the applications they share is the same, column by column, but for those at which a person must look.",
    when=QUIET,
)
def rows_agree(country: Country) -> Found:
    if len(country.databases) < 2:
        raise CannotJudge("the databases of other nodes (--node)")
    found = Found()
    first: dict[str, tuple[str, tuple[Any, ...]]] = {}
    doubted = {
        ref
        for one in country.databases
        for (ref,) in one.rows("SELECT application FROM ledger_conflict WHERE seen_at IS NULL")
    }
    for one in country.databases:
        for ref, *values in sorted(
            one.rows(f"SELECT ref, {', '.join(SHARED)} FROM applications_application")
        ):
            row = tuple(map(plain, values))
            if ref not in first:
                first[ref] = (one.name, row)
                continue
            found.rows += 1
            where, other = first[ref]
            apart = [name for name, ours, theirs in zip(SHARED, other, row, strict=True) if ours != theirs]
            if apart and ref not in doubted:
                found.offending.append(f"{ref} at {where} and {one.name}: {', '.join(apart)}")
    return found


@check(
    "Y2",
    "A cursor moves only together with its effects: a move that was read is in the row, one of another node that was not read is not.",
)
def cursor_and_effect(here: Database) -> Found:
    cursors = dict(here.rows("SELECT follower, position FROM ledger_cursor"))
    found, read = Found(len(cursors)), cursors.get("applications.copy_moved", 0)
    apart = {
        ref
        for (ref,) in here.rows(
            "SELECT application FROM ledger_parked UNION SELECT application FROM ledger_conflict"
        )
    }
    rows = dict(here.rows("SELECT ref, version FROM applications_application"))
    for entry in here.entries:
        if (
            entry.kind != "applications.moved"
            or entry.void
            or not entry.position
            or entry.application in apart
        ):
            continue
        found.rows += 1
        there = rows.get(entry.application, 0) >= (entry.version or 0)
        if entry.position <= read and not there:
            found.offending.append(f"{entry.key} was read and is not in the row")
        if entry.position > read and there and entry.node != here.name:
            found.offending.append(f"{entry.key} is in the row and was not read")
    return found


@check(
    "Y3",
    "What cannot be taken is parked with its cause and holds up its own application alone; all else is read.",
    when=QUIET,
)
def parked_alone(here: Database) -> Found:
    found = Found(here.count("SELECT count(*) FROM ledger_cursor"))
    parked = here.rows("SELECT follower, application, cause FROM ledger_parked")
    found.rows += len(parked)
    first = {(follower, ref) for follower, ref, cause in parked if cause != "behind"}
    for follower, ref, cause in parked:
        if not cause or (cause == "behind" and (not ref or (follower, ref) not in first)):
            found.offending.append(f"{follower} {ref}: {cause or 'no cause'}")
    top = max((entry.position or 0 for entry in here.entries if not entry.void), default=0)
    read = here.rows("SELECT max(position) FROM ledger_cursor")[0][0] or 0
    if read < top:
        found.offending.append(f"{top - read} entries that nobody read")
    return found


@check(
    "Y4",
    "Nothing is dropped: what a row says of an entry is what its sealed bytes say, kinds and fields of newer versions too.",
)
def nothing_is_dropped(here: Database) -> Found:
    found = Found()
    for entry in here.entries:
        if not entry.seq:
            continue
        found.rows += 1
        says = read_once(entry.body)
        same = (
            says["kind"] == entry.kind
            and says["actor"] == entry.actor
            and utc(says["recorded_at"]) == entry.recorded_at
            and says["fact"] == entry.fact
            and says["fact"].get("application", "") == entry.application
        )
        if not same:
            found.offending.append(entry.key)
    return found


@across(
    "Y5",
    "Nothing leaves an outbox before the peer's database has confirmed it; entries never leave.",
    when=QUIET,
)
def outbox_is_kept(country: Country) -> Found:
    found = Found()
    by_name = {one.name: one for one in country.databases}
    for one in country.databases:
        kept: dict[str, set[int]] = {}
        for link, count in one.rows("SELECT link_id, count FROM ledger_outgoing"):
            kept.setdefault(link, set()).add(count)
        for peer, queued, epoch, confirmed in one.rows(
            "SELECT peer, queued, confirmed_epoch, confirmed FROM ledger_link"
        ):
            found.rows += 1
            other = by_name.get(peer)
            if queued:
                missing = set(range(confirmed + 1, queued + 1)) - kept.get(peer, set())
                found.offending += [f"{one.name}: {count} for {peer} is gone" for count in sorted(missing)]
            elif confirmed and other and (one.name, epoch, confirmed) not in other.by_place:
                found.offending.append(
                    f"{one.name}: {peer} confirmed {epoch}/{confirmed} and does not have it"
                )
        for epoch in {entry.epoch for entry in one.own if entry.seq}:
            first = one.logs[one.name, epoch][0]
            if first.seq != 1:
                found.offending.append(f"{one.name}: its log of epoch {epoch} begins at {first.seq}")
    if not found.rows:
        raise CannotJudge("a line to another node")
    return found


@across(
    "Y6",
    "A database that was put back is noticed before its node says anything new: it goes on under a new epoch, and what it had said"
    " since is at the centre, and on the list of what a person looks at.",
    when=QUIET,
)
def put_back_is_noticed(country: Country) -> Found:
    found = Found()
    homes = [one for one in country.databases if one.home and one.file("heads.json")]
    put_back = [one for one in country.databases if one.closed]
    if not homes and not put_back:
        raise CannotJudge("a home folder with its heads.json")
    for one in put_back:
        found.rows += 1
        found.offending += _not_recovered(one, country.centre)
    listed = {place for one in country.databases for place in one.roles}
    for one in homes:
        found.rows += 1
        head = one.file("heads.json")
        if head["epoch"] < one.epoch or any(row["epoch"] >= head["epoch"] for row in one.closed):
            found.offending.append(f"{one.name}: epoch {one.epoch} after it was closed")
        if head.get("seq") and (one.name, head["epoch"], head["seq"]) not in one.by_place:
            found.offending.append(f"{one.name}: {head['epoch']}/{head['seq']} was sealed and is gone")
        if (one.name, head["epoch"]) not in listed:
            found.offending.append(f"{one.name}: nobody lists epoch {head['epoch']}")
        for row in one.ends:
            if (one.name, row["epoch"], row["seq"]) not in one.by_place:
                found.offending.append(
                    f"{one.name}: epoch {row['epoch']} ended at {row['seq']}, which is gone"
                )
    return found


def _not_recovered(one: Database, centre: Database | None) -> list[str]:
    """What a node said after the place to which it was put back, and that is neither at the centre nor on its list."""
    listed = {ref for (ref,) in one.rows("SELECT application FROM ledger_conflict WHERE code = 'given-back'")}
    missing = [
        f"{one.name}: {ref} was moved after the backup and nobody is asked to look"
        for ref in sorted(
            {
                entry.application
                for entry in one.own
                if one.role == OFFICE and entry.kind == "applications.moved" and not entry.void
                and one.lost(entry.epoch, entry.seq or 0)
            } - listed
        )
    ]  # fmt: skip
    if centre and centre is not one:
        missing += [
            f"{'/'.join(map(str, place))} is in the second copy alone"
            for place in sorted(set(one.second_copy) - set(centre.by_place))
            if one.lost(place[1], place[2])
        ]
    return missing


@check(
    "A9",
    "Every picture that a row names is here whole and opens, or is on its way; and nothing lies here that nobody names.",
    when=QUIET,
    may_be_empty=True,
)
def files_are_whole(here: Database) -> Found:
    if here.home is None:
        return Found()
    found, store = Found(), here.home / "attachments"
    coming = {digest for (digest,) in here.rows("SELECT digest FROM ledger_wanted")}
    keyed = "SELECT application_id FROM applications_dossierkey WHERE node = %s"
    keys = _keys(here)
    for digest, ref, kind, size in here.rows(
        "SELECT p.digest, a.ref, p.kind, p.size FROM applications_attachment p"
        " JOIN applications_application a ON a.id = p.application_id"
        f" WHERE NOT p.replaced AND p.application_id IN ({keyed})", here.name,
    ):  # fmt: skip
        found.rows += 1
        path = store / digest[:2] / digest[2:]
        sealed = path.read_bytes() if path.exists() else None
        if sealed is None:
            if digest not in coming:
                found.offending.append(f"{ref}: {digest[:12]} is not here")
        elif hashlib.sha256(sealed).hexdigest() != digest:
            found.offending.append(f"{ref}: {digest[:12]} was changed")
        elif ref in keys and not _opens(keys[ref], sealed, f"{ref}|attachment:{kind}", size):
            found.offending.append(f"{ref}: {digest[:12]} does not open as its {kind}")
    named = {digest for (digest,) in here.rows("SELECT digest FROM applications_attachment")}
    for entry in here.entries:
        if entry.kind == "applications.dossier_sealed":
            named.add(entry.fact["document"])
            named |= {paper.split(":")[1] for paper in entry.fact["attachments"]}
    yesterday = time.time() - 24 * 3600
    for path in store.glob("??/*"):
        if path.parent.name + path.name not in named and path.stat().st_mtime < yesterday:
            found.offending.append(f"{path.parent.name}{path.name[:10]} is of nobody")
    return found


def _keys(here: Database) -> dict[str, bytes]:
    """The keys of applications that this node can open; one that was wrapped to an earlier box of it is left to K4."""
    box = box_key(here)
    found: dict[str, bytes] = {}
    if box is None:
        return found
    wrapped = here.rows(
        "SELECT a.ref, k.wrapped FROM applications_dossierkey k JOIN applications_application a ON a.id = k.application_id"
        " WHERE k.node = %s",
        here.name,
    )
    for ref, closed in wrapped:
        with contextlib.suppress(InvalidTag, ValueError):
            found[ref] = unwrapped(box, base64.b64decode(closed))
    return found


def _opens(key: bytes, sealed: bytes, purpose: str, size: int) -> bool:
    try:
        return len(opened(key, sealed, f"openpaspor-dossier-v1|{purpose}")) == size
    except InvalidTag:
        return False
