"""Compaction on whole logs: of each key the newest stays, and nobody who reads can tell otherwise."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.log.cleaner import LogCleaner
from pykbroker.log.compaction import compact
from pykbroker.log.config import LogConfig
from pykbroker.log.directory import LogDirectory
from pykbroker.log.files import CLEANED_SUFFIX
from pykbroker.log.log import Log
from pykbroker.log.validate import AppendOrigin
from pykbroker.memory_disk import MemoryDisk
from pykbroker.names import TopicPartition
from pykbroker.wire.records import (
    RecordBatchBuilder,
    check_crc,
    control_type,
    end_transaction_marker,
    iterate_records,
    split_batches,
)

NOW = 1_700_000_000_000
DAY = 86_400_000
TP = TopicPartition("state", 0)
GOLDEN = Path(__file__).parent / "golden"
PATH = "/data/state-0"


class Partition:
    """A compacted log in memory with its cleaner."""

    def __init__(self, **config):
        options = {"is_compacted": True, "is_deleted": False, "min_cleanable_dirty_ratio": 0.0}
        self.config = LogConfig(**(options | config))
        self.disk = MemoryDisk()
        self.disk.make_directory(PATH)
        self.directory = LogDirectory(self.disk, "/data")
        self.log = Log.create(self.directory, PATH, TP, bytes(16), self.config)
        self.cleaned = []
        self.cleaner = LogCleaner(lambda: {TP: self.log}, on_cleaned=lambda *told: self.cleaned.append(told))
        self.sequences = {}

    def append(self, *records, compression=0, producer=-1, epoch=0, transactional=False, timestamp=NOW):
        sequence = self.sequences.get((producer, epoch), 0) if producer >= 0 else -1
        builder = RecordBatchBuilder(
            compression=compression,
            producer_id=producer,
            producer_epoch=epoch if producer >= 0 else -1,
            base_sequence=sequence,
            is_transactional=transactional,
        )
        for key, value in records:
            builder.append(timestamp, key, value)
        self.sequences[producer, epoch] = sequence + len(records)
        return self._append(builder.build(), AppendOrigin.CLIENT)

    def end(self, producer, *, commit, epoch=0):
        marker = end_transaction_marker(producer, epoch, commit=commit, coordinator_epoch=0, timestamp_ms=NOW)
        return self._append(marker, AppendOrigin.COORDINATOR)

    def _append(self, batch, origin):
        info = self.log.append_as_leader(batch, leader_epoch=0, origin=origin, now_ms=NOW)
        self.log.high_watermark = self.log.log_end_offset
        return info.base_offset

    def clean(self, now_ms=NOW, roll=True):
        if roll:
            self.log.roll()
        return list(self.cleaner.pass_(now_ms))

    def batches(self):
        found = []
        for segment in self.log.segments:
            data = segment.file.read(0, segment.size) if segment.size else b""
            for position, header in split_batches(data):
                assert check_crc(data, position, header)
                found.append((header, list(iterate_records(data, position, header))))
        offsets = [header.base_offset for header, _ in found]
        assert offsets == sorted(set(offsets))
        return found

    def records(self):
        return [record for header, records in self.batches() if not header.is_control for record in records]

    def values(self):
        """What a consumer that reads everything ends up with."""
        return {record.key: record.value for record in self.records()}

    def committed(self):
        """The records that a read_committed consumer sees."""
        aborted = [
            entry
            for segment in self.log.segments
            for entry in segment.transactions().collect(0, self.log.log_end_offset)[0]
        ]
        seen = []
        for header, records in self.batches():
            hidden = header.is_transactional and any(
                entry.producer_id == header.producer_id and entry.first_offset <= header.base_offset < entry.last_offset
                for entry in aborted
            )
            if not header.is_control and not hidden:
                seen += records
        return seen

    def reopened(self):
        self.log.close()
        self.log, _ = Log.open(
            self.directory, PATH, TP, bytes(16), self.config, NOW, high_watermark=self.log.log_end_offset
        )
        return self


@pytest.fixture
def partition():
    return Partition()


@pytest.mark.parametrize("compression", range(5))
def test_of_each_key_the_newest_stays(partition, compression):
    """At its own offset, with the rest of its batch gone."""
    partition.append((b"a", b"1"), (b"b", b"2"), (b"a", b"3"), compression=compression)
    partition.append((b"c", b"4"), compression=compression)
    partition.append((b"b", b"5"), (b"d", b"6"), compression=compression)
    partition.clean()
    assert [(r.offset, r.key, r.value) for r in partition.records()] == [
        (2, b"a", b"3"),
        (3, b"c", b"4"),
        (4, b"b", b"5"),
        (5, b"d", b"6"),
    ]
    (first, _), *_ = partition.batches()
    assert (first.base_offset, first.last_offset_delta, first.record_count) == (0, 2, 1)
    assert first.compression == compression


def test_untouched_batches_are_the_same_bytes(partition):
    """What loses nothing is copied as it is."""
    partition.append((b"a", b"1"), (b"b", b"2"), compression=1)
    before = partition.log.segments[0].file.read(0, 1000)
    partition.clean()
    assert partition.log.segments[0].file.read(0, 1000) == before


def test_what_is_cleaned_is_remembered(partition):
    """The checkpoint moves to the end of what was dirty; without new records there is nothing to do."""
    partition.append((b"a", b"1"), (b"a", b"2"))
    partition.clean()
    assert partition.disk.read_bytes("/data/cleaner-offset-checkpoint") == b"0\n1\nstate 0 2\n"
    assert len(partition.cleaned) == 1
    partition.clean(roll=False)
    assert len(partition.cleaned) == 1
    again = LogCleaner(lambda: {TP: partition.log})
    assert again.dirt_of(partition.log, NOW).first_dirty_offset == 2


def test_later_rounds_reach_back(partition):
    """A key written again removes what earlier rounds had kept."""
    partition.append((b"a", b"1"), (b"b", b"1"))
    partition.clean()
    partition.append((b"a", b"2"))
    partition.clean()
    assert [(r.offset, r.key) for r in partition.records()] == [(1, b"b"), (2, b"a")]


def test_the_active_segment_is_left_alone(partition):
    """Nothing is cleaned in it, and nothing it says counts yet."""
    partition.append((b"a", b"1"), (b"a", b"2"))
    partition.log.roll()
    partition.append((b"a", b"3"), (b"a", b"4"))
    partition.clean(roll=False)
    assert [r.offset for r in partition.records()] == [1, 2, 3]


def test_a_round_ends_where_the_map_is_full(partition):
    """Little memory means more rounds, and the same result."""
    for index in range(300):
        partition.append((b"%d" % (index % 100), b"v%d" % index))
    expected = partition.values()
    partition.cleaner._max_map_bytes = 40 * 30
    partition.log.roll()
    ends = []
    for _ in range(30):
        partition.clean(roll=False)
        ends.append(partition.cleaner.dirt_of(partition.log, NOW).first_dirty_offset)
    assert ends[0] == 30
    assert ends == sorted(ends)
    assert ends[-1] == 300
    assert len(partition.records()) == 100
    assert partition.values() == expected


def test_tombstones_stay_for_a_while(partition):
    """A consumer must have the time to see the deletion: `delete.retention.ms` from the round that first met it."""
    partition.append((b"a", b"1"), (b"b", b"1"))
    partition.append((b"a", None), (b"c", b"1"))
    partition.clean(NOW)
    assert partition.values() == {b"a": None, b"b": b"1", b"c": b"1"}
    header, records = partition.batches()[1]
    assert header.delete_horizon_ms == NOW + DAY
    assert [r.timestamp for r in records] == [NOW, NOW]
    partition.append((b"x", b"1"))
    partition.clean(NOW + DAY - 1)
    assert b"a" in partition.values()
    partition.append((b"x", b"2"))
    partition.clean(NOW + DAY)
    assert partition.values() == {b"b": b"1", b"c": b"1", b"x": b"2"}


def test_a_tombstone_removes_what_was_before(partition):
    """Even while it stays itself."""
    partition.append((b"a", b"1"))
    partition.append((b"a", None))
    partition.clean()
    assert [(r.offset, r.value) for r in partition.records()] == [(1, None)]


def test_records_without_key_go(partition):
    """A topic may have been turned into a compacted one; what has no key has no place in it."""
    partition.log.reconfigure(LogConfig())
    partition.append((None, b"x"), (b"a", b"1"))
    partition.log.reconfigure(partition.config)
    partition.clean()
    assert partition.values() == {b"a": b"1"}


def test_the_last_batch_of_a_round_stays(partition):
    """Even when all its records go, so that the log does not seem to end earlier."""
    partition.append((b"a", b"1"))
    partition.log.reconfigure(LogConfig())
    partition.append((None, b"x"))
    partition.append((None, b"y"))
    partition.log.reconfigure(partition.config)
    partition.clean()
    assert [(header.base_offset, header.record_count) for header, _ in partition.batches()] == [(0, 1), (2, 0)]
    assert partition.reopened().log.log_end_offset == 3


def test_producers_keep_their_place(partition):
    """The last batch of an active producer stays without its records, and tells its sequence after a recovery."""
    partition.append((b"a", b"1"), (b"b", b"1"), producer=5)
    partition.append((b"a", b"2"), (b"b", b"2"))
    partition.clean()
    (header, records), *_ = partition.batches()
    assert (header.producer_id, header.base_sequence, header.last_sequence, records) == (5, 0, 1, [])
    assert (header.max_timestamp, header.base_timestamp, header.record_count) == (NOW, -1, 0)
    for name in partition.disk.list_directory(PATH):
        if name.endswith(".snapshot"):
            partition.disk.remove_file(f"{PATH}/{name}")
    assert partition.reopened().log.producers.producer(5).last_sequence == 1


def test_silent_producers_do_not(partition):
    """A producer that has expired has no place to keep."""
    partition.append((b"a", b"1"), producer=5)
    partition.append((b"a", b"2"))
    partition.log.producers.expire(NOW + 2 * DAY, DAY)
    partition.clean()
    assert [header.producer_id for header, _ in partition.batches()] == [-1]


def test_aborted_records_go_at_once(partition):
    """Nobody may read them, whether or not their keys were written again."""
    partition.append((b"a", b"committed"), transactional=True, producer=1)
    partition.end(1, commit=True)
    partition.append((b"a", b"aborted"), (b"z", b"aborted"), transactional=True, producer=1)
    partition.end(1, commit=False)
    partition.append((b"b", b"plain"))
    assert [r.value for r in partition.committed()] == [b"committed", b"plain"]
    partition.clean()
    assert [r.value for r in partition.committed()] == [b"committed", b"plain"]
    assert b"aborted" not in [r.value for r in partition.records()]


def markers(partition):
    return [
        (header.base_offset, control_type(records[0].key))
        for header, records in partition.batches()
        if header.is_control and records
    ]


def test_markers_go_after_their_records(partition):
    """First the records, in the next round the marker becomes old, after `delete.retention.ms` it goes."""
    partition.append((b"a", b"1"), transactional=True, producer=1)
    partition.end(1, commit=True)
    partition.append((b"b", b"1"), transactional=True, producer=2)
    partition.end(2, commit=False)
    partition.append((b"a", b"2"), (b"b", b"2"))
    partition.log.producers.expire(NOW + 2 * DAY, DAY)
    partition.clean(NOW)
    assert markers(partition) == [(1, 1), (3, 0)]
    partition.append((b"x", b"1"))
    partition.clean(NOW + 1)
    assert markers(partition) == [(1, 1), (3, 0)]
    assert partition.batches()[0][0].delete_horizon_ms == NOW + 1 + DAY
    partition.append((b"x", b"2"))
    partition.clean(NOW + DAY)
    assert len(markers(partition)) == 2
    partition.append((b"x", b"3"))
    partition.clean(NOW + 1 + DAY)
    assert markers(partition) == []
    assert partition.log.segments[0].transactions().collect(0, 100)[0] == []


def test_open_transactions_bound_the_round(partition):
    """Nothing behind the last stable offset is cleaned: it is not known yet what counts."""
    partition.append((b"a", b"1"))
    partition.log.roll()
    partition.append((b"a", b"2"), transactional=True, producer=1)
    partition.append((b"a", b"3"))
    partition.clean()
    assert [r.offset for r in partition.records()] == [0, 1, 2]
    partition.end(1, commit=True)
    partition.clean()
    assert [r.offset for r in partition.records()] == [2]


def test_small_segments_are_merged(partition):
    """Otherwise a compacted log would become a row of nearly empty files."""
    for index in range(10):
        partition.append((b"a", b"%d" % index), (b"k%d" % index, b"v"))
        partition.log.roll()
    assert len(partition.log.segments) == 11
    partition.clean(roll=False)
    assert [segment.base_offset for segment in partition.log.segments] == [0, 20]
    assert partition.log.segments[0].find(11).last_offset == 11
    assert len(partition.records()) == 11


def test_merged_segments_are_no_larger_than_a_segment():
    """`segment.bytes` bounds a group."""
    partition = Partition(segment_bytes=1000)
    for index in range(10):
        partition.append((b"k%d" % index, bytes(300)))
    partition.clean()
    assert len(partition.log.segments) > 3
    assert all(segment.size <= 1000 for segment in partition.log.segments)


def test_it_pauses_often():
    """No stretch between two pauses handles more than some thousand records."""
    partition = Partition()
    for start in range(0, 20_000, 4000):
        partition.append(*[(b"%d" % (index % 7000), b"v") for index in range(start, start + 4000)], compression=4)
    partition.log.roll()
    dirt = partition.cleaner.dirt_of(partition.log, NOW)
    job = partition.cleaner._job(partition.log, dirt, NOW)
    before = longest = 0
    for _ in compact(job):
        done = job.stats.map_records + job.stats.records_read
        longest, before = max(longest, done - before), done
    assert longest <= 3000
    assert job.stats.records_written == 7000


def test_an_unfinished_round_leaves_no_trace(partition):
    """Closing it at any pause removes its files, and the log is as it was."""
    for index in range(2000):
        partition.append((b"%d" % (index % 7), b"v"))
        if index % 500 == 499:
            partition.log.roll()
    before = [(segment.base_offset, segment.size) for segment in partition.log.segments]
    dirt = partition.cleaner.dirt_of(partition.log, NOW)
    pauses = len(list(compact(partition.cleaner._job(partition.log, dirt._replace(first_uncleanable_offset=0), NOW))))
    pauses = 30
    for count in range(pauses):
        steps = compact(partition.cleaner._job(partition.log, dirt, NOW))
        for _ in range(count):
            step = next(steps, "done")
            if step is not None:  # a file to be synced: the next step would swap
                break
        steps.close()
        assert not [name for name in partition.disk.list_directory(PATH) if name.endswith(CLEANED_SUFFIX)]
        assert [(segment.base_offset, segment.size) for segment in partition.log.segments] == before


def test_a_log_that_changes_meanwhile(partition):
    """A segment that is deleted under the cleaner's hands ends the round."""
    for index in range(3000):
        partition.append((b"%d" % index, b"v"))
        if index % 1000 == 999:
            partition.log.roll()
    steps = partition.cleaner.pass_(NOW)
    next(steps)
    partition.log.remove_oldest(1, NOW)
    assert list(steps) == [None]
    assert partition.cleaned == []
    assert len(partition.records()) == 2000
    assert not [name for name in partition.disk.list_directory(PATH) if name.endswith(CLEANED_SUFFIX)]


