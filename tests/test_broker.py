"""The broker as a whole: start, stop, what is there again after a restart, listeners, presets."""

from __future__ import annotations

import random

import pytest
import trio
from asking import batch, create, fetch, offset_of, produce, values

from pykbroker.broker import Broker
from pykbroker.config.source import broker_config
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.memory_disk import MemoryDisk
from pykbroker.memory_network import MemoryNetwork
from pykbroker.wire.messages.configs import DescribeConfigsRequest, DescribeConfigsResource
from pykbroker.wire.messages.groups import FindCoordinatorRequest
from pykbroker.wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from pykbroker.wire.messages.offsets import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
)
from pykbroker.world import VirtualClock, World

MARKER = "/data/.kafka_cleanshutdown"


def made(disk=None, network=None, configs=None, **more) -> Broker:
    """A broker over a disk and a network in memory, not started."""
    config = broker_config(configs or {}, data_dir="/data", **more)
    world = World(VirtualClock(), random.Random(1), disk or MemoryDisk(), network or MemoryNetwork(), disk_waits=False)
    return Broker(config, world)


async def test_a_restart_keeps_topics_configs_records_and_offsets(autojump_clock, broker, client):
    """Ids, partitions, configurations, records and committed offsets are there again."""
    topic_id = await create(client, "t", 2, retention_ms=5_000_000_000_000)
    await produce(client, batch(b"kept"), partition=1)
    await client.ask(FindCoordinatorRequest(key_type=0, coordinator_keys=["g"]), 4)
    entry = OffsetCommitRequestPartition(partition_index=1, committed_offset=1)
    topics = [OffsetCommitRequestTopic(name="t", partitions=[entry])]
    await client.ask(OffsetCommitRequest(group_id="g", topics=topics), 9)

    await broker.stop()
    assert broker.disk.exists(MARKER)
    await broker.start()

    again = await broker.connect()
    metadata = await again.ask(MetadataRequest(topics=[MetadataRequestTopic(name="t")]))
    resource = DescribeConfigsResource(resource_type=2, resource_name="t", configuration_keys=["retention.ms"])
    configs = await again.ask(DescribeConfigsRequest(resources=[resource]))
    groups = [OffsetFetchRequestGroup(group_id="g", topics=None)]
    offsets = await again.ask(OffsetFetchRequest(groups=groups), 9)

    assert (metadata.topics[0].topic_id, len(metadata.topics[0].partitions)) == (topic_id, 2)
    assert configs.results[0].configs[0].value == "5000000000000"
    assert values((await fetch(again, partition=1)).records) == [b"kept"]
    assert (await offset_of(again, -1, partition=1)).offset == 1
    assert offsets.groups[0].topics[0].partitions[0].committed_offset == 1
    assert not broker.disk.exists(MARKER)


async def test_a_second_broker_on_the_same_directory_is_refused(autojump_clock, broker):
    """The lock holds while the first runs; the first is not disturbed."""
    with pytest.raises(KafkaError):
        await made(broker.disk, configs={"listeners": "PLAINTEXT://localhost:9999"}).run()

    assert (await (await broker.connect()).ask(MetadataRequest(topics=[]))).brokers


async def test_a_taken_port_is_an_error_and_frees_the_directory(autojump_clock, broker):
    """OSError; a broker with a free port can then use the directory."""
    disk = MemoryDisk()
    with pytest.raises(OSError, match="taken"):
        await made(disk, broker.network, {"listeners": "PLAINTEXT://localhost:9092"}).run()

    second = made(disk, broker.network, {"listeners": "PLAINTEXT://localhost:9999"})
    async with trio.open_nursery() as nursery:
        ready = await nursery.start(second.run)
        second.stop()
    assert ready.listeners == {"PLAINTEXT": ("localhost", 9999)}


@pytest.mark.parametrize(
    "broker_configs",
    [
        {
            "listeners": "PLAINTEXT://localhost:9092,OTHER://localhost:9094",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT",
            "advertised.listeners": "PLAINTEXT://one.example:1,OTHER://two.example:2",
        }
    ],
)
async def test_each_listener_tells_its_own_advertised_address(autojump_clock, broker):
    """Who came in by one listener is sent back to that one."""
    from conftest import Client

    found = []
    for port in (9092, 9094):
        client = Client(await broker.network.connect("localhost", port))
        (node,) = (await client.ask(MetadataRequest(topics=[]))).brokers
        found.append((node.host, node.port))

    assert found == [("one.example", 1), ("two.example", 2)]


async def test_topics_of_the_command_line_are_created_once(autojump_clock):
    """name:partitions; a second start finds them there; too many replicas refuse the start."""
    disk = MemoryDisk()
    counts = []
    for _ in range(2):
        broker = made(disk, topics=["a:3", "b"])
        async with trio.open_nursery() as nursery:
            ready = await nursery.start(broker.run)
            broker.stop()
        counts.append((ready.topic_count, ready.partition_count))

    assert counts == [(2, 4), (2, 4)]
    with pytest.raises(KafkaError) as caught:
        await made(topics=["c:1:3"]).run()
    assert caught.value.code == ErrorCode.INVALID_REPLICATION_FACTOR


async def test_the_kafka_presets_manners(autojump_clock):
    """A topic created by asking is unknown in that answer, and there in the next, as with Apache Kafka."""
    from conftest import Client

    network = MemoryNetwork()
    broker = made(network=network, preset="kafka", configs={"listeners": "PLAINTEXT://localhost:9092"})
    asked = MetadataRequest(topics=[MetadataRequestTopic(name="new")])
    async with trio.open_nursery() as nursery:
        await nursery.start(broker.run)
        client = Client(await network.connect("localhost", 9092))
        codes = [(await client.ask(asked)).topics[0].error_code for _ in range(2)]
        broker.stop()

    assert codes == [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0]
