"""Many logs in several directories: taking them over, opening, deleting, background work, and leaving in good order."""

import random

import pytest
from faulty_disk import FaultyDisk
from log_tools import NOW, append, batch, read_all

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log import log_manager
from pykbroker.log.config import LogConfig
from pykbroker.log.housekeeping import Intervals
from pykbroker.log.log_manager import LogManager
from pykbroker.memory_disk import MemoryDisk
from pykbroker.names import ONE_UUID, TopicPartition, new_uuid

A, B, C = (TopicPartition("a", 0), TopicPartition("a", 1), TopicPartition("b", 0))
ID = bytes(range(16))
CONFIG = LogConfig(file_delete_delay_ms=1000)


class World:
    """A disk and a clock that outlive the managers."""

    def __init__(self, disk=None, paths=("d1",)):
        self.disk = disk or MemoryDisk()
        self.paths = paths
        self.now = NOW
        self.random = random.Random(5)

    def open(self, **options):
        settings = {"node_id": 1, "now_ms": lambda: self.now, "new_uuid": lambda: new_uuid(self.random)} | options
        return LogManager.open(self.disk, self.paths, **settings)

    def crash(self):
        self.disk._locks.clear()


def failing(code):
    return pytest.raises(KafkaError, check=lambda error: error.code is code)


def run(manager, now_ms):
    """A pass whose jobs run at once; what it offered."""
    return [type(step).__name__ for step in manager.pass_(now_ms) if step is not None]


def names(world, path="d1"):
    return sorted(world.disk.list_directory(path))


def test_a_new_directory_is_formatted():
    """It gets a cluster id and an id of its own, which stay."""
    world = World()
    manager = world.open()
    first = manager.cluster_id, manager.directories[0].id
    manager.close()
    again = world.open()

    assert len(manager.cluster_id) == 22
    assert (again.cluster_id, again.directories[0].id) == first
    assert again.was_clean


def test_a_given_cluster_id_is_used():
    """A new directory takes the cluster id that is asked for; another one is refused later."""
    world = World()
    world.open(cluster_id="mine").close()
    assert world.open().cluster_id == "mine"
    world.crash()
    with pytest.raises(KafkaError, match="different clusters: mine, yours"):
        world.open(cluster_id="yours")


def test_foreign_directories_are_refused():
    """A directory of another node, of another cluster, or in use is refused with a sentence, and left unlocked."""
    world = World()
    manager = world.open()
    with pytest.raises(KafkaError, match="d1 is in use by another broker"):
        world.open()
    manager.close()
    with pytest.raises(KafkaError, match="belongs to node 1, this is node 2"):
        world.open(node_id=2)
    world.disk.write_file("d1/meta.properties", b"nonsense")
    with pytest.raises(KafkaError, match=r"meta\.properties cannot be used"):
        world.open()
    world.disk.remove_file("d1/meta.properties")
    world.open().close()


def test_a_refused_start_leaves_no_trace():
    """A directory in good order is still so after a start that was refused because of another one."""
    world = World(paths=("d1", "d2"))
    world.open().close()
    good = world.disk.read_bytes("d2/meta.properties")
    world.disk.write_file("d2/meta.properties", b"version=1\nnode.id=9\ncluster.id=x\n")
    with pytest.raises(KafkaError, match="belongs to node 9"):
        world.open()
    world.disk.write_file("d2/meta.properties", good)
    assert world.open().was_clean


def test_the_same_directory_twice_is_refused():
    """Two names for one place would be two brokers in one."""
    with pytest.raises(KafkaError, match="are the same"):
        World(paths=("d1", "d1/")).open()


def test_logs_are_spread_over_directories():
    """A new log goes where there are fewest, unless somebody wants it elsewhere."""
    world = World(paths=("d1", "d2", "d3"))
    manager = world.open()
    places = [manager.get_or_create(TopicPartition("t", n), ID, CONFIG).directory.path for n in range(6)]
    assert places == ["d1", "d2", "d3"] * 2
    wanted = manager.directories[1].id
    assert manager.get_or_create(B, ID, CONFIG, directory_id=wanted).directory.path == "d2"
    assert manager.get_or_create(B, ID, CONFIG) is manager.get(B)


