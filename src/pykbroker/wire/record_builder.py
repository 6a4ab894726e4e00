"""Making record batches (magic 2): record by record, or around a payload that exists already.

`RecordBatchBuilder` numbers records from `base_offset` on without gaps.  `frame_batch` puts a header and a
checksum before records that are encoded already; compaction and recompression use it to keep records untouched.
The rest are the batches that a broker itself writes: coordinators' records and transaction markers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final

from pykbroker.wire.batch_header import (
    ATTRIBUTES_POSITION,
    CONTROL_FLAG,
    CRC_POSITION,
    HEADER,
    HEADER_SIZE,
    LOG_APPEND_TIME_FLAG,
    LOG_OVERHEAD,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    NO_TIMESTAMP,
    TRANSACTIONAL_FLAG,
    BatchHeader,
)
from pykbroker.wire.checksum import crc32c
from pykbroker.wire.compression import Buffer, compress

_pack_crc = struct.Struct(">I").pack_into

# Control records: the key says which (two int16: version, type).
ABORT_MARKER: Final = 0
COMMIT_MARKER: Final = 1
LEADER_CHANGE: Final = 2
SNAPSHOT_HEADER: Final = 3
SNAPSHOT_FOOTER: Final = 4
KRAFT_VERSION: Final = 5
KRAFT_VOTERS: Final = 6

CONTROL_TYPE_NAMES: Final = (
    "ABORT",
    "COMMIT",
    "LEADER_CHANGE",
    "SNAPSHOT_HEADER",
    "SNAPSHOT_FOOTER",
    "KRAFT_VERSION",
    "KRAFT_VOTERS",
)


def _encode_varint(value: int) -> bytes:
    """Zigzag, then seven bits a byte, lowest first."""
    raw = (value << 1) ^ (value >> 63)
    encoded = bytearray()
    while raw > 0x7F:
        encoded.append(raw & 0x7F | 0x80)
        raw >>= 7
    encoded.append(raw)
    return bytes(encoded)


class _Varints(dict[int, bytes]):
    """Varints by value.  Lengths and deltas repeat endlessly, so those of one and two bytes are remembered."""

    def __missing__(self, value: int) -> bytes:
        encoded = _encode_varint(value)
        if -64 <= value < 8192:
            self[value] = encoded
        return encoded


VARINTS: Final = _Varints()


class RecordBatchBuilder:
    """Collects records and makes one batch of them.

    Args:
        base_offset: offset of the first record; the others follow without gaps.
        compression: codec 0-4; `level` in the codec's own scale, None for its default.
        log_append_time: when given, the timestamp of every record, whatever `append` was told.
    """

    __slots__ = ("_base_timestamp", "_header", "_level", "_max_timestamp", "_parts", "count", "size")

    def __init__(
        self,
        base_offset: int = 0,
        compression: int = 0,
        level: int | None = None,
        producer_id: int = NO_PRODUCER_ID,
        producer_epoch: int = NO_PRODUCER_EPOCH,
        base_sequence: int = NO_SEQUENCE,
        partition_leader_epoch: int = -1,
        is_transactional: bool = False,
        is_control: bool = False,
        log_append_time: int | None = None,
    ) -> None:
        attributes = compression
        if is_transactional:
            attributes |= TRANSACTIONAL_FLAG
        if is_control:
            attributes |= CONTROL_FLAG
        if log_append_time is not None:
            attributes |= LOG_APPEND_TIME_FLAG
        self._header = BatchHeader(
            base_offset=base_offset,
            batch_length=0,
            partition_leader_epoch=partition_leader_epoch,
            magic=2,
            crc=0,
            attributes=attributes,
            last_offset_delta=0,
            base_timestamp=NO_TIMESTAMP,
            max_timestamp=NO_TIMESTAMP if log_append_time is None else log_append_time,
            producer_id=producer_id,
            producer_epoch=producer_epoch,
            base_sequence=base_sequence,
            record_count=0,
        )
        self._level = level
        self._base_timestamp = self._max_timestamp = NO_TIMESTAMP
        self._parts: list[bytes] = []
        self.count = 0
        self.size = HEADER_SIZE  # of the batch so far, before compression

    def append(
        self,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]] = (),
    ) -> None:
        """Add one record behind the others."""
        if self.count == 0:
            self._base_timestamp = self._max_timestamp = timestamp
        elif timestamp > self._max_timestamp:
            self._max_timestamp = timestamp
        varints = VARINTS
        body = b"".join(
            (
                b"\x00",
                varints[timestamp - self._base_timestamp],
                varints[self.count],
                b"\x01" if key is None else varints[len(key)] + key,
                b"\x01" if value is None else varints[len(value)] + value,
                _encode_headers(headers) if headers else b"\x00",
            )
        )
        length = varints[len(body)]
        self._parts += (length, body)
        self.size += len(length) + len(body)
        self.count += 1

    def build(self) -> bytes:
        """The batch of all records so far; one without records has a count of 0 and takes one offset."""
        header = self._header
        header = header._replace(
            last_offset_delta=max(self.count - 1, 0),
            base_timestamp=self._base_timestamp,
            max_timestamp=header.max_timestamp if header.is_log_append_time else self._max_timestamp,
            record_count=self.count,
        )
        payload = b"".join(self._parts)
        if header.compression:
            payload = compress(header.compression, payload, self._level)
        return frame_batch(header, payload)


def _encode_headers(headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    parts: list[bytes] = []
    count = 0
    for key, value in headers:
        name = key.encode()
        parts += (VARINTS[len(name)], name)
        parts += (b"\x01",) if value is None else (VARINTS[len(value)], value)
        count += 1
    return VARINTS[count] + b"".join(parts)


def frame_batch(header: BatchHeader, payload: Buffer) -> bytes:
    """`header`'s fields before `payload`, with the length and the checksum that belong to them."""
    head = bytearray(HEADER_SIZE)
    HEADER.pack_into(head, 0, *header)
    struct.pack_into(">i", head, 8, HEADER_SIZE - LOG_OVERHEAD + len(payload))
    crc = crc32c(payload, crc32c(memoryview(head)[ATTRIBUTES_POSITION:]))
    _pack_crc(head, CRC_POSITION, crc)
    return b"".join((head, payload))


