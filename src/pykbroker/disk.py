"""Disk: real files behind a bounded pool of descriptors, for the Protocols of ``log.files``.

The invariants: ``append`` writes everything or takes back what it wrote; at most ``max_open_files`` descriptors
are kept for idle files, however many files there are; a ``FileSlice`` can be read for as long as it lives, even when
its file has been renamed, deleted or dropped from the pool meanwhile, because it holds the descriptor itself.

What it does not do: sync anything unless told. The broker decides when, and on which thread. Only ``sync`` of a
``sync_target`` may be called from another thread.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeAlias

try:
    import fcntl
except ImportError:  # Windows: one broker per directory is up to its user there
    fcntl = None  # type: ignore[assignment]

Buffer: TypeAlias = bytes | bytearray | memoryview

MAX_OPEN_FILES = 4096
"""Descriptors kept for idle files where the system allows as many."""

SHARE_OF_LIMIT = 0.5
"""How much of the process's descriptor limit files may take; the rest is for connections. macOS allows 256."""

_READ_WRITE = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_HAS_PWRITEV = hasattr(os, "pwritev")
_HAS_PREADV = hasattr(os, "preadv")


def _default_max_open_files() -> int:
    try:
        import resource
    except ImportError:
        return 256
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return MAX_OPEN_FILES
    return max(16, min(MAX_OPEN_FILES, int(soft * SHARE_OF_LIMIT)))


