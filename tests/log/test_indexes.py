"""Offset and time index: lookups agree with a plain list, wherever the rows are, and the bytes are Kafka's."""

from bisect import bisect_left, bisect_right

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.log import indexes
from pykbroker.log.indexes import OffsetIndex, TimeIndex
from pykbroker.memory_disk import MemoryDisk

BASE = 100


def make_disk():
    disk = MemoryDisk()
    disk.make_directory("d")
    return disk


steps = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5000), st.integers(1, 50)), max_size=60)


def fill(offsets, times, gaps):
    """Grow both indexes; the rows they should hold."""
    rows, offset, position, timestamp = [], BASE - 1, 0, 0
    for offset_gap, position_gap, time_gap in gaps:
        offset, timestamp = offset + offset_gap, timestamp + time_gap
        offsets.append(offset, position)
        times.maybe_append(timestamp, offset)
        rows.append((offset, position, timestamp))
        position += position_gap
    return rows


@pytest.fixture
def small_pages(monkeypatch):
    """Pages so small that a few rows need several of them."""
    monkeypatch.setattr(indexes, "PAGE_ENTRIES", 4)


@settings(max_examples=60, deadline=None)
@given(gaps=steps, more=steps, asked=st.lists(st.integers(0, 600), min_size=1, max_size=20))
def test_lookups_agree_with_a_list(gaps, more, asked):
    """Rows in memory, in the file, or in both: a lookup finds the last row not above the question."""
    saved, indexes.PAGE_ENTRIES = indexes.PAGE_ENTRIES, 4
    try:
        disk = make_disk()
        offsets, times = OffsetIndex(disk, "d/i", BASE), TimeIndex(disk, "d/t", BASE)
        rows = fill(offsets, times, gaps)
        _check(offsets, times, rows, asked)
        offsets.write_out()
        times.write_out()
        _check(offsets, times, rows, asked)
        offsets, times = OffsetIndex(disk, "d/i", BASE), TimeIndex(disk, "d/t", BASE)
        last = rows[-1] if rows else (BASE - 1, 0, 0)
        for offset_gap, position_gap, time_gap in more:
            last = (last[0] + offset_gap, last[1] + position_gap, last[2] + time_gap)
            rows.append(last)
            offsets.append(last[0], last[1])
            times.maybe_append(last[2], last[0])
        _check(offsets, times, rows, asked)
    finally:
        indexes.PAGE_ENTRIES = saved


def _check(offsets, times, rows, asked):
    assert len(rows) == len(offsets) == len(times)
    for each in asked:
        number = bisect_right([row[0] for row in rows], each) - 1
        assert offsets.lookup(each) == (rows[number][:2] if number >= 0 else (BASE, 0))
        number = bisect_right([row[2] for row in rows], each) - 1
        assert times.lookup(each) == ((rows[number][2], rows[number][0]) if number >= 0 else (-1, BASE))
        number = bisect_left([row[1] for row in rows], each * 50)
        assert offsets.upper_bound(each * 50) == (rows[number][0] if number < len(rows) else None)
    assert times.last_entry() == ((rows[-1][2], rows[-1][0]) if rows else (-1, BASE))
    assert offsets.last_position() == (rows[-1][1] if rows else 0)


@settings(max_examples=60, deadline=None)
@given(gaps=steps, cut=st.integers(BASE - 5, 500), written=st.booleans())
def test_truncation_keeps_rows_before_the_offset(gaps, cut, written):
    """After a truncation no row speaks of the offset or anything behind it, and no other row is lost."""
    disk = make_disk()
    offsets, times = OffsetIndex(disk, "d/i", BASE), TimeIndex(disk, "d/t", BASE)
    rows = fill(offsets, times, gaps)
    if written:
        offsets.write_out()
        times.write_out()
    offsets.truncate_to(cut)
    times.truncate_to(cut)

    _check(offsets, times, [row for row in rows if row[0] < cut], [0, cut, 600])


def test_bytes_are_kafkas():
    """Big-endian pairs, relative to the base offset; a timestamp of eight bytes and an offset of four."""
    disk = make_disk()
    offsets, times = OffsetIndex(disk, "d/i", BASE), TimeIndex(disk, "d/t", BASE)
    offsets.append(101, 0x42E)
    offsets.append(105, 0x85C)
    times.maybe_append(0x1A1FCFF13B4, 105)
    offsets.write_out()
    times.write_out()

    assert disk.read_bytes("d/i").hex() == "000000010000042e000000050000085c"
    assert disk.read_bytes("d/t").hex() == "000001a1fcff13b400000005"


def test_an_index_without_rows_gets_an_empty_file():
    """Apache Kafka takes a missing index for a damaged segment."""
    disk = make_disk()
    OffsetIndex(disk, "d/i", BASE).write_out()

    assert disk.read_bytes("d/i") == b""


def test_time_index_keeps_only_what_is_later():
    """An entry is made only for a larger timestamp than the last entry's."""
    times = TimeIndex(make_disk(), "d/t", BASE)
    for timestamp, offset in ((5, 101), (5, 102), (4, 103), (-1, 104), (6, 105)):
        times.maybe_append(timestamp, offset)

    assert [times.row(0), times.row(1)] == [(5, 1), (6, 5)]
    assert len(times) == 2


def test_preallocated_zeros_are_cut_off_before_rows_are_added():
    """Kafka preallocates; when the file is not to be believed, its bytes must not stay in front of ours."""
    disk = make_disk()
    disk.write_file("d/i", bytes(80))
    index = OffsetIndex(disk, "d/i", BASE)
    index.start_empty()
    index.append(103, 7)
    index.write_out()

    assert disk.read_bytes("d/i").hex() == "0000000300000007"


def test_sequential_lookups_read_few_pages(small_pages):
    """Who reads on from page to page does not search the file anew each time."""
    disk = make_disk()
    index = OffsetIndex(disk, "d/i", 0)
    for number in range(64):
        index.append(number * 10, number * 100)
    index.write_out()
    reads = []
    true_read = disk.read_range
    disk.read_range = lambda *args: reads.append(args) or true_read(*args)
    for offset in range(640):
        assert offset // 10 * 100 == index.lookup(offset)[1]

    assert len(reads) <= 16


def test_an_index_that_shrinks_under_us_is_an_error():
    """Somebody cut the file: not silently a wrong answer."""
    disk = make_disk()
    index = OffsetIndex(disk, "d/i", 0)
    for number in range(10):
        index.append(number, number)
    index.write_out()
    assert len(index) == 10
    disk.open_file("d/i").truncate(8)

    with pytest.raises(OSError, match="shorter"):
        index.lookup(5)
    with pytest.raises(OSError, match="shorter"):
        index.row(7)
