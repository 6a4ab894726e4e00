"""Words for ``config.broker_share``."""

from typing import Final

TEXT: Final = """
group.share.assignment.interval.ms
    How long at least lies between two assignments of a share group.
group.share.assignors
    The assignor of share groups; exactly one.
group.share.delivery.count.limit
    How often a record is delivered to a share group before it is given up.
group.share.heartbeat.interval.ms
    How often members of share groups are told to send heartbeats.
group.share.initialize.retry.interval.ms
    How long the coordinator waits before it tries again to initialize a share partition.
group.share.max.assignment.interval.ms
    The largest assignment interval a share group may set for itself.
group.share.max.delivery.count.limit
    The largest delivery count limit a share group may set for itself.
group.share.max.heartbeat.interval.ms
    The largest heartbeat interval a share group may set for itself.
group.share.max.partition.max.record.locks
    The most record locks per partition a share group may set for itself.
group.share.max.record.lock.duration.ms
    The longest record lock a share group may set for itself.
group.share.max.session.timeout.ms
    The largest session timeout a share group may set for itself.
group.share.max.share.sessions
    How many share sessions a broker remembers.
group.share.max.size
    How many members a share group may have.
group.share.min.assignment.interval.ms
    The smallest assignment interval a share group may set for itself.
group.share.min.delivery.count.limit
    The smallest delivery count limit a share group may set for itself.
group.share.min.heartbeat.interval.ms
    The smallest heartbeat interval a share group may set for itself.
group.share.min.partition.max.record.locks
    The fewest record locks per partition a share group may set for itself.
group.share.min.record.lock.duration.ms
    The shortest record lock a share group may set for itself.
group.share.min.session.timeout.ms
    The smallest session timeout a share group may set for itself.
group.share.partition.max.record.locks
    How many records of a partition may be out with members of a share group at a time.
group.share.persister.class.name
    The class that keeps the state of share partitions. Accepted, not used.
group.share.record.lock.duration.ms
    How long a member may take over a record before others get it.
group.share.session.timeout.ms
    A member of a share group that is silent for this long is out.
share.coordinator.append.linger.ms
    How long the share coordinator gathers records before it writes them; -1 leaves it to the coordinator.
share.coordinator.cached.buffer.max.bytes
    The largest buffer the share coordinator keeps for its next write.
share.coordinator.cold.partition.snapshot.interval.ms
    How often share partitions without traffic get a snapshot.
share.coordinator.load.buffer.size
    How many bytes are read at a time while share state is loaded.
share.coordinator.snapshot.update.records.per.snapshot
    How many updates are written before the next snapshot of a share partition.
share.coordinator.state.topic.compression.codec
    The codec of batches in the share state topic: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
share.coordinator.state.topic.min.isr
    min.insync.replicas of the share state topic.
share.coordinator.state.topic.num.partitions
    How many partitions the share state topic gets. It must stay as it is once the topic exists.
share.coordinator.state.topic.prune.interval.ms
    How often records are deleted that no share state needs any more.
share.coordinator.state.topic.replication.factor
    How many replicas the share state topic gets.
share.coordinator.state.topic.segment.bytes
    How large a segment of the share state topic becomes.
share.coordinator.threads
    Threads that run the share coordinator.
share.coordinator.write.timeout.ms
    How long a write of the share coordinator waits for its replicas.
"""
