"""``pykbroker dump``: files of a log directory in words."""

import struct

import pytest

from pykbroker.cli.stored_records import control_text, plain_text
from pykbroker.log.aborted import AbortedTransaction, encode_aborted
from pykbroker.log.producer_snapshot import encode_snapshot
from pykbroker.log.producer_state import Batch, Producer
from pykbroker.wire.messages.stored_groups import OffsetCommitKey, OffsetCommitValue
from pykbroker.wire.messages.stored_metadata_topics import TopicRecord
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
    """Every file in it, each by its kind."""
    text = offline.ok("dump", directory)

    assert "position 0: offsets 0-1  2 records" in text
    assert "gzip  timestamp 1000  producer 7/0 sequence 0" in text
    assert "offset 2 at position 500" in text
    assert "timestamp 1000 up to offset 2" in text
    assert "producer 7 aborted offsets 2-5  last stable offset 2" in text
    assert "producer 7/0  last sequence 0  last offset 2" in text
    assert text.endswith("0\n1\n0 0\n")


def test_records(offline, directory):
    """Keys, values and headers; long and binary ones cut."""
    text = offline.ok("dump", "--records", directory / "00000000000000000000.log")

    assert "    0  900  key 'a'  value '1'" in text
    assert "... (300 bytes)" in text
    assert "    2  1000  key 'k'  value 'v'  h=b'x'" in text


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

    assert "checksum is wrong" in text
    assert "is cut off" in text
    assert "too few for a producer snapshot" in text
    assert "offset 1 does not follow 2" in text
    assert "timestamp 900 comes after 1000" in text


def test_a_torn_header(offline, directory):
    """Fewer bytes than a batch's header has."""
    (directory / "00000000000000000000.log").write_bytes(b"\0" * 20)

    assert "no whole batch" in offline.fails("dump", "--verify", directory)


def test_old_formats_and_unknown_files(offline, directory):
    """Are said, not guessed at."""
    old = directory / "00000000000000000009.log"
    old.write_bytes(b"\0" * 16 + b"\1" + b"\0" * 60)
    strange = directory / "strange"
    strange.write_bytes(b"\0\1\2")

    assert "message format 1" in offline.ok("dump", old)
    assert "not a file of a kind" in offline.ok("dump", strange)


def test_groups_and_offsets(offline, tmp_path):
    """Records of __consumer_offsets in words, unless raw ones are asked for."""
    directory = tmp_path / "__consumer_offsets-0"
    directory.mkdir()
    key = encode_key(OffsetCommitKey(group="g", topic="t", partition=1))
    value = encode_value(OffsetCommitValue(offset=5, metadata="", commit_timestamp=6), 3)
    segment = directory / "00000000000000000000.log"
    segment.write_bytes(simple_batch([(key, value), (key, None), (None, b"x"), (b"\x7f\x7f", b"x")], 1))
    text = offline.ok("dump", segment)

    assert "OffsetCommitKey v0: group='g' topic='t' partition=1  OffsetCommitValue v3: offset=5" in text
    assert "partition=1  deleted" in text
    assert "key null  value 'x'" in text
    assert "OffsetCommitKey" not in offline.ok("dump", "--raw", "--records", segment)


def test_cluster_metadata(offline, tmp_path):
    """Records of the metadata log in words; what cannot be read, as it is."""
    directory = tmp_path / "__cluster_metadata-0"
    directory.mkdir()
    topic = encode_metadata(TopicRecord(name="orders", topic_id=bytes(15) + b"\1"), 0)
    segment = directory / "00000000000000000000.log"
    segment.write_bytes(simple_batch([(None, topic), (None, b"\xff")], 1))
    text = offline.ok("dump", segment)

    assert "TopicRecord v0: name='orders'" in text
    assert "value <ff>" in text


def test_control_records():
    """By their type, if it is known."""
    assert control_text(b"\0\0\0\1") == "control record: commit"
    assert control_text(b"\0\0\0\x63") == "control record: 99"
    assert "control record (" in control_text(None)


def test_plain_text():
    """null, text, bytes."""
    assert plain_text(None, "hé".encode()) == "key null  value 'hé'"
    assert plain_text(b"\x00", b"") == "key <00>  value ''"
