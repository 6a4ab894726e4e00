"""Whether a segment's index files can be believed.

``indexes_are_plausible`` is asked once of every segment that was found on the disk, when its indexes are first
needed: it looks at a few headers. ``indexes_are_complete`` is asked after a crash, of the one segment that had been
finished when its index files may not have reached the disk, although its records had, so that recovery does not come
by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pykbroker.errors import KafkaError

if TYPE_CHECKING:
    from pykbroker.log.indexes import OffsetIndex, TimeIndex
    from pykbroker.log.segment import Segment

LOOK_BACK_BYTES: Final = 16 * 1024 * 1024
"""How far from its end a segment is looked at for timestamps that its time index should have."""


LARGE_BYTES: Final = 1024 * 1024
"""From which size on several batches without any row in the offset index are not believed."""


def indexes_are_plausible(segment: Segment) -> bool:
    """Whether both files hold whole rows, the last of which are true, and are not empty for no reason."""
    try:
        if not segment.offset_index.is_whole() or not segment.time_index.is_whole():
            return False
        first = next(segment.headers(0), None)
        if first is not None and not len(segment.time_index) and first[1].max_timestamp >= 0:
            return False
        if first is not None and not len(segment.offset_index) and first[1].size < segment.size > LARGE_BYTES:
            return False
        return _ends_rise(segment.offset_index) and _ends_rise(segment.time_index) and _last_rows_are_true(segment)
    except (OSError, KafkaError):
        return False


def indexes_are_complete(segment: Segment, index_interval_bytes: int) -> bool:
    """Whether both indexes rise, end with a true row, and reach as far as a finished segment's do."""
    segment.need_indexes()
    try:
        return (
            segment.offset_index.is_rising()
            and segment.time_index.is_rising()
            and _last_rows_are_true(segment)
            and _reach_the_end(segment, index_interval_bytes)
        )
    except (OSError, KafkaError, ValueError):
        return False


def _ends_rise(index: OffsetIndex | TimeIndex) -> bool:
    """Whether the last row is behind the first one in both columns; zeros in the place of rows are not."""
    if len(index) < 2:
        return True
    first, last = index.row(0), index.row(len(index) - 1)
    return first[0] < last[0] and first[1] < last[1]


def _last_rows_are_true(segment: Segment) -> bool:
    """There is a batch of just that end at that position, and one of just that timestamp at that offset."""
    row = segment.offset_index.last_row()
    if row is not None:
        header = next(segment.headers(row[1]), None)
        if not row[1] or header is None or header[1].last_offset != segment.base_offset + row[0]:
            return False
    timestamp, offset = segment.time_index.last_entry()
    if len(segment.time_index):
        found = segment.find(offset)
        header = next(segment.headers(found.position), None) if found else None
        return header is not None and (header[1].last_offset, header[1].max_timestamp) == (offset, timestamp)
    return True


def _reach_the_end(segment: Segment, index_interval_bytes: int) -> bool:
    """No batch behind the last rows is later, or so far behind that it should have had a row of its own."""
    largest, offset = segment.time_index.last_entry()
    indexed = segment.offset_index.last_position()
    start = min(indexed, segment.position_of(offset))
    if segment.size - start > LOOK_BACK_BYTES:
        start = indexed
    return not any(
        header.max_timestamp > largest or position - indexed > index_interval_bytes
        for position, header in segment.headers(start)
    )
