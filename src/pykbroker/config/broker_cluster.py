"""Node, roles, controller quorum, replication.

Kafka: ``KRaftConfigs``, ``QuorumConfig``, ``ReplicationConfigs``. The order is by name.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.definitions import MAX_LONG, ConfigDef
from pykbroker.config.rows import BOOLEAN, CLASS, INT, LIST, LONG, STRING, cluster_wide, internal, read_only, unlisted
from pykbroker.config.rules import BOOTSTRAP_SERVERS, QUORUM_VOTERS, at_least, list_of

BROKER_CLUSTER: Final[tuple[ConfigDef, ...]] = (
    read_only("alter.config.policy.class.name", CLASS, None),
    read_only("alter.log.dirs.replication.quota.window.num", INT, 11, at_least(1)),
    read_only("alter.log.dirs.replication.quota.window.size.seconds", INT, 1, at_least(1)),
    read_only("auto.leader.rebalance.enable", BOOLEAN, True),
    read_only("broker.heartbeat.interval.ms", INT, 2_000),
    read_only("broker.id", INT, -1),
    read_only("broker.rack", STRING, None),
    read_only("broker.session.timeout.ms", INT, 9_000),
    read_only("controlled.shutdown.enable", BOOLEAN, True),
    read_only("controller.listener.names", LIST, None, list_of()),
    internal("controller.performance.always.log.threshold.ms", LONG, 2_000, at_least(0)),
    internal("controller.performance.sample.period.ms", LONG, 60_000, at_least(100)),
    read_only("controller.quorum.append.linger.ms", INT, 25, at_least(0)),
    read_only("controller.quorum.auto.join.enable", BOOLEAN, False),
    read_only("controller.quorum.bootstrap.servers", LIST, (), BOOTSTRAP_SERVERS),
    read_only("controller.quorum.election.backoff.max.ms", INT, 1_000, at_least(0)),
    read_only("controller.quorum.election.timeout.ms", INT, 1_000, at_least(0)),
    read_only("controller.quorum.fetch.max.bytes", INT, 1_048_576, at_least(1)),
    read_only("controller.quorum.fetch.snapshot.max.bytes", INT, 1_048_576, at_least(1)),
    read_only("controller.quorum.fetch.timeout.ms", INT, 2_000, at_least(0)),
    read_only("controller.quorum.request.timeout.ms", INT, 2_000, at_least(0)),
    read_only("controller.quorum.retry.backoff.ms", INT, 20, at_least(0)),
    read_only("controller.quorum.voters", LIST, (), QUORUM_VOTERS),
    read_only("controller.quota.window.num", INT, 11, at_least(1)),
    read_only("controller.quota.window.size.seconds", INT, 1, at_least(1)),
    read_only("controller.socket.timeout.ms", INT, 30_000),
    read_only("initial.broker.registration.timeout.ms", INT, 60_000),
    internal("internal.metadata.delete.delay.millis", LONG, 60_000),
    internal("internal.metadata.log.segment.bytes", INT, None),
    internal("internal.metadata.max.batch.size.in.bytes", INT, 8_388_608),
    read_only("leader.imbalance.check.interval.seconds", LONG, 300, at_least(1)),
    read_only("metadata.log.dir", STRING, None),
    read_only("metadata.log.max.record.bytes.between.snapshots", LONG, 20_971_520, at_least(1)),
    read_only("metadata.log.max.snapshot.interval.ms", LONG, 3_600_000, at_least(0)),
    read_only("metadata.log.segment.bytes", INT, 1_073_741_824, at_least(8_388_608)),
    read_only("metadata.log.segment.ms", LONG, 604_800_000),
    read_only("metadata.max.idle.interval.ms", INT, 500, at_least(0)),
    read_only("metadata.max.retention.bytes", LONG, 104_857_600),
    read_only("metadata.max.retention.ms", LONG, 604_800_000),
    read_only("node.id", INT, None, at_least(0)),
    cluster_wide("num.replica.fetchers", INT, 1, at_least(1)),
    read_only("process.roles", LIST, None, list_of("broker", "controller")),
    read_only("replica.fetch.backoff.ms", INT, 1_000, at_least(0)),
    read_only("replica.fetch.max.bytes", INT, 1_048_576, at_least(0)),
    read_only("replica.fetch.min.bytes", INT, 1),
    read_only("replica.fetch.response.max.bytes", INT, 10_485_760, at_least(0)),
    read_only("replica.fetch.wait.max.ms", INT, 500),
    read_only("replica.high.watermark.checkpoint.interval.ms", LONG, 5_000),
    read_only("replica.lag.time.max.ms", LONG, 30_000),
    read_only("replica.selector.class", STRING, None),
    read_only("replica.socket.receive.buffer.bytes", INT, 65_536),
    read_only("replica.socket.timeout.ms", INT, 30_000),
    read_only("replication.quota.window.num", INT, 11, at_least(1)),
    read_only("replication.quota.window.size.seconds", INT, 1, at_least(1)),
    internal("server.max.startup.time.ms", LONG, MAX_LONG, at_least(0)),
    internal("unstable.api.versions.enable", BOOLEAN, False),
    internal("unstable.feature.versions.enable", BOOLEAN, False),
    unlisted("follower.replication.throttled.rate", LONG, at_least(0)),
    unlisted("leader.replication.throttled.rate", LONG, at_least(0)),
    unlisted("replica.alter.log.dirs.io.max.bytes.per.second", LONG, at_least(0)),
)
