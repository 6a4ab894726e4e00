"""Single records: what two other implementations write and read, and what is refused."""

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from record_oracles import LIBRARIES, read, write

from pykbroker.wire.compression import CODEC_NAMES, compress, snappy_raw
from pykbroker.wire.records import (
    COMMIT_MARKER,
    HEADER_SIZE,
    CorruptRecords,
    InflationLimit,
    RecordBatchBuilder,
    control_type,
    end_transaction_marker,
    frame_batch,
    iterate_records,
    read_header,
    read_varint,
    record_data,
    simple_batch,
)

blob = st.one_of(st.none(), st.binary(max_size=40), st.sampled_from([bytes(63), bytes(64), bytes(8191), bytes(8192)]))
header_list = st.lists(st.tuples(st.text(max_size=8), blob), max_size=3).map(tuple)
record = st.tuples(st.integers(0, 2**45), blob, blob, header_list)

few = settings(max_examples=12)
every_codec = pytest.mark.parametrize("codec", range(5), ids=CODEC_NAMES)
every_library = pytest.mark.parametrize("library", LIBRARIES)


def build(records, **options):
    builder = RecordBatchBuilder(**options)
    for timestamp, key, value, headers in records:
        builder.append(timestamp, key, value, headers)
    return builder.build()


def records_of(batch, **options):
    return list(iterate_records(batch, 0, read_header(batch), **options))


@every_library
@every_codec
@few
@given(records=st.lists(record, min_size=1, max_size=8))
def test_others_read_what_we_write(library, codec, records):
    """Every record with its offset, timestamp, key, value and headers, under each codec."""
    assert read(library, build(records, compression=codec)) == [(i, *each) for i, each in enumerate(records)]


@every_library
@every_codec
@few
@given(records=st.lists(record, min_size=1, max_size=8))
def test_we_read_what_others_write(library, codec, records):
    """The same the other way around."""
    assert records_of(write(library, records, compression=codec)) == [(i, *each) for i, each in enumerate(records)]


@every_library
@few
@given(records=st.lists(record, min_size=1, max_size=8))
def test_uncompressed_batches_are_the_same_bytes(library, records):
    """Without compression there is one way to write a batch, and all three agree on it."""
    ours = build(records, producer_id=4, producer_epoch=1, base_sequence=7, is_transactional=True)
    theirs = write(library, records, producer=(4, 1, 7), transactional=True)
    assert ours[16:] == theirs[16:]  # before that: length, and the leader epoch that producers leave open
    assert ours[:12] == theirs[:12]


def test_the_raw_snappy_of_librdkafka_is_read():
    """librdkafka sends bare snappy blocks."""
    header = read_header(build([(1, b"k", b"v" * 1000, ())]))
    payload = record_data(frame_batch(header, build([(1, b"k", b"v" * 1000, ())])[HEADER_SIZE:]), 0, header)
    packed = snappy_raw(payload)
    batch = frame_batch(header._replace(attributes=2), packed)
    assert records_of(batch) == [(0, 1, b"k", b"v" * 1000, ())]


@given(timestamps=st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=5))
def test_timestamps_may_run_backwards(timestamps):
    """Deltas are signed; the header's base is the first, its maximum the largest."""
    batch = build([(timestamp, None, b"v", ()) for timestamp in timestamps])
    header = read_header(batch)
    assert [each.timestamp for each in records_of(batch)] == timestamps
    assert (header.base_timestamp, header.max_timestamp) == (timestamps[0], max(timestamps))


def test_a_batch_without_records():
    """Compaction leaves such batches behind; they are read as nothing."""
    batch = RecordBatchBuilder(base_offset=7, producer_id=3, producer_epoch=0, base_sequence=2).build()
    assert records_of(batch) == []
    assert read_header(batch).record_count == 0
    assert read_header(batch).last_offset == 7


def test_append_time_given_to_the_builder():
    """The builder can stamp the broker's time instead of each record's."""
    batch = build([(1, None, b"a", ()), (2, None, b"b", ())], log_append_time=500)
    assert [each.timestamp for each in records_of(batch)] == [500, 500]
    assert read_header(batch).max_timestamp == 500


def test_size_is_known_while_building():
    """`size` is what the batch takes without compression."""
    builder = RecordBatchBuilder()
    for index in range(100):
        builder.append(index, b"key", b"value" * index, [("h", None)])
    assert builder.size == len(builder.build())


