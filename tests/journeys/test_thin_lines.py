"""The relay's thin line is as thin as it says."""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from openpaspor.nodes.cluster.relay import LATE, Line, Pipe, Shape
from openpaspor.nodes.installation import free_port

pytestmark = pytest.mark.once
RATE = 125_000  # bytes a second
SENT = 60_000  # bytes over each of two lines


async def _send(port: int, size: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"x" * size)
    await writer.drain()
    answer = await reader.readexactly(2)
    writer.close()
    return answer


async def _seconds(pipe: str) -> float:
    """How long it takes until a listener has SENT bytes over each of two slow lines, begun together."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(SENT)
        writer.write(b"ok")
        with contextlib.suppress(OSError):
            await writer.drain()

    there = await asyncio.start_server(take, "127.0.0.1", 0)
    to = there.sockets[0].getsockname()[1]
    pipes: dict[str, Pipe] = {}
    ports = [free_port(), free_port()]
    made = []
    for port in ports:
        shape = Shape(f"to-{port}", port, to, "slow", RATE, pipe)
        made.append(Line(shape, pipes))
        await made[-1].be(shape)
    began = time.monotonic()
    assert await asyncio.gather(*(_send(port, SENT) for port in ports)) == [b"ok", b"ok"]
    took = time.monotonic() - began
    assert [line.passed[True] for line in made] == [SENT, SENT]
    for line in made:
        await line.be(Shape(line.shape.name, line.shape.port, to, "closed"))
    there.close()
    return took


def _measured(pipe: str) -> float:
    """In a thread of its own: a browser of another test may have left its event loop in this one."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(lambda: asyncio.run(_seconds(pipe))).result()


def test_two_lines_of_one_house_share_what_it_has():
    apart, together = _measured(""), _measured("house")

    alone = SENT / RATE
    assert alone - LATE <= apart < 2 * alone
    assert together >= 2 * alone - LATE
