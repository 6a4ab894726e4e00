"""Batches refused and rewritten as Apache Kafka does it; codes in the tables were asked of a 4.3.1 broker."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.config import LogConfig
from pykbroker.log.validate import AppendOrigin, RecordErrors, validate_and_assign
from pykbroker.names import TopicPartition
from pykbroker.wire.compression import CODEC_NAMES, InflationLimit
from pykbroker.wire.message_sets import encode_message_set
from pykbroker.wire.records import (
    HEADER_SIZE,
    Record,
    RecordBatchBuilder,
    check_crc,
    frame_batch,
    iterate_records,
    read_header,
    simple_batch,
    split_batches,
)

NOW = 1_700_000_000_000
DAY = 86_400_000
TP = TopicPartition("orders", 0)


def make(*records, **options):
    """A batch of (timestamp, key, value), as a producer sends it."""
    builder = RecordBatchBuilder(**options)
    for timestamp, key, value in records or [(NOW, b"k", b"v"), (NOW, None, b"v")]:
        builder.append(timestamp, key, value)
    return builder.build()


def with_header(batch, **fields):
    """The same batch with other header fields and a checksum that fits."""
    return frame_batch(read_header(batch)._replace(**fields), batch[HEADER_SIZE:])


def with_bytes(batch, at, data):
    return batch[:at] + data + batch[at + len(data) :]


def validate(batch, origin=AppendOrigin.CLIENT, next_offset=100, **config):
    return validate_and_assign(
        batch,
        LogConfig(**config),
        TP,
        next_offset=next_offset,
        leader_epoch=7,
        origin=origin,
        now_ms=NOW,
    )


def stored(validated):
    """The appended bytes, after checking that they are consistent with what was said about them."""
    data = b"".join(validated.parts)
    assert len(data) == validated.size
    batches = split_batches(data)
    assert [header for _, header in batches] == list(validated.headers)
    assert all(check_crc(data, position, header) for position, header in batches)
    assert all(header.partition_leader_epoch == 7 for _, header in batches)
    return data


def records_in(validated):
    data = stored(validated)
    return [r for position, header in split_batches(data) for r in iterate_records(data, position, header)]


def refusal(batch, **options):
    with pytest.raises(KafkaError) as caught:
        validate(batch, **options)
    return caught.value


PLAIN = make()
GZIP = make(compression=1)
INSIDE = HEADER_SIZE  # where the first record's length stands

REFUSED = {
    "one record fewer than claimed": (with_header(PLAIN, record_count=3), "INVALID_RECORD"),
    "the same with offsets to match": (with_header(PLAIN, record_count=3, last_offset_delta=2), "INVALID_RECORD"),
    "one record more than claimed": (with_header(PLAIN, record_count=1, last_offset_delta=0), "INVALID_RECORD"),
    "no records claimed": (with_header(PLAIN, record_count=0), "INVALID_RECORD"),
    "no records at all": (RecordBatchBuilder().build(), "INVALID_RECORD"),
    "negative offset delta": (with_header(PLAIN, last_offset_delta=-1), "INVALID_RECORD"),
    "first offset not 0": (make(base_offset=5), "INVALID_RECORD"),
    "control batch": (make(is_control=True), "INVALID_RECORD"),
    "producer without sequence": (make(producer_id=5, producer_epoch=0), "INVALID_RECORD"),
    "two batches": (PLAIN + PLAIN, "INVALID_RECORD"),
    "nonsense that is no batch behind it": (PLAIN + b"a" * 70, "CORRUPT_MESSAGE"),
    "cut off": (PLAIN[:-1], "INVALID_RECORD"),
    "nothing": (b"", "INVALID_RECORD"),
    "wrong checksum": (PLAIN[:-1] + b"x", "CORRUPT_MESSAGE"),
    "length without room for a header": (with_bytes(PLAIN, 8, struct.pack(">i", 40)), "CORRUPT_MESSAGE"),
    "length without room for anything": (with_bytes(PLAIN, 8, struct.pack(">i", 5)), "CORRUPT_MESSAGE"),
    "unknown format": (with_bytes(PLAIN, 16, b"\x03"), "CORRUPT_MESSAGE"),
    "unknown codec": (with_header(PLAIN, attributes=5), "UNKNOWN_SERVER_ERROR"),
    "not gzip": (with_header(PLAIN, attributes=1), "UNKNOWN_SERVER_ERROR"),
    "not snappy": (with_header(PLAIN, attributes=2), "UNKNOWN_SERVER_ERROR"),
    "not lz4": (with_header(PLAIN, attributes=3), "UNKNOWN_SERVER_ERROR"),
    "not zstd": (with_header(PLAIN, attributes=4), "UNKNOWN_SERVER_ERROR"),
    "gzip, one fewer": (with_header(GZIP, record_count=3, last_offset_delta=2), "INVALID_RECORD"),
    "gzip, one more": (with_header(GZIP, record_count=1, last_offset_delta=0), "INVALID_RECORD"),
    "a key beyond its record": (
        frame_batch(read_header(PLAIN), with_bytes(PLAIN[INSIDE:], 4, b"\x14")),
        "INVALID_RECORD",
    ),
}


@pytest.mark.parametrize(("batch", "code"), REFUSED.values(), ids=REFUSED)
def test_what_kafka_refuses(batch, code):
    """The same code for each kind of bad batch, by whatever buffer it comes."""
    assert refusal(batch).code.name == code
    assert refusal(memoryview(bytearray(batch))).code.name == code


ACCEPTED = {
    "plain": PLAIN,
    "less than a batch behind it": PLAIN + b"abcdefgh",
    "horizon flag": with_header(PLAIN, attributes=0x40),
    "an attribute nobody knows": with_header(PLAIN, attributes=0x80),
    "a record attribute nobody knows": frame_batch(read_header(PLAIN), with_bytes(PLAIN[INSIDE:], 1, b"\x07")),
    "odd inner offsets": frame_batch(read_header(PLAIN), with_bytes(PLAIN[INSIDE:], 3, b"\x0a")),
    "producer without epoch": make(producer_id=993, producer_epoch=-1, base_sequence=0),
    "no timestamps": make((-1, None, b"v"), (-1, None, b"v")),
}


@pytest.mark.parametrize("batch", ACCEPTED.values(), ids=ACCEPTED)
def test_what_kafka_accepts(batch):
    """Oddities that Kafka stores as they are, at their new offsets."""
    data = stored(validate(batch))
    assert data[HEADER_SIZE:] == batch[HEADER_SIZE : len(data)]
    assert read_header(data).attributes == read_header(batch).attributes


@pytest.mark.parametrize("codec", range(5), ids=CODEC_NAMES)
@pytest.mark.parametrize("count", [1, 2, 500])
def test_a_batch_goes_on_as_it_came(codec, count):
    """Offsets and leader epoch are given; not a byte behind them changes, and none is copied."""
    batch = make(*[(NOW + i, b"k%d" % i, b"v" * (i % 90)) for i in range(count)], compression=codec)
    validated = validate(batch)
    assert (validated.first_offset, validated.last_offset) == (100, 99 + count)
    assert (validated.max_timestamp, validated.offset_of_max_timestamp) == (NOW + count - 1, 99 + count)
    assert validated.log_append_time_ms == -1
    assert stored(validated)[16:] == batch[16:]
    assert validated.parts[1].obj is batch


@given(sizes=st.lists(st.integers(0, 9000), min_size=2, max_size=60), data=st.data())
@settings(max_examples=50)
def test_claims_are_checked_whatever_the_sizes(sizes, data):
    """Runs of equal lengths and others: the exact count passes, any other is refused."""
    count = len(sizes)
    batch = make(*[(NOW, None, bytes(size)) for size in sizes])
    validate(batch)
    claimed = data.draw(st.integers(1, count * 2).filter(lambda n: n != count))
    lie = with_header(batch, record_count=claimed, last_offset_delta=claimed - 1)
    assert refusal(lie).code is ErrorCode.INVALID_RECORD


def test_bulk_of_equal_records():
    """Strides over many equal records find the one that is missing at their end."""
    batch = make(*[(NOW, None, bytes(100))] * 5000)
    validate(batch)
    for claimed in (4999, 5001):
        lie = with_header(batch, record_count=claimed, last_offset_delta=claimed - 1)
        assert refusal(lie).code is ErrorCode.INVALID_RECORD


def test_a_compressed_bomb_is_stored_unopened():
    """What inflates to far more than it is costs nothing: it is not inflated, or only up to a limit."""
    batch = make((NOW, None, bytes(50 << 20)), compression=4)
    assert len(batch) < 4096
    assert stored(validate(batch))[16:] == batch[16:]


def test_the_size_limit():
    """`max.message.bytes` holds for the batch as it is sent, compressed or not."""
    batch = make((NOW, b"k", bytes(1000)))
    assert refusal(batch, max_message_bytes=len(batch) - 1).code is ErrorCode.MESSAGE_TOO_LARGE
    validate(batch, max_message_bytes=len(batch))
    validate(make((NOW, b"k", bytes(3000)), compression=1), max_message_bytes=1000)


@pytest.mark.parametrize("codec", [0, 1])
def test_compacted_topics_want_keys(codec):
    """KIP-467: each record without a key is named by its place in the batch."""
    records = [(NOW, b"a", b"v"), (NOW, None, b"v"), (NOW, b"b", None), (NOW, None, None)]
    error = refusal(make(*records, compression=codec), is_compacted=True)
    assert isinstance(error, RecordErrors)
    assert error.code is ErrorCode.INVALID_RECORD
    assert [index for index, _ in error.record_errors] == [1, 3]
    validate(make((NOW, b"a", b"v"), (NOW, b"", None), compression=codec), is_compacted=True)


def test_timestamps_out_of_bounds():
    """Each record too old or too far ahead is named; -1, which says there is none, is always within."""
    bounds = {"message_timestamp_before_max_ms": 10_000, "message_timestamp_after_max_ms": 5_000}
    records = [(NOW - 10_000, b"k", b"v"), (NOW - 10_001, b"k", b"v"), (NOW + 5_001, b"k", b"v"), (-1, b"k", b"v")]
    error = refusal(make(*records), **bounds)
    assert isinstance(error, RecordErrors)
    assert error.code is ErrorCode.INVALID_TIMESTAMP
    assert [index for index, _ in error.record_errors] == [1, 2]
    assert f"{NOW - 10_001}" in error.record_errors[0][1]
    validate(make((NOW - 10_000, b"k", b"v"), (-1, b"k", b"v"), (NOW + 5_000, b"k", b"v")), **bounds)


def test_the_default_bounds():
    """Any past, one hour of future."""
    validate(make((0, b"k", b"v"), (NOW + 3_600_000, b"k", b"v")))
    assert refusal(make((NOW, b"k", b"v"), (NOW + 5 * DAY, b"k", b"v"))).code is ErrorCode.INVALID_TIMESTAMP


def test_a_bad_timestamp_outweighs_a_missing_key():
    """With both in one batch the code is INVALID_TIMESTAMP, and both are named."""
    error = refusal(make((NOW, None, b"v"), (NOW + 5 * DAY, b"k", b"v")), is_compacted=True)
    assert error.code is ErrorCode.INVALID_TIMESTAMP
    assert [index for index, _ in error.record_errors] == [0, 1]


@pytest.mark.parametrize("claimed", [NOW + 50 * DAY, NOW - 1, -1])
def test_a_wrong_largest_timestamp_is_put_right(claimed):
    """Some clients do not fill it in; the header that is stored tells the truth."""
    batch = with_header(make((NOW - 5, b"k", b"v"), (NOW, b"k", b"v"), (NOW - 7, b"k", b"v")), max_timestamp=claimed)
    if claimed == NOW - 1:
        batch = with_header(make((NOW - 5, b"k", b"v"), (NOW, b"k", b"v")), max_timestamp=claimed)
    validated = validate(batch)
    assert validated.max_timestamp == NOW
    assert read_header(stored(validated)).max_timestamp == NOW


def test_log_append_time():
    """The broker's time is everybody's, timestamps that producers gave do not matter, the checksum is renewed."""
    validated = validate(make((NOW + 5 * DAY, b"k", b"v"), (3, b"k", b"v")), is_log_append_time=True)
    assert (validated.log_append_time_ms, validated.max_timestamp) == (NOW, NOW)
    assert [r.timestamp for r in records_in(validated)] == [NOW, NOW]


def test_log_append_time_and_compaction():
    """Keys are still asked for."""
    error = refusal(make(), is_log_append_time=True, is_compacted=True)
    assert (error.code, len(error.record_errors)) == (ErrorCode.INVALID_RECORD, 1)
    validate(make((NOW, b"k", b"v")), is_log_append_time=True, is_compacted=True)


def test_log_append_time_is_the_brokers_to_say():
    """A producer's flag is refused where the broker stamps, and dropped where it does not."""
    batch = make((NOW, b"k", b"v"), log_append_time=NOW)
    assert refusal(batch, is_log_append_time=True).code is ErrorCode.INVALID_TIMESTAMP
    assert not read_header(stored(validate(batch))).is_log_append_time
    unset = make((NOW, b"k", b"v"), log_append_time=-1)
    assert refusal(unset).code is ErrorCode.INVALID_TIMESTAMP


