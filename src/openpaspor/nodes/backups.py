"""Backups: one consistent moment of the database, the attachments, and apart from them the keys; all of it closed.

`DIR/attachments/ab/cdef…`  the encrypted files of the store by their digest, each copied once for all backups
`DIR/<moment>/database`     the database at that moment, closed with a fresh key
`DIR/<moment>/attachments`  the digests that belong to it, closed as well
`DIR/<moment>/manifest.json` size and SHA-256 of both, the head of every log, the fresh key under the passphrase, and a
                            MAC over all that, so that a changed manifest is noticed
`KEYS/keys-<node>.json`     every key of this node, under the passphrase
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from openpaspor.kit import clock
from openpaspor.kit.disk import sync_folder
from openpaspor.kit.refused import Refused
from openpaspor.ledger import identity, node, vault
from openpaspor.ledger.canonical import canonical
from openpaspor.ledger.keys import Unreadable
from openpaspor.ledger.models import Entry
from openpaspor.ledger.seal import seal_pending
from openpaspor.ledger.second_copy import copy_file
from openpaspor.nodes.boot import boot

PASSPHRASE = "OPENPASPOR_BACKUP_PASSPHRASE"
LEAST_LETTERS = 12
MOMENTS = 100  # tried, to find one at which nothing waits to be sealed
MARK = "restoring"  # a file in the home while it is being filled
OURS = ("openpaspor.sqlite3", "heads.json", "epochs.json", "second-copy.json")


class BackupTrouble(Refused):
    """The backup or restore cannot begin, or had to stop; nothing half made is left."""

    code = "backup-trouble"
    message = "%(say)s"


class BackupChanged(Exception):
    """A part of the backup is missing, or is not what was written. The text says which."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself, after its MAC was checked, and the key of its parts."""

    folder: Path
    says: dict[str, Any]
    key: bytes


def passphrase() -> str:
    """The passphrase of backups, from the environment. Raises BackupTrouble."""
    given = os.environ.get("OPENPASPOR_BACKUP_PASSPHRASE", "")
    if len(given) < LEAST_LETTERS:
        raise BackupTrouble(
            say=f"Set {PASSPHRASE} to a passphrase of at least {LEAST_LETTERS} letters, and keep it elsewhere."
        )
    return given


# --- making -----------------------------------------------------------------------------------------------


def make(to: Path, keys_to: Path | None) -> dict[str, Any]:
    """Write one backup into `to` (and the keys into `keys_to`), then read it back. Returns the manifest and its place."""
    secret = passphrase()
    if keys_to is not None:
        if keys_to.resolve() == to.resolve() or to.resolve() in keys_to.resolve().parents:
            raise BackupTrouble(
                say="Keys and data may not lie together: choose another folder for --keys-to."
            )
        save_keys(keys_to, secret)
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    moment = clock.real_now()
    name = f"{moment:%Y%m%dT%H%M%S}-{os.urandom(2).hex()}"
    aside = to / f".{name}"
    for left in to.glob(".2*"):  # of a backup that was killed
        shutil.rmtree(left, ignore_errors=True)
    aside.mkdir(mode=0o700)
    try:
        key = os.urandom(32)
        parts, facts = _write_database(aside / "database", key)
        copied, digests = _copy_attachments(to)
        listed = "".join(f"{digest}\n" for digest in digests).encode()
        parts |= {"attachments": vault.close_file([listed], aside / "attachments", key, "backup-attachments")}
        us = node.here()
        says: dict[str, Any] = {
            "schema": 1, "node": us.name, "role": us.role, "offices": list(us.offices), "epoch": us.epoch,
            "made_at": moment.isoformat(), "engine": connection.vendor, "attachments": len(digests), **facts,
            "parts": {part: {"size": found.size, "sha256": found.sha256} for part, found in parts.items()},
            "key": vault.lock_up(key, secret, "backup-key"),
        }  # fmt: skip
        _write_json(aside / "manifest.json", says | {"mac": _mac(says, key)})
        sync_folder(aside)
        os.replace(aside, to / name)
        sync_folder(to)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    manifest = read_manifest(to / name, secret)
    check_database(manifest)
    return {"backup": str(to / name), "copied": copied} | {
        k: says[k] for k in ("node", "epoch", "made_at", "newest_entry_at", "attachments", "heads", "parts")
    }


