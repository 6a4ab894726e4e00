"""What bounds a server: memory held by requests, connections, connections per address, idle time.

Kafka's names: ``queued.max.request.bytes``, ``max.connections``, ``max.connections.per.ip`` with its overrides
(``ConnectionQuotas``), ``connections.max.idle.ms``.
"""

from __future__ import annotations

from collections.abc import Mapping

import trio


class RequestMemory:
    """How many bytes of requests are in hand. Unlimited (-1) unless the user limits it, as in Apache Kafka.

    A connection waits for room before it receives the rest of a large request; bytes that have arrived are always
    taken, so the bound can be passed by one small read per connection.
    """

    __slots__ = ("_freed", "_limit_bytes", "held_bytes")

    def __init__(self, limit_bytes: int = -1) -> None:
        self._limit_bytes = limit_bytes
        self._freed: trio.Event | None = None
        self.held_bytes = 0

    def take(self, size: int) -> None:
        self.held_bytes += size

    def give_back(self, size: int) -> None:
        self.held_bytes -= size
        if self._freed is not None and size:
            self._freed.set()
            self._freed = None

    async def wait_for_room(self, size: int) -> None:
        """Return when ``size`` more bytes fit, or when nothing is held (one request always may)."""
        if self._limit_bytes < 0:
            return
        while self.held_bytes and self.held_bytes + size > self._limit_bytes:
            if self._freed is None:
                self._freed = trio.Event()
            await self._freed.wait()


class ConnectionLimits:
    """Counts connections per address and says whether one more may come."""

    def __init__(self, limit: int, limit_per_address: int, overrides: Mapping[str, int]) -> None:
        """``overrides`` maps an address to its own limit (``max.connections.per.ip.overrides``)."""
        self._limit = limit
        self._limit_per_address = limit_per_address
        self._overrides = overrides
        self._counts: dict[str, int] = {}
        self.total = 0

    def refusal(self, host: str) -> str | None:
        """Why a connection from ``host`` may not come in; None when it may."""
        if self.total >= self._limit:
            return f"max.connections={self._limit} are open"
        limit = self._overrides.get(host, self._limit_per_address)
        if self._counts.get(host, 0) >= limit:
            return f"max.connections.per.ip: {host} already has {limit}"
        return None

    def opened(self, host: str) -> None:
        self.total += 1
        self._counts[host] = self._counts.get(host, 0) + 1

    def closed(self, host: str) -> None:
        self.total -= 1
        self._counts[host] -= 1
        if not self._counts[host]:
            del self._counts[host]