@pytest.mark.parametrize("source", range(5), ids=CODEC_NAMES)
@pytest.mark.parametrize("name", ["uncompressed", "gzip", "snappy", "lz4", "zstd"])
def test_the_topics_codec(name, source):
    """Stored under the topic's codec with all else kept; untouched where it is the producer's too."""
    options = {"producer_id": 4, "producer_epoch": 2, "base_sequence": 9, "is_transactional": True}
    records = [(NOW - i, b"k%d" % i, b"v" * i) for i in range(40)]
    batch = make(*records, compression=source, **options)
    validated = validate(batch, compression_type=name)
    header = read_header(stored(validated))
    assert header.compression == {"uncompressed": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}[name]
    assert (header.producer_id, header.producer_epoch, header.base_sequence) == (4, 2, 9)
    assert header.is_transactional
    assert records_in(validated) == [Record(100 + i, *r) for i, r in enumerate(records)]
    if header.compression == source:
        assert stored(validated)[16:] == batch[16:]


def test_recompressed_batches_are_measured_again():
    """What fits compressed may not fit as the topic wants it."""
    batch = make((NOW, b"k", bytes(3000)), compression=1)
    assert refusal(batch, max_message_bytes=1000, compression_type="uncompressed").code is ErrorCode.MESSAGE_TOO_LARGE