def test_a_deleted_log(partition):
    """And so does the end of the whole log."""
    partition.append(*[(b"%d" % index, b"v") for index in range(4000)])
    partition.log.roll()
    steps = partition.cleaner.pass_(NOW)
    next(steps)
    partition.cleaner._logs = dict
    assert list(steps) == [None]
    partition.cleaner.forget(TP)


def test_damage_makes_a_partition_uncleanable(partition):
    """It is named with its reason, and left alone from then on."""
    partition.append((b"a", b"1"), (b"b", b"1"))
    partition.log.roll()
    partition.log.segments[0].file.write_at(61, b"\xff\xff\xff\xff\xff")
    partition.clean(roll=False)
    assert TP in partition.cleaner.uncleanable
    assert partition.clean(roll=False) == []
    partition.cleaner.forget(TP)
    assert partition.cleaner.uncleanable == {}


def test_a_disk_that_fails(partition):
    """The directory goes offline, as with any other write."""
    partition.append((b"a", b"1"), (b"a", b"2"))
    partition.log.roll()

    def refuse(path, *, create=True):
        raise OSError(28, "No space left on device", path)

    partition.disk.open_file = refuse
    partition.clean(roll=False)
    assert partition.directory.failure is not None
    assert partition.clean(roll=False) == []


