"""One segment: a ``.log`` file with its two indexes, from a base offset on.

The invariants: a segment's base offset is not above the offset of any batch in it, and above that of every batch in the
segments before it; batches stand back to back, as whole batches, in the order of their offsets. Nothing is opened or
created before it is needed: a segment without batches is an object and nothing else.

Finding an offset costs the same however large the log is: the last ``TAIL_BATCHES`` appended batches are remembered
exactly (consumers that keep up), the sparse index gives a starting point for all others, and from there a few headers
are walked. Kafka's LogSegment.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.aborted import TransactionIndex
from pykbroker.log.files import (
    INDEX_SUFFIX,
    INDEX_SUFFIXES,
    LOG_SUFFIX,
    SEGMENT_SUFFIXES,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
    Buffer,
    Disk,
    FileSlice,
    LogFile,
    SyncTarget,
    join,
    offset_file_name,
)
from pykbroker.log.index_check import indexes_are_plausible
from pykbroker.log.indexes import OFFSET_ENTRY_BYTES, TIME_ENTRY_BYTES, OffsetIndex, TimeIndex
from pykbroker.wire.records import HEADER_SIZE, LOG_OVERHEAD, BatchHeader, read_header

TAIL_BATCHES: Final = 64
"""Batches whose positions are remembered exactly; at most twice as many."""

WALK_BYTES: Final = 4096
"""How much is read at once when headers are walked: an index interval."""

DEFAULT_INTERVAL_BYTES: Final = 4096

MAX_RELATIVE_OFFSET: Final = 2**31 - 1
NO_TIMESTAMP: Final = -1

_unpack_walk = struct.Struct(">qi4xb6xi").unpack_from  # base offset, batch length, magic, last offset delta
_WALK_SIZE: Final = 27


class FoundBatch(NamedTuple):
    """Where a batch is in its segment's file."""

    position: int
    size: int
    base_offset: int
    last_offset: int


