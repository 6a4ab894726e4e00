"""Append, read and the four offsets of one partition."""

import pytest
from log_tools import NOW, append, append_marker, batch, names, new_log, read_all, reopen

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.log import AppendOrigin
from pykbroker.memory_disk import MemoryDisk
from pykbroker.wire.records import end_transaction_marker, read_header, rewrite_header, split_batches

LAG = 60_000


def failing(code):
    """The context in which exactly this error code is raised."""
    return pytest.raises(KafkaError, check=lambda error: error.code is code)


def test_append_assigns_offsets_and_epoch():
    """The leader gives offsets and its epoch; all else stays as the producer sent it."""
    log = new_log()
    first = append(log, batch(b"a", b"b"), leader_epoch=4)
    second = append(log, bytearray(batch(b"c")), leader_epoch=5)

    assert first == (0, 1, -1, 0, False)
    assert second == (2, 2, -1, 0, False)
    stored = log.read(0, 1 << 20, 3).records.read()
    headers = [header for _, header in split_batches(stored)]
    assert [(each.base_offset, each.partition_leader_epoch) for each in headers] == [(0, 4), (2, 5)]
    assert batch(b"a", b"b")[16:] == stored[16 : headers[0].size]
    assert read_all(log) == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert (log.log_end_offset, log.high_watermark, log.last_stable_offset, log.log_start_offset) == (3, 3, 3, 0)


def test_log_append_time():
    """A topic that stamps the broker's time says so in the answer."""
    log = new_log(is_log_append_time=True)
    info = append(log, batch(b"a"), now_ms=NOW + 9)

    assert info.log_append_time_ms == NOW + 9
    assert log.offset_of_max_timestamp() == (0, NOW + 9, 0)


def test_an_empty_partition_has_one_file_and_few_bytes():
    """Nothing is written for a partition that nobody has written to."""
    log = new_log()
    log.assign_epoch(3)
    log.close()

    assert names(log) == []
    assert log.latest_epoch == 3


def test_refused_batches_change_nothing():
    """A batch that fails validation leaves log, epochs and files as they were."""
    log = new_log()
    damaged = bytearray(batch(b"a"))
    damaged[-1] ^= 1
    with failing(ErrorCode.CORRUPT_MESSAGE):
        append(log, damaged)
    with failing(ErrorCode.RECORD_LIST_TOO_LARGE):
        append(new_log(segment_bytes=50), batch(b"a" * 10))
    assert log.log_end_offset == 0
    assert names(log) == []
    assert log.latest_epoch == -1


def test_reading_from_the_middle_of_a_batch():
    """The answer starts with the batch that contains the offset, and the first batch is whole however large."""
    log = new_log()
    append(log, batch(b"a", b"b", b"c"))
    append(log, batch(b"d"))

    records = log.read(1, 1, 4).records
    assert read_header(records.read()).base_offset == 0
    assert len(records) == len(batch(b"a", b"b", b"c"))
    cut_off = log.read(1, 20, 4, min_one_batch=False)
    assert len(cut_off.records) == 20
    assert cut_off.is_first_incomplete
    assert not log.read(1, 20, 4).is_first_incomplete
    assert len(log.read(1, 0, 4, min_one_batch=False).records) == 0
    assert read_header(log.read(3, 1, 4).records.read()).base_offset == 3


def test_reading_stops_at_the_bound():
    """No byte of a batch at or behind ``up_to_offset`` is given away."""
    log = new_log()
    for value in (b"a", b"b", b"c"):
        append(log, batch(value))
    size = len(batch(b"a"))

    assert [size, 2 * size, 3 * size] == [len(log.read(0, 9999, end).records) for end in (1, 2, 3)]
    empty = log.read(2, 9999, 2).records
    assert (len(empty), empty.read(), empty.fileno()) == (0, b"", None)
    assert len(log.read(3, 9999, 3).records) == 0


def test_reading_out_of_range():
    """Offsets before the start and beyond the end are OFFSET_OUT_OF_RANGE; the end itself is merely empty."""
    log = new_log()
    append(log, batch(b"a", b"b"))
    log.delete_records_before(1)
    for offset in (0, 3, -1):
        with failing(ErrorCode.OFFSET_OUT_OF_RANGE):
            log.read(offset, 100, 2)
    assert len(log.read(2, 100, 2).records) == 0


