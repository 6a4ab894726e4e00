"""Moving replicas between log directories, with traffic, truncations, failures and crashes in between."""

import pytest
from faulty_disk import FaultyDisk
from log_tools import NOW, append, append_marker, batch, read_all
from test_log_manager import CONFIG, ID, A, World, failing, names, run

from pykbroker.errors import ErrorCode
from pykbroker.log import moves
from pykbroker.log.config import LogConfig

SMALL = LogConfig(segment_bytes=300, file_delete_delay_ms=0)


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(moves, "COPY_BYTES", 100)
    return World(FaultyDisk(), paths=("d1", "d2"))


def filled(manager, count=10, config=SMALL):
    """A log in the first directory."""
    log = manager.get_or_create(A, ID, config)
    assert log.directory.path == "d1"
    for number in range(count):
        append(log, batch(b"%d" % number, producer_id=7, producer_epoch=0, base_sequence=number), leader_epoch=2)
    return log


def everything(count):
    return [(number, b"%d" % number) for number in range(count)]


def test_a_log_moves(world):
    """Records, offsets, producers and epochs arrive; the old directory goes; clients see nothing of it."""
    manager = world.open()
    log = filled(manager)
    log.flush()
    log.assign_epoch(5)
    log.delete_records_before(3)
    told = []
    manager.moves.on_moved = lambda *moved: told.append(moved)
    slice_of_old = log.read(4, 999, 10).records
    before = slice_of_old.read()
    manager.move(A, "d2")
    assert list(manager.moves.futures) == [A]
    assert "FlushJob" in run(manager, NOW)

    moved = manager.get(A)
    assert told == [(A, moved)]
    assert moved is not log
    assert moved.directory.path == "d2"
    assert (moved.log_start_offset, moved.high_watermark, moved.log_end_offset) == (3, 10, 10)
    assert moved.recovery_point == 10
    assert read_all(moved) == everything(10)[3:]
    assert (moved.latest_epoch, moved.epoch_of(4)) == (5, 2)
    assert append(moved, batch(b"9", producer_id=7, producer_epoch=0, base_sequence=9)).duplicate
    assert slice_of_old.read() == before
    run(manager, NOW)
    assert [name for name in names(world, "d1") if "a-0" in name] == []
    assert moves.MOVED_MARKER not in world.disk.list_directory("d2/a-0")
    assert [directory.log_count for directory in manager.directories] == [0, 1]
    manager.close()
    again = world.open().get_or_create(A, ID, SMALL)
    assert again.directory.path == "d2"
    assert read_all(again) == everything(10)[3:]


def test_traffic_goes_on(world):
    """What is appended while the copy is made arrives too, transactions included."""
    manager = world.open()
    log = filled(manager)
    manager.move(A, "d2")
    steps = manager.pass_(NOW)
    sent = 10
    for _ in steps:
        if sent < 20 and manager.get(A) is log:
            append(log, batch(b"%d" % sent, producer_id=7, producer_epoch=0, base_sequence=sent), leader_epoch=2)
            sent += 1
    assert sent > 12
    assert manager.get(A) is not log
    assert read_all(manager.get(A)) == everything(sent)


def test_open_transactions_move(world):
    """An open transaction stays open, an aborted one aborted."""
    manager = world.open()
    log = manager.get_or_create(A, ID, SMALL)
    for producer_id in (7, 8):
        options = {"producer_id": producer_id, "producer_epoch": 0, "base_sequence": 0, "is_transactional": True}
        append(log, batch(b"t", **options))
    append_marker(log, 7, commit=False)
    manager.move(A, "d2")
    run(manager, NOW)
    moved = manager.get(A)

    assert moved.directory.path == "d2"
    assert moved.last_stable_offset == log.last_stable_offset == 1
    assert moved.aborted_transactions(0, moved.read(0, 999, 3)) == [(7, 0)]


