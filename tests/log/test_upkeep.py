"""Rolling, truncating, deleting, flushing and closing a log."""

import errno

import pytest
from faulty_disk import FaultyDisk
from log_tools import NOW, PATH, append, append_marker, batch, names, new_log, read_all, reopen

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.config import MAX_LONG, LogConfig
from pykbroker.log.segment import Segment
from pykbroker.wire.records import read_header, rewrite_header

DAY = 86_400_000
NAME = "00000000000000000000"


def bases(log):
    return [segment.base_offset for segment in log.segments]


def failing(code):
    return pytest.raises(KafkaError, check=lambda error: error.code is code)


# --- rolling ------------------------------------------------------------------------------------------------------


def test_rolls_by_size():
    """A segment is finished before it would become larger than segment.bytes."""
    size = len(batch(b"x"))
    log = new_log(segment_bytes=2 * size)
    for _ in range(5):
        append(log, batch(b"x"))

    assert bases(log) == [0, 2, 4]
    assert [segment.size for segment in log.segments] == [2 * size, 2 * size, size]
    assert {f"{0:020d}.index", f"{0:020d}.timeindex", f"{2:020d}.snapshot", f"{4:020d}.log"} <= set(names(log))


def test_rolls_by_record_time():
    """A batch that is segment.ms later than the segment's first one opens a new segment."""
    log = new_log(segment_ms=1000)
    for timestamp in (NOW, NOW + 1000, NOW + 1001, NOW + 1500):
        append(log, batch(b"x", timestamp=timestamp), now_ms=NOW)

    assert bases(log) == [0, 2]


def test_rolls_by_wall_time_without_timestamps():
    """Records that have no timestamp are measured by the clock, from the segment's first batch on."""
    log = new_log(segment_ms=1000, message_timestamp_after_max_ms=MAX_LONG)
    data = bytearray(batch(b"x", timestamp=-1))
    for offset, now_ms in enumerate((NOW, NOW + 1000, NOW + 1001)):
        rewrite_header(data, 0, base_offset=offset, partition_leader_epoch=0)
        log.append_as_follower(data, now_ms)

    assert bases(log) == [0, 2]


def test_jitter_spreads_rolls():
    """With segment.jitter.ms a later segment rolls somewhat earlier than segment.ms, the same in every run."""
    log = new_log(segment_ms=1000, segment_jitter_ms=500)
    log.log_end_offset = 77
    jitter = log.roll().jitter_ms

    assert 0 < jitter < 500
    again = new_log(segment_ms=1000, segment_jitter_ms=500)
    again.log_end_offset = 77
    assert again.roll().jitter_ms == jitter


def test_compacted_logs_roll_in_time_to_be_cleaned():
    """max.compaction.lag.ms bounds how long records stay in the active segment (KIP-354)."""
    assert LogConfig(is_compacted=True, max_compaction_lag_ms=5).max_segment_ms == 5
    assert LogConfig(is_compacted=False, max_compaction_lag_ms=5).max_segment_ms == LogConfig().segment_ms


def test_rolls_when_an_index_is_full():
    """An index has no room for another entry: the segment is finished."""
    log = new_log(segment_index_bytes=24, index_interval_bytes=0)
    for _ in range(8):
        append(log, batch(b"x"))

    assert len(log.segments) > 2
    assert all(len(segment.time_index) <= 2 for segment in log.segments)


def test_rolls_when_an_offset_is_too_far():
    """Offsets are relative to the base offset in 31 bits; a follower of a compacted log may jump further."""
    log = new_log()
    for offset in (0, 2**31, 2**31 + 5):
        data = bytearray(batch(b"x"))
        rewrite_header(data, 0, base_offset=offset, partition_leader_epoch=0)
        log.append_as_follower(data, NOW)

    assert bases(log) == [0, 2**31]
    assert read_all(log) == [(0, b"x"), (2**31, b"x"), (2**31 + 5, b"x")]


def test_rolling_an_empty_segment_does_nothing():
    """There is never a second segment with the same name."""
    log = new_log()
    assert log.roll() is log.roll()
    append(log, batch(b"x"))
    log.roll()
    log.roll()
    assert bases(log) == [0, 1]