def test_reading_over_segments():
    """A read stays within one segment; the next one goes on in the next."""
    log = new_log(segment_bytes=200)
    for number in range(20):
        append(log, batch(b"%d" % number))

    assert len(log.segments) > 5
    assert [(n, b"%d" % n) for n in range(20)] == read_all(log)
    assert [(n, b"%d" % n) for n in range(13)] == read_all(log, up_to_offset=13)


def test_reading_skips_segments_that_compaction_emptied():
    """Where a segment ends before the offset asked for, the answer comes from the following one."""
    log = new_log()
    append(log, batch(b"a"))
    log.log_end_offset = 5  # as if offsets 1 to 4 had been removed
    log.roll()
    append(log, batch(b"f"))

    assert read_header(log.read(2, 100, 6).records.read()).base_offset == 5
    assert len(log.read(2, 100, 4).records) == 0


def test_high_watermark_only_grows():
    """It never goes back and never beyond the end."""
    log = new_log()
    log.append_as_leader(batch(b"a", b"b"), leader_epoch=0, origin=AppendOrigin.CLIENT, now_ms=NOW)
    assert log.high_watermark == 0
    log.high_watermark = 1
    log.high_watermark = 0
    assert log.high_watermark == 1
    log.high_watermark = 99
    assert log.high_watermark == 2


def test_follower_appends_what_the_leader_sent():
    """Offsets and epochs are kept, several batches and gaps are fine, a cut-off tail is left for the next fetch."""
    log = new_log()
    data = bytearray()
    for offset, epoch in ((0, 1), (7, 1), (8, 3)):
        one = bytearray(batch(b"x"))
        rewrite_header(one, 0, base_offset=offset, partition_leader_epoch=epoch)
        data += one
    info = log.append_as_follower(data + data[:30], NOW)

    assert info[:2] == (0, 8)
    assert log.log_end_offset == 9
    assert list(log.epochs.entries) == [(1, 0), (3, 8)]
    assert len(data) == log.size_bytes
    assert log.append_as_follower(b"", NOW)[:2] == (-1, -1)
    with pytest.raises(KafkaError, match="unexpected offset 0"):
        log.append_as_follower(data, NOW)
    damaged = bytearray(batch(b"y"))
    rewrite_header(damaged, 0, base_offset=9, partition_leader_epoch=3)
    damaged[-1] ^= 1
    with failing(ErrorCode.CORRUPT_MESSAGE):
        log.append_as_follower(damaged, NOW)
    with failing(ErrorCode.CORRUPT_MESSAGE):
        log.append_as_follower(bytes(100), NOW)


def test_idempotent_producer():
    """A batch sent again is answered with its offsets and not written; a gap is refused."""
    log = new_log()
    first = batch(b"a", b"b", producer_id=7, producer_epoch=0, base_sequence=0)
    assert append(log, first)[:2] == (0, 1)
    assert append(log, batch(b"c", producer_id=7, producer_epoch=0, base_sequence=2))[:2] == (2, 2)
    again = append(log, first)

    assert again.duplicate
    assert (again.base_offset, again.last_offset, again.log_start_offset) == (0, 1, 0)
    assert log.log_end_offset == 3
    with failing(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER):
        append(log, batch(b"x", producer_id=7, producer_epoch=0, base_sequence=9))
    with failing(ErrorCode.INVALID_PRODUCER_EPOCH):
        append(log, batch(b"c", producer_id=7, producer_epoch=1, base_sequence=0)) and append(
            log, batch(b"x", producer_id=7, producer_epoch=0, base_sequence=3)
        )
    assert [each.producer_id for each in log.producer_states()] == [7]


def transactional(value, sequence, producer_id=7):
    return batch(value, producer_id=producer_id, producer_epoch=0, base_sequence=sequence, is_transactional=True)


def test_transactions_bound_the_last_stable_offset():
    """An open transaction holds it back; its marker sets it free; an abort is remembered."""
    log = new_log()
    append(log, batch(b"before"))
    append(log, transactional(b"t1", 0))
    append(log, transactional(b"u1", 0, producer_id=8))
    assert (log.last_stable_offset, log.high_watermark) == (1, 3)
    assert not log.has_transactions
    append_marker(log, 7, commit=False)
    assert log.last_stable_offset == 2
    append_marker(log, 8, commit=True)
    assert 5 == log.last_stable_offset == log.log_end_offset

    fetched = log.read(0, 1 << 20, 5)
    assert log.aborted_transactions(0, fetched) == [(7, 1)]
    assert log.has_transactions
    assert log.aborted_transactions(5, log.read(5, 100, 5)) == []
    assert log.aborted_transactions(2, log.read(2, 100, 5)) == [(7, 1)]
    assert "00000000000000000000.txnindex" in names(log)