@pytest.mark.parametrize("codec", [1, 4])
def test_a_bomb_that_must_be_opened_is_refused(codec, monkeypatch):
    """Where the topic's codec differs the batch has to be inflated, within a limit."""
    monkeypatch.setattr("pykbroker.log.validate.MAX_INFLATED_BYTES", 1 << 20)
    batch = make((NOW, None, bytes(2 << 20)), compression=codec)
    assert refusal(batch, compression_type="lz4").code is ErrorCode.MESSAGE_TOO_LARGE


def test_recompression_counts_too():
    """A lie about the number of records is found before it is compressed again."""
    lie = with_header(make(*[(NOW, b"k", b"v" * 5000)] * 3, compression=1), record_count=4, last_offset_delta=3)
    assert refusal(lie, compression_type="zstd").code is ErrorCode.INVALID_RECORD


def test_coordinators_and_control_batches():
    """The broker's own batches may be several, be control batches, and have any offset; codecs leave markers alone."""
    marker = make((NOW, b"\0\0\0\0", b"\0\0\0\0\0\0"), is_control=True, producer_id=3, producer_epoch=1)
    data = simple_batch([(b"k", b"v")] * 3, NOW, base_offset=55) + marker
    validated = validate(data, origin=AppendOrigin.COORDINATOR, compression_type="gzip")
    assert [(h.base_offset, h.last_offset, h.compression) for h in validated.headers] == [(100, 102, 1), (103, 103, 0)]
    stored(validated)


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("codec", [0, 1, 2, 3])
def test_old_formats_become_one_batch(magic, codec):
    """What clients before 0.11 send is stored as magic 2 under the codec it came with."""
    old = encode_message_set([Record(0, NOW, b"k", b"v"), Record(1, NOW - 1, None, b"w")], magic, codec)
    validated = validate(old)
    times = [NOW, NOW - 1] if magic else [-1, -1]
    assert records_in(validated) == [Record(100, times[0], b"k", b"v"), Record(101, times[1], None, b"w")]
    assert validated.headers[0].compression == codec
    assert validated.max_timestamp == max(times)
    assert records_in(validate(old, compression_type="zstd")) == records_in(validated)


