"""Metadata, DescribeCluster and DescribeTopicPartitions through a whole broker; answers as Apache Kafka gives them."""

from __future__ import annotations

import pytest
from asking import create

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.metadata import (
    Cursor,
    DescribeClusterRequest,
    DescribeTopicPartitionsRequest,
    MetadataRequest,
    MetadataRequestTopic,
    TopicRequest,
)

UNKNOWN = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def asking_for(*names: str | None, create: bool = False, **more) -> MetadataRequest:
    topics = [MetadataRequestTopic(name=name) for name in names]
    return MetadataRequest(topics=topics, allow_auto_topic_creation=create, **more)


@pytest.mark.parametrize("version", range(14))
async def test_every_version_describes_a_topic(autojump_clock, client, version):
    """One broker that leads both partitions; ids from v10, leader epochs from v7, the controller from v1 on."""
    topic_id = await create(client, "t", 2)

    answer = await client.ask(asking_for("t", create=version < 4), version)

    (topic,) = answer.topics
    node_id = answer.brokers[0].node_id
    assert answer.controller_id == (node_id if version >= 1 else -1)
    assert (topic.error_code, topic.name, topic.is_internal) == (0, "t", False)
    assert topic.topic_id == (topic_id if version >= 10 else bytes(16))
    assert [
        (part.partition_index, part.leader_id, list(part.replica_nodes), list(part.isr_nodes), part.leader_epoch)
        for part in topic.partitions
    ] == [(index, node_id, [node_id], [node_id], 0 if version >= 7 else -1) for index in range(2)]


async def test_all_topics_and_none(autojump_clock, client):
    """An empty list is all in v0 and none since; null is all since v1."""
    await create(client, "a")
    await create(client, "b")

    def names(answer) -> set[str]:
        return {topic.name for topic in answer.topics if not topic.name.startswith("__")}

    assert names(await client.ask(MetadataRequest(topics=[]), 0)) == {"a", "b"}
    assert names(await client.ask(MetadataRequest(topics=[]), 1)) == set()
    assert names(await client.ask(MetadataRequest(topics=None), 1)) == {"a", "b"}


async def test_a_topic_can_be_asked_for_by_id(autojump_clock, client):
    """v12: by id its name comes back; an id nobody has is UNKNOWN_TOPIC_ID."""
    topic_id, unknown = await create(client), bytes(range(16))
    topics = [MetadataRequestTopic(name=None, topic_id=each) for each in (topic_id, unknown)]

    answer = await client.ask(MetadataRequest(topics=topics))

    assert {(topic.name, topic.topic_id, topic.error_code) for topic in answer.topics} == {
        ("t", topic_id, 0),
        (None, unknown, ErrorCode.UNKNOWN_TOPIC_ID),
    }


async def test_ids_are_refused_before_version_12(autojump_clock, client):
    """The field was there in v10 and v11, but no broker took it: INVALID_REQUEST for each topic."""
    topic_id = await create(client)
    topics = [MetadataRequestTopic(name="t", topic_id=topic_id)]

    answer = await client.ask(MetadataRequest(topics=topics), 11)

    assert [topic.error_code for topic in answer.topics] == [ErrorCode.INVALID_REQUEST]


async def test_asking_creates_only_if_it_may(autojump_clock, client):
    """allow_auto_topic_creation=false leaves a topic unknown."""
    refused = await client.ask(asking_for("new"))
    everything = await client.ask(MetadataRequest(topics=None))

    assert refused.topics[0].error_code == UNKNOWN
    assert "new" not in {topic.name for topic in everything.topics}


async def test_a_topic_is_there_in_the_answer_that_creates_it(autojump_clock, client):
    """The manners of the dev preset: no second question is needed."""
    answer = await client.ask(asking_for("new", create=True))

    assert (answer.topics[0].error_code, len(answer.topics[0].partitions)) == (0, 1)


@pytest.mark.parametrize("broker_configs", [{"auto.create.topics.enable": "false"}])
async def test_the_broker_can_forbid_creation(autojump_clock, client):
    """auto.create.topics.enable=false: UNKNOWN_TOPIC_OR_PARTITION, whatever the client allows."""
    assert (await client.ask(asking_for("new", create=True))).topics[0].error_code == UNKNOWN


