"""Log: one partition's replica on this broker. Append, read, and the four offsets.

The invariant: ``log_start_offset <= last_stable_offset <= high_watermark <= log_end_offset``; every batch between the
first and the last is on the disk whole, in the order of its offsets. Every method is plain and runs to completion: there
is nothing to lock. An error of the disk takes the log's whole directory offline; what a client did wrong raises
KafkaError before anything is written.

What lives elsewhere: what is checked in a batch (``validate``), one segment's file and indexes (``segment``), the states
of producers, epochs and aborted transactions, opening after a crash (``recovery``), many logs (``log_manager``).

Kafka's UnifiedLog and LocalLog.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.config import LogConfig
from pykbroker.log.directory import LogDirectory
from pykbroker.log.files import LOG_SUFFIX, Buffer, FileSlice, join
from pykbroker.log.segment import FoundBatch, Segment
from pykbroker.log.validate import AppendOrigin, validate_and_assign
from pykbroker.names import TopicPartition
from pykbroker.wire.records import BatchHeader, split_batches

__all__ = ["AppendInfo", "AppendOrigin", "FetchedRecords", "Log"]


class AppendInfo(NamedTuple):
    """What became of an append."""

    base_offset: int
    last_offset: int
    log_append_time_ms: int
    log_start_offset: int
    duplicate: bool = False
    """Whether this very batch had been appended before, and nothing was written now."""


class _NoRecords:
    """A slice of nothing."""

    __slots__ = ()
    position = 0
    size = 0

    def __len__(self) -> int:
        return 0

    def fileno(self) -> int | None:
        return None

    def read(self) -> bytes:
        return b""


class FetchedRecords:
    """What a read found: bytes of batches, the first of which is whole if at least one was asked for."""

    __slots__ = ("base_offset", "records", "segment")

    def __init__(self, records: FileSlice, segment: Segment | None, base_offset: int) -> None:
        self.records = records
        self.segment = segment
        """Where they are from; None when there are none."""
        self.base_offset = base_offset
        """Of the first batch."""


_NOTHING: Final = FetchedRecords(_NoRecords(), None, -1)


class Log:
    """The batches of one partition, on one disk."""

    __slots__ = (
        "_directory",
        "_high_watermark",
        "_segments",
        "config",
        "log_end_offset",
        "log_start_offset",
        "path",
        "recovery_point",
        "topic_id",
        "topic_partition",
    )

    def __init__(
        self, directory: LogDirectory, path: str, topic_partition: TopicPartition, topic_id: bytes, config: LogConfig
    ) -> None:
        self._directory = directory
        self.path = path
        self.topic_partition = topic_partition
        self.topic_id = topic_id
        self.config = config
        self.log_start_offset = 0
        self.log_end_offset = 0
        """The offset that the next record will get."""
        self._high_watermark = 0
        self.recovery_point = 0
        """Everything below is known to be on the disk."""
        self._segments: list[Segment] = [Segment(directory.disk, path, 0)]

    # --- offsets ------------------------------------------------------------------------------------------------

    @property
    def high_watermark(self) -> int:
        """Everything below is on every in-sync replica: what consumers may see."""
        return self._high_watermark

    @high_watermark.setter
    def high_watermark(self, offset: int) -> None:
        if offset > self._high_watermark:
            self._high_watermark = min(offset, self.log_end_offset)

    @property
    def last_stable_offset(self) -> int:
        """Everything below belongs to no open transaction: what read_committed consumers may see."""
        return self._high_watermark

    @property
    def size_bytes(self) -> int:
        """Bytes in all segments."""
        return sum(segment.size for segment in self._segments)

    @property
    def _active(self) -> Segment:
        return self._segments[-1]

    def _require_online(self) -> None:
        if self._directory.failure is not None:
            raise self._directory.offline_error()

    # --- append -------------------------------------------------------------------------------------------------

    def append_as_leader(
        self, records: Buffer, *, leader_epoch: int, origin: AppendOrigin, now_ms: int
    ) -> AppendInfo:
        """Check the batches, give them offsets and write them. Raises KafkaError, and then nothing was written."""
        if self._directory.failure is not None:
            raise self._directory.offline_error()
        validated = validate_and_assign(
            records,
            self.config,
            self.topic_partition,
            next_offset=self.log_end_offset,
            leader_epoch=leader_epoch,
            origin=origin,
            now_ms=now_ms,
        )
        headers = validated.headers
        self._write(validated.parts, validated.size, headers, validated.max_timestamp, now_ms)
        return AppendInfo(
            headers[0].base_offset, self.log_end_offset - 1, validated.log_append_time_ms, self.log_start_offset
        )

    def append_as_follower(self, records: Buffer, now_ms: int) -> AppendInfo:
        """Write batches that have their offsets and epochs already."""
        self._require_online()
        batches = split_batches(records, cut_off_tail=True)
        if not batches:
            return AppendInfo(-1, -1, -1, self.log_start_offset)
        position, last = batches[-1]
        size = position + last.size
        headers = [header for _, header in batches]
        first_offset = headers[0].base_offset
        if first_offset < self.log_end_offset:
            raise KafkaError(
                ErrorCode.UNKNOWN_SERVER_ERROR,
                f"unexpected offset {first_offset} in append to {self.topic_partition}:"
                f" the next offset is {self.log_end_offset}",
            )
        max_timestamp = max(header.max_timestamp for header in headers)
        self._write([memoryview(records)[:size]], size, headers, max_timestamp, now_ms)
        return AppendInfo(first_offset, last.last_offset, -1, self.log_start_offset)

    def _write(
        self, parts: Sequence[Buffer], size: int, headers: Sequence[BatchHeader], max_timestamp: int, now_ms: int
    ) -> None:
        config = self.config
        if size > config.segment_bytes:
            raise KafkaError(
                ErrorCode.RECORD_LIST_TOO_LARGE, f"{size} bytes are more than segment.bytes={config.segment_bytes}"
            )
        last_offset = headers[-1].last_offset
        try:
            segment = self._segments[-1]
            if self._must_roll(segment, size, last_offset, max_timestamp, now_ms):
                segment = self.roll(headers[0].base_offset)
            if not segment.size:
                segment.created_ms = now_ms
            position = segment.append(parts, size)
            for header in headers:
                batch_size = header.batch_length + 12
                segment.note_batch(
                    position,
                    batch_size,
                    header.base_offset,
                    header.base_offset + header.last_offset_delta,
                    header.max_timestamp,
                    config.index_interval_bytes,
                )
                position += batch_size
        except OSError as error:
            raise self._directory.failed(error) from error
        self.log_end_offset = last_offset + 1

    def _must_roll(self, segment: Segment, size: int, last_offset: int, max_timestamp: int, now_ms: int) -> bool:
        """Size, time, a full index, or an offset too far from the base offset (LogSegment.shouldRoll)."""
        config = self.config
        return (
            segment.size > config.segment_bytes - size
            or (
                segment.size > 0
                and segment.waited_for_roll_ms(now_ms, max_timestamp) > config.max_segment_ms - segment.jitter_ms
            )
            or segment.indexes_are_full(config.segment_index_bytes)
            or not segment.can_hold(last_offset)
        )

    def roll(self, base_offset: int = 0) -> Segment:
        """Begin a new segment at ``base_offset``, or at the log's end if that is further."""
        base_offset = max(base_offset, self.log_end_offset)
        active = self._active
        if not active.size and active.base_offset == base_offset:
            return active
        active.seal()
        segment = Segment(self._directory.disk, self.path, base_offset)
        segment.start_indexes_empty()
        segment.file.truncate(0)  # created at once: its name is the log's end offset
        self._segments.append(segment)
        return segment

    # --- read ---------------------------------------------------------------------------------------------------

    def read(self, offset: int, max_bytes: int, up_to_offset: int, min_one_batch: bool = True) -> FetchedRecords:
        """Batches from the one that contains ``offset``, as far as ``up_to_offset`` and about ``max_bytes``.

        The last batch may be cut off. Raises OFFSET_OUT_OF_RANGE.
        """
        if self._directory.failure is not None:
            raise self._directory.offline_error()
        if not self.log_start_offset <= offset <= self.log_end_offset:
            raise KafkaError(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                f"{self.topic_partition} has offsets {self.log_start_offset} to {self.log_end_offset}, not {offset}",
            )
        if offset >= up_to_offset:
            return _NOTHING
        try:
            segments = self._segments
            number = len(segments) - 1
            if offset < segments[number].base_offset:
                number = self._number_of(offset)
            found = segments[number].find(offset)
            while found is None:  # compaction may have removed all that followed in this segment
                number += 1
                if number == len(segments):
                    return _NOTHING
                found = segments[number].find(offset)
            return self._cut(segments[number], number, found, max_bytes, up_to_offset, min_one_batch)
        except OSError as error:
            raise self._directory.failed(error) from error

    def _cut(
        self, segment: Segment, number: int, found: FoundBatch, max_bytes: int, up_to_offset: int, min_one_batch: bool
    ) -> FetchedRecords:
        position, first_size, base_offset, _ = found
        if up_to_offset >= self.log_end_offset or (
            number + 1 < len(self._segments) and self._segments[number + 1].base_offset <= up_to_offset
        ):
            end = segment.size
        else:
            end = segment.position_of(up_to_offset)
        size = min(end - position, max(max_bytes, first_size) if min_one_batch else max_bytes)
        if size <= 0:
            return _NOTHING
        return FetchedRecords(segment.slice(position, size), segment, base_offset)

    def _number_of(self, offset: int) -> int:
        """Which segment an offset belongs to."""
        return max(bisect_right(self._segments, offset, key=_base_offset) - 1, 0)


def _base_offset(segment: Segment) -> int:
    return segment.base_offset


def log_file_size(directory: LogDirectory, path: str, name: str) -> int:
    """Bytes in a segment's ``.log``."""
    return directory.disk.size_of(join(path, name + LOG_SUFFIX))
