"""Serve this installation: Granian in front, and on SQLite the ledger's worker as a thread of the same process.

A main process watches over the serving ones: SIGTERM, SIGINT or a closed terminal stop all of them, a serving
process that dies takes the main one with it (systemd starts both anew), and when the main process is
killed outright the kernel stops the serving ones, so that no old code keeps a port.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, connections
from django.utils.translation import gettext as _
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from openpaspor.kit import lock
from openpaspor.ledger import epochs, second_copy, worker
from openpaspor.ledger.node import here
from openpaspor.nodes import backups, cli, machine, statics, tables
from openpaspor.nodes.boot import role_of

HELP = "serve the site on http://HOST:PORT"
PIECE, HEARS_AT_MOST = 64 * 2**10, 64 * 2**20
GIVE_UP_AFTER = 5.0  # seconds that a request which is being answered may hold up a stop
GIVE_UP_IDLE_AFTER = 1.5  # seconds that a line may hold it up on which nothing is being answered


class CannotStart(Exception):
    """The server may not start; the text is one sentence and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default=settings.HOST)
    parser.add_argument("--port", type=int, default=settings.PORT)
    parser.add_argument("--workers", type=int, default=2, help="serving processes; on SQLite always one")
    parser.add_argument(
        "--migrate", action="store_true", help="apply migrations first; on SQLite always done"
    )


def run(args: argparse.Namespace) -> int:
    os.umask(0o077)  # what we write is for our own eyes
    asked_to_stop = threading.Event()

    def stop(*_: object) -> None:
        asked_to_stop.set()  # remembered, as Python drops an exception that is raised in a finalizer
        raise KeyboardInterrupt

    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, stop)
    try:
        with sole_writer():
            insist(machine.trouble_with_port(args.host, args.port))
            insist(trouble_with_tls())
            migrate_or_refuse(allowed=args.migrate or is_sqlite())
            epochs.refuse_roll_back()
            worker.say_what_waits()
            statics.collect()
            return serve(args, asked_to_stop)
    except CannotStart as refusal:
        cli.say(str(refusal))
        return cli.CANNOT_START


def trouble_with_tls() -> str | None:
    """TLS wants both halves, and both must be there to read."""
    if not settings.TLS:
        return None
    if len(settings.TLS) != 2:
        return "For TLS set both OPENPASPOR_TLS_CERT and OPENPASPOR_TLS_KEY."
    return next((f"{path} cannot be read." for path in settings.TLS if not os.access(path, os.R_OK)), None)


def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def insist(trouble: str | None) -> None:
    if trouble:
        raise CannotStart(trouble)


@contextlib.contextmanager
def sole_writer() -> Iterator[None]:
    """On SQLite hold the home's lock; the serving process inherits it, so it lasts as long as either lives."""
    home = here().home
    insist(trouble_with_lost_home())
    insist(machine.trouble_with_writing(home))
    insist(backups.trouble_with_filling(home))
    insist(machine.trouble_with_space(home))
    if not is_sqlite():
        yield
        return
    insist(machine.trouble_with_network(home))
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(lock.hold(home))
        except lock.HomeInUse as refusal:
            raise CannotStart(str(refusal)) from None
        yield


def trouble_with_lost_home() -> str | None:
    """A home in which nothing ever was, beside a second copy of this node, is a box that was lost: it must not begin anew."""
    us, copies = here(), second_copy.place()
    if copies is None or any((us.home / name).exists() for name in backups.OURS):
        return None
    is_named = os.environ.get("OPENPASPOR_NODE")  # else whoever lies there is meant
    folders = [path for path in sorted(copies.glob("*")) if path.is_dir()]
    found = [path for path in folders if (path.name == us.name if is_named else is_second_copy(path))]
    if not found:
        return None
    return _(
        "%(home)s is empty, and %(folder)s is the second copy of a node that was lost. Get it back with: openpaspor"
        " node rebuild --second-copy %(copies)s --keys-from …  (docs/operate/when-a-box-is-lost.md). Neither was touched."
    ) % {"home": us.home, "folder": found[0], "copies": copies}


def is_second_copy(folder: Path) -> bool:
    """Whether a node wrote here; a folder that may not be read (lost+found) is none."""
    return any(os.path.isdir(folder / name) for name in ("log", "pages", "attachments"))


def migrate_or_refuse(*, allowed: bool) -> None:
    """Bring the tables up to date, or say who has to."""
    if allowed:
        tables.bring_up_to_date()
    elif tables.waiting():
        raise CannotStart(
            "The database is older than this program. Start once with --migrate while nothing else runs."
        )