keys = st.sampled_from([b"a", b"b", b"c", b"d", b"e"])
values = st.one_of(st.none(), st.binary(max_size=3))
appends = st.tuples(
    st.just("append"), st.lists(st.tuples(keys, values), min_size=1, max_size=4), st.integers(0, 4), st.integers(-1, 1)
)
transactional = st.tuples(
    st.just("transaction"), st.lists(st.tuples(keys, values), min_size=1, max_size=3), st.integers(2, 4), st.booleans()
)
others = st.sampled_from([("roll",), ("clean", 0), ("clean", DAY), ("reopen",)])
ends = st.tuples(st.just("end"), st.integers(2, 4), st.booleans())


class History:
    """Does steps on a partition, and remembers what a reader must find."""

    def __init__(self, map_keys):
        self.partition = Partition()
        self.partition.cleaner._max_map_bytes = 40 * map_keys
        self.now_ms = NOW
        self.written: dict[int, tuple[bytes, bytes | None]] = {}
        self.newest: dict[bytes, tuple[int, bytes | None]] = {}
        self.pending: dict[int, list[tuple[int, bytes, bytes | None]]] = {}

    def _wrote(self, base, records):
        rows = [(base + index, key, value) for index, (key, value) in enumerate(records)]
        self.written |= {offset: (key, value) for offset, key, value in rows}
        return rows

    def _counts(self, rows):
        for offset, key, value in rows:
            self.newest[key] = max(self.newest.get(key, (-1, None)), (offset, value))

    def append(self, records, compression, producer):
        self._counts(self._wrote(self.partition.append(*records, compression=compression, producer=producer), records))

    def transaction(self, records, producer, commit):
        base = self.partition.append(*records, producer=producer, transactional=True)
        self.pending.setdefault(producer, []).extend(self._wrote(base, records))

    def end(self, producer, commit):
        if producer in self.pending:
            self.partition.end(producer, commit=commit)
            rows = self.pending.pop(producer)
            self._counts(rows if commit else [])

    def roll(self):
        self.partition.log.roll()

    def reopen(self):
        self.partition.reopened()

    def clean(self, later_ms=0):
        self.now_ms += later_ms
        self.partition.clean(self.now_ms)


