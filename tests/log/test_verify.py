"""A stopped data directory is checked: what is whole gives no finding, what is damaged is named."""

import random

import pytest
from log_tools import NOW, append, append_marker, batch
from test_log_manager import ID, A, World

from pykbroker.log.config import LogConfig
from pykbroker.log.verify import Severity, verify_log_directory
from pykbroker.wire.checksum import crc32c
from pykbroker.wire.records import rewrite_header

PARTITION = "d1/a-0"
CONFIG = LogConfig(segment_bytes=400, index_interval_bytes=100)


@pytest.fixture
def world():
    """A directory with some segments, producers and an aborted transaction, stopped in good order."""
    world = World()
    manager = world.open()
    log = manager.get_or_create(A, ID, CONFIG)
    for number in range(12):
        options = {"producer_id": 7, "producer_epoch": 0, "base_sequence": number}
        append(log, batch(b"%d" % number, timestamp=NOW + number, **options), leader_epoch=number // 6)
    append(log, batch(b"t", producer_id=8, producer_epoch=0, base_sequence=0, is_transactional=True), leader_epoch=1)
    append_marker(log, 8, commit=False, leader_epoch=1)
    world.bases = [segment.base_offset for segment in log.segments]
    manager.close()
    return world


def findings(world, **options):
    return [str(each) for each in verify_log_directory(world.disk, "d1", **options)]


def path(base, suffix):
    return f"{PARTITION}/{base:020d}{suffix}"


def damage(world, file, position, data):
    """Write over part of a file."""
    world.disk.open_file(file, create=False).write_at(position, data)


@pytest.mark.parametrize("records", [False, True])
def test_nothing_is_wrong(world, records):
    """What a broker left in good order gives no finding, and stays as it is."""
    assert len(world.bases) == 3
    before = {name: world.disk.read_bytes(f"{PARTITION}/{name}") for name in world.disk.list_directory(PARTITION)}
    assert findings(world, records=records) == []
    after = {name: world.disk.read_bytes(f"{PARTITION}/{name}") for name in world.disk.list_directory(PARTITION)}
    assert after == before


def test_a_damaged_batch(world):
    """A flipped bit is found, with where it is; everything behind it is unknown."""
    base = world.bases[1]
    damage(world, path(base, ".log"), 65, b"\xff")
    what = f"at position 0: the batch at offset {base} does not match its checksum"
    assert findings(world)[0] == f"damage: {path(base, '.log')}: {what}"


def test_a_batch_that_claims_records_it_does_not_have(world):
    """With ``records`` every record is decoded, whatever the checksum says."""
    base = world.bases[-1]
    disk = world.disk
    whole = bytearray(disk.read_bytes(path(base, ".log")))
    wrong = bytearray(batch(b"x", b"y"))
    wrong[57:61] = (3).to_bytes(4, "big")
    wrong[17:21] = crc32c(memoryview(wrong)[21:]).to_bytes(4, "big")
    rewrite_header(wrong, 0, base_offset=14, partition_leader_epoch=1)
    disk.write_file(path(base, ".log"), whole + wrong)
    assert not any("claims" in each or "inside" in each for each in findings(world))
    assert any("the batch at offset 14" in each for each in findings(world, records=True))


def test_a_torn_tail_is_a_note_after_a_crash(world):
    """A killed broker leaves loose ends; one that stopped in good order does not."""
    last = path(world.bases[-1], ".log")
    world.disk.open_file(last).append([b"torn"])
    assert f"damage: {last}: 4 bytes at the end are no whole batch" in findings(world)
    world.disk.remove_file("d1/.kafka_cleanshutdown")
    assert f"note: {last}: 4 bytes at the end are no whole batch" in findings(world)
    world.disk.open_file(path(world.bases[0], ".log")).append([b"torn"])
    assert any(each.startswith("damage") for each in findings(world))


def test_offsets_and_epochs_that_go_back(world):
    """Each batch follows the one before it, in offset and in epoch, over segments too."""
    base = world.bases[-1]
    disk = world.disk
    data = bytearray(disk.read_bytes(path(base, ".log")))
    rewrite_header(data, 0, base_offset=base, partition_leader_epoch=0)
    disk.write_file(path(base, ".log"), data)
    assert any("leader epoch 0 comes after 1" in each for each in findings(world))
    rewrite_header(data, 0, base_offset=2, partition_leader_epoch=1)
    disk.write_file(path(base, ".log"), data)
    assert any("offsets 2 to 2 cannot follow" in each for each in findings(world))
    disk.rename(path(base, ".log"), path(3, ".log"))
    assert any("it begins before offset" in each for each in findings(world))


@pytest.mark.parametrize("suffix", [".index", ".timeindex"])
def test_indexes(world, suffix):
    """Rows that point nowhere, that do not rise, that are cut off, and files that are missing."""
    file = path(world.bases[0], suffix)
    good = world.disk.read_bytes(file)
    entry = 8 if suffix == ".index" else 12
    assert len(good) >= 2 * entry
    for data, complaint in (
        (good[:-1], "no whole row"),
        (good + good[:entry], "does not rise"),
        (good[: entry - 4] + b"\0\0\0\x01" + good[entry:], "no batch begins" if entry == 8 else "timestamp"),
    ):
        world.disk.write_file(file, data)
        assert any(each.startswith(f"damage: {file}") and complaint in each for each in findings(world)), complaint
    world.disk.write_file(file, good + bytes(20 * entry))
    assert any("zeros follow" in each for each in findings(world))
    world.disk.remove_file(file)
    assert findings(world) == [f"note: {file}: it is missing; the next start makes it again"]


def test_a_time_index_that_ends_too_early(world):
    """Without its last row a segment would be searched in vain, or deleted too early."""
    file = path(world.bases[0], ".timeindex")
    world.disk.write_file(file, world.disk.read_bytes(file)[:12])
    assert any("the largest timestamp is" in each for each in findings(world))


def test_transaction_index(world):
    """Aborted transactions that are missing, and such as never were."""
    base = world.bases[-1]
    file = path(base, ".txnindex")
    good = world.disk.read_bytes(file)
    world.disk.remove_file(file)
    assert any("aborted at 13, is missing" in each for each in findings(world))
    invented = good[:2] + (99).to_bytes(8, "big") + good[10:]
    world.disk.write_file(file, good + invented)
    assert any("producer 99 aborted no transaction" in each for each in findings(world))
    world.disk.write_file(file, b"\x09" + good[1:])
    assert any(each.startswith(f"damage: {file}") for each in findings(world))


def test_snapshots(world):
    """The newest one agrees with the batches; all can be read; none is of records that are not there."""
    file = path(14, ".snapshot")
    good = world.disk.read_bytes(file)
    world.disk.write_file(file, b"nonsense")
    assert any(each.startswith(f"note: {file}") for each in findings(world))
    world.disk.write_file(file, good)
    world.disk.rename(path(world.bases[1], ".snapshot"), file)
    assert any("producer 7 is at sequence" in each for each in findings(world))
    world.disk.rename(file, path(99, ".snapshot"))
    assert any("the log ends at 14" in each for each in findings(world))


def test_epochs_and_small_files(world):
    """The epoch file reaches as far as the batches; every small file can be read."""
    epochs = f"{PARTITION}/leader-epoch-checkpoint"
    world.disk.write_file(epochs, b"0\n1\n0 0\n")
    assert findings(world) == [f"damage: {epochs}: it ends with epoch 0, the log with 1"]
    world.disk.write_file(epochs, b"nonsense")
    assert any(epochs in each for each in findings(world))
    world.disk.remove_file(epochs)
    assert findings(world) == [f"note: {epochs}: it is missing"]
    for file in (f"{PARTITION}/partition.metadata", "d1/meta.properties", "d1/recovery-point-offset-checkpoint"):
        world.disk.write_file(file, b"nonsense")
        assert any(file in each for each in findings(world)), file
        world.disk.remove_file(file)
    assert any("meta.properties: it is missing" in each for each in findings(world))
    assert any("partition.metadata: it is missing" in each for each in findings(world))


def test_records_that_were_on_the_disk_are_missed(world):
    """The recovery point says how much was flushed: a log that ends before it has lost records."""
    last = path(world.bases[-1], ".log")
    world.disk.remove_file("d1/.kafka_cleanshutdown")
    world.disk.open_file(last).truncate(0)
    assert any("records up to 14 were on the disk" in each for each in findings(world))


def test_leftovers_are_notes(world):
    """What a start removes or completes is mentioned, and nothing more."""
    world.disk.write_file(path(3, ".log.deleted"), b"x")
    world.disk.write_file(path(77, ".index"), b"")
    world.disk.make_directory("d1/lost+found")
    world.disk.make_directory("d1/b-0.0123-delete")
    found = list(verify_log_directory(world.disk, "d1"))
    assert len(found) == 4
    assert {each.severity for each in found} == {Severity.NOTE}


def test_garbage_of_any_kind_is_survived(world):
    """Whatever bytes a file holds, checking ends and says so."""
    dice = random.Random(3)
    for name in world.disk.list_directory(PARTITION):
        file = f"{PARTITION}/{name}"
        good = world.disk.read_bytes(file)
        for size in (1, 13, 61, 500):
            world.disk.write_file(file, dice.randbytes(size))
            assert findings(world, records=True), file
        world.disk.write_file(file, good)
    assert findings(world) == []
