"""Listeners: bind, accept, one task per connection, and an orderly end.

``bind`` comes first and ``serve`` later: the ports are known before the broker registers itself, and nobody is
accepted before every API works (ready means ready). At the end, listeners close first, idle connections next, busy
ones once their requests are answered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import trio

from pykbroker.network import Listener, Network, Transport
from pykbroker.server.connection import Connection
from pykbroker.server.dispatch import Dispatcher
from pykbroker.server.limits import ConnectionLimits, CreationRate, RequestMemory
from pykbroker.wire.frame import SCRATCH_BYTES

log = logging.getLogger("pykbroker.server")


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """One entry of ``listeners`` with its entry of ``advertised.listeners``, if it has one."""

    name: str
    host: str
    port: int
    advertised: tuple[str, int] | None


@dataclass(slots=True)
class BoundListener:
    """A listener with its sockets (a name may stand for several addresses)."""

    config: ListenerConfig
    sockets: list[Listener]

    @property
    def port(self) -> int:
        """The real port, also when port 0 was asked for."""
        return self.sockets[0].address[1]

    def advertised_to(self, transport: Transport) -> tuple[str, int]:
        """Where the client of ``transport`` finds this broker: as configured, else the address it has just reached."""
        if self.config.advertised is not None:
            host, port = self.config.advertised
            return host, port or self.port
        return transport.local[0], self.port

    def registered_address(self) -> tuple[str, int]:
        """What the cluster's metadata and the start-up summary say: as configured, else a name for this machine."""
        if self.config.advertised is not None:
            host, port = self.config.advertised
            return host, port or self.port
        host = self.config.host
        return ("localhost" if host in ("", "0.0.0.0", "::") else host), self.port


class Server:
    """All listeners and connections of one broker."""

    def __init__(
        self,
        *,
        limits: ConnectionLimits,
        rate: CreationRate,
        memory: RequestMemory,
        max_frame_bytes: int,
        max_idle_ms: int,
        now_ms: Callable[[], int],
    ) -> None:
        self._limits = limits
        self._rate = rate
        self._memory = memory
        self._max_frame_bytes = max_frame_bytes
        self._max_idle_ms = max_idle_ms
        self._now_ms = now_ms
        self._next_id = 1
        self._scratch = bytearray(SCRATCH_BYTES)
        self.connections: dict[int, Connection] = {}
        self._emptied = trio.Event()
        self.listeners: list[BoundListener] = []

    async def bind(self, network: Network, configs: list[ListenerConfig]) -> None:
        """Bind every listener, or none: raises OSError."""
        try:
            for config in configs:
                self.listeners.append(BoundListener(config, await network.listen(config.host, config.port)))
        except OSError:
            self.close_listeners()
            raise

    def close_listeners(self) -> None:
        """Accept nobody any more."""
        for bound in self.listeners:
            for listener in bound.sockets:
                listener.close()

    async def serve(self, dispatcher: Dispatcher, nursery: trio.Nursery) -> None:
        """Start accepting. Returns at once; the tasks run in ``nursery``."""
        for bound in self.listeners:
            for listener in bound.sockets:
                nursery.start_soon(self._accept, bound, listener, dispatcher, nursery)
        nursery.start_soon(self._reap_idle)

    async def _accept(
        self, bound: BoundListener, listener: Listener, dispatcher: Dispatcher, nursery: trio.Nursery
    ) -> None:
        while True:
            try:
                transport = await listener.accept()
            except trio.ClosedResourceError:
                return
            refusal = self._limits.refusal(transport.peer[0], bound.config.name)
            if refusal is not None:
                log.warning("refusing a connection from %s: %s", transport.peer[0], refusal)
                transport.close()
                continue
            connection = Connection(
                transport,
                dispatcher,
                connection_id=self._next_id,
                listener_name=bound.config.name,
                advertised=bound.advertised_to(transport),
                max_frame_bytes=self._max_frame_bytes,
                memory=self._memory,
                scratch=self._scratch,
                now_ms=self._now_ms(),
            )
            self._next_id += 1
            nursery.start_soon(self._run, connection)
            delay_seconds = self._rate.delay_seconds(bound.config.name, trio.current_time())
            if delay_seconds:
                await trio.sleep(delay_seconds)

    async def _run(self, connection: Connection) -> None:
        self.connections[connection.id] = connection
        self._limits.opened(connection.host, connection.listener_name)
        try:
            await connection.serve()
        except Exception:
            # a bug of ours ends the connection it happened on, and no other: the broker goes on
            log.exception("connection %d from %s failed", connection.id, connection.host)
        finally:
            del self.connections[connection.id]
            if not self.connections:
                self._emptied.set()
                self._emptied = trio.Event()
            self._limits.closed(connection.host, connection.listener_name)

    async def _reap_idle(self) -> None:
        """Close connections that have asked nothing for ``connections.max.idle.ms``."""
        if self._max_idle_ms < 0:
            return
        while True:
            await trio.sleep(min(self._max_idle_ms / 2000, 30))
            before_ms = self._now_ms() - self._max_idle_ms
            for connection in list(self.connections.values()):
                if connection.is_idle and connection.last_active_ms < before_ms:
                    log.info("closing connection %d from %s: idle", connection.id, connection.host)
                    connection.stop()

    async def drain(self, grace_seconds: float) -> None:
        """Stop accepting, let requests in hand be answered for ``grace_seconds``, and return."""
        self.close_listeners()
        for connection in list(self.connections.values()):
            connection.stop()
        if self.connections:
            with trio.move_on_after(grace_seconds):
                await self._emptied.wait()
