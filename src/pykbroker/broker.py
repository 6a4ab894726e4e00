"""The one place where a broker is put together from ``(config, world)``, and where it begins and ends.

Start: log directories, metadata log, image, replicas, groups, listeners: in that order, each complete before the
next, so that "ready" means every API works. End (``stop``): no new connections, requests in hand answered, everything
flushed, the clean-shutdown marker written.

What runs beside the connections is in ``background``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import trio
import trio.lowlevel

from pykbroker.apis.context import Services
from pykbroker.apis.fetch_sessions import FetchSessionCache
from pykbroker.apis.table import ApiTable
from pykbroker.background import clean_logs, drive_timers, keep_house, make_cleaner
from pykbroker.bell import Bell
from pykbroker.config.config import BrokerConfig
from pykbroker.config.listeners import ListenerSpec
from pykbroker.controller.brokers import Registration
from pykbroker.controller.topics import create_topics
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.log_manager import LogManager
from pykbroker.machine.timers import Timers
from pykbroker.metadata.current import CurrentMetadata
from pykbroker.metadata.image import Endpoint
from pykbroker.names import INTERNAL_TOPICS, new_uuid
from pykbroker.replication.replica_manager import ReplicaManager
from pykbroker.server.dispatch import Dispatcher
from pykbroker.server.limits import ConnectionLimits, CreationRate, RequestMemory
from pykbroker.server.server import ListenerConfig, Server
from pykbroker.services.config_rules import ConfigRulesOfBroker
from pykbroker.services.groups import GroupService
from pykbroker.services.markers import MarkerWriter
from pykbroker.services.producer_ids import ProducerIds
from pykbroker.services.settings import controller_settings, group_shard_factory, log_config_of, transaction_config
from pykbroker.services.storage import open_controller, open_logs
from pykbroker.services.transactions import TransactionService
from pykbroker.wire.messages.topics import CreatableTopic, CreatableTopicConfig, CreateTopicsRequest
from pykbroker.world import World

log = logging.getLogger("pykbroker.broker")

DRAIN_SECONDS = 1.2
"""How long requests in hand may take to be answered at shutdown; the rest of two seconds is for flushing."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a started broker tells the world."""

    node_id: int
    cluster_id: str
    listeners: dict[str, tuple[str, int]]
    """Where clients connect: (host, port) by listener name."""
    topic_count: int
    partition_count: int


