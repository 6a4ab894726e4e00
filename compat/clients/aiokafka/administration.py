"""The admin client: topics, configurations, partitions, records, groups."""

from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code
from common import QUICK, admin, consumer, drain, new_topic, owned, producer, read, send_all, story, take, wait_until
from tap import equal, unique


@story
async def admin_topics():
    """Topics are created, described, refused when they exist, and deleted."""
    topic = unique("admin")
    async with admin() as client:
        equal(await created(client, NewTopic(topic, 3, 1)), "NoError")
        described = (await client.describe_topics([topic]))[0]
        equal((described["topic"], len(described["partitions"])), (topic, 3))
        equal(await created(client, NewTopic(topic, 1, 1)), "TopicAlreadyExistsError")
        equal(await created(client, NewTopic(unique("r"), 1, 3)), "InvalidReplicationFactorError")
        equal(await created(client, NewTopic("no/slash", 1, 1)), "InvalidTopicError")
        await client.delete_topics([topic])
        assert topic not in await client.list_topics()
        answer = await client.delete_topics([topic])
        equal(for_code(answer.topic_error_codes[0][1]).__name__, "UnknownTopicOrPartitionError")


async def created(client, topic):
    """The name of the error that creating this topic is answered with."""
    answer = await client.create_topics([topic])
    return for_code(answer.topic_errors[0][1]).__name__


@story
async def admin_recreate():
    """A topic that was deleted and created again is a new one: empty, from offset 0."""
    topic = await new_topic("again")
    await send_all(topic, [b"old"])
    async with admin() as client:
        await client.delete_topics([topic])
        await wait_for_absence(client, topic)
        await client.create_topics([NewTopic(topic, 1, 1)])
    equal(await send_all(topic, [b"new"]), [0])
    equal([m.value for m in await read(1, topic)], [b"new"])


async def wait_for_absence(client, topic):
    while topic in await client.list_topics():
        pass


async def topic_config(client, topic, name):
    answer = (await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)]))[0]
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}[name]


@story
async def admin_configs():
    """Topic configurations are described with their values, altered, and take effect."""
    topic = await new_topic("configured", configs={"retention.ms": "3600000"})
    async with admin() as client:
        equal(await topic_config(client, topic, "retention.ms"), "3600000")
        equal(await topic_config(client, topic, "cleanup.policy"), "delete")
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "2000"})])
        equal(await topic_config(client, topic, "max.message.bytes"), "2000")
    try:
        await send_all(topic, [b"x" * 3000])
    except KafkaError as error:
        equal(type(error).__name__, "MessageSizeTooLargeError")
    else:
        raise AssertionError("3000 bytes were accepted")


@story
async def admin_partitions():
    """Partitions are added while a group goes on; it finds the new ones."""
    topic, group = await new_topic("growing"), unique("group")
    async with admin() as client, consumer(topic, group_id=group, metadata_max_age_ms=500, **QUICK) as member:
        await wait_until(lambda: owned(member) == [0], "one partition")
        await client.create_partitions({topic: NewPartitions(3)})
        await wait_until(lambda: owned(member) == [0, 1, 2], "three partitions")
        async with producer() as sender:
            for partition in range(3):
                await sender.send_and_wait(topic, b"x", partition=partition)
        equal({m.partition for m in await take(member, 3)}, {0, 1, 2})


@story
async def delete_records():
    """Records below an offset are gone: the log begins there."""
    topic = await new_topic("trimmed")
    partition = TopicPartition(topic, 0)
    await send_all(topic, [b"%d" % i for i in range(10)])
    async with admin() as client, consumer() as reader:
        equal(await client.delete_records({partition: RecordsToDelete(before_offset=6)}), {partition: 6})
        equal(await reader.beginning_offsets([partition]), {partition: 6})
        equal(await reader.end_offsets([partition]), {partition: 10})
    equal([m.offset for m in await read(4, topic)], [6, 7, 8, 9])


@story
async def admin_groups():
    """Groups are listed and described with members, state and offsets."""
    topic, group = await new_topic("described"), unique("group")
    await send_all(topic, [b"x"])
    async with admin() as client:
        async with consumer(topic, group_id=group, client_id="the-member") as member:
            await take(member, 1)
            assert group in [found[0] for found in await client.list_consumer_groups()]
            _, _, state, protocol_type, _, members, *_ = (await client.describe_consumer_groups([group]))[0].groups[0]
            equal((state, protocol_type, [m[1] for m in members]), ("Stable", "consumer", ["the-member"]))
        equal((await client.describe_consumer_groups([group]))[0].groups[0][2], "Empty")
    await drain(topic, group)
    async with admin() as client:
        found = await client.list_consumer_group_offsets(group)
        equal({partition: committed.offset for partition, committed in found.items()}, {TopicPartition(topic, 0): 1})
