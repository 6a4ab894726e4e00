"""``serve --trace``: every request and every answer as a line people can read.

A dispatcher that tells what it sees before and after it lets the real one work; without ``--trace`` it is not even
imported. The invariant is that of ``wire.describe``: secrets and users' records are never shown, and a line is bounded
however large the frame is. Never: changes what is answered, or fails because something cannot be explained.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pykbroker.apis.context import CloseConnection, Services
from pykbroker.network import Part
from pykbroker.server.connection import Connection
from pykbroker.server.dispatch import API_VERSIONS_KEY, Dispatcher
from pykbroker.wire.describe import explain_frame
from pykbroker.wire.header import decode_request_header

SIZE_PREFIX_BYTES = 4
EXPLAINED_BYTES = 1024 * 1024
"""Of a longer answer, only the beginning is read and explained: a Fetch may carry 50 MiB out of files."""


class TracingDispatcher(Dispatcher):
    """Answers as any dispatcher, and says so."""

    def __init__(self, services: Services, write: Callable[[str], object]) -> None:
        """``write`` takes a line without its end."""
        super().__init__(services)
        self._write = write

    async def answer(self, connection: Connection, frame: memoryview | bytes) -> list[Part] | None:
        """As ``Dispatcher.answer``: a line before, a line after with the milliseconds between them."""
        self._say(connection, f"> {explain_frame(frame, 'request').line()}")
        started_ms = self.now_ms()
        try:
            parts = await super().answer(connection, frame)
        except CloseConnection as reason:
            self._say(connection, f"! closing: {reason}")
            raise
        line = "(no answer is wanted)" if parts is None else self._explained(frame, parts)
        self._say(connection, f"< {line} after {self.now_ms() - started_ms} ms")
        return parts

    def _explained(self, request: memoryview | bytes, parts: list[Part]) -> str:
        header, _ = decode_request_header(request)
        version = header.api_version
        if header.api_key == API_VERSIONS_KEY and version not in self._apis.versions[API_VERSIONS_KEY]:
            version = 0
        size = sum(map(len, parts)) - SIZE_PREFIX_BYTES
        explained = explain_frame(_beginning(parts)[SIZE_PREFIX_BYTES:], "response", header.api_key, version)
        return f"{explained.line()} ({size} bytes)"

    def _say(self, connection: Connection, what: str) -> None:
        now_ms = self.now_ms()
        clock = time.strftime("%H:%M:%S", time.localtime(now_ms / 1000))
        self._write(f"{clock}.{now_ms % 1000:03d} #{connection.id} {connection.host} {what}")


def _beginning(parts: list[Part]) -> bytes:
    """The first bytes of an answer; slices of files are read, but no further than is explained."""
    read = b""
    for part in parts:
        if len(read) >= EXPLAINED_BYTES:
            break
        read += bytes(part) if isinstance(part, (bytes, bytearray, memoryview)) else part.read()
    return read[: EXPLAINED_BYTES + SIZE_PREFIX_BYTES]
