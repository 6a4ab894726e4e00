"""Random lives of a consumer group (KIP-848), against what must hold whatever happens.

Members come, give up partitions late or never, lose answers, fall silent, leave; topics grow and go; the
coordinator restarts. At every moment no partition is owned by two members, epochs only go up, no
acknowledged offset is lost, and the log is the state.
"""

import itertools

import pytest
from group_world import CLIENT, GroupWorld
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatRequestTopicPartitions,
)
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)

VALUES = {
    "consumer.assignment.interval.ms": 0,
    "consumer.heartbeat.interval.ms": 3_000,
    "consumer.session.timeout.ms": 10_000,
}


class Client:
    """A member as it sees itself. ``owned`` is what it consumes; ``assigned`` what it was last told to."""

    def __init__(self, name, instance):
        self.member_id = name
        self.instance = instance
        self.epoch = 0
        self.topics = ["orders"]
        self.regex = None
        self.owned = set()
        self.assigned = set()
        self.is_sluggish = False


class ConsumerGroupLife(RuleBasedStateMachine):
    """One group."""

    def __init__(self):
        super().__init__()
        self.world = GroupWorld()
        self.world.config.group_values = lambda group_id: VALUES
        self.counts = {"orders": 4, "payments": 2}
        self.world.set_topics(**self.counts)
        self.clients = []
        self.names = itertools.count()
        self.committed = {}
        self.epoch = 0

    def client(self, index):
        return self.clients[index % len(self.clients)] if self.clients else None

    @property
    def group(self):
        return self.world.shard.groups.get("g")

    # -- clients ---------------------------------------------------------------------------------------------

    @initialize(count=st.integers(1, 4))
    def a_few_are_there(self, count):
        """Most lives begin with a group that has got going."""
        for _ in range(count):
            self.somebody_comes(False)
        self.everybody_goes_on(4, 1_000)

    @rule(is_static=st.booleans())
    def somebody_comes(self, is_static):
        if len(self.clients) < 6:
            name = next(self.names)
            self.clients.append(Client(f"m{name}", f"i{name % 3}" if is_static else None))

    @rule(rounds=st.integers(1, 4), ms=st.sampled_from([0, 1_000, 3_000]))
    def everybody_goes_on(self, rounds, ms):
        for _ in range(rounds):
            for client in list(self.clients):
                self.beat(client)
            self.world.advance(ms)

    @rule(index=st.integers(0, 5), is_lost=st.booleans())
    def one_goes_on(self, index, is_lost):
        client = self.client(index)
        if client is not None:
            self.beat(client, is_lost=is_lost)

    @rule(index=st.integers(0, 5), topics=st.sampled_from([["orders"], ["payments"], ["orders", "payments"], []]))
    def somebody_subscribes(self, index, topics):
        client = self.client(index)
        if client is not None:
            client.topics, client.regex = topics, None if topics else "(orders|pay.*)"

    @rule(index=st.integers(0, 5), is_sluggish=st.booleans())
    def somebody_is_slow_to_give_up(self, index, is_sluggish):
        client = self.client(index)
        if client is not None:
            client.is_sluggish = is_sluggish

    def beat(self, client, *, is_lost=False):
        if not client.is_sluggish:
            client.owned &= client.assigned
        joins = client.epoch == 0
        if joins:
            client.owned, client.assigned = set(), set()
        topics = {}
        for topic_id, partition in client.owned:
            topics.setdefault(topic_id, []).append(partition)
        request = ConsumerGroupHeartbeatRequest(
            group_id="g",
            member_id=client.member_id,
            member_epoch=client.epoch,
            instance_id=client.instance,
            rebalance_timeout_ms=20_000,
            subscribed_topic_names=client.topics,
            subscribed_topic_regex=client.regex or "",
            topic_partitions=[
                ConsumerGroupHeartbeatRequestTopicPartitions(topic_id=topic_id, partitions=partitions)
                for topic_id, partitions in topics.items()
            ],
        )
        reply = self.world.engine.submit(GroupShard.consumer_heartbeat, CLIENT, request)
        assert reply.done
        if is_lost:
            return
        if reply.error is not None:
            self.refused(client, reply.error.code)
            return
        answer = reply.value
        assert answer.member_epoch >= client.epoch
        client.epoch = answer.member_epoch
        if answer.assignment is not None:
            client.assigned = {(t.topic_id, p) for t in answer.assignment.topic_partitions for p in t.partitions}
            kept = client.owned if client.is_sluggish else client.owned & client.assigned
            client.owned = kept | client.assigned

    def refused(self, client, code):
        assert code in (
            ErrorCode.UNKNOWN_MEMBER_ID,
            ErrorCode.FENCED_MEMBER_EPOCH,
            ErrorCode.FENCED_INSTANCE_ID,
            ErrorCode.UNRELEASED_INSTANCE_ID,
            ErrorCode.GROUP_ID_NOT_FOUND,
            ErrorCode.COORDINATOR_NOT_AVAILABLE,
        )
        if code != ErrorCode.COORDINATOR_NOT_AVAILABLE:
            client.epoch, client.owned, client.assigned = 0, set(), set()

    @rule(index=st.integers(0, 5), offset=st.integers(0, 1_000))
    def commit(self, index, offset):
        client = self.client(index)
        if client is None or not client.owned:
            return
        topic_id, partition = sorted(client.owned)[offset % len(client.owned)]
        known = self.world.image.topics_by_id.get(topic_id)
        if known is None:
            return
        partitions = [OffsetCommitRequestPartition(partition_index=partition, committed_offset=offset)]
        topics = [OffsetCommitRequestTopic(name=known.name, topic_id=topic_id, partitions=partitions)]
        request = OffsetCommitRequest(
            group_id="g", generation_id_or_member_epoch=client.epoch, member_id=client.member_id, topics=topics
        )
        reply = self.world.engine.submit(GroupShard.commit_offsets, request)
        if reply.error is None:
            self.committed[known.name, partition] = offset

    @rule(index=st.integers(0, 5), way=st.sampled_from(["says so", "for a while", "dies"]))
    def somebody_leaves(self, index, way):
        client = self.client(index)
        if client is None:
            return
        self.clients.remove(client)
        if way == "dies" or client.epoch == 0:
            return
        epoch = -2 if way == "for a while" and client.instance else -1
        request = ConsumerGroupHeartbeatRequest(
            group_id="g", member_id=client.member_id, member_epoch=epoch, instance_id=client.instance
        )
        self.world.engine.submit(GroupShard.consumer_heartbeat, CLIENT, request)

    # -- the world -------------------------------------------------------------------------------------------

    @rule(ms=st.sampled_from([500, 5_000, 12_000, 25_000]))
    def time_passes(self, ms):
        """Clients that say nothing for so long find out that they are out; they stop consuming by then."""
        self.world.advance(ms)
        if ms >= VALUES["consumer.session.timeout.ms"]:
            for client in self.clients:
                client.owned, client.assigned = set(), set()

    @rule(orders=st.sampled_from([3, 4, 6]), payments=st.sampled_from([0, 2, 3]))
    def topics_change(self, orders, payments):
        """They grow, and payments come and go."""
        counts = {"orders": max(orders, self.counts["orders"])}
        if payments:
            counts["payments"] = max(payments, self.counts.get("payments", 0))
        self.counts = counts
        self.world.set_topics(**counts)

    @rule(really=st.sampled_from([False, False, True]))
    def the_coordinator_restarts(self, really):
        if really:
            self.world.journal.error = None
            self.world.restart()

    @rule(fails=st.sampled_from([False, False, True]))
    def appends_fail_or_not(self, fails):
        self.world.journal.error = KafkaError(ErrorCode.NOT_ENOUGH_REPLICAS) if fails else None

    # -- what must hold --------------------------------------------------------------------------------------

    @invariant()
    def no_partition_is_owned_twice(self):
        """By what the coordinator says, which includes what has not been given up."""
        if self.group is None:
            return
        owned = [
            (topic_id, partition)
            for member in self.group.members.values()
            for part in (member.current.assigned, member.current.revoking)
            for topic_id, partitions in part.items()
            for partition in partitions
        ]
        assert len(owned) == len(set(owned))
        assert set(owned) == set(self.group.partition_epochs)

    @invariant()
    def no_two_living_members_consume_the_same(self):
        """By what the clients do: those in a current epoch."""
        members = self.group.members if self.group is not None else {}
        current = [
            each
            for each in self.clients
            if each.member_id in members and members[each.member_id].current.member_epoch == each.epoch > 0
        ]
        consumed = [pair for each in current for pair in each.owned]
        assert len(consumed) == len(set(consumed))

    @invariant()
    def epochs_go_up(self):
        if self.group is None:
            self.epoch = 0
            return
        assert self.group.epoch >= self.epoch
        assert self.group.assignment_epoch <= self.group.epoch
        assert all(each.current.member_epoch <= self.group.assignment_epoch for each in self.group.members.values())
        self.epoch = self.group.epoch

    @invariant()
    def the_log_is_the_state(self):
        copy = self.world.loaded_copy()
        assert hard(copy) == hard(self.world.shard)

    @invariant()
    def no_committed_offset_is_lost(self):
        live = self.world.shard.offsets.of_group("g")
        found = {(t, p): each.offset for t, partitions in live.items() for p, each in partitions.items()}
        assert found == self.committed

    def teardown(self):
        """Left alone with its living members, the group becomes stable, and everything has an owner."""
        self.world.journal.error = None
        for client in self.clients:
            client.is_sluggish = False
        for _ in range(30):
            for client in self.clients:
                self.beat(client)
            self.world.advance(1_000)
        if self.group is None or not self.clients:
            return
        living = {each.member_id for each in self.clients if each.epoch > 0}
        assert self.group.members.keys() == living
        assert self.group.state_name == ("Stable" if living else "Empty")
        topics = self.world.image.topics
        wanted = set()
        for client in self.clients:
            names = client.topics if client.regex is None else list(topics)
            if client.epoch > 0:
                wanted |= {topics[name].topic_id for name in names if name in topics}
        expected = {(t, p) for t in wanted for p in range(len(self.world.image.topics_by_id[t].partitions))}
        assert set(self.group.partition_epochs) == expected


def hard(shard):
    """All of a shard's groups."""
    return {
        group.group_id: (
            group.epoch,
            group.metadata_hash,
            group.assignment_epoch,
            group.assignment_timestamp_ms,
            {each.member_id: (each.subscription, each.current) for each in group.members.values()},
            group.static_members,
            group.targets,
            group.partition_epochs,
            group.resolved_regexes,
        )
        for group in shard.groups.values()
    }


TestConsumerGroupLife = ConsumerGroupLife.TestCase
TestConsumerGroupLife.settings = settings(max_examples=12, stateful_step_count=40, derandomize=True, deadline=None)


@pytest.mark.slow
class TestManyConsumerGroupLives(ConsumerGroupLife.TestCase):
    """The same, longer and more often."""

    settings = settings(max_examples=400, stateful_step_count=60, derandomize=True, deadline=None)
