"""``pykbroker dump``: files of a log directory in words."""

import json
import struct

import pytest

from pykbroker.log.aborted import AbortedTransaction, encode_aborted
from pykbroker.log.producer_snapshot import encode_snapshot
from pykbroker.log.producer_state import Batch, Producer
from pykbroker.wire.messages.stored_groups import OffsetCommitKey, OffsetCommitValue
from pykbroker.wire.messages.stored_metadata_topics import ConfigRecord, TopicRecord
from pykbroker.wire.records import RecordBatchBuilder, simple_batch
from pykbroker.wire.stored import encode_key, encode_metadata, encode_value


@pytest.fixture
def directory(tmp_path):
    """A partition of a user's topic with two batches, and its other files."""
    directory = tmp_path / "orders-0"
    directory.mkdir()
    builder = RecordBatchBuilder(2, compression=1, producer_id=7, producer_epoch=0, base_sequence=0)
    builder.append(1000, b"k", b"v", [("h", b"x")])
    segment = simple_batch([(b"a", b"1"), (None, b"\xff" * 300)], 900) + builder.build()
    (directory / "00000000000000000000.log").write_bytes(segment)
    (directory / "00000000000000000000.index").write_bytes(struct.pack(">iiii", 2, 500, 0, 0))
    (directory / "00000000000000000000.timeindex").write_bytes(struct.pack(">qi", 1000, 2))
    (directory / "00000000000000000000.txnindex").write_bytes(encode_aborted(AbortedTransaction(7, 2, 5, 2)))
    producer = Producer(7, 0, -1, 1000, -1, (Batch(0, 2, 0, 1000),))
    (directory / "00000000000000000003.snapshot").write_bytes(encode_snapshot([producer]))
    (directory / "leader-epoch-checkpoint").write_text("0\n1\n0 0\n")
    return directory


def test_a_directory(offline, directory):
    """Every file in it that is of a known kind, each by its kind."""
    (directory / "strange").write_bytes(b"\0\1\2")
    text = offline.ok("dump", directory)

    assert "batch: position 0, size" in text
    assert "compression gzip" in text
    assert "producer id 7, producer epoch 0, base sequence 0" in text
    assert "offset index entry: offset 2, position 500" in text
    assert "time index entry: timestamp 1000, offset 2" in text
    assert "aborted transaction: producer id 7, first offset 2, last offset 5, last stable offset 2" in text
    assert "producer: producer id 7, producer epoch 0, last sequence 0, last offset 2" in text
    assert text.endswith("leader epoch: epoch 0, start offset 0\n")


def test_records(offline, directory):
    """Keys, values and headers."""
    text = offline.ok("dump", "--records", directory / "00000000000000000000.log")

    assert "record: offset 0, timestamp 900, key 'a', value '1'" in text
    assert f"value 0x{'ff' * 300}" in text
    assert """offset 2, timestamp 1000, key 'k', value 'v', headers [["h", "x"]]""" in text


def test_json_lines(offline, directory):
    """One object per row, with the file it is from."""
    rows = [json.loads(line) for line in offline.ok("dump", "--json", "--records", directory).splitlines()]

    assert {row["kind"] for row in rows} >= {"batch", "record", "producer", "leader_epoch", "offset_index_entry"}
    assert rows[0]["file"].endswith("00000000000000000000.index")
    (record,) = [row for row in rows if row["kind"] == "record" and row["offset"] == 2]
    assert (record["key"], record["headers"]) == ("k", [["h", "x"]])


def test_damage_is_found(offline, directory):
    """--verify says only what is wrong, and that in the exit status."""
    segment = directory / "00000000000000000000.log"
    assert offline.ok("dump", "--verify", directory) == ""

    data = bytearray(segment.read_bytes())
    data[70] ^= 1
    segment.write_bytes(data[:-5])
    (directory / "00000000000000000003.snapshot").write_bytes(b"xx")
    (directory / "00000000000000000000.index").write_bytes(struct.pack(">iiii", 2, 500, 1, 9))
    (directory / "00000000000000000000.timeindex").write_bytes(struct.pack(">qiqi", 1000, 2, 900, 3))
    text = offline.fails("dump", "--verify", directory)

    assert "does not fit" in text
    assert "is cut off" in text
    assert "too few for a producer snapshot" in text
    assert "offset 1 does not follow 2" in text
    assert "timestamp 900 does not follow 1000" in text
    assert "batch:" not in text
    assert "!! position 0: the checksum" in offline.fails("dump", segment)
    rows = [json.loads(line) for line in offline.fails("dump", "--verify", "--json", directory).splitlines()]
    assert {row["kind"] for row in rows} == {"problem"}


