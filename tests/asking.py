"""The questions that tests of a whole broker ask most, in short; answers are the responses themselves."""

from __future__ import annotations

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from pykbroker.wire.messages.list_offsets import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.messages.topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
    DeleteTopicsRequest,
)
from pykbroker.wire.records import RecordBatchBuilder, iterate_records, split_batches

BY_NAME = 12
"""The newest version of Produce and Fetch in which topics have names."""
NOW_MS = 1_700_000_000_000
EARLIEST, LATEST = -2, -1


def creatable(name: str, partitions: int = 1, replicas: int = 1, configs=(), assignments=()) -> CreatableTopic:
    """A topic as CreateTopics wants it; configs with underscores for dots."""
    return CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=replicas,
        assignments=assignments,
        configs=[
            CreatableTopicConfig(name=key.replace("_", "."), value=str(value)) for key, value in dict(configs).items()
        ],
    )


async def create(client, name: str = "t", partitions: int = 1, **configs) -> bytes:
    """Create a topic; its id."""
    request = CreateTopicsRequest(topics=[creatable(name, partitions, configs=configs)], timeout_ms=5000)
    (topic,) = (await client.ask(request)).topics
    assert topic.error_code == 0, topic.error_message
    return topic.topic_id


async def delete(client, *names: str) -> list[ErrorCode]:
    answer = await client.ask(DeleteTopicsRequest(topic_names=names, timeout_ms=5000), 5)
    return [ErrorCode(each.error_code) for each in answer.responses]


def batch(
    *values: bytes | None, timestamp: int = NOW_MS, key: bytes | None = None, compression: int = 0, **header
) -> bytes:
    """One batch of format 2."""
    builder = RecordBatchBuilder(compression=compression, **header)
    for value in values:
        builder.append(timestamp, key, value)
    return builder.build()


def producing(records, topic: str = "t", partition: int = 0, acks: int = -1, **more) -> ProduceRequest:
    """A Produce to one partition by name."""
    data = [PartitionProduceData(index=partition, records=records)]
    return ProduceRequest(
        acks=acks, timeout_ms=1000, topic_data=[TopicProduceData(name=topic, partition_data=data)], **more
    )


async def produce(client, records, topic: str = "t", partition: int = 0, acks: int = -1, version: int = BY_NAME):
    """The partition's answer."""
    answer = await client.ask(producing(records, topic, partition, acks), version)
    return answer.responses[0].partition_responses[0]


def wanted(offset: int = 0, partition: int = 0, max_bytes: int = 1_000_000, **more) -> FetchPartition:
    return FetchPartition(partition=partition, fetch_offset=offset, partition_max_bytes=max_bytes, **more)


def fetching(*partitions: FetchPartition, topic: str = "t", max_wait_ms: int = 0, min_bytes: int = 1, **more):
    """A Fetch of one topic by name."""
    topics = [FetchTopic(topic=topic, partitions=partitions)] if partitions else []
    return FetchRequest(max_wait_ms=max_wait_ms, min_bytes=min_bytes, topics=topics, **more)


async def fetch(client, offset: int = 0, topic: str = "t", partition: int = 0, version: int = BY_NAME, **more):
    """The partition's answer."""
    in_partition = {"max_bytes", "current_leader_epoch", "last_fetched_epoch"}
    asked = wanted(offset, partition, **{key: value for key, value in more.items() if key in in_partition})
    request = fetching(asked, topic=topic, **{key: value for key, value in more.items() if key not in in_partition})
    return (await client.ask(request, version)).responses[0].partitions[0]


def values(records) -> list[bytes | None]:
    """Values of the whole batches in what a fetch brought."""
    return [
        record.value
        for position, header in split_batches(records, cut_off_tail=True)
        for record in iterate_records(records, position, header)
    ]


async def offset_of(client, timestamp: int, topic: str = "t", partition: int = 0, version: int = 7, **more):
    """ListOffsets for one partition: its answer."""
    entry = ListOffsetsPartition(partition_index=partition, timestamp=timestamp, **more)
    request = ListOffsetsRequest(replica_id=-1, topics=[ListOffsetsTopic(name=topic, partitions=[entry])])
    return (await client.ask(request, version)).topics[0].partitions[0]
