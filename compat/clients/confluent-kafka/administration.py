"""The admin client: topics, configurations, partitions, records, groups."""

import contextlib

from common import (
    TIMEOUT_S,
    Member,
    admin,
    consumer,
    drain,
    fails,
    finish,
    needs,
    new_topic,
    producer,
    read,
    send_all,
)
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic
from tap import equal, story, unique, wait_until


@story
def admin_topics():
    """Topics are created, described, refused when they exist, and deleted."""
    topic, client = unique("admin"), admin()
    finish(client.create_topics([NewTopic(topic, 3, 1)]))
    described = client.list_topics(timeout=TIMEOUT_S).topics[topic]
    equal(sorted(described.partitions), [0, 1, 2])
    equal({len(p.replicas) for p in described.partitions.values()}, {1})
    for error, wrong in (
        ("TOPIC_ALREADY_EXISTS", NewTopic(topic, 1, 1)),
        ("INVALID_REPLICATION_FACTOR", NewTopic(unique("r"), 1, 3)),
        ("TOPIC_EXCEPTION", NewTopic("no/slash", 1, 1)),
        ("INVALID_CONFIG", NewTopic(unique("c"), 1, 1, config={"retention.ms": "soon"})),
    ):
        fails(error, lambda wrong=wrong: finish(client.create_topics([wrong])))
    finish(client.create_topics([NewTopic(unique("dry"), 1, 1)], validate_only=True))
    finish(client.delete_topics([topic]))
    wait_until(lambda: topic not in client.list_topics(timeout=TIMEOUT_S).topics, "the topic to be gone")
    fails("UNKNOWN_TOPIC_OR_PART", lambda: finish(client.delete_topics([topic])))


@story
def admin_recreate():
    """A topic that was deleted and created again is a new one: empty, from offset 0."""
    topic, client = new_topic("again"), admin()
    send_all(topic, [b"old"])
    finish(client.delete_topics([topic]))
    wait_until(lambda: topic not in client.list_topics(timeout=TIMEOUT_S).topics, "the topic to be gone")
    finish(client.create_topics([NewTopic(topic, 1, 1)]))
    equal(send_all(topic, [b"new"]), [0])
    equal([m.value() for m in read(topic, 1)], [b"new"])


