"""A group shard on an engine in virtual time: what the tests of this folder tell their stories with."""

import itertools

from pykbroker.coordinator.group_config import ClientIdentity, GroupConfig
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Engine
from pykbroker.machine.memory_journal import MemoryJournal
from pykbroker.machine.timers import Timers
from pykbroker.metadata.image import MetadataImage, PartitionImage, TopicImage
from pykbroker.wire.messages.consumer_protocol import ConsumerProtocolSubscription
from pykbroker.wire.messages.groups import (
    HeartbeatRequest,
    JoinGroupRequest,
    JoinGroupRequestProtocol,
    LeaveGroupRequest,
    MemberIdentity,
    SyncGroupRequest,
    SyncGroupRequestAssignment,
)
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
)

START_MS = 1_700_000_000_000
CLIENT = ClientIdentity("client", "/127.0.0.1")


def subscription(*topics):
    """What a consumer says of itself."""
    return b"\0\0" + ConsumerProtocolSubscription(topics=topics).encode(0)


def protocols(*names, topics=("orders",)):
    return [JoinGroupRequestProtocol(name=name, metadata=subscription(*topics)) for name in names]


class GroupWorld:
    """One shard, its log, its clock."""

    def __init__(self, config=None):
        self.config = config or GroupConfig()
        self.now_ms = START_MS
        self.timers = Timers()
        self.journal = MemoryJournal()
        self._ids = itertools.count(1)
        self.image = MetadataImage()
        self.engine = self._start(())

    def _start(self, logged):
        shard = GroupShard(self.config, lambda: f"{next(self._ids):04}", lambda: self.image)
        engine = Engine(shard, self.journal, self.timers, lambda: self.now_ms)
        engine.load(logged)
        engine.activate()
        return engine

    @property
    def shard(self):
        return self.engine.machine

    def restart(self):
        """Lose everything soft and read the log again."""
        self.engine.close(KafkaError(ErrorCode.NOT_COORDINATOR))
        self.engine = self._start(list(self.journal.logged))

    def loaded_copy(self):
        """A shard that has read the log now, beside the live one."""
        shard = GroupShard(self.config, lambda: "unused", lambda: self.image)
        Engine(shard, self.journal, Timers(), lambda: self.now_ms).load(list(self.journal.logged))
        return shard

    def set_topics(self, **partition_counts):
        """The cluster's topics from now on; a topic that stays keeps its id."""
        topics = {}
        for name, count in partition_counts.items():
            before = self.image.topics.get(name)
            topic_id = before.topic_id if before else name.encode().rjust(15, b"-") + bytes([next(self._ids)])
            partitions = tuple(PartitionImage(index, 1, 0, 0, (1,), (1,)) for index in range(count))
            topics[name] = TopicImage(name, topic_id, partitions)
        by_id = {topic.topic_id: topic for topic in topics.values()}
        self.image = MetadataImage(offset=self.image.offset + 1, topics=topics, topics_by_id=by_id)

    def advance(self, ms):
        """Let time pass, firing timers at their moment."""
        end_ms = self.now_ms + ms
        while (due_ms := self.timers.next_deadline_ms()) is not None and due_ms <= end_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self.timers.run_due(self.now_ms)
        self.now_ms = end_ms
        self.timers.run_due(end_ms)

    # -- requests --------------------------------------------------------------------------------------------

    def join(self, group="g", member="", instance=None, offered=None, session_ms=10_000, rebalance_ms=60_000, **flags):
        request = JoinGroupRequest(
            group_id=group,
            session_timeout_ms=session_ms,
            rebalance_timeout_ms=rebalance_ms,
            member_id=member,
            group_instance_id=instance,
            protocol_type=flags.pop("protocol_type", "consumer"),
            protocols=protocols("range") if offered is None else offered,
        )
        return self.engine.submit(GroupShard.join, CLIENT, request, **flags)

    def sync(self, group="g", member="", generation=1, assignments=(), instance=None, **named):
        request = SyncGroupRequest(
            group_id=group,
            generation_id=generation,
            member_id=member,
            group_instance_id=instance,
            assignments=[SyncGroupRequestAssignment(member_id=m, assignment=a) for m, a in dict(assignments).items()],
            **named,
        )
        return self.engine.submit(GroupShard.sync, request)

    def heartbeat(self, group="g", member="", generation=1, instance=None):
        request = HeartbeatRequest(
            group_id=group, generation_id=generation, member_id=member, group_instance_id=instance
        )
        return self.engine.submit(GroupShard.heartbeat, request)

    def leave(self, *members, group="g", instance=None):
        identities = [MemberIdentity(member_id=each, group_instance_id=instance) for each in members]
        request = LeaveGroupRequest(group_id=group, members=identities)
        return self.engine.submit(GroupShard.leave, request)

    def commit(self, offset, group="g", member="", generation=-1, topic="orders", partition=0, metadata="", **fields):
        partition = OffsetCommitRequestPartition(
            partition_index=partition, committed_offset=offset, committed_metadata=metadata
        )
        topics = [OffsetCommitRequestTopic(name=topic, partitions=[partition])]
        flags = {"knows_group_id_not_found": fields.pop("knows_group_id_not_found", True)}
        request = OffsetCommitRequest(
            group_id=group, generation_id_or_member_epoch=generation, member_id=member, topics=topics, **fields
        )
        return self.engine.submit(GroupShard.commit_offsets, request, **flags)

    def fetch(self, group="g", topic="orders", partition=0, stable=False):
        topics = [OffsetFetchRequestTopics(name=topic, partition_indexes=[partition])]
        request = OffsetFetchRequestGroup(group_id=group, topics=topics)
        reply = self.engine.submit(GroupShard.fetch_offsets, request, stable).result()
        return reply.topics[0].partitions[0]

    def fetch_all(self, group="g"):
        request = OffsetFetchRequestGroup(group_id=group, topics=None)
        reply = self.engine.submit(GroupShard.fetch_offsets, request).result()
        return {(t.name, p.partition_index): p.committed_offset for t in reply.topics for p in t.partitions}

    def describe(self, group="g"):
        return self.engine.submit(GroupShard.describe, [group]).result()[0]

    # -- short stories ---------------------------------------------------------------------------------------

    def member_id(self, group="g"):
        """An id as a new dynamic member gets it."""
        answer = self.join(group).result()
        assert answer.error_code == ErrorCode.MEMBER_ID_REQUIRED
        return answer.member_id

    def stable(self, count=1, group="g"):
        """A stable group of so many members in generation 1; the first leads. Each is assigned its own
        number."""
        members = [self.member_id(group) for _ in range(count)]
        joins = [self.join(group, member) for member in members]
        self.advance(self.config.initial_rebalance_delay_ms * (count + 1))
        assert all(each.result().error_code == ErrorCode.NONE for each in joins)
        assignments = {member: b"%d" % index for index, member in enumerate(members)}
        syncs = [self.sync(group, member, 1) for member in members[1:]]
        syncs.append(self.sync(group, members[0], 1, assignments))
        assert all(each.result().error_code == ErrorCode.NONE for each in syncs)
        return members
