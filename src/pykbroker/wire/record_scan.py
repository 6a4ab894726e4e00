"""Looking over a batch's records without making any: are they as many as claimed, whole, and within which times.

`last_record` goes from length to length.  Where many records in a row have the same length, as they do in bulk,
their length prefixes are compared in one stride, which costs next to nothing; where they have not, a table gives
each record's size by the first two bytes of its length.  `scan` looks into every record (0.6 microseconds each).
Both take inflated records and raise `CorruptRecords`.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from pykbroker.wire.compression import CorruptRecords
from pykbroker.wire.records import read_varint

_FIRST_RUN: Final = 4  # records to compare at once; grows while they are alike
_LONGEST_RUN: Final = 4096
_UNLIKE_RUNS: Final = 2  # in a row, before the table is asked instead
_STRETCH: Final = 256  # records that the table is asked for before runs are tried again


def last_record(data: bytes, count: int) -> int:  # noqa: C901
    """Where the last of `count` records begins; raises unless `data` holds exactly so many by their lengths."""
    position = start = 0
    left, run, unlike, end = count, _FIRST_RUN, 0, len(data)
    try:
        while left > 0:
            start = position
            low = data[position]
            if low < 0x80:
                size = (low >> 1) + 1
            elif (high := data[position + 1]) < 0x80:
                size = ((low & 0x7F | high << 7) >> 1) + 2
            else:
                body, after = read_varint(data, position)
                size = after - position + body
            if low & 1:
                raise CorruptRecords("a record has a negative length")
            position += size
            left -= 1
            ahead = min(run, left)
            if ahead >= _FIRST_RUN and position < end and data[position] == low:
                if _alike(data, start, position, size, ahead):
                    unlike = 0
                    position += ahead * size
                    start = position - size
                    left -= ahead
                    run = min(run * 4, _LONGEST_RUN)
                else:
                    unlike += 1
                    run = max(run // 4, _FIRST_RUN)
            elif ahead >= _FIRST_RUN:
                unlike += 1
            if unlike >= _UNLIKE_RUNS and left >= _STRETCH:
                unlike = 0
                start, position, walked = _walk(data, start, position)
                left -= walked
    except IndexError:
        raise CorruptRecords(f"{count} records are claimed, {left} of them are not there") from None
    if position != end:
        raise CorruptRecords(f"{count} records are claimed, they end {end - position} bytes before the batch does")
    return start


def _alike(data: bytes, start: int, position: int, size: int, run: int) -> bool:
    """Whether `run` records from `position` on have the same length prefix as the one at `start`.

    Looking at the prefix's first three bytes is enough: longer ones would make a record of over a megabyte.
    """
    stop = position + run * size
    if stop > len(data):
        return False
    for index in range(3):
        byte = data[start + index]
        if data[position + index : stop : size] != bytes((byte,)) * run:
            return False
        if byte < 0x80:
            return True
    return False


_Steps = list[list[int] | list[None] | list[int | None]]


@cache  # made at the first batch that needs it, in two milliseconds
def _steps() -> _Steps:
    """How many bytes a record takes, by the first two bytes of its length; None where they do not say."""
    steps: _Steps = []
    for low in range(256):
        if low & 1:  # zigzag: negative
            steps.append([None] * 256)
        elif low < 0x80:
            steps.append([(low >> 1) + 1] * 256)
        else:
            small = (low & 0x7F) >> 1
            steps.append([small + (high << 6) + 2 if high < 0x80 else None for high in range(256)])
    return steps


def _walk(data: bytes, start: int, position: int) -> tuple[int, int, int]:
    """From `position` on over a stretch of records, or up to one whose length is not of one or two bytes.

    Where the last record seen begins, where it ends, and how many were seen.
    """
    steps = _steps()
    walked = 0
    try:
        for walked in range(_STRETCH):  # noqa: B007  # told where the walk ends early
            step: int = steps[data[position]][data[position + 1]]  # type: ignore[assignment]  # None ends the walk
            following = position + step
            start, position = position, following
    except TypeError:
        return start, position, walked  # whoever called looks at this record with care
    return start, position, _STRETCH


class Extremes(NamedTuple):
    """What `scan` found; timestamps are deltas to the batch's base."""

    min_timestamp_delta: int
    max_timestamp_delta: int
    without_key: int
    end: int


# One function on purpose, as in `records`: calls for each varint would double its time.
def scan(data: bytes, count: int, position: int = 0) -> Extremes:  # noqa: C901
    """Look into `count` records from `position` on, each of which must be well formed."""
    smallest, largest, without_key = 1 << 64, -1 << 64, 0
    try:
        for _ in range(count):
            size = data[position]
            if size < 0x80:
                size, position = (size >> 1) ^ -(size & 1), position + 1
            else:
                size, position = read_varint(data, position)
            end = position + size
            delta, at = data[position + 1], position + 2
            if delta < 0x80:
                delta = (delta >> 1) ^ -(delta & 1)
            else:
                delta, at = read_varint(data, at - 1)
            if delta < smallest:
                smallest = delta
            if delta > largest:
                largest = delta
            at = at + 1 if data[at] < 0x80 else read_varint(data, at)[1]  # the offset delta, which nobody asks for
            length, at = data[at], at + 1
            if length >= 0x80:
                length, at = read_varint(data, at - 1)
                length <<= 1
            if length & 1 or length < 0:
                without_key += 1
            else:
                at += length >> 1
            length, at = data[at], at + 1
            if length >= 0x80:
                length, at = read_varint(data, at - 1)
                length <<= 1
            if not length & 1 and length > 0:
                at += length >> 1
            at = at + 1 if not data[at] else _after_headers(data, at)
            if at != end:
                raise CorruptRecords("a record does not end where its length says")
            position = end
    except IndexError:
        raise CorruptRecords("a record goes beyond the end of its batch") from None
    return Extremes(smallest, largest, without_key, position)


def _after_headers(data: bytes, position: int) -> int:
    count, position = read_varint(data, position)
    if not 0 <= count <= len(data) - position:
        raise CorruptRecords(f"a record claims {count} headers")
    for _ in range(count):
        length, position = read_varint(data, position)
        if length < 0:
            raise CorruptRecords("a record header has no name")
        length, position = read_varint(data, position + length)
        if length > 0:
            position += length
    return position
