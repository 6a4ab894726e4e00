"""AlterReplicaLogDirs and DescribeLogDirs on a broker with two log directories."""

from __future__ import annotations

import pytest
import trio

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from pykbroker.wire.messages.log_dirs import (
    AlterReplicaLogDir,
    AlterReplicaLogDirsRequest,
    AlterReplicaLogDirTopic,
    DescribeLogDirsRequest,
)
from pykbroker.wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.records import iterate_records, simple_batch, split_batches

ONE, TWO = "/data/one", "/data/two"


@pytest.fixture
def broker_configs():
    return {"log.dirs": f"{ONE},{TWO}"}


def move(*wanted):
    """A request of (path, topic, partition) rows."""
    dirs = [
        AlterReplicaLogDir(path=path, topics=[AlterReplicaLogDirTopic(name=topic, partitions=[index])])
        for path, topic, index in wanted
    ]
    return AlterReplicaLogDirsRequest(dirs=dirs)


def codes(answer):
    return {
        (row.topic_name, each.partition_index): each.error_code for row in answer.results for each in row.partitions
    }


async def places(client, topic):
    """(directory, is the copy) of partition 0."""
    answer = await client.ask(DescribeLogDirsRequest(topics=None))
    return {
        (result.log_dir, entry.is_future_key)
        for result in answer.results
        for each in result.topics
        if each.name == topic
        for entry in each.partitions
    }


async def produce(client, number):
    data = PartitionProduceData(index=0, records=simple_batch([(None, b"%d" % number)], 1))
    request = ProduceRequest(acks=-1, timeout_ms=1000, topic_data=[TopicProduceData(name="t", partition_data=[data])])
    answer = await client.ask(request, 9)
    assert answer.responses[0].partition_responses[0].error_code == 0


async def consumed(client):
    """Every record's value, from the beginning."""
    wanted = FetchTopic(topic="t", partitions=[FetchPartition(partition=0, partition_max_bytes=2**30)])
    answer = await client.ask(FetchRequest(max_wait_ms=0, min_bytes=0, max_bytes=2**30, topics=[wanted]), 11)
    records = bytes(answer.responses[0].partitions[0].records)
    return [
        bytes(record.value)
        for position, header in split_batches(records)
        for record in iterate_records(records, position, header)
    ]


async def create(client):
    await client.ask(MetadataRequest(topics=[MetadataRequestTopic(name="t")], allow_auto_topic_creation=True), 9)


async def test_a_replica_moves_while_it_is_written_to_and_nothing_is_lost(autojump_clock, broker, client):
    """Both directories are told during the move, the new one alone after it, and after a restart."""
    await create(client)
    ((old, _),) = await places(client, "t")
    new = TWO if old.endswith("one") else ONE
    for number in range(50):
        await produce(client, number)

    assert codes(await client.ask(move((new, "t", 0)))) == {("t", 0): 0}
    assert await places(client, "t") == {(old, False), (new, True)}
    for number in range(50, 80):
        await produce(client, number)
        await trio.sleep(0.1)

    assert await places(client, "t") == {(new, False)}
    assert await consumed(client) == [b"%d" % number for number in range(80)]

    await broker.stop()
    await broker.start()
    again = await broker.connect()
    assert await places(again, "t") == {(new, False)}
    assert len(await consumed(again)) == 80


async def test_a_move_back_gives_up_the_move(broker, client):
    """Asked for where it is, a replica stays, and the copy goes."""
    await create(client)
    ((old, _),) = await places(client, "t")
    new = TWO if old.endswith("one") else ONE
    await client.ask(move((new, "t", 0)))
    await client.ask(move((old, "t", 0)))

    assert await places(client, "t") == {(old, False)}


async def test_errors_are_those_of_apache_kafka(client):
    """An unknown directory comes before an unknown partition, and of two wishes the last counts."""
    await create(client)

    nowhere, unknown = ErrorCode.LOG_DIR_NOT_FOUND, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert codes(await client.ask(move((ONE, "t", 7), (ONE, "nope", 0), (ONE, "__cluster_metadata", 0)))) == {
        ("t", 7): unknown,
        ("nope", 0): unknown,
        ("__cluster_metadata", 0): unknown,
    }
    assert codes(await client.ask(move(("/nope", "nope", 0), (ONE, "t", 0), ("one", "t", 0)))) == {
        ("nope", 0): nowhere,
        ("t", 0): nowhere,
    }
