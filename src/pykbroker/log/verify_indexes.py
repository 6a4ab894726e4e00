"""Index rows held against the batches they speak of, while the batches pass by once.

Each row is remembered by the place it points to and struck off when a batch there is what the row says. What is left
over at the end points nowhere. Zeros at the end of a file are no rows: Apache Kafka preallocates them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from pykbroker.log.files import Disk
from pykbroker.log.indexes import OFFSET_ENTRY_BYTES, TIME_ENTRY_BYTES
from pykbroker.wire.records import BatchHeader

_offset_rows = struct.Struct(">II").iter_unpack
_time_rows = struct.Struct(">qI").iter_unpack
_PROBLEMS_TOLD: Final = 3
"""How many wrong rows of one index are told one by one."""


class _Rows:
    """Rows that have not been seen to be true yet."""

    ENTRY_BYTES: int

    def __init__(self, disk: Disk, path: str, base_offset: int) -> None:
        self.path = path
        self._base_offset = base_offset
        self._loose_bytes = 0
        self._wrong: list[str] = []
        self._rows: dict[int, int] = {}
        self.is_preallocated = False
        """Whether the file is longer than its rows: a Kafka broker is running, or was killed."""
        try:
            data = disk.read_bytes(path)
        except FileNotFoundError:
            data = b""
        rows = -(-len(data.rstrip(b"\0")) // self.ENTRY_BYTES) * self.ENTRY_BYTES
        self.is_preallocated = rows + self.ENTRY_BYTES < len(data)
        if self.is_preallocated:
            data = data[:rows]
        self._loose_bytes = len(data) % self.ENTRY_BYTES
        self._load(data[: len(data) - self._loose_bytes])

    def _load(self, data: bytes) -> None:
        raise AssertionError("each index knows its own rows")

    def _left_over(self) -> Iterator[str]:
        raise AssertionError("each index knows its own rows")

    def problems(self) -> Iterator[str]:
        """What is wrong with the index, once all batches have been seen."""
        if self._loose_bytes:
            yield f"{self._loose_bytes} bytes at the end are no whole row"
        wrong = [*self._wrong, *self._left_over()]
        yield from wrong[:_PROBLEMS_TOLD]
        if len(wrong) > _PROBLEMS_TOLD:
            yield f"{len(wrong) - _PROBLEMS_TOLD} more rows are wrong"


class OffsetRows(_Rows):
    """By position: the last offset of the batch that should be there."""

    ENTRY_BYTES = OFFSET_ENTRY_BYTES

    def _load(self, data: bytes) -> None:
        last_offset = -1
        for relative, position in _offset_rows(data):
            if relative <= last_offset:
                self._wrong.append(f"offset {self._base_offset + relative} does not rise above the row before")
            last_offset = relative
            self._rows[position] = self._base_offset + relative

    def see(self, position: int, header: BatchHeader) -> None:
        """A batch at a position."""
        offset = self._rows.pop(position, None)
        if offset is not None and offset != header.last_offset:
            self._wrong.append(f"the batch at position {position} ends at {header.last_offset}, not at {offset}")

    def _left_over(self) -> Iterator[str]:
        return (f"no batch begins at position {position}" for position in self._rows)


class TimeRows(_Rows):
    """By offset: the largest timestamp up to the batch that ends there, which is its own."""

    ENTRY_BYTES = TIME_ENTRY_BYTES

    def __init__(self, disk: Disk, path: str, base_offset: int) -> None:
        self._largest = -1
        self._indexed = -1
        super().__init__(disk, path, base_offset)

    def _load(self, data: bytes) -> None:
        last_timestamp = -1
        for timestamp, relative in _time_rows(data):
            if timestamp <= last_timestamp:
                self._wrong.append(f"timestamp {timestamp} does not rise above the row before")
            last_timestamp = timestamp
            self._rows[self._base_offset + relative] = timestamp
        self._indexed = last_timestamp

    def see(self, header: BatchHeader) -> None:
        """A batch."""
        self._largest = max(self._largest, header.max_timestamp)
        timestamp = self._rows.pop(header.last_offset, None)
        if timestamp is not None and (timestamp != header.max_timestamp or timestamp != self._largest):
            at = f"the largest timestamp up to offset {header.last_offset}"
            self._wrong.append(f"{at} is {self._largest}, not {timestamp}")

    def _left_over(self) -> Iterator[str]:
        for offset in self._rows:
            yield f"no batch ends at offset {offset}"
        if self._largest > self._indexed:
            yield f"the largest timestamp is {self._largest}, the last row says {self._indexed}"
