"""The real disk and the one in memory keep the same promises: every test here runs on both."""

import errno
import os
import subprocess
import sys

import pytest

from pykbroker import disk as disk_module
from pykbroker.disk import RealDisk
from pykbroker.memory_disk import BLOCK_BYTES, MemoryDisk


@pytest.fixture(params=["real", "memory"])
def disk(request):
    return RealDisk() if request.param == "real" else MemoryDisk()


@pytest.fixture
def root(disk, tmp_path):
    path = str(tmp_path / "d")
    disk.make_directory(path)
    return path


def test_append_and_read(disk, root):
    """What was appended in parts is read back as one run of bytes, from any position."""
    file = disk.open_file(root + "/a")
    file.append([b"one", bytearray(b"two")])
    file.append([memoryview(b"three")])

    assert 11 == file.size == disk.size_of(root + "/a")
    assert file.read(0, 100) == b"onetwothree"
    assert file.read(3, 4) == b"twot"
    assert file.read(11, 5) == b""
    buffer = bytearray(4)
    assert file.read_into(6, memoryview(buffer)) == 4
    assert buffer == b"thre"
    assert disk.read_bytes(root + "/a") == b"onetwothree"
    assert disk.read_range(root + "/a", 5, 5) == b"othre"


def test_open_existing(disk, root):
    """Opening again finds the size; opening what is not there is an error unless it shall be made."""
    disk.open_file(root + "/a").append([b"12345"])

    assert disk.open_file(root + "/a", create=False).size == 5
    with pytest.raises(FileNotFoundError):
        disk.open_file(root + "/b", create=False)
    with pytest.raises(FileNotFoundError):
        disk.open_file(root + "/no/b")


def test_truncate_and_write_at(disk, root):
    """A file can be cut and written into."""
    file = disk.open_file(root + "/a")
    file.append([b"0123456789"])
    file.truncate(4)
    file.append([b"x"])
    file.write_at(1, b"AB")
    file.write_at(4, b"XYZ")

    assert file.read(0, 99) == b"0AB3XYZ"
    assert file.size == 7


def test_large_files(disk, root):
    """Blocks of the memory disk do not show."""
    file = disk.open_file(root + "/a")
    data = os.urandom(BLOCK_BYTES + 1000)
    file.append([data])
    file.append([b"end", data])

    assert data[-5:] + b"end" + data[:5] == file.read(len(data) - 5, 13)
    assert data == file.read(len(data) + 3, len(data))
    file.truncate(BLOCK_BYTES)
    assert data[:BLOCK_BYTES] == file.read(0, 2 * BLOCK_BYTES)
    file.append([b"tail"])
    assert file.read(BLOCK_BYTES, 9) == b"tail"


def test_slice_outlives_its_file(disk, root):
    """A slice that is being sent stays readable when its file is renamed, closed and deleted."""
    file = disk.open_file(root + "/a")
    file.append([b"0123456789"])
    piece = file.slice(2, 5)
    disk.rename(root + "/a", root + "/a.deleted")
    file.close()
    disk.remove_file(root + "/a.deleted")

    assert piece.read() == b"23456"
    assert 5 == len(piece) == piece.size
    assert piece.position == 2
    if (fd := piece.fileno()) is not None:
        assert os.pread(fd, 5, 2) == b"23456"


def test_renamed_file_goes_on(disk, root):
    """A file that was told of its new name is appended to under that name after its descriptor was closed."""
    file = disk.open_file(root + "/a")
    file.append([b"1"])
    disk.rename(root + "/a", root + "/b")
    file.renamed(root + "/b")
    file.close()
    file.append([b"2"])

    assert disk.read_bytes(root + "/b") == b"12"
    assert not disk.exists(root + "/a")


