"""The transaction coordinator of this broker: one engine per ``__transaction_state`` partition that it leads.

Follows the cluster's metadata as the group coordinator does, and after it: a partition taken up is replayed, and
transactions that were prepared but not completed get their markers. An end that has been decided is carried out here:
markers to every partition of the transaction, then a turn that says which are left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from pykbroker.coordinator.transaction_config import TransactionConfig
from pykbroker.coordinator.transaction_end import Markers
from pykbroker.coordinator.transaction_shard import TransactionShard
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Engine, Reply
from pykbroker.machine.result import Result, Turn
from pykbroker.machine.shards import Shards
from pykbroker.machine.timers import Timers
from pykbroker.metadata.delta import ImageDelta
from pykbroker.metadata.image import MetadataImage
from pykbroker.names import TopicPartition
from pykbroker.replication.partition import Partition
from pykbroker.replication.replica_manager import ReplicaManager
from pykbroker.services.journal import PartitionJournal, read_back
from pykbroker.services.markers import Marker, MarkerWriter

T = TypeVar("T")
P = ParamSpec("P")

log = logging.getLogger("pykbroker.transactions")

TRANSACTIONS_TOPIC = "__transaction_state"
TRANSACTION_VERSION = "transaction.version"

NOTHING_TO_END = frozenset({ErrorCode.INVALID_PRODUCER_EPOCH, ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT})
"""A later epoch of the producer has written there already, so what this marker would end is over."""


class TransactionService:
    """All transactional ids whose coordinator is this broker."""

    def __init__(
        self,
        replicas: ReplicaManager,
        markers: MarkerWriter,
        config: TransactionConfig,
        new_producer_id: Callable[[], int],
        timers: Timers,
        now_ms: Callable[[], int],
    ) -> None:
        self._replicas = replicas
        self._config = config
        self._new_producer_id = new_producer_id
        self._timers = timers
        self._now_ms = now_ms
        self._image: MetadataImage | None = None
        self.markers = markers
        self.shards: Shards[TransactionShard] = Shards()

    def follow(self, delta: ImageDelta) -> None:
        """Take up and give back partitions as the metadata says; a subscriber, after replicas and groups."""
        image = self._image = delta.image
        self._config.transaction_version = image.features.get(TRANSACTION_VERSION, 0)
        topic = image.topics.get(TRANSACTIONS_TOPIC)
        self.shards.partition_count = len(topic.partitions) if topic is not None else 0
        here = {index for index, _ in self.shards.items()}
        led = {
            index: partition
            for index, partition in self._replicas.partitions.get(TRANSACTIONS_TOPIC, {}).items()
            if partition.is_leader
        }
        for index in here - led.keys():
            self.shards.remove(index, KafkaError(ErrorCode.NOT_COORDINATOR))
        for index in sorted(led.keys() - here):
            self._take_up(index, led[index])

    def _take_up(self, index: int, partition: Partition) -> None:
        shard = TransactionShard(self._config, partition.leader_epoch, self._new_producer_id)
        engine = Engine(
            shard,
            PartitionJournal(partition, self._now_ms),
            self._timers,
            self._now_ms,
            send=lambda markers: self._write_markers(engine, markers),
        )
        self.shards.add(index, engine)
        count = engine.load(read_back(partition.log))
        engine.activate()
        if count:
            log.info("loaded %d transaction records from %s-%d", count, TRANSACTIONS_TOPIC, index)

    def call(
        self,
        transactional_id: str,
        method: Callable[Concatenate[TransactionShard, Turn, P], Result[T]],
        *args: P.args,
        **kw: P.kwargs,
    ) -> Reply[T]:
        """One turn at the shard that owns ``transactional_id``."""
        return self.shards.submit(transactional_id, method, *args, **kw)

    def close(self) -> None:
        """Answer whoever still waits; used at shutdown."""
        self.shards.close(KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, "the broker is stopping"))

    # -- carrying out an end
    # ---------------------------------------------------------------------------------------------

    def _write_markers(self, engine: Engine[TransactionShard], markers: Markers) -> None:
        """Write what has been decided to every partition of the transaction, and tell the machine what is left."""
        marker = Marker(
            markers.producer_id,
            markers.producer_epoch,
            markers.commit,
            markers.coordinator_epoch,
            markers.transaction_version,
        )
        written = [(partition, self.markers.write(marker, partition)) for partition in self._existing(markers)]
        missing = sum(not reply.done for _, reply in written)

        def one_less() -> None:
            nonlocal missing
            missing -= 1
            if not missing:
                self._conclude(engine, markers, written)

        if missing:
            for _, reply in written:
                if not reply.done:
                    reply.on_done(one_less)
        else:
            self._conclude(engine, markers, written)

    def _existing(self, markers: Markers) -> list[TopicPartition]:
        """A deleted topic needs no marker."""
        assert self._image is not None
        image = self._image
        return [each for each in sorted(markers.partitions) if image.partition(each.topic, each.partition) is not None]

    def _conclude(
        self, engine: Engine[TransactionShard], markers: Markers, written: list[tuple[TopicPartition, Reply[None]]]
    ) -> None:
        left = set()
        for partition, reply in written:
            error = reply.error
            if error is None:
                continue
            if error.code is ErrorCode.TRANSACTION_COORDINATOR_FENCED:
                log.warning("%s: another coordinator ends its transactions now", markers.transactional_id)
                return
            if error.code in NOTHING_TO_END:
                log.warning("%s needs no marker in %s: %s", markers.transactional_id, partition, error)
            else:
                log.debug("%s: no marker in %s yet: %s", markers.transactional_id, partition, error)
                left.add(partition)
        engine.submit(TransactionShard.markers_written, markers.transactional_id, markers.producer_epoch, left)
