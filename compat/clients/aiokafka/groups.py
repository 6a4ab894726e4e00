"""Consumer groups: sharing, taking over, resuming, lag."""

import asyncio
import contextlib

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.structs import OffsetAndMetadata
from common import (
    QUICK,
    consumer,
    drain,
    new_topic,
    owned,
    partition_zero,
    producer,
    send_all,
    story,
    take,
    wait_until,
)
from tap import BOOTSTRAP, Child, equal, require_control, restart_broker, role, tell_parent, unique

FOUR = [0, 1, 2, 3]


@role
def killable_member(topic, group, options):
    """A member in a process of its own; it says what it owns whenever that changes, and what it reads."""

    async def live():
        settings = {**QUICK, "group_id": group, **options}
        async with consumer(topic, **settings) as client:
            last = None
            while True:
                for batch in (await client.getmany(timeout_ms=100)).values():
                    for message in batch:
                        tell_parent("read", message.partition, message.offset)
                if owned(client) != last:
                    last = owned(client)
                    tell_parent("owns", *last)

    asyncio.run(live())


async def child_owns(child, count):
    """Waits until the last thing that a killable member said is that it owns so many partitions; returns them."""

    def numbers():
        words = child.lines[-1].split() if child.lines else []
        return words[1:] if words[:1] == ["owns"] and len(words) == 1 + count else None

    return [int(number) for number in await wait_until(numbers, f"{count} partitions of the other: {child.lines}")]


@story
async def two_members_split_and_take_over():
    """Two members share four partitions; when one dies without a word, the other has all of them, and reads on."""
    topic, group = await new_topic("shared", partitions=4), unique("group")
    async with consumer(topic, group_id=group, **QUICK) as survivor:
        with Child("killable_member", topic, group, {}) as other:
            theirs = await child_owns(other, 2)
            await wait_until(lambda: len(owned(survivor)) == 2, "half of the partitions")
            equal(sorted(theirs + owned(survivor)), FOUR)
        await wait_until(lambda: owned(survivor) == FOUR, "all partitions after the other died")
        async with producer() as client:
            for partition in FOUR:
                await client.send_and_wait(topic, b"%d" % partition, partition=partition)
        equal({m.partition for m in await take(survivor, 4)}, set(FOUR))


@story
async def member_leaves_cleanly():
    """A member that stops hands its partitions over at once, not at the end of its session."""
    topic, group = await new_topic("leaving", partitions=2), unique("group")
    patient = {"group_id": group, "session_timeout_ms": 30000, "heartbeat_interval_ms": 300}
    async with consumer(topic, **patient) as stays:
        async with consumer(topic, **patient) as leaves:
            await wait_until(lambda: len(owned(leaves)) == len(owned(stays)) == 1, "one partition each")
        await wait_until(lambda: owned(stays) == [0, 1], "both partitions", timeout_s=10)


@story
async def commit_and_resume():
    """A second consumer of the group begins where the first one committed."""
    topic, group = await new_topic("resume"), unique("group")
    await send_all(topic, [b"%d" % i for i in range(10)])
    async with consumer(topic, group_id=group, enable_auto_commit=False) as first:
        equal([m.value for m in await take(first, 4)], [b"0", b"1", b"2", b"3"])
        await first.commit()
        await take(first, 4)  # read, never committed
    equal(await drain(topic, group), [b"%d" % i for i in range(4, 10)])


@story
async def commit_with_metadata():
    """Explicit offsets and their metadata come back; partitions without a commit have none."""
    topic, group = await new_topic("metadata", partitions=2), unique("group")
    zero, one = partition_zero(topic), TopicPartition(topic, 1)
    async with consumer(group_id=group, enable_auto_commit=False) as client:
        client.assign([zero, one])
        await client.commit({zero: OffsetAndMetadata(5, "half way")})
        equal(await client.committed(zero), 5)
        equal(await client.committed(one), None)


@story
async def resume_after_broker_restart():
    """Topic, records and committed offset outlive the consumer and the broker."""
    require_control()
    topic, group = await new_topic("durable"), unique("group")
    await send_all(topic, [b"%d" % i for i in range(10)])
    async with consumer(topic, group_id=group, enable_auto_commit=False) as client:
        await take(client, 6)
        await client.commit()
    await asyncio.to_thread(restart_broker)
    equal(await drain(topic, group), [b"6", b"7", b"8", b"9"])
    equal(await send_all(topic, [b"10"]), [10])