class Broker:
    """One Kafka broker, which is also its own controller."""

    def __init__(self, config: BrokerConfig, world: World, trace: Callable[[str], object] | None = None) -> None:
        """``trace`` is called with a line for every request and every answer (``server.tracing``)."""
        self._config = config
        self._trace = trace
        self._world = world
        self._stop_asked = trio.Event()
        self._stopping = Bell()
        self.ended = trio.Event()
        """Set when ``run`` has closed everything."""
        self.services: Services | None = None
        self.server: Server | None = None

    def stop(self) -> None:
        """Ask the broker to end in good order; ``run`` returns when it has."""
        self._stop_asked.set()

    async def run(self, *, task_status: trio.TaskStatus[Ready] = trio.TASK_STATUS_IGNORED) -> None:
        """Start, report ``Ready``, serve until ``stop``, and leave everything on disk.

        Raises OSError when a port is taken, ConfigError or KafkaError when a directory cannot be used.
        """
        config, world = self._config, self._world
        now_ms = world.clock.now_ms
        server = self.server = Server(
            limits=ConnectionLimits(config),
            rate=CreationRate(config),
            memory=RequestMemory(config["queued.max.request.bytes"]),
            max_frame_bytes=config["socket.request.max.bytes"],
            max_idle_ms=config["connections.max.idle.ms"],
            now_ms=now_ms,
        )
        logs = open_logs(config, world)
        try:
            await server.bind(world.network, [_listener(spec) for spec in config.listeners])
            timers = Timers()
            services = self.services = self._build(logs, timers, server)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(drive_timers, timers, world)
                nursery.start_soon(keep_house, services)
                nursery.start_soon(clean_logs, services, make_cleaner(services))
                await server.serve(self._dispatcher(services), nursery)
                task_status.started(self._ready(services, server))
                await self._stop_asked.wait()
                self._stopping.ring()
                services.transactions.close()
                services.groups.close()
                await server.drain(DRAIN_SECONDS)
                nursery.cancel_scope.cancel()
        finally:
            server.close_listeners()
            logs.close(self._broker_epoch())
            self.ended.set()

    def _build(self, logs: LogManager, timers: Timers, server: Server) -> Services:
        """Everything between the disk and the handlers, loaded and in step with the metadata log."""
        config, world = self._config, self._world
        now_ms = world.clock.now_ms
        metadata = CurrentMetadata()
        replicas = ReplicaManager(config.node_id, logs, log_config_of(config), now_ms)
        logs.moves.on_moved = replicas.replace_log
        replicas.closed_to_clients = INTERNAL_TOPICS
        rules = ConfigRulesOfBroker(config)
        controller = open_controller(logs, config, world, metadata, controller_settings(config, world, rules))
        groups = GroupService(
            replicas, group_shard_factory(config, world, metadata), timers, now_ms, config["offsets.commit.timeout.ms"]
        )
        producer_ids = ProducerIds(controller, config.node_id)
        transactions = TransactionService(
            replicas,
            MarkerWriter(replicas, groups, now_ms),
            transaction_config(config),
            producer_ids.next,
            timers,
            now_ms,
        )
        controller.load()
        metadata.subscribe(config.follow)
        metadata.subscribe(replicas.apply)
        metadata.subscribe(groups.follow)
        metadata.subscribe(transactions.follow)  # after the groups: markers go through them
        controller.start(*self._registrations(logs, server), config["min.insync.replicas"])
        logs.remove_strays(replicas.partitions)
        services = Services(
            node_id=config.node_id,
            cluster_id=logs.cluster_id,
            config=config,
            world=world,
            metadata=metadata,
            replicas=replicas,
            logs=logs,
            controller=controller,
            producer_ids=producer_ids,
            groups=groups,
            transactions=transactions,
            fetch_sessions=FetchSessionCache(config["max.incremental.fetch.session.cache.slots"], world.random),
            apis=ApiTable(as_version=config.as_version),
            stopping=self._stopping,
        )
        self._create_topics(services)
        return services

    def _dispatcher(self, services: Services) -> Dispatcher:
        if self._trace is None:
            return Dispatcher(services)
        from pykbroker.server.tracing import TracingDispatcher

        return TracingDispatcher(services, self._trace)

    def _registrations(self, logs: LogManager, server: Server) -> tuple[Registration, Registration]:
        """How this process introduces itself to its own controller: as a broker, and as a controller."""
        node_id = self._config.node_id
        endpoints = [Endpoint(bound.config.name, *bound.registered_address()) for bound in server.listeners]
        broker = Registration(
            node_id,
            new_uuid(self._world.random),
            endpoints,
            self._config["broker.rack"],
            [directory.id for directory in logs.directories],
        )
        controller = Registration(node_id, new_uuid(self._world.random), endpoints)
        return broker, controller

    def _create_topics(self, services: Services) -> None:
        """Topics asked for on the command line, unless they are there."""
        wanted = [spec for spec in self._config.topics if spec.name not in services.metadata.image.topics]
        request = CreateTopicsRequest(
            topics=[
                CreatableTopic(
                    assignments=(),
                    name=spec.name,
                    num_partitions=spec.partitions,
                    replication_factor=spec.replicas,
                    configs=[CreatableTopicConfig(name=name, value=value) for name, value in spec.configs.items()],
                )
                for spec in wanted
            ]
        )
        for result in services.controller.decide(create_topics, request).topics:
            if result.error_code:
                raise KafkaError(ErrorCode(result.error_code), f"topic {result.name}: {result.error_message}")

    def _broker_epoch(self) -> int:
        """What the clean-shutdown marker says, so that Apache Kafka believes it (KIP-966); -1 before registration."""
        if self.services is None:
            return -1
        return self.services.metadata.image.brokers[self._config.node_id].epoch

    def _ready(self, services: Services, server: Server) -> Ready:
        image = services.metadata.image
        return Ready(
            services.node_id,
            services.cluster_id,
            {bound.config.name: (bound.registered_address()) for bound in server.listeners},
            len(image.topics),
            image.partition_count,
        )


def _listener(spec: ListenerSpec) -> ListenerConfig:
    return ListenerConfig(spec.name, spec.host, spec.port, spec.advertised)
