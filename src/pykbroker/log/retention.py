"""Which segments are due to be deleted: by the log's start, by size, by time.  Pure; the log does the deleting.

Always the oldest ones in a row, and never one that reaches beyond the high watermark: consumers and followers have
not seen all of it.  The active segment goes like any other once it is due, unless it is empty: the log rolls first.
UnifiedLog.deleteOldSegments.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from pykbroker.log.config import LogConfig


class SegmentView(Protocol):
    """What decisions about a segment need to know of it."""

    @property
    def base_offset(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def largest_timestamp(self) -> int:
        """The largest timestamp of a record, or when the file was last written to."""


class Reason(Enum):
    """Why segments are deleted, for the log line."""

    LOG_START_OFFSET = "it lies before the log's start offset"
    SIZE = "the log is larger than retention.bytes"
    TIME = "its records are older than retention.ms"


class Due(NamedTuple):
    """That many of the oldest segments are due."""

    segment_count: int
    reason: Reason


def due_segments(
    segments: Sequence[SegmentView],
    config: LogConfig,
    *,
    log_start_offset: int,
    log_end_offset: int,
    high_watermark: int,
    now_ms: int,
) -> Due | None:
    """The oldest segments that are due and why; ask again after deleting them, there may be another reason."""
    ends = [segment.base_offset for segment in segments[1:]] + [log_end_offset]
    deletable = 0
    while deletable < len(ends) and ends[deletable] <= high_watermark:
        deletable += 1
    if segments and deletable == len(segments) and not segments[-1].size:
        deletable -= 1
    if not deletable:
        return None
    for reason, count in (
        (Reason.LOG_START_OFFSET, _before_start(ends[:-1], log_start_offset)),
        (Reason.SIZE, _in_excess(segments, config)),
        (Reason.TIME, _too_old(segments[:deletable], config, now_ms)),
    ):
        if count:
            return Due(min(count, deletable), reason)
    return None


def _before_start(ends: Sequence[int], log_start_offset: int) -> int:
    """Segments whose successor begins at or before the log's start; the active one has none."""
    return bisect_right(ends, log_start_offset)


def _in_excess(segments: Sequence[SegmentView], config: LogConfig) -> int:
    """Segments without which the log is still as large as it may be."""
    if not config.is_deleted or config.retention_bytes < 0:
        return 0
    excess = sum(segment.size for segment in segments) - config.retention_bytes
    for count, segment in enumerate(segments):
        if excess < segment.size:
            return count
        excess -= segment.size
    return len(segments)


def _too_old(segments: Sequence[SegmentView], config: LogConfig, now_ms: int) -> int:
    """Segments whose newest record is too old; only as many are asked as must be."""
    if not config.is_deleted or config.retention_ms < 0:
        return 0
    oldest_kept_ms = now_ms - config.retention_ms
    for count, segment in enumerate(segments):
        if segment.largest_timestamp >= oldest_kept_ms:
            return count
    return len(segments)