def test_directories(disk, root):
    """Listing tells files from directories; trees are renamed and removed whole."""
    disk.make_directory(root + "/x/y")
    disk.write_file(root + "/x/y/f", b"1")
    disk.write_file(root + "/g", b"2")

    assert {"x", "g"} == set(disk.list_directory(root))
    assert disk.list_directories(root) == ["x"]
    disk.rename(root + "/x", root + "/z")
    assert disk.read_bytes(root + "/z/y/f") == b"1"
    assert not disk.exists(root + "/x/y/f")
    disk.remove_tree(root + "/z")
    disk.remove_tree(root + "/z")
    disk.remove(root + "/g")
    disk.remove(root + "/g")
    assert disk.list_directory(root) == []
    with pytest.raises(FileNotFoundError):
        disk.list_directory(root + "/z")


def test_remove_takes_files_and_directories(disk, root):
    """``remove`` does not need to be told which it is."""
    disk.make_directory(root + "/x")
    disk.write_file(root + "/x/f", b"1")
    disk.write_file(root + "/f", b"1")

    disk.remove(root + "/x")
    disk.remove(root + "/f")
    assert disk.list_directory(root) == []


def test_atomic_write(disk, root):
    """A replaced file has the new content and leaves no temporary one behind."""
    disk.write_atomic(root + "/c", b"old")
    disk.write_atomic(root + "/c", b"new!", sync=False)

    assert disk.read_bytes(root + "/c") == b"new!"
    assert disk.list_directory(root) == ["c"]
    disk.sync_file(root + "/c")
    disk.sync_file(root + "/nothing")
    disk.sync_directory(root)
    disk.open_file(root + "/c").flush()
    disk.open_file(root + "/c").sync_target().sync()


def test_missing_files(disk, root):
    """What is not there is FileNotFoundError for readers and fine for removers."""
    disk.remove_file(root + "/a")
    for ask in (disk.read_bytes, disk.size_of, disk.modified_ms):
        with pytest.raises(FileNotFoundError):
            ask(root + "/a")
    with pytest.raises(FileNotFoundError):
        disk.rename(root + "/a", root + "/b")
    assert not disk.exists(root + "/a")
    assert disk.exists(root)


def test_make_directory_over_a_file(disk, root):
    """A file in the way of a directory is an error."""
    disk.write_file(root + "/f", b"")
    with pytest.raises(OSError, match=r"."):
        disk.make_directory(root + "/f")
    disk.make_directory(root)  # it is there already: fine


def test_lock_excludes_a_second_broker_in_the_process(disk, root):
    """A held directory is refused with a message that names it; released, it can be had again."""
    lock = disk.lock(root + "/.lock")
    with pytest.raises(BlockingIOError, match=r"in use by another broker in this process"):
        disk.lock(root + "/.lock")
    lock.release()
    lock.release()
    disk.lock(root + "/.lock").release()


def test_space(disk, root):
    """There is no more free space than there is space."""
    assert 0 < disk.free_bytes(root) <= disk.total_bytes(root)
    assert disk.canonical(root + "/") == disk.canonical(root)


def test_modification_time_in_memory():
    """The memory disk has no clock of its own: it is told the time."""
    now = [5]
    disk = MemoryDisk(touch_ms=lambda: now[0])
    disk.make_directory("d")
    file = disk.open_file("d/a")
    now[0] = 9
    file.append([b"x"])

    assert disk.modified_ms("d/a") == 9


# --- the real disk alone ------------------------------------------------------------------------------------------


@pytest.mark.real
def test_lock_excludes_other_processes(tmp_path):
    """Another process is told the id of the one that holds the directory; Java takes the same kind of lock."""
    path = str(tmp_path / ".lock")
    lock = RealDisk().lock(path)
    program = f"from pykbroker.disk import RealDisk\ntry:\n RealDisk().lock({path!r})\nexcept OSError as e:\n print(e)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    lock.release()

    assert f"in use by the broker with process id {os.getpid()}" in said