# --- truncation ---------------------------------------------------------------------------------------------------


def test_truncate_drops_segments_and_batches():
    """Everything from the offset on is gone: records, segments, snapshots, epochs, producers' batches."""
    log = new_log(segment_bytes=200, file_delete_delay_ms=5)
    for number in range(10):
        options = {"producer_id": 7, "producer_epoch": 0, "base_sequence": number}
        append(log, batch(b"%d" % number, **options), leader_epoch=number // 3)
    log.truncate_to(4, NOW)

    assert read_all(log) == [(n, b"%d" % n) for n in range(4)]
    assert (log.log_end_offset, log.high_watermark, log.latest_epoch) == (4, 4, 1)
    assert [each.last_sequence for each in log.producer_states()] == [3]
    assert any(name.endswith(".deleted") for name in names(log))
    assert log.directory.due_removals(NOW + 4) == []
    for path in log.directory.due_removals(NOW + 5):
        log.directory.disk.remove(path)
    assert not any(name.endswith(".deleted") for name in names(log))
    append(log, batch(b"new", producer_id=7, producer_epoch=0, base_sequence=4), leader_epoch=9)
    assert read_all(log)[-1] == (4, b"new")
    assert log.end_offset_for_epoch(1) == (1, 4)


def test_truncating_behind_the_end_only_forgets_epochs():
    """A leader that appended nothing leaves no epoch behind when it is deposed."""
    log = new_log()
    append(log, batch(b"a"))
    log.assign_epoch(5)
    log.truncate_to(9)

    assert log.latest_epoch == 0
    assert read_all(log) == [(0, b"a")]


def test_truncating_reopens_a_transaction():
    """When its marker is dropped a transaction is open again, and it is not among the aborted."""
    log = new_log()
    append(log, batch(b"t", producer_id=7, producer_epoch=0, base_sequence=0, is_transactional=True))
    append_marker(log, 7, commit=False)
    assert log.last_stable_offset == 2
    log.truncate_to(1)

    assert log.last_stable_offset == 0
    assert log.aborted_transactions(0, log.read(0, 999, 1)) == []


def test_truncate_fully():
    """A follower that is too far behind begins anew at the leader's start."""
    log = new_log(segment_bytes=200)
    for number in range(10):
        append(log, batch(b"%d" % number, producer_id=7, producer_epoch=0, base_sequence=number))
    log.truncate_fully_and_start_at(50)

    assert (log.log_start_offset, log.high_watermark, log.log_end_offset) == (50, 50, 50)
    assert log.producer_states() == []
    assert log.latest_epoch == -1
    data = bytearray(batch(b"x"))
    rewrite_header(data, 0, base_offset=50, partition_leader_epoch=3)
    log.append_as_follower(data, NOW)
    assert read_all(log) == [(50, b"x")]
    reopened, report = reopen(log)
    assert (reopened.log_start_offset, reopened.log_end_offset) == (50, 51)
    assert not report


def test_truncate_fully_to_where_it_is():
    """The new segment may have the very name of an old one."""
    log = new_log()
    append(log, batch(b"a"))
    log.truncate_fully_and_start_at(0)
    append(log, batch(b"b"))

    assert read_all(log) == [(0, b"b")]


def test_truncating_before_the_first_segment_starts_anew():
    """Nothing that the log has is left."""
    log = new_log()
    log.truncate_fully_and_start_at(10)
    log.truncate_to(4)

    assert (log.log_start_offset, log.log_end_offset) == (4, 4)


# --- deletion -----------------------------------------------------------------------------------------------------


def test_delete_records():
    """The start moves, epochs follow, whole segments go at the next retention pass; not beyond the high watermark."""
    log = new_log(segment_bytes=100)
    for number in range(6):
        append(log, batch(b"%d" % number), leader_epoch=number)
    log.delete_records_before(4)
    assert read_all(log) == [(4, b"4"), (5, b"5")]
    assert bases(log) == [0, 1, 2, 3, 4, 5]
    assert log.epochs.entries[0] == (4, 4)
    log.delete_records_before(2)
    assert log.log_start_offset == 4
    assert log.retention_pass(NOW) == 4
    assert bases(log) == [4, 5]
    with failing(ErrorCode.OFFSET_OUT_OF_RANGE):
        log.delete_records_before(7)


def test_retention_by_time_and_size():
    """Old segments go, and the oldest of too many; the log starts at the first that is left."""
    log = new_log(segment_bytes=100, retention_ms=DAY)
    for number in range(4):
        append(log, batch(b"%d" % number, timestamp=NOW + number * DAY), now_ms=NOW + number * DAY)
    assert log.retention_pass(NOW + 2 * DAY + 1) == 2
    assert (log.log_start_offset, bases(log)) == (2, [2, 3])
    log.reconfigure(LogConfig(retention_ms=-1, retention_bytes=len(batch(b"0"))))
    assert log.retention_pass(NOW) == 1
    assert bases(log) == [3]


def test_retention_of_everything_rolls_first():
    """When all records are too old an empty segment remembers where the log ends."""
    log = new_log(retention_ms=1000)
    append(log, batch(b"a", b"b"))
    assert log.retention_pass(NOW + 1001) == 1
    assert (log.log_start_offset, log.log_end_offset, bases(log)) == (2, 2, [2])
    assert log.retention_pass(NOW + 9001) == 0
    reopened, _ = reopen(log)
    assert (reopened.log_start_offset, reopened.log_end_offset) == (2, 2)


def test_retention_waits_for_the_high_watermark():
    """What followers have not got yet is not deleted."""
    log = new_log(retention_ms=0, segment_bytes=100)
    for _ in range(3):
        log.append_as_leader(batch(b"x"), leader_epoch=0, origin=2, now_ms=NOW)
    log.high_watermark = 1

    assert log.retention_pass(NOW + DAY) == 1
    assert log.log_start_offset == 1


def test_slices_outlive_their_segment():
    """An answer on its way to a consumer stays readable when retention deletes the segment."""
    log = new_log(segment_bytes=100, retention_ms=0, file_delete_delay_ms=0)
    for number in range(3):
        append(log, batch(b"%d" % number))
    records = log.read(0, 999, 3).records
    before = records.read()
    log.retention_pass(NOW + 1)
    for path in log.directory.due_removals(NOW + 1):
        log.directory.disk.remove(path)

    assert records.read() == before


def test_replace_segments():
    """Cleaned segments take the place of those they were made of, under one name at a time."""
    log = new_log(segment_bytes=100, file_delete_delay_ms=0)
    for number in range(4):
        append(log, batch(b"%d" % number))
    made = Segment(log.directory.disk, PATH, 0, 0, ".cleaned")
    for offset in (0, 2):
        data = bytearray(batch(b"%d" % offset))
        rewrite_header(data, 0, base_offset=offset, partition_leader_epoch=0)
        made.note_batch(made.append([data], len(data)), read_header(data), 4096)
    made.seal()
    log.replace_segments([made], log.segments[:3], NOW)

    assert bases(log) == [0, 3]
    assert read_all(log) == [(0, b"0"), (2, b"2"), (3, b"3")]
    assert not any(name.endswith((".swap", ".cleaned")) for name in names(log))
    assert read_all(reopen(log)[0]) == [(0, b"0"), (2, b"2"), (3, b"3")]


# --- flushing and closing -----------------------------------------------------------------------------------------


def test_flush_moves_the_recovery_point():
    """After a flush nothing is due; a flush up to the active segment leaves its records due."""
    log = new_log(segment_bytes=100, flush_messages=2)
    append(log, batch(b"a"))
    assert not log.is_flush_due(NOW)
    append(log, batch(b"b"))
    assert log.is_flush_due(NOW)
    job = log.flush_job(log.segments[-1].base_offset)
    job.run()
    job.finish()
    assert log.recovery_point == 1
    log.flush(now_ms=NOW)
    assert log.recovery_point == 2
    assert log.flush_job() is None
    assert not log.is_flush_due(NOW)


def test_flush_by_time():
    """flush.ms counts from the last flush."""
    log = new_log(flush_ms=1000)
    append(log, batch(b"a"))
    log.flush(now_ms=NOW)
    append(log, batch(b"a"))
    assert not log.is_flush_due(NOW + 999)
    assert log.is_flush_due(NOW + 1000)


def test_a_job_outlives_changes():
    """Between making a flush job and finishing it the log may grow, roll and be truncated."""
    log = new_log(FaultyDisk(), segment_bytes=100)
    append(log, batch(b"a"))
    append(log, batch(b"b"))
    job = log.flush_job()
    append(log, batch(b"c"))
    log.truncate_to(1)
    job.run()
    job.finish()

    assert log.recovery_point == 1


def test_a_failed_sync_takes_the_directory_offline():
    """An fsync that failed cannot be tried again: what it was for may be lost."""
    disk = FaultyDisk()
    log = new_log(disk)
    append(log, batch(b"a"))
    disk.fail("sync")
    with failing(ErrorCode.KAFKA_STORAGE_ERROR):
        log.flush()
    assert log.recovery_point == 0
    with failing(ErrorCode.KAFKA_STORAGE_ERROR):
        log.read(0, 1, 1)


def test_a_full_disk_takes_nothing_and_loses_nothing():
    """ENOSPC while appending: the directory is offline, and a restart finds all that was acknowledged."""
    disk = FaultyDisk()
    log = new_log(disk)
    append(log, batch(b"a"))
    disk.fail("append", code=errno.ENOSPC, torn_bytes=40)
    with failing(ErrorCode.KAFKA_STORAGE_ERROR):
        append(log, batch(b"b"))
    assert "injected" in log.directory.failure
    with failing(ErrorCode.KAFKA_STORAGE_ERROR):
        append(log, batch(b"c"))
    reopened, report = reopen(disk)
    assert read_all(reopened) == [(0, b"a")]
    assert report.truncated_bytes == 40


def test_closed_logs_have_kafkas_files():
    """A closed log with records has its segment's three files, a snapshot at its end, and its epochs."""
    log = new_log()
    append(log, batch(b"a"), leader_epoch=3)
    log.close()

    assert names(log) == [
        f"{NAME}.index",
        f"{NAME}.log",
        f"{NAME}.timeindex",
        f"{1:020d}.snapshot",
        "leader-epoch-checkpoint",
    ]
    assert log.directory.disk.read_bytes(f"{PATH}/leader-epoch-checkpoint") == b"0\n1\n3 0\n"


def test_closing_an_untouched_log_writes_nothing():
    """What a clean start has opened and nobody used is left as it is."""
    log = new_log()
    append(log, batch(b"a"))
    log.close()
    disk = log.directory.disk
    before = {name: disk.read_bytes(f"{PATH}/{name}") for name in names(log)}
    again, _ = reopen(log, is_clean=True, recovery_point=1)
    disk.touch_ms = lambda: NOW + 1
    again.close()

    assert {name: disk.read_bytes(f"{PATH}/{name}") for name in names(log)} == before
    assert disk.modified_ms(f"{PATH}/{NAME}.log") != NOW + 1


def test_a_moved_log_goes_on():
    """Renaming the directory of an open log changes nothing for its users."""
    log = new_log(segment_bytes=200)
    for number in range(5):
        append(log, batch(b"%d" % number))
    log.directory.disk.rename(PATH, "data/elsewhere")
    log.moved(log.directory, "data/elsewhere")
    append(log, batch(b"5"))
    log.close()

    assert read_all(log) == [(n, b"%d" % n) for n in range(6)]


def test_expired_producers_are_forgotten():
    """After producer.id.expiration.ms of silence a producer is unknown."""
    log = new_log(producer_id_expiration_ms=1000)
    append(log, batch(b"a", producer_id=7, producer_epoch=0, base_sequence=0))
    log.expire_producers(NOW + 999)
    assert len(log.producer_states()) == 1
    log.expire_producers(NOW + 1000)
    assert log.producer_states() == []
