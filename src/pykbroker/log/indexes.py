"""Offset index and time index of one segment, in Kafka's files.

``.index``: 8 bytes an entry, (offset - base offset, position), both int32. The entry is made for a batch: its *last*
offset and where it begins (``OffsetIndex``). ``.timeindex``: 12 bytes an entry, (largest timestamp so far, offset of
the batch that has it minus base offset). Entries grow in both columns, so both are searched by bisection.

The invariant: what is in the file comes before what is in memory. New entries are kept in memory and written when the
segment stops growing or the log closes (``write_out``). After a crash the file may be short or missing; recovery makes
it again from the log. The file itself is never loaded whole: a search reads single entries to find a page of
``PAGE_ENTRIES`` and keeps that page, because the next search is mostly near the last one.

Kafka preallocates these files with zeros and cuts them when it rolls or closes; we write only the entries.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_right
from typing import Final

from pykbroker.log.files import Disk

OFFSET_ENTRY_BYTES: Final = 8
TIME_ENTRY_BYTES: Final = 12
PAGE_ENTRIES: Final = 1024

_time_entry = struct.Struct(">qI")
_offset_entry = struct.Struct(">II")
_swap = sys.byteorder == "little"


class _Index:
    """A sorted table of (key, value) rows: first those in the file, then those in memory."""

    __slots__ = (
        "_disk",
        "_file_count",
        "_keys",
        "_page_keys",
        "_page_start",
        "_page_values",
        "_values",
        "base_offset",
        "path",
    )

    ENTRY_BYTES: int
    KEY_TYPE: str

    def __init__(self, disk: Disk, path: str, base_offset: int) -> None:
        self._disk = disk
        self.path = path
        self.base_offset = base_offset
        self._file_count = -1  # not looked at yet
        self._keys: array[int] | None = None
        self._values: array[int] | None = None
        self._page_start = -1
        self._page_keys: array[int] | None = None
        self._page_values: array[int] | None = None

    @property
    def file_count(self) -> int:
        """Entries in the file."""
        if self._file_count < 0:
            try:
                self._file_count = self._disk.size_of(self.path) // self.ENTRY_BYTES
            except FileNotFoundError:
                self._file_count = 0
        return self._file_count

    def __len__(self) -> int:
        return self.file_count + (len(self._keys) if self._keys is not None else 0)

    def start_empty(self) -> None:
        """There is nothing in the file (a new segment), or what is there is not to be believed (recovery)."""
        self._file_count = 0
        self._keys = self._values = None
        self._forget_page()

    def _add(self, key: int, value: int) -> None:
        if self._keys is None or self._values is None:
            self._keys, self._values = array(self.KEY_TYPE), array("I")
        self._keys.append(key)
        self._values.append(value)

    def row(self, number: int) -> tuple[int, int]:
        """The row as it stands in the file: key and value without the base offset."""
        in_file = self.file_count
        if number >= in_file:
            assert self._keys is not None
            assert self._values is not None
            return self._keys[number - in_file], self._values[number - in_file]
        if self._page_start >= 0 and 0 <= number - self._page_start < PAGE_ENTRIES:
            assert self._page_keys is not None
            assert self._page_values is not None
            return self._page_keys[number - self._page_start], self._page_values[number - self._page_start]
        return self._read_row(number)

    def last_row(self) -> tuple[int, int] | None:
        """The last row, or None in an empty index."""
        count = len(self)
        return self.row(count - 1) if count else None

    def floor(self, key: int) -> int:
        """Number of the last row whose key is not above ``key``; -1 where there is none."""
        keys = self._keys
        if keys and keys[0] <= key:
            return self.file_count + bisect_right(keys, key) - 1
        if not self.file_count:
            return -1
        return self._floor_in_file(key)

    def _floor_in_file(self, key: int) -> int:
        if not self._is_on_page(key):
            following = self._page_start // PAGE_ENTRIES + 1
            if 0 < following * PAGE_ENTRIES < self.file_count:  # who reads on is mostly on the next page
                self._load_page(following)
        if not self._is_on_page(key):
            self._load_page(self._page_of(key))
        page_keys = self._page_keys
        assert page_keys is not None
        return self._page_start + bisect_right(page_keys, key) - 1

    def _is_on_page(self, key: int) -> bool:
        keys = self._page_keys
        return (
            keys is not None
            and (keys[0] <= key or self._page_start == 0)
            and (key < keys[-1] or self._page_start + len(keys) == self.file_count)
        )

    def _page_of(self, key: int) -> int:
        """The page whose first key is the last one not above ``key``."""
        size, unpack = self.ENTRY_BYTES, self._unpack
        file = self._disk.open_file(self.path, create=False)
        pages = range(-(-min(self.file_count, file.size // size) // PAGE_ENTRIES))
        page = bisect_right(pages[1:], key, key=lambda page: unpack(file.read(page * PAGE_ENTRIES * size, size))[0])
        file.close()
        return page

    def _load_page(self, page: int) -> None:
        start = page * PAGE_ENTRIES
        # one entry more than a page, so that a search at a page's very end still finds what follows
        wanted = min(PAGE_ENTRIES + 1, self.file_count - start) * self.ENTRY_BYTES
        data = self._disk.read_range(self.path, start * self.ENTRY_BYTES, wanted)
        if len(data) < wanted:
            raise OSError(f"{self.path} has become shorter than it was")
        self._page_start = start
        self._page_keys, self._page_values = self._decode(data)

    def _forget_page(self) -> None:
        self._page_start = -1
        self._page_keys = self._page_values = None

    def _read_row(self, number: int) -> tuple[int, int]:
        data = self._disk.read_range(self.path, number * self.ENTRY_BYTES, self.ENTRY_BYTES)
        if len(data) < self.ENTRY_BYTES:
            raise OSError(f"{self.path} has become shorter than {number + 1} entries")
        return self._unpack(data)

    def truncate_rows(self, count: int) -> None:
        """Keep only the first ``count`` rows."""
        in_file = self.file_count
        if count < in_file:
            file = self._disk.open_file(self.path)
            file.truncate(count * self.ENTRY_BYTES)
            file.close()
            self._file_count = count
            self._keys = self._values = None
            self._forget_page()
        elif self._keys is not None and self._values is not None:
            del self._keys[count - in_file :]
            del self._values[count - in_file :]

    def write_out(self) -> None:
        """Move the rows in memory to the file. An index without rows gets an empty file: Kafka wants to see one."""
        in_file = self.file_count
        keys, values = self._keys, self._values
        file = self._disk.open_file(self.path)
        if file.size != in_file * self.ENTRY_BYTES:  # Kafka's preallocated zeros, or rows not believed
            file.truncate(in_file * self.ENTRY_BYTES)
        if keys and values:
            file.append([self._encode(keys, values)])
            self._file_count = in_file + len(keys)
            self._keys = self._values = None
            self._forget_page()
        file.close()

    def is_whole(self) -> bool:
        """Whether the file is there and holds whole rows only."""
        return self._disk.size_of(self.path) % self.ENTRY_BYTES == 0

    def is_rising(self) -> bool:
        """Whether both columns of the whole file rise, as they must."""
        last_key, last_value = -1, -1
        for start in range(0, self.file_count, PAGE_ENTRIES):
            size = min(PAGE_ENTRIES, self.file_count - start) * self.ENTRY_BYTES
            keys, values = self._decode(self._disk.read_range(self.path, start * self.ENTRY_BYTES, size))
            for key, value in zip(keys, values, strict=True):
                if key <= last_key or value <= last_value:
                    return False
                last_key, last_value = key, value
        return True

    def _decode(self, data: bytes) -> tuple[array[int], array[int]]:
        raise AssertionError("each index knows its own rows")

    def _encode(self, keys: array[int], values: array[int]) -> bytes:
        raise AssertionError("each index knows its own rows")

    def _unpack(self, data: bytes) -> tuple[int, int]:
        raise AssertionError("each index knows its own rows")


class OffsetIndex(_Index):
    """Where to start looking for an offset."""

    __slots__ = ()

    ENTRY_BYTES = OFFSET_ENTRY_BYTES
    KEY_TYPE = "I"

    def append(self, last_offset: int, position: int) -> None:
        """Remember where the batch that ends at ``last_offset`` begins."""
        self._add(last_offset - self.base_offset, position)

    def lookup(self, offset: int) -> tuple[int, int]:
        """(offset, position) of the last entry not above ``offset``; the segment's very start where there is none."""
        number = self.floor(offset - self.base_offset)
        if number < 0:
            return self.base_offset, 0
        key, position = self.row(number)
        return self.base_offset + key, position

    def upper_bound(self, position: int) -> int | None:
        """The offset of the first entry at or behind a file position, if there is one."""
        count = len(self)
        number = bisect_right(range(count), position - 1, key=lambda each: self.row(each)[1])
        return self.base_offset + self.row(number)[0] if number < count else None

    def last_position(self) -> int:
        """Where the last indexed batch begins; 0 in an empty index."""
        row = self.last_row()
        return row[1] if row else 0

    def truncate_to(self, offset: int) -> None:
        """Forget entries for ``offset`` and what follows."""
        number = self.floor(offset - self.base_offset)
        if number >= 0 and self.row(number)[0] == offset - self.base_offset:
            number -= 1
        self.truncate_rows(number + 1)

    def _decode(self, data: bytes) -> tuple[array[int], array[int]]:
        words = array("I", data)
        if _swap:
            words.byteswap()
        return words[0::2], words[1::2]

    def _encode(self, keys: array[int], values: array[int]) -> bytes:
        words = array("I", bytes(len(keys) * OFFSET_ENTRY_BYTES))
        words[0::2] = keys
        words[1::2] = values
        if _swap:
            words.byteswap()
        return words.tobytes()

    def _unpack(self, data: bytes) -> tuple[int, int]:
        key, value = _offset_entry.unpack(data)
        return key, value


