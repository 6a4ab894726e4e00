"""``serve --trace``: what is said of requests and answers, and what never is."""

from __future__ import annotations

import io

import pytest

from pykbroker.broker import Broker
from pykbroker.wire.messages.api_versions import ApiVersionsRequest
from pykbroker.wire.messages.configs import AlterConfigsRequest
from pykbroker.wire.messages.configs import AlterConfigsRequestAlterableConfig as AlterableConfig
from pykbroker.wire.messages.configs import AlterConfigsRequestAlterConfigsResource as AlterConfigsResource
from pykbroker.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from pykbroker.wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.records import simple_batch


@pytest.fixture
def lines():
    """What has been traced."""
    return []


@pytest.fixture
async def traced(broker, lines):
    """The broker in memory, started again with a trace."""
    await broker.stop()
    plain = broker.make()
    broker.broker = Broker(plain._config, plain._world, lines.append)
    await broker._nursery.start(broker.broker.run)
    return broker


async def test_a_request_and_its_answer_are_a_line_each(traced, lines):
    """Who asked, what, and what came of it."""
    client = await traced.connect()
    await client.ask(MetadataRequest(topics=[MetadataRequestTopic(name="orders")], allow_auto_topic_creation=True))

    asked, answered = lines
    assert "> MetadataRequest v13 #1 from client 'test'" in asked
    assert "name='orders'" in asked
    assert "< MetadataResponse v13 #1" in answered
    assert "after " in answered


async def test_records_and_secrets_stay_unsaid(traced, lines):
    """Of records there are the batches' headers, of passwords their length."""
    client = await traced.connect()
    await client.ask(MetadataRequest(topics=[MetadataRequestTopic(name="t")], allow_auto_topic_creation=True), 9)
    batch = simple_batch([(b"k", b"private thoughts")], 1)
    data = PartitionProduceData(index=0, records=batch)
    topic = TopicProduceData(name="t", partition_data=[data])
    await client.ask(ProduceRequest(acks=-1, timeout_ms=1000, topic_data=[topic]), 9)
    wanted = FetchTopic(topic="t", partitions=[FetchPartition(partition=0, partition_max_bytes=1000)])
    fetched = await client.ask(FetchRequest(max_wait_ms=0, min_bytes=0, max_bytes=1000, topics=[wanted]), 11)
    assert b"private thoughts" in bytes(fetched.responses[0].partitions[0].records)
    password = AlterableConfig(name="ssl.key.password", value="hunter2")
    resource = AlterConfigsResource(resource_type=4, resource_name="1", configs=[password])
    await client.ask(AlterConfigsRequest(resources=[resource], validate_only=True))

    said = "\n".join(lines)
    assert said.count("batch of 1 at 0") == 2
    assert "private thoughts" not in said
    assert "hunter2" not in said
    assert "<secret, 7 characters>" in said


async def test_lines_are_bounded_whatever_is_sent(traced, lines):
    """A request of thousands of topics is a line of some two thousand characters."""
    client = await traced.connect()
    names = [MetadataRequestTopic(name=f"{number:0200}") for number in range(3000)]
    await client.ask(MetadataRequest(topics=names, allow_auto_topic_creation=False))

    assert max(map(len, lines)) < 2200


async def test_why_a_connection_is_closed_is_said(traced, lines):
    """Bytes that are no request, and a version that no client has."""
    client = await traced.connect()
    await client.send_bytes(b"\0\0\0\x04junk")
    assert await client.receive_frame() is None

    assert "> unreadable request" in lines[0]
    assert "! closing: not a Kafka request" in lines[1]


async def test_an_api_versions_request_from_the_future_is_explained_as_answered(traced, lines):
    """Its answer is in version 0 (KIP-511)."""
    client = await traced.connect()
    frame = bytearray(client.frame(ApiVersionsRequest(client_software_name="t", client_software_version="1")))
    frame[6:8] = (99).to_bytes(2, "big")
    await client.send_bytes(bytes(frame))
    await client.receive_frame()

    assert "error_code=35 UNSUPPORTED_VERSION" in lines[1]


async def test_without_a_trace_the_plain_dispatcher_works(broker):
    """Tracing costs nothing when it is off: its class is not in the way."""
    dispatcher = broker.broker._dispatcher(broker.services)

    assert type(dispatcher).__name__ == "Dispatcher"


def test_a_trace_goes_to_standard_error_or_to_the_end_of_a_file(tmp_path, monkeypatch):
    """``--trace`` and ``--trace=FILE``."""
    from pykbroker.cli import serve

    monkeypatch.setattr(serve.sys, "stderr", io.StringIO())
    path = tmp_path / "trace"
    path.write_text("before\n")
    with serve._trace_to("-") as write:
        write("one")
    with serve._trace_to(str(path)) as write:
        write("two")
    with serve._trace_to(None) as write:
        assert write is None

    assert serve.sys.stderr.getvalue() == "one\n"
    assert path.read_text() == "before\ntwo\n"
