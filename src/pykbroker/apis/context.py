"""What a handler may know and touch: the request's circumstances, and the broker's services.

``Services`` is what the broker is made of as handlers see it; a test builds one with fakes. ``RequestContext`` is
made anew for each request and is small. Waiting goes through the context, because answers of the same connection that
are ready must leave before their connection waits for a later one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import trio

from pykbroker.bell import Bell
from pykbroker.machine.engine import Reply
from pykbroker.waiting import wait_until

if TYPE_CHECKING:
    from pykbroker.apis.fetch_sessions import FetchSessionCache
    from pykbroker.apis.table import ApiTable
    from pykbroker.config.config import BrokerConfig
    from pykbroker.log.log_manager import LogManager
    from pykbroker.metadata.current import CurrentMetadata
    from pykbroker.replication.replica_manager import ReplicaManager
    from pykbroker.services.controller import ControllerService
    from pykbroker.services.groups import GroupService
    from pykbroker.services.producer_ids import ProducerIds
    from pykbroker.services.transactions import TransactionService
    from pykbroker.world import World

T = TypeVar("T")


class CloseConnection(Exception):
    """What this client sent cannot be answered in the protocol: its connection is closed, and the log says why."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything handlers work with. One per broker."""

    node_id: int
    cluster_id: str
    config: BrokerConfig
    world: World
    metadata: CurrentMetadata
    replicas: ReplicaManager
    logs: LogManager
    controller: ControllerService
    producer_ids: ProducerIds
    groups: GroupService
    transactions: TransactionService
    fetch_sessions: FetchSessionCache
    apis: ApiTable
    stopping: Bell
    """Rung once, at shutdown: whoever waits answers what it has."""


class Client(Protocol):
    """The connection a request came in on, as a handler sees it."""

    id: int
    host: str
    """The client's address, as Kafka prints it in group descriptions without the leading slash."""
    listener_name: str
    advertised: tuple[str, int]
    """Where this broker is reached by this client: host and port."""
    software_name: str
    software_version: str
    is_stopping: bool

    async def flush(self) -> None:
        """Send the answers that are ready."""


class RequestContext:
    """One request's circumstances."""

    __slots__ = ("client", "client_id", "correlation_id", "services", "version")

    def __init__(
        self, services: Services, client: Client, version: int, correlation_id: int, client_id: str | None
    ) -> None:
        self.services = services
        self.client = client
        self.version = version
        self.correlation_id = correlation_id
        self.client_id = client_id

    @property
    def now_ms(self) -> int:
        """The wall clock, in milliseconds."""
        return self.services.world.clock.now_ms()

    async def wait_until(self, ready: Callable[[], bool], bells: Iterable[Bell], timeout_ms: float) -> bool:
        """Wait for a condition; False when ``timeout_ms`` have passed or the broker is stopping before it holds."""
        if ready():
            return True
        if timeout_ms <= 0:
            return False
        await self.client.flush()
        client = self.client
        held = await wait_until(
            lambda: client.is_stopping or ready(), [*bells, self.services.stopping], timeout_ms / 1000
        )
        return held and (not client.is_stopping or ready())

    async def answer(self, reply: Reply[T]) -> T:
        """What a state machine answered, waiting for it if it is parked. Raises KafkaError."""
        if not reply.done:
            await self.client.flush()
            answered = trio.Event()
            reply.on_done(answered.set)
            await answered.wait()
        return reply.result()


Handler = Callable[[RequestContext, T], Awaitable[object]]