OLD = encode_message_set([Record(0, NOW, b"k", b"v")], 1)
OLD_GZIP = encode_message_set([Record(0, NOW, b"k", b"v")], 1, 1)

REFUSED_OLD = {
    "checksum": (OLD[:-1] + b"x", "CORRUPT_MESSAGE", {}),
    "two compressed messages": (OLD_GZIP * 2, "INVALID_RECORD", {}),
    "mixed formats": (OLD + encode_message_set([Record(0, NOW, b"k", b"v")], 0), "INVALID_RECORD", {}),
    "too large": (OLD, "MESSAGE_TOO_LARGE", {"max_message_bytes": len(OLD) - 1}),
    "no key": (encode_message_set([Record(0, NOW, None, b"v")], 0), "INVALID_RECORD", {"is_compacted": True}),
    "late": (encode_message_set([Record(0, NOW + DAY, b"k", b"v")], 1), "INVALID_TIMESTAMP", {}),
    "stamped": (
        encode_message_set([Record(0, NOW, b"k", b"v")], 1, 1, True),
        "INVALID_TIMESTAMP",
        {"is_log_append_time": True},
    ),
    "wrong magic in a new batch": (with_bytes(PLAIN, 16, b"\x01"), "CORRUPT_MESSAGE", {}),
}


