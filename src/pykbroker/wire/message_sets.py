"""Message formats 0 and 1, from before Kafka 0.11: read when old clients produce, written when they fetch.

A message set is messages one after another, each with its own offset and CRC-32.  Compression nests: a message
whose attributes name a codec holds a whole message set as its value.  Offsets inside are absolute in format 0,
relative in format 1, where the wrapper bears the offset of its last message.

The log keeps only record batches (magic 2).  `up_convert` makes one of what an old producer sent, `down_convert`
makes a message set of stored batches for an old consumer; record headers and control batches have no place there
and are left out, as Apache Kafka left them out.  Both touch every record: a price that only old clients pay.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from pykbroker.wire.batch_header import LOG_APPEND_TIME_FLAG, LOG_OVERHEAD, NO_TIMESTAMP, split_batches
from pykbroker.wire.compression import (
    CODEC_NAMES,
    LZ4,
    MAX_INFLATED_BYTES,
    ZSTD,
    Buffer,
    CorruptRecords,
    break_lz4_checksum,
    compress,
    decompress,
    mend_lz4_checksum,
)
from pykbroker.wire.record_builder import RecordBatchBuilder
from pykbroker.wire.records import Record, iterate_records

_CODEC_MASK: Final = 0x07
_SMALLEST_MESSAGE: Final = 14  # crc, magic, attributes, lengths of key and value

_head = struct.Struct(">qiIbb")
_int32 = struct.Struct(">i").unpack_from
_int64 = struct.Struct(">q").unpack_from


class OldMessage(NamedTuple):
    """One message as it stands in a set; a wrapper's value is a compressed set."""

    offset: int
    timestamp: int  # -1 in format 0
    key: bytes | None
    value: bytes | None
    magic: int
    attributes: int
    crc_is_right: bool

    @property
    def compression(self) -> int:
        return self.attributes & _CODEC_MASK

    @property
    def is_log_append_time(self) -> bool:
        return self.magic > 0 and self.attributes & LOG_APPEND_TIME_FLAG != 0


def read_messages(buffer: Buffer) -> Iterator[OldMessage]:
    """The messages of a set, wrappers unopened.  A last message that the end cuts off is left out."""
    data = bytes(buffer)
    position, end = 0, len(data)
    while end - position >= _head.size:
        offset, size, crc, magic, attributes = _head.unpack_from(data, position)
        if size < _SMALLEST_MESSAGE:
            raise CorruptRecords(f"message at offset {offset} claims {size} bytes, too few for any")
        if magic not in (0, 1):
            raise CorruptRecords(f"message at offset {offset} has magic {magic} inside a message set")
        start, position = position + LOG_OVERHEAD, position + LOG_OVERHEAD + size
        if position > end:
            return
        crc_is_right = zlib.crc32(memoryview(data)[start + 4 : position]) == crc
        body = start + 6
        timestamp = NO_TIMESTAMP
        if magic == 1:
            if size < _SMALLEST_MESSAGE + 8:
                raise CorruptRecords(f"message at offset {offset} ends inside its timestamp")
            timestamp, body = _int64(data, body)[0], body + 8
        key, body = _read_bytes(data, body, position, offset)
        value, body = _read_bytes(data, body, position, offset)
        if body != position:
            raise CorruptRecords(f"message at offset {offset} has {position - body} bytes after its value")
        yield OldMessage(offset, timestamp, key, value, magic, attributes, crc_is_right)


def _read_bytes(data: bytes, position: int, end: int, offset: int) -> tuple[bytes | None, int]:
    if position + 4 > end:
        raise CorruptRecords(f"message at offset {offset} ends inside a length")
    size = _int32(data, position)[0]
    position += 4
    if size < 0:
        return None, position
    if size > end - position:
        raise CorruptRecords(f"message at offset {offset} claims {size} bytes of key or value")
    return data[position : position + size], position + size


