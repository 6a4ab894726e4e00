"""CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords through a whole broker; answers as Apache Kafka's."""

from __future__ import annotations

import pytest
import trio
from asking import batch, creatable, create, delete, fetch, offset_of, produce, values

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.metadata import MetadataRequest
from pykbroker.wire.messages.topics import (
    CreatableReplicaAssignment,
    CreatePartitionsRequest,
    CreatePartitionsTopic,
    CreateTopicsRequest,
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsTopic,
    DeleteTopicsRequest,
    DeleteTopicState,
)


async def names(client) -> set[str]:
    topics = (await client.ask(MetadataRequest(topics=None))).topics
    return {topic.name for topic in topics if not topic.name.startswith("__")}


async def creating(client, *topics, version: int = 7, **more):
    return (await client.ask(CreateTopicsRequest(topics=topics, timeout_ms=5000, **more), version)).topics


@pytest.mark.parametrize("version", range(8))
async def test_every_version_creates(autojump_clock, client, version):
    """The topic is usable when the answer is there; ids from v7, counts and configs from v5 on."""
    (topic,) = await creating(client, creatable("t", 2, configs={"retention_ms": 5000}), version=version)

    assert topic.error_code == 0
    assert (topic.topic_id != bytes(16)) == (version >= 7)
    assert topic.num_partitions == (2 if version >= 5 else -1)
    configs = {each.name: each.value for each in topic.configs}
    assert configs.get("retention.ms") == ("5000" if version >= 5 else None)
    assert (await produce(client, batch(b"v"), partition=1)).error_code == 0


