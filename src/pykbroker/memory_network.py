"""A network in memory: the very server code without sockets, in virtual time if the test wishes.

Both ends of a ``MemoryTransport`` live in one process and one trio loop. What one end sends is there for the other at
once; a closed end reads as the end of the stream, and writing to it is a broken connection, as with TCP.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import trio

from pykbroker.network import Listener, Part, Transport

FIRST_FREE_PORT = 40_000


class MemoryTransport:
    """One end of a connection."""

    def __init__(self, local: tuple[str, int], peer: tuple[str, int]) -> None:
        self.local = local
        self.peer = peer
        self._other: MemoryTransport = self
        self._inbox = bytearray()
        self._something = trio.Event()
        self._peer_closed = False
        self._woken = False

    async def receive_into(self, buffer: memoryview) -> int:
        """Bytes that have come, as many as fit; 0 once the other end has closed."""
        await trio.lowlevel.checkpoint()
        while not self._inbox:
            if self._woken:
                raise trio.ClosedResourceError
            if self._peer_closed:
                return 0
            self._something = trio.Event()
            await self._something.wait()
        count = min(len(buffer), len(self._inbox))
        buffer[:count] = self._inbox[:count]
        del self._inbox[:count]
        return count

    async def send(self, parts: Sequence[Part]) -> None:
        """Put everything into the other end's inbox."""
        await trio.lowlevel.checkpoint()
        if self._peer_closed:
            raise trio.BrokenResourceError
        for part in parts:
            self._other._inbox += part if isinstance(part, bytes | bytearray | memoryview) else part.read()
        self._other._something.set()

    def wake(self) -> None:
        self._woken = True
        self._something.set()

    def close(self) -> None:
        self._other._peer_closed = True
        self._other._something.set()
        self.wake()


class MemoryListener:
    """A bound address."""

    def __init__(self, network: MemoryNetwork, address: tuple[str, int]) -> None:
        self.address = address
        self._network = network
        self._arriving, self._waiting = trio.open_memory_channel[MemoryTransport](1024)

    async def accept(self) -> Transport:
        return await self._waiting.receive()

    def arrive(self, transport: MemoryTransport) -> None:
        """A client has connected."""
        self._arriving.send_nowait(transport)

    def close(self) -> None:
        self._network.listeners.pop(self.address, None)
        self._waiting.close()


class MemoryNetwork:
    """All addresses of a world in memory."""

    def __init__(self) -> None:
        self.listeners: dict[tuple[str, int], MemoryListener] = {}
        self._ports = itertools.count(FIRST_FREE_PORT)

    async def listen(self, host: str, port: int) -> list[Listener]:
        """Bind; raises OSError when the address is taken."""
        await trio.lowlevel.checkpoint()
        address = (host, port or next(self._ports))
        if address in self.listeners:
            raise OSError(f"address {host}:{port} is taken")
        listener = self.listeners[address] = MemoryListener(self, address)
        return [listener]

    async def connect(self, host: str, port: int) -> Transport:
        """A connection to whoever listens there; raises OSError when nobody does."""
        await trio.lowlevel.checkpoint()
        listener = self.listeners.get((host, port))
        if listener is None:
            raise OSError(f"connection to {host}:{port} refused")
        client_address = ("127.0.0.1", next(self._ports))
        ours = MemoryTransport(client_address, (host, port))
        theirs = MemoryTransport((host, port), client_address)
        ours._other, theirs._other = theirs, ours
        listener.arrive(theirs)
        return ours