def unwrap(message: OldMessage, max_inflated_bytes: int = MAX_INFLATED_BYTES) -> list[OldMessage]:
    """The messages inside a compressed one, their offsets absolute and their timestamps as consumers see them."""
    if message.value is None:
        raise CorruptRecords(f"compressed message at offset {message.offset} has no value")
    data = message.value
    if message.compression == ZSTD:
        raise CorruptRecords("zstd came with message format 2")
    if message.compression == LZ4 and message.magic == 0:
        data = mend_lz4_checksum(data)
    inner = list(read_messages(decompress(message.compression, data, max_inflated_bytes)))
    if not inner:
        raise CorruptRecords(f"compressed message at offset {message.offset} holds no messages")
    for each in inner:
        if each.magic != message.magic:
            raise CorruptRecords(f"a message of magic {each.magic} inside one of magic {message.magic}")
        if each.compression:
            raise CorruptRecords("a compressed message inside a compressed message")
    if message.magic == 0:
        return inner
    # Producers that cannot know offsets leave 0 in the wrapper (old librdkafka); then inner ones count from 0.
    base_offset = message.offset - inner[-1].offset if message.offset else 0
    append_time = message.timestamp if message.is_log_append_time else None
    return [
        each._replace(
            offset=base_offset + each.offset,
            timestamp=each.timestamp if append_time is None else append_time,
        )
        for each in inner
    ]


def iterate_message_set(buffer: Buffer, max_inflated_bytes: int = MAX_INFLATED_BYTES) -> Iterator[OldMessage]:
    """All messages, those inside compressed ones in their place."""
    for message in read_messages(buffer):
        if message.compression:
            yield from unwrap(message, max_inflated_bytes)
        else:
            yield message


def up_convert(
    messages: list[OldMessage],
    *,
    base_offset: int,
    compression: int = 0,
    level: int | None = None,
    partition_leader_epoch: int = -1,
    log_append_time: int | None = None,
) -> bytes:
    """One batch of magic 2 holding `messages`, numbered from `base_offset`."""
    builder = RecordBatchBuilder(
        base_offset,
        compression,
        level,
        partition_leader_epoch=partition_leader_epoch,
        log_append_time=log_append_time,
    )
    for message in messages:
        builder.append(message.timestamp, message.key, message.value)
    return builder.build()


class UnsupportedCompression(Exception):
    """A batch's codec has no counterpart in the message format asked for (zstd before magic 2)."""


def down_convert(
    buffer: Buffer,
    magic: int,
    first_offset: int = 0,
    max_inflated_bytes: int = MAX_INFLATED_BYTES,
) -> bytes:
    """Stored batches as a message set of format `magic` (0 or 1), from `first_offset` on.

    A cut-off last batch is left out.  Raises `UnsupportedCompression` for batches compressed with zstd.
    """
    assert magic in (0, 1)
    parts: list[bytes] = []
    for position, header in split_batches(buffer, cut_off_tail=True):
        if header.is_control:
            continue
        if header.compression == ZSTD:
            raise UnsupportedCompression(f"no {CODEC_NAMES[ZSTD]} in message format {magic}")
        records = [
            record
            for record in iterate_records(buffer, position, header, max_inflated_bytes=max_inflated_bytes)
            if record.offset >= first_offset
        ]
        if records:
            parts.append(encode_message_set(records, magic, header.compression, header.is_log_append_time))
    return b"".join(parts)


def encode_message_set(
    records: list[Record], magic: int, compression: int = 0, is_log_append_time: bool = False
) -> bytes:
    """Records as a set of format `magic`: side by side, or inside one compressed message."""
    flag = LOG_APPEND_TIME_FLAG if is_log_append_time and magic else 0
    if not compression:
        return b"".join(_encode(magic, flag, r.offset, r.timestamp, r.key, r.value) for r in records)
    base_offset = records[0].offset if magic else 0
    inner = b"".join(_encode(magic, flag, r.offset - base_offset, r.timestamp, r.key, r.value) for r in records)
    value = compress(compression, inner)
    if compression == LZ4 and magic == 0:
        value = break_lz4_checksum(value)
    timestamp = max(record.timestamp for record in records)
    return _encode(magic, flag | compression, records[-1].offset, timestamp, None, value)


def _encode(magic: int, attributes: int, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> bytes:
    body = b"".join(
        (
            bytes((magic, attributes)),
            timestamp.to_bytes(8, "big", signed=True) if magic else b"",
            b"\xff\xff\xff\xff" if key is None else len(key).to_bytes(4, "big") + key,
            b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4, "big") + value,
        )
    )
    return struct.pack(">qiI", offset, len(body) + 4, zlib.crc32(body)) + body
