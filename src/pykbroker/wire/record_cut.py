"""Cutting records out of a batch as runs of bytes, without making any: what the cleaner does a million times.

`keyed` gives keys and offsets, `spans` all records, `spans_at` those at certain offsets.  Each is one loop on purpose:
a call per varint doubles its time.  All take inflated records and raise `CorruptRecords` where a record is not whole;
values and headers are not looked into.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from pykbroker.wire.compression import CorruptRecords
from pykbroker.wire.records import read_varint

Span: TypeAlias = tuple[int, int, int, int, int, bytes | None, bool]
"""A record as the cleaner sees it: start, position after its timestamp, end, timestamp delta, offset delta, key, and
whether it has a value. A plain tuple, because there are so many of them."""


def spans(data: bytes, count: int) -> Iterator[Span]:  # noqa: C901
    """Each of `count` records, to be kept or dropped as a run of bytes; values and headers are not looked into."""
    position = 0
    try:
        for _ in range(count):
            start = position
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
            after_timestamp = at
            offset, at = data[at], at + 1
            if offset < 0x80:
                offset = (offset >> 1) ^ -(offset & 1)
            elif (high := data[at]) < 0x80 and not offset & 1:
                offset, at = (offset & 0x7F | high << 7) >> 1, at + 1
            else:
                offset, at = read_varint(data, after_timestamp)
            length, at = data[at], at + 1
            if length >= 0x80:
                length, at = read_varint(data, at - 1)
                length <<= 1
            key = None
            if length >= 0 and not length & 1:
                key = data[at : at + (length >> 1)]
                at += length >> 1
            if not position < at < end <= len(data):
                raise CorruptRecords("a record does not end where its length says")
            # A null value has length -1, which is the one byte 1.
            yield start, after_timestamp, end, delta, offset, key, data[at] != 1
            position = end
    except IndexError:
        raise CorruptRecords("a record goes beyond the end of its batch") from None
    if position != len(data):
        raise CorruptRecords(f"{count} records are claimed, they end before the batch does")


def keyed(data: bytes, count: int) -> Iterator[tuple[bytes, int]]:
    """Key and offset delta of each record that has a key."""
    position = 0
    try:
        for _ in range(count):
            size = data[position]
            if size < 0x80:
                at, position = position + 1, position + 1 + ((size >> 1) ^ -(size & 1))
            else:
                size, at = read_varint(data, position)
                position = at + size
            at = at + 2 if data[at + 1] < 0x80 else read_varint(data, at + 1)[1]
            offset = data[at]
            if offset < 0x80:
                offset, at = (offset >> 1) ^ -(offset & 1), at + 1
            elif (high := data[at + 1]) < 0x80 and not offset & 1:
                offset, at = (offset & 0x7F | high << 7) >> 1, at + 2
            else:
                offset, at = read_varint(data, at)
            length = data[at]
            if length < 0x80:
                at, length = at + 1, (length >> 1) ^ -(length & 1)
            else:
                length, at = read_varint(data, at)
            if length >= 0:
                if at + length >= position:
                    raise CorruptRecords("a record does not end where its length says")
                yield data[at : at + length], offset
    except IndexError:
        raise CorruptRecords("a record goes beyond the end of its batch") from None
    if position != len(data):
        raise CorruptRecords(f"{count} records are claimed, they do not end with their batch")


def spans_at(data: bytes, position: int, count: int, bits: bytearray, shift: int) -> tuple[list[Span], int]:
    """Of `count` records from `position` on, those whose offset delta plus `shift` is the number of a bit that is set.

    They must have keys, which are not looked at.  Also says where the next record begins.
    """
    found: list[Span] = []
    try:
        for _ in range(count):
            start = position
            size = data[position]
            if size < 0x80:
                at, position = position + 1, position + 1 + ((size >> 1) ^ -(size & 1))
            else:
                size, at = read_varint(data, position)
                position = at + size
            delta = data[at + 1]
            if delta < 0x80:
                delta, at = (delta >> 1) ^ -(delta & 1), at + 2
            else:
                delta, at = read_varint(data, at + 1)
            after_timestamp = at
            offset = data[at]
            if offset < 0x80:
                offset, at = (offset >> 1) ^ -(offset & 1), at + 1
            elif (high := data[at + 1]) < 0x80 and not offset & 1:
                offset, at = (offset & 0x7F | high << 7) >> 1, at + 2
            else:
                offset, at = read_varint(data, at)
            number = offset + shift
            if bits[number >> 3] >> (number & 7) & 1:
                length, at = read_varint(data, at)
                found.append((start, after_timestamp, position, delta, offset, None, data[at + length] != 1))
    except IndexError:
        raise CorruptRecords("a record goes beyond the end of its batch") from None
    return found, position
