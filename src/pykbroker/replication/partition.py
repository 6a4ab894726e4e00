"""One partition on this broker: who leads it, what is committed, and the bell that says something changed.

The invariant: between a check (epoch, in-sync replicas) and the append that relies on it nothing else runs; every
method is a plain function. The high watermark never passes what all in-sync replicas have; alone in the ISR, that is
the log's end, at once.

What it does not do: fetch from other brokers. A broker that is not the leader answers NOT_LEADER_OR_FOLLOWER.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pykbroker.bell import Bell
from pykbroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from pykbroker.log.log import AppendInfo, AppendOrigin, FetchedRecords, Log
    from pykbroker.metadata.image import PartitionImage

Buffer = bytes | bytearray | memoryview


class Partition:
    """A replica of one partition, with what the cluster says of it."""

    __slots__ = (
        "bell",
        "index",
        "is_leader",
        "leader_epoch",
        "log",
        "min_insync_replicas",
        "node_id",
        "state",
        "topic",
    )

    def __init__(self, topic: str, index: int, node_id: int, log: Log, min_insync_replicas: int) -> None:
        self.topic = topic
        self.index = index
        self.node_id = node_id
        self.log = log
        self.min_insync_replicas = min_insync_replicas
        self.bell = Bell()
        """Rung at every change that a fetch or a produce may wait for."""
        self.is_leader = False
        self.leader_epoch = -1
        self.state: PartitionImage | None = None

    def apply(self, state: PartitionImage) -> None:
        """Take on what the cluster has decided (leader, epoch, ISR)."""
        self.state = state
        self.is_leader = state.leader == self.node_id
        if state.leader_epoch > self.leader_epoch:
            self.leader_epoch = state.leader_epoch
            if self.is_leader:
                self.log.assign_epoch(state.leader_epoch)
        self._advance_high_watermark()
        self.bell.ring()

    def check_leader(self, expected_epoch: int = -1) -> None:
        """Raise unless this broker leads the partition at the epoch the client expects (KIP-320; -1: any)."""
        if expected_epoch >= 0 and expected_epoch != self.leader_epoch:
            if expected_epoch < self.leader_epoch:
                raise KafkaError(ErrorCode.FENCED_LEADER_EPOCH)
            raise KafkaError(ErrorCode.UNKNOWN_LEADER_EPOCH)
        if not self.is_leader:
            raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER)

    def append_as_leader(
        self, records: Buffer, *, required_acks: int, origin: AppendOrigin, now_ms: int, transaction_version: int = 0
    ) -> AppendInfo:
        """Append what a client or a coordinator sent; raises KafkaError, and then nothing was written."""
        if not self.is_leader:
            raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
        if required_acks == -1 and self.in_sync_count < self.effective_min_insync_replicas:
            raise KafkaError(
                ErrorCode.NOT_ENOUGH_REPLICAS,
                f"{self.in_sync_count} in sync, min.insync.replicas={self.min_insync_replicas}",
            )
        info = self.log.append_as_leader(
            records,
            leader_epoch=self.leader_epoch,
            origin=origin,
            now_ms=now_ms,
            transaction_version=transaction_version,
        )
        if not info.duplicate:
            self._advance_high_watermark()
            self.bell.ring()
        return info

    @property
    def in_sync_count(self) -> int:
        """Size of the ISR."""
        return len(self.state.isr) if self.state is not None else 0

    @property
    def effective_min_insync_replicas(self) -> int:
        """``min.insync.replicas``, but no more than there are replicas (``Partition.effectiveMinIsr``)."""
        replicas = self.state.replicas if self.state is not None else ()
        return min(self.min_insync_replicas, len(replicas))

    def is_committed(self, offset: int) -> bool:
        """Whether every in-sync replica has all records below ``offset``."""
        return self.log.high_watermark >= offset

    def read(self, offset: int, max_bytes: int, *, read_committed: bool, min_one_batch: bool) -> FetchedRecords:
        """Whole batches from the one that contains ``offset``, as far as a consumer may see."""
        log = self.log
        end = log.last_stable_offset if read_committed else log.high_watermark
        return log.read(offset, max_bytes, end, min_one_batch=min_one_batch)

    def delete_records_before(self, offset: int) -> int:
        """Move the log's start up to ``offset`` (-1: the high watermark); the new start. DeleteRecords."""
        if not self.is_leader:
            raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
        target = self.log.high_watermark if offset == -1 else offset
        if target < 0 or target > self.log.high_watermark:
            raise KafkaError(ErrorCode.OFFSET_OUT_OF_RANGE)
        self.log.delete_records_before(target)
        self.bell.ring()
        return self.log.log_start_offset

    def _advance_high_watermark(self) -> None:
        if self.is_leader and self.state is not None and len(self.state.isr) == 1:
            self.log.high_watermark = self.log.log_end_offset