def test_a_marker_counts_once_it_is_committed():
    """Until the high watermark passes the marker, read_committed stays before the transaction."""
    log = new_log()
    append(log, transactional(b"t1", 0))
    marker = end_transaction_marker(7, 0, commit=True, coordinator_epoch=0, timestamp_ms=NOW)
    log.append_as_leader(marker, leader_epoch=0, origin=AppendOrigin.COORDINATOR, now_ms=NOW)
    assert (log.last_stable_offset, log.high_watermark) == (0, 1)
    log.high_watermark = 2
    assert log.last_stable_offset == 2


def test_aborted_transactions_over_segments():
    """Transactions whose marker lies in a later segment are found for records of an earlier one."""
    log = new_log(segment_bytes=250)
    append(log, transactional(b"t1", 0))
    for number in range(10):
        append(log, batch(b"%d" % number))
    append_marker(log, 7, commit=False)
    log, _ = reopen(log, config=log.config)

    assert len(log.segments) > 2
    assert log.aborted_transactions(0, log.read(0, 100, log.log_end_offset)) == [(7, 0)]
    assert log.aborted_transactions(5, log.read(5, 100, log.log_end_offset)) == [(7, 0)]


def test_follower_learns_markers():
    """A follower's last stable offset follows from the leader's markers."""
    leader, follower = new_log(), new_log()
    append(leader, transactional(b"t1", 0))
    append_marker(leader, 7, commit=False)
    append(leader, transactional(b"t2", 1))
    follower.append_as_follower(leader.read(0, 1 << 20, 3).records.read(), NOW)
    follower.high_watermark = 3

    assert leader.last_stable_offset == follower.last_stable_offset == 2
    assert follower.aborted_transactions(0, follower.read(0, 999, 3)) == [(7, 0)]


def test_timestamp_lookups():
    """By time: the first record not older, over segments, at or behind the log's start."""
    log = new_log(segment_bytes=200)
    for number in range(10):
        append(log, batch(b"%d" % number, timestamp=NOW + 10 * number), now_ms=NOW)

    assert log.offset_for_timestamp(0) == (0, NOW, 0)
    assert log.offset_for_timestamp(NOW + 31) == (4, NOW + 40, 0)
    assert log.offset_for_timestamp(NOW + 40) == (4, NOW + 40, 0)
    assert log.offset_for_timestamp(NOW + 91) is None
    assert log.offset_of_max_timestamp() == (9, NOW + 90, 0)
    log.delete_records_before(6)
    assert log.offset_for_timestamp(NOW + 51) == (6, NOW + 60, 0)
    assert new_log().offset_of_max_timestamp() is None
    assert new_log().offset_for_timestamp(0) is None


def test_epochs():
    """Where an epoch ended, and which one an offset belongs to (KIP-101)."""
    log = new_log()
    log.assign_epoch(2)
    append(log, batch(b"a"), leader_epoch=2)
    append(log, batch(b"b"), leader_epoch=4)
    log.assign_epoch(6)

    assert log.end_offset_for_epoch(3) == (2, 1)
    assert log.end_offset_for_epoch(4) == (4, 2)
    assert log.end_offset_for_epoch(6) == (6, 2)
    assert log.end_offset_for_epoch(7) == (-1, -1)
    assert [log.epoch_of(0), log.epoch_of(1), log.latest_epoch] == [2, 4, 6]
    assert new_log().epoch_of(0) == -1


def test_segment_starts():
    """ListOffsets v0: starts of segments written no later than a time, newest first; with the end, if asked for all."""
    clock = [NOW]
    log = new_log(MemoryDisk(touch_ms=lambda: clock[0]), segment_bytes=100)
    for number in range(4):
        clock[0] = NOW + number
        append(log, batch(b"%d" % number))

    assert log.segment_starts_before(None) == [4, 3, 2, 1, 0]
    assert log.segment_starts_before(NOW + 1) == [1, 0]
    assert log.segment_starts_before(NOW - 1) == []
