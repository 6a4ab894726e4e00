"""Records at fault, the topic's codec, and batches made of what clients before Kafka 0.11 send.

Split from `validate` by question: this module knows single records, that one knows batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.log.config import LogConfig
from pykbroker.wire.batch_header import NO_TIMESTAMP, BatchHeader
from pykbroker.wire.compression import CODEC_NAMES, GZIP, LZ4, ZSTD, Buffer, CorruptRecords, InflationLimit

if TYPE_CHECKING:
    from pykbroker.wire.message_sets import OldMessage

_CODECS: Final = {"uncompressed": 0, **{name: codec for codec, name in enumerate(CODEC_NAMES)}}


class RecordErrors(KafkaError):
    """Single records are at fault (KIP-467); the whole batch is refused."""

    def __init__(self, code: ErrorCode, message: str, record_errors: Sequence[tuple[int, str]]) -> None:
        super().__init__(code, message)
        self.record_errors = record_errors
        """(index in the batch, what is wrong with that record)."""


def target_codec(config: LogConfig, header: BatchHeader) -> int:
    """The codec to store a batch in: the topic's `compression.type`, or the producer's."""
    source = header.compression
    if config.compression_type == "producer" or (header.is_control and not source):
        return source
    return _CODECS[config.compression_type]


def compression_level(config: LogConfig, codec: int) -> int | None:
    """How hard the topic wants the broker to compress (KIP-390); snappy has no levels."""
    levels = {
        GZIP: config.compression_gzip_level,
        LZ4: config.compression_lz4_level,
        ZSTD: config.compression_zstd_level,
    }
    return levels.get(codec)


def refuse_records(
    records: Iterable[tuple[int, int, bytes | None]],
    config: LogConfig,
    now_ms: int,
    *,
    is_log_append_time: bool,
) -> None:
    """Raise `RecordErrors` when any of the (offset, timestamp, key) may not be stored; LogValidator.validateRecord."""
    errors: list[tuple[int, str]] = []
    code = ErrorCode.INVALID_RECORD
    earliest = now_ms - config.message_timestamp_before_max_ms
    latest = now_ms + config.message_timestamp_after_max_ms
    for index, (offset, timestamp, key) in enumerate(records):
        if config.is_compacted and key is None:
            errors.append((index, "a compacted topic takes no record without a key"))
        elif not config.is_log_append_time and timestamp != NO_TIMESTAMP:
            if not earliest <= timestamp <= latest:
                code = ErrorCode.INVALID_TIMESTAMP
                why = f"timestamp {timestamp} at offset {offset} is not within [{earliest}, {latest}]"
                errors.append((index, why))
        elif is_log_append_time:
            code = ErrorCode.INVALID_TIMESTAMP
            errors.append((index, "a producer may not set the timestamp type LogAppendTime"))
    if not errors:
        return
    if code is ErrorCode.INVALID_TIMESTAMP:
        raise RecordErrors(code, "records are refused for their timestamps", errors)
    raise RecordErrors(code, f"{len(errors)} records are refused; the first: {errors[0][1]}", errors)


def convert_message_set(view: memoryview, config: LogConfig, now_ms: int) -> bytes:
    """One batch of magic 2 out of a message set of format 0 or 1, its records checked."""
    from pykbroker.wire.message_sets import read_messages, unwrap, up_convert  # few brokers ever meet one

    try:
        outer = list(read_messages(view))
        codec = next((message.compression for message in outer if message.compression), 0)
        if codec and len(outer) > 1:
            raise KafkaError(ErrorCode.INVALID_RECORD, "a compressed message must be alone in its set")
        _check_messages(view, outer, config)
        messages = unwrap(outer[0]) if codec else outer
    except InflationLimit as error:
        raise KafkaError(ErrorCode.MESSAGE_TOO_LARGE, str(error)) from None
    except CorruptRecords as error:
        raise KafkaError(ErrorCode.CORRUPT_MESSAGE, str(error)) from None
    if not all(message.crc_is_right for message in messages):
        raise KafkaError(ErrorCode.CORRUPT_MESSAGE, "a message inside a compressed one does not match its checksum")
    stamped = any(message.is_log_append_time for message in outer)
    refuse_records(
        ((message.offset, message.timestamp, message.key) for message in messages),
        config,
        now_ms,
        is_log_append_time=stamped,
    )
    return up_convert(messages, base_offset=0, compression=codec)


def _check_messages(view: Buffer, outer: Sequence[OldMessage], config: LogConfig) -> None:
    if len(outer) == 1 and len(view) > config.max_message_bytes:
        why = f"a message of {len(view)} bytes is over max.message.bytes={config.max_message_bytes}"
        raise KafkaError(ErrorCode.MESSAGE_TOO_LARGE, why)
    for message in outer:
        if not message.crc_is_right:
            raise KafkaError(ErrorCode.CORRUPT_MESSAGE, f"message {message.offset} does not match its checksum")
