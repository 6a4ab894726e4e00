"""What a broker does beside answering: compaction, retention and timers, seen by a client, in virtual time."""

from __future__ import annotations

import pytest
import trio

from pykbroker.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from pykbroker.wire.messages.list_offsets import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.messages.topics import CreatableTopic, CreatableTopicConfig, CreateTopicsRequest
from pykbroker.wire.records import iterate_records, simple_batch, split_batches


@pytest.fixture
def broker_configs():
    return {"log.cleaner.backoff.ms": "1000", "log.retention.check.interval.ms": "1000"}


async def create(client, name: str, **configs: str) -> bytes:
    answer = await client.ask(
        CreateTopicsRequest(
            topics=[
                CreatableTopic(
                    name=name,
                    num_partitions=1,
                    replication_factor=1,
                    assignments=(),
                    configs=[
                        CreatableTopicConfig(name=key.replace("_", "."), value=value) for key, value in configs.items()
                    ],
                )
            ],
            timeout_ms=1000,
        )
    )
    assert answer.topics[0].error_code == 0
    return answer.topics[0].topic_id


async def produce(broker, client, topic: bytes, key: bytes, value: bytes | None) -> None:
    batch = simple_batch([(key, value)], broker.broker._world.clock.now_ms(), leader_epoch=-1)
    data = [PartitionProduceData(index=0, records=batch)]
    answer = await client.ask(
        ProduceRequest(acks=-1, timeout_ms=1000, topic_data=[TopicProduceData(topic_id=topic, partition_data=data)])
    )
    assert answer.responses[0].partition_responses[0].error_code == 0


async def records(client, topic: bytes, offset: int = 0) -> list[tuple[int, bytes, bytes | None]]:
    """(offset, key, value) of everything from ``offset`` on."""
    wanted = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1_000_000)
    answer = await client.ask(
        FetchRequest(max_wait_ms=0, min_bytes=1, topics=[FetchTopic(topic_id=topic, partitions=[wanted])])
    )
    data = answer.responses[0].partitions[0].records
    return [
        (record.offset, record.key, record.value)
        for position, header in split_batches(data)
        for record in iterate_records(data, position, header)
    ]


async def start_offset(client, name: str) -> int:
    request = ListOffsetsRequest(
        replica_id=-1,
        topics=[ListOffsetsTopic(name=name, partitions=[ListOffsetsPartition(partition_index=0, timestamp=-2)])],
    )
    return (await client.ask(request)).topics[0].partitions[0].offset


async def test_a_compacted_topic_keeps_the_last_value_of_each_key(autojump_clock, broker, client):
    """After the cleaner has come by, only the newest record per key is left below the active segment; offsets stay."""
    topic = await create(client, "c", cleanup_policy="compact", segment_ms="100", min_cleanable_dirty_ratio="0.01")
    for key, value in [(b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"a", b"3"), (b"z", b"last")]:
        await produce(broker, client, topic, key, value)
        await trio.sleep(0.2)

    await trio.sleep(10)

    cleaned = await records(client, topic)
    assert cleaned + await records(client, topic, 4) == [(1, b"b", b"1"), (3, b"a", b"3"), (4, b"z", b"last")]


async def test_old_segments_go_by_retention(autojump_clock, broker, client):
    """retention.ms moves the log's start; what is younger stays."""
    topic = await create(client, "r", retention_ms="60000", segment_ms="1000")
    for value in (b"old", b"older than a minute soon"):
        await produce(broker, client, topic, b"k", value)
        await trio.sleep(2)
    await trio.sleep(120)
    await produce(broker, client, topic, b"k", b"new")

    await trio.sleep(5)

    assert await start_offset(client, "r") == 2
    assert [value for _, _, value in await records(client, topic, 2)] == [b"new"]