def test_a_torn_header(offline, directory):
    """Fewer bytes than a batch's header has."""
    (directory / "00000000000000000000.log").write_bytes(b"\1" * 9)

    assert "9 bytes are no batch" in offline.fails("dump", "--verify", directory)


def test_unknown_files(offline, directory):
    """Are said, not guessed at."""
    strange = directory / "strange"
    strange.write_bytes(b"\0\1\2")

    assert "is no kind of file" in offline.fails("dump", strange)


def test_small_files_in_json(offline, directory):
    """What Kafka keeps as JSON is shown as it is; an empty marker is one, too."""
    (directory / "quorum-state").write_text('{"leaderId": 1}')
    (directory / ".kafka_cleanshutdown").write_text("")

    assert 'state: state {"leaderId": 1}' in offline.ok("dump", directory / "quorum-state")
    assert offline.ok("dump", directory / ".kafka_cleanshutdown").endswith("state: state {}\n")
    (directory / "quorum-state").write_text("{")
    assert "not JSON" in offline.fails("dump", directory / "quorum-state")


def test_groups_and_offsets(offline, tmp_path):
    """Records of __consumer_offsets in words, unless raw ones are asked for."""
    directory = tmp_path / "__consumer_offsets-0"
    directory.mkdir()
    key = encode_key(OffsetCommitKey(group="g", topic="t", partition=1))
    value = encode_value(OffsetCommitValue(offset=5, metadata="", commit_timestamp=6), 3)
    segment = directory / "00000000000000000000.log"
    segment.write_bytes(simple_batch([(key, value), (key, None), (None, b"x"), (b"\x7f\x7f", b"x"), (key, b"")], 1))
    text = offline.ok("dump", segment)

    assert "key OffsetCommitKey v0: group='g' topic='t' partition=1, value OffsetCommitValue v3: offset=5" in text
    assert "partition=1, deleted yes" in text
    assert "value 'x', unread it has no key" in text
    assert "unread a record key of type 32639" in text
    assert "OffsetCommitKey" not in offline.ok("dump", "--raw", "--records", segment)
    rows = [json.loads(line) for line in offline.ok("dump", "--json", segment).splitlines()]
    assert rows[1]["key"] == {
        "type": "OffsetCommitKey",
        "version": 0,
        "data": {"group": "g", "topic": "t", "partition": 1},
    }
    assert rows[1]["value"]["data"]["offset"] == 5
    assert "unread" in rows[5]


def test_cluster_metadata(offline, tmp_path):
    """Records of the metadata log in words; what cannot be read, as it is; nothing that is secret."""
    directory = tmp_path / "__cluster_metadata-0"
    directory.mkdir()
    topic = encode_metadata(TopicRecord(name="orders", topic_id=bytes(15) + b"\1"), 0)
    config = encode_metadata(
        ConfigRecord(resource_type=4, resource_name="", name="ssl.key.password", value="hunter2"), 0
    )
    segment = directory / "00000000000000000000.log"
    segment.write_bytes(simple_batch([(None, topic), (None, b"\xff"), (None, config)], 1))
    text = offline.ok("dump", segment)

    assert "value TopicRecord v0: name='orders'" in text
    assert "value 0xff" in text
    rows = [json.loads(line) for line in offline.ok("dump", "--json", segment).splitlines()]
    assert rows[1]["value"]["data"] == {"name": "orders", "topic_id": "AAAAAAAAAAAAAAAAAAAAAQ"}
    assert rows[3]["value"]["data"]["value"] == "<secret, 7 characters>"
    assert "hunter2" not in text
