"""What a connection answers, in which order, and when it is closed: the real server over a network in memory."""

from __future__ import annotations

import pytest
import trio

from pykbroker.wire.messages.api_versions import ApiVersionsRequest
from pykbroker.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from pykbroker.wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.records import iterate_records, read_header, simple_batch


async def topic_id(client, name: str) -> bytes:
    """Create the topic by asking about it."""
    answer = await client.ask(MetadataRequest(topics=[MetadataRequestTopic(name=name)]))
    return answer.topics[0].topic_id


def produce(topic: bytes, value: bytes = b"v", acks: int = 1) -> ProduceRequest:
    batch = simple_batch([(None, value)], 1_700_000_000_000, leader_epoch=-1)
    data = [PartitionProduceData(index=0, records=batch)]
    return ProduceRequest(
        acks=acks, timeout_ms=1000, topic_data=[TopicProduceData(topic_id=topic, partition_data=data)]
    )


def fetch(topic: bytes, offset: int, max_wait_ms: int, min_bytes: int = 1) -> FetchRequest:
    wanted = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1_000_000)
    return FetchRequest(
        max_wait_ms=max_wait_ms, min_bytes=min_bytes, topics=[FetchTopic(topic_id=topic, partitions=[wanted])]
    )


async def test_pipelined_requests_are_answered_in_order(autojump_clock, client):
    """Ten requests sent at once come back in the order they were sent, whatever each of them is."""
    requests = [
        ApiVersionsRequest(client_software_name="t", client_software_version="1"),
        MetadataRequest(topics=[]),
    ] * 5
    await client.send_bytes(b"".join(client.frame(request) for request in requests))

    order = [client.decode(request, await client.receive_frame())[0] for request in requests]

    assert order == list(range(1, 11))


async def test_answers_before_a_fetch_that_waits_are_not_held_back(autojump_clock, client):
    """A request in front of a parked fetch is answered at once; the one behind it when the fetch is done."""
    topic = await topic_id(client, "t")
    requests = [MetadataRequest(topics=[]), fetch(topic, 0, 5_000), MetadataRequest(topics=[])]
    await client.send_bytes(b"".join(map(client.frame, requests)))
    started = trio.current_time()

    await client.receive_frame()
    first = trio.current_time() - started
    await client.receive_frame()
    second = trio.current_time() - started
    await client.receive_frame()

    assert first < 0.1
    assert second == pytest.approx(5, abs=0.1)


