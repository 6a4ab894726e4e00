"""Compaction: of each key the last record stays, in its place and with its offset.

Two walks (Kafka's Cleaner).  The first, over the dirty part, notes the last offset of every key in an `OffsetMap`; it
ends early when the map is full, and the next round goes on from there.  The second, over everything up to there,
copies what stays into new segments: `.cleaned` files that are flushed and then put in the place of the old ones.

What stays, besides the newest record of each key:
- tombstones, until `delete.retention.ms` after a round first met them as the newest (KIP-534: that time is
  written into the batch as its delete horizon, in the place of the base timestamp);
- transaction markers, as long as records of their transaction are there, and then as long as tombstones;
- of each active producer its last batch, emptied if need be: it holds the sequence that comes next;
- the round's very last batch, so that the log's offsets do not seem to end earlier.

A batch of which all stays is copied as it is.  Nothing is ever decoded that is not asked for: records are cut out of
their batch as they are.

`compact` is a generator that pauses every few milliseconds: at each pause the caller may throttle, let others run,
or close it, which removes the unfinished files and leaves the log as it was.  The caller must do so when the log is
truncated or deleted meanwhile, or segments being cleaned are removed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from pykbroker.log.aborted import AbortedTransaction
from pykbroker.log.cleanable import group_segments
from pykbroker.log.cleaned_transactions import CleanedTransactions
from pykbroker.log.config import LogConfig
from pykbroker.log.files import CLEANED_SUFFIX, Disk, SyncTarget
from pykbroker.log.offset_map import OffsetMap
from pykbroker.log.producer_state import read_marker
from pykbroker.log.segment import Segment
from pykbroker.wire.batch_header import (
    CODEC_MASK,
    DELETE_HORIZON_FLAG,
    NO_TIMESTAMP,
    BatchHeader,
    read_header,
    split_batches,
)
from pykbroker.wire.compression import CorruptRecords, compress
from pykbroker.wire.record_builder import VARINTS, frame_batch
from pykbroker.wire.record_cut import Span, keyed, spans, spans_at
from pykbroker.wire.records import record_data

_READ_BYTES: Final = 1024 * 1024
_WRITE_BYTES: Final = 256 * 1024
_PAUSE_RECORDS: Final = 1000
"""Records between two pauses: 1 to 2 ms of work."""
_WORK_PER_BATCH: Final = 10
_BYTES_PER_WORK: Final = 1024
"""What a batch and its bytes count beside its records."""

_MAX_BITS: Final = 1 << 27
"""The longest dirty part, in offsets, that is worth a bit each: 16 MiB."""

_timestamp_delta = itemgetter(3)  # of a Span
_has_value = itemgetter(6)


class SyncJob:
    """Files that must be on the disk before the log may use them; `run` may be called on any thread."""

    __slots__ = ("_disk", "_error", "_paths", "_targets", "was_run")

    def __init__(self, disk: Disk, targets: Sequence[SyncTarget], paths: Sequence[str]) -> None:
        self._disk = disk
        self._targets = targets
        self._paths = paths
        self._error: OSError | None = None
        self.was_run = False

    def run(self) -> None:
        """Wait for the disk. Never raises."""
        self.was_run = True
        try:
            for target in self._targets:
                target.sync()
            for path in self._paths:
                with suppress(FileNotFoundError):
                    self._disk.sync_file(path)
        except OSError as error:
            self._error = error

    def finish(self) -> None:
        """Raise what went wrong."""
        if self._error is not None:
            raise self._error


Steps: TypeAlias = Generator[SyncJob | None, None, None]
"""Pauses: None after some work, or something to be waited for, on another thread if the caller has one."""


class LastRecord(NamedTuple):
    """Where an active producer stands: its last batch of records, or (-1) its epoch alone."""

    last_offset: int
    epoch: int


@dataclass(slots=True)
class CleanStats:
    """What a round did, for the log line and the metrics."""

    map_records: int = 0
    map_bytes: int = 0
    records_read: int = 0
    bytes_read: int = 0
    records_written: int = 0
    bytes_written: int = 0


@dataclass(slots=True)
class CleaningJob:
    """One round over one log."""

    disk: Disk
    directory: str
    segments: Sequence[Segment]
    """All but the active one, from the oldest."""
    config: LogConfig
    first_dirty_offset: int
    first_uncleanable_offset: int
    now_ms: int
    last_records: Mapping[int, LastRecord]
    aborted: Callable[[int, int], Sequence[AbortedTransaction]]
    """The log's aborted transactions that overlap a range of offsets."""
    replace: Callable[[Sequence[Segment], Sequence[Segment]], None]
    """Put new segments in the place of old ones (`Log.replace_segments`)."""
    offset_map: OffsetMap = field(default_factory=OffsetMap)
    stats: CleanStats = field(default_factory=CleanStats)
    waiting: list[Segment] = field(default_factory=list)
    """Segments that have not been replaced yet; the round makes no sense any more when the log loses one of them."""
    newest: bytearray | None = None
    """A bit for each offset of the dirty part, where that is not too long."""
    work: int = 0
    """Done since the last pause, in records."""

    def is_pause_due(self, work: int) -> bool:
        """Count some work; whether it is time to let others run."""
        self.work += work
        if self.work < _PAUSE_RECORDS:
            return False
        self.work = 0
        return True

    @property
    def end_offset(self) -> int:
        """After the round: up to where the log is clean now, for the checkpoint."""
        return self.offset_map.latest_offset + 1