def serve(args: argparse.Namespace, asked_to_stop: threading.Event) -> int:
    """Serve until told to stop. Returns 0, or the code with which a serving process died."""
    connections.close_all()  # what is forked must not share a connection
    multiprocessing.set_start_method("fork", force=True)  # hands the lock and the loaded program on
    server = Supervisor(
        "openpaspor",
        address=args.host,
        port=args.port,
        interface=Interfaces.WSGI,
        workers=1 if is_sqlite() else args.workers,
        blocking_threads=4,
        blocking_threads_idle_timeout=600,  # a thread keeps its database connection
        runtime_threads=1,
        workers_kill_timeout=1,
        log_level=LogLevels.warning,
        ssl_cert=settings.TLS[0] if settings.TLS else None,
        ssl_key=settings.TLS[1] if settings.TLS else None,
    )
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup wants us to outlive the terminal
        server.on_startup(lambda: signal.signal(signal.SIGHUP, server.signal_handler_interrupt))
    server.on_startup(lambda: asked_to_stop.is_set() and server.signal_handler_interrupt())
    parent, server.answering = os.getpid(), multiprocessing.Value("i", 0)
    os.register_at_fork(after_in_child=stop_at_once)

    def load() -> Callable[..., Any]:
        return counted(open_for_business(args, parent=parent), server.answering)

    with contextlib.suppress(SystemExit):
        server.serve(target_loader=load, wrap_loader=False)
    return next((code for code in server.exit_codes if code), 0)


class Supervisor(Server):  # type: ignore[misc,valid-type]
    """Granian, but it remembers how its serving processes ended, and stops them without waiting for nothing.

    Granian lets a process go on until every line is closed; a browser that has begun a request and does not end it would
    hold each stop up.
    """

    exit_codes: tuple[int, ...] = ()
    answering: Any  # multiprocessing.Value: requests that are being answered now, in all serving processes

    def _stop_workers(self) -> None:
        codes = (process.inner.exitcode or 0 for process in self.wrks)
        self.exit_codes = tuple(
            code if code >= 0 else 128 - code for code in codes
        )  # as a shell tells a signal
        for process in self.wrks:
            process.terminate()
        began = time.monotonic()
        while any(process.is_alive() for process in self.wrks):
            waited = time.monotonic() - began
            if waited > GIVE_UP_AFTER or (waited > GIVE_UP_IDLE_AFTER and not self.answering.value):
                break
            time.sleep(0.02)
        for process in self.wrks:
            if process.is_alive():
                process.kill()
                process.join()
        super()._stop_workers()


def stop_at_once() -> None:
    """In a process that was just forked: until Granian has its own handlers there, a stop ends it, and is never lost."""
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, signal.SIG_DFL)


def open_for_business(args: argparse.Namespace, *, parent: int) -> Callable[..., Any]:
    """What a serving process does first; returns the WSGI application."""
    os.setpgid(0, 0)  # Ctrl-C is for the main process, which then stops us in good order
    die_with_parent(parent)
    application = without_our_environment(hearing_all(get_wsgi_application()))
    if is_sqlite():
        worker.start_worker_thread()
    announce(args)
    return application


def die_with_parent(parent: int) -> None:
    """Linux: have the kernel stop this process when the main one is gone, however it went."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(cli.CANNOT_START)  # it went before we asked


def without_our_environment(application: Callable[..., Any]) -> Callable[..., Any]:
    """Granian puts the process's environment variables into every request; a request must not carry them."""
    ours = dict(os.environ)

    def clean(environ: dict[str, Any], start_response: Any) -> Any:
        return application(
            {name: value for name, value in environ.items() if ours.get(name) != value}, start_response
        )

    return clean


def hearing_all(application: Callable[..., Any]) -> Callable[..., Any]:
    """Take in what is left of a request before its answer goes out, and throw it away.

    Otherwise Granian closes the line while the browser still sends, and "your file is too large" is never read.
    Beyond `HEARS_AT_MOST` bytes the line is closed.
    """

    def patient(environ: dict[str, Any], start_response: Any) -> Any:
        answer = application(environ, start_response)
        if int(environ.get("CONTENT_LENGTH") or 0) > PIECE:
            heard = 0
            while heard < HEARS_AT_MOST and (piece := environ["wsgi.input"].read(PIECE)):
                heard += len(piece)
        return answer

    return patient


def counted(application: Callable[..., Any], answering: Any) -> Callable[..., Any]:
    """Keep count of the requests that are being answered."""

    def add(number: int) -> None:
        with answering.get_lock():
            answering.value += number

    def count(environ: dict[str, Any], start_response: Any) -> Any:
        add(1)
        try:
            return application(environ, start_response)
        finally:
            add(-1)

    return count


def announce(args: argparse.Namespace) -> None:
    """Say where the doors are: once, short."""
    host = "localhost" if args.host in {"127.0.0.1", "::1", "0.0.0.0", "::"} else args.host
    site = f"{'https' if settings.TLS else 'http'}://{host}:{args.port}"
    lines = [f"OpenPaspor is open on {site}. Ctrl-C stops it."]
    if here().demo:
        doors = doors_here()
        width = max(len(site + path) for _, path, _ in doors)
        lines += ["", f"{'door':<15} {'address':<{width}}  demo login"]
        lines += [f"{door:<15} {site + path:<{width}}  {login}" for door, path, login in doors]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def doors_here() -> list[tuple[str, str, str]]:
    """The doors of our role: what each is called, its address, and who opens it in the demo."""
    office = (here().offices or ("",))[0]
    return [
        (door, path.format(office=office), login.format(place=office.lower()))
        for door, path, login in role_of(here().role).DOORS
    ]
