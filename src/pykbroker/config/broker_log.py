"""What the broker keeps and for how long: logs, their cleaning, the defaults of topics.

Kafka: ``ServerLogConfigs``, ``CleanerConfig``, ``LogConfig``. The order is by name.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.definitions import MAX_DOUBLE, MAX_LONG, ConfigDef
from pykbroker.config.rows import (
    BOOLEAN,
    CLASS,
    DOUBLE,
    INT,
    LIST,
    LONG,
    STRING,
    cluster_wide,
    internal,
    per_broker,
    read_only,
)
from pykbroker.config.rules import at_least, between, list_of, one_of

BROKER_LOG: Final[tuple[ConfigDef, ...]] = (
    read_only("auto.create.topics.enable", BOOLEAN, True),
    cluster_wide("compression.gzip.level", INT, -1, between(1, 9, or_else=-1)),
    cluster_wide("compression.lz4.level", INT, 9, between(1, 17)),
    cluster_wide(
        "compression.type", STRING, "producer", one_of("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")
    ),
    cluster_wide("compression.zstd.level", INT, 3, between(-131_072, 22)),
    per_broker("cordoned.log.dirs", LIST, (), list_of(may_be_empty=True)),
    read_only("create.topic.policy.class.name", CLASS, None),
    read_only("default.replication.factor", INT, 1),
    read_only("delete.topic.enable", BOOLEAN, True),
    cluster_wide("log.cleaner.backoff.ms", LONG, 15_000, at_least(0)),
    cluster_wide("log.cleaner.dedupe.buffer.size", LONG, 134_217_728),
    cluster_wide("log.cleaner.delete.retention.ms", LONG, 86_400_000, at_least(0)),
    read_only("log.cleaner.enable", BOOLEAN, True),
    cluster_wide("log.cleaner.io.buffer.load.factor", DOUBLE, 0.9),
    cluster_wide("log.cleaner.io.buffer.size", INT, 524_288, at_least(0)),
    cluster_wide("log.cleaner.io.max.bytes.per.second", DOUBLE, MAX_DOUBLE),
    cluster_wide("log.cleaner.max.compaction.lag.ms", LONG, MAX_LONG, at_least(1)),
    cluster_wide("log.cleaner.min.cleanable.ratio", DOUBLE, 0.5, between(0, 1)),
    cluster_wide("log.cleaner.min.compaction.lag.ms", LONG, 0, at_least(0)),
    cluster_wide("log.cleaner.threads", INT, 1, at_least(0)),
    cluster_wide("log.cleanup.policy", LIST, ("delete",), list_of("compact", "delete", may_be_empty=True)),
    read_only("log.dir", LIST, ("/tmp/kafka-logs",), list_of()),
    read_only("log.dir.failure.timeout.ms", LONG, 30_000, at_least(1)),
    read_only("log.dirs", LIST, None, list_of()),
    cluster_wide("log.flush.interval.messages", LONG, MAX_LONG, at_least(1)),
    cluster_wide("log.flush.interval.ms", LONG, None),
    read_only("log.flush.offset.checkpoint.interval.ms", INT, 60_000, at_least(0)),
    read_only("log.flush.scheduler.interval.ms", LONG, MAX_LONG),
    read_only("log.flush.start.offset.checkpoint.interval.ms", INT, 60_000, at_least(0)),
    cluster_wide("log.index.interval.bytes", INT, 4_096, at_least(0)),
    cluster_wide("log.index.size.max.bytes", INT, 10_485_760, at_least(4)),
    internal("log.initial.task.delay.ms", LONG, 30_000, at_least(0)),
    cluster_wide("log.local.retention.bytes", LONG, -2, at_least(-2)),
    cluster_wide("log.local.retention.ms", LONG, -2, at_least(-2)),
    cluster_wide("log.message.timestamp.after.max.ms", LONG, 3_600_000, at_least(0)),
    cluster_wide("log.message.timestamp.before.max.ms", LONG, MAX_LONG, at_least(0)),
    cluster_wide("log.message.timestamp.type", STRING, "CreateTime", one_of("CreateTime", "LogAppendTime")),
    cluster_wide("log.preallocate", BOOLEAN, False),
    cluster_wide("log.retention.bytes", LONG, -1),
    read_only("log.retention.check.interval.ms", LONG, 300_000, at_least(1)),
    read_only("log.retention.hours", INT, 168),
    read_only("log.retention.minutes", INT, None),
    cluster_wide("log.retention.ms", LONG, None),
    read_only("log.roll.hours", INT, 168, at_least(1)),
    read_only("log.roll.jitter.hours", INT, 0, at_least(0)),
    cluster_wide("log.roll.jitter.ms", LONG, None),
    cluster_wide("log.roll.ms", LONG, None),
    cluster_wide("log.segment.bytes", INT, 1_073_741_824, at_least(1_048_576)),
    cluster_wide("log.segment.delete.delay.ms", LONG, 60_000, at_least(0)),
    cluster_wide("message.max.bytes", INT, 1_048_588, at_least(0)),
    cluster_wide("min.insync.replicas", INT, 1, at_least(1)),
    read_only("num.partitions", INT, 1, at_least(1)),
    cluster_wide("num.recovery.threads.per.data.dir", INT, 2, at_least(1)),
    read_only("num.replica.alter.log.dirs.threads", INT, None),
    cluster_wide("unclean.leader.election.enable", BOOLEAN, False),
    internal("unclean.leader.election.interval.ms", LONG, 300_000, at_least(1)),
)
