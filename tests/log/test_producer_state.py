"""Idempotence, fencing and open transactions: Kafka's answers, and a partition that Kafka wrote."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.aborted import AbortedTransaction, encode_aborted
from pykbroker.log.producer_snapshot import decode_snapshot, encode_snapshot
from pykbroker.log.producer_state import Marker, Producer, ProducerStateManager, read_marker
from pykbroker.log.validate import AppendOrigin
from pykbroker.wire.records import (
    BatchHeader,
    CorruptRecords,
    RecordBatchBuilder,
    control_batch,
    end_transaction_marker,
    read_header,
    split_batches,
)

GOLDEN = Path(__file__).parent / "golden"
CLIENT, COORDINATOR, REPLICATION = AppendOrigin.CLIENT, AppendOrigin.COORDINATOR, AppendOrigin.REPLICATION
LAST = 2**31 - 1
PID = 9
ABORT = Marker(is_abort=True, coordinator_epoch=0, timestamp=500)
COMMIT = Marker(is_abort=False, coordinator_epoch=0, timestamp=500)


class Partition:
    """A log that keeps only headers: check, then update, at the next offset."""

    def __init__(self):
        self.state = ProducerStateManager()
        self.end = 0

    def header(self, sequence, count=1, epoch=0, producer_id=PID, transactional=False, control=False, timestamp=100):
        attributes = 0x10 * transactional + 0x20 * control
        return BatchHeader(
            self.end, 49, 0, 2, 0, attributes, count - 1, timestamp, timestamp, producer_id, epoch, sequence, count
        )

    def append(self, sequence, *, origin=CLIENT, guard=None, must_be_verified=False, **fields):
        header = self.header(sequence, **fields)
        checked = self.state.check(header, origin, guard=guard, must_be_verified=must_be_verified)
        if checked is not None:
            return checked
        return self._appended(header, None)

    def end_transaction(self, marker=ABORT, epoch=0, producer_id=PID, version=0, origin=COORDINATOR):
        header = self.header(-1, epoch=epoch, producer_id=producer_id, transactional=True, control=True)
        assert self.state.check(header, origin, marker=marker, transaction_version=version) is None
        return self._appended(header, marker)

    def _appended(self, header, marker):
        completed = self.state.update(header, marker)
        self.end = self.state.map_end_offset = header.next_offset
        return completed


@pytest.fixture
def partition():
    return Partition()


def code(call, *args, **options):
    with pytest.raises(KafkaError) as caught:
        call(*args, **options)
    return caught.value.code


def test_sequences_follow_each_other(partition):
    """The next one passes; a gap and a step back that is no retry do not."""
    partition.append(0, count=3)
    partition.append(3, count=2)
    assert code(partition.append, 6) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert code(partition.append, 4) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    partition.append(5)


def test_the_last_five_batches_are_recognised(partition):
    """A retry is answered with the offsets it got; a sixth one back is out of order."""
    for index in range(6):
        partition.append(index * 2, count=2, timestamp=100 + index)
    for index in range(1, 6):
        duplicate = partition.append(index * 2, count=2)
        assert (duplicate.first_offset, duplicate.last_offset) == (index * 2, index * 2 + 1)
        assert (duplicate.first_sequence, duplicate.timestamp) == (index * 2, 100 + index)
    assert code(partition.append, 0, count=2) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert partition.end == 12


def test_a_retry_with_another_size_is_no_retry(partition):
    """Both ends of the range must be the same."""
    partition.append(0, count=3)
    assert code(partition.append, 0, count=2) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


@pytest.mark.parametrize("start", [0, 5, LAST])
def test_an_unknown_producer_may_start_anywhere(partition, start):
    """Its records may have been deleted; Kafka has no UNKNOWN_PRODUCER_ID any more."""
    partition.append(start)
    partition.append((start + 1) & LAST)


def test_sequences_wrap_around(partition):
    """After 2**31 - 1 comes 0, also inside a batch, and retries are still found."""
    partition.append(LAST - 1, count=4)
    assert partition.append(LAST - 1, count=4).first_sequence == LAST - 1
    partition.append(2)
    partition.append(3, count=1)
    assert code(partition.append, 0) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_new_epoch_starts_with_0(partition):
    """And the old epoch is fenced from then on."""
    partition.append(7)
    assert code(partition.append, 3, epoch=1) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    partition.append(0, epoch=1)
    assert code(partition.append, 8, epoch=0) is ErrorCode.INVALID_PRODUCER_EPOCH
    assert code(partition.append, 8, epoch=0, origin=COORDINATOR) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_a_producer_without_epoch(partition):
    """Epoch -1 is accepted by Kafka as it comes, with whatever sequences."""
    partition.append(0, epoch=-1)
    partition.append(17, epoch=-1)


def test_coordinators_have_no_sequences(partition):
    """Offsets in a transaction come from the group coordinator: only the epoch is checked."""
    partition.append(-1, origin=COORDINATOR, transactional=True)
    partition.append(-1, origin=COORDINATOR, transactional=True)


def test_followers_check_nothing(partition):
    """The leader has; a follower takes what the log says."""
    partition.append(5, epoch=3, origin=REPLICATION)
    partition.append(99, epoch=3, origin=REPLICATION)
    partition.append(1, epoch=2, origin=REPLICATION)
    assert partition.state.producer(PID).epoch == 2


def test_batches_without_producer_leave_no_trace(partition):
    """Plain records cost nothing."""
    partition.state.update(partition.header(-1, producer_id=-1))
    assert len(partition.state) == 0


def test_transactions_hold_the_last_stable_offset(partition):
    """From its first record until its marker is below the high watermark a transaction is unstable."""
    state = partition.state
    partition.append(0, transactional=True)
    partition.append(0, producer_id=8, transactional=True)
    partition.append(1, transactional=True)
    assert (state.first_undecided_offset, state.first_unstable_offset) == (0, 0)
    completed = partition.end_transaction(COMMIT)
    assert completed == (PID, 0, 3, False, 1)
    assert (state.first_undecided_offset, state.first_unstable_offset) == (1, 0)
    state.on_high_watermark(3)
    assert state.first_unstable_offset == 0
    state.on_high_watermark(4)
    assert state.first_unstable_offset == 1
    assert partition.end_transaction(ABORT, producer_id=8) == (8, 1, 4, True, 5)
    state.on_high_watermark(5)
    assert state.first_unstable_offset is None
    assert state.first_undecided_offset is None


def test_a_marker_without_a_transaction_completes_nothing(partition):
    """It raises the epoch all the same, and so fences the producer."""
    assert partition.end_transaction(ABORT, epoch=4) is None
    assert partition.state.producer(PID).epoch == 4
    assert code(partition.append, 0, epoch=3, transactional=True) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_plain_records_inside_a_transaction(partition):
    """A producer with an open transaction may not write outside of it."""
    partition.append(0, transactional=True)
    assert code(partition.append, 1) is ErrorCode.INVALID_TXN_STATE


def test_sequences_go_on_after_a_commit(partition):
    """In the same epoch (transaction version 1) the next transaction continues the row."""
    partition.append(0, count=3, transactional=True)
    partition.end_transaction(COMMIT)
    partition.append(3, transactional=True)
    assert partition.state.first_undecided_offset == 4


def test_markers_of_version_2_raise_the_epoch(partition):
    """KIP-890: a marker's epoch must be above the producer's; the next transaction starts anew with 0."""
    partition.append(0, transactional=True)
    assert code(partition.end_transaction, version=2) is ErrorCode.INVALID_PRODUCER_EPOCH
    partition.end_transaction(epoch=1, version=2)
    partition.end_transaction(epoch=1, version=2)  # the coordinator's retry
    assert code(partition.append, 1, epoch=0, transactional=True) is ErrorCode.INVALID_PRODUCER_EPOCH
    assert code(partition.append, 1, epoch=1, transactional=True) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    partition.append(0, epoch=1, transactional=True)


def test_the_highest_epoch_cannot_be_raised(partition):
    """At 32767 a marker of version 2 bears the same epoch even while the transaction is open."""
    partition.append(0, epoch=32767, transactional=True)
    assert partition.end_transaction(epoch=32767, version=2).first_offset == 0


def test_old_markers_are_fenced(partition):
    """By the producer's epoch, and by the coordinator's."""
    partition.append(0, epoch=2, transactional=True)
    assert code(partition.end_transaction, epoch=1) is ErrorCode.INVALID_PRODUCER_EPOCH
    partition.end_transaction(ABORT._replace(coordinator_epoch=5), epoch=2)
    stale = ABORT._replace(coordinator_epoch=4)
    assert code(partition.end_transaction, stale, epoch=2) is ErrorCode.TRANSACTION_COORDINATOR_FENCED


def test_a_transaction_must_be_verified(partition):
    """KIP-890: first records need the guard that was given out, and it is good for one transaction."""
    state = partition.state
    first = {"transactional": True, "must_be_verified": True}
    assert code(partition.append, 0, **first) is ErrorCode.INVALID_TXN_STATE
    guard = state.start_verification(PID, 0, 0, can_bump_epoch=False, now_ms=0)
    assert guard is not None
    assert state.start_verification(PID, 0, 0, can_bump_epoch=False, now_ms=0) is guard
    assert code(partition.append, 0, guard=object(), **first) is ErrorCode.INVALID_TXN_STATE
    partition.append(0, guard=guard, **first)
    assert state.is_transaction_open(PID)
    assert state.is_transaction_open(PID, 0)
    assert not state.is_transaction_open(PID, 1)
    assert state.start_verification(PID, 0, 1, can_bump_epoch=False, now_ms=0) is None
    partition.append(1, **first)
    partition.end_transaction()
    assert code(partition.append, 2, guard=guard, **first) is ErrorCode.INVALID_TXN_STATE


def test_a_marker_ends_verification(partition):
    """A confirmation that arrives after the transaction was aborted opens nothing."""
    guard = partition.state.start_verification(PID, 0, 0, can_bump_epoch=False, now_ms=0)
    partition.end_transaction(epoch=0)
    late = {"guard": guard, "transactional": True, "must_be_verified": True}
    assert code(partition.append, 0, **late) is ErrorCode.INVALID_TXN_STATE


def test_later_sequences_wait_for_earlier_ones(partition):
    """While a lower sequence is being verified a higher one may not be first, else the lower never could."""
    state = partition.state
    state.start_verification(PID, 0, 3, can_bump_epoch=False, now_ms=0)
    guard = state.start_verification(PID, 0, 1, can_bump_epoch=False, now_ms=0)
    first = {"transactional": True, "must_be_verified": True, "guard": guard}
    assert code(partition.append, 3, **first) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    partition.append(1, **first)


def test_a_higher_epoch_starts_verification_anew(partition):
    """Its sequences have nothing to do with the old ones."""
    state = partition.state
    guard = state.start_verification(PID, 0, 0, can_bump_epoch=False, now_ms=0)
    assert state.start_verification(PID, 1, 7, can_bump_epoch=False, now_ms=0) is guard
    state.start_verification(PID, 0, 2, can_bump_epoch=False, now_ms=0)
    partition.append(7, epoch=1, transactional=True, must_be_verified=True, guard=guard)


def test_transactions_of_version_2_start_with_0(partition):
    """A producer that raises its epoch for each transaction has no reason to start elsewhere."""
    guard = partition.state.start_verification(PID, 0, 0, can_bump_epoch=True, now_ms=0)
    first = {"transactional": True, "must_be_verified": True, "guard": guard}
    assert code(partition.append, 2, **first) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    partition.append(0, **first)


def test_silent_producers_are_forgotten(partition):
    """After the expiration time, but not while a transaction is open; with the last one all memory goes."""
    partition.append(0, timestamp=1000)
    partition.append(0, producer_id=8, transactional=True, timestamp=1000)
    partition.state.start_verification(7, 0, 0, can_bump_epoch=False, now_ms=1000)
    partition.state.expire(1999, 1000)
    assert len(partition.state) == 2
    partition.state.expire(2000, 1000)
    assert [producer.producer_id for producer in partition.state] == [8]
    partition.end_transaction(ABORT._replace(timestamp=2000), producer_id=8)
    partition.state.on_high_watermark(partition.end)
    partition.state.expire(3000, 1000)
    assert partition.state._tables is None


def test_late_transactions(partition):
    """A transaction that has seen nothing for longer than any may last is late, with five minutes of grace."""
    assert not partition.state.has_late_transaction(10**9, 1000)
    partition.append(0, transactional=True, timestamp=1000)
    assert not partition.state.has_late_transaction(1000 + 1000 + 300_000, 1000)
    assert partition.state.has_late_transaction(1001 + 1000 + 300_000, 1000)


def test_a_partition_without_producers_is_small():
    """10,000 partitions are the rule."""
    assert sys.getsizeof(ProducerStateManager()) < 100


def test_what_kafka_wrote_is_understood_the_same():
    """From Kafka's log come Kafka's transaction index and Kafka's snapshot, byte for byte."""
    log = (GOLDEN / "transactions.log").read_bytes()
    state = ProducerStateManager()
    index = b""
    for position, header in split_batches(log):
        marker = read_marker(log, position, header) if header.is_control else None
        origin = COORDINATOR if header.is_control else CLIENT
        assert state.check(header, origin, marker=marker) is None
        completed = state.update(header, marker)
        if completed is not None and completed.is_aborted:
            aborted = AbortedTransaction(
                completed.producer_id, completed.first_offset, completed.last_offset, completed.last_stable_offset
            )
            index += encode_aborted(aborted)
        state.map_end_offset = header.next_offset
        state.on_high_watermark(state.map_end_offset)
    assert index == (GOLDEN / "transactions.txnindex").read_bytes()
    assert encode_snapshot(list(state)) == (GOLDEN / "transactions.snapshot").read_bytes()
    assert (state.map_end_offset, state.first_unstable_offset, state.should_snapshot()) == (34, 33, True)


