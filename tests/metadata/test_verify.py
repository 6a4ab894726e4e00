"""The metadata log of a stopped broker is checked."""

import pytest

from pykbroker.memory_disk import MemoryDisk
from pykbroker.metadata.bootstrap import activation_records, bootstrap_records, leader_change_batch, quorum_state_json
from pykbroker.metadata.image import EMPTY_IMAGE
from pykbroker.metadata.replay import replay
from pykbroker.metadata.snapshot import metadata_batch, snapshot_bytes, snapshot_id
from pykbroker.metadata.verify import verify_metadata
from pykbroker.wire.messages.stored_metadata_topics import PartitionRecord, TopicRecord

HOME = "d/__cluster_metadata-0"
LOG = f"{HOME}/{0:020d}.log"
TOPIC = bytes(15) + b"\x07"
STARTED = activation_records(bootstrap_records(), 1)
VERSION = STARTED[1].feature_level
TOPICS = [
    TopicRecord(name="a", topic_id=TOPIC),
    PartitionRecord(partition_id=0, topic_id=TOPIC, replicas=[1], isr=[1], leader=1),
]


@pytest.fixture
def disk():
    """A cluster with one topic."""
    disk = MemoryDisk()
    disk.make_directory(HOME)
    disk.make_directory("d/a-0")
    started = metadata_batch(STARTED, VERSION, 1, 1, 5)
    topics = metadata_batch(TOPICS, VERSION, 1 + len(STARTED), 1, 5)
    disk.write_file(LOG, leader_change_batch(1, [1], 0, 1, 5) + started + topics)
    disk.write_file(f"{HOME}/quorum-state", quorum_state_json(1, 1, [1]))
    disk.write_file("d/meta.properties", b"version=1\ncluster.id=c\nnode.id=1\n")
    return disk


def findings(disk, paths=("d",)):
    return [str(each) for each in verify_metadata(disk, paths)]


def snapshot(disk):
    """Write one of everything so far; its path."""
    image = replay(EMPTY_IMAGE, [*STARTED, *TOPICS], offset=len(STARTED) + 2, epoch=1)
    path = f"{HOME}/{snapshot_id(image).file_name}"
    disk.write_file(path, b"".join(snapshot_bytes(image, 5, 5)))
    return path


def test_nothing_is_wrong(disk):
    """With and without a snapshot, and when only the snapshot is left of the log."""
    assert findings(disk) == []
    snapshot(disk)
    assert findings(disk) == []
    disk.rename(LOG, f"{HOME}/{3 + len(STARTED):020d}.log")
    disk.write_file(f"{HOME}/{3 + len(STARTED):020d}.log", b"")
    assert findings(disk) == []


def test_the_beginning_is_missing(disk):
    """A log that begins later needs a snapshot that reaches as far."""
    disk.rename(LOG, f"{HOME}/{5:020d}.log")
    (found,) = findings(disk)
    assert found.startswith(f"damage: {HOME}: the log begins with {5:020d}.log")


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        ([TOPICS[0]], "topic a twice"),
        ([PartitionRecord(partition_id=0, topic_id=bytes(16))], "which does not exist"),
    ],
)
def test_records_that_contradict(disk, records, complaint):
    """What a broker could not replay is damage, and where it begins is said."""
    offset = 3 + len(STARTED)
    disk.write_file(LOG, disk.read_bytes(LOG) + metadata_batch(records, VERSION, offset, 1, 5))
    (found,) = findings(disk)
    assert found.startswith(f"damage: {LOG}: it does not replay from offset {offset} on: ")
    assert complaint in found


def test_snapshots(disk):
    """One that is cut off or garbled is damage; the log is then read from its beginning."""
    path = snapshot(disk)
    good = disk.read_bytes(path)
    disk.write_file(path, good[:-5])
    assert findings(disk) == [f"damage: {path}: it has no footer: its end is missing"]
    disk.write_file(path, good[:16] + b"\x07" + good[17:])
    assert f"damage: {path}: it does not replay" in findings(disk)[0]


def test_quorum_state(disk):
    """It may be missing; it may not be something else."""
    disk.write_file(f"{HOME}/quorum-state", b"[]")
    assert findings(disk)[0].startswith("damage")
    disk.remove_file(f"{HOME}/quorum-state")
    assert findings(disk)[0].startswith("note")


def test_a_batch_larger_than_one_read(disk, monkeypatch):
    """Is read whole; a torn one at the end is left out."""
    monkeypatch.setattr("pykbroker.metadata.verify.READ_BYTES", 64)
    assert findings(disk) == []
    disk.write_file(LOG, disk.read_bytes(LOG) + disk.read_bytes(LOG)[:80])
    assert findings(disk) == []


def test_directories(disk):
    """Each replica has one; others are of no topic. Who this node is says meta.properties."""
    disk.make_directory("d/b-0")
    disk.make_directory("d/a-1")
    disk.remove_tree("d/a-0")
    assert [each.split(":")[1].strip() for each in findings(disk)] == ["d/a-1", "d/b-0", "d"]
    disk.remove_file("d/meta.properties")
    assert len(findings(disk)) == 2


def test_several_directories(disk):
    """The metadata log is in one of them, or in none."""
    disk.make_directory("e/a-0")
    disk.remove_tree("d/a-0")
    assert findings(disk, ["e", "d"]) == []
    assert findings(disk, ["e"]) == ["note: e: no metadata log is here: topics cannot be compared with it"]
