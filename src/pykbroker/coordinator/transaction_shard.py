"""One partition of ``__transaction_state`` as a state machine: its transactional ids.

This file is the door: every method finds the id, hands over to the file that decides
(``transaction_begin``, ``transaction_end``, ``transaction_listing``) and wraps what was decided in a
``Result``. Hard state changes in ``replay`` only. The decision to end a transaction asks others to write
its markers (``Markers``); what became of them comes back as a turn of its own, ``markers_written``, and
what is left is asked again until nothing is.

Never here: waiting, clocks, chance, other partitions. Producer ids come from ``new_producer_id``, given by
the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

from pykbroker.coordinator.transaction_begin import (
    bumps_epoch,
    check_init,
    check_owner,
    check_producer,
    new_epoch,
    with_partitions,
)
from pykbroker.coordinator.transaction_config import TransactionConfig
from pykbroker.coordinator.transaction_end import (
    End,
    check_end,
    complete,
    fence,
    markers_of,
    needs_marker,
    prepare,
)
from pykbroker.coordinator.transaction_listing import TransactionFilter, described, listed
from pykbroker.coordinator.transaction_state import (
    AT_REST,
    NO_LIMIT_MS,
    PREPARED,
    Transaction,
    TransactionState,
    tombstone,
)
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.result import NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Record, Result, TimerKey, Turn
from pykbroker.names import TopicPartition
from pykbroker.wire.messages.stored_transactions import TRANSACTION_RECORDS, TransactionLogKey, TransactionLogValue
from pykbroker.wire.messages.transactions import (
    DescribeTransactionsResponseTransactionState,
    EndTxnRequest,
    EndTxnResponse,
    InitProducerIdRequest,
    InitProducerIdResponse,
    ListTransactionsRequest,
    ListTransactionsResponseTransactionState,
)
from pykbroker.wire.stored import UnknownRecordError, decode_record

TIMED_OUT_KEY = ("timed-out",)
EXPIRED_KEY = ("expired",)
MARKERS = "markers"
MARKER_RETRY_MS = 100
"""How long to wait before writing markers again that could not be written (Kafka's ``retry.backoff.ms``)."""
ABORTS_PER_TURN = 500
"""More would make a batch of records that is too large."""


class TransactionShard:
    """The transactional ids of one partition."""

    __slots__ = ("_new_producer_id", "_watches", "config", "coordinator_epoch", "transactions")

    def __init__(self, config: TransactionConfig, coordinator_epoch: int, new_producer_id: Callable[[], int]) -> None:
        """``coordinator_epoch`` is the leader epoch of the partition; markers carry it."""
        self.config = config
        self.coordinator_epoch = coordinator_epoch
        self.transactions: dict[str, Transaction] = {}
        self._new_producer_id = new_producer_id
        self._watches: set[TimerKey] = set()  # soft: which of the two clean-up timers are armed

    # -- a producer's life
    # -----------------------------------------------------------------------------------------------

    def init_producer_id(self, turn: Turn, request: InitProducerIdRequest) -> Result[InitProducerIdResponse]:
        """InitProducerId with a transactional id. What an earlier instance left open is aborted first, and
        the producer told to come again (CONCURRENT_TRANSACTIONS).
        """
        config = self.config
        timeout_ms = check_init(request, config)
        assert request.transactional_id is not None
        transaction = self.transactions.get(request.transactional_id)
        if transaction is None:
            transaction = Transaction(request.transactional_id, self._new_producer_id(), timeout_ms, turn.now_ms)
        if transaction.state in PREPARED:
            raise KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
        check_producer(transaction, request)
        if transaction.state is TransactionState.ONGOING:
            result = self._fence(turn, transaction)
            result.replies[turn.token] = KafkaError(ErrorCode.CONCURRENT_TRANSACTIONS)
            return result
        record, producer_id, epoch, last_epoch = new_epoch(
            transaction, request, timeout_ms, turn.now_ms, config, self._new_producer_id
        )
        transaction.last_producer_epoch = last_epoch
        self.transactions.setdefault(request.transactional_id, transaction)
        answer = InitProducerIdResponse(error_code=0, producer_id=producer_id, producer_epoch=epoch)
        result = Result([record], {turn.token: answer})
        result.on_append_failed = lambda error: self._not_begun(turn, transaction, error)
        self._watch(EXPIRED_KEY, turn, result)
        return result

    def _not_begun(self, turn: Turn, transaction: Transaction, error: KafkaError) -> Result[Any]:
        """The epoch could not be stored. Nobody has heard of a new id: it never was."""
        if transaction.producer_epoch == NO_PRODUCER_EPOCH:
            del self.transactions[transaction.transactional_id]
        return Result(replies={turn.token: error})

    def add_partitions(
        self,
        turn: Turn,
        transactional_id: str,
        producer_id: int,
        producer_epoch: int,
        partitions: Set[TopicPartition],
        client_version: int,
    ) -> Result[frozenset[TopicPartition]]:
        """AddPartitionsToTxn, AddOffsetsToTxn, or a producer that does so by producing (``client_version`` 2).

        Answers as ``verify_partitions`` does: none is outside the transaction now.
        """
        found = self.transactions.get(transactional_id)
        transaction = check_owner(found, transactional_id, producer_id, producer_epoch)
        result: Result[frozenset[TopicPartition]] = Result(replies={turn.token: frozenset()})
        record = with_partitions(transaction, partitions, turn.now_ms, client_version, self.config)
        if record is not None:
            result.records.append(record)
            self._watch(TIMED_OUT_KEY, turn, result)
        return result

    def verify_partitions(
        self, turn: Turn, transactional_id: str, producer_id: int, producer_epoch: int, partitions: Set[TopicPartition]
    ) -> Result[frozenset[TopicPartition]]:
        """Which of the partitions are not in the transaction."""
        found = self.transactions.get(transactional_id)
        transaction = check_owner(found, transactional_id, producer_id, producer_epoch)
        return Result(replies={turn.token: frozenset(partitions) - transaction.partitions})

    # -- ends
    # ------------------------------------------------------------------------------------------------------------

    def end(self, turn: Turn, request: EndTxnRequest, client_version: int) -> Result[EndTxnResponse]:
        """EndTxn; answered when the decision is stored."""
        if not request.transactional_id:
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        end = End(request.producer_id, request.producer_epoch, request.committed, client_version)
        transaction = check_end(self.transactions.get(request.transactional_id), end)
        if not needs_marker(transaction, end):
            return Result(replies={turn.token: _ended(transaction.producer_id, transaction.producer_epoch)})
        record = prepare(transaction, end, turn.now_ms, self.config.transaction_version, self._new_producer_id)
        if bumps_epoch(client_version):
            transaction.last_producer_epoch = transaction.producer_epoch
        result: Result[EndTxnResponse] = self._prepared(transaction, record)
        value = record.value
        assert isinstance(value, TransactionLogValue)
        if value.next_producer_id != NO_PRODUCER_ID:
            answer = _ended(value.next_producer_id, 0)
        else:
            answer = _ended(value.producer_id, value.producer_epoch)
        result.replies[turn.token] = answer
        return result

    def _fence(self, turn: Turn, transaction: Transaction) -> Result[Any]:
        """Abort what is open, and shut its producer out."""
        record = fence(transaction, turn.now_ms, self.config.transaction_version, self._new_producer_id)
        is_like_any_end = bumps_epoch(self.config.transaction_version)
        transaction.last_producer_epoch = transaction.producer_epoch if is_like_any_end else NO_PRODUCER_EPOCH
        return self._prepared(transaction, record)

    def _prepared(self, transaction: Transaction, record: Record) -> Result[Any]:
        """An end that is being decided: what others are asked is made of the record's own words."""
        decided = Transaction(transaction.transactional_id, 0, 0, 0)
        assert isinstance(record.value, TransactionLogValue)
        decided.replay(record.value)
        return Result([record], requests=(markers_of(decided, self.coordinator_epoch),))

    def markers_written(
        self, turn: Turn, transactional_id: str, producer_epoch: int, left: Set[TopicPartition]
    ) -> Result[None]:
        """What became of ``Markers``: all written but those of the partitions ``left``."""
        result: Result[None] = Result(replies={turn.token: None})
        transaction = self.transactions.get(transactional_id)
        if transaction is None or transaction.state not in PREPARED or transaction.producer_epoch != producer_epoch:
            return result  # an answer that comes twice
        transaction.unmarked = frozenset(left)
        if left:
            result.timers[(MARKERS, transactional_id)] = turn.now_ms + MARKER_RETRY_MS
            return result
        result.records.append(complete(transaction, turn.now_ms, self.config.transaction_version))
        result.on_append_failed = lambda error: Result(
            replies={turn.token: error}, timers={(MARKERS, transactional_id): turn.now_ms + MARKER_RETRY_MS}
        )
        return result

    # -- looking
    # ---------------------------------------------------------------------------------------------------------

    def describe(self, turn: Turn, transactional_id: str) -> Result[DescribeTransactionsResponseTransactionState]:
        """DescribeTransactions of one id."""
        if not transactional_id:
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        transaction = self.transactions.get(transactional_id)
        if transaction is None:
            raise KafkaError(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
        return Result(replies={turn.token: described(transaction)})

    def list_transactions(
        self, turn: Turn, request: ListTransactionsRequest
    ) -> Result[list[ListTransactionsResponseTransactionState]]:
        """ListTransactions, of this shard."""
        wanted = TransactionFilter(request, turn.now_ms)
        return Result(replies={turn.token: listed(self.transactions.values(), wanted)})

    # -- timers
    # ----------------------------------------------------------------------------------------------------------

    def _watch(self, key: TimerKey, turn: Turn, result: Result[Any]) -> None:
        """Look at this shard's ids again in a while; as long as there is nothing to look at, nobody looks."""
        if key not in self._watches:
            self._watches.add(key)
            config = self.config
            wait_ms = config.abort_timed_out_interval_ms if key == TIMED_OUT_KEY else config.remove_expired_interval_ms
            result.timers[key] = turn.now_ms + wait_ms

    def expire(self, turn: Turn, key: TimerKey) -> Result[Any]:
        """A timer is due."""
        if key == TIMED_OUT_KEY:
            return self._abort_timed_out(turn)
        if key == EXPIRED_KEY:
            return self._remove_expired(turn)
        assert isinstance(key, tuple)
        assert key[0] == MARKERS
        transaction = self.transactions.get(key[1])
        if transaction is None or transaction.state not in PREPARED:
            return Result()
        return Result(requests=(markers_of(transaction, self.coordinator_epoch),))

    def _abort_timed_out(self, turn: Turn) -> Result[Any]:
        """Abort what has been open for longer than its producer asked for."""
        result: Result[Any] = Result()
        requests: list[Any] = []
        open_count = 0
        for transaction in self.transactions.values():
            if transaction.state is not TransactionState.ONGOING:
                continue
            open_count += 1
            is_due = transaction.start_ms + transaction.timeout_ms < turn.now_ms
            if is_due and transaction.timeout_ms != NO_LIMIT_MS and len(requests) < ABORTS_PER_TURN:
                aborted = self._fence(turn, transaction)
                result.records += aborted.records
                requests += aborted.requests
        result.requests = requests
        self._watches.discard(TIMED_OUT_KEY)
        if open_count:  # once more even if all are aborted now: the append may fail
            self._watch(TIMED_OUT_KEY, turn, result)
        if len(requests) == ABORTS_PER_TURN:
            result.timers[TIMED_OUT_KEY] = turn.now_ms
        return result

    def _remove_expired(self, turn: Turn) -> Result[Any]:
        """Forget ids that have been at rest for ``transactional.id.expiration.ms``."""
        result: Result[Any] = Result()
        result.atomic = False
        before_ms = turn.now_ms - self.config.id_expiration_ms
        result.records += [
            tombstone(transactional_id)
            for transactional_id, transaction in self.transactions.items()
            if transaction.state in AT_REST and transaction.updated_ms <= before_ms
        ]
        self._watches.discard(EXPIRED_KEY)
        if self.transactions:
            self._watch(EXPIRED_KEY, turn, result)
        return result

    # -- the log
    # ---------------------------------------------------------------------------------------------------------

    def decode(self, key: bytes, value: bytes | None) -> Record | None:
        """A record of the log; kinds that are not known here are None."""
        try:
            return Record(*decode_record(TRANSACTION_RECORDS, key, value))
        except UnknownRecordError:
            return None

    def replay(self, record: Record, offset: int, producer_id: int) -> None:
        """Change what the record says."""
        key, value = record.key, record.value
        assert isinstance(key, TransactionLogKey)
        transaction = self.transactions.get(key.transactional_id)
        if value is None:
            self.transactions.pop(key.transactional_id, None)
            return
        assert isinstance(value, TransactionLogValue)
        if transaction is None:
            transaction = self.transactions[key.transactional_id] = Transaction(key.transactional_id, 0, 0, 0)
        transaction.replay(value)

    def replay_marker(self, producer_id: int, producer_epoch: int, commit: bool) -> None:
        """No transaction writes to this log."""

    def loaded(self, turn: Turn) -> Result[Any]:
        """The log has been read: what was decided is carried out, what is open is watched."""
        result: Result[Any] = Result()
        if self.transactions:
            self._watch(EXPIRED_KEY, turn, result)
        states = {transaction.state for transaction in self.transactions.values()}
        if TransactionState.ONGOING in states:
            self._watch(TIMED_OUT_KEY, turn, result)
        if states & PREPARED:
            result.requests = [
                markers_of(transaction, self.coordinator_epoch)
                for transaction in self.transactions.values()
                if transaction.state in PREPARED
            ]
        return result


def _ended(producer_id: int, producer_epoch: int) -> EndTxnResponse:
    return EndTxnResponse(error_code=0, producer_id=producer_id, producer_epoch=producer_epoch)