@pytest.mark.parametrize("name", ["a b", ".", "..", "x" * 250, ""])
async def test_a_name_that_cannot_be_a_topics(autojump_clock, client, name):
    """INVALID_TOPIC_EXCEPTION, and nothing is created."""
    answer = await client.ask(asking_for(name, create=True), 9)

    assert answer.topics[0].error_code == ErrorCode.INVALID_TOPIC_EXCEPTION


async def test_a_topic_named_twice_is_told_once(autojump_clock, client):
    """One answer per topic."""
    await create(client)

    assert len((await client.ask(asking_for("t", "t"))).topics) == 1


async def test_authorized_operations_only_when_asked(autojump_clock, client):
    """KIP-430: without authorizer everything is allowed; not asked is the smallest integer."""
    await create(client)

    plain = await client.ask(asking_for("t"), 8)
    asked = await client.ask(
        asking_for("t", include_topic_authorized_operations=True, include_cluster_authorized_operations=True), 8
    )

    assert plain.topics[0].topic_authorized_operations == plain.cluster_authorized_operations == -(2**31)
    assert asked.topics[0].topic_authorized_operations > 0
    assert asked.cluster_authorized_operations > 0


# -- the cluster -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(3))
async def test_describe_cluster_agrees_with_metadata(autojump_clock, client, version):
    """KIP-700: same cluster id, controller and brokers."""
    metadata = await client.ask(MetadataRequest(topics=[]))
    cluster = await client.ask(DescribeClusterRequest(include_cluster_authorized_operations=True), version)

    assert (cluster.error_code, cluster.cluster_id) == (0, metadata.cluster_id)
    assert [(each.broker_id, each.host, each.port) for each in cluster.brokers] == [
        (each.node_id, each.host, each.port) for each in metadata.brokers
    ]
    assert cluster.cluster_authorized_operations > 0


@pytest.mark.parametrize(
    ("endpoint_type", "expected"), [(2, ErrorCode.MISMATCHED_ENDPOINT_TYPE), (9, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE)]
)
async def test_a_brokers_listener_knows_no_other_endpoints(autojump_clock, client, endpoint_type, expected):
    """KIP-919: controllers are asked elsewhere."""
    request = DescribeClusterRequest(include_cluster_authorized_operations=False, endpoint_type=endpoint_type)

    assert (await client.ask(request)).error_code == expected


# -- pages of partitions -----------------------------------------------------------------------------------------------


def paging(*names: str, limit: int = 2000, cursor: Cursor | None = None) -> DescribeTopicPartitionsRequest:
    return DescribeTopicPartitionsRequest(
        topics=[TopicRequest(name=name) for name in names], response_partition_limit=limit, cursor=cursor
    )


async def test_partitions_come_in_pages(autojump_clock, client):
    """KIP-966: topics in order of name, a page of at most the limit, and the cursor leads through all of them."""
    await create(client, "b", 3)
    await create(client, "a", 2)
    seen, cursor, pages = [], None, 0

    while pages < 10:
        answer = await client.ask(paging("b", "a", limit=2, cursor=cursor))
        seen += [(topic.name, part.partition_index) for topic in answer.topics for part in topic.partitions]
        pages += 1
        if answer.next_cursor is None:
            break
        cursor = answer.next_cursor

    assert seen == [("a", 0), ("a", 1), ("b", 0), ("b", 1), ("b", 2)]
    assert pages == 3


async def test_pages_of_what_is_not_there(autojump_clock, client):
    """Unknown and impossible topics have their error, between those that exist."""
    await create(client)

    answer = await client.ask(paging("t", "missing", "a b"))

    assert [(topic.name, topic.error_code) for topic in answer.topics] == [
        ("a b", ErrorCode.INVALID_TOPIC_EXCEPTION),
        ("missing", UNKNOWN),
        ("t", 0),
    ]


async def test_a_negative_cursor_is_an_invalid_request(autojump_clock, client):
    """INVALID_REQUEST for every topic named."""
    await create(client)

    answer = await client.ask(paging("t", cursor=Cursor(topic_name="t", partition_index=-1)))

    assert [topic.error_code for topic in answer.topics] == [ErrorCode.INVALID_REQUEST]


@pytest.mark.parametrize("broker_configs", [{"max.request.partition.size.limit": "1"}])
async def test_the_broker_limits_pages_too(autojump_clock, client):
    """max.request.partition.size.limit is stronger than what the client asks."""
    await create(client, "t", 3)

    answer = await client.ask(paging(limit=2000))

    assert len(answer.topics[0].partitions) == 1
    assert (answer.next_cursor.topic_name, answer.next_cursor.partition_index) == ("t", 1)