REFUSED = {
    "a bad name": (creatable("a b"), ErrorCode.INVALID_TOPIC_EXCEPTION),
    "no partitions": (creatable("x", 0), ErrorCode.INVALID_PARTITIONS),
    "too many replicas": (creatable("x", 1, 3), ErrorCode.INVALID_REPLICATION_FACTOR),
    "no replicas": (creatable("x", 1, 0), ErrorCode.INVALID_REPLICATION_FACTOR),
    "an unknown config": (creatable("x", configs={"no_such_config": 1}), ErrorCode.INVALID_CONFIG),
    "a wrong value": (creatable("x", configs={"retention_ms": "soon"}), ErrorCode.INVALID_CONFIG),
    "an assignment and counts": (
        creatable("x", 1, 1, assignments=[CreatableReplicaAssignment(partition_index=0, broker_ids=[1])]),
        ErrorCode.INVALID_REQUEST,
    ),
    "a broker that is not there": (
        creatable("x", -1, -1, assignments=[CreatableReplicaAssignment(partition_index=0, broker_ids=[77])]),
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_created_says_why_and_hinders_nobody(autojump_clock, client, name):
    """The refused topic has its error and a message; the good one of the same request is created."""
    refused, expected = REFUSED[name]

    bad, good = await creating(client, refused, creatable("good"))

    assert (ErrorCode(bad.error_code), good.error_code) == (expected, 0)
    assert bad.error_message
    assert await names(client) == {"good"}


async def test_a_topic_is_created_once(autojump_clock, client):
    """TOPIC_ALREADY_EXISTS; a name that differs by . and _ only collides; named twice in one request is invalid."""
    await create(client, "a.b")

    (again,) = await creating(client, creatable("a.b"))
    (collides,) = await creating(client, creatable("a_b"))
    twice = await creating(client, creatable("x"), creatable("x"))

    assert again.error_code == ErrorCode.TOPIC_ALREADY_EXISTS
    assert collides.error_code == ErrorCode.INVALID_TOPIC_EXCEPTION
    assert {topic.error_code for topic in twice} == {ErrorCode.INVALID_REQUEST}
    assert await names(client) == {"a.b"}


async def test_validate_only_creates_nothing(autojump_clock, client):
    """The answer is as if it had been created; nothing is there."""
    (topic,) = await creating(client, creatable("t", 3), validate_only=True)

    assert (topic.error_code, topic.num_partitions) == (0, 3)
    assert await names(client) == set()


@pytest.mark.parametrize("broker_configs", [{"num.partitions": "3"}])
async def test_minus_one_means_the_brokers_default(autojump_clock, client):
    """KIP-464: num.partitions and default.replication.factor."""
    (topic,) = await creating(client, creatable("t", -1, -1))

    assert (topic.error_code, topic.num_partitions, topic.replication_factor) == (0, 3, 1)


async def test_replicas_can_be_assigned_by_hand(autojump_clock, client):
    """As many partitions as assignments."""
    node_id = (await client.ask(MetadataRequest(topics=[]))).controller_id
    by_hand = [CreatableReplicaAssignment(partition_index=index, broker_ids=[node_id]) for index in range(2)]

    (topic,) = await creating(client, creatable("t", -1, -1, assignments=by_hand))

    assert (topic.error_code, topic.num_partitions) == (0, 2)


# -- deleting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(7))
async def test_every_version_deletes(autojump_clock, client, version):
    """The topic is gone when the answer is there; an unknown one is UNKNOWN_TOPIC_OR_PARTITION."""
    await create(client)
    wanted = ("t", "missing")
    request = (
        DeleteTopicsRequest(topics=[DeleteTopicState(name=name) for name in wanted], timeout_ms=5000)
        if version in DeleteTopicsRequest.BY_TOPIC_ID
        else DeleteTopicsRequest(topic_names=wanted, timeout_ms=5000)
    )

    answer = await client.ask(request, version)

    assert {each.name: each.error_code for each in answer.responses} == {
        "t": 0,
        "missing": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert await names(client) == set()


async def test_a_topic_is_deleted_by_id(autojump_clock, client):
    """v6: by id, with its name in the answer; an id nobody has is UNKNOWN_TOPIC_ID."""
    topic_id, unknown = await create(client), bytes(range(16))
    topics = [DeleteTopicState(name=None, topic_id=each) for each in (topic_id, unknown)]

    answer = await client.ask(DeleteTopicsRequest(topics=topics, timeout_ms=5000))

    assert {each.topic_id: (each.name, each.error_code) for each in answer.responses} == {
        topic_id: ("t", 0),
        unknown: (None, ErrorCode.UNKNOWN_TOPIC_ID),
    }


async def test_a_topic_created_anew_is_another_one(autojump_clock, client):
    """Same name, new id, empty log; the old id is unknown."""
    before = await create(client)
    await produce(client, batch(b"old"))
    await delete(client, "t")

    after = await create(client)

    assert before != after
    assert (await offset_of(client, -1)).offset == 0


@pytest.mark.parametrize("broker_configs", [{"delete.topic.enable": "false"}])
@pytest.mark.parametrize(
    ("version", "expected"), [(2, ErrorCode.INVALID_REQUEST), (5, ErrorCode.TOPIC_DELETION_DISABLED)]
)
async def test_deletion_can_be_disabled(autojump_clock, client, version, expected):
    """delete.topic.enable=false, in the words each version knows; the topic stays."""
    await create(client)

    answer = await client.ask(DeleteTopicsRequest(topic_names=["t"], timeout_ms=1000), version)

    assert answer.responses[0].error_code == expected
    assert await names(client) == {"t"}


async def test_a_deleted_topics_directory_goes_after_a_while(autojump_clock, broker, client):
    """Renamed at once, removed after file.delete.delay.ms (a minute)."""
    await create(client)
    await delete(client, "t")

    def directories() -> list[str]:
        return [name for name in broker.disk.list_directory("/data") if name.startswith("t-0")]

    at_once = directories()
    await trio.sleep(70)

    assert [name.endswith("-delete") for name in at_once] == [True]
    assert directories() == []


# -- growing -----------------------------------------------------------------------------------------------------------


async def growing(client, count: int, topic: str = "t", assignments=None, validate_only: bool = False) -> ErrorCode:
    wanted = CreatePartitionsTopic(name=topic, count=count, assignments=assignments)
    request = CreatePartitionsRequest(topics=[wanted], timeout_ms=5000, validate_only=validate_only)
    return ErrorCode((await client.ask(request)).results[0].error_code)


async def test_partitions_can_be_added(autojump_clock, client):
    """KIP-195: the new partition takes records; what was there stays."""
    await create(client)
    await produce(client, batch(b"kept"))

    assert await growing(client, 3) == 0

    assert (await produce(client, batch(b"v"), partition=2)).error_code == 0
    assert values((await fetch(client)).records) == [b"kept"]


@pytest.mark.parametrize(
    ("count", "topic", "expected"),
    [
        (2, "t", ErrorCode.INVALID_PARTITIONS),
        (1, "t", ErrorCode.INVALID_PARTITIONS),
        (-1, "t", ErrorCode.INVALID_PARTITIONS),
        (3, "missing", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ],
)
async def test_partitions_cannot_shrink(autojump_clock, client, count, topic, expected):
    """As many as there are is no growth either."""
    await create(client, "t", 2)

    assert await growing(client, count, topic) == expected


async def test_growth_can_be_tried(autojump_clock, client):
    """validate_only: NONE, and no partition more."""
    await create(client)

    assert await growing(client, 5, validate_only=True) == 0
    assert (await produce(client, batch(b"v"), partition=1)).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


# -- deleting records --------------------------------------------------------------------------------------------------


async def cutting(client, offset: int, topic: str = "t", partition: int = 0) -> tuple[ErrorCode, int]:
    entry = DeleteRecordsPartition(partition_index=partition, offset=offset)
    request = DeleteRecordsRequest(topics=[DeleteRecordsTopic(name=topic, partitions=[entry])], timeout_ms=1000)
    result = (await client.ask(request)).topics[0].partitions[0]
    return ErrorCode(result.error_code), result.low_watermark


async def test_records_are_deleted_up_to_an_offset(autojump_clock, client):
    """KIP-107: the low watermark is the new start; -1 is the high watermark; below the start nothing happens."""
    await create(client)
    await produce(client, batch(b"a", b"b", b"c"))

    answers = [await cutting(client, offset) for offset in (2, 1, -1)]

    assert answers == [(ErrorCode.NONE, 2), (ErrorCode.NONE, 2), (ErrorCode.NONE, 3)]
    assert (await offset_of(client, -2)).offset == 3


@pytest.mark.parametrize(
    ("offset", "topic", "expected"),
    [
        (9, "t", ErrorCode.OFFSET_OUT_OF_RANGE),
        (-2, "t", ErrorCode.OFFSET_OUT_OF_RANGE),
        (0, "missing", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        (0, "compacted", ErrorCode.POLICY_VIOLATION),
    ],
)
async def test_records_that_cannot_be_deleted(autojump_clock, client, offset, topic, expected):
    """Beyond the high watermark, of an unknown topic, of a topic that is only compacted."""
    await create(client)
    await create(client, "compacted", cleanup_policy="compact")

    assert await cutting(client, offset, topic) == (expected, -1)
