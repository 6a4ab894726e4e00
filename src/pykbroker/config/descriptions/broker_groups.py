"""Words for ``config.broker_groups``."""

from typing import Final

TEXT: Final = """
group.consumer.assignment.interval.ms
    How long at least lies between two assignments of a consumer group (KIP-848).
group.consumer.assignors
    The assignors that consumer groups can use; the first is the default.
group.consumer.heartbeat.interval.ms
    How often members of consumer groups are told to send heartbeats.
group.consumer.max.assignment.interval.ms
    The largest assignment interval a group may set for itself.
group.consumer.max.heartbeat.interval.ms
    The largest heartbeat interval a group may set for itself.
group.consumer.max.session.timeout.ms
    The largest session timeout a group may set for itself.
group.consumer.max.size
    How many members a consumer group may have.
group.consumer.migration.policy
    Whether groups may change between the classic and the consumer protocol while they have members, and which way.
group.consumer.min.assignment.interval.ms
    The smallest assignment interval a group may set for itself.
group.consumer.min.heartbeat.interval.ms
    The smallest heartbeat interval a group may set for itself.
group.consumer.min.session.timeout.ms
    The smallest session timeout a group may set for itself.
group.consumer.regex.refresh.interval.ms
    How often subscriptions by regular expression look for new topics.
group.consumer.session.timeout.ms
    A member of a consumer group that is silent for this long is out.
group.coordinator.append.linger.ms
    How long the group coordinator gathers records before it writes them; -1 leaves it to the coordinator.
group.coordinator.background.threads
    Threads for slow work such as assignments and regular expressions.
group.coordinator.cached.buffer.max.bytes
    The largest buffer the group coordinator keeps for its next write.
group.coordinator.rebalance.protocols
    Which protocols groups may use.
group.coordinator.threads
    Threads that run the group coordinator. Here, it runs in the event loop.
group.initial.rebalance.delay.ms
    How long a new classic group waits for more members before its first rebalance.
group.max.session.timeout.ms
    The largest session timeout a member of a classic group may ask for.
group.max.size
    How many members a classic group may have.
group.min.session.timeout.ms
    The smallest session timeout a member of a classic group may ask for.
group.streams.assignment.interval.ms
    How long at least lies between two assignments of a streams group.
group.streams.heartbeat.interval.ms
    How often members of streams groups are told to send heartbeats.
group.streams.initial.rebalance.delay.ms
    How long a new streams group waits for more members before its first assignment.
group.streams.max.assignment.interval.ms
    The largest assignment interval a streams group may set for itself.
group.streams.max.heartbeat.interval.ms
    The largest heartbeat interval a streams group may set for itself.
group.streams.max.session.timeout.ms
    The largest session timeout a streams group may set for itself.
group.streams.max.size
    How many members a streams group may have.
group.streams.max.standby.replicas
    The most standby replicas a streams group may set for itself.
group.streams.min.assignment.interval.ms
    The smallest assignment interval a streams group may set for itself.
group.streams.min.heartbeat.interval.ms
    The smallest heartbeat interval a streams group may set for itself.
group.streams.min.session.timeout.ms
    The smallest session timeout a streams group may set for itself.
group.streams.num.standby.replicas
    How many standby replicas each task of a streams group has.
group.streams.session.timeout.ms
    A member of a streams group that is silent for this long is out.
offset.metadata.max.bytes
    How long the note may be that a consumer commits with an offset.
offsets.commit.timeout.ms
    How long a commit of offsets waits for its replicas.
offsets.load.buffer.size
    How many bytes are read at a time while groups and offsets are loaded.
offsets.retention.check.interval.ms
    How often it is looked for offsets that have expired.
offsets.retention.minutes
    How long offsets are kept once their group is empty or no longer subscribes to the topic.
offsets.topic.compression.codec
    The codec of batches in the offsets topic: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
offsets.topic.num.partitions
    How many partitions the offsets topic gets. It must stay as it is once the topic exists.
offsets.topic.replication.factor
    How many replicas the offsets topic gets.
offsets.topic.segment.bytes
    How large a segment of the offsets topic becomes.
"""
