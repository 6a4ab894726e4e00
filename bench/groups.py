"""What a turn of the group coordinator costs, without the log and the network: medians in microseconds.

    PYTHONPATH=src python bench/groups.py [--rounds 7]

Heartbeat, OffsetCommit and OffsetFetch of one partition, and ConsumerGroupHeartbeat (KIP-848), go through
engine and shard to their answer; the journal counts records and throws them away. Then: how long 10,000
committed offsets and 1,000 groups take to load, what a rebalance of fifty members costs, and what 1,000
groups of one member each cost per second while they idle (a heartbeat every 3 s).
"""

import argparse
import itertools
import statistics
import time
import tracemalloc

from pykbroker.bell import Bell
from pykbroker.coordinator.group_config import CONSUMER_DEFAULTS, ClientIdentity, GroupConfig
from pykbroker.coordinator.group_shard import GroupShard
from pykbroker.machine.engine import Engine
from pykbroker.machine.memory_journal import MemoryJournal
from pykbroker.machine.timers import Timers
from pykbroker.metadata.image import EMPTY_IMAGE, MetadataImage, PartitionImage, TopicImage
from pykbroker.wire.messages.consumer_groups import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatRequestTopicPartitions,
)
from pykbroker.wire.messages.groups import (
    HeartbeatRequest,
    JoinGroupRequest,
    JoinGroupRequestProtocol,
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

CLIENT = ClientIdentity("bench", "/127.0.0.1")
SUBSCRIPTION = b"\0\0\0\0\0\1\0\6orders\xff\xff\xff\xff"


class Nowhere:
    """A journal that commits everything and keeps nothing."""

    def __init__(self):
        self.bell = Bell()
        self.committed_offset = 0

    def append(self, records, producer_id, producer_epoch):
        self.committed_offset += len(records)
        return self.committed_offset


class Bench:
    """One shard."""

    def __init__(self, journal=None, image=EMPTY_IMAGE):
        self.config = config = GroupConfig()
        config.initial_rebalance_delay_ms = 0
        ids = itertools.count()
        self.now_ms = 0
        self.timers = Timers()
        self.journal = journal or MemoryJournal()
        self.make = lambda: GroupShard(config, lambda: f"{next(ids):032}", lambda: image)
        self.engine = Engine(self.make(), self.journal, self.timers, lambda: self.now_ms)
        self.engine.activate()

    def join(self, group, member=""):
        protocol = JoinGroupRequestProtocol(name="range", metadata=SUBSCRIPTION)
        request = JoinGroupRequest(
            group_id=group,
            session_timeout_ms=45_000,
            rebalance_timeout_ms=300_000,
            member_id=member,
            protocol_type="consumer",
            protocols=[protocol],
        )
        return self.engine.submit(GroupShard.join, CLIENT, request, id_is_required=False)

    def sync(self, group, member, generation, assignments=()):
        request = SyncGroupRequest(
            group_id=group,
            generation_id=generation,
            member_id=member,
            assignments=[SyncGroupRequestAssignment(member_id=each, assignment=b"x" * 40) for each in assignments],
        )
        return self.engine.submit(GroupShard.sync, request)

    def one_member(self, group):
        member = self.join(group).result().member_id
        self.sync(group, member, 1, [member])
        return member

    def beat(self, member, owned, epochs):
        """One heartbeat of a client that does as it is told."""
        joins = member not in epochs
        request = ConsumerGroupHeartbeatRequest(
            group_id="g",
            member_id=member,
            member_epoch=epochs.get(member, 0),
            rebalance_timeout_ms=60_000 if joins else -1,
            subscribed_topic_names=["orders"] if joins else None,
            topic_partitions=[] if joins else owned.get(member),
        )
        answer = self.engine.submit(GroupShard.consumer_heartbeat, CLIENT, request).result()
        epochs[member] = answer.member_epoch
        if answer.assignment is not None:
            owned[member] = [
                ConsumerGroupHeartbeatRequestTopicPartitions(topic_id=each.topic_id, partitions=each.partitions)
                for each in answer.assignment.topic_partitions
            ]


def commit_request(group, member="", generation=-1, partition=0):
    partition = OffsetCommitRequestPartition(partition_index=partition, committed_offset=7, committed_metadata="")
    topic = OffsetCommitRequestTopic(name="orders", partitions=[partition])
    return OffsetCommitRequest(
        group_id=group, generation_id_or_member_epoch=generation, member_id=member, topics=[topic]
    )


def microseconds(function, rounds, count=5_000):
    """The median over rounds of what one call takes."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(count):
            function()
        taken.append((time.perf_counter() - start) / count * 1e6)
    return statistics.median(taken)


def turns(rounds):
    bench = Bench(Nowhere())
    member = bench.one_member("g")
    submit = bench.engine.submit
    heartbeat = HeartbeatRequest(group_id="g", generation_id=1, member_id=member)
    commit = commit_request("g", member, 1)
    topic = OffsetFetchRequestTopics(name="orders", partition_indexes=[0])
    fetch = OffsetFetchRequestGroup(group_id="g", topics=[topic])
    yield "Heartbeat", microseconds(lambda: submit(GroupShard.heartbeat, heartbeat), rounds)
    yield "OffsetCommit, 1 partition", microseconds(lambda: submit(GroupShard.commit_offsets, commit), rounds)
    yield "OffsetFetch, 1 partition", microseconds(lambda: submit(GroupShard.fetch_offsets, fetch), rounds)


def consumer_group(rounds, members=10, partitions=100):
    """A heartbeat of a stable member, and how long a group takes from its first heartbeat to a stable one."""
    topic = TopicImage("orders", b"o" * 16, tuple(PartitionImage(i, 1, 0, 0, (1,), (1,)) for i in range(partitions)))
    image = MetadataImage(topics={"orders": topic}, topics_by_id={topic.topic_id: topic})
    values = {**CONSUMER_DEFAULTS, "consumer.assignment.interval.ms": 0}
    taken = []
    for _ in range(rounds):
        bench = Bench(Nowhere(), image)
        bench.config.group_values = lambda group_id: values
        owned, epochs = {}, {}
        start = time.perf_counter()
        for index in range(members):
            bench.beat(f"m{index}", owned, epochs)
            for known in range(index + 1):
                for _ in range(2):
                    bench.beat(f"m{known}", owned, epochs)
        taken.append((time.perf_counter() - start) * 1e3)
    request = ConsumerGroupHeartbeatRequest(group_id="g", member_id="m0", member_epoch=epochs["m0"])
    submit = bench.engine.submit
    beat = microseconds(lambda: submit(GroupShard.consumer_heartbeat, CLIENT, request), rounds)
    return beat, statistics.median(taken)


def rebalance(rounds, size=50):
    bench = Bench(Nowhere())
    members = [bench.join("g").result().member_id]
    generation = 1
    for _ in range(size - 1):
        bench.sync("g", members[0], generation, members)
        new = bench.join("g")
        for member in members:
            bench.join("g", member)
        members.append(new.result().member_id)
        generation += 1
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        bench.sync("g", members[0], generation, members)
        for member in members:
            bench.join("g", member)
        generation += 1
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken)


def loading(rounds, write):
    bench = Bench()
    write(bench)
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        engine = Engine(bench.make(), bench.journal, Timers(), lambda: 0)
        engine.load(bench.journal.logged)
        engine.activate()
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken)


def write_offsets(bench):
    for group in range(100):
        for partition in range(100):
            bench.engine.submit(GroupShard.commit_offsets, commit_request(f"g{group}", partition=partition))


def write_groups(bench):
    for group in range(1_000):
        bench.one_member(f"g{group}")


def idling():
    """Processor time of a minute in the life of 1,000 groups, as a share of one core; and what a group
    weighs."""
    bench = Bench()
    tracemalloc.start()
    members = {f"g{index}": bench.one_member(f"g{index}") for index in range(1_000)}
    weight = tracemalloc.get_traced_memory()[0] / len(members)
    tracemalloc.stop()
    heartbeats = [HeartbeatRequest(group_id=g, generation_id=1, member_id=m) for g, m in members.items()]
    start = time.perf_counter()
    for _ in range(20):
        bench.now_ms += 3_000
        bench.timers.run_due(bench.now_ms)
        for request in heartbeats:
            bench.engine.submit(GroupShard.heartbeat, request)
    return (time.perf_counter() - start) / 60, weight


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    for name, taken in turns(rounds):
        print(f"{name:36} {taken:8.2f} µs")
    beat, stable = consumer_group(rounds)
    print(f"{'ConsumerGroupHeartbeat, stable':36} {beat:8.2f} µs")
    print(f"{'10 members over 100 partitions':36} {stable:8.2f} ms of heartbeats until stable")
    print(f"{'rebalance of 50 members':36} {rebalance(rounds):8.2f} ms")
    print(f"{'load 10,000 offsets':36} {loading(rounds, write_offsets):8.2f} ms")
    print(f"{'load 1,000 groups':36} {loading(rounds, write_groups):8.2f} ms")
    share, weight = idling()
    print(f"{'1,000 idle groups':36} {share:8.2%} of a core")
    print(f"{'a group of one member, with its log':36} {weight:8.0f} bytes")


if __name__ == "__main__":
    main()
