"""A transaction shard on an engine in virtual time, with partitions that take or refuse markers."""

import itertools

from pykbroker.coordinator.transaction_config import TransactionConfig
from pykbroker.coordinator.transaction_shard import TransactionShard
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Engine
from pykbroker.machine.memory_journal import MemoryJournal
from pykbroker.machine.timers import Timers
from pykbroker.names import TopicPartition
from pykbroker.wire.messages.transactions import EndTxnRequest, InitProducerIdRequest, ListTransactionsRequest

START_MS = 1_700_000_000_000
ORDERS = TopicPartition("orders", 0)
BILLS = TopicPartition("bills", 1)


class TransactionWorld:
    """One shard, its log, its clock, and what became of its markers."""

    def __init__(self, transaction_version=2):
        self.config = TransactionConfig()
        self.config.transaction_version = transaction_version
        self.now_ms = START_MS
        self.timers = Timers()
        self.journal = MemoryJournal()
        self._producer_ids = itertools.count(1000)
        self.markers = []
        """Every Markers that was asked for, in order."""
        self.refusing = set()
        """Partitions that take no marker now."""
        self.holds_markers = False
        """While set, markers are asked for and nothing comes of it."""
        self.engine = self._start(())

    def _start(self, logged):
        shard = TransactionShard(self.config, 7, lambda: next(self._producer_ids))
        self.engine = Engine(shard, self.journal, self.timers, lambda: self.now_ms, send=self._write)
        self.engine.load(logged)
        self.engine.activate()
        return self.engine

    def _write(self, markers):
        self.markers.append(markers)
        if not self.holds_markers:
            self.write(markers)

    def write(self, markers):
        """Carry out what was asked, as far as partitions let us."""
        left = markers.partitions & self.refusing
        self.engine.submit(TransactionShard.markers_written, markers.transactional_id, markers.producer_epoch, left)

    @property
    def shard(self):
        return self.engine.machine

    def restart(self):
        """Lose everything soft and read the log again."""
        self.engine.close(KafkaError(ErrorCode.NOT_COORDINATOR))
        self._start(list(self.journal.logged))

    def loaded_copy(self):
        """A shard that has read the log now, beside the live one."""
        shard = TransactionShard(self.config, 7, lambda: -1)
        Engine(shard, self.journal, Timers(), lambda: self.now_ms).load(list(self.journal.logged))
        return shard

    def pass_time(self, ms):
        """Time passes, and every timer on the way goes off."""
        target_ms = self.now_ms + ms
        while (due_ms := self.timers.next_deadline_ms()) is not None and due_ms <= target_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self.timers.run_due(self.now_ms)
        self.now_ms = target_ms

    # -- what producers ask

    def init(self, name="t", producer=None, timeout_ms=60_000, **more):
        producer_id, epoch = producer or (-1, -1)
        request = InitProducerIdRequest(
            transactional_id=name,
            transaction_timeout_ms=timeout_ms,
            producer_id=producer_id,
            producer_epoch=epoch,
            **more,
        )
        return self.engine.submit(TransactionShard.init_producer_id, request)

    def producer(self, name="t", **more):
        """(producer id, epoch) of an InitProducerId that succeeds, perhaps at the second time."""
        reply = self.init(name, **more)
        if code_of(reply) == ErrorCode.CONCURRENT_TRANSACTIONS:
            reply = self.init(name, **more)
        answer = reply.result()
        return answer.producer_id, answer.producer_epoch

    def add(self, producer, *partitions, name="t", version=2):
        return self.engine.submit(TransactionShard.add_partitions, name, *producer, set(partitions), version)

    def verify(self, producer, *partitions, name="t"):
        return self.engine.submit(TransactionShard.verify_partitions, name, *producer, set(partitions))

    def end(self, producer, commit=True, name="t", version=2):
        request = EndTxnRequest(
            transactional_id=name, producer_id=producer[0], producer_epoch=producer[1], committed=commit
        )
        return self.engine.submit(TransactionShard.end, request, version)

    def ended(self, producer, commit=True, name="t", version=2):
        """(producer id, epoch) that an EndTxn that succeeds answers."""
        answer = self.end(producer, commit, name, version).result()
        return answer.producer_id, answer.producer_epoch

    def state(self, name="t"):
        """Its state's name, as DescribeTransactions says it."""
        return self.engine.submit(TransactionShard.describe, name).result().transaction_state

    def listed(self, **filters):
        request = ListTransactionsRequest(**{"state_filters": (), "producer_id_filters": (), **filters})
        return {
            each.transactional_id for each in self.engine.submit(TransactionShard.list_transactions, request).result()
        }


def code_of(reply):
    """NONE, or the error of a reply that is there."""
    assert reply.done
    return ErrorCode.NONE if reply.error is None else reply.error.code