class Segment:
    """A stretch of the log in files of its own."""

    __slots__ = (
        "_directory",
        "_disk",
        "_file",
        "_first_timestamp",
        "_is_growing",
        "_max_timestamp",
        "_since_index_bytes",
        "_suffix",
        "_tail_ends",
        "_tail_positions",
        "_tail_start",
        "base_offset",
        "created_ms",
        "is_dirty",
        "jitter_ms",
        "offset_index",
        "offset_of_max_timestamp",
        "size",
        "time_index",
        "txn_index",
    )

    def __init__(self, disk: Disk, directory: str, base_offset: int, size: int = 0, suffix: str = "") -> None:
        self._disk = disk
        self._directory = directory
        self._suffix = suffix
        self.base_offset = base_offset
        self.size = size
        """Bytes of whole batches in the ``.log`` file."""
        self.created_ms = -1
        """When the first batch came, for batches that have no timestamp; -1 before."""
        self.jitter_ms = 0
        self.is_dirty = False
        """Whether the index files do not say all that the log holds."""
        self.txn_index: TransactionIndex | None = None
        self._file: LogFile | None = None
        self.offset_index: OffsetIndex = _NO_INDEX
        self.time_index: TimeIndex = _NO_TIME_INDEX
        self._is_growing = False
        self._first_timestamp: int | None = None
        self._max_timestamp: int | None = None
        self.offset_of_max_timestamp = base_offset
        self._since_index_bytes = 0
        self._tail_start = -1
        self._tail_ends: array[int] | None = None
        self._tail_positions: array[int] | None = None

    def path(self, suffix: str) -> str:
        """The path of one of the segment's files."""
        return join(self._directory, offset_file_name(self.base_offset, suffix) + self._suffix)

    @property
    def file(self) -> LogFile:
        """The ``.log`` file, made if it is not there."""
        file = self._file
        if file is None:
            file = self._file = self._disk.open_file(self.path(LOG_SUFFIX))
        return file

    def need_indexes(self) -> None:
        """Make the two index objects, if nobody has needed them yet; files that cannot be right are made again."""
        if self.offset_index is _NO_INDEX:
            self._make_indexes()
            if not self.size:
                self.start_indexes_empty()
            elif not indexes_are_plausible(self):
                self.rebuild_indexes(DEFAULT_INTERVAL_BYTES)

    def _make_indexes(self) -> None:
        self.offset_index = OffsetIndex(self._disk, self.path(INDEX_SUFFIX), self.base_offset)
        self.time_index = TimeIndex(self._disk, self.path(TIME_INDEX_SUFFIX), self.base_offset)

    def start_indexes_empty(self) -> None:
        """Whatever the index files hold is not to be believed: begin anew."""
        if self.offset_index is _NO_INDEX:
            self._make_indexes()
        self.offset_index.start_empty()
        self.time_index.start_empty()
        self._since_index_bytes = 0
        self._max_timestamp = NO_TIMESTAMP
        self.offset_of_max_timestamp = self.base_offset

    def create(self) -> None:
        """Begin the ``.log`` file although there is no batch: its name is where the log ends."""
        self.start_indexes_empty()
        self.file.truncate(0)
        self.is_dirty = True

    # --- what came in -------------------------------------------------------------------------------------------

    def append(self, parts: Sequence[Buffer], size: int) -> int:
        """Write whole batches at the end; where they begin. Each must then be told to ``note_batch``."""
        position = self.size
        file = self._file or self.file
        if not self._is_growing:
            self.need_indexes()  # before there is a batch that they do not have
            if file.size != position:  # what a crash left behind, or Kafka's preallocated zeros
                file.truncate(position)
            self._is_growing = True
        file.append(parts)
        self.is_dirty = True
        self.size = position + size
        return position

    def note_batch(self, position: int, header: BatchHeader, index_interval_bytes: int) -> None:
        """Index a batch that is in the file; Kafka indexes the batch *after* an interval's worth of bytes."""
        if self._max_timestamp is None or self.offset_index is _NO_INDEX:
            self._load_max_timestamp()
        last_offset, max_timestamp = header.base_offset + header.last_offset_delta, header.max_timestamp
        if position == 0:
            self._first_timestamp = max_timestamp
        if max_timestamp > self._max_timestamp:  # type: ignore[operator]
            self._max_timestamp = max_timestamp
            self.offset_of_max_timestamp = last_offset
        if self._since_index_bytes > index_interval_bytes:
            self.offset_index.append(last_offset, position)
            self.time_index.maybe_append(self._max_timestamp, self.offset_of_max_timestamp)  # type: ignore[arg-type]
            self._since_index_bytes = 0
        self._since_index_bytes += header.batch_length + LOG_OVERHEAD
        ends, positions = self._tail_ends, self._tail_positions
        if ends is None or positions is None:
            ends = self._tail_ends = array("q")
            positions = self._tail_positions = array("q")
            self._tail_start = header.base_offset
        ends.append(last_offset)
        positions.append(position)
        if len(ends) == 2 * TAIL_BATCHES:
            self._tail_start = ends[TAIL_BATCHES - 1] + 1
            del ends[:TAIL_BATCHES]
            del positions[:TAIL_BATCHES]

    def can_hold(self, offset: int) -> bool:
        """Whether the offset's distance to the base offset fits the index."""
        return 0 <= offset - self.base_offset <= MAX_RELATIVE_OFFSET

    def indexes_are_full(self, max_index_bytes: int) -> bool:
        """Whether another entry would not fit; the time index keeps one back for the roll (TimeIndex.isFull)."""
        if self.offset_index is _NO_INDEX:
            return False
        return (
            len(self.offset_index) >= max_index_bytes // OFFSET_ENTRY_BYTES
            or len(self.time_index) >= max_index_bytes // TIME_ENTRY_BYTES - 1
        )

    # --- finding ------------------------------------------------------------------------------------------------

    def find(self, offset: int) -> FoundBatch | None:
        """The first batch that ends at or behind ``offset``, or None when all end before it."""
        ends = self._tail_ends
        if ends and offset >= self._tail_start:
            number = bisect_left(ends, offset)
            if number == len(ends):
                return None
            positions = self._tail_positions
            assert positions is not None
            position = positions[number]
            end = positions[number + 1] if number + 1 < len(ends) else self.size
            base = ends[number - 1] + 1 if number else self._tail_start
            return FoundBatch(position, end - position, base, ends[number])
        return self._walk_to(offset)

    def _walk_to(self, offset: int) -> FoundBatch | None:
        if not self.size:
            return None
        self.need_indexes()
        position = self.offset_index.lookup(offset)[1]
        try:
            found = next((batch for batch in self.walk(position) if batch.last_offset >= offset), None)
        except KafkaError:
            if position == 0:
                raise
        else:
            if found is None or found.base_offset <= offset or found.position > position or position == 0:
                return found
        # The index points into the middle of a batch, or behind what it promises: it is not this segment's.
        self.rebuild_indexes(DEFAULT_INTERVAL_BYTES)
        return next((batch for batch in self.walk(0) if batch.last_offset >= offset), None)

    def position_of(self, offset: int) -> int:
        """Where the first batch that ends at or behind ``offset`` begins: all before it is below the offset."""
        found = self.find(offset)
        return self.size if found is None else found.position

    def walk(self, position: int) -> Iterator[FoundBatch]:
        """Every batch from a file position on, looking at headers alone."""
        size = self.size
        if position >= size:
            return
        file, data, start = self.file, b"", position
        while position + HEADER_SIZE <= size:
            at = position - start
            if at + _WALK_SIZE > len(data):
                data, start, at = file.read(position, WALK_BYTES), position, 0
                if len(data) < _WALK_SIZE:
                    return
            base_offset, length, magic, delta = _unpack_walk(data, at)
            end = position + length + LOG_OVERHEAD
            if length < HEADER_SIZE - LOG_OVERHEAD or end > size or magic != 2:
                raise self._no_batch_at(position)
            yield FoundBatch(position, end - position, base_offset, base_offset + delta)
            position = end

    def headers(self, position: int) -> Iterator[tuple[int, BatchHeader]]:
        """Every batch from a file position on, as its position and whole header."""
        size = self.size
        if position >= size:
            return
        file, data, start = self.file, b"", position
        while position + HEADER_SIZE <= size:
            at = position - start
            if at + HEADER_SIZE > len(data):
                data, start, at = file.read(position, WALK_BYTES), position, 0
                if len(data) < HEADER_SIZE:
                    return
            header = read_header(data, at)
            end = position + header.batch_length + LOG_OVERHEAD
            if header.batch_length < HEADER_SIZE - LOG_OVERHEAD or end > size or header.magic != 2:
                raise self._no_batch_at(position)
            yield position, header
            position = end

    def _no_batch_at(self, position: int) -> KafkaError:
        where = f"{self.path(LOG_SUFFIX)} holds no batch of format 2 at position {position}"
        return KafkaError(ErrorCode.CORRUPT_MESSAGE, where)

    def slice(self, position: int, size: int) -> FileSlice:
        """A stretch of the file, to be sent."""
        return (self._file or self.file).slice(position, size)

    def read_batch(self, position: int, header: BatchHeader) -> bytes:
        """The bytes of the batch at a position."""
        return self.file.read(position, header.size)

    def next_offset(self) -> int:
        """The offset after the last batch (LogSegment.readNextOffset)."""
        ends = self._tail_ends
        if ends:
            return ends[-1] + 1
        if not self.size:
            return self.base_offset
        self.need_indexes()
        last = self.base_offset - 1
        for batch in self.walk(self.offset_index.last_position()):
            last = batch.last_offset
        return last + 1

    # --- time ---------------------------------------------------------------------------------------------------

    def _load_max_timestamp(self) -> None:
        self.need_indexes()
        if self._max_timestamp is None:
            self._max_timestamp, self.offset_of_max_timestamp = self.time_index.last_entry()

    @property
    def max_timestamp(self) -> int:
        """The largest timestamp of any record, or -1."""
        if self._max_timestamp is None:
            if not self.size:
                return NO_TIMESTAMP
            self._load_max_timestamp()
        return self._max_timestamp  # type: ignore[return-value]

    @property
    def largest_timestamp(self) -> int:
        """What retention by time goes by: the largest timestamp, or when the file was written if there is none."""
        timestamp = self.max_timestamp
        if timestamp >= 0:
            return timestamp
        return self.modified_ms

    @property
    def modified_ms(self) -> int:
        """When the ``.log`` file was last written to; the segment's creation if there is none."""
        try:
            return self._disk.modified_ms(self.path(LOG_SUFFIX))
        except FileNotFoundError:
            return self.created_ms

    @property
    def first_timestamp(self) -> int:
        """The first batch's largest timestamp, from which rolling by time counts; -1 where there is none."""
        if self._first_timestamp is None:
            header = next(self.headers(0), None)
            self._first_timestamp = header[1].max_timestamp if header else NO_TIMESTAMP
        return self._first_timestamp

    def waited_for_roll_ms(self, now_ms: int, timestamp: int) -> int:
        """How long ago the segment began, in the time of its records if they have any (timeWaitedForRoll)."""
        first = self.first_timestamp
        if first >= 0:
            return timestamp - first
        return now_ms - self.created_ms if self.created_ms >= 0 else 0

    # --- keeping ------------------------------------------------------------------------------------------------

    def truncate_to(self, offset: int) -> int:
        """Drop every batch that ends at or behind ``offset``; how many bytes that was."""
        position = self.position_of(offset)
        if position >= self.size:
            return 0
        self.need_indexes()
        self.is_dirty = True
        self.file.truncate(position)
        dropped, self.size = self.size - position, position
        self._tail_ends = self._tail_positions = None
        if not position:
            self.start_indexes_empty()
            self._first_timestamp = None
            self.created_ms = -1
            return dropped
        self.offset_index.truncate_to(offset)
        self.time_index.truncate_to(offset)
        self._since_index_bytes = 0
        self._recount_max_timestamp()
        return dropped

    def _recount_max_timestamp(self) -> None:
        """The largest timestamp of what is left: the last index entry's, or one after it (readLargestTimestamp)."""
        largest, offset = self.time_index.last_entry()
        for _, header in self.headers(self.offset_index.lookup(offset)[1]):
            if header.max_timestamp > largest:
                largest, offset = header.max_timestamp, header.last_offset
        self._max_timestamp, self.offset_of_max_timestamp = largest, offset

    def rebuild_indexes(self, index_interval_bytes: int) -> None:
        """Make both indexes anew from the batches' headers."""
        self._tail_ends = self._tail_positions = None
        self.start_indexes_empty()
        self.is_dirty = True
        for position, header in self.headers(0):
            self.note_batch(position, header, index_interval_bytes)

    def seal(self) -> None:
        """Bring the index files up to date; the largest timestamp becomes the last entry of the time index."""
        if self.is_dirty:
            self._load_max_timestamp()
            if self.max_timestamp >= 0:
                self.time_index.maybe_append(self.max_timestamp, self.offset_of_max_timestamp)
            self.offset_index.write_out()
            self.time_index.write_out()
            self.is_dirty = False

    def transactions(self) -> TransactionIndex:
        """The aborted transactions that ended in this segment."""
        if self.txn_index is None:
            self.txn_index = TransactionIndex(self._disk, self.path(TXN_INDEX_SUFFIX))
        return self.txn_index

    def sync_targets(self) -> list[SyncTarget]:
        """The ``.log`` file, to be flushed from any thread."""
        return [self.file.sync_target()]

    @property
    def has_written_transactions(self) -> bool:
        """Whether the transaction index may have entries that are not on the disk yet."""
        return self.txn_index is not None

    def close(self) -> None:
        """Let go of the files."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self.txn_index is not None:
            self.txn_index.close()
            self.txn_index = None

    def moved(self, directory: str) -> None:
        """The log's directory has been renamed."""
        self._directory = directory
        self._rename_open()

    def change_suffix(self, suffix: str) -> None:
        """Rename all files that are there: ``.deleted``, ``.swap``, or nothing."""
        renames = [(each, self.path(each)) for each in SEGMENT_SUFFIXES]
        self._suffix = suffix
        for each, before in renames:
            try:
                self._disk.rename(before, self.path(each))
            except FileNotFoundError:
                continue
        self._rename_open()

    def _rename_open(self) -> None:
        if self._file is not None:
            self._file.renamed(self.path(LOG_SUFFIX))
        if self.txn_index is not None:
            self.txn_index.renamed(self.path(TXN_INDEX_SUFFIX))
        if self.offset_index is not _NO_INDEX:
            self.offset_index.path = self.path(INDEX_SUFFIX)
            self.time_index.path = self.path(TIME_INDEX_SUFFIX)

    @property
    def has_index(self) -> bool:
        """Whether the indexes have been looked at."""
        return self.offset_index is not _NO_INDEX

    def index_files(self) -> list[str]:
        """Paths of the indexes a segment may have."""
        return [self.path(suffix) for suffix in INDEX_SUFFIXES]

    def files(self) -> list[str]:
        """Paths of all files the segment may have."""
        return [self.path(suffix) for suffix in SEGMENT_SUFFIXES]

    def remove(self) -> None:
        """Delete all files."""
        self.close()
        for path in self.files():
            self._disk.remove_file(path)


_NO_INDEX: Final = OffsetIndex.__new__(OffsetIndex)
_NO_TIME_INDEX: Final = TimeIndex.__new__(TimeIndex)
"""What a segment has until an index is needed: an empty partition must not pay for two."""
