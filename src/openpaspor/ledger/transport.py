"""The one way out of this node: a message goes to an address, an answer comes back. Replaced in simulations."""

from __future__ import annotations

import http.client
import os
import ssl
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from .messages import LONGEST

PATH = "/wire/v1"
TIMEOUT = 5.0  # seconds without a byte; a half-open line shows after this

Transport = Callable[[str, bytes], bytes]


class LineDown(Exception):
    """Nobody answered, or not to the end. What was sent may or may not have been taken."""


_open = threading.local()


def post(url: str, message: bytes, *, timeout: float = TIMEOUT) -> bytes:
    """Send `message` to the node at `url` and return its answer, unread. Keeps the connection. Raises LineDown."""
    try:
        return _ask(_connection(url, timeout), message)
    except (OSError, http.client.HTTPException) as trouble:
        hang_up(url)
        raise LineDown(type(trouble).__name__) from trouble


def hang_up(url: str) -> None:
    """Forget the connection to `url`."""
    kept = getattr(_open, "lines", {}).pop(url, None)
    if kept is not None:
        kept.close()


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    lines: dict[str, http.client.HTTPConnection] = _open.__dict__.setdefault("lines", {})
    if url not in lines:
        where = urlsplit(url)
        host, port = where.hostname or "", where.port
        lines[url] = (
            http.client.HTTPSConnection(host, port, timeout=timeout, context=_context())
            if where.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=timeout)
        )
    return lines[url]


def _context() -> ssl.SSLContext:
    """Trusts the machine's authorities, or only the one in OPENPASPOR_WIRE_CA."""
    return ssl.create_default_context(cafile=os.environ.get("OPENPASPOR_WIRE_CA"))


def _ask(line: http.client.HTTPConnection, message: bytes) -> bytes:
    fresh = line.sock is None
    try:
        line.request("POST", PATH, message, {"Content-Type": "application/octet-stream"})
        answer = line.getresponse()
    except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
        line.close()
        if fresh:
            raise
        return _ask(line, message)  # it was closed while nobody spoke; messages can be repeated
    body = answer.read(LONGEST + 1)
    if answer.status != 200:
        raise http.client.HTTPException(str(answer.status))
    return body
