"""An empty installation becomes what a backup says, under a new epoch."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection

from openpaspor.kit import clock
from openpaspor.kit.disk import sync_folder
from openpaspor.ledger import node
from openpaspor.ledger.models import Entry
from openpaspor.ledger.worker import work_until_idle
from openpaspor.nodes import backups, new_epoch, tables


@dataclass
class Restored:
    """What came of it."""

    backup: str
    epoch: int = 0
    entries: int = 0
    rpo_s: float | None = None  # age of the newest entry in the backup
    rto_s: float = 0.0
    missing_attachments: list[str] = field(default_factory=list)
    missing_heads: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.missing_attachments and not self.missing_heads


def restore(source: Path, keys_from: Path | None) -> Restored:
    """Fill this (empty) installation. Everything is read and checked before the first byte is written.

    Without `keys_from` the keys that lie in the home are used. Raises BackupTrouble or BackupChanged.
    """
    began = time.monotonic()
    secret = backups.passphrase()
    backups.insist_on_an_empty_home()
    manifest = backups.read_manifest(backups.newest(source), secret)
    if manifest.says["engine"] != connection.vendor:
        raise backups.BackupTrouble(
            say=f"This backup is one of {manifest.says['engine']}; set OPENPASPOR_DATABASE_URL accordingly."
        )
    backups.check_database(manifest)
    found = Restored(str(manifest.folder), missing_attachments=backups.missing_files(manifest))
    if keys_from is not None:
        backups.load_keys(keys_from, secret)
    home = node.here().home
    if not (home / "keys" / "sign.key").exists():
        raise backups.BackupTrouble(
            say="The keys of this node are not here. Give the folder that holds them with --keys-from."
        )
    if node.here().name != manifest.says["node"]:
        raise backups.BackupTrouble(
            say=f"This is a backup of {manifest.says['node']}. Set OPENPASPOR_NODE={manifest.says['node']}."
        )
    with backups.filling(home):
        _attachments(manifest, home, set(found.missing_attachments))
        _database(manifest, home)
        tables.bring_up_to_date()
        tables.count_anew()
        _since(manifest, found)
        found.epoch = new_epoch.begin("restore", tickets=new_epoch.TICKETS_OF_A_DAY)
        work_until_idle(with_sweeps=False)
        connection.close()
    found.rto_s = round(time.monotonic() - began, 1)
    return found


def _attachments(manifest: backups.Manifest, home: Path, missing: set[str]) -> None:
    store = manifest.folder.parent / "attachments"
    for digest in backups.digests_of(manifest):
        if digest not in missing:
            target = home / "attachments" / digest[:2] / digest[2:]
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            backups.copy_file(store / digest[:2] / digest[2:], target)
    for folder in backups.folders_of(home / "attachments"):
        sync_folder(folder)


def _database(manifest: backups.Manifest, home: Path) -> None:
    if connection.vendor == "postgresql":
        _into_postgres(manifest)
        return
    aside = home / "openpaspor.sqlite3.restored"
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        for piece in backups.opened(manifest, "database"):
            handle.write(piece)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(aside, home / "openpaspor.sqlite3")
    sync_folder(home)


def _into_postgres(manifest: backups.Manifest) -> None:
    program = backups.postgres_program("pg_restore")
    connection.close()
    command = [program, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    taking = subprocess.Popen(
        [*command, *backups._where()],
        env=backups._pg_environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert taking.stdin
    try:
        for piece in backups.opened(manifest, "database"):
            taking.stdin.write(piece)
    except BrokenPipeError:
        pass  # it says why
    _out, said = taking.communicate()
    if taking.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise backups.BackupTrouble(say=f"pg_restore stopped: {lines[0] if lines else taking.returncode}")


def _since(manifest: backups.Manifest, found: Restored) -> None:
    """What we have, beside what the manifest said we would."""
    found.entries = Entry.objects.sealed().count()
    for head in manifest.says["heads"]:
        if not Entry.objects.filter(**head).exists():
            found.missing_heads.append(head)
    newest = manifest.says["newest_entry_at"]
    if newest:
        age = clock.real_now() - datetime.fromisoformat(newest)
        found.rpo_s = round(age.total_seconds(), 1)


def answer_of(found: Restored) -> dict[str, Any]:
    return asdict(found) | {"whole": found.is_whole}
