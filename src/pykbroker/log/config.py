"""LogConfig: the topic configurations that a log needs, as plain attributes.

One object is shared by all partitions of a topic (and usually by all topics without overrides): an empty partition
must not pay for it. Names are Kafka's, with dots as underscores and the unit at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

NO_LIMIT: Final = -1
MAX_LONG: Final = 2**63 - 1
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """What ``UnifiedLog`` reads from a topic's configuration; the defaults are Apache Kafka's."""

    segment_bytes: int = 1024 * 1024 * 1024
    segment_ms: int = 168 * HOUR_MS
    segment_jitter_ms: int = 0
    segment_index_bytes: int = 10 * 1024 * 1024
    index_interval_bytes: int = 4096
    retention_ms: int = 168 * HOUR_MS
    retention_bytes: int = NO_LIMIT
    flush_messages: int = MAX_LONG
    flush_ms: int = MAX_LONG
    file_delete_delay_ms: int = 60_000
    preallocate: bool = False

    is_compacted: bool = False
    """``cleanup.policy`` contains compact."""
    is_deleted: bool = True
    """``cleanup.policy`` contains delete."""
    delete_retention_ms: int = 24 * HOUR_MS
    min_compaction_lag_ms: int = 0
    max_compaction_lag_ms: int = MAX_LONG
    min_cleanable_dirty_ratio: float = 0.5

    max_message_bytes: int = 1024 * 1024 + 12
    compression_type: str = "producer"
    compression_gzip_level: int = -1
    compression_lz4_level: int = 9
    compression_zstd_level: int = 3
    is_log_append_time: bool = False
    """``message.timestamp.type`` is LogAppendTime."""
    message_timestamp_before_max_ms: int = MAX_LONG
    message_timestamp_after_max_ms: int = HOUR_MS
    min_insync_replicas: int = 1

    producer_id_expiration_ms: int = 24 * HOUR_MS
    transaction_max_timeout_ms: int = 15 * 60_000
    """Brokers' settings that a log's producer state needs."""

    @property
    def max_segment_ms(self) -> int:
        """Compacted logs roll no later than their records must have been cleaned (KIP-354)."""
        if self.is_compacted and self.max_compaction_lag_ms > 0:
            return min(self.max_compaction_lag_ms, self.segment_ms)
        return self.segment_ms

    @staticmethod
    def from_topic(config: Mapping[str, Any], **of_broker: Any) -> LogConfig:
        """From a topic's effective configuration, typed values by Kafka's names; absent names keep their default.

        ``of_broker`` adds what only a broker's configuration has, by attribute name.
        """
        given: dict[str, Any] = {attribute: config[name] for name, attribute in _ATTRIBUTES.items() if name in config}
        if "cleanup.policy" in config:
            policy = config["cleanup.policy"]
            policies = [part.strip() for part in policy.split(",")] if isinstance(policy, str) else list(policy)
            given["is_compacted"] = "compact" in policies
            given["is_deleted"] = "delete" in policies
        if "message.timestamp.type" in config:
            given["is_log_append_time"] = config["message.timestamp.type"] == "LogAppendTime"
        return LogConfig(**given, **of_broker)


_ATTRIBUTES: Final = {
    "segment.bytes": "segment_bytes",
    "segment.ms": "segment_ms",
    "segment.jitter.ms": "segment_jitter_ms",
    "segment.index.bytes": "segment_index_bytes",
    "index.interval.bytes": "index_interval_bytes",
    "retention.ms": "retention_ms",
    "retention.bytes": "retention_bytes",
    "flush.messages": "flush_messages",
    "flush.ms": "flush_ms",
    "file.delete.delay.ms": "file_delete_delay_ms",
    "preallocate": "preallocate",
    "delete.retention.ms": "delete_retention_ms",
    "min.compaction.lag.ms": "min_compaction_lag_ms",
    "max.compaction.lag.ms": "max_compaction_lag_ms",
    "min.cleanable.dirty.ratio": "min_cleanable_dirty_ratio",
    "max.message.bytes": "max_message_bytes",
    "compression.type": "compression_type",
    "compression.gzip.level": "compression_gzip_level",
    "compression.lz4.level": "compression_lz4_level",
    "compression.zstd.level": "compression_zstd_level",
    "message.timestamp.before.max.ms": "message_timestamp_before_max_ms",
    "message.timestamp.after.max.ms": "message_timestamp_after_max_ms",
    "min.insync.replicas": "min_insync_replicas",
}
"""Kafka's name of each configuration that is taken as it is."""
