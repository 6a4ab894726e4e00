"""The 61 bytes in front of every record batch (magic 2): looking at them and rewriting them.

A batch travels from a producer through the log to a consumer as the same bytes.  What a broker must know is in
the header, and what it must change (base offset, leader epoch) lies outside the checksum; so nothing here
touches a record.  The one exception, LogAppendTime, changes two header fields and renews the checksum.

Layout, all big-endian: base offset 8, batch length 4 (counted from here on), partition leader epoch 4, magic 1,
CRC-32C 4 (of everything that follows it), attributes 2, last offset delta 4, base timestamp 8, max timestamp 8,
producer id 8, producer epoch 2, base sequence 4, record count 4.
Attributes: bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 base timestamp is a delete horizon.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from pykbroker.wire.checksum import crc32c
from pykbroker.wire.compression import Buffer, CorruptRecords

HEADER_SIZE: Final = 61
LOG_OVERHEAD: Final = 12  # base offset and batch length, which the length does not count
SMALLEST_MESSAGE_SIZE: Final = 14  # LegacyRecord.RECORD_OVERHEAD_V0, without the overhead before it
NEWEST_MAGIC: Final = 2
MAGIC_POSITION: Final = 16  # the same in message formats 0 and 1
CRC_POSITION: Final = 17
ATTRIBUTES_POSITION: Final = 21  # where the checksum begins to count
MAX_TIMESTAMP_POSITION: Final = 35

CODEC_MASK: Final = 0x07
LOG_APPEND_TIME_FLAG: Final = 0x08
TRANSACTIONAL_FLAG: Final = 0x10
CONTROL_FLAG: Final = 0x20
DELETE_HORIZON_FLAG: Final = 0x40

NO_TIMESTAMP: Final = -1
NO_PRODUCER_ID: Final = -1
NO_PRODUCER_EPOCH: Final = -1
NO_SEQUENCE: Final = -1
MAX_SEQUENCE: Final = 0x7FFFFFFF

HEADER: Final = struct.Struct(">qiibIhiqqqhii")
_unpack_header = HEADER.unpack_from
_new = tuple.__new__
_pack_offset = struct.Struct(">q").pack_into
_pack_epoch = struct.Struct(">i").pack_into
_pack_crc = struct.Struct(">I").pack_into
_pack_attributes = struct.Struct(">h").pack_into
_unpack_length = struct.Struct(">i").unpack_from


class BatchHeader(NamedTuple):
    """A batch's header as it stands in its bytes; nothing in it has been checked."""

    base_offset: int
    batch_length: int
    partition_leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def size(self) -> int:
        """Bytes of the whole batch, header included."""
        return self.batch_length + LOG_OVERHEAD

    @property
    def last_offset(self) -> int:
        return self.base_offset + self.last_offset_delta

    @property
    def next_offset(self) -> int:
        return self.base_offset + self.last_offset_delta + 1

    @property
    def last_sequence(self) -> int:
        """The sequence of the last record, or NO_SEQUENCE; sequences wrap around to 0."""
        if self.base_sequence == NO_SEQUENCE:
            return NO_SEQUENCE
        return add_to_sequence(self.base_sequence, self.last_offset_delta)

    @property
    def compression(self) -> int:
        return self.attributes & CODEC_MASK

    @property
    def is_log_append_time(self) -> bool:
        return self.attributes & LOG_APPEND_TIME_FLAG != 0

    @property
    def is_transactional(self) -> bool:
        return self.attributes & TRANSACTIONAL_FLAG != 0

    @property
    def is_control(self) -> bool:
        return self.attributes & CONTROL_FLAG != 0

    @property
    def has_delete_horizon(self) -> bool:
        return self.attributes & DELETE_HORIZON_FLAG != 0

    @property
    def delete_horizon_ms(self) -> int | None:
        """When the cleaner may drop this batch's tombstones (KIP-534), or None if it has not said yet."""
        return self.base_timestamp if self.attributes & DELETE_HORIZON_FLAG else None


def add_to_sequence(sequence: int, count: int) -> int:
    """`count` records after `sequence`; 2**31 - 1 is followed by 0."""
    return (sequence + count) & MAX_SEQUENCE


def read_header(buffer: Buffer, position: int = 0) -> BatchHeader:
    """The header at `position`, unchecked; raises `CorruptRecords` when fewer than 61 bytes are there."""
    try:
        return _new(BatchHeader, _unpack_header(buffer, position))
    except struct.error:
        raise CorruptRecords(f"{len(buffer) - position} bytes at {position} are too few for a batch header") from None