def test_everything_is_back_after_a_restart():
    """Records, offsets and log starts survive, after a clean end and after a crash."""
    world = World(paths=("d1", "d2"))
    manager = world.open()
    for topic_partition in (A, B, C):
        log = manager.get_or_create(topic_partition, ID, CONFIG)
        append(log, batch(b"1", b"2", b"3"))
    manager.get(C).delete_records_before(2)
    manager.close(broker_epoch=7)
    assert world.disk.read_bytes("d1/.kafka_cleanshutdown") == b'{"version":0,"brokerEpoch":7}'

    manager = world.open()
    assert manager.was_clean
    assert not world.disk.exists("d1/.kafka_cleanshutdown")
    log = manager.get_or_create(C, ID, CONFIG)
    assert (log.log_start_offset, log.high_watermark, log.recovery_point) == (2, 3, 3)
    append(manager.get_or_create(A, ID, CONFIG), batch(b"4"))
    assert len(manager.get_or_create(B, ID, CONFIG).segments) == 1
    world.crash()

    manager = world.open()
    assert not manager.was_clean
    assert [value for _, value in read_all(manager.get_or_create(A, ID, CONFIG))] == [b"1", b"2", b"3", b"4"]
    assert manager.get_or_create(C, ID, CONFIG).log_start_offset == 2
    assert manager.reports == []


def test_unopened_logs_keep_what_is_known_of_them():
    """A broker that ends before it has opened a log does not forget its offsets, nor call it clean if it was not."""
    world = World()
    manager = world.open()
    append(manager.get_or_create(A, ID, CONFIG), batch(b"1", b"2"))
    manager.get(A).delete_records_before(1)
    manager.close()
    world.open().close()
    manager = world.open()
    assert manager.was_clean
    assert manager.get_or_create(A, ID, CONFIG).log_start_offset == 1
    world.crash()
    world.open().close()
    assert not world.open().was_clean


def test_reports_of_repairs():
    """What recovery did is collected and told."""
    world = World()
    manager = world.open()
    log = manager.get_or_create(A, ID, CONFIG)
    append(log, batch(b"1"))
    log.segments[0].file.append([b"torn"])
    world.crash()
    told = []
    manager = world.open(on_report=told.append)
    manager.get_or_create(A, ID, CONFIG)

    assert told == manager.reports
    assert "4 bytes cut off" in str(told[0])


def test_a_directory_of_an_older_topic_is_moved_aside():
    """A topic that was deleted and made again does not get its predecessor's records."""
    world = World()
    manager = world.open()
    append(manager.get_or_create(A, ID, CONFIG), batch(b"old"))
    manager.close()
    manager = world.open()
    log = manager.get_or_create(A, ONE_UUID, CONFIG)

    assert log.log_end_offset == 0
    (stray,) = [name for name in names(world) if name.endswith("-stray")]
    assert stray.startswith("a-0.")
    assert "renamed to" in str(manager.reports[0])


def test_a_lost_partition_metadata_is_written_again():
    """Without the file the topic's id is taken on trust."""
    world = World()
    manager = world.open()
    append(manager.get_or_create(A, ID, CONFIG), batch(b"x"))
    manager.close()
    for damage in (None, b"torn"):
        world.disk.remove_file("d1/a-0/partition.metadata")
        if damage:
            world.disk.write_file("d1/a-0/partition.metadata", damage)
        manager = world.open()
        assert manager.get_or_create(A, ID, CONFIG).log_end_offset == 1
        assert b"topic_id" in world.disk.read_bytes("d1/a-0/partition.metadata")
        manager.close()


def test_strays_are_moved_aside():
    """Once the broker knows its partitions, directories of all others are renamed; the metadata log is not one."""
    world = World()
    manager = world.open()
    for topic_partition in (A, B, C):
        append(manager.get_or_create(topic_partition, ID, CONFIG), batch(b"x"))
    manager.open_metadata_log(CONFIG)
    manager.close()
    manager = world.open()
    manager.get_or_create(A, ID, CONFIG)
    manager.remove_strays({"a": {0: object()}})

    assert sum(name.endswith("-stray") for name in names(world)) == 2
    assert {"__cluster_metadata-0", "a-0"} <= set(names(world))
    manager.close()
    assert world.open().was_clean


