"""Every kind of file as rows, and damage as rows too."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.log.dump import BytesSource, as_json, as_text, dump_file
from pykbroker.wire.message_sets import encode_message_set
from pykbroker.wire.records import Record, RecordBatchBuilder, control_batch, simple_batch

GOLDEN = Path(__file__).parent / "golden"


def rows(name, data, **options):
    return list(dump_file(name, BytesSource(data), **options))


def test_a_segment_that_kafka_wrote():
    """As many batches and records as there are offsets, and nothing wrong."""
    data = (GOLDEN / "transactions.log").read_bytes()
    batches = rows("00000000000000000000.log", data)
    assert {row["kind"] for row in batches} == {"batch"}
    assert batches[-1]["last_offset"] == 33
    assert batches[-1]["position"] + batches[-1]["size"] == len(data)
    deep = rows("00000000000000000000.log.deleted", data, with_records=True)
    offsets = [row["offset"] for row in deep if row["kind"] in ("record", "control_record")]
    assert offsets == list(range(34))
    (abort, *_) = [row for row in deep if row["kind"] == "control_record"]
    assert (abort["type"], abort["coordinator_epoch"]) == ("ABORT", 0)


def test_what_a_batch_row_says():
    """All of the header, names of codecs and timestamp types included."""
    builder = RecordBatchBuilder(5, 4, producer_id=7, producer_epoch=1, base_sequence=3, partition_leader_epoch=2)
    builder.append(1000, b"k", b"v", [("h", None)])
    batch, record = rows("x.log", builder.build(), with_records=True)
    assert (batch["base_offset"], batch["compression"], batch["timestamp_type"]) == (5, "zstd", "CreateTime")
    assert (batch["producer_id"], batch["last_sequence"], batch["leader_epoch"]) == (7, 3, 2)
    assert record == {
        "kind": "record",
        "offset": 5,
        "timestamp": 1000,
        "key": b"k",
        "value": b"v",
        "headers": [["h", None]],
    }


def test_own_topics_are_decoded_by_whoever_can():
    """A function given by the caller adds fields to records."""
    data = simple_batch([(b"k", b"v")], 5)
    found = rows("x.log", data, decode=lambda key, value: {"decoded": (key + value).decode()})
    assert found[1]["decoded"] == "kv"


def test_other_control_records():
    """A leader change is named, its value shown."""
    (_, row) = rows("x.log", control_batch(2, b"\x00\x01", 5), with_records=True)
    assert (row["type"], row["value"]) == ("LEADER_CHANGE", b"\x00\x01")
    (_, row) = rows("x.log", control_batch(99, b"", 5), with_records=True)
    assert row["type"] == "unknown"


@pytest.mark.parametrize("codec", [0, 1])
def test_old_formats(codec):
    """Segments from before Kafka 0.11 can still be looked at."""
    data = encode_message_set([Record(3, 7, b"k", b"v"), Record(4, 8, None, b"w")], 1, codec)
    found = rows("x.log", data, with_records=True)
    assert [row["offset"] for row in found if row["kind"] == "record"] == [3, 4]
    assert {row["magic"] for row in found if row["kind"] == "message"} == {1}
    broken = rows("x.log", data[:-1] + b"!")
    assert "problem" in {row["kind"] for row in broken}


def test_large_files_are_read_in_pieces():
    """Batches across and beyond a piece are put together."""
    sizes = [10, 1_500_000, 600_000, 600_000, 5]
    data = b"".join(simple_batch([(None, bytes(size))], 1, base_offset=n) for n, size in enumerate(sizes))
    found = rows("x.log", data)
    assert [row["kind"] for row in found] == ["batch"] * 5
    assert [row["base_offset"] for row in found] == [0, 1, 2, 3, 4]


ONE = simple_batch([(b"k", b"v")], 5)

DAMAGE = {
    "cut off": (ONE[:-1], "cut off"),
    "a few bytes": (ONE + b"abc", "no batch"),
    "reserved room": (ONE + bytes(100), "zeros"),
    "length": (ONE[:8] + b"\0\0\0\1" + ONE[12:], "cannot be"),
    "negative length": (ONE[:8] + b"\xff\0\0\1" + ONE[12:], "cannot be"),
    "checksum": (ONE[:-1] + b"x", "checksum"),
    "format": (ONE[:16] + b"\7" + ONE[17:], "format 7"),
    "offsets": (ONE + ONE, "go back"),
}


@pytest.mark.parametrize(("data", "what"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_a_row(data, what):
    """It says where and what; what can be read before and behind it is read."""
    problems = [row for row in rows("x.log", data, with_records=True) if row["kind"] == "problem"]
    assert len(problems) == 1
    assert what in problems[0]["what"]


def test_a_lie_inside_a_batch():
    """Records that cannot be read are said so."""
    from pykbroker.wire.records import HEADER_SIZE, frame_batch, read_header

    lie = frame_batch(read_header(ONE)._replace(record_count=3), ONE[HEADER_SIZE:])
    assert [row["kind"] for row in rows("x.log", lie, with_records=True)] == ["batch", "record", "problem"]


def test_offset_index():
    """Absolute offsets; Kafka's reserved room is left out, disorder and torn entries are told."""
    data = bytes.fromhex("0000000500000064 0000000900000100")
    found = rows("00000000000000000100.index", data + bytes(16))
    assert [(row["offset"], row["position"]) for row in found] == [(105, 100), (109, 256)]
    assert [row["kind"] for row in rows("0.index", data[8:] + data[:8] + b"x")][2:] == ["problem", "problem"]


