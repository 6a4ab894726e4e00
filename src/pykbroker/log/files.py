"""The disk as the log sees it, and how Kafka names a log's files.

The log never opens a file itself: it is handed a ``Disk``. ``pykbroker.disk`` has a real one and one in memory; tests
wrap either to lose, tear or refuse writes. All doors raise ``OSError`` and nothing else; the log makes KafkaErrors of
them.

The invariant every ``LogFile`` keeps: ``append`` writes all or nothing. If it raises, the file is as long as it was, or
the file says that it is ``broken`` and accepts no further append.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview

LOG_SUFFIX: Final = ".log"
INDEX_SUFFIX: Final = ".index"
TIME_INDEX_SUFFIX: Final = ".timeindex"
TXN_INDEX_SUFFIX: Final = ".txnindex"
SNAPSHOT_SUFFIX: Final = ".snapshot"
DELETED_SUFFIX: Final = ".deleted"
CLEANED_SUFFIX: Final = ".cleaned"
SWAP_SUFFIX: Final = ".swap"
SEGMENT_SUFFIXES: Final = (LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX)
INDEX_SUFFIXES: Final = (INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX)

DELETE_DIRECTORY_SUFFIX: Final = "-delete"
FUTURE_DIRECTORY_SUFFIX: Final = "-future"
STRAY_DIRECTORY_SUFFIX: Final = "-stray"

PARTITION_METADATA: Final = "partition.metadata"
LEADER_EPOCH_CHECKPOINT: Final = "leader-epoch-checkpoint"

_DIGITS: Final = 20


class FileSlice(Protocol):
    """A stretch of a file that a Fetch answer carries to the socket. Its file stays readable while the slice lives."""

    position: int
    size: int

    def __len__(self) -> int: ...
    def fileno(self) -> int | None:
        """A descriptor to send from at ``position``, or None where there is none (in memory)."""

    def read(self) -> bytes: ...


class SyncTarget(Protocol):
    """A file as a worker thread may flush it: it stays open until the object is dropped."""

    def sync(self) -> None: ...


class LogFile(Protocol):
    """One file that grows at its end. It may be closed and opened again behind the scenes."""

    @property
    def size(self) -> int:
        """Bytes in it."""

    broken: bool
    """Whether a failed append left bytes behind that could not be taken back."""

    def append(self, parts: Sequence[Buffer]) -> None:
        """Write all parts at the end, or raise and write nothing."""

    def read(self, position: int, size: int) -> bytes:
        """Up to ``size`` bytes; fewer only at the end of the file."""

    def read_into(self, position: int, buffer: memoryview) -> int: ...
    def slice(self, position: int, size: int) -> FileSlice: ...
    def write_at(self, position: int, data: Buffer) -> None: ...
    def truncate(self, size: int) -> None: ...
    def flush(self) -> None: ...
    def sync_target(self) -> SyncTarget: ...
    def renamed(self, path: str) -> None:
        """The file has been renamed: open it by this path from now on."""

    def close(self) -> None: ...


class DirectoryLock(Protocol):
    """A held lock; dropping it without ``release`` keeps it."""

    def release(self) -> None: ...


class Disk(Protocol):
    """The door to files. Paths are strings with ``/`` between parts, or whatever the platform joins them with."""

    def open_file(self, path: str, *, create: bool = True) -> LogFile: ...
    def exists(self, path: str) -> bool: ...
    def size_of(self, path: str) -> int:
        """Bytes in a file; raises FileNotFoundError."""

    def modified_ms(self, path: str) -> int:
        """When the file was last written to."""

    def list_directory(self, path: str) -> list[str]:
        """Names of files and directories directly below, in no promised order."""

    def list_directories(self, path: str) -> list[str]:
        """Names of the directories directly below."""

    def make_directory(self, path: str) -> None:
        """Create it and what is above it; fine if it is there."""

    def rename(self, source: str, target: str) -> None:
        """Replace ``target`` if it is a file that exists."""

    def remove_file(self, path: str) -> None:
        """Fine if it is not there."""

    def remove_tree(self, path: str) -> None:
        """Fine if it is not there."""

    def read_bytes(self, path: str) -> bytes: ...
    def read_range(self, path: str, position: int, size: int) -> bytes:
        """Part of a file that is not worth keeping open."""

    def write_file(self, path: str, data: Buffer) -> None:
        """Create or replace, without a promise for the case of a crash."""

    def write_atomic(self, path: str, data: Buffer, *, sync: bool = True) -> None:
        """Replace the file by way of a temporary one: a crash leaves the old or the new content."""

    def remove(self, path: str) -> None:
        """Remove a file or a directory with all below; fine if it is not there."""

    def sync_file(self, path: str) -> None:
        """Flush a file by its name; fine if it is not there."""

    def sync_directory(self, path: str) -> None: ...
    def sync_all(self) -> None:
        """Flush everything written so far, in one call; cheaper than many small flushes."""

    def lock(self, path: str) -> DirectoryLock:
        """Take the lock file, or raise BlockingIOError with a message that says who holds it."""

    def free_bytes(self, path: str) -> int: ...
    def total_bytes(self, path: str) -> int: ...
    def canonical(self, path: str) -> str:
        """The one name of a directory that may have several."""


def join(directory: str, name: str) -> str:
    """A path below a directory."""
    return f"{directory}/{name}"


def offset_file_name(offset: int, suffix: str) -> str:
    """How Kafka names a file that begins at an offset: twenty digits and the suffix."""
    return f"{offset:0{_DIGITS}d}{suffix}"


def offset_of_file(name: str) -> int | None:
    """The offset that a segment's file name starts with, or None if it is no such name."""
    digits, dot, _ = name.partition(".")
    return int(digits) if dot and digits.isascii() and digits.isdigit() else None
