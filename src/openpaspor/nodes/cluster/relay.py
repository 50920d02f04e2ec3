"""The lines of the cluster: TCP from one port to another, in a process of its own, that can be cut in every way a line fails.

`lines.json` says how each line is; it is read again whenever it changes. Modes:

open      everything passes
closed    connections are refused and broken
one-way   what the caller says arrives, no answer comes back
half-open the caller is let in, and then nothing passes in either direction
slow      at most `rate` bytes a second in each direction; lines of one `pipe` share it, as those of one office do

What does not pass waits, as in a network that sends it again: after a heal it arrives, if both ends still listen.
`doors.json` names the ports on which TLS ends, and where the plain side goes. `passed.json` counts the bytes that
went over each line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

LINES, DOORS, PASSED = "lines.json", "doors.json", "passed.json"
MODES = ("open", "closed", "one-way", "half-open", "slow")
LOOKS_EVERY = 0.1  # seconds
COUNTS_EVERY = 0.5  # seconds
LATE = 0.05  # seconds that this process may wake up too late without making a slow line thinner than it is
PIECE, SLOW_PIECE = 65536, 2048  # bytes read at once


@dataclass(frozen=True)
class Shape:
    """How one line is: listens on `port`, leads to `to`, both on loopback. `rate`: bytes a second when slow.

    `pipe`: what it goes through together with others, each byte after the other; empty: it is alone.
    """

    name: str
    port: int
    to: int
    mode: str = "open"
    rate: int = 0
    pipe: str = ""


def read_lines(folder: Path) -> dict[str, Shape]:
    return {row["name"]: Shape(**row) for row in json.loads((folder / LINES).read_text())}


def write_lines(folder: Path, lines: dict[str, Shape]) -> None:
    """Write how the lines are, whole or not at all."""
    _write(folder / LINES, [asdict(line) for line in lines.values()])


def _write(path: Path, what: object) -> None:
    aside = path.with_name(f"{path.name}.new")
    aside.write_text(json.dumps(what, indent=1))
    os.replace(aside, path)


def passed(folder: Path) -> dict[str, tuple[int, int]]:
    """Bytes that went over each line since the relay began, TLS and all: (toward the callee, toward the caller). Half a second old."""
    counted = json.loads((folder / PASSED).read_text())
    return {name: (onward, back) for name, (onward, back) in counted.items()}


def shape(folder: Path, name: str, mode: str, *, rate: int = 0, pipe: str = "") -> Shape:
    """Let a line be otherwise, within a fifth of a second. Raises KeyError when there is no such line."""
    lines = read_lines(folder)
    lines[name] = replace(lines[name], mode=mode, rate=rate, pipe=pipe)
    write_lines(folder, lines)
    return lines[name]


class Pipe:
    """What one or several lines go through: in each direction one byte after the other."""

    def __init__(self) -> None:
        self.free_at = {True: 0.0, False: 0.0}  # by direction (True: toward the callee), monotonic

    async def carry(self, size: int, rate: int, *, onward: bool) -> None:
        """Return when `size` bytes have gone through at `rate` bytes a second, after all that came before them."""
        now = time.monotonic()
        self.free_at[onward] = max(now - LATE, self.free_at[onward]) + size / rate
        await asyncio.sleep(max(0.0, self.free_at[onward] - now))


class Line:
    """One line while it runs. `pipes` are those of all lines, by name."""

    def __init__(self, shape: Shape, pipes: dict[str, Pipe]) -> None:
        self.shape = shape
        self.pipes = pipes
        self.passed = {True: 0, False: 0}  # bytes, by direction (True: toward the callee)
        self.changed = asyncio.Event()
        self.writers: set[asyncio.StreamWriter] = set()
        self.server: asyncio.Server | None = None

    async def be(self, shape: Shape) -> None:
        self.shape = shape
        if shape.mode == "closed":
            for writer in list(self.writers):
                writer.transport.abort()
            await self._close()
        elif self.server is None:
            self.server = await asyncio.start_server(self._connected, "127.0.0.1", shape.port)
        self.changed.set()
        self.changed = asyncio.Event()

    async def _close(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _join(reader, writer, self.shape.to, self)

    def passes(self, onward: bool) -> bool:
        return self.shape.mode in ("open", "slow") or (self.shape.mode == "one-way" and onward)

    async def let_pass(self, size: int, *, onward: bool) -> None:
        """Return when `size` bytes may go on."""
        while not self.passes(onward):
            await self.changed.wait()
        if self.shape.mode == "slow":
            pipe = self.pipes.setdefault(self.shape.pipe or self.shape.name, Pipe())
            await pipe.carry(size, self.shape.rate, onward=onward)
        self.passed[onward] += size

    @property
    def piece(self) -> int:
        return SLOW_PIECE if self.shape.mode == "slow" else PIECE


async def _join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: int, line: Line | None
) -> None:
    """Carry bytes both ways between a caller and the port `to`, until one side has enough."""
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to)
    except OSError:
        writer.transport.abort()
        return
    ends = {writer, far_writer}
    if line:
        line.writers |= ends
    ways = [
        asyncio.ensure_future(_carry(reader, far_writer, line, onward=True)),
        asyncio.ensure_future(_carry(far_reader, writer, line, onward=False)),
    ]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    for end in ends:
        with contextlib.suppress(OSError):
            end.close()
    if line:
        line.writers -= ends


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line | None, *, onward: bool
) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(line.piece if line else PIECE):
            if line:
                await line.let_pass(len(data), onward=onward)
            writer.write(data)
            await writer.drain()


async def _serve(folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "loopback.pem", folder / "loopback.key")
    for door, to in json.loads((folder / DOORS).read_text()).items():

        async def opened(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: int = to) -> None:
            await _join(reader, writer, to, None)

        await asyncio.start_server(opened, "127.0.0.1", int(door), ssl=context)
    lines: dict[str, Line] = {}
    pipes: dict[str, Pipe] = {}
    seen, counted_at = 0, 0.0
    while True:
        written = (folder / LINES).stat().st_mtime_ns
        if written != seen:
            seen = written
            for name, wanted in read_lines(folder).items():
                if name not in lines:
                    lines[name] = Line(wanted, pipes)
                    await lines[name].be(wanted)
                elif lines[name].shape != wanted:
                    await lines[name].be(wanted)
            (folder / "relay.ready").write_text(str(seen))
        if time.monotonic() - counted_at >= COUNTS_EVERY:
            counted_at = time.monotonic()
            _write(
                folder / PASSED,
                {name: [line.passed[True], line.passed[False]] for name, line in lines.items()},
            )
        await asyncio.sleep(LOOKS_EVERY)


def main() -> None:
    """`python -m openpaspor.nodes.cluster.relay FOLDER`"""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
