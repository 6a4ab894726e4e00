"""The transaction index: which transactions were aborted, for consumers that read only what was committed.

One `.txnindex` file per segment, made when the first transaction aborts there.  An entry is 34 bytes: version 2,
producer id 8, first offset 8, last offset 8 (the marker's), last stable offset 8.  Entries are in the order of
their last offsets and of their last stable offsets, which is what lets a search stop early.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from pykbroker.log.files import Disk, LogFile

_VERSION: Final = 0
_ENTRY: Final = struct.Struct(">hqqqq")
ENTRY_SIZE: Final = _ENTRY.size


class AbortedTransaction(NamedTuple):
    """One entry."""

    producer_id: int
    first_offset: int
    last_offset: int
    last_stable_offset: int


class CorruptTransactionIndex(Exception):
    """The index is not what it should be; recovery rebuilds it from the segment."""


def encode_aborted(aborted: AbortedTransaction) -> bytes:
    """An entry's bytes."""
    return _ENTRY.pack(_VERSION, *aborted)


def decode_aborted(data: bytes) -> Iterator[AbortedTransaction]:
    """The entries of an index, without a torn last one."""
    whole = len(data) - len(data) % ENTRY_SIZE
    for version, *fields in _ENTRY.iter_unpack(memoryview(data)[:whole]):
        if version > _VERSION:
            raise CorruptTransactionIndex(f"transaction index version {version} is unknown")
        yield AbortedTransaction(*fields)


class TransactionIndex:
    """The aborted transactions whose markers are in one segment.  The file appears with the first of them."""

    __slots__ = ("_disk", "_file", "_last_offset", "path")

    def __init__(self, disk: Disk, path: str) -> None:
        self._disk = disk
        self.path = path
        self._file: LogFile | None = disk.open_file(path) if disk.exists(path) else None
        self._last_offset = -1

    def append(self, aborted: AbortedTransaction) -> None:
        """Add one; its marker lies behind those of all others."""
        assert aborted.last_offset > self._last_offset, "markers are appended in the order of their offsets"
        if self._file is None:
            self._file = self._disk.open_file(self.path)
        self._file.append((encode_aborted(aborted),))
        self._last_offset = aborted.last_offset

    def entries(self) -> Iterator[AbortedTransaction]:
        if self._file is None:
            return iter(())
        return decode_aborted(self._file.read(0, self._file.size))

    def collect(self, fetch_offset: int, upper_bound_offset: int) -> tuple[list[AbortedTransaction], bool]:
        """Those that overlap [fetch_offset, upper_bound_offset), and whether later segments need not be asked."""
        found: list[AbortedTransaction] = []
        for aborted in self.entries():
            if aborted.last_offset >= fetch_offset and aborted.first_offset < upper_bound_offset:
                found.append(aborted)
            if aborted.last_stable_offset >= upper_bound_offset:
                return found, True
        return found, False

    def truncate_to(self, offset: int) -> None:
        """Forget transactions whose markers are at `offset` or behind it."""
        if self._file is None:
            return
        kept, self._last_offset = 0, -1
        for aborted in self.entries():
            if aborted.last_offset >= offset:
                self._file.truncate(kept * ENTRY_SIZE)
                return
            kept, self._last_offset = kept + 1, aborted.last_offset

    def check(self, base_offset: int) -> None:
        """Raise `CorruptTransactionIndex` when it cannot belong to the segment that starts at `base_offset`."""
        if self._file is None:
            return
        if self._file.size % ENTRY_SIZE:
            raise CorruptTransactionIndex(f"{self._file.size} bytes are no whole number of entries")
        last_offset = base_offset - 1
        for aborted in self.entries():
            if aborted.last_offset <= last_offset or aborted.first_offset > aborted.last_offset:
                raise CorruptTransactionIndex(f"{aborted} cannot stand behind offset {last_offset}")
            last_offset = aborted.last_offset

    def reset(self) -> None:
        """Empty, to be rebuilt."""
        if self._file is not None:
            self._file.truncate(0)
        self._last_offset = -1

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def renamed(self, path: str) -> None:
        """The file, if there is one, has been renamed."""
        self.path = path
        if self._file is not None:
            self._file.renamed(path)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
