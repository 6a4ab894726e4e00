"""What is checked and rewritten in a batch before the log takes it.

The outcome is that of Kafka's LogValidator and UnifiedLog.analyzeAndValidateRecords: the same batches refused with
the same codes, offsets assigned, timestamps and compression as the topic's configuration wants them.  The way there
differs, because Kafka reads every record of every batch, and Python cannot at 200 MB/s of 100-byte records:

- The header is always checked in full: length, magic, checksum, offsets against count, flags, sequence.
- Uncompressed records are counted by walking from length to length, always.  The inside of the first and of the
  last one is checked too, and that neither is later than the header's largest timestamp.  So a batch that claims
  more or fewer records than it holds is refused as Kafka refuses it.  What slips through is nonsense inside a
  record in the middle, which its consumer's own checks would catch.
- Compressed records are inflated and checked likewise when they are few bytes (`_LOOK_INSIDE_BYTES`); beyond that a
  batch is believed.  Inflating all would cost milliseconds a batch on the event loop and invite bombs.
- Every record is looked at where the topic asks for it: compaction (keys), `message.timestamp.before.max.ms`, a
  largest timestamp that is too late or impossible, another `compression.type`, and message formats 0 and 1.

Nothing given is modified: a batch goes on as a new header and the bytes behind it, which are never copied.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple, NoReturn

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.config import LogConfig
from pykbroker.log.convert import RecordErrors, compression_level, convert_message_set, refuse_records, target_codec
from pykbroker.names import TopicPartition
from pykbroker.wire.batch_header import (
    ATTRIBUTES_POSITION,
    CODEC_MASK,
    HEADER,
    HEADER_SIZE,
    LOG_APPEND_TIME_FLAG,
    LOG_OVERHEAD,
    MAGIC_POSITION,
    NEWEST_MAGIC,
    NO_TIMESTAMP,
    BatchHeader,
    next_size,
    read_header,
)
from pykbroker.wire.checksum import crc32c
from pykbroker.wire.compression import (
    MAX_INFLATED_BYTES,
    Buffer,
    CorruptRecords,
    InflationLimit,
    compress,
    decompress,
)
from pykbroker.wire.record_scan import Extremes, last_record, scan
from pykbroker.wire.records import iterate_records

__all__ = ["AppendOrigin", "RecordErrors", "ValidatedBatches", "validate_and_assign"]

# Compressed batches up to this size are inflated to count their records: tens of microseconds.  The limit on what
# they inflate to is far beyond what honest ones do; a batch that goes beyond is believed, as larger ones are.
_LOOK_INSIDE_BYTES: Final = 4096
_LOOK_INSIDE_MAX_BYTES: Final = 512 * 1024

_place = struct.Struct(">qii").pack
_new = tuple.__new__


class AppendOrigin(IntEnum):
    """Who appends, which decides how much is checked (Kafka's AppendOrigin)."""

    REPLICATION = 0
    COORDINATOR = 1
    CLIENT = 2
    RAFT_LEADER = 3


class ValidatedBatches(NamedTuple):
    """What the log shall append."""

    parts: Sequence[Buffer]
    """The bytes, in order; written together or not at all."""
    size: int
    headers: Sequence[BatchHeader]
    """Of each batch, with the offsets that it has now."""
    max_timestamp: int
    offset_of_max_timestamp: int
    """The last offset of the batch that holds it, as Kafka's time index wants it."""
    log_append_time_ms: int
    """-1 unless the topic stamps the broker's time."""

    @property
    def first_offset(self) -> int:
        return self.headers[0].base_offset

    @property
    def last_offset(self) -> int:
        return self.headers[-1].last_offset


def validate_and_assign(
    records: Buffer,
    config: LogConfig,
    topic_partition: TopicPartition,
    *,
    next_offset: int,
    leader_epoch: int,
    origin: AppendOrigin,
    now_ms: int,
) -> ValidatedBatches:
    """Check `records`, give them offsets from `next_offset` on, and say what to append.

    Raises `KafkaError`, or its subclass `RecordErrors` where single records are at fault (KIP-467).
    """
    view = memoryview(records)
    if len(view) >= HEADER_SIZE:
        header = read_header(view)
        if header.magic == 2 and header.batch_length + LOG_OVERHEAD == len(view):
            batch = _Batch(view, header, config, topic_partition, origin, now_ms)
            return batch.place(next_offset, leader_epoch)
    return _validate_several(view, config, topic_partition, next_offset, leader_epoch, origin, now_ms)


def _validate_several(
    view: memoryview,
    config: LogConfig,
    topic_partition: TopicPartition,
    next_offset: int,
    leader_epoch: int,
    origin: AppendOrigin,
    now_ms: int,
) -> ValidatedBatches:
    """Anything but exactly one batch of magic 2: several, old formats, a cut-off tail, or nonsense."""
    batches = list(_split(view))
    if not batches:
        raise KafkaError(ErrorCode.INVALID_RECORD, f"there is no whole batch for {topic_partition}")
    magics = {each[MAGIC_POSITION] for each in batches}
    if len(magics) > 1:
        raise KafkaError(ErrorCode.INVALID_RECORD, f"message formats {sorted(magics)} are mixed in one append")
    if magics != {2}:
        whole = view[: sum(map(len, batches))]
        made = memoryview(convert_message_set(whole, config, now_ms))
        converted = _Batch(made, read_header(made), config, topic_partition, AppendOrigin.COORDINATOR, now_ms)
        return converted.place(next_offset, leader_epoch)
    if len(batches) > 1 and origin is AppendOrigin.CLIENT:
        raise KafkaError(ErrorCode.INVALID_RECORD, "a producer may send one batch per partition and request")
    parts: list[Buffer] = []
    headers: list[BatchHeader] = []
    max_timestamp, offset_of_max = NO_TIMESTAMP, -1
    validated: ValidatedBatches | None = None
    for each in batches:
        batch = _Batch(each, read_header(each), config, topic_partition, origin, now_ms)
        validated = batch.place(next_offset, leader_epoch)
        next_offset = validated.last_offset + 1
        parts += validated.parts
        headers += validated.headers
        if validated.max_timestamp > max_timestamp:
            max_timestamp, offset_of_max = validated.max_timestamp, validated.last_offset
    assert validated is not None
    size = sum(map(len, parts))
    return ValidatedBatches(parts, size, headers, max_timestamp, offset_of_max, validated.log_append_time_ms)


def _split(view: memoryview) -> Iterator[memoryview]:
    """Batches of any magic, without a cut-off last one: what Kafka's ByteBufferLogInputStream finds."""
    position = 0
    try:
        while (size := next_size(view, position)) is not None:
            if view[position + MAGIC_POSITION] == NEWEST_MAGIC and size < HEADER_SIZE:
                raise CorruptRecords(f"a batch of {size} bytes has no room for its header")
            yield view[position : position + size]
            position += size
    except CorruptRecords as error:
        raise KafkaError(ErrorCode.CORRUPT_MESSAGE, str(error)) from None


class _Batch:
    """One batch of magic 2 on its way into the log."""

    __slots__ = ("_config", "_data", "_header", "_now_ms", "_origin", "_topic_partition", "_view")

    def __init__(
        self,
        view: memoryview,
        header: BatchHeader,
        config: LogConfig,
        topic_partition: TopicPartition,
        origin: AppendOrigin,
        now_ms: int,
    ) -> None:
        self._view = view
        self._header = header
        self._config = config
        self._topic_partition = topic_partition
        self._origin = origin
        self._now_ms = now_ms
        self._data: bytes | None = None

    def place(self, next_offset: int, leader_epoch: int) -> ValidatedBatches:
        """Check everything; the batch with its offsets, its timestamps and its codec."""
        view, header, config = self._view, self._header, self._config
        if self._origin is AppendOrigin.CLIENT and header.base_offset != 0:
            self._refuse(f"its first offset should be 0 and is {header.base_offset}")
        if len(view) > config.max_message_bytes:
            self._refuse_size(len(view))
        if crc32c(view[ATTRIBUTES_POSITION:]) != header.crc:
            message = f"the batch for {self._topic_partition} does not match its checksum {header.crc}"
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, message)
        if self._origin is AppendOrigin.CLIENT:
            self._check_client_header()
        attributes, max_timestamp = self._check_records()
        if config.compression_type != "producer":
            codec = target_codec(config, header)
            if codec != attributes & CODEC_MASK:
                return self._recompressed(next_offset, leader_epoch, attributes, max_timestamp, codec)
        if attributes == header.attributes and max_timestamp == header.max_timestamp:
            head: Buffer = _place(next_offset, header.batch_length, leader_epoch)
            rest = view[MAGIC_POSITION:]
            header = _new(BatchHeader, (next_offset, header.batch_length, leader_epoch, *header[3:]))
        else:
            header = header._replace(attributes=attributes, max_timestamp=max_timestamp)
            header, head = _packed(header, next_offset, leader_epoch, view[HEADER_SIZE:])
            rest = view[HEADER_SIZE:]
        append_time = self._now_ms if config.is_log_append_time else NO_TIMESTAMP
        last_offset = next_offset + header.last_offset_delta
        return _new(ValidatedBatches, ((head, rest), len(view), (header,), max_timestamp, last_offset, append_time))

    def _check_client_header(self) -> None:
        """LogValidator.validateBatch: what only producers can get wrong."""
        header = self._header
        if header.last_offset_delta + 1 != header.record_count or header.record_count <= 0:
            span = f"{header.record_count} records at offset deltas 0 to {header.last_offset_delta}"
            self._refuse(f"it claims {span}")
        if header.is_control:
            self._refuse("producers may not write control records")
        if header.producer_id >= 0 and header.base_sequence < 0:
            self._refuse(f"producer {header.producer_id} gave it the sequence {header.base_sequence}")

    def _check_records(self) -> tuple[int, int]:
        """Check the records as far as the module's docstring says; the attributes and largest timestamp to store."""
        header, config = self._header, self._config
        if config.is_log_append_time:
            if header.is_log_append_time:
                self._refuse_each_record()
            if config.is_compacted:
                self._look_at_every_record()
            else:
                self._count_records()
            return header.attributes | LOG_APPEND_TIME_FLAG, self._now_ms
        attributes = header.attributes & ~LOG_APPEND_TIME_FLAG
        latest = header.max_timestamp
        if (
            config.is_compacted
            or config.message_timestamp_before_max_ms < self._now_ms
            or latest - self._now_ms > config.message_timestamp_after_max_ms
            or latest < header.base_timestamp
            or attributes != header.attributes
            or not self._count_records()
        ):
            return attributes, self._look_at_every_record()
        return attributes, latest

    def _count_records(self) -> bool:
        """Whether there is no more to ask: the right number of records, none known to be later than the header says."""
        header = self._header
        count = header.record_count
        if count == 0 and header.batch_length + LOG_OVERHEAD == HEADER_SIZE:
            return True
        data = self._glimpse() if header.compression else bytes(self._view[HEADER_SIZE:])
        if data is None:
            return True
        try:
            last = last_record(data, count) if count != 1 else 0
            _, latest, _, end = scan(data, 1)
            if last:
                latest = max(latest, scan(data, 1, last).max_timestamp_delta)
            elif end != len(data):
                self._refuse("it claims one record and holds more")
        except CorruptRecords as error:
            self._refuse(str(error))
        return header.base_timestamp + latest <= header.max_timestamp

    def _glimpse(self) -> bytes | None:
        """The records of a compressed batch small enough to be looked into without being asked."""
        if len(self._view) > _LOOK_INSIDE_BYTES:
            return None
        try:
            self._data = decompress(self._header.compression, self._view[HEADER_SIZE:], _LOOK_INSIDE_MAX_BYTES)
        except InflationLimit:
            return None
        except CorruptRecords as error:
            self._refuse_codec(error)
        return self._data

    def _records(self) -> bytes:
        """The inflated records; the topic's configuration demands to see them."""
        if self._data is None:
            try:
                self._data = decompress(self._header.compression, self._view[HEADER_SIZE:], MAX_INFLATED_BYTES)
            except InflationLimit as error:
                raise KafkaError(ErrorCode.MESSAGE_TOO_LARGE, str(error)) from None
            except CorruptRecords as error:
                self._refuse_codec(error)
        return self._data

    def _look_at_every_record(self) -> int:
        """The true largest timestamp; raises when a record lacks a key or has a timestamp out of bounds."""
        header, config, now_ms = self._header, self._config, self._now_ms
        data = self._records()
        try:
            found = scan(data, header.record_count)
        except CorruptRecords as error:
            self._refuse(str(error))
        if found.end != len(data):
            self._refuse(f"it claims {header.record_count} records and holds more")
        if config.is_compacted and found.without_key:
            self._refuse_each_record()
        if config.is_log_append_time:
            return now_ms
        if header.record_count == 0:
            return header.max_timestamp
        earliest, latest = self._timestamps(found)
        if (
            earliest < now_ms - config.message_timestamp_before_max_ms
            or latest > now_ms + config.message_timestamp_after_max_ms
            or (header.is_log_append_time and earliest == NO_TIMESTAMP)
        ):
            self._refuse_each_record()  # which finds that a timestamp of -1 alone is no reason
        return latest

    def _timestamps(self, found: Extremes) -> tuple[int, int]:
        header = self._header
        if header.is_log_append_time:
            return header.max_timestamp, header.max_timestamp
        base = header.base_timestamp
        return base + found.min_timestamp_delta, base + found.max_timestamp_delta

    def _refuse_each_record(self) -> None:
        """Find the records at fault and raise; returns when there is none after all."""
        try:
            found = list(iterate_records(self._view, 0, self._header))
        except CorruptRecords as error:
            self._refuse(str(error))
        records = ((record.offset, record.timestamp, record.key) for record in found)
        refuse_records(records, self._config, self._now_ms, is_log_append_time=self._header.is_log_append_time)

    def _recompressed(
        self, next_offset: int, leader_epoch: int, attributes: int, max_timestamp: int, codec: int
    ) -> ValidatedBatches:
        """The same records under the topic's codec; none of them is decoded."""
        config, header = self._config, self._header
        data = self._records()
        try:
            last_record(data, header.record_count)
        except CorruptRecords as error:
            self._refuse(str(error))
        payload = compress(codec, data, compression_level(config, codec))
        size = HEADER_SIZE + len(payload)
        if size > config.max_message_bytes:
            self._refuse_size(size)
        header = header._replace(
            batch_length=size - LOG_OVERHEAD,
            attributes=attributes & ~CODEC_MASK | codec,
            max_timestamp=max_timestamp,
        )
        header, head = _packed(header, next_offset, leader_epoch, payload)
        append_time = self._now_ms if config.is_log_append_time else NO_TIMESTAMP
        return ValidatedBatches((head, payload), size, (header,), max_timestamp, header.last_offset, append_time)

    def _refuse(self, why: str) -> NoReturn:
        raise KafkaError(ErrorCode.INVALID_RECORD, f"the batch for {self._topic_partition} is refused: {why}")

    def _refuse_codec(self, error: CorruptRecords) -> NoReturn:
        # Apache Kafka lets its codec's exception through, which has no code of its own.
        raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR, str(error)) from None

    def _refuse_size(self, size: int) -> NoReturn:
        limit = self._config.max_message_bytes
        message = f"a batch of {size} bytes for {self._topic_partition} is over max.message.bytes={limit}"
        raise KafkaError(ErrorCode.MESSAGE_TOO_LARGE, message)


def _packed(header: BatchHeader, base_offset: int, leader_epoch: int, payload: Buffer) -> tuple[BatchHeader, bytearray]:
    """The header as it shall be stored, with the checksum that belongs to it."""
    head = bytearray(HEADER_SIZE)
    HEADER.pack_into(head, 0, *header)
    crc = crc32c(payload, crc32c(memoryview(head)[ATTRIBUTES_POSITION:]))
    header = header._replace(base_offset=base_offset, partition_leader_epoch=leader_epoch, crc=crc)
    HEADER.pack_into(head, 0, *header)
    return header, head