def test_pool_bounds_open_files(tmp_path):
    """However many files are used, no more descriptors than allowed are kept; files reopen by themselves."""
    disk = RealDisk(max_open_files=8)
    files = [disk.open_file(str(tmp_path / str(number))) for number in range(50)]
    for turn in range(3):
        for number, file in enumerate(files):
            file.append([b"%d," % (number + turn)])

    assert disk.open_file_count <= 8
    assert [b"%d,%d,%d," % (n, n + 1, n + 2) for n in range(50)] == [file.read(0, 99) for file in files]
    for file in files:
        file.close()
    assert disk.open_file_count == 0


def test_pool_keeps_what_is_used(tmp_path):
    """A file in constant use keeps its descriptor while many others pass by."""
    disk = RealDisk(max_open_files=4)
    busy = disk.open_file(str(tmp_path / "busy"))
    reopened = 0
    for number in range(40):
        handle = busy._handle
        busy.append([b"x"])
        reopened += busy._handle is not handle
        disk.open_file(str(tmp_path / str(number)))

    assert reopened <= 2


def test_slice_survives_the_pool(tmp_path):
    """A slice holds its descriptor even when the pool has taken it from the file."""
    disk = RealDisk(max_open_files=1)
    file = disk.open_file(str(tmp_path / "a"))
    file.append([b"0123"])
    piece = file.slice(0, 4)
    disk.open_file(str(tmp_path / "b"))
    os.unlink(tmp_path / "a")

    assert file._handle is None
    assert piece.read() == b"0123"


def test_failed_append_is_taken_back(tmp_path, monkeypatch):
    """When the disk is full half-way through an append, the file is as long as it was before."""
    file = RealDisk().open_file(str(tmp_path / "a"))
    file.append([b"good"])
    true_pwrite = os.pwrite

    def tear(fd, data, position):
        if position > 4:
            raise OSError(errno.ENOSPC, "full")
        return true_pwrite(fd, bytes(data)[:3], position)

    monkeypatch.setattr(disk_module.os, "pwrite", tear)
    with pytest.raises(OSError, match="full"):
        file.append([b"too much"])
    monkeypatch.undo()

    assert 4 == file.size == os.path.getsize(tmp_path / "a")
    file.append([b"!"])
    assert file.read(0, 99) == b"good!"


def test_append_that_cannot_be_taken_back_breaks_the_file(tmp_path, monkeypatch):
    """When even the truncation fails, nothing more is appended behind the torn bytes."""
    file = RealDisk().open_file(str(tmp_path / "a"))
    file.append([b"good"])

    def fail(*_):
        raise OSError(errno.EIO, "gone")

    monkeypatch.setattr(disk_module.os, "pwrite", fail)
    monkeypatch.setattr(disk_module.os, "ftruncate", fail)
    with pytest.raises(OSError, match="gone"):
        file.append([b"x"])
    monkeypatch.undo()

    assert file.broken
    with pytest.raises(OSError, match="earlier write"):
        file.append([b"y"])
    assert file.read(0, 4) == b"good"


def test_short_writes_are_completed(tmp_path, monkeypatch):
    """A write that takes only part is continued where it stopped, over all parts."""
    file = RealDisk().open_file(str(tmp_path / "a"))
    true_pwrite = os.pwrite
    monkeypatch.setattr(disk_module.os, "pwrite", lambda fd, data, at: true_pwrite(fd, bytes(data)[:2], at))
    monkeypatch.setattr(disk_module.os, "pwritev", lambda fd, parts, at: true_pwrite(fd, b"".join(parts)[:5], at))
    file.append([b"0123456"])
    file.append([b"abcd", b"efgh"])
    monkeypatch.undo()

    assert file.read(0, 99) == b"0123456abcdefgh"


def test_without_vectored_calls(tmp_path, monkeypatch):
    """A platform without pwritev and preadv behaves the same."""
    monkeypatch.setattr(disk_module, "_HAS_PWRITEV", False)
    monkeypatch.setattr(disk_module, "_HAS_PREADV", False)
    file = RealDisk().open_file(str(tmp_path / "a"))
    file.append([b"ab", b"cd"])
    buffer = bytearray(3)

    assert file.read_into(1, memoryview(buffer)) == 3
    assert buffer == b"bcd"