def test_deleted_logs_go_later():
    """A deleted log is gone at once for clients, and off the disk after the delay; its name can be used again."""
    world = World()
    manager = world.open()
    log = manager.get_or_create(A, ID, CONFIG)
    append(log, batch(b"x"))
    records = log.read(0, 99, 1).records
    manager.delete(A, now_ms=NOW)
    assert manager.get(A) is None
    (name,) = [name for name in names(world) if name.endswith("-delete")]
    assert manager.get_or_create(A, ONE_UUID, CONFIG).log_end_offset == 0
    assert run(manager, NOW + 999) == []
    assert name in names(world)
    assert run(manager, NOW + 1000) == ["RemoveJob"]
    assert name not in names(world)
    assert len(records.read()) == len(records)
    manager.delete(TopicPartition("nobody", 0), now_ms=NOW)


def test_interrupted_deletions_are_finished():
    """Directories that a crashed broker was going to delete, or to fill, are removed by the next."""
    world = World()
    world.open().close()
    for suffix in ("-delete", "-future"):
        world.disk.make_directory(f"d1/a-0.0123456789abcdef0123456789abcdef{suffix}")
    manager = world.open()
    run(manager, NOW)

    assert not any(name.endswith(("-delete", "-future")) for name in names(world))


def test_metadata_log():
    """It lives in the directory it is told to, is in no checkpoint, and is there after a restart."""
    world = World(paths=("d1", "d2"))
    manager = world.open()
    log = manager.open_metadata_log(CONFIG, "d2")
    append(log, batch(b"x"), origin=3)
    manager.close()

    assert "__cluster_metadata-0" in names(world, "d2")
    assert b"__cluster_metadata" not in world.disk.read_bytes("d2/recovery-point-offset-checkpoint")
    again = world.open().open_metadata_log(CONFIG, "d2")
    assert read_all(again) == [(0, b"x")]


# --- disks that fail ----------------------------------------------------------------------------------------------


def test_one_failed_directory_is_not_the_end():
    """Logs of the failed directory answer KAFKA_STORAGE_ERROR, those of the other go on; new logs go there."""
    world = World(FaultyDisk(), paths=("d1", "d2"))
    manager = world.open()
    told = []
    manager.on_directory_failure = told.append
    first, second = (manager.get_or_create(each, ID, CONFIG) for each in (A, B))
    append(first, batch(b"x"))
    world.disk.fail("append")
    with failing(ErrorCode.KAFKA_STORAGE_ERROR):
        append(first, batch(b"x"))
    append(second, batch(b"y"))

    assert manager.offline.keys() == {"d1"}
    assert told == [first.directory]
    assert manager.get_or_create(C, ID, CONFIG).directory.path == "d2"
    manager.close()
    assert ".kafka_cleanshutdown" not in names(world, "d1")
    assert ".kafka_cleanshutdown" in names(world, "d2")
    assert not world.open().was_clean


def test_a_directory_that_cannot_be_opened_is_offline():
    """The others are used; without any the start fails and says why."""
    world = World(paths=("d1", "d2"))
    world.disk.write_file("/d1", b"a file is in the way")
    world.disk._directories[""]["d1"] = world.disk._directories[""].pop("d1")
    manager = world.open()
    assert list(manager.offline) == ["d1"]
    with pytest.raises(KafkaError, match="a-0 may be in a directory that is offline: d1"):
        manager.get_or_create(A, ID, CONFIG)
    with pytest.raises(KafkaError, match="the metadata log's directory d1 cannot be used"):
        manager.open_metadata_log(CONFIG)
    assert manager.open_metadata_log(CONFIG, "d2").directory.path == "d2"
    manager.remove_strays({})
    assert manager.get_or_create(A, ID, CONFIG).directory.path == "d2"
    world.paths = ("d1",)
    with pytest.raises(KafkaError, match="no log directory can be used: d1: "):
        world.open()


def test_no_directory_left():
    """When the last directory has failed nothing can be created."""
    world = World(FaultyDisk())
    manager = world.open()
    world.disk.fail("write")
    with failing(ErrorCode.KAFKA_STORAGE_ERROR):
        manager.get_or_create(A, ID, CONFIG)
    with pytest.raises(KafkaError, match="all log directories are offline"):
        manager.get_or_create(B, ID, CONFIG)


def test_a_partition_in_two_directories_is_refused():
    """Somebody copied a directory: which one is right cannot be known."""
    world = World(paths=("d1", "d2"))
    world.open().close()
    for path in world.paths:
        world.disk.make_directory(f"{path}/a-0")
    with pytest.raises(KafkaError, match="a-0 is both in d1 and in d2"):
        world.open()


# --- housekeeping -------------------------------------------------------------------------------------------------


