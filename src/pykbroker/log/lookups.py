"""Questions that span segments: which offset has a time, which transactions in a stretch were aborted.

Pure reading: nothing here changes a segment. Kafka: UnifiedLog.fetchOffsetByTimestamp, legacyFetchOffsetsBefore,
LocalLog.collectAbortedTransactions.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.log.segment import Segment
from pykbroker.wire.records import iterate_records

FoundTimestamp = tuple[int, int, int]
"""(offset, timestamp, leader epoch)."""


def offset_for_timestamp(segments: Sequence[Segment], timestamp: int, start_offset: int) -> FoundTimestamp | None:
    """The first record that is not older than ``timestamp``.

    Kafka looks only into the first segment whose largest timestamp is late enough, and finds nothing when that record
    has been deleted (DeleteRecords) and the segment not yet; we go on to the next one.
    """
    for segment in segments:
        if segment.size and segment.largest_timestamp >= timestamp:
            found = find_timestamp(segment, timestamp, start_offset)
            if found is not None:
                return found
    return None


def offset_of_max_timestamp(segments: Sequence[Segment]) -> FoundTimestamp | None:
    """The first record that has the largest timestamp of all (KIP-734)."""
    return find_max_timestamp(max(segments, key=lambda segment: segment.max_timestamp))


def find_timestamp(segment: Segment, timestamp: int, start_offset: int) -> FoundTimestamp | None:
    """The first record of a segment, at or behind ``start_offset``, that is not older."""
    segment.need_indexes()
    from_offset = max(segment.time_index.lookup(timestamp)[1], start_offset)
    for position, header in segment.headers(segment.offset_index.lookup(from_offset)[1]):
        if header.max_timestamp < timestamp or header.last_offset < start_offset:
            continue
        for record in iterate_records(segment.read_batch(position, header), 0, header):
            if record.timestamp >= timestamp and record.offset >= start_offset:
                return record.offset, record.timestamp, header.partition_leader_epoch
    return None


def find_max_timestamp(segment: Segment) -> FoundTimestamp | None:
    """The first record of a segment that has its largest timestamp."""
    timestamp = segment.max_timestamp
    if timestamp < 0:
        return None
    segment.need_indexes()
    for position, header in segment.headers(segment.offset_index.lookup(segment.offset_of_max_timestamp)[1]):
        if header.max_timestamp != timestamp:
            continue
        for record in iterate_records(segment.read_batch(position, header), 0, header):
            if record.timestamp == timestamp:
                return record.offset, timestamp, header.partition_leader_epoch
    return None


def segment_starts_before(
    segments: Sequence[Segment], timestamp: int | None, log_start_offset: int, log_end_offset: int
) -> list[int]:
    """Starts of segments last written no later than ``timestamp``, newest first; what ListOffsets v0 asks for.

    None asks for all. A last segment with records counts twice: the log's end is the start of what is to come.
    """
    starts = [(max(segment.base_offset, log_start_offset), segment.modified_ms) for segment in segments]
    if timestamp is None:
        offsets = [offset for offset, _ in starts]
        if segments[-1].size:
            offsets.append(log_end_offset)
        return sorted(offsets, reverse=True)
    last = max((number for number, (_, written_ms) in enumerate(starts) if written_ms <= timestamp), default=-1)
    return sorted((offset for offset, _ in starts[: last + 1]), reverse=True)


def aborted_transactions(
    segments: Sequence[Segment], number: int, start_offset: int, upper_bound: int
) -> list[tuple[int, int]]:
    """(producer id, first offset) of aborted transactions that touch the stretch, from a segment's index on."""
    collected: list[tuple[int, int]] = []
    for segment in segments[number:]:
        found, is_complete = segment.transactions().collect(start_offset, upper_bound)
        collected += [(each.producer_id, each.first_offset) for each in found]
        if is_complete:
            break
    return collected