@given(steps=st.lists(st.one_of(appends, transactional, ends, others), max_size=40), map_keys=st.integers(1, 10))
@settings(max_examples=100, deadline=None)
def test_no_reader_can_tell(steps, map_keys):
    """Any history: what is read back is a part of what was written, with the newest of each key and its offset."""
    history = History(map_keys)
    for name, *arguments in steps:
        getattr(history, name)(*arguments)
    for producer in list(history.pending):
        history.end(producer, commit=False)
    history.clean()
    partition = history.partition
    end_offset = partition.log.log_end_offset
    assert partition.cleaner.uncleanable == {}
    assert partition.reopened().log.log_end_offset == end_offset
    found = partition.committed()
    assert all(history.written[record.offset] == (record.key, record.value) for record in found)
    latest = {record.key: (record.offset, record.value) for record in found}
    for key, (offset, value) in history.newest.items():
        if value is not None or key in latest:  # a tombstone that is still there is the newest
            assert latest[key] == (offset, value)


def test_kafkas_cleaner_comes_to_the_same(partition):
    """The same partition, cleaned by Apache Kafka: the same batches, records, flags and aborted transactions.

    The base timestamp may differ where a batch lost its first record: we keep it, and with it the records' bytes.
    """
    for path in (GOLDEN / "compaction").iterdir():
        partition.disk.write_file(f"{PATH}/{path.name}", path.read_bytes())
    open_log = partial(Log.open, partition.directory, PATH, TP, bytes(16), partition.config)
    partition.log, _ = open_log(NOW, is_clean=True, high_watermark=44)
    expected = (GOLDEN / "cleaned.log").read_bytes()
    horizons = {h.delete_horizon_ms for _, h in split_batches(expected) if h.has_delete_horizon}
    (horizon_ms,) = horizons
    partition.clean(horizon_ms - partition.config.delete_retention_ms, roll=False)
    assert [segment.base_offset for segment in partition.log.segments] == [0, 43]
    data = partition.log.segments[0].file.read(0, 10_000)
    ours, theirs = split_batches(data), split_batches(expected)
    for (at, header), (their_at, their_header) in zip(ours, theirs, strict=True):
        same = {"base_timestamp": 0, "crc": 0, "batch_length": 0}
        assert header._replace(**same) == their_header._replace(**same)
        assert list(iterate_records(data, at, header)) == list(iterate_records(expected, their_at, their_header))
    index = partition.log.segments[0].path(".txnindex")
    assert partition.disk.read_bytes(index) == (GOLDEN / "cleaned.txnindex").read_bytes()


