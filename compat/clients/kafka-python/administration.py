"""The admin client: topics, configurations, partitions, records, groups."""

from common import (
    VERSION,
    Member,
    admin,
    consumer,
    drain,
    needs,
    new_topic,
    partition_zero,
    producer,
    read,
    send_all,
    take,
)
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata
from tap import equal, story, unique, wait_until

MODERN = VERSION >= (3, 0, 0)


def fails(error_name, call):
    """Checks that a call is refused with this error, whether it raises it or returns it."""
    try:
        answer = call()
    except KafkaError as error:
        equal(type(error).__name__, error_name)
    else:
        assert error_name in repr(answer), "accepted: %r" % (answer,)


def topics_seen(client):
    with consumer() as watcher:
        return watcher.topics()


@story
def admin_topics():
    """Topics are created, described, refused when they exist, and deleted."""
    topic = unique("admin")
    with admin() as client:
        client.create_topics([NewTopic(topic, 3, 1)])
        assert topic in topics_seen(client)
        with consumer() as watcher:
            equal(watcher.partitions_for_topic(topic), {0, 1, 2})
        fails("TopicAlreadyExistsError", lambda: client.create_topics([NewTopic(topic, 1, 1)]))
        fails("InvalidReplicationFactorError", lambda: client.create_topics([NewTopic(unique("r"), 1, 3)]))
        fails("InvalidTopicError", lambda: client.create_topics([NewTopic("no/slash", 1, 1)]))
        client.delete_topics([topic])
        wait_until(lambda: topic not in topics_seen(client), "the topic to be gone")
        fails("UnknownTopicOrPartitionError", lambda: client.delete_topics([topic]))


@story
def admin_recreate():
    """A topic that was deleted and created again is a new one: empty, from offset 0."""
    topic = new_topic("again")
    send_all(topic, [b"old"])
    with admin() as client:
        client.delete_topics([topic])
        wait_until(lambda: topic not in topics_seen(client), "the topic to be gone")
        client.create_topics([NewTopic(topic, 1, 1)])
    equal(send_all(topic, [b"new"]), [0])
    equal([m.value for m in read(1, topic)], [b"new"])


@story
def admin_configs():
    """Topic configurations are described with their values, altered, and take effect in the description."""
    topic = new_topic("configured", configs={"retention.ms": "3600000"})
    with admin() as client:
        equal(topic_config(client, topic, "retention.ms"), "3600000")
        equal(topic_config(client, topic, "cleanup.policy"), "delete")
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "2000"})])
        wait_until(lambda: topic_config(client, topic, "max.message.bytes") == "2000", "the new value")
    fails("MessageSizeTooLargeError", lambda: send_all(topic, [b"x" * 3000]))


def topic_config(client, topic, name):
    """One value of a topic, out of each version's own shape of the answer."""
    if MODERN:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        return client.describe_configs([resource], config_filter="all")["topic"][topic][name]["value"]
    answers = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    answer = answers[0] if isinstance(answers, list) else answers
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}[name]


@story
def admin_broker_configs():
    """A broker describes its own configuration, defaults included."""
    with admin() as client:
        if MODERN:
            broker = str(client.describe_cluster()["brokers"][0]["broker_id"])
            answer = client.describe_configs([ConfigResource(ConfigResourceType.BROKER, broker)], config_filter="all")
            found = {name: entry["value"] for name, entry in answer["broker"][broker].items()}
        else:
            broker = str(next(iter(client._client.cluster.brokers())).nodeId)
            answers = client.describe_configs([ConfigResource(ConfigResourceType.BROKER, broker)])
            answer = answers[0] if isinstance(answers, list) else answers
            found = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    equal(found["message.max.bytes"], "1048588")
    equal(found["node.id"], broker)
    assert len(found) > 100, "a broker has more than %d settings" % len(found)


@story
def admin_partitions():
    """Partitions are added while a producer and a group go on; both find the new ones."""
    topic, group = new_topic("growing"), unique("group")
    with admin() as client, Member(topic, group_id=group, metadata_max_age_ms=500) as member:
        member.wait_owned(lambda owned: owned == [0], "one partition")
        client.create_partitions({topic: 3 if MODERN else NewPartitions(3)})
        member.wait_owned(lambda owned: owned == [0, 1, 2], "three partitions")
        with producer() as sender:
            for partition in range(3):
                sender.send(topic, b"x", partition=partition)
        equal({m.partition for m in member.wait_records(3)}, {0, 1, 2})
        fails("InvalidPartitionsError",
              lambda: client.create_partitions({topic: 2 if MODERN else NewPartitions(2)}))


