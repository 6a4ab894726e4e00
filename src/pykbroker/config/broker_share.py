"""Share groups (KIP-932): membership, record locks, and the topic their state is in.

Kafka: ``ShareGroupConfig``, ``ShareCoordinatorConfig``. The order is by name.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.definitions import ConfigDef
from pykbroker.config.rows import INT, LIST, SHORT, STRING, cluster_wide, internal, read_only
from pykbroker.config.rules import at_least, between, list_of

BROKER_SHARE: Final[tuple[ConfigDef, ...]] = (
    cluster_wide("group.share.assignment.interval.ms", INT, 1_000, at_least(0)),
    read_only("group.share.assignors", LIST, ("simple",), list_of()),
    read_only("group.share.delivery.count.limit", INT, 5, between(2, 10)),
    read_only("group.share.heartbeat.interval.ms", INT, 5_000, at_least(1)),
    internal("group.share.initialize.retry.interval.ms", INT, 30_000, at_least(1)),
    read_only("group.share.max.assignment.interval.ms", INT, 15_000, at_least(0)),
    read_only("group.share.max.delivery.count.limit", INT, 10, between(5, 25)),
    read_only("group.share.max.heartbeat.interval.ms", INT, 15_000, at_least(1)),
    read_only("group.share.max.partition.max.record.locks", INT, 4_000, between(2_000, 10_000)),
    read_only("group.share.max.record.lock.duration.ms", INT, 60_000, between(30_000, 3_600_000)),
    read_only("group.share.max.session.timeout.ms", INT, 60_000, at_least(1)),
    read_only("group.share.max.share.sessions", INT, 2_000, at_least(1)),
    read_only("group.share.max.size", INT, 200, between(1, 1_000)),
    read_only("group.share.min.assignment.interval.ms", INT, 0, at_least(0)),
    read_only("group.share.min.delivery.count.limit", INT, 2, between(2, 5)),
    read_only("group.share.min.heartbeat.interval.ms", INT, 5_000, at_least(1)),
    read_only("group.share.min.partition.max.record.locks", INT, 100, between(100, 2_000)),
    read_only("group.share.min.record.lock.duration.ms", INT, 15_000, between(1_000, 30_000)),
    read_only("group.share.min.session.timeout.ms", INT, 45_000, at_least(1)),
    read_only("group.share.partition.max.record.locks", INT, 2_000, between(100, 10_000)),
    internal(
        "group.share.persister.class.name", STRING, "org.apache.kafka.server.share.persister.DefaultStatePersister"
    ),
    read_only("group.share.record.lock.duration.ms", INT, 30_000, between(1_000, 3_600_000)),
    read_only("group.share.session.timeout.ms", INT, 45_000, at_least(1)),
    read_only("share.coordinator.append.linger.ms", INT, -1, at_least(-1)),
    cluster_wide("share.coordinator.cached.buffer.max.bytes", INT, 1_048_588, at_least(524_288)),
    internal("share.coordinator.cold.partition.snapshot.interval.ms", INT, 300_000, at_least(1)),
    read_only("share.coordinator.load.buffer.size", INT, 5_242_880, at_least(1)),
    read_only("share.coordinator.snapshot.update.records.per.snapshot", INT, 500, between(0, 500)),
    read_only("share.coordinator.state.topic.compression.codec", INT, 0),
    read_only("share.coordinator.state.topic.min.isr", SHORT, 2, at_least(1)),
    read_only("share.coordinator.state.topic.num.partitions", INT, 50, at_least(1)),
    internal("share.coordinator.state.topic.prune.interval.ms", INT, 300_000, at_least(1)),
    read_only("share.coordinator.state.topic.replication.factor", SHORT, 3, at_least(1)),
    read_only("share.coordinator.state.topic.segment.bytes", INT, 104_857_600, at_least(1)),
    read_only("share.coordinator.threads", INT, 1, at_least(1)),
    read_only("share.coordinator.write.timeout.ms", INT, 5_000, at_least(1)),
    read_only("share.fetch.purgatory.purge.interval.requests", INT, 1_000),
)