def test_a_snapshot_carries_on(partition):
    """What was loaded knows the last batch, the epoch and the open transactions in their order."""
    partition.append(0, count=2, producer_id=5)
    partition.append(0, producer_id=8, transactional=True)
    partition.append(0, producer_id=3, transactional=True)
    partition.append(2, count=2, producer_id=5)
    producers = decode_snapshot(encode_snapshot(list(partition.state)))
    partition.state.load(reversed(producers), partition.end, now_ms=200, expiration_ms=1000)
    assert partition.append(2, count=2, producer_id=5).first_offset == 4
    assert code(partition.append, 0, count=2, producer_id=5) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert partition.state.first_unstable_offset == 2
    assert not partition.state.should_snapshot()
    assert partition.end_transaction(producer_id=8).last_stable_offset == 3


def test_expired_producers_are_not_loaded(partition):
    """A snapshot may have lain for long."""
    partition.append(0)
    partition.state.load(list(partition.state), 1, now_ms=10_000, expiration_ms=1000)
    assert len(partition.state) == 0
    assert partition.state._tables is None


def test_the_start_of_the_log_moves(partition):
    """Producers stay known; ended transactions below it do not matter any more."""
    partition.append(0, transactional=True)
    partition.end_transaction()
    partition.state.on_log_start_offset(10)
    assert partition.state.first_unstable_offset is None
    assert partition.state.map_end_offset == 10
    assert len(partition.state) == 1


