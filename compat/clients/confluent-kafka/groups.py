"""Consumer groups: sharing, taking over, resuming, lag."""

import contextlib

from common import (
    QUICK,
    QUIET,
    TIMEOUT_S,
    VERSION,
    Member,
    consumer,
    drain,
    needs,
    new_topic,
    producer,
    send_all,
    take,
)
from confluent_kafka import OFFSET_INVALID, Consumer, TopicPartition
from tap import (
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
    settings = dict(QUIET, **QUICK)
    settings.update({"group.id": group, "auto.offset.reset": "earliest"}, **options)
    client = Consumer(settings)
    client.subscribe([topic])
    owned = None
    while True:
        message = client.poll(0.1)
        if message is not None and message.error() is None:
            tell_parent("read", message.partition(), message.offset())
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
    with Member([topic], group_id=group) as survivor, Child("killable_member", topic, group, {}) as other:
        other.wait_for(owns(2))
        mine = survivor.wait_owned(lambda owned: len(owned) == 2, "half of the partitions")
        theirs = [int(word) for word in other.lines[-1].split()[1:]]
        equal(sorted(mine + theirs), FOUR)

        other.kill()
        survivor.wait_owned(lambda owned: owned == FOUR, "all partitions after the other died")
        p = producer()
        for partition in FOUR:
            p.produce(topic, b"%d" % partition, partition=partition)
        p.flush(TIMEOUT_S)
        equal({m.partition() for m in survivor.wait_records(4)}, set(FOUR))


@story
def member_leaves_cleanly():
    """A member that closes hands its partitions over at once, not at the end of its session."""
    topic, group = new_topic("leaving", partitions=2), unique("group")
    patient = {"group_id": group, "session_timeout_ms": 30000}
    with Member([topic], **patient) as stays, Member([topic], **patient) as leaves:
        leaves.wait_owned(lambda owned: len(owned) == 1, "one partition")
        stays.wait_owned(lambda owned: len(owned) == 1, "one partition")
        leaves.leave()
        stays.wait_owned(lambda owned: owned == [0, 1], "both partitions", timeout_s=10)


@story
def commit_and_resume():
    """A second consumer of the group begins where the first one committed."""
    topic, group = new_topic("resume"), unique("group")
    send_all(topic, [b"%d" % i for i in range(10)])
    with consumer(group_id=group, enable_auto_commit=False) as first:
        first.subscribe([topic])
        equal([m.value() for m in take(first, 4)], [b"0", b"1", b"2", b"3"])
        first.commit(asynchronous=False)
        take(first, 4)  # read, never committed
    equal(drain(topic, group), [b"%d" % i for i in range(4, 10)])


@story
def commit_with_metadata():
    """Explicit offsets and their metadata strings come back; partitions without a commit have none."""
    topic, group = new_topic("metadata", partitions=2), unique("group")
    try:
        offset = TopicPartition(topic, 0, 5, metadata="half way")
    except TypeError:
        offset = TopicPartition(topic, 0, 5)
    with consumer(group_id=group, enable_auto_commit=False) as client:
        client.commit(offsets=[offset], asynchronous=False)
        found = client.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], timeout=TIMEOUT_S)
        equal([p.offset for p in found], [5, OFFSET_INVALID])
        if getattr(offset, "metadata", None):
            equal(found[0].metadata, "half way")


@story
def resume_after_broker_restart():
    """Topic, records and committed offset outlive the consumer and the broker."""
    require_control()
    topic, group = new_topic("durable"), unique("group")
    send_all(topic, [b"%d" % i for i in range(10)])
    with consumer(group_id=group, enable_auto_commit=False) as client:
        client.subscribe([topic])
        take(client, 6)
        client.commit(asynchronous=False)
    restart_broker()
    equal(drain(topic, group), [b"6", b"7", b"8", b"9"])
    equal(send_all(topic, [b"10"]), [10])


@story
def broker_crash_keeps_what_was_acknowledged():
    """A broker that is killed and comes back has every acknowledged record and offset, and goes on where it was."""
    require_control()
    topic, group = new_topic("crash"), unique("group")
    equal(send_all(topic, [b"%d" % i for i in range(200)], acks="all"), list(range(200)))
    with consumer(group_id=group, enable_auto_commit=False) as client:
        client.subscribe([topic])
        take(client, 150)
        client.commit(asynchronous=False)
    crash_broker()
    equal(drain(topic, group), [b"%d" % i for i in range(150, 200)])
    equal(send_all(topic, [b"200"], acks="all"), [200])