@story
def delete_records():
    """Records below an offset are gone: the log begins there."""
    needs((2, 1, 0), "DeleteRecords")
    topic = new_topic("trimmed")
    partition = partition_zero(topic)
    send_all(topic, [b"%d" % i for i in range(10)])
    with admin() as client, consumer() as reader:
        client.delete_records({partition: 6})
        equal(reader.beginning_offsets([partition]), {partition: 6})
        equal(reader.end_offsets([partition]), {partition: 10})
        equal([m.offset for m in read(4, topic)], [6, 7, 8, 9])
        fails("OffsetOutOfRangeError", lambda: client.delete_records({partition: 11}))


@story
def admin_groups():
    """Groups are listed and described with members and state; an empty one can be deleted, one in use cannot."""
    topic, group = new_topic("described"), unique("group")
    send_all(topic, [b"x"])
    with admin() as client:
        with consumer(topic, group_id=group, client_id="the-member") as member:
            take(member, 1)
            assert group in listed_groups(client)
            equal(described_group(client, group), ("Stable", "consumer", ["the-member"]))
            if VERSION >= (2, 0, 0):
                fails("NonEmptyGroupError", lambda: delete_groups(client, group))
        wait_until(lambda: described_group(client, group)[0] == "Empty", "the group to be empty")
        if VERSION >= (2, 0, 0):
            delete_groups(client, group)
            assert group not in listed_groups(client)


def listed_groups(client):
    if MODERN:
        return [found["group_id"] for found in client.list_groups()]
    return [found[0] for found in client.list_consumer_groups()]


def described_group(client, group):
    """State, protocol type and the members' client ids."""
    if MODERN:
        found = client.describe_groups([group])[group]
        members = [member["client_id"] for member in found["members"]]
        return str(found["group_state"]), found["protocol_type"], members
    _, _, state, protocol_type, _, members, *_ = client.describe_consumer_groups([group])[0]
    return state, protocol_type, [member[1] for member in members]


def delete_groups(client, group):
    return client.delete_groups([group]) if MODERN else client.delete_consumer_groups([group])


@story
def admin_group_offsets():
    """The committed offsets of a group are listed by the admin client."""
    topic, group = new_topic("offsets"), unique("group")
    send_all(topic, [b"%d" % i for i in range(5)])
    drain(topic, group)
    with admin() as client:
        equal(listed_offsets(client, group), {TopicPartition(topic, 0): 5})


def listed_offsets(client, group):
    found = client.list_group_offsets(group)[group] if MODERN else client.list_consumer_group_offsets(group)
    return {partition: committed.offset for partition, committed in found.items()}


@story
def alter_and_delete_group_offsets():
    """An admin moves an empty group's offset, and deletes it; the group's next consumer obeys."""
    needs((3, 0, 0), "altering of group offsets")
    topic, group = new_topic("moved"), unique("group")
    partition = partition_zero(topic)
    send_all(topic, [b"%d" % i for i in range(5)])
    drain(topic, group)
    with admin() as client:
        client.alter_group_offsets(group, {partition: OffsetAndMetadata(3, "", -1)})
        equal(drain(topic, group), [b"3", b"4"])
        client.delete_group_offsets(group, [partition])
        equal(listed_offsets(client, group).get(partition, -1), -1)
    equal(len(drain(topic, group)), 5)


@story
def compacted_topic_refuses_keyless():
    """A compacted topic takes records with a key and refuses those without."""
    topic = new_topic("compacted", configs={"cleanup.policy": "compact"})
    with producer() as client:
        client.send(topic, key=b"k", value=b"v").get(timeout=20)
        try:
            client.send(topic, value=b"no key").get(timeout=20)
        except KafkaError:
            pass
        else:
            raise AssertionError("a record without key was accepted")
    equal([m.key for m in read(1, topic)], [b"k"])
