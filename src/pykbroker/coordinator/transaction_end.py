"""Deciding how a transaction ends: by its producer, by a newer instance of it, or because its time is over.

Prepare, tell the partitions, complete. The ``Prepare`` record is the decision: whatever happens afterwards,
the markers are written. Under ``transaction.version`` 2 every end raises the producer's epoch, so that what
an earlier transaction left on its way can never join a later one (KIP-890).

Functions over one ``Transaction``; they change nothing that is stored. Kafka:
TransactionCoordinator.endTransaction, endTransactionWithTV1, TransactionMetadata.prepareAbortOrCommit,
prepareComplete.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pykbroker.coordinator.transaction_begin import bumps_epoch
from pykbroker.coordinator.transaction_state import (
    AT_REST,
    MAX_PRODUCER_EPOCH,
    PREPARED,
    Transaction,
    TransactionState,
)
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import NO_PRODUCER_ID, Record
from pykbroker.names import TopicPartition


class Markers(NamedTuple):
    """Asked of others once an end is decided: write these markers, then say so with ``markers_written``."""

    transactional_id: str
    producer_id: int
    producer_epoch: int
    commit: bool
    coordinator_epoch: int
    transaction_version: int
    partitions: frozenset[TopicPartition]


class End(NamedTuple):
    """Somebody wants the transaction to end."""

    producer_id: int
    producer_epoch: int
    commit: bool
    client_version: int
    """Of transactions: 2 when the producer expects a new epoch."""


PREPARE = {True: TransactionState.PREPARE_COMMIT, False: TransactionState.PREPARE_ABORT}
COMPLETE = {True: TransactionState.COMPLETE_COMMIT, False: TransactionState.COMPLETE_ABORT}


def is_repeated(transaction: Transaction, end: End) -> bool:
    """Whether the producer asks again for an end that has raised its epoch already."""
    if transaction.producer_id == end.producer_id:
        return transaction.producer_epoch == end.producer_epoch + 1
    return (
        transaction.previous_producer_id == end.producer_id
        and end.producer_epoch == MAX_PRODUCER_EPOCH - 1
        and transaction.producer_epoch == 0
    )


def check_end(transaction: Transaction | None, end: End) -> Transaction:
    """Whether it is this producer's to end. Raises KafkaError."""
    if transaction is None:
        raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    repeated = bumps_epoch(end.client_version) and is_repeated(transaction, end)
    if transaction.producer_id != end.producer_id and not repeated:
        raise KafkaError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    is_current = transaction.producer_epoch == end.producer_epoch
    if not bumps_epoch(end.client_version):
        is_valid = is_current
    elif transaction.state in PREPARED:
        is_valid = repeated  # its own epoch would mean that the client began another one, which it cannot have
    elif transaction.state in (TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT):
        is_valid = is_current or repeated
    else:
        is_valid = is_current
    if not is_valid:
        raise KafkaError(ErrorCode.PRODUCER_FENCED)
    return transaction


def needs_marker(transaction: Transaction, end: End) -> bool:
    """Whether there is something to end; False if it has been ended just so. Raises KafkaError."""
    state = transaction.state
    if state is TransactionState.ONGOING:
        return True
    if state in PREPARED:
        if state is PREPARE[end.commit]:
            raise KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
        raise _wrong(transaction, end)
    assert state in AT_REST
    if not bumps_epoch(end.client_version):
        if state is COMPLETE[end.commit]:
            return False
        raise _wrong(transaction, end)
    if is_repeated(transaction, end) and state is not TransactionState.EMPTY:
        if state is COMPLETE[end.commit]:
            return False
        raise _wrong(transaction, end)
    if end.commit:
        raise _wrong(transaction, end)
    return True  # aborting nothing is allowed: the producer only wants its epoch raised


def _wrong(transaction: Transaction, end: End) -> KafkaError:
    wish = "commit" if end.commit else "abort"
    return KafkaError(
        ErrorCode.INVALID_TXN_STATE, f"{transaction.transactional_id} cannot {wish} in state {transaction.state.name}"
    )


def prepare(
    transaction: Transaction, end: End, now_ms: int, transaction_version: int, new_producer_id: Callable[[], int]
) -> Record:
    """The record of the decision."""
    epoch, next_producer_id = transaction.producer_epoch, NO_PRODUCER_ID
    if bumps_epoch(end.client_version):
        if transaction.is_epoch_exhausted:
            next_producer_id = new_producer_id()
        epoch = min(epoch + 1, MAX_PRODUCER_EPOCH)
    return transaction.to(
        PREPARE[end.commit],
        now_ms,
        transaction_version,
        producer_epoch=epoch,
        next_producer_id=next_producer_id,
        transaction_start_timestamp_ms=now_ms if transaction.state in AT_REST else transaction.start_ms,
        client_transaction_version=end.client_version,
    )


def fence(
    transaction: Transaction, now_ms: int, transaction_version: int, new_producer_id: Callable[[], int]
) -> Record:
    """The record that aborts an open transaction and shuts its producer out, whatever the producer
    understands."""
    end = End(transaction.producer_id, transaction.producer_epoch, False, transaction_version)
    if bumps_epoch(transaction_version):
        return prepare(transaction, end, now_ms, transaction_version, new_producer_id)
    return transaction.to(
        TransactionState.PREPARE_ABORT,
        now_ms,
        transaction_version,
        producer_epoch=min(transaction.producer_epoch + 1, MAX_PRODUCER_EPOCH),
        next_producer_id=NO_PRODUCER_ID,
        client_transaction_version=0,
    )


def complete(transaction: Transaction, now_ms: int, transaction_version: int) -> Record:
    """The record that says every marker is written; here a new producer id takes over if the epoch was the
    last."""
    assert transaction.state in PREPARED
    producer_id, epoch = identity_after(transaction)
    return transaction.to(
        COMPLETE[transaction.state is TransactionState.PREPARE_COMMIT],
        now_ms,
        transaction_version,
        producer_id=producer_id,
        producer_epoch=epoch,
        next_producer_id=NO_PRODUCER_ID,
        transaction_partitions=[],
    )


def identity_after(transaction: Transaction) -> tuple[int, int]:
    """Producer id and epoch with which the producer goes on when this prepared transaction is complete."""
    if bumps_epoch(transaction.client_version) and transaction.next_producer_id != NO_PRODUCER_ID:
        return transaction.next_producer_id, 0
    return transaction.producer_id, transaction.producer_epoch


def markers_of(transaction: Transaction, coordinator_epoch: int) -> Markers:
    """What must still be written for a prepared transaction."""
    assert transaction.state in PREPARED
    return Markers(
        transaction.transactional_id,
        transaction.producer_id,
        transaction.producer_epoch,
        transaction.state is TransactionState.PREPARE_COMMIT,
        coordinator_epoch,
        transaction.client_version,
        transaction.unmarked,
    )
