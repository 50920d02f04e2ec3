"""Disks that belong to one node alone: they fill up, turn read-only, or lose what was not synced, as in a power cut. Needs root."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from openpaspor.nodes.installation import Installation

os.environ["PATH"] += ":/usr/sbin:/sbin"  # there lie the tools for disks
SHUT_DOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
NOTHING_MORE = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH: what no fsync has written is lost
MENDED = 1  # exit code of fsck
SIZE = 2**30  # bytes; a sparse file, so what is used


def run(*words: str | Path) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def unmount(folder: Path, seconds: float = 10) -> None:
    """A process that was just killed may hold its files a moment longer."""
    ends = time.monotonic() + seconds
    while (
        folder.is_mount() and subprocess.run(["umount", folder], check=False, capture_output=True).returncode
    ):
        assert time.monotonic() < ends, f"somebody holds {folder}"
        time.sleep(0.05)


class Disk:
    """An ext4 file system in a file of its own, mounted at `folder`."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.image, self.folder = image, folder
        with open(image, "wb") as file:
            file.truncate(SIZE)
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1,lazy_journal_init=1", image)
        self.plug_in()

    def plug_in(self) -> None:
        """As after a power cut: the file system looks itself over, and is mounted."""
        looked = subprocess.run(["fsck.ext4", "-p", self.image], check=False, capture_output=True, text=True)
        assert looked.returncode in (0, MENDED), looked.stdout
        run("mount", "-o", "loop,errors=remount-ro", self.image, self.folder)
        self.folder.chmod(0o700)

    def plug_out(self) -> None:
        unmount(self.folder)

    def lose_power(self) -> None:
        """From now on not a byte reaches the disk, and what was written and not synced is lost."""
        place = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(place, SHUT_DOWN, struct.pack("I", NOTHING_MORE))
        finally:
            os.close(place)

    def turn_read_only(self) -> None:
        """What Linux does when it reads nonsense on a disk. It stays so until the machine starts anew."""
        device = Path(run("findmnt", "-no", "SOURCE", self.folder)).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1\n")


@contextlib.contextmanager
def in_memory(node: Installation, size: str = "1g") -> Iterator[None]:
    """The stopped node's folder on a disk in memory, which one may fill."""
    with _moved(node):
        run("mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "openpaspor", node.home)
        try:
            with _copied(node):
                yield
        finally:
            unmount(node.home)


@contextlib.contextmanager
def on_ext4(node: Installation) -> Iterator[Disk]:
    """The stopped node's folder on a disk that loses power or breaks as a real one."""
    with _moved(node):
        disk = Disk(node.home.with_suffix(".disk"), node.home)
        try:
            with _copied(node):
                yield disk
        finally:
            disk.plug_out()
            disk.image.unlink()


@contextlib.contextmanager
def _moved(node: Installation) -> Iterator[None]:
    kept = _kept(node)
    node.home.rename(kept)
    node.home.mkdir(mode=0o700)
    try:
        yield
    finally:
        node.home.rmdir()
        kept.rename(node.home)


@contextlib.contextmanager
def _copied(node: Installation) -> Iterator[None]:
    """What lies beside goes onto the disk, and back."""
    kept = _kept(node)
    shutil.copytree(kept, node.home, dirs_exist_ok=True)
    os.sync()
    try:
        yield
    finally:
        node.stop()
        shutil.rmtree(kept)
        shutil.copytree(node.home, kept)


def _kept(node: Installation) -> Path:
    return node.home.with_suffix(".kept")


def fill(folder: Path) -> Path:
    """Let not a byte be free there. Returns the file that takes it all."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(2**20)):
            pass
    return filler
