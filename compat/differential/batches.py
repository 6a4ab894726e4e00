"""Record batches for scripted requests, right ones and deliberately wrong ones, and what comes back made readable."""

import gzip
import struct
from collections.abc import Sequence
from typing import Any

HEADER = struct.Struct(">qiibIhiqqqhii")  # base offset … record count
TIMESTAMP = 1_700_000_000_000


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """Castagnoli's CRC, slowly; scripted batches are small."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def zigzag(value: int) -> bytes:
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def record(delta: int, key: bytes | None, value: bytes | None, timestamp_delta: int = 0,
           headers: Sequence[tuple[bytes, bytes | None]] = ()) -> bytes:
    def blob(data: bytes | None) -> bytes:
        return zigzag(-1) if data is None else zigzag(len(data)) + data

    body = b"\0" + zigzag(timestamp_delta) + zigzag(delta) + blob(key) + blob(value) + zigzag(len(headers))
    body += b"".join(blob(name) + blob(content) for name, content in headers)
    return zigzag(len(body)) + body


def batch(values: Sequence[bytes | None] = (b"v",), *, keys: Sequence[bytes | None] | None = None,
          timestamps: Sequence[int] | None = None, magic: int = 2, attributes: int = 0, producer_id: int = -1,
          producer_epoch: int = -1, base_sequence: int = -1, base_offset: int = 0, count: int | None = None,
          last_delta: int | None = None, leader_epoch: int = -1, bad_crc: bool = False, compress: bool = False,
          max_timestamp: int | None = None, headers: Sequence[tuple[bytes, bytes | None]] = ()) -> bytes:
    """One record batch. Everything that a wrong producer could get wrong can be given."""
    times = list(timestamps or [TIMESTAMP] * len(values))
    first = times[0] if times else TIMESTAMP
    keys = keys or [None] * len(values)
    records = b"".join(record(i, key, value, time - first, headers)
                       for i, (key, value, time) in enumerate(zip(keys, values, times, strict=True)))
    if compress:
        records, attributes = gzip.compress(records, mtime=0), attributes | 1
    tail = struct.pack(
        ">hiqqqhii", attributes, len(values) - 1 if last_delta is None else last_delta, first,
        max(times, default=first) if max_timestamp is None else max_timestamp, producer_id, producer_epoch,
        base_sequence, len(values) if count is None else count,
    ) + records
    crc = crc32c(tail) ^ (1 if bad_crc else 0)
    return struct.pack(">qiibI", base_offset, len(tail) + 9, leader_epoch, magic, crc) + tail


def readable(data: bytes | None) -> Any:
    """The batches of a Fetch answer as dictionaries; a cut-off tail is told as such."""
    batches: list[Any] = []
    position, data = 0, data or b""
    while position + HEADER.size <= len(data):
        fields = HEADER.unpack_from(data, position)
        end = position + 12 + fields[1]
        if end > len(data):
            break
        names = ("baseOffset", "length", "leaderEpoch", "magic", "crc", "attributes", "lastOffsetDelta",
                 "baseTimestamp", "maxTimestamp", "producerId", "producerEpoch", "baseSequence", "count")
        batches.append(dict(zip(names, fields, strict=True)))
        position = end
    return batches + (["(cut off)"] if position < len(data) else [])
