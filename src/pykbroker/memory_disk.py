"""MemoryDisk: files in memory behind the same doors as ``disk.RealDisk``, for tests and for ``--ephemeral``.

The invariant: everything that is promised of files here is what the real disk does; both pass the same tests. There
is no clock here: ``modified_ms`` is what ``touch_ms`` says it is at the time of writing.

Files are blocks of bounded size, so that a file of hundreds of megabytes grows without ever being copied as a whole.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview

BLOCK_BYTES = 4 * 1024 * 1024
ROOM_BYTES = 1 << 40


class _Content:
    """The bytes of one file. Slices and files hold it, so it outlives its name."""

    __slots__ = ("blocks", "modified_ms", "size")

    def __init__(self, data: Buffer = b"", modified_ms: int = 0) -> None:
        self.blocks: list[bytearray] = []
        self.size = 0
        self.modified_ms = modified_ms
        if len(data):
            self.append(data)

    def append(self, data: Buffer) -> None:
        blocks = self.blocks
        self.size += len(data)
        room = BLOCK_BYTES - len(blocks[-1]) if blocks else 0
        if room >= len(data):
            blocks[-1] += data
            return
        view = memoryview(data)
        if room:
            blocks[-1] += view[:room]
        blocks += [bytearray(view[start : start + BLOCK_BYTES]) for start in range(room, len(view), BLOCK_BYTES)]

    def read(self, position: int, size: int) -> bytes:
        size = min(size, self.size - position)
        if size <= 0:
            return b""
        first, start = divmod(position, BLOCK_BYTES)
        if start + size <= BLOCK_BYTES:
            return bytes(memoryview(self.blocks[first])[start : start + size])
        end = position + size
        return b"".join(
            memoryview(self.blocks[index])[max(position - index * BLOCK_BYTES, 0) : end - index * BLOCK_BYTES]
            for index in range(first, (end - 1) // BLOCK_BYTES + 1)
        )

    def truncate(self, size: int) -> None:
        if size > self.size:
            self.append(bytes(size - self.size))
            return
        kept, rest = divmod(size, BLOCK_BYTES)
        del self.blocks[kept + 1 if rest else kept :]
        if rest:
            del self.blocks[-1][rest:]
        self.size = size

    def write_at(self, position: int, data: Buffer) -> None:
        tail = self.read(position + len(data), self.size)
        self.truncate(position)
        self.append(data)
        self.append(tail)


class MemorySlice:
    """A stretch of a file in memory."""

    __slots__ = ("_content", "position", "size")

    def __init__(self, content: _Content, position: int, size: int) -> None:
        self._content = content
        self.position = position
        self.size = size

    def __len__(self) -> int:
        return self.size

    def fileno(self) -> int | None:
        return None

    def read(self) -> bytes:
        return self._content.read(self.position, self.size)


class _NothingToSync:
    def sync(self) -> None:
        """Memory is as safe as it gets."""


class MemoryFile:
    """An open file in memory."""

    __slots__ = ("_content", "_disk", "broken")

    def __init__(self, disk: MemoryDisk, content: _Content) -> None:
        self._disk = disk
        self._content = content
        self.broken = False

    @property
    def size(self) -> int:
        return self._content.size

    def append(self, parts: Sequence[Buffer]) -> None:
        content = self._content
        for part in parts:
            content.append(part)
        content.modified_ms = self._disk.touch_ms()

    def read(self, position: int, size: int) -> bytes:
        return self._content.read(position, size)

    def read_into(self, position: int, buffer: memoryview) -> int:
        data = self._content.read(position, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def slice(self, position: int, size: int) -> MemorySlice:
        return MemorySlice(self._content, position, size)

    def write_at(self, position: int, data: Buffer) -> None:
        self._content.write_at(position, data)
        self._content.modified_ms = self._disk.touch_ms()

    def truncate(self, size: int) -> None:
        self._content.truncate(size)

    def flush(self) -> None:
        """Memory is as safe as it gets."""

    def sync_target(self) -> _NothingToSync:
        return _NothingToSync()

    def renamed(self, path: str) -> None:
        """The file is its content, whatever its name."""

    def close(self) -> None:
        """Nothing is held."""


class _MemoryLock:
    def __init__(self, held: set[str], path: str) -> None:
        self._held = held
        self._path = path

    def release(self) -> None:
        self._held.discard(self._path)


class MemoryDisk:
    """A file system that is a dictionary of directories. A "restart" uses the same object again."""

    def __init__(self, touch_ms: Callable[[], int] = lambda: 0) -> None:
        self.touch_ms = touch_ms
        self._directories: dict[str, dict[str, _Content | None]] = {"": {}}
        """Names in each directory; a value of None is a directory."""
        self._locks: set[str] = set()

    @staticmethod
    def _split(path: str) -> tuple[str, str]:
        directory, _, name = path.replace("\\", "/").rstrip("/").rpartition("/")
        return directory, name

    @staticmethod
    def _missing(path: str) -> FileNotFoundError:
        return FileNotFoundError(errno.ENOENT, "no such file or directory", path)

    def _content(self, path: str) -> _Content:
        directory, name = self._split(path)
        content = self._directories.get(directory, {}).get(name)
        if content is None:
            raise self._missing(path)
        return content

    def _parent(self, path: str) -> tuple[dict[str, _Content | None], str]:
        directory, name = self._split(path)
        entries = self._directories.get(directory)
        if entries is None:
            raise self._missing(path)
        return entries, name

    def open_file(self, path: str, *, create: bool = True) -> MemoryFile:
        entries, name = self._parent(path)
        content = entries.get(name)
        if content is None:
            if not create:
                raise self._missing(path)
            content = entries[name] = _Content(modified_ms=self.touch_ms())
        return MemoryFile(self, content)

    def exists(self, path: str) -> bool:
        directory, name = self._split(path)
        return name in self._directories.get(directory, {}) or (not name and directory in self._directories)

    def size_of(self, path: str) -> int:
        return self._content(path).size

    def modified_ms(self, path: str) -> int:
        return self._content(path).modified_ms

    def list_directory(self, path: str) -> list[str]:
        entries = self._directories.get(path.rstrip("/"))
        if entries is None:
            raise self._missing(path)
        return list(entries)

    def list_directories(self, path: str) -> list[str]:
        entries = self._directories.get(path.rstrip("/"))
        if entries is None:
            raise self._missing(path)
        return [name for name, content in entries.items() if content is None]

    def make_directory(self, path: str) -> None:
        path = path.rstrip("/")
        if path in self._directories:
            return
        directory, name = self._split(path)
        self.make_directory(directory)
        if self._directories[directory].get(name) is not None:
            raise FileExistsError(errno.EEXIST, "is a file", path)
        self._directories[directory][name] = None
        self._directories[path] = {}

    def rename(self, source: str, target: str) -> None:
        entries, name = self._parent(source)
        target_entries, target_name = self._parent(target)
        if name not in entries:
            raise self._missing(source)
        if self._directories.get(target.rstrip("/")):
            raise OSError(errno.ENOTEMPTY, "a directory that is not empty has this name", target)
        if entries[name] is None:
            self._rename_directory(source.rstrip("/"), target.rstrip("/"))
        target_entries[target_name] = entries.pop(name)

    def _rename_directory(self, source: str, target: str) -> None:
        below = source + "/"
        for path in [path for path in self._directories if path == source or path.startswith(below)]:
            self._directories[target + path[len(source) :]] = self._directories.pop(path)

    def remove_file(self, path: str) -> None:
        directory, name = self._split(path)
        entries = self._directories.get(directory, {})
        if entries.get(name) is not None:
            del entries[name]

    def remove_tree(self, path: str) -> None:
        path = path.rstrip("/")
        if path not in self._directories:
            return
        below = path + "/"
        for gone in [each for each in self._directories if each == path or each.startswith(below)]:
            del self._directories[gone]
        directory, name = self._split(path)
        self._directories[directory].pop(name, None)

    def read_bytes(self, path: str) -> bytes:
        content = self._content(path)
        return content.read(0, content.size)

    def read_range(self, path: str, position: int, size: int) -> bytes:
        return self._content(path).read(position, size)

    def write_file(self, path: str, data: Buffer) -> None:
        entries, name = self._parent(path)
        entries[name] = _Content(data, self.touch_ms())

    def write_atomic(self, path: str, data: Buffer, *, sync: bool = True) -> None:
        self.write_file(path, data)

    def remove(self, path: str) -> None:
        self.remove_file(path)
        self.remove_tree(path)

    def sync_file(self, path: str) -> None:
        """Memory is as safe as it gets."""

    def sync_directory(self, path: str) -> None:
        """Memory is as safe as it gets."""

    def sync_all(self) -> None:
        """Memory is as safe as it gets."""

    def lock(self, path: str) -> _MemoryLock:
        if path in self._locks:
            raise BlockingIOError(errno.EAGAIN, f"{self._split(path)[0]} is in use by another broker in this process")
        self._locks.add(path)
        self.open_file(path)
        return _MemoryLock(self._locks, path)

    def free_bytes(self, path: str) -> int:
        return ROOM_BYTES

    def total_bytes(self, path: str) -> int:
        return ROOM_BYTES

    def canonical(self, path: str) -> str:
        return path.rstrip("/")