def topic_config(client, topic):
    """All values of a topic by name."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    entries = finish(client.describe_configs([resource]))[resource]
    return {name: entry.value for name, entry in entries.items()}


@story
def admin_configs():
    """Topic configurations are described with their values, altered, and take effect."""
    topic, client = new_topic("configured", config={"retention.ms": "3600000"}), admin()
    found = topic_config(client, topic)
    equal((found["retention.ms"], found["cleanup.policy"]), ("3600000", "delete"))
    change = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={"max.message.bytes": "2000"})
    finish(client.alter_configs([change]))
    wait_until(lambda: topic_config(client, topic)["max.message.bytes"] == "2000", "the new value")
    equal(topic_config(client, topic)["retention.ms"], "604800000", "what a full alteration leaves out")
    fails("MSG_SIZE_TOO_LARGE", lambda: send_all(topic, [b"x" * 3000]))


@story
def admin_incremental_configs():
    """An incremental alteration changes one setting and leaves the others; a list can be appended to."""
    needs(hasattr(AdminClient, "incremental_alter_configs"), "IncrementalAlterConfigs")
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry

    topic, client = new_topic("incremental", config={"retention.ms": "3600000"}), admin()
    entries = [ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND)]
    change = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
    finish(client.incremental_alter_configs([change]))
    wait_until(lambda: topic_config(client, topic)["cleanup.policy"] == "delete,compact", "both policies")
    equal(topic_config(client, topic)["retention.ms"], "3600000")


@story
def admin_broker_configs():
    """A broker describes its own configuration, defaults included."""
    client = admin()
    broker = str(next(iter(client.list_topics(timeout=TIMEOUT_S).brokers)))
    resource = ConfigResource(ConfigResource.Type.BROKER, broker)
    found = finish(client.describe_configs([resource]))[resource]
    equal(found["message.max.bytes"].value, "1048588")
    equal(found["node.id"].value, broker)
    assert len(found) > 100, "a broker has more than %d settings" % len(found)


@story
def admin_partitions():
    """Partitions are added while a producer and a group go on; both find the new ones."""
    topic, group, client = new_topic("growing"), unique("group"), admin()
    with Member([topic], group_id=group, topic_metadata_refresh_interval_ms=300) as member:
        member.wait_owned(lambda owned: owned == [0], "one partition")
        finish(client.create_partitions([NewPartitions(topic, 3)]))
        member.wait_owned(lambda owned: owned == [0, 1, 2], "three partitions")
        p = producer()
        for partition in range(3):
            p.produce(topic, b"x", partition=partition)
        p.flush(TIMEOUT_S)
        equal({m.partition() for m in member.wait_records(3)}, {0, 1, 2})
        fails("INVALID_PARTITIONS", lambda: finish(client.create_partitions([NewPartitions(topic, 2)])))


@story
def delete_records():
    """Records below an offset are gone: the log begins there."""
    needs(hasattr(AdminClient, "delete_records"), "DeleteRecords")
    topic = new_topic("trimmed")
    send_all(topic, [b"%d" % i for i in range(10)])
    answer = finish(admin().delete_records([TopicPartition(topic, 0, 6)]))
    equal([deleted.low_watermark for deleted in answer.values()], [6])
    with consumer() as client:
        equal(client.get_watermark_offsets(TopicPartition(topic, 0), timeout=TIMEOUT_S), (6, 10))
    fails("OFFSET_OUT_OF_RANGE", lambda: finish(admin().delete_records([TopicPartition(topic, 0, 11)])))


@story
def list_offsets():
    """The admin client finds the earliest, the latest, the newest by time, and the one for a moment."""
    needs(hasattr(AdminClient, "list_offsets"), "ListOffsets in the admin client")
    from confluent_kafka.admin import OffsetSpec

    topic = new_topic("specs")
    p = producer()
    for i, timestamp in enumerate((1000, 9000, 5000)):
        p.produce(topic, b"%d" % i, partition=0, timestamp=timestamp)
        p.flush(TIMEOUT_S)
    partition = TopicPartition(topic, 0)
    for spec, wanted in (
        (OffsetSpec.earliest(), 0),
        (OffsetSpec.latest(), 3),
        (OffsetSpec.max_timestamp(), 1),
        (OffsetSpec.for_timestamp(4000), 1),
        (OffsetSpec.for_timestamp(9001), -1),
    ):
        found = finish(admin().list_offsets({partition: spec}))[partition]
        equal(found.offset, wanted, repr(spec))


@story
def admin_groups():
    """Groups are listed and described with members and state; an empty one can be deleted, one in use cannot."""
    topic, group, client = new_topic("described"), unique("group"), admin()
    send_all(topic, [b"x"])
    with Member([topic], group_id=group, client_id="the-member") as member:
        member.wait_records(1)
        found = [listed for listed in client.list_groups(timeout=TIMEOUT_S) if listed.id == group][0]
        equal((found.state, found.protocol_type), ("Stable", "consumer"))
        equal([m.client_id for m in found.members], ["the-member"])
        if hasattr(client, "delete_consumer_groups"):
            fails("NON_EMPTY_GROUP", lambda: finish(client.delete_consumer_groups([group])))
    wait_until(lambda: client.list_groups(group=group, timeout=TIMEOUT_S)[0].state == "Empty", "the group to be empty")
    if hasattr(client, "delete_consumer_groups"):
        finish(client.delete_consumer_groups([group]))
        assert group not in [listed.id for listed in client.list_groups(timeout=TIMEOUT_S)]
        fails("GROUP_ID_NOT_FOUND", lambda: finish(client.delete_consumer_groups([group])))


@story
def admin_describe():
    """The cluster, a topic and a group described by the newer calls, with ids and states."""
    needs(hasattr(AdminClient, "describe_topics"), "DescribeTopics and DescribeCluster")
    from confluent_kafka import ConsumerGroupState, TopicCollection

    topic, group, client = new_topic("described", partitions=2), unique("group"), admin()
    cluster = client.describe_cluster().result(timeout=TIMEOUT_S)
    assert cluster.cluster_id and cluster.controller is not None and len(cluster.nodes) >= 1
    described = finish(client.describe_topics(TopicCollection([topic])))[topic]
    equal((described.name, len(described.partitions), described.is_internal), (topic, 2, False))
    assert str(described.topic_id) not in ("", "AAAAAAAAAAAAAAAAAAAAAA")
    with Member([topic], group_id=group) as member:
        member.wait_owned(lambda owned: owned == [0, 1], "both partitions")
        found = finish(client.describe_consumer_groups([group]))[group]
        equal((found.state, found.partition_assignor), (ConsumerGroupState.STABLE, "range"))
        equal(len(found.members[0].assignment.topic_partitions), 2)
        listed = client.list_consumer_groups().result(timeout=TIMEOUT_S)
        assert group in [valid.group_id for valid in listed.valid]


@story
def alter_and_delete_group_offsets():
    """An admin moves an empty group's offset; the group's next consumer obeys."""
    needs(hasattr(AdminClient, "alter_consumer_group_offsets"), "altering of group offsets")
    from confluent_kafka import ConsumerGroupTopicPartitions as Offsets

    topic, group, client = new_topic("moved"), unique("group"), admin()
    send_all(topic, [b"%d" % i for i in range(5)])
    drain(topic, group)
    listed = finish(client.list_consumer_group_offsets([Offsets(group)]))[group]
    equal([(p.topic, p.partition, p.offset) for p in listed.topic_partitions], [(topic, 0, 5)])
    finish(client.alter_consumer_group_offsets([Offsets(group, [TopicPartition(topic, 0, 3)])]))
    equal(drain(topic, group), [b"3", b"4"])


@story
def compacted_topic_refuses_keyless():
    """A compacted topic takes records with a key and refuses those without."""
    topic = new_topic("compacted", config={"cleanup.policy": "compact"})
    p = producer()
    p.produce(topic, key=b"k", value=b"v", partition=0)
    p.flush(TIMEOUT_S)
    fails("INVALID_RECORD", lambda: send_all(topic, [b"no key"]))
    with contextlib.suppress(KafkaException):
        equal([m.key() for m in read(topic, 1)], [b"k"])