def split_batches(buffer: Buffer, *, cut_off_tail: bool = False) -> list[tuple[int, BatchHeader]]:
    """Every batch in `buffer` as (position, header); their sizes and magic are right, nothing else is checked.

    A batch that the buffer's end cuts off is an error, or with `cut_off_tail` simply not reported: answers to
    Fetch may end so.
    """
    batches: list[tuple[int, BatchHeader]] = []
    position, end = 0, len(buffer)
    while position < end:
        if end - position < HEADER_SIZE:
            if cut_off_tail:
                break
            raise CorruptRecords(f"{end - position} bytes after the last batch, too few for another")
        header: BatchHeader = _new(BatchHeader, _unpack_header(buffer, position))
        if header.magic != 2:
            raise CorruptRecords(f"batch at {position} has magic {header.magic}, not 2")
        size = header.batch_length + LOG_OVERHEAD
        if size < HEADER_SIZE:
            raise CorruptRecords(f"batch at {position} claims {size} bytes, less than its own header")
        if size > end - position:
            if cut_off_tail:
                break
            raise CorruptRecords(f"batch at {position} claims {size} bytes, {end - position} are there")
        batches.append((position, header))
        position += size
    return batches


def complete_prefix(buffer: Buffer) -> int:
    """How many bytes at the start of `buffer` are whole batches or message sets of any magic."""
    position, end = 0, len(buffer)
    while end - position >= LOG_OVERHEAD:
        size = _unpack_length(buffer, position + 8)[0] + LOG_OVERHEAD
        if size <= LOG_OVERHEAD or size > end - position:
            break
        position += size
    return position


def next_size(buffer: Buffer, position: int) -> int | None:
    """Bytes of the batch or old message at `position`, or None where no whole one is left.

    What Kafka's ByteBufferLogInputStream finds, and what it refuses: raises `CorruptRecords` for a length that none can
    have, and for a message format that there is not.
    """
    left = len(buffer) - position
    if left < LOG_OVERHEAD:
        return None
    length = _unpack_length(buffer, position + 8)[0]
    if length < SMALLEST_MESSAGE_SIZE:
        raise CorruptRecords(f"a batch of {length} bytes cannot be")
    if left <= MAGIC_POSITION:
        return None
    magic = buffer[position + MAGIC_POSITION]
    if magic > NEWEST_MAGIC:
        raise CorruptRecords(f"there is no message format {magic}")
    size: int = length + LOG_OVERHEAD
    return size if size <= left else None


def magic_at(buffer: Buffer, position: int = 0) -> int:
    """The message format (0, 1 or 2) of what begins at `position`."""
    if len(buffer) - position <= MAGIC_POSITION:
        raise CorruptRecords(f"{len(buffer) - position} bytes at {position} are too few for records")
    return buffer[position + MAGIC_POSITION]


def check_crc(buffer: Buffer, position: int, header: BatchHeader) -> bool:
    """Whether the batch's bytes are those its checksum was made of."""
    end = position + header.batch_length + LOG_OVERHEAD
    return crc32c(memoryview(buffer)[position + ATTRIBUTES_POSITION : end]) == header.crc


def rewrite_header(
    buffer: bytearray | memoryview, position: int, *, base_offset: int, partition_leader_epoch: int
) -> None:
    """Give the batch its place in the log; the checksum does not cover these two."""
    _pack_offset(buffer, position, base_offset)
    _pack_epoch(buffer, position + LOG_OVERHEAD, partition_leader_epoch)


def set_log_append_time(buffer: bytearray | memoryview, position: int, timestamp_ms: int) -> None:
    """Say when the broker appended the batch, which becomes the timestamp of all its records."""
    header = read_header(buffer, position)
    _pack_attributes(buffer, position + ATTRIBUTES_POSITION, header.attributes | LOG_APPEND_TIME_FLAG)
    set_max_timestamp(buffer, position, timestamp_ms)


def set_max_timestamp(buffer: bytearray | memoryview, position: int, timestamp_ms: int) -> None:
    """Rewrite the largest timestamp, and the checksum with it."""
    end = position + read_header(buffer, position).size
    _pack_offset(buffer, position + MAX_TIMESTAMP_POSITION, timestamp_ms)
    crc = crc32c(memoryview(buffer)[position + ATTRIBUTES_POSITION : end])
    _pack_crc(buffer, position + CRC_POSITION, crc)
