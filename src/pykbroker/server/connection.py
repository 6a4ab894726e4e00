"""One connection, one task: read, dispatch, write, strictly in order.

The invariant: answers leave in the order the requests came, and every complete frame that one read brought is answered
before the connection waits for the next, with one send where no answer is large. A handler that must wait flushes
what is ready first (``apis.context``).

What it never does: decode a request (``dispatch`` does), or keep a buffer while it idles: an idle connection is a
task, a socket and a few hundred bytes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import trio

from pykbroker.apis.context import CloseConnection
from pykbroker.network import Part, Transport
from pykbroker.wire.frame import FrameError, FrameReader

if TYPE_CHECKING:
    from pykbroker.server.dispatch import Dispatcher
    from pykbroker.server.limits import RequestMemory

log = logging.getLogger("pykbroker.connection")

FLUSH_FROM_BYTES = 1024 * 1024
"""Answers beyond this leave before the next request of the same read is looked at: a bound on memory per connection."""


class Connection:
    """A client's connection as dispatch and the handlers see it (``apis.context.Client``)."""

    __slots__ = (
        "_dispatcher",
        "_memory",
        "_out",
        "_out_bytes",
        "_reader",
        "_receiving",
        "_transport",
        "advertised",
        "host",
        "id",
        "is_stopping",
        "last_active_ms",
        "listener_name",
        "software_name",
        "software_version",
    )

    def __init__(
        self,
        transport: Transport,
        dispatcher: Dispatcher,
        *,
        connection_id: int,
        listener_name: str,
        advertised: tuple[str, int],
        max_frame_bytes: int,
        memory: RequestMemory,
        scratch: bytearray,
        now_ms: int,
    ) -> None:
        self._transport = transport
        self._dispatcher = dispatcher
        self._memory = memory
        self._reader = FrameReader(max_frame_bytes, scratch)
        self._out: list[Part] = []
        self._out_bytes = 0
        self._receiving = False
        self.id = connection_id
        self.host = transport.peer[0]
        self.listener_name = listener_name
        self.advertised = advertised
        self.is_stopping = False
        self.last_active_ms = now_ms
        self.software_name = ""
        self.software_version = ""

    async def serve(self) -> None:
        """Answer requests until the client leaves, misbehaves, or the broker stops. Closes the transport."""
        held = 0
        try:
            while not self.is_stopping:
                frames = await self._receive()
                if frames is None:
                    return
                held = sum(map(len, frames))
                self._memory.take(held)
                await self._answer_all(frames)
                del frames
                self._memory.give_back(held)
                held = 0
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client has gone, or the broker is stopping: neither is news
        except (CloseConnection, FrameError) as reason:
            log.warning("closing connection %d from %s: %s", self.id, self._peer_text(), reason)
        finally:
            self._memory.give_back(held)
            self._transport.close()

    async def _receive(self) -> list[memoryview | bytes] | None:
        """All complete frames of what the client sent next; None when it has closed."""
        reader = self._reader
        while True:
            await self._memory.wait_for_room(reader.pending_bytes)
            self._receiving = True
            count = await reader.receive(self._transport)
            self._receiving = False
            if count == 0:
                if reader.pending_bytes:
                    log.info("connection %d from %s closed in the middle of a request", self.id, self._peer_text())
                return None
            frames = reader.received(count)
            if frames:
                self.last_active_ms = self._dispatcher.now_ms()
                return frames

    async def _answer_all(self, frames: list[memoryview | bytes]) -> None:
        answer = self._dispatcher.answer
        for frame in frames:
            parts = await answer(self, frame)
            if parts:
                self._out += parts
                if len(parts) > 2:
                    self._out_bytes += sum(map(len, parts))
                    if self._out_bytes > FLUSH_FROM_BYTES:
                        await self.flush()
        if self._out:
            await self.flush()

    async def flush(self) -> None:
        """Send the answers that are ready."""
        if self._out:
            out, self._out, self._out_bytes = self._out, [], 0
            await self._transport.send(out)

    def stop(self) -> None:
        """Close as soon as the requests at hand are answered: at once, if there are none."""
        self.is_stopping = True
        if self._receiving:
            self._transport.wake()

    @property
    def is_idle(self) -> bool:
        """Whether the client has nothing unanswered."""
        return self._receiving

    def _peer_text(self) -> str:
        host, port = self._transport.peer
        return f"{host}:{port}"