def test_markers_are_read_from_batches():
    """Commit, abort; nothing from an emptied batch or from another kind of control record."""
    batch = end_transaction_marker(1, 2, commit=False, coordinator_epoch=77, timestamp_ms=5)
    assert read_marker(batch, 0, read_header(batch)) == (True, 77, 5)
    batch = end_transaction_marker(1, 2, commit=True, coordinator_epoch=-1, timestamp_ms=5)
    assert read_marker(batch, 0, read_header(batch)) == (False, -1, 5)
    for batch in (RecordBatchBuilder(is_control=True).build(), control_batch(2, b"", 5)):
        assert read_marker(batch, 0, read_header(batch)) is None
    batch = control_batch(0, b"\0\0", 5)
    with pytest.raises(CorruptRecords):
        read_marker(batch, 0, read_header(batch))


def test_an_emptied_marker_teaches_nothing(partition):
    """The cleaner keeps a producer's last control batch without its record."""
    assert partition.state.update(partition.header(-1, control=True, transactional=True, count=0)) is None
    assert len(partition.state) == 0
    partition.append(0, transactional=True)
    assert partition.state.update(partition.header(-1, control=True, transactional=True, count=0)) is None
    assert partition.state.is_transaction_open(PID)


steps = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=40
)


@given(steps=steps)
@settings(max_examples=100)
def test_sequences_in_the_log_have_no_gaps_and_no_duplicates(steps):
    """However producers retry and jump, what is appended per epoch is one unbroken row."""
    partition = Partition()
    rows: dict[tuple[int, int], list[int]] = {}
    for producer_id, sequence, count, epoch in steps:
        before = partition.end
        try:
            partition.append(sequence, count=count, epoch=epoch, producer_id=producer_id)
        except KafkaError:
            continue
        if partition.end > before:
            rows.setdefault((producer_id, epoch), []).extend(range(sequence, sequence + count))
    for row in rows.values():
        assert row == list(range(row[0], row[0] + len(row)))


def test_producer_defaults():
    """A producer of which nothing is known."""
    producer = Producer(4)
    assert (producer.last_sequence, producer.last_offset, producer.epoch) == (-1, -1, -1)
