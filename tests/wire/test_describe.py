"""A described frame shows every field and its offset, says where reading stopped, and never shows a secret."""

import re

import pytest
from message_values import Maker, all_messages, short_value

from pykbroker.wire.describe import describe_frame, explain_frame, explain_message
from pykbroker.wire.header import RequestHeader, encode_request_header, encode_response_header
from pykbroker.wire.messages import REQUESTS
from pykbroker.wire.messages.configs import (
    DescribeConfigsResourceResult,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    DescribeConfigsSynonym,
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsRequestAlterableConfig,
    IncrementalAlterConfigsRequestAlterConfigsResource,
)
from pykbroker.wire.messages.groups import FindCoordinatorRequest, HeartbeatResponse
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.record_builder import simple_batch

HEADER_BYTES = 13  # key, version, correlation id, "me", no tags
SECRET = b"hunter2-hunter2"
MESSAGES = all_messages()


def request_frame(request, version):
    return encode_request_header(RequestHeader(request.api_key, version, 7, "me")) + request.encode(version)


def produce():
    batch = simple_batch([(b"key", SECRET)], 1_700_000_000_000)
    partition = PartitionProduceData(index=3, records=batch)
    return ProduceRequest(
        acks=-1, timeout_ms=30, topic_data=[TopicProduceData(name="orders", partition_data=[partition])]
    )


def test_a_request_is_a_tree_with_offsets():
    """Each value has a line that begins with the offset of its first byte in the frame."""
    lines = describe_frame(request_frame(produce(), 9), "request").splitlines()

    assert lines[0].startswith("ProduceRequest v9 #7 from client 'me', ")
    assert lines[1] == "   13  transactional_id: null"
    assert lines[2] == "   14  acks: -1"
    assert "   21      name: 'orders'" in lines
    assert lines[-1].startswith("   33          records: <")
    assert "batch of 1 at 0" in lines[-1]


def test_a_frame_that_ends_too_early_is_shown_up_to_there():
    """What was read is shown, then the field, the byte and the reason why no more was."""
    lines = describe_frame(request_frame(produce(), 9)[:60], "request").splitlines()

    assert "   21      name: 'orders'" in lines
    assert lines[-2] == "   33          records: unread"
    assert lines[-1] == "   !!  topic_data[0].partition_data[0].records at byte 34: 86 bytes expected, 26 remain"


def test_a_response_needs_to_be_told_what_it_answers():
    """With key and version of the request, a response is described like one."""
    frame = encode_response_header(9, flexible=True) + HeartbeatResponse(error_code=27).encode(4)
    text = explain_frame(frame, "response", 12, 4).line()
    assert text == "HeartbeatResponse v4 #9: throttle_time_ms=0 error_code=27 REBALANCE_IN_PROGRESS"


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (b"", "unreadable request"),
        (b"\0\x04\0\0\0\0\0\1\xff\xff", r"\(API key 4\)Request v0 .* no API has the key 4"),
        (b"\0\x0c\0\x63\0\0\0\1\xff\xff\0", "HeartbeatRequest v99 .* versions 0-4 are known"),
        (request_frame(FindCoordinatorRequest(), 0) + b"...", "3 bytes follow the message"),
    ],
)
def test_whatever_it_is_it_is_described(frame, text):
    """Frames that are no requests, unknown keys and versions, and too long ones are described, not refused."""
    assert re.search(text, explain_frame(frame, "request").line())


def secrets_in(cls):
    return {field.name for field in cls.__fields__ if field.secret}


@pytest.mark.parametrize("name", [name for name, cls in MESSAGES.items() if secrets_in(cls)])
def test_secret_fields_are_not_shown(name):
    """SASL messages, SCRAM salts and keys, token HMACs and forwarded requests appear by their size only."""
    cls = MESSAGES[name]
    message = cls(**dict.fromkeys(secrets_in(cls), SECRET))
    explanation = explain_message(cls, cls.versions.high, message.encode(cls.versions.high))
    for text in (explanation.line(), explanation.tree(), repr(message)):
        assert SECRET.hex(" ") not in text
        assert SECRET.hex() not in text
        assert SECRET.decode() not in text
        assert "<secret" in text


def test_fields_that_hold_credentials_are_declared_secret():
    """Nobody adds a field called like a credential without marking it."""
    found = {
        (cls.__name__, field.name)
        for cls in struct_classes()
        for field in cls.__fields__
        if re.search(r"password|salt|hmac|stored_key|server_key|auth_bytes|secret", field.name)
    }
    marked = {(cls.__name__, field.name) for cls in struct_classes() for field in cls.__fields__ if field.secret}
    assert found == marked - {("EnvelopeRequest", "request_data"), ("EnvelopeResponse", "response_data")}


def struct_classes():
    found, waiting = set(), list(MESSAGES.values())
    while waiting:
        cls = waiting.pop()
        found.add(cls)
        elements = [field.of if field.kind == "array" else field for field in cls.__fields__]
        waiting += [element.of for element in elements if element.kind == "struct"]
    return found


def test_values_of_secret_configurations_are_not_shown():
    """A configuration that is secret by its name, or because the broker says so, has its value hidden."""
    entries = [("ssl.key.password", SECRET.decode()), ("sasl.jaas.config", SECRET.decode()), ("retention.ms", "12")]
    configs = [
        IncrementalAlterConfigsRequestAlterableConfig(name=name, config_operation=0, value=value)
        for name, value in entries
    ]
    resource = IncrementalAlterConfigsRequestAlterConfigsResource(resource_type=4, resource_name="1", configs=configs)
    explanation = explain_frame(request_frame(IncrementalAlterConfigsRequest(resources=[resource]), 1), "request")
    assert SECRET.decode() not in explanation.tree() + explanation.line()
    assert "'12'" in explanation.tree()

    synonym = DescribeConfigsSynonym(name="my.plugin.pin", value="ok", source=5)
    result = DescribeConfigsResourceResult(
        name="my.plugin.pin", value=SECRET.decode(), read_only=False, is_sensitive=True, synonyms=[synonym]
    )
    answer = DescribeConfigsResponse(
        results=[DescribeConfigsResult(error_code=0, resource_type=4, resource_name="1", configs=[result])]
    )
    frame = encode_response_header(1, flexible=True) + answer.encode(4)
    assert SECRET.decode() not in describe_frame(frame, "response", 32, 4)


def test_records_are_not_shown():
    """Of records only the batch headers appear."""
    explanation = explain_frame(request_frame(produce(), 9), "request")
    assert SECRET.decode() not in explanation.tree() + explanation.line()
    assert SECRET.hex(" ") not in explanation.tree()


@pytest.mark.parametrize("key", REQUESTS)
def test_every_api_is_described(key):
    """Requests and responses of every API, whole and cut, give a tree and a line of bounded length."""
    request = REQUESTS[key]
    version = request.versions.high
    frame = request_frame(Maker(5).make(request, version), version)
    answer = encode_response_header(1, key != 18 and version in request.flexible)
    answer += Maker(6, short_value).make(request.response_type, version).encode(version)

    assert "!!" not in describe_frame(frame, "request")
    assert "!!" not in describe_frame(answer, "response", key, version)
    assert len(explain_frame(frame, "request").line()) < 3000
    if len(frame) > HEADER_BYTES + 2:
        assert "!!" in describe_frame(frame[:-1], "request")
