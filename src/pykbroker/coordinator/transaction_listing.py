"""Looking at transactional ids: DescribeTransactions and ListTransactions with its filters (KIP-664, 994,
1152).

The pattern of v2 is matched against the whole id. Kafka compiles it with RE2/J; here it is Python's ``re``,
which knows all of RE2's syntax but for ``\\pN``, ``\\Q…\\E`` and the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pykbroker.coordinator.transaction_state import NAMES, Transaction
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.transactions import (
    DescribeTransactionsResponseTransactionState,
    ListTransactionsRequest,
    ListTransactionsResponseTransactionState,
    TopicData,
)

_BY_NAME = {name: state for state, name in NAMES.items()}


class TransactionFilter:
    """Which transactions a ListTransactions asks for. Raises INVALID_REGULAR_EXPRESSION."""

    def __init__(self, request: ListTransactionsRequest, now_ms: int) -> None:
        self.unknown_states = [name for name in request.state_filters if name not in _BY_NAME]
        self._states = {_BY_NAME[name] for name in request.state_filters if name in _BY_NAME}
        self._any_state = not request.state_filters
        self._producer_ids = frozenset(request.producer_id_filters)
        self._duration_ms = request.duration_filter
        self._now_ms = now_ms
        self._pattern: re.Pattern[str] | None = None
        if request.transactional_id_pattern:
            try:
                self._pattern = re.compile(request.transactional_id_pattern)
            except re.error as error:
                why = f"transactional id pattern {request.transactional_id_pattern!r}: {error}"
                raise KafkaError(ErrorCode.INVALID_REGULAR_EXPRESSION, why) from None

    def lets_through(self, transaction: Transaction) -> bool:
        """Whether it is asked for."""
        return (
            (self._any_state or transaction.state in self._states)
            and (not self._producer_ids or transaction.producer_id in self._producer_ids)
            and (self._duration_ms < 0 or self._now_ms - transaction.start_ms > self._duration_ms)
            and (self._pattern is None or self._pattern.fullmatch(transaction.transactional_id) is not None)
        )


def listed(
    transactions: Iterable[Transaction], wanted: TransactionFilter
) -> list[ListTransactionsResponseTransactionState]:
    """One line each."""
    return [
        ListTransactionsResponseTransactionState(
            transactional_id=each.transactional_id, producer_id=each.producer_id, transaction_state=NAMES[each.state]
        )
        for each in transactions
        if wanted.lets_through(each)
    ]


def described(transaction: Transaction) -> DescribeTransactionsResponseTransactionState:
    """All there is to say of one."""
    by_topic: dict[str, list[int]] = {}
    for topic, partition in sorted(transaction.partitions):
        by_topic.setdefault(topic, []).append(partition)
    return DescribeTransactionsResponseTransactionState(
        error_code=ErrorCode.NONE,
        transactional_id=transaction.transactional_id,
        transaction_state=NAMES[transaction.state],
        transaction_timeout_ms=transaction.timeout_ms,
        transaction_start_time_ms=transaction.start_ms,
        producer_id=transaction.producer_id,
        producer_epoch=transaction.producer_epoch,
        topics=[TopicData(topic=topic, partitions=partitions) for topic, partitions in by_topic.items()],
    )


def undescribed(transactional_id: str, code: ErrorCode) -> DescribeTransactionsResponseTransactionState:
    """Why nothing can be said of it."""
    return DescribeTransactionsResponseTransactionState(
        error_code=code,
        transactional_id=transactional_id,
        transaction_state="",
        transaction_timeout_ms=0,
        transaction_start_time_ms=0,
        producer_id=0,
        producer_epoch=0,
        topics=(),
    )
