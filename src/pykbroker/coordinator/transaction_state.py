"""A transactional id: its producer, the state of its transaction, and the records that say so.

``Transaction`` changes only when a record is replayed. Its ``to`` makes the record of a next state, with
everything that does not change carried over. Times are milliseconds since the epoch. What Kafka does is in
TransactionMetadata and TransactionLog; its pending states do not exist here, because a decision is written
and replayed in the same turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from pykbroker.machine.result import NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Record
from pykbroker.names import TopicPartition
from pykbroker.wire.messages.stored_transactions import PartitionsSchema, TransactionLogKey, TransactionLogValue

MAX_PRODUCER_EPOCH = 0x7FFF
NO_TIMESTAMP = -1
EPOCH_BUMPING_VERSION = 2
"""``transaction.version`` 2 (KIP-890): every end of a transaction raises the producer's epoch."""
FLEXIBLE_VERSION = 1
"""``transaction.version`` 1: records have tagged fields."""
NO_LIMIT_MS = 0x7FFF_FFFF
"""The timeout of a transaction in two-phase commit: none (KIP-939)."""


class TransactionState(IntEnum):
    """As stored. Dead and PrepareEpochFence are names that clients may filter by; no record has them."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7


NAMES = {
    TransactionState.EMPTY: "Empty",
    TransactionState.ONGOING: "Ongoing",
    TransactionState.PREPARE_COMMIT: "PrepareCommit",
    TransactionState.PREPARE_ABORT: "PrepareAbort",
    TransactionState.COMPLETE_COMMIT: "CompleteCommit",
    TransactionState.COMPLETE_ABORT: "CompleteAbort",
    TransactionState.DEAD: "Dead",
    TransactionState.PREPARE_EPOCH_FENCE: "PrepareEpochFence",
}
"""As DescribeTransactions and ListTransactions say them."""

PREPARED = frozenset({TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT})
AT_REST = frozenset({TransactionState.EMPTY, TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT})
"""No transaction is open: a new one may begin, and the id may expire."""


def is_epoch_exhausted(epoch: int) -> bool:
    """Whether no client may be given a higher one: the last is kept for fencing."""
    return epoch >= MAX_PRODUCER_EPOCH - 1


class Transaction:
    """One transactional id."""

    __slots__ = (
        "client_version",
        "last_producer_epoch",
        "next_producer_id",
        "partitions",
        "previous_producer_id",
        "producer_epoch",
        "producer_id",
        "start_ms",
        "state",
        "timeout_ms",
        "transactional_id",
        "unmarked",
        "updated_ms",
    )

    def __init__(self, transactional_id: str, producer_id: int, timeout_ms: int, now_ms: int) -> None:
        """An id that nobody has used yet."""
        self.transactional_id = transactional_id
        self.producer_id = producer_id
        self.producer_epoch = NO_PRODUCER_EPOCH
        self.previous_producer_id = NO_PRODUCER_ID
        self.next_producer_id = NO_PRODUCER_ID
        """Takes over when the markers are written, because the epoch was the last."""
        self.timeout_ms = timeout_ms
        self.state = TransactionState.EMPTY
        self.partitions: frozenset[TopicPartition] = frozenset()
        self.start_ms = NO_TIMESTAMP
        self.updated_ms = now_ms
        self.client_version = 0
        """Of transactions, as the client that caused the last change understands them."""
        self.last_producer_epoch = NO_PRODUCER_EPOCH
        """Soft: the epoch before the last bump, by which a repeated InitProducerId is recognised."""
        self.unmarked: frozenset[TopicPartition] = frozenset()
        """Soft: while prepared, the partitions whose marker is not known to be written."""

    @property
    def is_epoch_exhausted(self) -> bool:
        """Whether the producer needs a new id to go on."""
        return is_epoch_exhausted(self.producer_epoch)

    def to(self, state: TransactionState, now_ms: int, transaction_version: int, **changes: Any) -> Record:
        """The record that brings this id into ``state``, as ``transaction_version`` of the cluster writes
        it.

        ``changes`` are fields of ``TransactionLogValue``; partitions and start stay unless they are named.
        """
        value = TransactionLogValue(
            producer_id=self.producer_id,
            previous_producer_id=self.producer_id,
            producer_epoch=self.producer_epoch,
            next_producer_id=self.next_producer_id,
            transaction_timeout_ms=self.timeout_ms,
            transaction_status=state,
            transaction_partitions=None,
            transaction_last_update_timestamp_ms=now_ms,
            transaction_start_timestamp_ms=self.start_ms,
            client_transaction_version=self.client_version,
        )
        for name, change in changes.items():
            setattr(value, name, change)
        if state is not TransactionState.EMPTY and "transaction_partitions" not in changes:
            value.transaction_partitions = stored_partitions(self.partitions)
        return Record(
            TransactionLogKey(transactional_id=self.transactional_id), value, value_version(transaction_version)
        )

    def replay(self, value: TransactionLogValue) -> None:
        """Become what a record says."""
        self.producer_id = value.producer_id
        self.previous_producer_id = value.previous_producer_id
        self.next_producer_id = value.next_producer_id
        self.producer_epoch = value.producer_epoch
        self.timeout_ms = value.transaction_timeout_ms
        self.state = TransactionState(value.transaction_status)
        self.updated_ms = value.transaction_last_update_timestamp_ms
        self.start_ms = value.transaction_start_timestamp_ms
        self.client_version = value.client_transaction_version
        self.partitions = read_partitions(value.transaction_partitions)
        self.unmarked = self.partitions if self.state in PREPARED else frozenset()

    def hard_state(self) -> tuple[object, ...]:
        """Everything that the log remembers."""
        soft = {"last_producer_epoch", "unmarked"}
        return tuple(getattr(self, name) for name in self.__slots__ if name not in soft)


def tombstone(transactional_id: str) -> Record:
    """The record that forgets an id."""
    return Record(TransactionLogKey(transactional_id=transactional_id))


def value_version(transaction_version: int) -> int:
    """In which version a record is written (``TransactionVersion.transactionLogValueVersion``)."""
    return 1 if transaction_version >= FLEXIBLE_VERSION else 0


def stored_partitions(partitions: Iterable[TopicPartition]) -> list[PartitionsSchema]:
    """Partitions by topic, in a settled order."""
    by_topic: dict[str, list[int]] = {}
    for topic, partition in sorted(partitions):
        by_topic.setdefault(topic, []).append(partition)
    return [PartitionsSchema(topic=topic, partition_ids=ids) for topic, ids in by_topic.items()]


def read_partitions(stored: Iterable[PartitionsSchema] | None) -> frozenset[TopicPartition]:
    """The other way."""
    if not stored:
        return frozenset()
    return frozenset([TopicPartition(each.topic, partition) for each in stored for partition in each.partition_ids])
