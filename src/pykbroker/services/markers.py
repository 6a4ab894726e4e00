"""Writing transaction markers to partitions that this broker leads.

A marker in ``__consumer_offsets`` goes through the group coordinator's engine, which keeps or drops the offsets that
the transaction committed; every other one is a control batch appended to the partition. The answer is there when the
marker is committed, which on an unreplicated partition is at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.log import AppendOrigin
from pykbroker.machine.engine import Reply
from pykbroker.names import TopicPartition
from pykbroker.replication.partition import Partition
from pykbroker.replication.replica_manager import ReplicaManager
from pykbroker.services.groups import OFFSETS_TOPIC, GroupService
from pykbroker.wire.records import end_transaction_marker

NOT_READY = frozenset(
    {ErrorCode.COORDINATOR_NOT_AVAILABLE, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ErrorCode.NOT_COORDINATOR}
)
"""A transaction coordinator is not prepared for these of a group coordinator; it is told NOT_LEADER_OR_FOLLOWER."""


class Marker(NamedTuple):
    """One producer's transaction is over."""

    producer_id: int
    producer_epoch: int
    commit: bool
    coordinator_epoch: int
    transaction_version: int


class MarkerWriter:
    """Writes markers."""

    def __init__(self, replicas: ReplicaManager, groups: GroupService, now_ms: Callable[[], int]) -> None:
        self._replicas = replicas
        self._groups = groups
        self._now_ms = now_ms

    def write(self, marker: Marker, partition: TopicPartition) -> Reply[None]:
        """Write a marker; the reply says when it is committed, or why it could not be written."""
        if partition.topic == OFFSETS_TOPIC:
            return self._write_offsets(marker, partition.partition)
        reply: Reply[None] = Reply()
        try:
            led = self._replicas.leader(*partition)
            end_offset = self._append(marker, led)
        except KafkaError as error:
            reply.answer(error)
            return reply
        _answer_when_committed(led, end_offset, reply)
        return reply

    def _append(self, marker: Marker, led: Partition) -> int:
        now_ms = self._now_ms()
        batch = end_transaction_marker(
            marker.producer_id,
            marker.producer_epoch,
            commit=marker.commit,
            coordinator_epoch=marker.coordinator_epoch,
            timestamp_ms=now_ms,
        )
        info = led.append_as_leader(
            batch,
            required_acks=-1,
            origin=AppendOrigin.COORDINATOR,
            now_ms=now_ms,
            transaction_version=marker.transaction_version,
        )
        return info.last_offset + 1

    def _write_offsets(self, marker: Marker, index: int) -> Reply[None]:
        engine = self._groups.shards.at(index)
        answer: Reply[None] = Reply()
        if engine is None:
            answer.answer(KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER))
            return answer
        done = engine.complete_transaction(
            marker.producer_id, marker.producer_epoch, marker.coordinator_epoch, marker.commit
        )

        def pass_on() -> None:
            error = done.error
            if error is not None and error.code in NOT_READY:
                error = KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER, error.message)
            answer.answer(error)  # None is success

        done.on_done(pass_on)
        return answer


def _answer_when_committed(partition: Partition, end_offset: int, reply: Reply[None]) -> None:
    """Answer when every in-sync replica has the marker, or when this broker leads the partition no more."""
    if partition.is_committed(end_offset):
        reply.answer(None)
        return
    ear = object()

    def look() -> None:
        if partition.is_committed(end_offset):
            reply.answer(None)
        elif not partition.is_leader:
            reply.answer(KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER))
        else:
            return
        partition.bell.forget(ear)

    partition.bell.listen(ear, look)