def test_time_index():
    """Timestamps with absolute offsets."""
    data = bytes.fromhex("000000000000000a00000005 000000000000000b00000009")
    found = rows("00000000000000000100.timeindex", data + bytes(24))
    assert [(row["timestamp"], row["offset"]) for row in found] == [(10, 105), (11, 109)]
    assert rows("0.timeindex", data + data)[3]["kind"] == "problem"


def test_transaction_index_and_snapshot():
    """What Kafka wrote."""
    found = rows("00000000000000000000.txnindex", (GOLDEN / "transactions.txnindex").read_bytes())
    assert found[1] == {
        "kind": "aborted_transaction",
        "producer_id": 1,
        "first_offset": 1,
        "last_offset": 9,
        "last_stable_offset": 10,
    }
    found = rows("00000000000000000034.snapshot", (GOLDEN / "transactions.snapshot").read_bytes())
    assert [row["transaction_first_offset"] for row in found] == [33, None, None]
    for name in ("0.txnindex", "0.snapshot"):
        assert rows(name, b"\0\5" + bytes(32))[0]["kind"] == "problem"
    assert (
        rows("00000000000000000500.txnindex", (GOLDEN / "transactions.txnindex").read_bytes())[1]["kind"] == "problem"
    )


def test_checkpoints_and_properties():
    """Text files become rows as well."""
    assert rows("recovery-point-offset-checkpoint", b"0\n1\norders 3 17\n") == [
        {"kind": "checkpoint", "topic": "orders", "partition": 3, "offset": 17}
    ]
    assert rows("leader-epoch-checkpoint", b"0\n2\n0 0\n4 17\n")[1] == {
        "kind": "leader_epoch",
        "epoch": 4,
        "start_offset": 17,
    }
    assert rows("leader-epoch-checkpoint", b"0\n1\nx 0\n")[0]["kind"] == "problem"
    for name in ("leader-epoch-checkpoint", "cleaner-offset-checkpoint"):
        assert rows(name, b"9\n0\n")[0]["kind"] == "problem"
    assert rows("meta.properties", b"#\n# written\nversion=1\ncluster.id=a=b\n") == [
        {"kind": "property", "name": "version", "value": "1"},
        {"kind": "property", "name": "cluster.id", "value": "a=b"},
    ]
    assert rows("partition.metadata", b"version: 0\ntopic_id: xyz\n")[1]["value"] == "xyz"


def test_other_files():
    """What no log directory has is not guessed at."""
    assert rows("holiday.jpg", b"")[0]["kind"] == "problem"


def test_rows_as_json_and_as_text():
    """Bytes are text where they can be; people are spared what is not there."""
    row = {
        "kind": "record",
        "offset": 5,
        "key": b"k",
        "value": b"\xff\0",
        "headers": [],
        "is_control": False,
        "x": None,
    }
    assert json.loads(as_json(row))["value"] == {"base64": "/wA="}
    assert json.loads(as_json(row))["key"] == "k"
    assert as_text(row) == "record: offset 5, key 'k', value 0xff00"
    assert as_text({"kind": "time_index_entry", "is_new": True, "headers": [["a", b"b"]]}) == (
        'time index entry: is new yes, headers [["a", "b"]]'
    )


NAMES = st.sampled_from(
    [
        "0.log",
        "0.index",
        "0.timeindex",
        "0.txnindex",
        "0.snapshot",
        "leader-epoch-checkpoint",
        "x-checkpoint",
        "meta.properties",
    ]
)


@given(name=NAMES, data=st.binary(max_size=200))
def test_garbage_never_raises(name, data):
    """Whatever is in a file, there are rows that can be printed."""
    for row in rows(name, data, with_records=True):
        as_text(row)
        json.loads(as_json(row))


@given(data=st.data())
def test_damaged_segments_never_raise(data):
    """Nor does any changed byte of a real one."""
    segment = bytearray((GOLDEN / "transactions.log").read_bytes()[:600])
    segment[data.draw(st.integers(0, len(segment) - 1))] = data.draw(st.integers(0, 255))
    for row in rows("0.log", bytes(segment), with_records=True):
        as_text(row)
