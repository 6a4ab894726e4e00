"""Messages: how they are tied together, and how their codecs come to be."""

import linecache
import traceback

import pytest
from message_values import all_messages

from pykbroker.wire.api import Codec
from pykbroker.wire.messages.fetch import FetchableTopicResponse, FetchResponse, PartitionData
from pykbroker.wire.messages.groups import HeartbeatRequest, HeartbeatResponse, JoinGroupRequest
from pykbroker.wire.messages.metadata import MetadataRequest
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.messages.stored_groups import OffsetCommitKey
from pykbroker.wire.schema import Versions, WireError


def produce(records):
    partition = PartitionProduceData(index=0, records=records)
    return ProduceRequest(acks=1, timeout_ms=5, topic_data=[TopicProduceData(name="t", partition_data=[partition])])


def records_of(request):
    return request.topic_data[0].partition_data[0].records


def test_a_request_knows_its_answer_and_both_their_key():
    """The type in the brackets is the answer's."""
    assert HeartbeatRequest.response_type is HeartbeatResponse
    assert HeartbeatRequest.api_key == HeartbeatResponse.api_key == 12
    assert HeartbeatRequest.versions == Versions.parse("0-4")
    assert HeartbeatRequest.flexible == Versions.parse("4+")
    assert OffsetCommitKey.api_key == 1


def test_codecs_are_compiled_once_and_only_when_used():
    """Each direction of each version by itself."""
    codec = Codec(HeartbeatRequest, 3)
    before = codec.encode, codec.decode
    codec.encode(HeartbeatRequest(), [])
    assert codec.encode != before[0]
    assert codec.decode == before[1]
    assert HeartbeatRequest.codec(3) is HeartbeatRequest.codec(3)


@pytest.mark.parametrize("version", [-1, 5, 32767])
def test_a_version_that_is_not_there_is_a_wire_error(version):
    """Decoding and encoding say which versions there are."""
    for use in (lambda: HeartbeatRequest.decode(b"", version), lambda: HeartbeatRequest().encode(version)):
        with pytest.raises(WireError, match=f"HeartbeatRequest has no version {version} .0-4 are known"):
            use()


@pytest.mark.parametrize("buffer", [bytes, bytearray, memoryview])
def test_records_are_a_view_of_the_frame(buffer):
    """Nothing is copied: what changes in the frame changes in the records."""
    encoded = produce(b"batch").encode(9)
    records = records_of(ProduceRequest.decode(buffer(encoded), 9))
    assert isinstance(records, memoryview)
    assert records == b"batch"

    frame = bytearray(encoded)
    records = records_of(ProduceRequest.decode(frame, 9))
    frame[frame.index(b"batch")] = ord("m")
    assert records == b"match"


def test_records_are_encoded_as_the_very_object():
    """Anything with a length may stand for records, and reaches the parts untouched."""

    class FileSlice:
        def __len__(self):
            return 300

    slice_of_file = FileSlice()
    answer = FetchResponse(
        responses=[
            FetchableTopicResponse(
                topic="t",
                partitions=[PartitionData(partition_index=0, error_code=0, high_watermark=9, records=slice_of_file)],
            )
        ]
    )
    parts = []
    answer.encode_into(12, parts)
    assert [part for part in parts if part is slice_of_file] == [slice_of_file]
    at = parts.index(slice_of_file)
    assert parts[at - 1] == b"\xad\x02"  # 301 as an unsigned varint: the length plus one


def test_a_traceback_shows_the_generated_line():
    """A mistake of ours in a value is seen where it happens."""
    with pytest.raises(AttributeError) as caught:
        HeartbeatRequest(group_id=None).encode(0)
    text = "".join(traceback.format_exception(caught.value))
    assert "<pykbroker encode HeartbeatRequest v0>" in text
    assert "message.group_id.encode()" in text
    linecache.checkcache()  # does not forget it, though there is no such file
    assert "<pykbroker encode HeartbeatRequest v0>" in linecache.cache


def test_array_lengths_from_clients_do_not_fill_memory():
    """Packers are kept for common lengths only, whatever lengths clients send."""
    from pykbroker.wire.messages.fetch import FetchRequest, ForgottenTopic
    from pykbroker.wire.primitives import ARRAY_PACKERS, KEPT_PACKERS

    for count in range(0, 2000, 37):
        forgotten = [ForgottenTopic(topic="t", partitions=range(count))]
        request = FetchRequest(max_wait_ms=0, min_bytes=0, topics=[], forgotten_topics_data=forgotten)
        decoded = FetchRequest.decode(request.encode(11), 11)
        assert list(decoded.forgotten_topics_data[0].partitions) == list(range(count))
    assert len(ARRAY_PACKERS["i"]) <= KEPT_PACKERS + 1


def test_named_version_questions_are_version_ranges():
    """What handlers ask is declared beside the message, within its versions, in capitals."""
    questions = [
        (cls, name, value)
        for cls in all_messages().values()
        for name, value in vars(cls).items()
        if name.isupper() and isinstance(value, Versions)
    ]
    assert len(questions) > 60
    for cls, name, value in questions:
        assert value.low in cls.versions, (cls, name)
        assert value.high >= 32767 or value.high in cls.versions, (cls, name)
    assert 13 in ProduceRequest.BY_TOPIC_ID
    assert 0 in MetadataRequest.NO_TOPICS_MEANS_ALL
    assert 3 not in JoinGroupRequest.MEMBER_ID_REQUIRED
