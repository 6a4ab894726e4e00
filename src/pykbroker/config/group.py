"""What can be set for one group; the synonym names the broker's configuration that holds otherwise.

Kafka: ``GroupConfig``. The order is by name.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.definitions import ConfigDef
from pykbroker.config.rows import BOOLEAN, INT, STRING, resource
from pykbroker.config.rules import SHARE_OFFSET_RESET, at_least, one_of

GROUP: Final[tuple[ConfigDef, ...]] = (
    resource(
        "consumer.assignment.interval.ms", INT, 1_000, at_least(0), synonym="group.consumer.assignment.interval.ms"
    ),
    resource("consumer.heartbeat.interval.ms", INT, 5_000, at_least(1), synonym="group.consumer.heartbeat.interval.ms"),
    resource("consumer.session.timeout.ms", INT, 45_000, at_least(1), synonym="group.consumer.session.timeout.ms"),
    resource("share.assignment.interval.ms", INT, 1_000, at_least(0), synonym="group.share.assignment.interval.ms"),
    resource("share.auto.offset.reset", STRING, "latest", SHARE_OFFSET_RESET),
    resource("share.delivery.count.limit", INT, 5, at_least(2), synonym="group.share.delivery.count.limit"),
    resource("share.heartbeat.interval.ms", INT, 5_000, at_least(1), synonym="group.share.heartbeat.interval.ms"),
    resource("share.isolation.level", STRING, "read_uncommitted", one_of("read_committed", "read_uncommitted")),
    resource(
        "share.partition.max.record.locks", INT, 2_000, at_least(100), synonym="group.share.partition.max.record.locks"
    ),
    resource(
        "share.record.lock.duration.ms", INT, 30_000, at_least(1_000), synonym="group.share.record.lock.duration.ms"
    ),
    resource("share.renew.acknowledge.enable", BOOLEAN, True),
    resource("share.session.timeout.ms", INT, 45_000, at_least(1), synonym="group.share.session.timeout.ms"),
    resource("streams.assignment.interval.ms", INT, 1_000, at_least(0), synonym="group.streams.assignment.interval.ms"),
    resource("streams.heartbeat.interval.ms", INT, 5_000, at_least(1), synonym="group.streams.heartbeat.interval.ms"),
    resource(
        "streams.initial.rebalance.delay.ms",
        INT,
        3_000,
        at_least(0),
        synonym="group.streams.initial.rebalance.delay.ms",
    ),
    resource("streams.num.standby.replicas", INT, 0, at_least(0), synonym="group.streams.num.standby.replicas"),
    resource("streams.session.timeout.ms", INT, 45_000, at_least(1), synonym="group.streams.session.timeout.ms"),
)