class Power(Exception):
    """The machine has stopped."""


class MortalDisk:
    """A disk that does so many changes and then nothing any more."""

    CHANGES = ("rename", "remove_file", "write_file", "write_atomic", "sync_directory")

    def __init__(self, disk, changes):
        self._disk = disk
        self.left = changes

    def _change(self):
        self.left -= 1
        if self.left < 0:
            raise Power

    def __getattr__(self, name):
        if self.left < 0:
            raise Power
        method = getattr(self._disk, name)
        if name not in self.CHANGES:
            return method

        def change(*arguments, **options):
            self._change()
            return method(*arguments, **options)

        return change

    def open_file(self, path, *, create=True):
        self._change()
        return self._disk.open_file(path, create=create)


def test_a_crash_at_any_step_loses_nothing():
    """Whichever change of a file is the last: the next start finds a log that says the same."""
    is_over, changes = False, 0
    while not is_over:
        partition = Partition(segment_bytes=400)
        for index in range(12):
            partition.append((b"%d" % (index % 4), b"v%d" % index), (b"k%d" % index, b"x" * 40))
        partition.append((b"a", b"1"), producer=1, transactional=True)
        partition.end(1, commit=False)
        partition.log.roll()
        partition.log.close()
        partition.reopened()
        expected, end_offset = partition.values(), partition.log.log_end_offset
        disk = partition.directory.disk = MortalDisk(partition.disk, changes)
        for segment in partition.log.segments:
            segment._disk = disk
        try:
            partition.clean(roll=False)
            is_over = True
        except Power:
            changes += 1
        partition.directory = LogDirectory(partition.disk, "/data")
        open_log = partial(Log.open, partition.directory, PATH, TP, bytes(16), partition.config)
        partition.log, _ = open_log(NOW, high_watermark=end_offset)
        assert partition.log.log_end_offset == end_offset
        assert {key: value for key, value in partition.values().items() if key != b"a"} == {
            key: value for key, value in expected.items() if key != b"a"
        }
        assert [r.value for r in partition.committed() if r.key == b"a"] == []
        names = partition.disk.list_directory(PATH)
        assert not [name for name in names if name.endswith((".cleaned", ".swap", ".deleted"))]
    assert changes > 20