class _Handle:
    """An open descriptor; closed when nobody holds it any more."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def sync(self) -> None:
        os.fsync(self.fd)

    def __del__(self) -> None:
        os.close(self.fd)


class RealSlice:
    """A stretch of a file; see ``log.files.FileSlice``."""

    __slots__ = ("_handle", "position", "size")

    def __init__(self, handle: _Handle, position: int, size: int) -> None:
        self._handle = handle
        self.position = position
        self.size = size

    def __len__(self) -> int:
        return self.size

    def fileno(self) -> int | None:
        return self._handle.fd

    def read(self) -> bytes:
        return _read_fully(self._handle.fd, self.position, self.size)


class RealFile:
    """A file that grows at its end; its descriptor belongs to the pool."""

    __slots__ = ("__weakref__", "_handle", "_path", "_pool", "broken", "is_recent", "size")

    def __init__(self, pool: _Pool, path: str, size: int, handle: _Handle | None) -> None:
        self._pool = pool
        self._path = path
        self._handle = handle
        self.size = size
        self.broken = False
        self.is_recent = False
        if handle is not None:
            pool.add(self)

    def _open(self) -> _Handle:
        handle = self._handle
        if handle is None:
            handle = self._handle = _Handle(os.open(self._path, _READ_WRITE))
            self._pool.add(self)
        self.is_recent = True
        return handle

    def append(self, parts: Sequence[Buffer]) -> None:
        if self.broken:
            raise OSError(errno.EIO, "an earlier write failed half-way and could not be taken back", self._path)
        fd = self._open().fd
        start = self.size
        try:
            if len(parts) == 1:
                data = parts[0]
                written, expected = os.pwrite(fd, data, start), len(data)
            else:
                expected = sum(map(len, parts))
                written = os.pwritev(fd, parts, start) if _HAS_PWRITEV else os.pwrite(fd, b"".join(parts), start)
            if written != expected:
                _write_rest(fd, b"".join(parts), written, start)
        except OSError:
            self._take_back(fd, start)
            raise
        self.size = start + expected

    def _take_back(self, fd: int, size: int) -> None:
        """Remove what a failed append has left behind the old end."""
        try:
            os.ftruncate(fd, size)
        except OSError:
            self.broken = True

    def read(self, position: int, size: int) -> bytes:
        data = os.pread(self._open().fd, size, position)
        if len(data) < size and position + len(data) < self.size:
            return data + _read_fully(self._open().fd, position + len(data), size - len(data))
        return data

    def read_into(self, position: int, buffer: memoryview) -> int:
        fd = self._open().fd
        if _HAS_PREADV:
            return os.preadv(fd, [buffer], position)
        data = os.pread(fd, len(buffer), position)
        buffer[: len(data)] = data
        return len(data)

    def slice(self, position: int, size: int) -> RealSlice:
        return RealSlice(self._handle or self._open(), position, size)

    def write_at(self, position: int, data: Buffer) -> None:
        fd = self._open().fd
        written = os.pwrite(fd, data, position)
        if written != len(data):
            _write_rest(fd, data, written, position)
        self.size = max(self.size, position + len(data))

    def truncate(self, size: int) -> None:
        os.ftruncate(self._open().fd, size)
        self.size = size
        self.broken = False

    def flush(self) -> None:
        os.fsync(self._open().fd)

    def sync_target(self) -> _Handle:
        return self._open()

    def renamed(self, path: str) -> None:
        self._path = path

    def close(self) -> None:
        if self._handle is not None:
            self._pool.remove(self)
            self._handle = None

    def drop_handle(self) -> None:
        """Called by the pool alone: the descriptor is wanted elsewhere."""
        self._handle = None


class _Pool:
    """Which files have a descriptor. When there are too many, those not used since the last round lose theirs."""

    __slots__ = ("_files", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._files: dict[int, RealFile] = {}

    def add(self, file: RealFile) -> None:
        files = self._files
        if len(files) >= self._limit:
            self._make_room()
        files[id(file)] = file

    def _make_room(self) -> None:
        """Second chance: the oldest goes, unless it was used meanwhile; then it counts as new."""
        files = self._files
        for _ in range(len(files)):
            key = next(iter(files))
            file = files.pop(key)
            if not file.is_recent:
                file.drop_handle()
                return
            file.is_recent = False
            files[key] = file
        files.pop(next(iter(files))).drop_handle()

    def remove(self, file: RealFile) -> None:
        self._files.pop(id(file), None)

    def __len__(self) -> int:
        return len(self._files)


class RealDisk:
    """The machine's file system."""

    def __init__(self, max_open_files: int | None = None) -> None:
        self._pool = _Pool(max_open_files or _default_max_open_files())

    @property
    def open_file_count(self) -> int:
        """Descriptors the pool holds now."""
        return len(self._pool)

    def open_file(self, path: str, *, create: bool = True) -> RealFile:
        if create:
            handle = _Handle(os.open(path, _READ_WRITE | os.O_CREAT, 0o644))
            return RealFile(self._pool, path, os.fstat(handle.fd).st_size, handle)
        return RealFile(self._pool, path, os.stat(path).st_size, None)

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def size_of(self, path: str) -> int:
        return os.stat(path).st_size

    def modified_ms(self, path: str) -> int:
        return os.stat(path).st_mtime_ns // 1_000_000

    def list_directory(self, path: str) -> list[str]:
        return os.listdir(path)

    def list_directories(self, path: str) -> list[str]:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries if entry.is_dir()]

    def make_directory(self, path: str) -> None:
        try:
            os.mkdir(path)
        except FileExistsError:
            if not os.path.isdir(path):
                raise
        except FileNotFoundError:
            os.makedirs(path, exist_ok=True)

    def rename(self, source: str, target: str) -> None:
        os.replace(source, target)

    def remove_file(self, path: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(path)

    def remove_tree(self, path: str) -> None:
        try:
            with os.scandir(path) as entries:
                below = list(entries)
        except FileNotFoundError:
            return
        for entry in below:
            if entry.is_dir(follow_symlinks=False):
                self.remove_tree(entry.path)
            else:
                self.remove_file(entry.path)
        os.rmdir(path)

    def read_bytes(self, path: str) -> bytes:
        with open(path, "rb", buffering=0) as file:
            return file.read()

    def read_range(self, path: str, position: int, size: int) -> bytes:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            return _read_fully(fd, position, size)
        finally:
            os.close(fd)

    def write_file(self, path: str, data: Buffer) -> None:
        fd = os.open(path, _READ_WRITE | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            _write_rest(fd, data, 0, 0)
        finally:
            os.close(fd)

    def write_atomic(self, path: str, data: Buffer, *, sync: bool = True) -> None:
        temporary = path + ".tmp"
        fd = os.open(temporary, _READ_WRITE | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            _write_rest(fd, data, 0, 0)
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)
        if sync:
            self.sync_directory(os.path.dirname(path))

    def remove(self, path: str) -> None:
        try:
            self.remove_file(path)
        except (IsADirectoryError, PermissionError):  # macOS says the latter of a directory
            self.remove_tree(path)

    def sync_file(self, path: str) -> None:
        with suppress(FileNotFoundError):
            fd = os.open(path, os.O_RDWR)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def sync_directory(self, path: str) -> None:
        if os.name == "nt":
            return
        fd = os.open(path or ".", os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def sync_all(self) -> None:
        os.sync()

    def lock(self, path: str) -> _RealLock:
        return _RealLock(path)

    def free_bytes(self, path: str) -> int:
        return _disk_usage(path)[0]

    def total_bytes(self, path: str) -> int:
        return _disk_usage(path)[1]

    def canonical(self, path: str) -> str:
        return os.path.realpath(path)


class _RealLock:
    """A held ``.lock`` file: a POSIX record lock, which is what Java takes, so Apache Kafka is kept out as well.

    Such a lock belongs to the process and is lost when the process closes *any* descriptor of the file; so the
    directories this process has locked are remembered, and a second broker in the same process never opens the file.
    """

    _held: set[str] = set()

    def __init__(self, path: str) -> None:
        real = os.path.realpath(path)
        directory = os.path.dirname(path)
        if real in self._held:
            raise BlockingIOError(errno.EAGAIN, f"{directory} is in use by another broker in this process")
        fd = os.open(path, _READ_WRITE | os.O_CREAT, 0o644)
        try:
            if fcntl is not None:
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        except (BlockingIOError, PermissionError):
            owner = os.pread(fd, 32, 0).strip().decode("ascii", "replace")
            os.close(fd)
            whose = f"the broker with process id {owner}" if owner.isdigit() else "another broker"
            raise BlockingIOError(errno.EAGAIN, f"{directory} is in use by {whose}") from None
        except OSError:
            os.close(fd)
            raise
        self._fd = fd
        self._path = real
        self._held.add(real)

    def release(self) -> None:
        if self._path in self._held:
            self._held.discard(self._path)
            os.close(self._fd)


def _disk_usage(path: str) -> tuple[int, int]:
    """Bytes that are free for us and bytes there are, on the file system of ``path``."""
    if not hasattr(os, "statvfs"):
        from shutil import disk_usage  # Windows; costs milliseconds to import, hence here

        usage = disk_usage(path)
        return usage.free, usage.total
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize


def _read_fully(fd: int, position: int, size: int) -> bytes:
    """Read until ``size`` bytes are there or the file ends; Linux gives at most 2 GiB at once."""
    data = os.pread(fd, size, position)
    if len(data) == size or not data:
        return data
    parts = [data]
    got = len(data)
    while got < size:
        data = os.pread(fd, size - got, position + got)
        if not data:
            break
        parts.append(data)
        got += len(data)
    return b"".join(parts)


def _write_rest(fd: int, data: Buffer, done: int, position: int) -> None:
    """Write what a short write has left over; a disk that takes nothing more is full."""
    view = memoryview(data)
    while done < len(view):
        written = os.pwrite(fd, view[done:], position + done)
        if written == 0:
            raise OSError(errno.ENOSPC, "the disk takes no more bytes")
        done += written
