"""Opening a log after a clean shutdown, a crash, an interrupted compaction, and all sorts of damage."""

import pytest
from log_tools import NOW, PATH, append, append_marker, batch, names, new_log, read_all, reopen

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log import recovery
from pykbroker.log.aborted import AbortedTransaction, encode_aborted
from pykbroker.log.config import LogConfig
from pykbroker.wire.message_sets import encode_message_set
from pykbroker.wire.records import Record

NAME = "00000000000000000000"


def filled(count=10, segment_bytes=200, **options):
    """A log with some segments."""
    log = new_log(segment_bytes=segment_bytes, **options)
    for number in range(count):
        append(log, batch(b"%d" % number, timestamp=NOW + number), leader_epoch=number // 4)
    return log


def everything(count):
    return [(number, b"%d" % number) for number in range(count)]


def path(base, suffix):
    return f"{PATH}/{base:020d}{suffix}"


def test_clean_start_scans_nothing(monkeypatch):
    """After a clean shutdown not one batch is checked, however long the log."""
    log = filled()
    log.close()
    monkeypatch.setattr(recovery, "crc32c", lambda *_: pytest.fail("a batch was checked"))
    again, report = reopen(log, is_clean=True, recovery_point=10)

    assert not report
    assert (again.log_end_offset, again.recovery_point) == (10, 10)
    assert read_all(again) == everything(10)
    assert list(again.epochs.entries) == [(0, 0), (1, 4), (2, 8)]


def test_unclean_start_scans_from_the_recovery_point():
    """Segments that are known to be on the disk are not read again."""
    log = filled()
    total = log.size_bytes
    again, report = reopen(log, recovery_point=5)
    assert not report
    behind = sum(segment.size for segment in log.segments if segment.base_offset >= 4)
    assert report.scanned_bytes == behind < total
    assert read_all(again) == everything(10)
    assert again.recovery_point == 5
    assert reopen(log)[1].scanned_bytes == total


@pytest.mark.parametrize("cut", [1, 30, 60, 61, 70])
def test_torn_tail_is_cut_off(cut):
    """Bytes of a batch that is not whole disappear, and the report says how many."""
    log = filled()
    log.segments[-1].file.append([batch(b"torn")[:cut]])
    again, report = reopen(log)

    assert read_all(again) == everything(10)
    assert report.truncated_bytes == cut
    assert "cut off" in str(report)
    append(again, batch(b"10"))
    assert read_all(again) == everything(11)


def test_zeros_at_the_end_are_cut_off():
    """A file system may have grown the file and not written it."""
    log = filled()
    log.segments[-1].file.append([bytes(5000)])
    again, report = reopen(log)

    assert read_all(again) == everything(10)
    assert report.truncated_bytes == 5000


def test_damage_in_the_middle_ends_the_log():
    """As in Kafka: the log is cut at the damaged batch, and later segments are removed."""
    log = filled()
    segment = log.segments[1]
    segment.file.write_at(segment.position_of(3) + 65, b"\xff")
    again, report = reopen(log)

    assert read_all(again) == everything(3)
    assert report.removed_segments == len(log.segments) - 2
    assert any(name.endswith(".deleted") for name in names(log))
    assert again.latest_epoch == 0
    append(again, batch(b"3"))
    assert read_all(again) == everything(4)


def test_a_missing_segment_ends_the_log():
    """A hole between segments after a crash: what is behind it goes, for a log has no holes."""
    log = filled()
    log.directory.disk.remove_file(path(log.segments[2].base_offset, ".log"))
    again, report = reopen(log)

    assert read_all(again) == everything(log.segments[2].base_offset)
    assert "are missing" in str(report)


def test_compacted_logs_may_have_holes():
    """Compaction leaves gaps, also between segments."""
    log = filled(is_compacted=False)
    log.directory.disk.remove_file(path(log.segments[2].base_offset, ".log"))
    again, _ = reopen(log, config=LogConfig(is_compacted=True))

    assert again.log_end_offset == 10


def test_offsets_that_go_back_are_damage():
    """A batch whose offsets cannot follow those before it is not served, whatever its checksum says."""
    log = new_log()
    append(log, batch(b"a", b"b"))
    data = log.segments[0].file.read(0, log.segments[0].size)
    log.segments[0].file.append([data])
    again, report = reopen(log)

    assert again.log_end_offset == 2
    assert "cannot follow" in str(report)


@pytest.mark.parametrize("is_clean", [True, False])
@pytest.mark.parametrize("suffix", [".index", ".timeindex"])
def test_deleted_indexes_come_back(suffix, is_clean):
    """Each index is made again, and the report says so; nothing else is lost."""
    log = filled()
    log.close()
    log.directory.disk.remove_file(path(0, suffix))
    again, report = reopen(log, is_clean=is_clean, recovery_point=10)

    assert f"{suffix} of segment 0 rebuilt" in str(report)
    assert f"{NAME}{suffix}" in names(log)
    assert read_all(again) == everything(10)
    assert again.offset_for_timestamp(NOW + 1)[0] == 1


def test_orphaned_index_files_are_removed():
    """Indexes without a log are of no use."""
    log = filled()
    log.directory.disk.write_file(path(77, ".index"), b"12345678")
    _, report = reopen(log)

    assert "no log file" in str(report)
    assert f"{77:020d}.index" not in names(log)


def test_a_damaged_transaction_index_comes_back():
    """Aborted transactions are found again by reading the segment, also after a clean shutdown."""
    log = new_log()
    append(log, batch(b"t", producer_id=7, producer_epoch=0, base_sequence=0, is_transactional=True))
    append_marker(log, 7, commit=False)
    log.close()
    disk = log.directory.disk
    good = disk.read_bytes(path(0, ".txnindex"))
    assert good == encode_aborted(AbortedTransaction(7, 0, 1, 2))
    for damage, is_clean in ((good[:20], True), (good + good, True), (b"", False), (good[:33] + b"\x09", False)):
        disk.write_file(path(0, ".txnindex"), damage)
        again, _ = reopen(log, is_clean=is_clean)
        assert again.aborted_transactions(0, again.read(0, 999, 2)) == [(7, 0)]
        assert disk.read_bytes(path(0, ".txnindex")) == good


@pytest.mark.parametrize("is_clean", [True, False])
def test_producers_come_back(is_clean):
    """After a restart a retry of the last batch is still a duplicate, and an open transaction still open."""
    log = new_log(segment_bytes=250)
    for number in range(6):
        append(log, batch(b"%d" % number, producer_id=7, producer_epoch=0, base_sequence=number))
    append(log, batch(b"t", producer_id=8, producer_epoch=0, base_sequence=0, is_transactional=True))
    if is_clean:
        log.close()
    again, _ = reopen(log, is_clean=is_clean, recovery_point=7)

    assert again.last_stable_offset == 6
    assert append(again, batch(b"5", producer_id=7, producer_epoch=0, base_sequence=5)).duplicate
    append_marker(again, 8, commit=True)
    assert again.last_stable_offset == 8


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_snapshot_is_not_needed(damage):
    """Without a usable snapshot the producers are read from the records."""
    log = new_log()
    append(log, batch(b"a", producer_id=7, producer_epoch=0, base_sequence=0))
    log.close()
    snapshot = path(1, ".snapshot")
    if damage is None:
        log.directory.disk.remove_file(snapshot)
    else:
        log.directory.disk.write_file(snapshot, damage)
    again, _ = reopen(log)

    assert [each.last_sequence for each in again.producer_states()] == [0]


def test_stray_snapshots_are_removed():
    """Snapshots that belong to no segment go, but for the newest; those beyond the end are of lost records."""
    log = filled()
    log.close()
    for offset in (1, 3, 400):
        log.directory.disk.write_file(path(offset, ".snapshot"), log.directory.disk.read_bytes(path(10, ".snapshot")))
    again, _ = reopen(log)
    assert again.producer_states() == []
    left = {name for name in names(log) if name.endswith(".snapshot")}
    assert left & {f"{offset:020d}.snapshot" for offset in (1, 3, 400)} == set()


def test_the_log_start_is_kept():
    """DeleteRecords in the middle of a segment survives by the checkpoint."""
    log = filled()
    again, _ = reopen(log, log_start_offset=3)
    assert again.log_start_offset == 3
    assert read_all(again) == everything(10)[3:]
    assert again.epochs.entries[0] == (0, 3)


def test_a_log_that_ends_before_its_start_begins_anew():
    """Segments were deleted by hand: the log goes on at the start that the checkpoint knows."""
    log = filled()
    again, report = reopen(log, log_start_offset=50)

    assert (again.log_start_offset, again.log_end_offset) == (50, 50)
    assert "before the log start" in str(report)
    append(again, batch(b"x"))
    assert reopen(again, log_start_offset=50)[0].log_end_offset == 51


def test_an_empty_directory_is_an_empty_log():
    """With a log start in the checkpoint it begins there."""
    disk = new_log().directory.disk
    assert reopen(disk)[0].log_end_offset == 0
    again, _ = reopen(disk, log_start_offset=9)
    assert (again.log_start_offset, again.log_end_offset) == (9, 9)
    assert [name for name in names(disk) if name.endswith(".log")] == [f"{9:020d}.log"]


def test_a_damaged_epoch_file_is_made_again():
    """Epochs are in the batches too."""
    log = filled()
    log.close()
    log.directory.disk.write_file(f"{PATH}/leader-epoch-checkpoint", b"nonsense")
    again, _ = reopen(log)

    assert list(again.epochs.entries) == [(0, 0), (1, 4), (2, 8)]


# --- interrupted changes ------------------------------------------------------------------------------------------


def rename(log, base, suffix):
    """Give the files of one segment another suffix, as a cleaner would have."""
    disk = log.directory.disk
    for each in (".log", ".index", ".timeindex"):
        if disk.exists(path(base, each)):
            disk.rename(path(base, each), path(base, each + suffix))


def test_leftovers_are_removed():
    """Deleted segments and cleaned ones that were not finished are gone after a start."""
    log = filled()
    log.close()
    disk = log.directory.disk
    disk.write_file(path(0, ".log.cleaned"), b"half")
    disk.write_file(path(99, ".log.deleted"), b"old")
    again, _ = reopen(log, is_clean=True)

    assert read_all(again) == everything(10)
    assert not any(name.endswith((".cleaned", ".deleted")) for name in names(log))


def test_an_interrupted_swap_is_completed():
    """Once all cleaned segments are called .swap they win: what they were made of is removed."""
    log = filled()
    log.close()
    disk = log.directory.disk
    third = log.segments[2]
    merged = b"".join(segment.file.read(0, segment.size) for segment in log.segments[:2])
    disk.write_file(path(0, ".log.swap"), merged)
    disk.write_file(path(0, ".index.swap"), b"")
    disk.write_file(path(0, ".timeindex.swap"), b"")
    again, report = reopen(log, is_clean=True)

    assert "interrupted compaction" in str(report)
    assert [segment.base_offset for segment in again.segments[:2]] == [0, third.base_offset]
    assert read_all(again) == everything(10)


def test_a_swap_half_renamed_is_completed():
    """The crash may come between the renames of one segment's files."""
    log = filled()
    log.close()
    rename(log, 0, ".swap")
    log.directory.disk.rename(path(0, ".log.swap"), path(0, ".log"))
    again, _ = reopen(log, is_clean=True)

    assert read_all(again) == everything(10)
    assert not any(name.endswith(".swap") for name in names(log))


def test_a_split_that_was_not_finished_is_undone():
    """Swap files beside cleaned ones of a lower offset belong to an unfinished split (KAFKA-6264)."""
    log = filled()
    log.close()
    disk = log.directory.disk
    disk.write_file(path(2, ".log.cleaned"), b"half")
    disk.write_file(path(4, ".log.swap"), b"half")
    again, _ = reopen(log, is_clean=True)

    assert read_all(again) == everything(10)


# --- scanning -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scan_bytes", [61, 100, 1000, 1 << 22])
def test_batches_across_reads(monkeypatch, scan_bytes):
    """Where one read of the scan ends and the next begins does not matter, even for batches larger than a read."""
    monkeypatch.setattr(recovery, "SCAN_BYTES", scan_bytes)
    log = new_log()
    for number in range(10):
        append(log, batch(b"%d" % number * (number * 100)))
    again, report = reopen(log)

    assert not report
    assert report.scanned_bytes == log.size_bytes
    assert read_all(again) == read_all(log)


def test_progress_is_told(monkeypatch):
    """Long recoveries say how far they are."""
    monkeypatch.setattr(recovery, "PROGRESS_BYTES", 100)
    log = filled()
    told = []
    loader = recovery.Loader(
        log.directory,
        PATH,
        log.topic_partition,
        log.config,
        is_clean=False,
        recovery_point=0,
        log_start_offset=0,
        now_ms=NOW,
        on_progress=lambda *progress: told.append(progress),
    )
    loader.load()

    assert len(told) > 3
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})
    assert {total for _, _, total in told} == {log.size_bytes}


def test_old_formats_are_refused_not_destroyed():
    """Messages of Kafka 0.10 are no damage: the log stays as it is, and says what it is."""
    log = new_log()
    old = encode_message_set([Record(0, NOW, b"k", b"v")], 1)
    log.directory.disk.write_file(path(0, ".log"), old * 3)
    with pytest.raises(KafkaError, match="which Kafka 0") as raised:
        reopen(log)
    assert raised.value.code is ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT
    assert log.directory.disk.size_of(path(0, ".log")) == 3 * len(old)
