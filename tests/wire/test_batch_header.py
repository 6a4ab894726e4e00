"""The header view: cheap to take, exact, and unimpressed by garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.wire.records import (
    HEADER_SIZE,
    CorruptRecords,
    RecordBatchBuilder,
    add_to_sequence,
    check_crc,
    complete_prefix,
    iterate_records,
    magic_at,
    read_header,
    rewrite_header,
    set_log_append_time,
    simple_batch,
    split_batches,
)


def three_batches() -> bytes:
    return b"".join(
        simple_batch([(b"k", b"v" * size)] * 3, 1000, base_offset=base)
        for base, size in ((0, 1), (3, 200), (6, 70_000))
    )


def test_every_field_stands_where_kafka_puts_it():
    """A header built with distinct values reads back with each in its own field."""
    builder = RecordBatchBuilder(
        base_offset=1 << 40,
        compression=4,
        producer_id=77,
        producer_epoch=5,
        base_sequence=9,
        partition_leader_epoch=3,
        is_transactional=True,
    )
    for timestamp in (2000, 1000, 3000):
        builder.append(timestamp, b"k", b"v")
    batch = builder.build()
    header = read_header(b"xyz" + batch, 3)

    assert header.size == len(batch) == header.batch_length + 12
    assert (header.base_offset, header.last_offset, header.next_offset) == (1 << 40, (1 << 40) + 2, (1 << 40) + 3)
    assert (header.partition_leader_epoch, header.magic, header.record_count) == (3, 2, 3)
    assert (header.base_timestamp, header.max_timestamp) == (2000, 3000)
    assert (header.producer_id, header.producer_epoch, header.base_sequence) == (77, 5, 9)
    assert header.last_sequence == 11
    assert (header.compression, header.is_transactional, header.is_control) == (4, True, False)
    assert (header.is_log_append_time, header.has_delete_horizon, header.delete_horizon_ms) == (False, False, None)


def test_flags_are_single_bits():
    """Each attribute bit answers one question and no other."""
    header = read_header(simple_batch([(None, b"")], 5))
    assert header._replace(attributes=0x08).is_log_append_time
    assert header._replace(attributes=0x10).is_transactional
    assert header._replace(attributes=0x20).is_control
    assert header._replace(attributes=0x40).has_delete_horizon
    assert header._replace(attributes=0x40).delete_horizon_ms == 5
    assert header.last_sequence == -1


@pytest.mark.parametrize(("sequence", "count", "expected"), [(0, 1, 1), (2**31 - 1, 1, 0), (2**31 - 3, 5, 2)])
def test_sequences_wrap_around_to_zero(sequence, count, expected):
    """After 2**31 - 1 comes 0, never a negative number."""
    assert add_to_sequence(sequence, count) == expected


def test_the_checksum_covers_all_but_the_place_in_the_log():
    """Rewriting offset and leader epoch keeps the checksum right; any other changed bit breaks it."""
    batch = bytearray(simple_batch([(b"k", b"v")] * 2, 1000))
    rewrite_header(batch, 0, base_offset=500, partition_leader_epoch=8)
    header = read_header(batch)
    assert (header.base_offset, header.partition_leader_epoch) == (500, 8)
    assert check_crc(batch, 0, header)
    for at in range(21, len(batch)):
        batch[at] ^= 1
        assert not check_crc(batch, 0, header)
        batch[at] ^= 1


def test_log_append_time_is_every_records_time():
    """The rewritten batch has the flag, the new timestamp, and a checksum that fits."""
    batch = bytearray(b"pad" + simple_batch([(b"k", b"v")] * 2, 1000))
    set_log_append_time(memoryview(batch), 3, 9999)
    header = read_header(batch, 3)
    assert header.is_log_append_time
    assert header.max_timestamp == 9999
    assert header.base_timestamp == 1000
    assert check_crc(batch, 3, header)
    assert [record.timestamp for record in iterate_records(batch, 3, header)] == [9999, 9999]


def test_batches_in_a_row_are_split():
    """Positions and headers of all, and nothing left over."""
    data = three_batches()
    found = split_batches(memoryview(data))
    assert [header.base_offset for _, header in found] == [0, 3, 6]
    assert [position + header.size for position, header in found] == [p for p, _ in found[1:]] + [len(data)]
    assert split_batches(b"") == []


@given(cut=st.integers(1, 1000))
def test_a_cut_off_tail_is_an_error_or_left_out(cut):
    """Whole batches count; the torn one is refused, or ignored where a reader expects it."""
    data = three_batches()[:-cut]
    with pytest.raises(CorruptRecords):
        split_batches(data)
    assert [header.base_offset for _, header in split_batches(data, cut_off_tail=True)] == [0, 3]
    assert complete_prefix(data) == sum(header.size for _, header in split_batches(data, cut_off_tail=True))


@pytest.mark.parametrize("length", [-(2**31), -1, 0, 48, 2**31 - 1])
def test_impossible_lengths_are_refused(length):
    """A length below the header's own or beyond the buffer never moves the reader."""
    batch = bytearray(simple_batch([(b"k", b"v")], 1000))
    batch[8:12] = length.to_bytes(4, "big", signed=True)
    with pytest.raises(CorruptRecords):
        split_batches(batch)
    assert complete_prefix(batch) in (0, 60)


def test_other_formats_are_refused_and_recognised():
    """The magic byte stands at the same place in all formats."""
    batch = bytearray(simple_batch([(b"k", b"v")], 1000))
    assert magic_at(batch) == 2
    batch[16] = 1
    assert magic_at(batch) == 1
    with pytest.raises(CorruptRecords, match="magic 1"):
        split_batches(batch)
    with pytest.raises(CorruptRecords):
        magic_at(batch[:16])


def test_too_few_bytes_for_a_header():
    """60 bytes are not enough."""
    batch = simple_batch([(b"k", b"v")], 1000)
    with pytest.raises(CorruptRecords):
        read_header(batch[: HEADER_SIZE - 1])
    with pytest.raises(CorruptRecords):
        split_batches(batch[: HEADER_SIZE - 1])
