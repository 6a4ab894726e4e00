"""The scripts that every tutorial has; only the addresses and names are this run's."""

import json

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from common import drain, new_topic, producer, read, story
from tap import BOOTSTRAP, equal, unique


@story
async def hundred_messages_to_a_new_topic():
    """A producer sends 100 messages to a topic nobody created; every one of them is there."""
    topic = unique("my-topic")
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP)
    await producer.start()
    try:
        for i in range(100):
            await producer.send_and_wait(topic, b"message %d" % i)
    finally:
        await producer.stop()
    equal(sorted(m.value for m in await read(100, topic)), sorted(b"message %d" % i for i in range(100)))


@story
async def json_acks_0_gzip():
    """A producer of JSON that compresses and does not wait; a consumer that decodes."""
    topic = await new_topic("numtest")
    async with producer(acks=0, compression_type="gzip",
                        value_serializer=lambda value: json.dumps(value).encode()) as client:
        for e in range(50):
            await client.send(topic, {"number": e})
    found = await read(50, topic, value_deserializer=json.loads)
    equal([m.value["number"] for m in found], list(range(50)))


@story
async def group_from_earliest():
    """A consumer in a group prints everything from the beginning; run again, it prints nothing."""
    topic, group = await new_topic("greetings"), unique("my-group")
    async with producer() as client:
        for i in range(5):
            await client.send(topic, key=b"k%d" % i, value=b"hello %d" % i)

    printed = []
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async for m in consumer:
            printed.append(f"{m.partition}:{m.offset}: key={m.key} value={m.value}")
            if len(printed) == 5:
                break
    finally:
        await consumer.stop()

    equal(printed, [f"0:{i}: key=b'k{i}' value=b'hello {i}'" for i in range(5)])
    equal(await drain(topic, group), [], "the second run")


@story
async def consumer_without_group():
    """Without a group every run begins at the beginning, and nothing is committed."""
    topic = await new_topic("no-group")
    async with producer() as client:
        await client.send_and_wait(topic, b"only")
    for _ in range(2):
        equal([m.value for m in await read(1, topic)], [b"only"])


@story
async def keys_choose_partitions():
    """Records of one key are always in one partition, in order; records without a key spread."""
    topic = await new_topic("keyed", partitions=4)
    async with producer() as client:
        for i in range(80):
            await client.send(topic, key=b"user-%d" % (i % 8), value=b"%d" % i)
    found = await read(80, topic)
    homes = {m.key: {other.partition for other in found if other.key == m.key} for m in found}
    equal({len(partitions) for partitions in homes.values()}, {1}, "partitions of one key")
    for key in homes:
        numbers = [int(m.value) for m in found if m.key == key]
        equal(numbers, sorted(numbers), "order of one key")

    spread = await new_topic("keyless", partitions=4)
    async with producer() as client:
        for i in range(100):
            await client.send(spread, b"%d" % i)
    partitions = {m.partition for m in await read(100, spread)}
    assert len(partitions) >= 3, f"records without key should spread: {partitions}"