@pytest.mark.parametrize("claimed", [-1, 0, 1, 3, 2**31 - 1])
@pytest.mark.parametrize("codec", [0, 1])
def test_a_batch_must_hold_as_many_records_as_it_claims(claimed, codec):
    """One more or one fewer than two: refused."""
    batch = build([(1, b"k", b"v", ()), (2, b"k", b"v", ())], compression=codec)
    header = read_header(batch)._replace(record_count=claimed)
    with pytest.raises(CorruptRecords):
        list(iterate_records(batch, 0, header))


@given(data=st.binary(max_size=80), count=st.integers(-2, 5))
@example(data=b"\x10\x00\x00\x00\x01\x01\xff\xff\xff\xff\x0f", count=1)
def test_any_bytes_are_records_or_corrupt(data, count):
    """No payload raises anything but `CorruptRecords`."""
    header = read_header(simple_batch([(None, b"")], 0))._replace(record_count=count)
    batch = frame_batch(header, data)
    with contextlib.suppress(CorruptRecords):
        records_of(batch)


@given(data=st.data())
def test_a_changed_byte_is_noticed_or_harmless(data):
    """Damage inside real records never escapes as another exception."""
    batch = bytearray(build([(5, b"key", b"value", (("h", b"x"), ("i", None)))] * 3))
    at = data.draw(st.integers(HEADER_SIZE, len(batch) - 1))
    batch[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(CorruptRecords):
        records_of(batch)


def test_inflation_is_limited_where_the_caller_says():
    """A batch that inflates beyond the limit is refused before its records are looked at."""
    batch = build([(1, None, bytes(100_000), ())], compression=4)
    assert len(records_of(batch, max_inflated_bytes=101_000)) == 1
    with pytest.raises(InflationLimit):
        records_of(batch, max_inflated_bytes=100_000)


def test_endless_varints_are_refused():
    """Ten bytes hold 64 bits; an eleventh is never read."""
    assert read_varint(b"\xff" * 9 + b"\x01", 0) == (-(2**63), 10)
    with pytest.raises(CorruptRecords):
        read_varint(b"\xff" * 20, 0)


def test_negative_lengths_are_refused():
    """An odd first byte is a negative length, which no record has, even if all else would fit its absolute value."""
    batch = bytearray(build([(1, None, None, ())]))
    batch[HEADER_SIZE] |= 1
    with pytest.raises(CorruptRecords):
        records_of(batch)


def test_header_names_that_are_no_text():
    """As in Java, bytes that are not UTF-8 become replacement characters."""
    batch = bytearray(build([(1, None, b"", (("ab", b""),))]))
    at = batch.index(b"ab")
    batch[at] = 0xFF
    assert records_of(batch)[0].headers == (("\ufffdb", b""),)


def test_a_transaction_marker():
    """One control record of the producer whose transaction ends, as Kafka's EndTransactionMarker."""
    batch = end_transaction_marker(9, 2, commit=True, coordinator_epoch=4, timestamp_ms=77, base_offset=12)
    header = read_header(batch)
    (marker,) = records_of(batch)
    assert (header.is_control, header.is_transactional) == (True, True)
    assert (header.producer_id, header.producer_epoch, header.base_sequence) == (9, 2, -1)
    assert (marker.offset, marker.timestamp, marker.value) == (12, 77, b"\x00\x00\x00\x00\x00\x04")
    assert control_type(marker.key) == COMMIT_MARKER


def test_control_types():
    """The key's second number is the type; unknown ones are -1, as Kafka ignores them."""
    assert control_type(b"\x00\x00\x00\x00") == 0
    assert control_type(b"\x00\x00\x00\x63") == -1
    with pytest.raises(CorruptRecords):
        control_type(b"\x00")
    with pytest.raises(CorruptRecords):
        control_type(None)


def test_compressed_payloads_may_be_replaced_whole():
    """Recompression keeps records untouched: another codec around the same run of bytes."""
    records = [(i, b"k", b"v" * i, ()) for i in range(50)]
    batch = build(records, compression=1)
    header = read_header(batch)
    again = frame_batch(header._replace(attributes=4), compress(4, record_data(batch, 0, header)))
    assert records_of(again) == records_of(batch)