@pytest.mark.parametrize(("data", "code", "config"), REFUSED_OLD.values(), ids=REFUSED_OLD)
def test_old_formats_are_checked_too(data, code, config):
    """The same rules for old clients."""
    assert refusal(data, **config).code.name == code


def test_append_time_for_old_clients():
    """The broker's time is stamped on the batch made of their messages."""
    assert [r.timestamp for r in records_in(validate(OLD, is_log_append_time=True))] == [NOW]


@given(data=st.data())
@settings(max_examples=200)
def test_any_bytes_are_stored_whole_or_refused(data):
    """Nothing but `KafkaError` comes out, and what is accepted can be read back, or says that it is too large to be."""
    batch = bytearray(make((NOW, b"key", b"value"), (NOW, None, b"v" * 90), compression=data.draw(st.integers(0, 4))))
    for _ in range(data.draw(st.integers(1, 3))):
        batch[data.draw(st.integers(0, len(batch) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):  # make the checksum fit, so that the rest is reached
        header = read_header(batch)
        batch = bytearray(frame_batch(header, bytes(batch[HEADER_SIZE:])))
    try:
        validated = validate(batch, compression_type=data.draw(st.sampled_from(["producer", "lz4"])))
    except KafkaError:
        return
    with suppress(InflationLimit):  # a zstd frame may claim any size; it is believed unopened
        records_in(validated)