def test_retention_runs_at_its_interval():
    """Old segments are removed by the pass, and their files after the delay."""
    world = World()
    manager = world.open(intervals=Intervals(retention_check_ms=5000))
    log = manager.get_or_create(A, ID, LogConfig(retention_ms=100, file_delete_delay_ms=1000))
    append(log, batch(b"x"))
    run(manager, NOW)
    run(manager, NOW + 4999)
    assert log.log_start_offset == 0
    run(manager, NOW + 5000)
    assert log.log_start_offset == 1
    assert any(name.endswith(".deleted") for name in world.disk.list_directory("d1/a-0"))
    run(manager, NOW + 6000)
    assert not any(name.endswith(".deleted") for name in world.disk.list_directory("d1/a-0"))


def test_rolled_segments_are_flushed():
    """The pass flushes what has been finished and moves the recovery point; flush.ms flushes the rest."""
    world = World(FaultyDisk())
    manager = world.open()
    log = manager.get_or_create(A, ID, LogConfig(segment_bytes=100))
    for _ in range(3):
        append(log, batch(b"x"))
    assert run(manager, NOW) == ["FlushJob"]
    assert log.recovery_point == 2
    assert run(manager, NOW + 1) == []
    log.reconfigure(LogConfig(flush_ms=10))
    assert "FlushJob" in run(manager, NOW + 9999)
    assert log.recovery_point == 3


def test_checkpoints_are_written_when_they_change():
    """Each checkpoint file at its interval, and only if it would say something new."""
    world = World()
    manager = world.open(intervals=Intervals(high_watermark_checkpoint_ms=10, recovery_checkpoint_ms=30))
    log = manager.get_or_create(A, ID, CONFIG)
    append(log, batch(b"x"))
    run(manager, NOW)
    assert run(manager, NOW + 10) == ["CheckpointJob"]
    assert world.disk.read_bytes("d1/replication-offset-checkpoint") == b"0\n1\na 0 1\n"
    assert run(manager, NOW + 20) == []
    log.flush()
    assert run(manager, NOW + 30) == ["CheckpointJob"]
    assert world.disk.read_bytes("d1/recovery-point-offset-checkpoint") == b"0\n1\na 0 1\n"


def test_jobs_may_run_elsewhere():
    """A job that was run by somebody else is not run again by the pass."""
    world = World(FaultyDisk())
    manager = world.open()
    manager.delete(manager.get_or_create(A, ID, CONFIG).topic_partition, now_ms=NOW - 5000)
    for job in manager.pass_(NOW):
        if job is not None:
            job.run()
            world.disk.fail("remove")
    assert world.disk.failures == 0
    assert manager.directories[0].failure is None


def test_a_failing_job_takes_the_directory_offline():
    """What goes wrong on a worker thread is told when the job is finished."""
    world = World(FaultyDisk())
    manager = world.open(intervals=Intervals(high_watermark_checkpoint_ms=1))
    append(manager.get_or_create(A, ID, CONFIG), batch(b"x"))
    run(manager, NOW)
    world.disk.fail("write")
    run(manager, NOW + 1)

    assert manager.directories[0].failure is not None
    run(manager, NOW + 2)


def test_producers_expire_at_their_interval():
    """The pass forgets producers that have been silent for too long."""
    world = World()
    manager = world.open(intervals=Intervals(producer_expiration_check_ms=10))
    log = manager.get_or_create(A, ID, LogConfig(producer_id_expiration_ms=5))
    append(log, batch(b"x", producer_id=7, producer_epoch=0, base_sequence=0))
    run(manager, NOW)
    assert len(log.producer_states()) == 1
    run(manager, NOW + 10)
    assert log.producer_states() == []


def test_closing_many_logs_syncs_once(monkeypatch):
    """From some number on one sync of everything replaces one for each log."""
    monkeypatch.setattr(log_manager, "SYNC_ALL_FROM_LOGS", 2)
    disk = FaultyDisk()
    world = World(disk)
    manager = world.open()
    for topic_partition in (A, B, C):
        append(manager.get_or_create(topic_partition, ID, CONFIG), batch(b"x"))
    manager.close()
    manager.close()
    disk.lose_power(random.Random(1))

    manager = world.open()
    assert manager.was_clean
    assert all(read_all(manager.get_or_create(each, ID, CONFIG)) == [(0, b"x")] for each in (A, B, C))
