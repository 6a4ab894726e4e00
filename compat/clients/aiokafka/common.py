"""Shorthand of aiokafka's stories: coroutine stories, clients with this run's bootstrap servers, reading to the end."""

import asyncio
import contextlib
import functools
import logging

import tap
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from tap import BOOTSTRAP, STORY_TIMEOUT_S, WAIT_S, unique

QUICK = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 300}  # 6 s is the shortest session that Kafka allows

logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def story(coroutine_function):
    """Registers a coroutine as a story."""

    @functools.wraps(coroutine_function)
    def run():
        asyncio.run(asyncio.wait_for(coroutine_function(), STORY_TIMEOUT_S - 10))  # a hung story says where it hung

    return tap.story(run)


async def wait_until(condition, what, timeout_s=WAIT_S):
    """Waits for a condition's first true answer and returns it; other tasks go on meanwhile."""
    try:
        async with asyncio.timeout(timeout_s):
            while not (answer := condition()):
                await asyncio.sleep(0.02)
            return answer
    except TimeoutError:
        raise AssertionError(f"waited {timeout_s} s for {what}") from None


@contextlib.asynccontextmanager
async def running(client):
    await client.start()
    try:
        yield client
    finally:
        await (client.close if isinstance(client, AIOKafkaAdminClient) else client.stop)()


def producer(**options):
    return running(AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, **options))


def consumer(*topics, **options):
    settings = {"auto_offset_reset": "earliest", "retry_backoff_ms": 50, **options}
    return running(AIOKafkaConsumer(*topics, bootstrap_servers=BOOTSTRAP, **settings))


def admin():
    return running(AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP))


async def new_topic(prefix, partitions=1, configs=None):
    """Creates a topic through the admin client and returns its name."""
    topic = unique(prefix)
    async with admin() as client:
        answer = await client.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs or {})])
        assert answer.topic_errors[0][1] == 0, answer
    return topic


async def send_all(topic, values, **options):
    """Sends values to partition 0 in order and returns their offsets."""
    async with producer(**options) as client:
        futures = [await client.send(topic, value, partition=0) for value in values]
        return [record.offset if record else None for record in await asyncio.gather(*futures)]


async def take(client, count):
    """Reads `count` records."""
    found = []
    try:
        async with asyncio.timeout(WAIT_S):
            while len(found) < count:
                for batch in (await client.getmany(timeout_ms=1000, max_records=count - len(found))).values():
                    found.extend(batch)
    except TimeoutError:
        raise AssertionError(f"{len(found)} of {count} records within {WAIT_S} s") from None
    return found


async def read(count, *topics, **options):
    """Reads `count` records from the beginning without a group."""
    async with consumer(*topics, **options) as client:
        return await take(client, count)


async def drain(topic, group, **options):
    """What a consumer of `group` gets until nothing has come for a second; commits when it stops."""
    found = []
    async with consumer(topic, group_id=group, **options) as client:
        while batches := await client.getmany(timeout_ms=1000):
            for batch in batches.values():
                found.extend(message.value for message in batch)
    return found


def owned(client):
    return sorted(partition.partition for partition in client.assignment())


def partition_zero(topic):
    return TopicPartition(topic, 0)
