"""What can be set for one topic; the synonym names the broker's configuration that holds otherwise.

Kafka: ``LogConfig``, ``ServerTopicConfigSynonyms``. The order is by name.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.definitions import MAX_LONG, ConfigDef
from pykbroker.config.rows import BOOLEAN, DOUBLE, INT, LIST, LONG, STRING, resource
from pykbroker.config.rules import THROTTLED_REPLICAS, at_least, between, list_of, one_of

TOPIC: Final[tuple[ConfigDef, ...]] = (
    resource(
        "cleanup.policy",
        LIST,
        ("delete",),
        list_of("compact", "delete", may_be_empty=True),
        synonym="log.cleanup.policy",
    ),
    resource("compression.gzip.level", INT, -1, between(1, 9, or_else=-1), synonym="compression.gzip.level"),
    resource("compression.lz4.level", INT, 9, between(1, 17), synonym="compression.lz4.level"),
    resource(
        "compression.type",
        STRING,
        "producer",
        one_of("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
        synonym="compression.type",
    ),
    resource("compression.zstd.level", INT, 3, between(-131_072, 22), synonym="compression.zstd.level"),
    resource("delete.retention.ms", LONG, 86_400_000, at_least(0), synonym="log.cleaner.delete.retention.ms"),
    resource("file.delete.delay.ms", LONG, 60_000, at_least(0), synonym="log.segment.delete.delay.ms"),
    resource("flush.messages", LONG, MAX_LONG, at_least(1), synonym="log.flush.interval.messages"),
    resource("flush.ms", LONG, MAX_LONG, at_least(0), synonym="log.flush.interval.ms"),
    resource("follower.replication.throttled.replicas", LIST, (), THROTTLED_REPLICAS),
    resource("index.interval.bytes", INT, 4_096, at_least(0), synonym="log.index.interval.bytes"),
    resource("internal.segment.bytes", INT, None, is_internal=True),
    resource("leader.replication.throttled.replicas", LIST, (), THROTTLED_REPLICAS),
    resource("local.retention.bytes", LONG, -2, at_least(-2), synonym="log.local.retention.bytes"),
    resource("local.retention.ms", LONG, -2, at_least(-2), synonym="log.local.retention.ms"),
    resource("max.compaction.lag.ms", LONG, MAX_LONG, at_least(1), synonym="log.cleaner.max.compaction.lag.ms"),
    resource("max.message.bytes", INT, 1_048_588, at_least(0), synonym="message.max.bytes"),
    resource(
        "message.timestamp.after.max.ms", LONG, 3_600_000, at_least(0), synonym="log.message.timestamp.after.max.ms"
    ),
    resource(
        "message.timestamp.before.max.ms", LONG, MAX_LONG, at_least(0), synonym="log.message.timestamp.before.max.ms"
    ),
    resource(
        "message.timestamp.type",
        STRING,
        "CreateTime",
        one_of("CreateTime", "LogAppendTime"),
        synonym="log.message.timestamp.type",
    ),
    resource("min.cleanable.dirty.ratio", DOUBLE, 0.5, between(0, 1), synonym="log.cleaner.min.cleanable.ratio"),
    resource("min.compaction.lag.ms", LONG, 0, at_least(0), synonym="log.cleaner.min.compaction.lag.ms"),
    resource("min.insync.replicas", INT, 1, at_least(1), synonym="min.insync.replicas"),
    resource("preallocate", BOOLEAN, False, synonym="log.preallocate"),
    resource("remote.log.copy.disable", BOOLEAN, False),
    resource("remote.log.delete.on.disable", BOOLEAN, False),
    resource("remote.storage.enable", BOOLEAN, False),
    resource("retention.bytes", LONG, -1, synonym="log.retention.bytes"),
    resource("retention.ms", LONG, 604_800_000, at_least(-1), synonym="log.retention.ms"),
    resource("segment.bytes", INT, 1_073_741_824, at_least(1_048_576), synonym="log.segment.bytes"),
    resource("segment.index.bytes", INT, 10_485_760, at_least(4), synonym="log.index.size.max.bytes"),
    resource("segment.jitter.ms", LONG, 0, at_least(0), synonym="log.roll.jitter.ms"),
    resource("segment.ms", LONG, 604_800_000, at_least(1), synonym="log.roll.ms"),
    resource("unclean.leader.election.enable", BOOLEAN, False, synonym="unclean.leader.election.enable"),
)