@story
def consumer_survives_broker_restart():
    """A running consumer finds the broker again and reads on, without losing or repeating."""
    require_control()
    topic, group = new_topic("survivor"), unique("group")
    send_all(topic, [b"0", b"1"])
    with Member([topic], group_id=group, reconnect_backoff_max_ms=500) as member:
        member.wait_records(2)
        restart_broker()
        send_all(topic, [b"2"])
        equal([m.value() for m in member.wait_records(3)], [b"0", b"1", b"2"])


@story
def many_groups():
    """Ten groups read the same topic, each of them everything."""
    topic = new_topic("many")
    send_all(topic, [b"%d" % i for i in range(20)])
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(consumer(group_id=unique("group"))) for _ in range(10)]
        for client in clients:
            client.subscribe([topic])
        for client in clients:
            equal([int(m.value()) for m in take(client, 20)], list(range(20)))


@story
def consumer_lag():
    """Lag is the log's end minus the committed offset, and both are there for anybody to read."""
    topic, group = new_topic("lag", partitions=2), unique("group")
    p = producer()
    for i in range(30):
        p.produce(topic, b"%d" % i, partition=i % 2)
    p.flush(TIMEOUT_S)
    with consumer(group_id=group, enable_auto_commit=False) as client:
        client.subscribe([topic])
        take(client, 10)
        client.commit(asynchronous=False)

    with consumer(group_id=group) as watcher:
        lag = 0
        for committed in watcher.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], timeout=TIMEOUT_S):
            _, end = watcher.get_watermark_offsets(committed, timeout=TIMEOUT_S)
            equal(end, 15)
            lag += end - max(committed.offset, 0)
        equal(lag, 20)


@story
def pattern_subscription():
    """A consumer that subscribes by pattern has the topics that match, and finds one that is created later."""
    prefix, group = unique("pattern"), unique("group")
    first = new_topic(prefix + "-a")
    new_topic(unique("other"))
    with Member(["^%s-.*" % prefix], group_id=group, topic_metadata_refresh_interval_ms=300) as member:
        wait_until(lambda: member.topics_owned() == {first}, "the first topic")
        second = new_topic(prefix + "-b")
        wait_until(lambda: member.topics_owned() == {first, second}, "the second topic")


@story
def static_member():
    """A member with a group.instance.id that dies and comes back within its session keeps its partitions, without a rebalance."""
    topic, group = new_topic("static", partitions=2), unique("group")
    returning = {"group.instance.id": "worker-1", "session.timeout.ms": 30000}
    rebalances = []
    with Member([topic], group_id=group, group_instance_id="worker-2", session_timeout_ms=30000,
                on_revoke=lambda client, partitions: rebalances.append(partitions)) as stays:
        with Child("killable_member", topic, group, returning) as first:
            first.wait_for(owns(1))
            stays.wait_owned(lambda owned: len(owned) == 1, "one partition each")
            last_words, before = first.lines[-1], len(rebalances)
        with Child("killable_member", topic, group, returning) as second:  # the first died at the end of its block
            second.wait_for(last_words)
            equal(len(stays.owned()), 1)
            equal(len(rebalances), before, "rebalances seen by the one that stayed")


@story
def cooperative_rebalance():
    """With the cooperative protocol a member keeps reading what it keeps, and never lets go of it."""
    topic, group = new_topic("cooperative", partitions=4), unique("group")
    options = {"partition_assignment_strategy": "cooperative-sticky", "group_id": group}
    revoked = []

    def on_revoke(client, partitions):
        revoked.extend(p.partition for p in partitions)
        client.incremental_unassign(partitions)

    with Member([topic], on_revoke=on_revoke, **options) as first:
        first.wait_owned(lambda owned: owned == FOUR, "all partitions")
        with Member([topic], **options) as second:
            second.wait_owned(lambda owned: len(owned) == 2, "half of the partitions")
            kept = first.wait_owned(lambda owned: len(owned) == 2, "half of the partitions")
            equal(sorted(revoked + kept), FOUR, "only what moved was revoked")
            equal(sorted(kept + second.owned()), FOUR)


@story
def consumer_protocol_848():
    """The same with group.protocol=consumer: the broker assigns, and takes away no more than must move."""
    needs(VERSION >= (2, 12, 0), "group.protocol=consumer")
    topic, group = new_topic("next-generation", partitions=4), unique("group")

    with Member([topic], group_id=group, group_protocol="consumer") as first:
        first.wait_owned(lambda owned: owned == FOUR, "all partitions")
        with Member([topic], group_id=group, group_protocol="consumer") as second:
            second.wait_owned(lambda owned: len(owned) == 2, "half of the partitions")
            kept = first.wait_owned(lambda owned: len(owned) == 2, "half of the partitions")
            equal(sorted(kept + second.owned()), FOUR)
        first.wait_owned(lambda owned: owned == FOUR, "all partitions again")
