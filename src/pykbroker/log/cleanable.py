"""What is worth compacting: where a log is dirty, how dirty, and in which groups its segments are cleaned.

Pure decisions of Kafka's LogCleanerManager and Cleaner.  The part of a log before its first dirty offset has been
cleaned: each key stands there once.  From there up to the first uncleanable offset is dirty; behind that lies what
must not be touched yet: the active segment, undecided transactions, and what is younger than
`min.compaction.lag.ms`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

from pykbroker.log.config import LogConfig

_MAX_RELATIVE_OFFSET: Final = 2**31 - 1
_INDEX_ENTRY_BYTES: Final = 12  # of the larger of the two indexes


class CleanableSegment(Protocol):
    """What decisions about a segment need to know of it."""

    @property
    def base_offset(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def largest_timestamp(self) -> int: ...
    @property
    def first_timestamp(self) -> int:
        """The first batch's largest timestamp."""


SegmentT = TypeVar("SegmentT", bound=CleanableSegment)


class Dirt(NamedTuple):
    """How much of a log may be cleaned."""

    first_dirty_offset: int
    first_uncleanable_offset: int
    clean_bytes: int
    cleanable_bytes: int
    overdue_ms: int
    """For how long records have been waiting beyond `max.compaction.lag.ms` (KIP-354); 0 if they have not."""
    checkpoint_is_wrong: bool
    """The cleaner's checkpoint does not fit the log and must be set to `first_dirty_offset`."""

    @property
    def ratio(self) -> float:
        """The dirty share of what could be cleaned."""
        total = self.clean_bytes + self.cleanable_bytes
        return self.cleanable_bytes / total if total else 0.0

    def is_worth_cleaning(self, config: LogConfig) -> bool:
        """Whether it is dirty enough, or overdue."""
        if self.overdue_ms and self.cleanable_bytes:
            return True
        return self.ratio > config.min_cleanable_dirty_ratio


def measure_dirt(
    segments: Sequence[CleanableSegment],
    config: LogConfig,
    *,
    checkpoint: int | None,
    log_start_offset: int,
    log_end_offset: int,
    last_stable_offset: int,
    now_ms: int,
) -> Dirt:
    """Look at all segments of a log, the active one last.

    Args:
        checkpoint: up to where the log was cleaned, from `cleaner-offset-checkpoint`.
    """
    first_dirty = log_start_offset if checkpoint is None else checkpoint
    checkpoint_is_wrong = not log_start_offset <= first_dirty <= log_end_offset
    if checkpoint_is_wrong:
        first_dirty = log_start_offset
    inactive, active = segments[:-1], segments[-1]
    dirty = inactive[_containing(inactive, first_dirty) :]
    limit = min(last_stable_offset, active.base_offset)
    if config.min_compaction_lag_ms > 0:
        youngest_ms = now_ms - config.min_compaction_lag_ms
        too_young = next((each for each in dirty if each.largest_timestamp > youngest_ms), None)
        if too_young is not None:
            limit = min(limit, too_young.base_offset)
    limit = max(limit, first_dirty)
    # Segments are cleaned as a whole: stop before the one that the limit lies in.
    at = _containing(inactive, limit) if limit <= active.base_offset else len(inactive)
    first_uncleanable = (inactive[at] if at < len(inactive) and limit < active.base_offset else active).base_offset
    clean_bytes = sum(each.size for each in segments if each.base_offset < first_dirty)
    from_offset = min(first_dirty, first_uncleanable)
    start = _containing(segments, from_offset)
    cleanable_bytes = sum(each.size for each in segments[start:] if each.base_offset < first_uncleanable)
    overdue_ms = _overdue_ms(dirty, config, now_ms)
    return Dirt(first_dirty, first_uncleanable, clean_bytes, cleanable_bytes, overdue_ms, checkpoint_is_wrong)


def _containing(segments: Sequence[CleanableSegment], offset: int) -> int:
    """The number of the segment that `offset` lies in, or of the first one."""
    number = 0
    for index, segment in enumerate(segments):
        if segment.base_offset <= offset:
            number = index
    return number


def _overdue_ms(dirty: Sequence[CleanableSegment], config: LogConfig, now_ms: int) -> int:
    until_ms = now_ms - max(config.max_compaction_lag_ms, 0)
    if until_ms <= 0:
        return 0
    oldest_ms = min((each.first_timestamp for each in dirty if each.first_timestamp > 0), default=until_ms)
    return max(until_ms - oldest_ms, 0)


def group_segments(
    segments: Iterable[SegmentT], config: LogConfig, first_uncleanable_offset: int
) -> list[list[SegmentT]]:
    """Segments to be merged into one each, so that they do not shrink to nothing over the years.

    A group is no larger than a segment may be, and its offsets fit one index.
    """
    groups: list[list[SegmentT]] = []
    waiting = list(segments)
    size = index_bytes = 0
    for number, segment in enumerate(waiting):
        last_offset = (waiting[number + 1].base_offset if number + 1 < len(waiting) else first_uncleanable_offset) - 1
        more_index_bytes = segment.size // max(config.index_interval_bytes, 1) * _INDEX_ENTRY_BYTES
        if (
            groups
            and size + segment.size <= config.segment_bytes
            and index_bytes + more_index_bytes <= config.segment_index_bytes
            and (not segment.size or last_offset - groups[-1][0].base_offset <= _MAX_RELATIVE_OFFSET)
        ):
            groups[-1].append(segment)
            size, index_bytes = size + segment.size, index_bytes + more_index_bytes
        else:
            groups.append([segment])
            size, index_bytes = segment.size, more_index_bytes
    return groups
