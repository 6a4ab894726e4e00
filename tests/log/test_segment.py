"""One segment: finding offsets and times, truncating, renaming, and indexes that lie."""

from itertools import pairwise

import pytest
from log_tools import NOW, batch

from pykbroker.errors import KafkaError
from pykbroker.log.lookups import find_max_timestamp, find_timestamp
from pykbroker.log.segment import TAIL_BATCHES, Segment
from pykbroker.memory_disk import MemoryDisk
from pykbroker.wire.records import read_header, rewrite_header

INTERVAL = 300


def fill(segment, count, *, records=2, first_offset=None, step=None, times=None):
    """Append batches; (first offset, last offset) of each."""
    offset = segment.base_offset if first_offset is None else first_offset
    spans = []
    for number in range(count):
        timestamp = times[number] if times else NOW + number
        data = bytearray(batch(*[b"v%d" % number] * records, timestamp=timestamp))
        rewrite_header(data, 0, base_offset=offset, partition_leader_epoch=3)
        segment.note_batch(segment.append([data], len(data)), read_header(data), INTERVAL)
        spans.append((offset, offset + records - 1))
        offset += step or records
    return spans


@pytest.fixture
def segment():
    disk = MemoryDisk()
    disk.make_directory("d")
    made = Segment(disk, "d", 1000)
    made.created_ms = NOW
    return made


def reopened(segment):
    """As found on the disk by a later start."""
    return Segment(segment._disk, "d", segment.base_offset, segment.size)


@pytest.mark.parametrize("from_disk", [False, True])
def test_every_offset_is_found(segment, from_disk):
    """Each offset leads to the batch that holds it: by the remembered tail, by the index, by walking."""
    spans = fill(segment, 5 * TAIL_BATCHES)
    if from_disk:
        segment.seal()
        segment = reopened(segment)
    position = 0
    for first, last in spans:
        for offset in (first, last):
            found = segment.find(offset)
            assert (position, last) == (found.position, found.last_offset)
        position += found.size
    assert segment.find(last + 1) is None
    assert segment.size == segment.position_of(last + 1) == position
    assert last + 1 == segment.next_offset()


@pytest.mark.parametrize("from_disk", [False, True])
def test_gaps_lead_to_the_next_batch(segment, from_disk):
    """Offsets that compaction has removed are answered with the first batch behind them, never the one before."""
    spans = fill(segment, 20, step=10)
    if from_disk:
        segment.seal()
        segment = reopened(segment)
    for (_, last), (_, next_last) in pairwise(spans):
        assert next_last == segment.find(last + 1).last_offset


def test_an_empty_segment_has_no_file(segment):
    """Nothing is made on the disk before the first batch."""
    assert segment.find(1000) is None
    assert segment.next_offset() == 1000
    assert -1 == segment.max_timestamp == segment.first_timestamp
    assert segment.largest_timestamp == NOW
    segment.seal()
    assert segment._disk.list_directory("d") == []


def test_timestamps(segment):
    """The first record that is not older, the first with the largest timestamp, with offset, time and epoch."""
    times = [NOW, NOW + 50, NOW + 20, NOW + 90, NOW + 90, NOW + 10]
    fill(segment, 6, times=times)
    for made in (segment, (segment.seal(), reopened(segment))[1]):
        assert find_timestamp(made, NOW - 5, 0) == (1000, NOW, 3)
        assert find_timestamp(made, NOW + 1, 0) == (1002, NOW + 50, 3)
        assert find_timestamp(made, NOW + 51, 0) == (1006, NOW + 90, 3)
        assert find_timestamp(made, NOW + 51, 1007) == (1007, NOW + 90, 3)
        assert find_timestamp(made, NOW + 91, 0) is None
        assert find_max_timestamp(made) == (1006, NOW + 90, 3)
        assert NOW + 90 == made.max_timestamp == made.largest_timestamp
        assert made.first_timestamp == NOW