async def test_a_fetch_wakes_on_the_append_that_satisfies_it(autojump_clock, broker, client):
    """A parked fetch is answered when the record comes, not at max_wait_ms."""
    topic = await topic_id(client, "t")
    producer = await broker.connect()
    started = trio.current_time()

    async def produce_later() -> None:
        await trio.sleep(0.3)
        await producer.ask(produce(topic, b"hello"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce_later)
        response = await client.ask(fetch(topic, 0, 30_000))

    records = response.responses[0].partitions[0].records
    assert [record.value for record in iterate_records(records, 0, read_header(records))] == [b"hello"]
    assert trio.current_time() - started == pytest.approx(0.3, abs=0.1)


async def test_acks_0_has_no_answer(autojump_clock, client):
    """The next answer after a Produce with acks=0 belongs to the next request."""
    topic = await topic_id(client, "t")
    await client.send_bytes(client.frame(produce(topic, acks=0)))

    answer = await client.ask(fetch(topic, 0, 0))

    assert answer.responses[0].partitions[0].high_watermark == 1


async def test_acks_0_that_fails_closes_the_connection(autojump_clock, client):
    """There is no other way to tell the producer that its metadata is wrong."""
    await client.send_bytes(client.frame(produce(bytes(range(16)), acks=0)))

    assert await client.receive_frame() is None


GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tls": bytes.fromhex("160301020001000100030300000000"),
    "negative size": b"\xff\xff\xff\xff",
    "2 GiB": b"\x7f\xff\xff\xff" + b"x" * 100,
    "empty frame": bytes(4),
    "no header": b"\x00\x00\x00\x03abc",
    "unknown api key": b"\x00\x00\x00\x0a\x03\xe8\x00\x00\x00\x00\x00\x07\xff\xff",
    "unsupported version": b"\x00\x00\x00\x0a\x00\x03\x00\x63\x00\x00\x00\x07\xff\xff",
    "huge array": b"\x00\x00\x00\x0e\x00\x03\x00\x01\x00\x00\x00\x07\xff\xff\x7f\xff\xff\xff",
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_closes_the_connection_with_one_line_in_the_log(autojump_clock, broker, client, caplog, name):
    """What is no request ends its own connection, says why once, and disturbs nobody else."""
    other = await broker.connect()
    await client.send_bytes(GARBAGE[name])

    assert await client.receive_frame() is None
    assert [record.levelname for record in caplog.records if "closing connection" in record.message] == ["WARNING"]
    assert (await other.ask(MetadataRequest(topics=[]))).brokers


async def test_an_unknown_version_of_api_versions_is_answered_in_version_0(autojump_clock, client):
    """KIP-511: UNSUPPORTED_VERSION, and the range of ApiVersions itself to choose from."""
    await client.send_bytes(b"\x00\x00\x00\x0b\x00\x12\x00\x63\x00\x00\x00\x07\xff\xff\x00")

    frame = await client.receive_frame()

    _, answer = client.decode(ApiVersionsRequest(), frame, 0)
    assert answer.error_code == 35
    assert [(key.api_key, key.min_version, key.max_version) for key in answer.api_keys] == [(18, 0, 4)]


async def test_a_half_sent_frame_holds_nobody_up(autojump_clock, broker, client):
    """A client that stops in the middle of a frame waits alone."""
    await client.send_bytes(b"\x00\x00\x01\x00half")
    other = await broker.connect()

    assert (await other.ask(MetadataRequest(topics=[]))).brokers


@pytest.mark.parametrize("broker_configs", [{"connections.max.idle.ms": "60000"}])
async def test_an_idle_connection_is_closed(autojump_clock, broker, client):
    """connections.max.idle.ms without a request ends a connection; one that asks in between stays."""
    busy = await broker.connect()

    async def keep_asking() -> None:
        for _ in range(5):
            await trio.sleep(30)
            await busy.ask(MetadataRequest(topics=[]))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_asking)
        assert await client.receive_frame() is None
    assert (await busy.ask(MetadataRequest(topics=[]))).brokers


@pytest.mark.parametrize("broker_configs", [{"max.connections.per.ip": "2"}])
async def test_a_connection_too_many_is_closed_at_once(autojump_clock, broker, client, caplog):
    """max.connections.per.ip: the third connection from one address is refused, with a line in the log."""
    second = await broker.connect()
    assert (await second.ask(MetadataRequest(topics=[]))).brokers
    assert (await client.ask(MetadataRequest(topics=[]))).brokers

    third = await broker.connect()

    assert await third.receive_frame() is None
    assert any("max.connections.per.ip" in record.message for record in caplog.records)


async def test_stopping_answers_what_waits_and_keeps_everything(autojump_clock, broker, client):
    """A parked fetch is answered at shutdown with what there is; records and topics are back after a restart."""
    topic = await topic_id(client, "t")
    await client.ask(produce(topic, b"kept"))
    await client.send_bytes(client.frame(fetch(topic, 1, 60_000)))
    await trio.sleep(0.1)
    started = trio.current_time()

    await broker.stop()
    answer = await client.receive_frame()
    assert answer is not None
    assert trio.current_time() - started < 2

    await broker.start()
    again = await broker.connect()
    response = await again.ask(fetch(topic, 0, 0))
    records = response.responses[0].partitions[0].records
    assert [record.value for record in iterate_records(records, 0, read_header(records))] == [b"kept"]