class TimeIndex(_Index):
    """From which offset on to look for a timestamp."""

    __slots__ = ()

    ENTRY_BYTES = TIME_ENTRY_BYTES
    KEY_TYPE = "q"

    def maybe_append(self, timestamp: int, offset: int) -> None:
        """Remember the largest timestamp so far and its batch's offset, if it is larger than the last entry's."""
        last = self.last_row()
        if timestamp > (last[0] if last else -1):
            self._add(timestamp, offset - self.base_offset)

    def last_entry(self) -> tuple[int, int]:
        """(timestamp, offset); (-1, base offset) in an empty index."""
        row = self.last_row()
        return (row[0], self.base_offset + row[1]) if row else (-1, self.base_offset)

    def lookup(self, timestamp: int) -> tuple[int, int]:
        """(timestamp, offset) of the last entry not above ``timestamp``; (-1, base offset) where there is none."""
        number = self.floor(timestamp)
        if number < 0:
            return -1, self.base_offset
        key, value = self.row(number)
        return key, self.base_offset + value

    def truncate_to(self, offset: int) -> None:
        """Forget entries for ``offset`` and what follows."""
        relative = offset - self.base_offset
        number = bisect_right(range(len(self)), relative - 1, key=lambda each: self.row(each)[1])
        self.truncate_rows(number)

    def _decode(self, data: bytes) -> tuple[array[int], array[int]]:
        rows = list(_time_entry.iter_unpack(data))
        return array("q", [row[0] for row in rows]), array("I", [row[1] for row in rows])

    def _encode(self, keys: array[int], values: array[int]) -> bytes:
        return b"".join(map(_time_entry.pack, keys, values))

    def _unpack(self, data: bytes) -> tuple[int, int]:
        key, value = _time_entry.unpack(data)
        return key, value
