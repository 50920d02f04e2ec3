"""What this machine must offer before anything starts: a writable local folder, room on the disk, a free port.

Standard library only: `tools/bootstrap.py` asks these before anything is installed, `openpaspor run` and
`openpaspor doctor` ask them again. Each question answers None, or one sentence that says what to do.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

OLDEST_PYTHON = (3, 11)
LEAST_FREE_MB = 500  # a demo country and its log; a running office is warned by /readyz long before
NETWORK_FILESYSTEMS = {
    "9p", "afs", "ceph", "cifs", "davfs", "fuse.davfs2", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs",
    "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs", "vboxsf",
}  # fmt: skip


def nearest_existing(path: Path) -> Path:
    """The folder itself, or the closest parent that is there."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def filesystem_of(path: Path, mounts: str | None = None) -> str:
    """The type of the file system that holds `path`, as /proc/mounts names it; "" when nobody can say."""
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text()
        except OSError:
            return ""
    place = nearest_existing(path).resolve()
    best, kind = -1, ""
    for line in mounts.splitlines():
        _, point, found, *_ = line.split(" ")
        folder = Path(point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        if (place == folder or folder in place.parents) and len(folder.parts) >= best:
            best, kind = len(folder.parts), found
    return kind


def trouble_with_network(home: Path) -> str | None:
    """SQLite's locks and its write-ahead log are only safe on a disk of this machine."""
    kind = filesystem_of(home)
    if kind not in NETWORK_FILESYSTEMS:
        return None
    return (
        f"The folder {home} lies on a network drive ({kind}), where SQLite can lose data. "
        "Set OPENPASPOR_HOME to a folder on a disk of this machine, or OPENPASPOR_DATABASE_URL to PostgreSQL."
    )


def trouble_with_writing(folder: Path) -> str | None:
    """Whether this user may write there, found by writing."""
    place = nearest_existing(folder)
    if not place.is_dir():
        return f"{place} is a file, where a folder is needed. Move it away, or set OPENPASPOR_HOME to another folder."
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".openpaspor-", buffering=0) as file:
            file.write(bytes(4096))  # a full disk may still take a name
            return None
    except OSError as error:
        return (
            f"The folder {place} cannot be written to ({error.strerror}). "
            "Make it yours (chown), or work in a copy inside your own home folder."
        )


def trouble_with_space(folder: Path) -> str | None:
    free_mb = shutil.disk_usage(nearest_existing(folder)).free // 1_000_000
    if free_mb >= LEAST_FREE_MB:
        return None
    return f"Only {free_mb} MB are free where {folder} lies; {LEAST_FREE_MB} MB are needed. Free some space."


def trouble_with_port(host: str, port: int) -> str | None:
    """Whether the server could listen there, found by listening."""
    if not 0 < port < 65536:
        return f"{port} is not a port. Choose a number from 1024 to 65535."
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(1)
            return None
    except PermissionError:
        return f"Port {port} may only be used by root. Choose one above 1023, for example: make run PORT=8000"
    except OSError as error:
        if error.errno in {98, 48}:  # EADDRINUSE on Linux, on BSD
            other = port + 1 if port < 65535 else 8000
            return f"Port {port} is in use by another program. Stop that one, or choose another: make run PORT={other}"
        return f"Nothing can listen on {host}:{port} ({error.strerror}). Set OPENPASPOR_HOST to an address of this machine."


def home_from_environment(default: Path) -> Path:
    """The folder that holds everything this installation knows."""
    return Path(os.environ.get("OPENPASPOR_HOME") or default).absolute()
