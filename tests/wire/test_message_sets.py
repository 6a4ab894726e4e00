"""Formats 0 and 1 against kafka-python and aiokafka, and the ways to and from batches."""

import contextlib
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_oracles import LIBRARIES, read, write

from pykbroker.wire.message_sets import (
    UnsupportedCompression,
    down_convert,
    encode_message_set,
    iterate_message_set,
    read_messages,
    unwrap,
    up_convert,
)
from pykbroker.wire.records import (
    CorruptRecords,
    Record,
    RecordBatchBuilder,
    end_transaction_marker,
    iterate_records,
    read_header,
)

blob = st.one_of(st.none(), st.binary(max_size=30))
record = st.tuples(st.integers(0, 2**45), blob, blob, st.just(()))
some_records = st.lists(record, min_size=1, max_size=6)

every_library = pytest.mark.parametrize("library", LIBRARIES)
every_magic = pytest.mark.parametrize("magic", [0, 1])
few = settings(max_examples=10)
every_codec = pytest.mark.parametrize("codec", [0, 1, 2, 3], ids=["none", "gzip", "snappy", "lz4"])


def plain(messages):
    return [(m.offset, m.timestamp, m.key, m.value) for m in messages]


def batch_of(records, **options):
    builder = RecordBatchBuilder(**options)
    for timestamp, key, value, headers in records:
        builder.append(timestamp, key, value, headers)
    return builder.build()


@every_library
@every_magic
@every_codec
@few
@given(records=some_records)
def test_we_read_what_others_write(library, magic, codec, records):
    """Plain and nested sets, with the offsets and timestamps that their format has."""
    data = write(library, records, magic=magic, compression=codec)
    expected = [(i, r[0] if magic else -1, r[1], r[2]) for i, r in enumerate(records)]
    messages = list(iterate_message_set(data))
    assert plain(messages) == expected
    assert all(message.crc_is_right for message in messages)


@every_library
@every_magic
@every_codec
@few
@given(records=some_records, base_offset=st.integers(0, 2**40))
def test_others_read_what_we_make_of_batches(library, magic, codec, records, base_offset):
    """A stored batch converted down is read with the same offsets by old readers."""
    data = down_convert(batch_of(records, base_offset=base_offset, compression=codec), magic)
    timestamps = [r[0] if magic else None for r in records]
    expected = [(base_offset + i, t, r[1], r[2], ()) for i, (t, r) in enumerate(zip(timestamps, records, strict=True))]
    assert read(library, data, magic=magic, compression=codec) == expected


@every_magic
@given(records=some_records)
def test_up_conversion_keeps_everything(magic, records):
    """One batch, numbered anew, with keys, values and (where there are any) timestamps kept."""
    messages = list(iterate_message_set(encode_message_set([Record(9, *r) for r in records], magic)))
    batch = up_convert(messages, base_offset=100, compression=1, partition_leader_epoch=5)
    header = read_header(batch)
    assert (header.base_offset, header.compression, header.partition_leader_epoch) == (100, 1, 5)
    found = [tuple(each) for each in iterate_records(batch, 0, header)]
    assert found == [(100 + i, r[0] if magic else -1, r[1], r[2], ()) for i, r in enumerate(records)]


def test_down_conversion_starts_at_the_offset_asked_for():
    """Old readers ask in the middle of a batch; what lies before is left out."""
    batches = batch_of([(1, None, b"%d" % i, ()) for i in range(5)]) + batch_of(
        [(1, None, b"x", ())], base_offset=5, compression=2
    )
    assert [m.offset for m in iterate_message_set(down_convert(batches, 1, first_offset=3))] == [3, 4, 5]


def test_old_readers_see_no_control_batches_and_no_headers():
    """Neither exists in their format."""
    batches = batch_of([(1, b"k", b"v", (("h", b"x"),))]) + end_transaction_marker(
        1, 0, commit=True, coordinator_epoch=0, timestamp_ms=1, base_offset=1
    )
    assert plain(iterate_message_set(down_convert(batches, 1))) == [(0, 1, b"k", b"v")]


def test_a_cut_off_batch_is_not_converted():
    """Whole batches only."""
    batches = batch_of([(1, None, b"v", ())]) + batch_of([(1, None, b"v", ())], base_offset=1)
    assert len(list(read_messages(down_convert(batches[:-1], 0)))) == 1


def test_zstd_has_no_old_counterpart():
    """KIP-110: a consumer that cannot know zstd is told so."""
    with pytest.raises(UnsupportedCompression):
        down_convert(batch_of([(1, None, b"v", ())], compression=4), 1)


def test_append_time_of_a_wrapper_is_everyones():
    """Format 1: when the wrapper says LogAppendTime, its timestamp holds for all inside."""
    batch = batch_of([(1, None, b"a", ()), (2, None, b"b", ())], compression=1, log_append_time=70)
    assert [m.timestamp for m in iterate_message_set(down_convert(batch, 1))] == [70, 70]


def test_a_torn_last_message_is_left_out():
    """As Apache Kafka's reader does: producers' and fetchers' buffers may end so."""
    data = encode_message_set([Record(0, 1, b"k", b"v"), Record(1, 1, b"k", b"v")], 1)
    for cut in range(1, len(data) // 2):
        assert plain(read_messages(data[:-cut])) == [(0, 1, b"k", b"v")]


def test_wrong_checksums_are_reported():
    """The reader goes on; who stores messages decides."""
    data = bytearray(encode_message_set([Record(0, 1, b"k", b"v")], 0))
    data[-1] ^= 1
    assert [m.crc_is_right for m in read_messages(data)] == [False]


def wrapper(magic, codec, value):
    body = bytes((magic, codec)) + (bytes(8) if magic else b"") + b"\xff\xff\xff\xff"
    body += b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4, "big") + value
    return struct.pack(">qiI", 0, len(body) + 4, zlib.crc32(body)) + body


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "no value"),
        (b"", "no messages"),
        (encode_message_set([Record(0, 1, None, b"v")], 0), "magic 0 inside"),
        (encode_message_set([Record(0, 1, None, b"v")], 1, 1), "compressed message inside"),
    ],
)
def test_impossible_wrappers(value, why):
    """A compressed message holds a set of plain messages of its own format."""
    packed = None if value is None else zlib.compress(value, wbits=31)
    (message,) = read_messages(wrapper(1, 1, packed))
    with pytest.raises(CorruptRecords, match=why):
        unwrap(message)


def test_zstd_inside_an_old_message():
    """Codec 4 did not exist then."""
    (message,) = read_messages(wrapper(1, 4, b""))
    with pytest.raises(CorruptRecords, match="zstd"):
        unwrap(message)


@every_magic
@given(data=st.data())
def test_damage_is_noticed_or_harmless(magic, data):
    """Whatever byte changes, the outcome is messages or `CorruptRecords`."""
    made = bytearray(
        encode_message_set([Record(i, 1, b"key", b"value") for i in range(3)], magic, data.draw(st.integers(0, 3)))
    )
    at = data.draw(st.integers(0, len(made) - 1))
    made[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(CorruptRecords):
        list(iterate_message_set(made, 10_000))


@given(data=st.binary(max_size=100))
def test_garbage_is_messages_or_corrupt(data):
    """No bytes raise anything else."""
    with contextlib.suppress(CorruptRecords):
        list(iterate_message_set(data, 10_000))
