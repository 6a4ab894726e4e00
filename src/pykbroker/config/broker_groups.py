"""Consumer and streams groups, and the topic their offsets are in.

Kafka: ``GroupCoordinatorConfig``. The order is by name.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.definitions import MAX_INT, ConfigDef
from pykbroker.config.rows import INT, LIST, LONG, SHORT, STRING, cluster_wide, internal, read_only
from pykbroker.config.rules import at_least, list_of, one_of

BROKER_GROUPS: Final[tuple[ConfigDef, ...]] = (
    cluster_wide("group.consumer.assignment.interval.ms", INT, 1_000, at_least(0)),
    read_only("group.consumer.assignors", LIST, ("uniform", "range"), list_of()),
    read_only("group.consumer.heartbeat.interval.ms", INT, 5_000, at_least(1)),
    read_only("group.consumer.max.assignment.interval.ms", INT, 15_000, at_least(0)),
    read_only("group.consumer.max.heartbeat.interval.ms", INT, 15_000, at_least(1)),
    read_only("group.consumer.max.session.timeout.ms", INT, 60_000, at_least(1)),
    read_only("group.consumer.max.size", INT, MAX_INT, at_least(1)),
    read_only(
        "group.consumer.migration.policy",
        STRING,
        "bidirectional",
        one_of("DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL", any_case=True),
    ),
    read_only("group.consumer.min.assignment.interval.ms", INT, 0, at_least(0)),
    read_only("group.consumer.min.heartbeat.interval.ms", INT, 5_000, at_least(1)),
    read_only("group.consumer.min.session.timeout.ms", INT, 45_000, at_least(1)),
    internal("group.consumer.regex.refresh.interval.ms", INT, 600_000, at_least(10_000)),
    read_only("group.consumer.session.timeout.ms", INT, 45_000, at_least(1)),
    read_only("group.coordinator.append.linger.ms", INT, -1, at_least(-1)),
    read_only("group.coordinator.background.threads", INT, 2, at_least(1)),
    cluster_wide("group.coordinator.cached.buffer.max.bytes", INT, 1_048_588, at_least(524_288)),
    read_only(
        "group.coordinator.rebalance.protocols",
        LIST,
        ("classic", "consumer", "streams"),
        list_of("consumer", "classic", "share", "streams"),
    ),
    read_only("group.coordinator.threads", INT, 4, at_least(1)),
    read_only("group.initial.rebalance.delay.ms", INT, 3_000),
    read_only("group.max.session.timeout.ms", INT, 1_800_000),
    read_only("group.max.size", INT, MAX_INT, at_least(1)),
    read_only("group.min.session.timeout.ms", INT, 6_000),
    cluster_wide("group.streams.assignment.interval.ms", INT, 1_000, at_least(0)),
    read_only("group.streams.heartbeat.interval.ms", INT, 5_000, at_least(1)),
    read_only("group.streams.initial.rebalance.delay.ms", INT, 3_000, at_least(0)),
    read_only("group.streams.max.assignment.interval.ms", INT, 15_000, at_least(0)),
    read_only("group.streams.max.heartbeat.interval.ms", INT, 15_000, at_least(1)),
    read_only("group.streams.max.session.timeout.ms", INT, 60_000, at_least(1)),
    read_only("group.streams.max.size", INT, MAX_INT, at_least(1)),
    read_only("group.streams.max.standby.replicas", INT, 2, at_least(0)),
    read_only("group.streams.min.assignment.interval.ms", INT, 0, at_least(0)),
    read_only("group.streams.min.heartbeat.interval.ms", INT, 5_000, at_least(1)),
    read_only("group.streams.min.session.timeout.ms", INT, 45_000, at_least(1)),
    read_only("group.streams.num.standby.replicas", INT, 0, at_least(0)),
    read_only("group.streams.session.timeout.ms", INT, 45_000, at_least(1)),
    read_only("offset.metadata.max.bytes", INT, 4_096),
    read_only("offsets.commit.timeout.ms", INT, 5_000, at_least(1)),
    read_only("offsets.load.buffer.size", INT, 5_242_880, at_least(1)),
    read_only("offsets.retention.check.interval.ms", LONG, 600_000, at_least(1)),
    read_only("offsets.retention.minutes", INT, 10_080, at_least(1)),
    read_only("offsets.topic.compression.codec", INT, 0),
    read_only("offsets.topic.num.partitions", INT, 50, at_least(1)),
    read_only("offsets.topic.replication.factor", SHORT, 3, at_least(1)),
    read_only("offsets.topic.segment.bytes", INT, 104_857_600, at_least(1)),
)
