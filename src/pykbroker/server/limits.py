"""What bounds a server: memory held by requests, connections, connections per address, idle time.

Kafka's names: ``queued.max.request.bytes``, ``max.connections`` (also for one listener), ``max.connections.per.ip``
with its overrides, ``max.connection.creation.rate`` (``ConnectionQuotas``), ``connections.max.idle.ms``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import trio

UNLIMITED_RATE = 2**31 - 1
SLOWEST_RATE = 0.1
"""A rate of 0 would close a listener for ever; it is taken as one connection in ten seconds."""
BURST_SECONDS = 1.0


class LimitsConfig(Protocol):
    """The part of ``BrokerConfig`` that limits connections, as it is at this moment."""

    def __getitem__(self, name: str) -> Any: ...
    def for_listener(self, listener_name: str, name: str) -> Any: ...
    def connection_overrides(self) -> dict[str, int]: ...


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
    """Counts connections, also per listener and per address, and says whether one more may come.

    What the limits are is looked up at every question, so that a configuration changed at run time holds at once.
    Connections that are open stay, whatever the new limit.
    """

    def __init__(self, config: LimitsConfig) -> None:
        self._config = config
        self._counts: dict[str, int] = {}
        self._listener_counts: dict[str, int] = {}
        self._overrides_text = ""
        self._overrides: Mapping[str, int] = {}
        self.total = 0

    def refusal(self, host: str, listener: str) -> str | None:
        """Why a connection from ``host`` to ``listener`` may not come in; None when it may."""
        config = self._config
        limit = config["max.connections"]
        if self.total >= limit:
            return f"max.connections={limit} are open"
        limit = config.for_listener(listener, "max.connections")
        if self._listener_counts.get(listener, 0) >= limit:
            return f"listener.name.{listener.lower()}.max.connections={limit} are open"
        limit = self._overrides_now().get(host, config["max.connections.per.ip"])
        if self._counts.get(host, 0) >= limit:
            return f"max.connections.per.ip: {host} already has {limit}"
        return None

    def _overrides_now(self) -> Mapping[str, int]:
        text = self._config["max.connections.per.ip.overrides"]
        if text != self._overrides_text:
            self._overrides_text, self._overrides = text, self._config.connection_overrides()
        return self._overrides

    def opened(self, host: str, listener: str) -> None:
        self.total += 1
        self._counts[host] = self._counts.get(host, 0) + 1
        self._listener_counts[listener] = self._listener_counts.get(listener, 0) + 1

    def closed(self, host: str, listener: str) -> None:
        self.total -= 1
        self._listener_counts[listener] -= 1
        self._counts[host] -= 1
        if not self._counts[host]:
            del self._counts[host]


class CreationRate:
    """How fast connections may come in: ``max.connection.creation.rate`` per second, for all and for one listener.

    A listener that is too fast accepts the next connection later (KIP-612); up to a second's worth may come at once.
    """

    def __init__(self, config: LimitsConfig) -> None:
        self._config = config
        self._spent: dict[str, float] = {}
        """Listener, or "" for all of them, → until when (in seconds) the connections so far have used up the rate."""

    def delay_seconds(self, listener: str, now: float) -> float:
        """Count one connection at ``now``; how long the next one has to wait."""
        total = self._count("", self._config["max.connection.creation.rate"], now)
        own = self._count(listener, self._config.for_listener(listener, "max.connection.creation.rate"), now)
        return max(total, own)

    def _count(self, name: str, rate: int, now: float) -> float:
        if rate >= UNLIMITED_RATE:
            return 0.0
        until = max(self._spent.get(name, 0.0), now) + 1 / max(rate, SLOWEST_RATE)
        self._spent[name] = until
        return max(until - now - BURST_SECONDS, 0.0)
