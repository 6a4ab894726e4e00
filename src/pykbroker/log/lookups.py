"""Questions that span segments: which offset has a time, which transactions in a stretch were aborted.

Pure reading: nothing here changes a segment. Kafka: UnifiedLog.fetchOffsetByTimestamp, legacyFetchOffsetsBefore,
LocalLog.collectAbortedTransactions.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.log.segment import Segment

FoundTimestamp = tuple[int, int, int]
"""(offset, timestamp, leader epoch)."""


def offset_for_timestamp(segments: Sequence[Segment], timestamp: int, start_offset: int) -> FoundTimestamp | None:
    """The first record that is not older than ``timestamp``.

    As Kafka does it: only the first segment whose largest timestamp is late enough is searched.
    """
    for segment in segments:
        if segment.size and segment.largest_timestamp >= timestamp:
            return segment.find_timestamp(timestamp, start_offset)
    return None


def offset_of_max_timestamp(segments: Sequence[Segment]) -> FoundTimestamp | None:
    """The first record that has the largest timestamp of all (KIP-734)."""
    return max(segments, key=lambda segment: segment.max_timestamp).find_max_timestamp()


def segment_starts_before(
    segments: Sequence[Segment], timestamp: int | None, log_start_offset: int, log_end_offset: int
) -> list[int]:
    """Starts of segments last written no later than ``timestamp``, newest first; what ListOffsets v0 asks for.

    None asks for all. A last segment with records counts twice: the log's end is the start of what is to come.
    """
    starts = [
        (max(segment.base_offset, log_start_offset), segment.modified_ms) for segment in segments
    ]
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
