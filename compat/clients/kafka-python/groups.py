"""Consumer groups: sharing, taking over, resuming, lag."""

import contextlib

from common import (
    QUICK,
    VERSION,
    Member,
    consumer,
    drain,
    needs,
    new_topic,
    partition_zero,
    producer,
    send_all,
    take,
)
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata
from tap import (
    BOOTSTRAP,
    Child,
    crash_broker,
    equal,
    require_control,
    restart_broker,
    role,
    story,
    tell_parent,
    unique,
    wait_until,
)

FOUR = [0, 1, 2, 3]


@role
def killable_member(topic, group, options):
    """A member in a process of its own; it says what it owns whenever that changes, and what it reads."""
    settings = dict(QUICK, bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest")
    settings.update(options)
    client = KafkaConsumer(topic, **settings)
    owned = None
    while True:
        for batch in client.poll(timeout_ms=300).values():
            for message in batch:
                tell_parent("read", message.partition, message.offset)
        now = sorted(p.partition for p in client.assignment())
        if now != owned:
            owned = now
            tell_parent("owns", *owned)


def owns(count):
    """Among the lines of a killable member: the last thing that it said is that it owns so many partitions."""
    return lambda lines: bool(lines) and lines[-1].startswith("owns") and len(lines[-1].split()) == 1 + count


@story
def two_members_split_and_take_over():
    """Two members share four partitions; when one dies without a word, the other has all of them, and reads on."""
    topic, group = new_topic("shared", partitions=4), unique("group")
    with Member(topic, group_id=group) as survivor, Child("killable_member", topic, group, {}) as other:
        other.wait_for(owns(2))
        mine = survivor.wait_owned(lambda owned: len(owned) == 2, "half of the partitions")
        theirs = [int(word) for word in other.lines[-1].split()[1:]]
        equal(sorted(mine + theirs), FOUR)

        other.kill()
        survivor.wait_owned(lambda owned: owned == FOUR, "all partitions after the other died")
        with producer() as client:
            for partition in FOUR:
                client.send(topic, b"%d" % partition, partition=partition)
        equal({m.partition for m in survivor.wait_records(4)}, set(FOUR))


@story
def member_leaves_cleanly():
    """A member that closes hands its partitions over at once, not at the end of its session."""
    topic, group = new_topic("leaving", partitions=2), unique("group")
    patient = {"group_id": group, "session_timeout_ms": 30000}
    with Member(topic, **patient) as stays, Member(topic, **patient) as leaves:
        leaves.wait_owned(lambda owned: len(owned) == 1, "one partition")
        stays.wait_owned(lambda owned: len(owned) == 1, "one partition")
        leaves.leave()
        stays.wait_owned(lambda owned: owned == [0, 1], "both partitions", timeout_s=10)


@story
def commit_and_resume():
    """A second consumer of the group begins where the first one committed."""
    topic, group = new_topic("resume"), unique("group")
    send_all(topic, [b"%d" % i for i in range(10)])
    with consumer(topic, group_id=group, enable_auto_commit=False, max_poll_records=4) as first:
        equal([m.value for m in take(first, 4)], [b"0", b"1", b"2", b"3"])
        first.commit()
        take(first, 4)  # read, never committed

    equal(drain(topic, group), [b"%d" % i for i in range(4, 10)])


@story
def commit_with_metadata():
    """Explicit offsets and their metadata strings come back; partitions without a commit have none."""
    topic, group = new_topic("metadata", partitions=2), unique("group")
    with consumer(group_id=group, enable_auto_commit=False) as client:
        committed = OffsetAndMetadata(5, "half way", -1) if VERSION >= (3, 0, 0) else OffsetAndMetadata(5, "half way")
        client.commit({partition_zero(topic): committed})
        equal(client.committed(partition_zero(topic)), 5)
        equal(client.committed(TopicPartition(topic, 1)), None)
        if VERSION >= (2, 0, 0):
            equal(client.committed(partition_zero(topic), metadata=True).metadata, "half way")


@story
def resume_after_broker_restart():
    """Topic, records and committed offset outlive the consumer and the broker."""
    require_control()
    topic, group = new_topic("durable"), unique("group")
    send_all(topic, [b"%d" % i for i in range(10)])
    with consumer(topic, group_id=group, enable_auto_commit=False, max_poll_records=6) as client:
        take(client, 6)
        client.commit()

    restart_broker()
    equal(drain(topic, group), [b"6", b"7", b"8", b"9"])
    equal(send_all(topic, [b"10"]), [10])


@story
def broker_crash_keeps_what_was_acknowledged():
    """A broker that is killed and comes back has every acknowledged record and offset, and goes on where it was."""
    require_control()
    topic, group = new_topic("crash"), unique("group")
    equal(send_all(topic, [b"%d" % i for i in range(200)], acks="all"), list(range(200)))
    with consumer(topic, group_id=group, enable_auto_commit=False, max_poll_records=150) as client:
        take(client, 150)
        client.commit()

    crash_broker()
    equal(drain(topic, group), [b"%d" % i for i in range(150, 200)])
    equal(send_all(topic, [b"200"], acks="all"), [200])


@story
def consumer_survives_broker_restart():
    """A running consumer finds the broker again and reads on, without losing or repeating."""
    require_control()
    topic, group = new_topic("survivor"), unique("group")
    send_all(topic, [b"0", b"1"])
    with consumer(topic, group_id=group, **QUICK) as client:
        equal([m.value for m in take(client, 2)], [b"0", b"1"])
        client.commit()
        restart_broker()
        send_all(topic, [b"2"])
        equal([m.value for m in take(client, 1)], [b"2"])


@story
def many_groups():
    """Ten groups read the same topic, each of them everything."""
    topic = new_topic("many")
    send_all(topic, [b"%d" % i for i in range(20)])
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(consumer(topic, group_id=unique("group"))) for _ in range(10)]
        for client in clients:
            equal([int(m.value) for m in take(client, 20)], list(range(20)))


