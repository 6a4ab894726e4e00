"""Deciding who a transactional producer is, and which partitions its transaction includes.

Functions over one ``Transaction``; they change nothing that is stored. InitProducerId gives an epoch above
every earlier one (KIP-98), the same again to a repeated request, and to a producer that recovers from an
error a bump of its own (KIP-360). Kafka: TransactionCoordinator.prepareInitProducerIdTransit,
handleAddPartitionsToTransaction.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from pykbroker.coordinator.transaction_config import TransactionConfig
from pykbroker.coordinator.transaction_state import (
    AT_REST,
    EPOCH_BUMPING_VERSION,
    NO_LIMIT_MS,
    NO_TIMESTAMP,
    PREPARED,
    Transaction,
    TransactionState,
    is_epoch_exhausted,
    stored_partitions,
)
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Record
from pykbroker.names import TopicPartition
from pykbroker.wire.messages.transactions import InitProducerIdRequest


def check_init(request: InitProducerIdRequest, config: TransactionConfig) -> int:
    """What can be said without knowing the id; the timeout to keep. Raises KafkaError."""
    if not request.transactional_id:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    if request.enable2_pc and not config.two_phase_commit_enable:
        raise KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "transaction.two.phase.commit.enable=false")
    if request.keep_prepared_txn:
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, "a prepared transaction cannot be kept")
    timeout_ms = request.transaction_timeout_ms
    if request.enable2_pc:
        return NO_LIMIT_MS
    if not 0 < timeout_ms <= config.max_timeout_ms:
        raise KafkaError(
            ErrorCode.INVALID_TRANSACTION_TIMEOUT,
            f"transaction.timeout.ms is {timeout_ms}, transaction.max.timeout.ms is {config.max_timeout_ms}",
        )
    return timeout_ms


def check_producer(transaction: Transaction, request: InitProducerIdRequest) -> None:
    """Whether the producer that asks for a bump is, or may just have been, the current one. Raises
    KafkaError."""
    if request.producer_id == NO_PRODUCER_ID:
        return
    is_known = (
        transaction.producer_epoch == NO_PRODUCER_EPOCH  # the coordinator has forgotten the id: a new one is safe
        or request.producer_id == transaction.producer_id
        # a repeated request whose first answer, with a new producer id, was lost
        or (request.producer_id == transaction.previous_producer_id and is_epoch_exhausted(request.producer_epoch))
    )
    if not is_known:
        raise KafkaError(ErrorCode.PRODUCER_FENCED)


def new_epoch(
    transaction: Transaction,
    request: InitProducerIdRequest,
    timeout_ms: int,
    now_ms: int,
    config: TransactionConfig,
    new_producer_id: Callable[[], int],
) -> tuple[Record, int, int, int]:
    """The record to write, with the producer id and epoch to answer and the epoch before it.

    Raises KafkaError. The transaction is at rest.
    """
    assert transaction.state in AT_REST
    current = transaction.producer_epoch
    brings_epoch = request.producer_id != NO_PRODUCER_ID
    expected = request.producer_epoch
    producer_id = transaction.producer_id
    last_epoch = current if brings_epoch else NO_PRODUCER_EPOCH
    if transaction.is_epoch_exhausted and (not brings_epoch or expected == current):
        producer_id, epoch = new_producer_id(), 0
    elif not brings_epoch or current == NO_PRODUCER_EPOCH or expected == current:
        epoch = current + 1
    elif expected == transaction.last_producer_epoch:
        epoch, last_epoch = current, expected  # repeated: nobody else can have come between
    else:
        raise KafkaError(ErrorCode.PRODUCER_FENCED)
    record = transaction.to(
        TransactionState.EMPTY,
        now_ms,
        config.transaction_version,
        producer_id=producer_id,
        producer_epoch=epoch,
        next_producer_id=NO_PRODUCER_ID,
        transaction_timeout_ms=timeout_ms,
        transaction_start_timestamp_ms=NO_TIMESTAMP,
    )
    return record, producer_id, epoch, last_epoch


def check_owner(transaction: Transaction | None, transactional_id: str, producer_id: int, epoch: int) -> Transaction:
    """The transaction, if it is this producer's and not being ended. Raises KafkaError."""
    if not transactional_id:
        raise KafkaError(ErrorCode.INVALID_REQUEST)
    if transaction is None or transaction.producer_id != producer_id:
        raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    if transaction.producer_epoch != epoch:
        raise KafkaError(ErrorCode.PRODUCER_FENCED)
    if transaction.state in PREPARED:
        raise KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
    return transaction


def with_partitions(
    transaction: Transaction,
    partitions: Set[TopicPartition],
    now_ms: int,
    client_version: int,
    config: TransactionConfig,
) -> Record | None:
    """The record that adds partitions, beginning a transaction if none is open; None if all are in it."""
    is_open = transaction.state is TransactionState.ONGOING
    if is_open and partitions <= transaction.partitions:
        return None
    return transaction.to(
        TransactionState.ONGOING,
        now_ms,
        config.transaction_version,
        transaction_partitions=stored_partitions(transaction.partitions | partitions),
        transaction_start_timestamp_ms=transaction.start_ms if is_open else now_ms,
        client_transaction_version=client_version,
    )


def bumps_epoch(transaction_version: int) -> bool:
    """Whether ends of transactions raise the epoch under this version of the protocol (KIP-890)."""
    return transaction_version >= EPOCH_BUMPING_VERSION
