"""The group coordinator of this broker: one engine per ``__consumer_offsets`` partition that it leads.

Follows the cluster's metadata: a partition that this broker comes to lead is loaded by replay and then answers; one
that it loses answers NOT_COORDINATOR. Handlers hand it (group, method, arguments) and get a ``Reply``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Engine, Reply
from pykbroker.machine.result import Result, Turn
from pykbroker.machine.shards import Shards, partition_for
from pykbroker.machine.timers import Timers
from pykbroker.metadata.delta import ImageDelta
from pykbroker.replication.replica_manager import ReplicaManager
from pykbroker.services.journal import PartitionJournal, read_back

T = TypeVar("T")
P = ParamSpec("P")

log = logging.getLogger("pykbroker.groups")

OFFSETS_TOPIC = "__consumer_offsets"


class GroupService:
    """All groups whose coordinator is this broker."""

    def __init__(
        self,
        replicas: ReplicaManager,
        make_shard: Callable[[int], GroupShard],
        timers: Timers,
        now_ms: Callable[[], int],
        commit_timeout_ms: int,
    ) -> None:
        """``make_shard`` makes an empty machine for a partition; ``commit_timeout_ms`` is
        ``offsets.commit.timeout.ms``.
        """
        self._replicas = replicas
        self._make_shard = make_shard
        self._timers = timers
        self._now_ms = now_ms
        self._commit_timeout_ms = commit_timeout_ms
        self.shards: Shards[GroupShard] = Shards()

    def follow(self, delta: ImageDelta) -> None:
        """Take up and give back partitions as the metadata says; a subscriber, after the replicas have followed it."""
        topic = delta.image.topics.get(OFFSETS_TOPIC)
        self.shards.partition_count = len(topic.partitions) if topic is not None else 0
        here = {index for index, _ in self.shards.items()}
        led = {
            index: partition
            for index, partition in self._replicas.partitions.get(OFFSETS_TOPIC, {}).items()
            if partition.is_leader
        }
        for index in here - led.keys():
            self.shards.remove(index, KafkaError(ErrorCode.NOT_COORDINATOR))
        for index in led.keys() - here:
            journal = PartitionJournal(led[index], self._now_ms)
            engine = Engine(
                self._make_shard(index),
                journal,
                self._timers,
                self._now_ms,
                commit_timeout_ms=self._commit_timeout_ms,
            )
            self.shards.add(index, engine)
            count = engine.load(read_back(led[index].log))
            engine.activate()
            if count:
                log.info("loaded %d group records from %s-%d", count, OFFSETS_TOPIC, index)
        for deleted in delta.deleted_topics:
            if deleted.name != OFFSETS_TOPIC:
                self._forget_topic(deleted.name, deleted.topic_id)

    def _forget_topic(self, name: str, topic_id: bytes) -> None:
        """A deleted topic's committed offsets go with it (``GroupCoordinator.onPartitionsDeleted``)."""
        for engine in self.shards:
            engine.submit(GroupShard.topics_deleted, [name], [topic_id])

    def call(
        self,
        group_id: str,
        method: Callable[Concatenate[GroupShard, Turn, P], Result[T]],
        *args: P.args,
        **kw: P.kwargs,
    ) -> Reply[T]:
        """One turn at the shard that owns ``group_id``."""
        return self.shards.submit(group_id, method, *args, **kw)

    def partition_of(self, group_id: str) -> int:
        """Which partition of the offsets topic owns the group."""
        return partition_for(group_id, self.shards.partition_count)

    def close(self) -> None:
        """Answer whoever still waits; used at shutdown."""
        self.shards.close(KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, "the broker is stopping"))