def test_a_truncated_log_is_copied_anew(world):
    """A leader may take records back while they are being copied, and others may take their place."""
    manager = world.open()
    log = filled(manager)
    manager.move(A, "d2")
    steps = manager.pass_(NOW)
    for _ in range(6):
        next(steps)
    assert manager.moves.futures[A].log_end_offset > 3
    log.truncate_to(2, NOW)
    for number in range(8):
        append(log, batch(b"new%d" % number), leader_epoch=3)
    for _ in steps:
        pass

    assert manager.get(A).directory.path == "d2"
    assert read_all(manager.get(A)) == everything(2) + [(2 + n, b"new%d" % n) for n in range(8)]


def test_deleted_records_are_not_waited_for(world):
    """Retention may remove what has not been copied yet."""
    manager = world.open()
    log = filled(manager)
    manager.move(A, "d2")
    steps = manager.pass_(NOW)
    for _ in range(3):
        next(steps)
    log.delete_records_before(9)
    log.retention_pass(NOW)
    for _ in steps:
        pass

    assert manager.get(A).directory.path == "d2"
    assert read_all(manager.get(A)) == everything(10)[9:]


def test_moves_can_be_given_up(world):
    """Asked back to where it is, or deleted, the log's copy is removed."""
    manager = world.open()
    log = filled(manager)
    for give_up in (lambda: manager.move(A, "d1"), lambda: manager.delete(A, now_ms=NOW)):
        manager.move(A, "d2")
        manager.move(A, "d2/")
        assert len(manager.moves.futures) == 1
        give_up()
        assert manager.moves.futures == {}
        run(manager, NOW)
        assert not any(name.startswith("a-0") for name in names(world, "d2"))
    assert log.directory.log_count == 0


def test_what_cannot_be_moved(world):
    """Kafka's errors: no such directory, no such log, a directory that is offline."""
    manager = world.open()
    with failing(ErrorCode.REPLICA_NOT_AVAILABLE):
        manager.move(A, "d2")
    filled(manager)
    with failing(ErrorCode.LOG_DIR_NOT_FOUND):
        manager.move(A, "d3")
    manager.directories[1].failed(OSError("gone"))
    with failing(ErrorCode.KAFKA_STORAGE_ERROR):
        manager.move(A, "d2")


@pytest.mark.parametrize("kind", ["append", "sync", "rename", "write", "open"])
@pytest.mark.parametrize("after", range(4))
def test_a_failing_disk_ends_the_move_not_the_log(world, kind, after):
    """Whatever fails while copying: all records are in one of the two places, and a restart finds them."""
    manager = world.open()
    filled(manager)
    manager.move(A, "d2")
    world.disk.fail(kind, after=after)
    run(manager, NOW)
    world.disk.heal()
    world.crash()
    again = world.open()
    log = again.get_or_create(A, ID, SMALL)

    assert read_all(log) == everything(10)


@pytest.mark.parametrize("first", ["d1", "d2"])
def test_a_crash_between_the_renames(world, first):
    """Both directories are whole then: the new one is kept, wherever it is looked for first."""
    manager = world.open()
    log = filled(manager)
    manager.move(A, "d2")
    true_rename = world.disk.rename

    class Crash(Exception):
        pass

    def rename(source, target):
        if target.endswith("-delete"):
            raise Crash
        true_rename(source, target)

    world.disk.rename = rename
    with pytest.raises(Crash):
        run(manager, NOW)
    world.disk.rename = true_rename
    assert world.disk.exists("d1/a-0")
    assert world.disk.exists("d2/a-0")
    assert log.log_end_offset == 10
    world.crash()
    world.paths = (first, "d1" if first == "d2" else "d2")
    manager = world.open()
    log = manager.get_or_create(A, ID, CONFIG)

    assert log.directory.path == "d2"
    assert read_all(log) == everything(10)
    run(manager, NOW)
    assert not any(name.startswith("a-0") for name in names(world, "d1"))
