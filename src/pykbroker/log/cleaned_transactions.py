"""CleanedTransactions: which batches belong to aborted transactions, and which markers have nothing left to mark.

The cleaner walks a log from its start and tells of every batch in turn.  Records of aborted transactions may go at
once.  A marker may go when no batch of its transaction was met before it, that is, when all have gone in earlier
rounds; consumers that are in the middle of the transaction still need it otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from pykbroker.log.aborted import AbortedTransaction
from pykbroker.log.producer_state import Marker
from pykbroker.wire.records import BatchHeader


class _Aborted:
    """An aborted transaction that has begun."""

    __slots__ = ("has_batches", "transaction")

    def __init__(self, transaction: AbortedTransaction) -> None:
        self.transaction = transaction
        self.has_batches = False


class CleanedTransactions:
    """The transactions that are open where the cleaner stands."""

    __slots__ = ("_aborted", "_committed", "_keep", "_waiting")

    def __init__(self, keep: Callable[[AbortedTransaction], None] | None = None) -> None:
        self._keep = keep
        self._waiting: list[tuple[int, AbortedTransaction]] = []
        """Heap of aborted transactions by first offset, those that the cleaner has not reached yet."""
        self._aborted: dict[int, _Aborted] = {}
        self._committed: set[int] = set()

    def keep_in(self, keep: Callable[[AbortedTransaction], None]) -> None:
        """Where aborted transactions go whose marker is retained: the new segment's transaction index."""
        self._keep = keep

    def add_aborted(self, transactions: Iterable[AbortedTransaction]) -> None:
        """Transactions that the log's index knows to overlap the segment that comes next."""
        for transaction in transactions:
            heappush(self._waiting, (transaction.first_offset, transaction))

    def _begin_up_to(self, offset: int) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0] <= offset:
            transaction = heappop(waiting)[1]
            self._aborted.setdefault(transaction.producer_id, _Aborted(transaction))

    def is_aborted(self, header: BatchHeader) -> bool:
        """Whether a batch of records belongs to an aborted transaction."""
        self._begin_up_to(header.last_offset)
        if not header.is_transactional:
            return False
        aborted = self._aborted.get(header.producer_id)
        if aborted is None:
            self._committed.add(header.producer_id)
            return False
        aborted.has_batches = True
        return True

    def marks_nothing(self, header: BatchHeader, marker: Marker | None, *, is_other_kind: bool = False) -> bool:
        """Whether a control batch is not needed any more; `marker` is None if it has been emptied before."""
        self._begin_up_to(header.last_offset)
        if is_other_kind:
            return False
        if marker is None:
            return True
        if not marker.is_abort:
            if header.producer_id in self._committed:
                self._committed.remove(header.producer_id)
                return False
            return True
        aborted = self._aborted.pop(header.producer_id, None)
        if aborted is None or not aborted.has_batches:
            return True
        if self._keep is not None:
            self._keep(aborted.transaction)
        return False