@story
def consumer_lag():
    """Lag is the log's end minus the committed offset, and both are there for anybody to read."""
    topic, group = new_topic("lag", partitions=2), unique("group")
    partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    with producer() as client:
        for i in range(30):
            client.send(topic, b"%d" % i, partition=i % 2)
    with consumer(topic, group_id=group, enable_auto_commit=False, max_poll_records=10) as client:
        take(client, 10)
        client.commit()

    with consumer(group_id=group, enable_auto_commit=False) as watcher:
        ends = watcher.end_offsets(partitions)
        equal(ends, {partitions[0]: 15, partitions[1]: 15})
        lag = sum(ends[p] - (watcher.committed(p) or 0) for p in partitions)
        equal(lag, 20)


@story
def pattern_subscription():
    """A consumer that subscribes by pattern has the topics that match, and finds one that is created later."""
    prefix, group = unique("pattern"), unique("group")
    first = new_topic(prefix + "-a")
    new_topic(unique("other"))
    member = Member(group_id=group, metadata_max_age_ms=500)
    member.client.subscribe(pattern="^%s-.*" % prefix)
    with member:
        wait_until(lambda: topics_owned(member) == {first}, "the first topic")
        second = new_topic(prefix + "-b")
        wait_until(lambda: topics_owned(member) == {first, second}, "the second topic")


def topics_owned(member):
    return {partition.topic for partition in member.client.assignment()}


@story
def static_member():
    """A member with a group.instance.id that dies and comes back within its session keeps its partitions, without a rebalance."""
    needs((3, 0, 0), "static membership")
    topic, group = new_topic("static", partitions=2), unique("group")
    returning = {"group_instance_id": "worker-1", "session_timeout_ms": 30000}
    with Member(topic, group_id=group, group_instance_id="worker-2", session_timeout_ms=30000) as stays:
        with Child("killable_member", topic, group, returning) as first:
            first.wait_for(owns(1))
            stays.wait_owned(lambda owned: len(owned) == 1, "one partition each")
            last_words, generation = first.lines[-1], stays.client.group_metadata().generation_id
        with Child("killable_member", topic, group, returning) as second:  # the first died at the end of its block
            second.wait_for(last_words)
            equal(len(stays.owned()), 1)
            equal(stays.client.group_metadata().generation_id, generation, "generation after the return")


@story
def cooperative_rebalance():
    """With the cooperative protocol a member keeps reading what it keeps, and never lets go of it."""
    needs((3, 0, 0), "cooperative assignor")
    from kafka import ConsumerRebalanceListener
    from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

    class Watch(ConsumerRebalanceListener):
        revoked = []

        def on_partitions_revoked(self, revoked):
            self.revoked.extend(p.partition for p in revoked)

        def on_partitions_assigned(self, assigned):
            pass

    topic, group, watch = new_topic("cooperative", partitions=4), unique("group"), Watch()
    options = {"partition_assignment_strategy": [CooperativeStickyAssignor], "group_id": group}
    first = Member(**options)
    first.client.subscribe([topic], listener=watch)
    with first:
        first.wait_owned(lambda owned: owned == FOUR, "all partitions")
        with Member(topic, **options) as second:
            second.wait_owned(lambda owned: len(owned) == 2, "half of the partitions")
            kept = first.wait_owned(lambda owned: len(owned) == 2, "half of the partitions")
            equal(sorted(watch.revoked + kept), FOUR, "only what moved was revoked")
            equal(sorted(kept + second.owned()), FOUR)


@story
def latest_sees_only_new():
    """auto_offset_reset=latest begins at the end, and misses nothing that is sent after the assignment."""
    topic, group = new_topic("latest"), unique("group")
    send_all(topic, [b"old"])
    with consumer(topic, group_id=group, auto_offset_reset="latest") as client:
        wait_until(lambda: client.poll(timeout_ms=300) or client.assignment(), "the assignment")
        client.position(partition_zero(topic))
        send_all(topic, [b"new"])
        equal([m.value for m in take(client, 1)], [b"new"])


@story
def autocommit_while_running():
    """Auto-commit happens on its interval, not only at close: a killed consumer has committed what it read."""
    topic, group = new_topic("autocommit"), unique("group")
    send_all(topic, [b"%d" % i for i in range(5)])
    with Child("killable_member", topic, group, {"auto_commit_interval_ms": 200}) as doomed:
        doomed.wait_for("read 0 4")
        with consumer(group_id=group, enable_auto_commit=False) as watcher:
            wait_until(lambda: watcher.committed(partition_zero(topic)) == 5, "the commit")
