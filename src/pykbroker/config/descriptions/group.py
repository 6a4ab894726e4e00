"""Words for ``config.group``."""

from typing import Final

TEXT: Final = """
consumer.assignment.interval.ms
    How long at least lies between two assignments of the group, by the consumer protocol.
consumer.heartbeat.interval.ms
    How often members are told to send heartbeats, by the consumer protocol.
consumer.session.timeout.ms
    A member that is silent for this long is out, by the consumer protocol.
share.assignment.interval.ms
    How long at least lies between two assignments of the share group.
share.auto.offset.reset
    Where a share group begins in a partition that is new to it: earliest, latest, or as long ago as a duration says.
share.delivery.count.limit
    How often a record is delivered before it is given up.
share.heartbeat.interval.ms
    How often members of the share group are told to send heartbeats.
share.isolation.level
    Whether records of transactions are delivered only once these are committed.
share.partition.max.record.locks
    How many records of a partition may be out with members at a time.
share.record.lock.duration.ms
    How long a member may take over a record before others get it.
share.renew.acknowledge.enable
    Let members ask for more time with a record.
share.session.timeout.ms
    A member of the share group that is silent for this long is out.
streams.assignment.interval.ms
    How long at least lies between two assignments of the streams group.
streams.heartbeat.interval.ms
    How often members of the streams group are told to send heartbeats.
streams.initial.rebalance.delay.ms
    How long the streams group waits for more members before its first assignment.
streams.num.standby.replicas
    How many standby replicas each task has.
streams.session.timeout.ms
    A member of the streams group that is silent for this long is out.
"""
