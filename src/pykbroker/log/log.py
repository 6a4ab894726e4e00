"""Log: one partition's replica on this broker. Append, read, and the four offsets.

The invariant: ``log_start_offset <= last_stable_offset <= high_watermark <= log_end_offset``; every batch between the
first and the last is in a file whole, in the order of its offsets. Every method is plain and runs to completion: there
is nothing to lock. What a client did wrong raises KafkaError before anything is written; an error of the disk takes the
log's whole directory offline, and all its logs answer KAFKA_STORAGE_ERROR from then on.

What lives elsewhere: what is checked in a batch (``validate``), one segment (``segment``), all that changes or removes
what has been written (``upkeep``, from which ``Log`` inherits), opening after a crash (``recovery``), many logs
(``log_manager``). Kafka's UnifiedLog and LocalLog.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log import lookups
from pykbroker.log.config import LogConfig
from pykbroker.log.directory import LogDirectory
from pykbroker.log.files import Buffer, FileSlice
from pykbroker.log.leader_epochs import UNDEFINED_EPOCH
from pykbroker.log.lookups import FoundTimestamp
from pykbroker.log.producer_state import Marker, Producer, read_marker
from pykbroker.log.producers import learn
from pykbroker.log.recovery import Loader, Progress, RecoveryReport
from pykbroker.log.segment import FoundBatch, Segment
from pykbroker.log.upkeep import LogUpkeep
from pykbroker.log.validate import AppendOrigin, RecordErrors, validate_and_assign
from pykbroker.names import TopicPartition
from pykbroker.wire.records import LOG_OVERHEAD, BatchHeader, CorruptRecords, check_crc, split_batches

__all__ = ["AppendInfo", "AppendOrigin", "FetchedRecords", "Log", "RecordErrors"]


class AppendInfo(NamedTuple):
    """What became of an append."""

    base_offset: int
    last_offset: int
    log_append_time_ms: int
    log_start_offset: int
    duplicate: bool = False
    """Whether this very batch had been appended before, and nothing was written now."""


class NoRecords:
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

    __slots__ = ("base_offset", "is_first_incomplete", "records", "segment")

    def __init__(
        self, records: FileSlice, segment: Segment | None, base_offset: int, is_first_incomplete: bool = False
    ) -> None:
        self.records = records
        self.segment = segment
        """Where they are from; None when there are none."""
        self.base_offset = base_offset
        """Of the first batch."""
        self.is_first_incomplete = is_first_incomplete
        """Whether not even the first batch is whole: Fetch from version 3 on answers nothing then."""


_NOTHING: Final = FetchedRecords(NoRecords(), None, -1)


class Log(LogUpkeep):
    """The batches of one partition, on one disk."""

    __slots__ = ()

    @classmethod
    def create(
        cls, directory: LogDirectory, path: str, topic_partition: TopicPartition, topic_id: bytes, config: LogConfig
    ) -> Log:
        """A log without a file; its directory is there already."""
        return cls(directory, path, topic_partition, topic_id, config)

    @classmethod
    def open(
        cls,
        directory: LogDirectory,
        path: str,
        topic_partition: TopicPartition,
        topic_id: bytes,
        config: LogConfig,
        now_ms: int,
        *,
        is_clean: bool = False,
        recovery_point: int = 0,
        log_start_offset: int = 0,
        high_watermark: int = 0,
        on_progress: Progress | None = None,
    ) -> tuple[Log, RecoveryReport]:
        """The log in a directory that exists, repaired if need be; the checkpoints say the offsets."""
        loader = Loader(
            directory,
            path,
            topic_partition,
            config,
            is_clean=is_clean,
            recovery_point=recovery_point,
            log_start_offset=log_start_offset,
            now_ms=now_ms,
            on_progress=on_progress,
        )
        try:
            loaded = loader.load()
        except OSError as error:
            raise directory.failed(error) from error
        log = cls(directory, path, topic_partition, topic_id, config)
        log._take(loaded, is_clean, high_watermark)
        return log, loader.report

    # --- append -------------------------------------------------------------------------------------------------

    def append_as_leader(
        self, records: Buffer, *, leader_epoch: int, origin: AppendOrigin, now_ms: int, transaction_version: int = 0
    ) -> AppendInfo:
        """Check the batches, give them offsets and write them. Raises KafkaError, and then nothing was written.

        ``transaction_version`` is that of the transaction which a marker ends.
        """
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
        marker = None
        if headers[0].producer_id >= 0:
            marker, duplicate = self._check_producers(records, headers, origin, transaction_version)
            if duplicate is not None:
                return duplicate
        self._write(validated.parts, validated.size, headers, validated.max_timestamp, now_ms, marker)
        return AppendInfo(
            headers[0].base_offset, self.log_end_offset - 1, validated.log_append_time_ms, self.log_start_offset
        )

    def _check_producers(
        self, records: Buffer, headers: Sequence[BatchHeader], origin: AppendOrigin, transaction_version: int
    ) -> tuple[Marker | None, AppendInfo | None]:
        """Idempotence and fencing: the marker in a control batch, or the answer to a duplicate."""
        state = self.producers
        marker = None
        for header in headers:
            if header.is_control:
                marker = read_marker(records, 0, header)
            known = state.check(header, origin, marker=marker, transaction_version=transaction_version)
            if known is not None:
                return None, AppendInfo(
                    known.first_offset, known.last_offset, known.timestamp, self.log_start_offset, duplicate=True
                )
        return marker, None

    def append_as_follower(self, records: Buffer, now_ms: int) -> AppendInfo:
        """Write batches that have their offsets and epochs already, as the leader sent them."""
        self._require_online()
        try:
            batches = split_batches(records, cut_off_tail=True)
        except CorruptRecords as error:
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, str(error)) from None
        if not batches:
            return AppendInfo(-1, -1, -1, self.log_start_offset)
        headers = self._check_replicated(records, batches)
        if any(header.is_control and header.producer_id >= 0 for header in headers):
            return self._append_one_by_one(records, batches, now_ms)
        position, last = batches[-1]
        size = position + last.size
        max_timestamp = max(header.max_timestamp for header in headers)
        self._write([memoryview(records)[:size]], size, headers, max_timestamp, now_ms, None)
        return AppendInfo(headers[0].base_offset, last.last_offset, -1, self.log_start_offset)

    def _check_replicated(self, records: Buffer, batches: Sequence[tuple[int, BatchHeader]]) -> list[BatchHeader]:
        next_offset = self.log_end_offset
        for position, header in batches:
            if not check_crc(records, position, header):
                raise KafkaError(
                    ErrorCode.CORRUPT_MESSAGE, f"the batch at offset {header.base_offset} does not match its checksum"
                )
            if header.base_offset < next_offset:
                raise KafkaError(
                    ErrorCode.UNKNOWN_SERVER_ERROR,
                    f"unexpected offset {header.base_offset} in append to {self.topic_partition}, "
                    f"whose next offset is {next_offset}",
                )
            next_offset = header.next_offset
        return [header for _, header in batches]

    def _append_one_by_one(
        self, records: Buffer, batches: Sequence[tuple[int, BatchHeader]], now_ms: int
    ) -> AppendInfo:
        """Markers among them: each batch on its own, since a write takes one marker."""
        view = memoryview(records)
        for position, header in batches:
            batch = view[position : position + header.size]
            is_marker = header.is_control and header.producer_id >= 0
            marker = read_marker(batch, 0, header) if is_marker else None
            self._write([batch], header.size, [header], header.max_timestamp, now_ms, marker)
        return AppendInfo(batches[0][1].base_offset, batches[-1][1].last_offset, -1, self.log_start_offset)

    def _write(
        self,
        parts: Sequence[Buffer],
        size: int,
        headers: Sequence[BatchHeader],
        max_timestamp: int,
        now_ms: int,
        marker: Marker | None,
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
            self.log_end_offset = last_offset + 1
            for header in headers:
                segment.note_batch(position, header, config.index_interval_bytes)
                position += header.batch_length + LOG_OVERHEAD
                if header.partition_leader_epoch != self._latest_epoch:
                    self._note_epoch(header.partition_leader_epoch, header.base_offset)
            state = self.producers
            if headers[0].producer_id >= 0 or len(headers) > 1:
                for header in headers:
                    if learn(state, header, marker, segment):
                        self.has_transactions = True
                self._first_unstable_offset = state.first_unstable_offset
            state.map_end_offset = self.log_end_offset
        except OSError as error:
            raise self._directory.failed(error) from error

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
        return FetchedRecords(segment.slice(position, size), segment, base_offset, size < first_size)

    def aborted_transactions(self, start_offset: int, fetched: FetchedRecords) -> list[tuple[int, int]]:
        """(producer id, first offset) of aborted transactions that a reader of these records must leave out."""
        segment = fetched.segment
        if segment is None or not self.has_transactions:
            return []
        number = self._segments.index(segment)
        records = fetched.records
        upper_bound = segment.offset_index.upper_bound(records.position + records.size) if segment.has_index else None
        if upper_bound is None:
            is_last = number + 1 == len(self._segments)
            upper_bound = self.log_end_offset if is_last else self._segments[number + 1].base_offset
        return lookups.aborted_transactions(self._segments, number, start_offset, upper_bound)

    # --- lookups ------------------------------------------------------------------------------------------------

    def offset_for_timestamp(self, timestamp: int) -> FoundTimestamp | None:
        """(offset, timestamp, leader epoch) of the first record that is not older, or None."""
        return self._look_up(lambda: lookups.offset_for_timestamp(self._segments, timestamp, self.log_start_offset))

    def offset_of_max_timestamp(self) -> FoundTimestamp | None:
        """(offset, timestamp, leader epoch) of the first record with the largest timestamp (KIP-734)."""
        return self._look_up(lambda: lookups.offset_of_max_timestamp(self._segments))

    def segment_starts_before(self, timestamp: int | None) -> list[int]:
        """Starts of segments last written no later than ``timestamp`` (None: all), newest first: ListOffsets v0."""
        return self._look_up(
            lambda: lookups.segment_starts_before(self._segments, timestamp, self.log_start_offset, self.log_end_offset)
        )

    def epoch_of(self, offset: int) -> int:
        """The leader epoch that the record at ``offset`` was written in; -1 when it is not known."""
        epoch = self.epochs.epoch_for_offset(offset)
        return UNDEFINED_EPOCH if epoch is None else epoch

    @property
    def latest_epoch(self) -> int:
        """The newest leader epoch the log knows; -1 for none."""
        latest = self.epochs.latest_epoch
        return UNDEFINED_EPOCH if latest is None else latest

    def end_offset_for_epoch(self, epoch: int) -> tuple[int, int]:
        """The largest epoch up to ``epoch`` and where it ended; (-1, -1) when nothing can be said (KIP-101)."""
        return self.epochs.end_offset_for(epoch, self.log_end_offset)

    def producer_states(self) -> list[Producer]:
        """Every producer the log knows, for DescribeProducers."""
        return list(self.producers)