def test_rolling_counts_from_the_first_batch(segment):
    """Time until the roll is measured in record time, or in creation time where records have none."""
    assert segment.waited_for_roll_ms(NOW, -1) == 0
    fill(segment, 2, times=[NOW, NOW + 7])
    assert segment.waited_for_roll_ms(NOW + 999, NOW + 70) == 70
    untimed = Segment(segment._disk, "d", 5)
    untimed.created_ms = NOW
    fill(untimed, 1, times=[-1])
    assert untimed.waited_for_roll_ms(NOW + 30, -1) == 30


def test_truncate(segment):
    """A truncation drops whole batches; what follows may be appended again and is found."""
    spans = fill(segment, 40)
    dropped = segment.truncate_to(spans[30][1])
    assert dropped > 0
    assert spans[30][0] == segment.next_offset()
    assert segment.max_timestamp == NOW + 29
    assert segment.truncate_to(spans[30][1]) == 0
    fill(segment, 3, first_offset=spans[30][0])
    assert spans[32][1] == segment.find(spans[32][0]).last_offset
    assert segment.truncate_to(0) == segment.size + dropped or segment.size == 0
    assert segment.max_timestamp == -1
    assert segment._disk.size_of(segment.path(".log")) == 0


@pytest.mark.parametrize("damage", ["garbage", "behind", "gone"])
def test_an_index_that_lies_is_made_again(segment, damage):
    """An index of another log, or none at all, costs time and not correctness."""
    spans = fill(segment, 100)
    segment.seal()
    disk, path = segment._disk, segment.path(".index")
    if damage == "garbage":
        disk.write_file(path, bytes.fromhex("00000001000000110000000500000077"))
    elif damage == "behind":
        disk.write_file(path, (1).to_bytes(4, "big") + segment.find(spans[50][0]).position.to_bytes(4, "big"))
    else:
        disk.remove_file(path)
    again = reopened(segment)
    for first, last in spans:
        assert last == again.find(first).last_offset


def test_a_hole_in_the_log_is_corruption(segment):
    """When the batches themselves are damaged no index helps: CORRUPT_MESSAGE, not a wrong answer."""
    spans = fill(segment, 10)
    segment.file.write_at(segment.find(spans[4][0]).position + 8, b"\xff\xff\xff\xff")
    again = reopened(segment)
    with pytest.raises(KafkaError, match="holds no batch of format 2"):
        again.find(spans[7][0])


def test_suffixes(segment):
    """All files of a segment are renamed together, and reading goes on."""
    spans = fill(segment, 30)
    segment.seal()
    segment.transactions()
    segment.change_suffix(".deleted")

    base = "00000000000000001000"
    expected = {f"{base}{each}.deleted" for each in (".log", ".index", ".timeindex")}
    assert set(segment._disk.list_directory("d")) == expected
    assert spans[9][1] == segment.find(spans[9][0]).last_offset
    segment.remove()
    assert segment._disk.list_directory("d") == []


def test_what_a_crash_left_behind_is_cut_before_appending(segment):
    """A file longer than the segment knows (torn bytes, preallocated zeros) is cut to the known length first."""
    fill(segment, 3)
    known = segment.size
    segment.file.append([b"torn"])
    again = Segment(segment._disk, "d", 1000, known)
    fill(again, 1, first_offset=1006)

    assert again.size == segment._disk.size_of(again.path(".log"))
    assert reopened(again).next_offset() == 1008


def test_index_limits(segment):
    """An index is full when another entry would not fit; the time index keeps one entry back for the roll."""
    assert not segment.indexes_are_full(16)
    fill(segment, 30)
    entries = len(segment.offset_index)
    assert entries > 3
    assert segment.indexes_are_full(entries * 8)
    assert not segment.indexes_are_full((entries + 2) * 12)
    assert segment.can_hold(1000 + 2**31 - 1)
    assert not segment.can_hold(1000 + 2**31)
    assert not segment.can_hold(999)
