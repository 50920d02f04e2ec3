"""Installations in network namespaces of their own, on one wire that can be cut as a real one: packets vanish, nobody is told."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from openpaspor.nodes import installation
from openpaspor.nodes.installation import Installation

Result = TypeVar("Result")
NEW_NETWORK = 0x40000000  # CLONE_NEWNET
PORT = 8000


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def may_make_namespaces() -> bool:
    """It needs root, and a kernel that has them."""
    name = f"op-try-{os.getpid()}"
    try:
        ip("netns", "add", name)
        ip("netns", "delete", name)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


class Wire:
    """A switch, and the boxes that are plugged into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.net = f"10.77.{os.getpid() % 250}"
        self.switch = f"op{os.getpid() % 100000}"
        self.boxes: dict[str, Box] = {}

    def __enter__(self) -> Wire:
        ip("link", "add", self.switch, "type", "bridge")
        ip("link", "set", self.switch, "up")
        return self

    def __exit__(self, *_: object) -> None:
        for box in self.boxes.values():
            box.kill()
            with contextlib.suppress(subprocess.CalledProcessError):
                ip("netns", "delete", box.namespace)
        ip("link", "delete", self.switch)

    def plug_in(self, name: str) -> Box:
        """A new box with an address on the wire."""
        number = len(self.boxes) + 1
        box = Box(
            self.folder / name / "home",
            f"{self.switch}-{name}",
            f"{self.net}.{number}",
            f"{self.switch}p{number}",
        )
        ip("netns", "add", box.namespace)
        ip("link", "add", box.plug, "type", "veth", "peer", "name", "eth0", "netns", box.namespace)
        ip("link", "set", box.plug, "master", self.switch, "up")
        for words in (
            ("addr", "add", f"{box.address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            ip("-n", box.namespace, *words)
        self.boxes[name] = box
        return box


class Box(Installation):
    """An installation in a network namespace."""

    def __init__(self, home: Path, namespace: str, address: str, plug: str) -> None:
        home.parent.mkdir(parents=True)
        super().__init__(home, PORT, OPENPASPOR_HOST="0.0.0.0", OPENPASPOR_HOSTS=address)  # noqa: S104 - its own network
        self.namespace, self.address, self.plug = namespace, address, plug

    @property
    def from_outside(self) -> str:
        return f"http://{self.address}:{PORT}"

    def inside(self, what: Callable[[], Result]) -> Result:
        """Do something as if on this box: sockets are opened in its network."""
        found: list[Result] = []
        trouble: list[BaseException] = []

        def enter() -> None:
            there = os.open(f"/var/run/netns/{self.namespace}", os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(there, NEW_NETWORK):
                    raise OSError(ctypes.get_errno(), "setns")
                found.append(what())
            except BaseException as error:  # noqa: BLE001 - raised again outside
                trouble.append(error)
            finally:
                os.close(there)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if trouble:
            raise trouble[0]
        return found[0]

    def command(self) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, *installation.COMMAND]

    def ready(self) -> dict[str, Any]:
        return self.inside(super().ready)

    def is_listening(self) -> bool:
        return self.inside(super().is_listening)

    # How its line is

    def pull_the_plug(self) -> None:
        """Nothing passes in either direction, and neither side is told."""
        ip("link", "set", self.plug, "down")

    def plug_back(self) -> None:
        ip("link", "set", self.plug, "up")

    @contextlib.contextmanager
    def deaf_to(self, other: Box) -> Iterator[None]:
        """What `other` says arrives here; our answers vanish."""
        ip("-n", self.namespace, "route", "add", "blackhole", f"{other.address}/32")
        try:
            yield
        finally:
            ip("-n", self.namespace, "route", "delete", "blackhole", f"{other.address}/32")
