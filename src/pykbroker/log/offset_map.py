"""OffsetMap: the newest offset of each key, in bounded memory.

An entry is 20 bytes in arrays: a 64-bit keyed hash (Python's own for bytes), a 32-bit checksum of the key, and the
offset.  Keys themselves are not kept, so two of them that agree in all 96 bits would count as one; among a million
keys that happens in one cleaning of 10**16.  Kafka's SkimpyOffsetMap keeps 128 bits of MD5.

The table is many small ones, chosen by the lowest bits of the hash, each doubled when two thirds full: no single
growth is long, and memory follows the number of keys up to the limit.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Final
from zlib import crc32

_PARTS: Final = 1024
_PART_BITS: Final = 10
_FIRST_SLOTS: Final = 16
_BYTES_PER_ENTRY: Final = 40  # 20 for a slot, half of the slots free in the mean

DEFAULT_MAX_BYTES: Final = 128 * 1024 * 1024
"""`log.cleaner.dedupe.buffer.size`."""


class _Part:
    """An open-addressing table of hashes, checksums and offsets; a hash of 0 marks a free slot."""

    __slots__ = ("checksums", "count", "hashes", "mask", "offsets")

    def __init__(self, slots: int) -> None:
        self.hashes = array("q", bytes(8 * slots))
        self.offsets = array("q", bytes(8 * slots))
        self.checksums = array("I", bytes(4 * slots))
        self.mask = slots - 1
        self.count = 0

    def grown(self) -> _Part:
        """The same entries in twice as many slots."""
        grown = _Part(2 * (self.mask + 1))
        hashes, mask = grown.hashes, grown.mask
        for index, key_hash in enumerate(self.hashes):
            if key_hash:
                slot = key_hash >> _PART_BITS & mask
                while hashes[slot]:
                    slot = slot + 1 & mask
                hashes[slot] = key_hash
                grown.offsets[slot] = self.offsets[index]
                grown.checksums[slot] = self.checksums[index]
        grown.count = self.count
        return grown


class OffsetMap:
    """Key → offset for as many keys as fit into `max_bytes`."""

    __slots__ = ("_parts", "capacity", "count", "latest_offset")

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._parts: list[_Part | None] = [None] * _PARTS
        self.capacity = max(max_bytes // _BYTES_PER_ENTRY, 1)
        self.count = 0
        self.latest_offset = -1
        """Up to where (and including) the log has been put in."""

    @property
    def is_full(self) -> bool:
        """Whether a key that is not there yet may not be put."""
        return self.count >= self.capacity

    def put_all(self, keys: Iterable[tuple[bytes, int]], base_offset: int) -> bool:
        """Say that each key is at its offset behind `base_offset`; a later put replaces an earlier.

        Stops at the first key that there is no room for, and says so; `latest_offset` tells how far it came.
        """
        parts, capacity, checksum_of = self._parts, self.capacity, crc32
        for key, delta in keys:
            if self.count >= capacity:
                return False
            key_hash = hash(key) or 1
            number = key_hash & _PARTS - 1
            part = parts[number]
            if part is None:
                part = parts[number] = _Part(_FIRST_SLOTS)
            hashes, mask = part.hashes, part.mask
            checksum = checksum_of(key)
            slot = key_hash >> _PART_BITS & mask
            while found := hashes[slot]:
                if found == key_hash and part.checksums[slot] == checksum:
                    break
                slot = slot + 1 & mask
            else:
                hashes[slot] = key_hash
                part.checksums[slot] = checksum
                part.count += 1
                self.count += 1
            part.offsets[slot] = self.latest_offset = base_offset + delta
            if 3 * part.count > 2 * mask:
                parts[number] = part.grown()
        return True

    def get(self, key: bytes) -> int:
        """The key's offset, or -1."""
        key_hash = hash(key) or 1
        part = self._parts[key_hash & _PARTS - 1]
        if part is None:
            return -1
        hashes, mask = part.hashes, part.mask
        slot = key_hash >> _PART_BITS & mask
        while found := hashes[slot]:
            if found == key_hash and part.checksums[slot] == crc32(key):
                return part.offsets[slot]
            slot = slot + 1 & mask
        return -1

    def offsets(self) -> Iterator[list[int]]:
        """The offsets of all keys, some at a time."""
        for part in self._parts:
            if part is not None:
                yield [offset for key_hash, offset in zip(part.hashes, part.offsets, strict=True) if key_hash]

    def size_bytes(self) -> int:
        """What the tables take."""
        return sum(20 * (part.mask + 1) for part in self._parts if part is not None)