def _write_json(path: Path, values: dict[str, Any]) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(values, handle, indent=1)
        handle.flush()
        os.fsync(handle.fileno())


def _mac(says: dict[str, Any], key: bytes) -> str:
    return hmac.new(key, b"openpaspor-manifest-v1\n" + canonical(says), hashlib.sha256).hexdigest()


def _write_database(path: Path, key: bytes) -> tuple[dict[str, vault.Part], dict[str, Any]]:
    """The database at one moment, and what the log says at that moment."""
    writing = _from_sqlite if connection.vendor == "sqlite" else _from_postgres
    part, facts = writing(path, key)
    return {"database": part}, facts


def _from_sqlite(path: Path, key: bytes) -> tuple[vault.Part, dict[str, Any]]:
    aside = node.here().home / ".backup.sqlite3"
    aside.unlink(missing_ok=True)
    try:
        with (
            contextlib.closing(
                sqlite3.connect(str(settings.DATABASES["default"]["NAME"]), timeout=20)
            ) as live,
            contextlib.closing(sqlite3.connect(aside)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            heads = copy.execute(
                "SELECT node, epoch, seq, hash FROM ledger_entry AS e WHERE seq = (SELECT max(seq) FROM ledger_entry"
                " WHERE node = e.node AND epoch = e.epoch) ORDER BY node, epoch"
            ).fetchall()
            newest = copy.execute("SELECT max(sealed_at) FROM ledger_entry").fetchone()[0]
        with open(aside, "rb") as plain:
            part = vault.close_file(vault.pieces_of(plain), path, key, "backup-database")
    finally:
        for left in aside.parent.glob(f"{aside.name}*"):
            left.unlink(missing_ok=True)
    return part, _facts(heads, f"{newest}+00:00" if newest else "")


def _facts(heads: list[tuple[Any, ...]], newest: str) -> dict[str, Any]:
    rows = [dict(zip(("node", "epoch", "seq", "hash"), row, strict=True)) for row in heads]
    return {"heads": rows, "newest_entry_at": newest}


def _from_postgres(path: Path, key: bytes) -> tuple[vault.Part, dict[str, Any]]:
    """`pg_dump` of the very moment that we look at ourselves."""
    program = postgres_program("pg_dump")
    with _sealed_snapshot() as snapshot:
        tops = Entry.objects.filter(seq__isnull=False).values("node", "epoch").annotate(top=Max("seq"))
        heads = [
            Entry.objects.values_list("node", "epoch", "seq", "hash").get(
                node=row["node"], epoch=row["epoch"], seq=row["top"]
            )
            for row in tops.order_by("node", "epoch")
        ]
        newest = Entry.objects.aggregate(top=Max("sealed_at"))["top"]
        command = [program, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        dumping = subprocess.Popen(
            [*command, *_where()], env=_pg_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert dumping.stdout and dumping.stderr
        with dumping:
            part = vault.close_file(vault.pieces_of(dumping.stdout), path, key, "backup-database")
            said = dumping.stderr.read().decode(errors="replace").strip()
    if dumping.returncode:
        raise BackupTrouble(say=f"pg_dump stopped: {said.splitlines()[0] if said else dumping.returncode}")
    return part, _facts(heads, newest.isoformat() if newest else "")


@contextlib.contextmanager
def _sealed_snapshot() -> Iterator[str]:
    """A transaction and the name of its snapshot, at a moment at which everything that was said has its place in the log.

    Where the order of rows is not the order of commits, what a backup holds unsealed would be said a second time by the
    node that is put back. When many write, such a moment may not come: then what waits is in the backup as it is.
    """
    for tries_left in reversed(range(MOMENTS)):
        while seal_pending():
            pass
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SELECT pg_export_snapshot()")
                snapshot = cursor.fetchone()[0]
            if not tries_left or not Entry.objects.unsealed().exists():
                yield snapshot
                return


def postgres_program(name: str) -> str:
    """`pg_dump` or `pg_restore`, as new as the server or newer. Raises BackupTrouble."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        wanted = cursor.fetchone()[0]
    folders = [Path(path) for path in os.environ.get("PATH", "").split(os.pathsep) if path]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for program in (folder / name for folder in folders):
        if program.exists():
            said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
            if int("".join(filter(str.isdigit, said.split(")")[1].split(".")[0])) or 0) >= wanted:
                return str(program)
    raise BackupTrouble(
        say=f"There is no {name} of PostgreSQL {wanted} or newer here; install postgresql-client-{wanted}."
    )


def _where() -> list[str]:
    known = settings.DATABASES["default"]
    words = [f"--dbname={known['NAME']}", "--no-password"]
    for option, setting in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER")):
        words += [f"{option}={known[setting]}"] if known[setting] else []
    return words


def _pg_environment() -> dict[str, str]:
    secret = str(settings.DATABASES["default"]["PASSWORD"])
    return os.environ | ({"PGPASSWORD": secret} if secret else {})


def _copy_attachments(to: Path) -> tuple[int, list[str]]:
    """Copy what is not there yet. Returns how many were copied, and the digests of all."""
    copied, digests = 0, []
    for folder in folders_of(node.here().store.folder):
        target = to / "attachments" / folder.name
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = copied
        there = set(os.listdir(target))
        for name in sorted(os.listdir(folder)):
            if name.startswith("."):
                continue
            digests.append(folder.name + name)
            if name not in there:
                copy_file(folder / name, target / name)
                copied += 1
        if copied > before:
            sync_folder(target)
    return copied, digests


def folders_of(store: Path) -> Iterator[Path]:
    """The folders of a store, in order."""
    if store.is_dir():
        yield from sorted(folder for folder in store.iterdir() if folder.is_dir())


# --- keys -------------------------------------------------------------------------------------------------


def save_keys(folder: Path, secret: str) -> Path:
    """Every key of this node, and who it is, into one file under the passphrase."""
    us = node.here()
    keys = us.home / "keys"
    for name in ("sign", "box", "rest", "search", "reference"):
        us.keys.secret(name)  # made on first use; now is early enough
    files = {
        str(path.relative_to(keys)): path.read_bytes().hex()
        for path in sorted(keys.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    who = us.home / identity.FILE
    content = {"keys": files, "node.json": who.read_text() if who.exists() else ""}
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    locked = vault.lock_up(json.dumps(content).encode(), secret, f"keys:{us.name}")
    aside = folder / f".keys-{us.name}.new"
    _write_json(
        aside, {"schema": 1, "node": us.name, "role": us.role, "offices": list(us.offices), "locked": locked}
    )
    os.replace(aside, folder / f"keys-{us.name}.json")
    sync_folder(folder)
    return folder / f"keys-{us.name}.json"


def load_keys(folder: Path, secret: str) -> None:
    """Put the keys of this node back into its home; we are then the node whose keys they are. Raises BackupTrouble."""
    us = node.here()
    path = folder / f"keys-{us.name}.json"
    others = sorted(folder.glob("keys-*.json"))
    if not path.exists() and len(others) == 1:
        path = others[0]
    if not path.exists():
        raise BackupTrouble(
            say=f"There are no keys of {us.name} in {folder}. Set OPENPASPOR_NODE to its name."
        )
    try:
        kept = json.loads(path.read_text())
        content = json.loads(vault.unlock(kept["locked"], secret, f"keys:{kept['node']}"))
    except (Unreadable, ValueError, KeyError, TypeError):
        raise BackupTrouble(say=f"This passphrase does not open {path}, or the file was changed.") from None
    said_otherwise = bool(os.environ.get("OPENPASPOR_NODE")) or not content["node.json"]
    if kept["node"] != us.name and said_otherwise:
        raise BackupTrouble(say=f"These are the keys of {kept['node']}. Set OPENPASPOR_NODE={kept['node']}.")
    for name, raw in content["keys"].items():
        target = us.home / "keys" / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = target.with_name(f".{target.name}.new")
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
            handle.write(bytes.fromhex(raw))
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(aside, target)
    if content["node.json"]:
        (us.home / identity.FILE).write_text(content["node.json"])
    boot(identity.of(us.home, os.environ))


# --- looking ----------------------------------------------------------------------------------------------


def newest(folder: Path) -> Path:
    """The newest backup in `folder` (or `folder` itself, when it is one). Raises BackupTrouble."""
    if (folder / "manifest.json").exists():
        return folder
    found = sorted(path.parent for path in folder.glob("2*/manifest.json"))
    if not found:
        raise BackupTrouble(say=f"There is no backup in {folder}.")
    return found[-1]


def read_manifest(folder: Path, secret: str) -> Manifest:
    """Read and check what a backup says. Raises BackupTrouble (passphrase) or BackupChanged."""
    try:
        says = json.loads((folder / "manifest.json").read_text())
        mac, locked = says.pop("mac"), says["key"]
    except (ValueError, KeyError, AttributeError):
        raise BackupChanged(f"{folder}/manifest.json cannot be read") from None
    try:
        key = vault.unlock(locked, secret, "backup-key")
    except (Unreadable, KeyError, TypeError):
        raise BackupTrouble(
            say="This passphrase does not open the backup, or its manifest was changed."
        ) from None
    if not hmac.compare_digest(str(mac), _mac(says, key)):
        raise BackupChanged(f"{folder}/manifest.json was changed")
    return Manifest(folder, says, key)


def check_database(manifest: Manifest) -> None:
    """Read the database of a backup from its first to its last byte. Raises BackupChanged."""
    _check_part(manifest, "database")
    for _piece in opened(manifest, "database"):
        pass


def _check_part(manifest: Manifest, name: str) -> None:
    said = manifest.says["parts"][name]
    path = manifest.folder / name
    if not path.exists():
        raise BackupChanged(f"{path} is missing")
    found = vault.digest_of(path)
    if (found.size, found.sha256) != (said["size"], said["sha256"]):
        raise BackupChanged(f"{path} was changed")


def opened(manifest: Manifest, name: str) -> Iterator[bytes]:
    """The content of a part. Raises BackupChanged."""
    try:
        yield from vault.open_file(manifest.folder / name, manifest.key, f"backup-{name}")
    except Unreadable:
        raise BackupChanged(f"{manifest.folder / name} was changed") from None


def digests_of(manifest: Manifest) -> list[str]:
    """The digests of the attachments that belong to a backup."""
    _check_part(manifest, "attachments")
    return b"".join(opened(manifest, "attachments")).decode().split()


def missing_files(manifest: Manifest) -> list[str]:
    """Attachments that belong to the backup and are not there, or are not what their address says."""
    store = manifest.folder.parent / "attachments"
    missing = []
    for digest in digests_of(manifest):
        path = store / digest[:2] / digest[2:]
        if not path.exists() or vault.digest_of(path).sha256 != digest:
            missing.append(digest)
    return missing


# --- an empty home ----------------------------------------------------------------------------------------


def insist_on_an_empty_home() -> None:
    """Only an installation without anything may be filled. What an earlier try left half made is taken away."""
    home = node.here().home
    home.mkdir(parents=True, exist_ok=True)
    if (home / MARK).exists():
        clear(home)
    full = [name for name in OURS if (home / name).exists()]
    full += ["attachments"] if any(folders_of(home / "attachments")) else []
    if connection.vendor == "postgresql" and connection.introspection.table_names():
        full.append("tables in the database")
    if full:
        raise BackupTrouble(
            say=f"{home} is not empty ({', '.join(full)}). Only an empty installation is filled."
        )


def clear(home: Path) -> None:
    """Take away what a try to fill this home left; keys that lay there before stay."""
    connection.close()
    for name in OURS:
        for path in home.glob(f"{name}*"):
            path.unlink()
    shutil.rmtree(home / "attachments", ignore_errors=True)
    (home / MARK).unlink(missing_ok=True)


@contextlib.contextmanager
def filling(home: Path) -> Iterator[None]:
    """While the home is being filled nothing may start in it; when that fails it is empty again."""
    (home / MARK).write_text("A restore into this folder has begun and is not finished.\n")
    sync_folder(home)
    try:
        yield
    except BaseException:
        clear(home)
        raise
    (home / MARK).unlink()
    sync_folder(home)


def trouble_with_filling(home: Path) -> str | None:
    """A home that was not filled to the end is not opened."""
    if not (home / MARK).exists():
        return None
    return f"A restore into {home} did not come to its end. Run it again; it begins anew by itself."