@story
async def consumer_survives_broker_restart():
    """A running consumer finds the broker again and reads on, without losing or repeating."""
    require_control()
    topic, group = await new_topic("survivor"), unique("group")
    await send_all(topic, [b"0", b"1"])
    async with consumer(topic, group_id=group, enable_auto_commit=False, **QUICK) as client:
        equal([m.value for m in await take(client, 2)], [b"0", b"1"])
        await client.commit()
        await asyncio.to_thread(restart_broker)
        await send_all(topic, [b"2"])
        equal([m.value for m in await take(client, 1)], [b"2"])


@story
async def many_groups():
    """Ten groups read the same topic at the same time, each of them everything."""
    topic = await new_topic("many")
    await send_all(topic, [b"%d" % i for i in range(20)])
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(consumer(topic, group_id=unique("group"))) for _ in range(10)]
        for found in await asyncio.gather(*(take(client, 20) for client in clients)):
            equal([int(m.value) for m in found], list(range(20)))


@story
async def consumer_lag():
    """Lag is the log's end minus the committed offset, and both are there for anybody to read."""
    topic, group = await new_topic("lag", partitions=2), unique("group")
    partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
    async with producer() as client:
        for i in range(30):
            await client.send(topic, b"%d" % i, partition=i % 2)
    async with consumer(topic, group_id=group, enable_auto_commit=False) as client:
        await take(client, 10)
        await client.commit()
    async with consumer(group_id=group, enable_auto_commit=False) as watcher:
        watcher.assign(partitions)
        ends = await watcher.end_offsets(partitions)
        equal(ends, {partitions[0]: 15, partitions[1]: 15})
        equal(sum([ends[p] - (await watcher.committed(p) or 0) for p in partitions]), 20)


@story
async def pattern_subscription():
    """A consumer that subscribes by pattern has the topics that match, and finds one that is created later."""
    prefix, group = unique("pattern"), unique("group")
    first = await new_topic(prefix + "-a")
    await new_topic(unique("other"))
    client = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=group, metadata_max_age_ms=500, **QUICK)
    client.subscribe(pattern=f"^{prefix}-.*")
    await client.start()
    try:
        await wait_until(lambda: {p.topic for p in client.assignment()} == {first}, "the first topic")
        second = await new_topic(prefix + "-b")
        await wait_until(lambda: {p.topic for p in client.assignment()} == {first, second}, "the second topic")
    finally:
        await client.stop()


@story
async def static_member():
    """A member with a group.instance.id that dies and comes back within its session keeps its partitions, without a rebalance."""
    topic, group = await new_topic("static", partitions=2), unique("group")
    assignments = []

    class Watch(ConsumerRebalanceListener):
        def on_partitions_revoked(self, revoked):
            pass

        def on_partitions_assigned(self, assigned):
            assignments.append(assigned)

    lasting = {"session_timeout_ms": 30000, "heartbeat_interval_ms": 300}
    async with consumer(group_id=group, group_instance_id="worker-2", **lasting) as stays:
        stays.subscribe([topic], listener=Watch())
        returning = {"group_instance_id": "worker-1", "session_timeout_ms": 30000}
        with Child("killable_member", topic, group, returning) as first:
            before = await child_owns(first, 1)
            await wait_until(lambda: len(owned(stays)) == 1, "one partition each")
            count = len(assignments)
        with Child("killable_member", topic, group, returning) as second:  # the first died at the end of its block
            equal(await child_owns(second, 1), before)
            equal(len(assignments), count, "assignments of the one that stayed")


@story
async def autocommit_while_running():
    """Auto-commit happens on its interval, not only when stopping: a killed consumer has committed what it read."""
    topic, group = await new_topic("autocommit"), unique("group")
    zero = partition_zero(topic)
    await send_all(topic, [b"%d" % i for i in range(5)])
    with Child("killable_member", topic, group, {"auto_commit_interval_ms": 200}) as doomed:
        await wait_until(lambda: "read 0 4" in doomed.lines, "the last record")
        async with consumer(group_id=group, enable_auto_commit=False) as watcher:
            watcher.assign([zero])
            async with asyncio.timeout(20):
                while await watcher.committed(zero) != 5:
                    await asyncio.sleep(0.05)