def compact(job: CleaningJob) -> Steps:
    """Do the whole round, pausing again and again; afterwards `job.end_offset` and `job.stats` say what was done."""
    job.waiting = list(job.segments)
    yield from _fill_offset_map(job)
    yield from _note_newest(job)
    due = [segment for segment in job.segments if segment.base_offset < job.end_offset]
    transactions = CleanedTransactions()
    for group in group_segments(due, job.config, job.first_uncleanable_offset):
        yield from _clean_group(job, group, transactions)


# -- the first walk ---------------------------------------------------------------------------------------


def _fill_offset_map(job: CleaningJob) -> Steps:
    """Note where the dirty part has each key last, up to where the map has room."""
    first, end, offset_map = job.first_dirty_offset, job.first_uncleanable_offset, job.offset_map
    bases = [segment.base_offset for segment in job.segments if segment.base_offset < end]
    transactions = CleanedTransactions()
    transactions.add_aborted(job.aborted(first, end))
    for number, segment in enumerate(job.segments[: len(bases)]):
        next_base = bases[number + 1] if number + 1 < len(bases) else end
        if next_base <= first:
            continue
        position = segment.position_of(first) if segment.base_offset < first else 0
        for data, at, header in _batches(segment, position):
            job.stats.map_bytes += header.size
            if job.is_pause_due(_WORK_PER_BATCH + header.size // _BYTES_PER_WORK):
                yield None
            if not _is_noise(transactions, data, at, header):
                yield from _note_keys(job, data, at, header)
                if offset_map.is_full and offset_map.latest_offset < header.last_offset:
                    return
            if header.last_offset >= first:
                offset_map.latest_offset = header.last_offset
        offset_map.latest_offset = next_base - 1


def _note_newest(job: CleaningJob) -> Steps:
    """Turn the map around: a bit for each offset of the dirty part, set where a key is last.

    The second walk then need not look a key up to know that its record stays.
    """
    first, end = job.first_dirty_offset, job.end_offset
    if end - first > _MAX_BITS:
        return
    bits = bytearray((end - first) // 8 + 1)
    for offsets in job.offset_map.offsets():
        for offset in offsets:
            number = offset - first
            bits[number >> 3] |= 1 << (number & 7)
        if job.is_pause_due(len(offsets) // 6):
            yield None
    job.newest = bits


def _is_noise(transactions: CleanedTransactions, data: bytes, at: int, header: BatchHeader) -> bool:
    """Whether a batch has no keys that count: markers, and records of aborted transactions."""
    if header.is_control:
        _marks_nothing(transactions, data, at, header)
        return True
    return transactions.is_aborted(header)


def _marks_nothing(transactions: CleanedTransactions, data: bytes, at: int, header: BatchHeader) -> bool:
    marker = read_marker(data, at, header)
    return transactions.marks_nothing(header, marker, is_other_kind=marker is None and header.record_count > 0)


def _note_keys(job: CleaningJob, data: bytes, at: int, header: BatchHeader) -> Steps:
    """Put a batch's keys into the map; where that is full, the latest offset says how far it came."""
    offset_map, base = job.offset_map, header.base_offset
    keys = keyed(record_data(data, at, header), header.record_count)
    if base < job.first_dirty_offset:
        keys = iter([(key, delta) for key, delta in keys if base + delta >= job.first_dirty_offset])
    for start in range(0, header.record_count, _PAUSE_RECORDS):
        if not offset_map.put_all(islice(keys, _PAUSE_RECORDS), base):
            return
        count = min(_PAUSE_RECORDS, header.record_count - start)
        job.stats.map_records += count
        if job.is_pause_due(count):
            yield None
    assert next(keys, None) is None  # `keyed` sees by this that the batch ends where it should
    offset_map.latest_offset = max(offset_map.latest_offset, header.last_offset)


# -- the second walk --------------------------------------------------------------------------------------


def _clean_group(job: CleaningJob, group: list[Segment], transactions: CleanedTransactions) -> Steps:
    """Copy what stays of some segments into one, and put it in their place."""
    made = Segment(job.disk, job.directory, group[0].base_offset, suffix=CLEANED_SUFFIX)
    is_done = False
    try:
        for path in made.files():
            job.disk.remove_file(path)  # of a round that a crash has ended
        made.create()
        transactions.keep_in(lambda aborted: made.transactions().append(aborted))
        writer = _Writer(job, made)
        for segment in group:
            following = next((s.base_offset for s in job.segments if s.base_offset > segment.base_offset), None)
            end_offset = job.first_uncleanable_offset if following is None else following
            transactions.add_aborted(job.aborted(segment.base_offset, end_offset))
            for data, at, header in _batches(segment, 0):
                yield from _clean_batch(job, writer, transactions, data, at, header)
        writer.flush()
        made.seal()
        sync = SyncJob(job.disk, made.sync_targets(), made.index_files())
        yield sync
        if not sync.was_run:
            sync.run()
        sync.finish()
        job.replace([made], group)
        job.waiting = [segment for segment in job.waiting if segment not in group]
        is_done = True
    finally:
        if not is_done:
            made.remove()


def _clean_batch(
    job: CleaningJob, writer: _Writer, transactions: CleanedTransactions, data: bytes, at: int, header: BatchHeader
) -> Steps:
    """Copy what stays of one batch."""
    job.stats.bytes_read += header.size
    if job.is_pause_due(_WORK_PER_BATCH + header.size // _BYTES_PER_WORK):
        yield None
    if header.is_control:
        marks_nothing = _marks_nothing(transactions, data, at, header)
        horizon_ms = header.delete_horizon_ms
        is_discarded = marks_nothing and horizon_ms is not None and horizon_ms <= job.now_ms
    else:
        marks_nothing = False
        is_discarded = transactions.is_aborted(header)
    kept: list[Span] = []
    payload = b""
    if not is_discarded:
        payload = record_data(data, at, header)
        yield from _choose(job, header, payload, kept)
    else:
        job.stats.records_read += header.record_count
    if kept:
        needs_horizon = header.delete_horizon_ms is None and (marks_nothing or not all(map(_has_value, kept)))
        if len(kept) == header.record_count and not needs_horizon:
            writer.add(memoryview(data)[at : at + header.size], header)
        else:
            writer.add(_rebuilt(header, payload, kept, _horizon(job, needs_horizon)))
        job.stats.records_written += len(kept)
    elif _is_last_of_producer(job, header) or header.next_offset == job.first_uncleanable_offset:
        writer.add(_emptied(header))


def _horizon(job: CleaningJob, is_needed: bool) -> int | None:
    return job.now_ms + job.config.delete_retention_ms if is_needed else None


def _choose(job: CleaningJob, header: BatchHeader, payload: bytes, kept: list[Span]) -> Steps:
    """Which records of a batch stay; a control batch that is not discarded keeps its marker."""
    base, horizon_ms, first = header.base_offset, header.delete_horizon_ms, job.first_dirty_offset
    keeps_tombstones = horizon_ms is None or job.now_ms < horizon_ms
    latest, get = job.offset_map.latest_offset, job.offset_map.get
    if job.newest is not None and base >= first and header.last_offset <= latest and not header.is_control:
        yield from _choose_newest(job, header, payload, kept, keeps_tombstones)
        return
    walk = spans(payload, header.record_count)
    while chunk := list(islice(walk, _PAUSE_RECORDS)):
        for span in chunk:
            key, has_value = span[5], span[6]
            offset = base + span[4]
            if offset > latest or header.is_control:
                stays = True
            else:
                stays = key is not None and (has_value or keeps_tombstones) and offset >= get(key)
            if stays:
                kept.append(span)
        job.stats.records_read += len(chunk)
        if job.is_pause_due(len(chunk)):
            yield None


def _choose_newest(
    job: CleaningJob, header: BatchHeader, payload: bytes, kept: list[Span], keeps_tombstones: bool
) -> Steps:
    """The same for a batch of the dirty part, where it is known already at which offsets keys are last."""
    assert job.newest is not None
    position, shift = 0, header.base_offset - job.first_dirty_offset
    for start in range(0, header.record_count, _PAUSE_RECORDS):
        count = min(_PAUSE_RECORDS, header.record_count - start)
        found, position = spans_at(payload, position, count, job.newest, shift)
        kept += found if keeps_tombstones else [span for span in found if span[6]]
        job.stats.records_read += count
        if job.is_pause_due(count // 2):
            yield None
    if position != len(payload):
        raise CorruptRecords(f"the batch at offset {header.base_offset} holds more records than it claims")


def _is_last_of_producer(job: CleaningJob, header: BatchHeader) -> bool:
    """Whether an active producer's place in its sequence, or its epoch, is known from this batch alone."""
    last = job.last_records.get(header.producer_id) if header.producer_id >= 0 else None
    if last is None:
        return False
    if last.last_offset >= 0:
        return header.last_offset == last.last_offset
    return header.is_control and header.producer_epoch == last.epoch


def _rebuilt(header: BatchHeader, payload: bytes, kept: Sequence[Span], horizon_ms: int | None) -> bytes:
    """The batch with some of its records, and perhaps with a delete horizon from now on."""
    latest = header.base_timestamp + max(map(_timestamp_delta, kept))
    if horizon_ms is None:
        data = b"".join([payload[start:end] for start, _, end, _, _, _, _ in kept])
    else:
        shift = header.base_timestamp - horizon_ms
        header = header._replace(base_timestamp=horizon_ms, attributes=header.attributes | DELETE_HORIZON_FLAG)
        data = b"".join([_shifted(payload[after:end], delta + shift) for _, after, end, delta, _, _, _ in kept])
    codec = header.compression
    header = header._replace(
        record_count=len(kept),
        max_timestamp=header.max_timestamp if header.is_log_append_time else latest,
    )
    return frame_batch(header, compress(codec, data) if codec else data)


def _shifted(after_timestamp: bytes, timestamp_delta: int) -> bytes:
    """A record with the same timestamp, counted from another base."""
    body = b"\0" + VARINTS[timestamp_delta] + after_timestamp
    return VARINTS[len(body)] + body


def _emptied(header: BatchHeader) -> bytes:
    """The batch without its records: offsets, sequence and epoch stay known."""
    attributes = header.attributes & ~(CODEC_MASK | DELETE_HORIZON_FLAG)
    return frame_batch(header._replace(attributes=attributes, base_timestamp=NO_TIMESTAMP, record_count=0), b"")


class _Writer:
    """Appends batches to the new segment, some at a time."""

    __slots__ = ("_headers", "_job", "_parts", "_segment", "_size")

    def __init__(self, job: CleaningJob, segment: Segment) -> None:
        self._job = job
        self._segment = segment
        self._parts: list[bytes | memoryview] = []
        self._headers: list[BatchHeader] = []
        self._size = 0

    def add(self, batch: bytes | memoryview, header: BatchHeader | None = None) -> None:
        self._parts.append(batch)
        self._headers.append(header or read_header(batch))
        self._size += len(batch)
        if self._size >= _WRITE_BYTES:
            self.flush()

    def flush(self) -> None:
        if not self._parts:
            return
        position = self._segment.append(self._parts, self._size)
        for header in self._headers:
            self._segment.note_batch(position, header, self._job.config.index_interval_bytes)
            position += header.size
        self._job.stats.bytes_written += self._size
        self._parts, self._headers, self._size = [], [], 0


def _batches(segment: Segment, position: int) -> Iterator[tuple[bytes, int, BatchHeader]]:
    """Every batch of a segment from a file position on: some bytes, where it begins in them, and its header."""
    end = segment.size
    while position < end:
        data = segment.file.read(position, min(_READ_BYTES, end - position))
        batches = split_batches(data, cut_off_tail=True)
        if not batches:
            size = read_header(data).size
            if size > end - position:
                raise CorruptRecords(f"the batch at position {position} goes beyond its segment")
            data = segment.file.read(position, size)
            batches = split_batches(data)
        for at, header in batches:
            yield data, at, header
        at, header = batches[-1]
        position += at + header.size
