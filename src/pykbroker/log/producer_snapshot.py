"""The `.snapshot` file: a partition's producers at one offset, in Kafka's own format (ProducerSnapshot version 1).

Version 2 bytes, CRC-32C 4 of all that follows, count 4, then 46 bytes per producer.  Of its batches only the last
is kept, so after a restart only a retry of that one is recognised, as with Apache Kafka.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable
from typing import Final

from pykbroker.log.producer_state import NO_OFFSET, Batch, Producer
from pykbroker.wire.checksum import crc32c

_VERSION: Final = 1
_HEAD: Final = struct.Struct(">hIi")
_ENTRY: Final = struct.Struct(">qhiqiqiq")
_CHECKED_FROM: Final = 6


class CorruptSnapshot(Exception):
    """The file is not a producer snapshot, or not whole; the log rebuilds it from records."""


def encode_snapshot(producers: Collection[Producer]) -> bytes:
    """The file's bytes."""
    data = bytearray(_HEAD.pack(_VERSION, 0, len(producers)))
    for producer in producers:
        data += _ENTRY.pack(
            producer.producer_id,
            producer.epoch,
            producer.last_sequence,
            producer.last_offset,
            producer.batches[-1].offset_delta if producer.batches else 0,
            producer.last_timestamp,
            producer.coordinator_epoch,
            producer.transaction_first_offset,
        )
    struct.pack_into(">I", data, 2, crc32c(memoryview(data)[_CHECKED_FROM:]))
    return bytes(data)


def decode_snapshot(data: bytes) -> list[Producer]:
    """The producers in a file's bytes; raises `CorruptSnapshot`."""
    if len(data) < _HEAD.size:
        raise CorruptSnapshot(f"{len(data)} bytes are too few for a producer snapshot")
    version, crc, count = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise CorruptSnapshot(f"producer snapshot version {version} is unknown")
    if len(data) - _HEAD.size != count * _ENTRY.size:
        raise CorruptSnapshot(f"{len(data)} bytes are not {count} producers")
    if crc32c(memoryview(data)[_CHECKED_FROM:]) != crc:
        raise CorruptSnapshot("the producer snapshot does not match its checksum")
    producers: list[Producer] = []
    for entry in _ENTRY.iter_unpack(memoryview(data)[_HEAD.size :]):
        producer_id, epoch, sequence, offset, delta, timestamp, coordinator_epoch, first_offset = entry
        batches = (Batch(sequence, offset, delta, timestamp),) if offset >= 0 else ()
        first_offset = max(first_offset, NO_OFFSET)
        producers.append(Producer(producer_id, epoch, coordinator_epoch, timestamp, first_offset, batches))
    return producers


def stray_snapshots(snapshots: Iterable[int], segments: Collection[int]) -> list[int]:
    """Offsets of snapshot files that belong to no segment, but for the newest: that one a clean shutdown wrote."""
    strays = sorted(offset for offset in snapshots if offset not in segments)
    if strays and (not segments or strays[-1] >= max(segments)):
        strays.pop()
    return strays