def simple_batch(
    records: Sequence[tuple[bytes | None, bytes | None]],
    timestamp_ms: int,
    leader_epoch: int = 0,
    base_offset: int = 0,
) -> bytes:
    """Plain (key, value) records of one moment: what coordinators and the controller write."""
    builder = RecordBatchBuilder(base_offset, partition_leader_epoch=leader_epoch)
    for key, value in records:
        builder.append(timestamp_ms, key, value)
    return builder.build()


def control_batch(
    control_type: int,
    value: bytes,
    timestamp_ms: int,
    *,
    base_offset: int = 0,
    leader_epoch: int = -1,
    producer_id: int = NO_PRODUCER_ID,
    producer_epoch: int = NO_PRODUCER_EPOCH,
    is_transactional: bool = False,
) -> bytes:
    """One control record, which consumers skip and brokers act upon."""
    builder = RecordBatchBuilder(
        base_offset,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        partition_leader_epoch=leader_epoch,
        is_transactional=is_transactional,
        is_control=True,
    )
    builder.append(timestamp_ms, struct.pack(">hh", 0, control_type), value)
    return builder.build()


def end_transaction_marker(
    producer_id: int,
    producer_epoch: int,
    *,
    commit: bool,
    coordinator_epoch: int,
    timestamp_ms: int,
    base_offset: int = 0,
    leader_epoch: int = -1,
) -> bytes:
    """The marker that ends a producer's transaction in one partition (Kafka's EndTransactionMarker)."""
    return control_batch(
        COMMIT_MARKER if commit else ABORT_MARKER,
        struct.pack(">hi", 0, coordinator_epoch),
        timestamp_ms,
        base_offset=base_offset,
        leader_epoch=leader_epoch,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        is_transactional=True,
    )
