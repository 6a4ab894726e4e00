"""The slow reader names the field and the byte that are wrong, and is lenient exactly where Apache Kafka is."""

import pytest

from pykbroker.wire.explain import read_leniently, read_strictly
from pykbroker.wire.messages.api_versions import ApiVersionsRequest
from pykbroker.wire.messages.fetch import FetchRequest
from pykbroker.wire.messages.groups import HeartbeatRequest, ListGroupsRequest
from pykbroker.wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from pykbroker.wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from pykbroker.wire.schema import WireError


def strictly(cls, version, encoded):
    return read_strictly(cls, version, version in cls.flexible, encoded)


def produce(version):
    partition = PartitionProduceData(index=1, records=b"\1" * 40)
    topic = TopicProduceData(name="orders", partition_data=[partition])
    return ProduceRequest(acks=1, timeout_ms=5, topic_data=[topic]).encode(version)


def test_an_error_names_the_field_and_the_byte():
    """A path through arrays and structs, the offset, and what is wrong there."""
    with pytest.raises(
        WireError, match=r"^topic_data\[0\]\.partition_data\[0\]\.records at byte 21: 40 bytes expected, 9 remain$"
    ):
        ProduceRequest.decode(produce(9)[:30], 9)


@pytest.mark.parametrize(
    ("cls", "version", "encoded", "text"),
    [
        (HeartbeatRequest, 0, b"\xff\xff", "group_id at byte 0: null where null is not allowed"),
        (HeartbeatRequest, 4, b"\0", "group_id at byte 0: null where null is not allowed"),
        (HeartbeatRequest, 0, b"\0\5abc", "group_id at byte 2: 5 bytes expected, 3 remain"),
        (MetadataRequest, 1, b"\x7f\xff\xff\xff", "topics at byte 0: 2147483647 elements in 0 bytes"),
        (
            MetadataRequest,
            9,
            b"\xff\xff\xff\xff\x0f\0",
            "topics at byte 0: the unsigned varint 4294967295 does not fit",
        ),
        (MetadataRequest, 9, b"\xff\xff\xff\xff\xff\0", "topics at byte 0: an unsigned varint of more than five bytes"),
        (ApiVersionsRequest, 3, b"\1\1\x05\0\0", "message at byte 2: 5 tags in 2 bytes"),
        (ApiVersionsRequest, 3, b"\1\1\1\0\x20\0", "message at byte 5: 32 bytes expected, 1 remain"),
    ],
)
def test_bytes_that_nobody_can_read(cls, version, encoded, text):
    """Both readers and the compiled one refuse alike, with one message."""
    for read in (cls.decode, lambda data, v: strictly(cls, v, data)):
        with pytest.raises(WireError) as caught:
            read(encoded, version)
        assert text in str(caught.value)


CANONICAL = MetadataRequest(topics=[MetadataRequestTopic(name="ab")]).encode(12)


@pytest.mark.parametrize(
    ("cls", "version", "encoded", "text"),
    [
        (HeartbeatRequest, 0, b"\0\2\xff\xfe\0\0\0\1\0\0", "group_id at byte 2: not UTF-8"),
        (MetadataRequest, 1, b"\xff\xff\xff\xfb", "topics at byte 0: the length -5"),
        (MetadataRequest, 12, CANONICAL[:-3] + b"\2" + CANONICAL[-2:], "a boolean of 2"),
        (ListGroupsRequest, 3, b"\x80\0", "message at byte 0: an unsigned varint longer than it need be"),
        (ListGroupsRequest, 3, b"\2\7\1x\7\1y", "message at byte 4: the tag 7 after 7"),
        (ListGroupsRequest, 3, b"\2\7\1x\6\1y", "message at byte 4: the tag 6 after 7"),
        (ListGroupsRequest, 3, b"\0\0", "message at byte 1: 1 bytes follow the message"),
    ],
)
def test_bytes_that_apache_kafka_reads_all_the_same(cls, version, encoded, text):
    """Strict reading refuses what no encoder writes; the broker reads it as Apache Kafka does."""
    with pytest.raises(WireError) as caught:
        strictly(cls, version, encoded)
    assert text in str(caught.value)

    message, end = cls.decode_from(encoded, version, 0)
    assert (message, end) == read_leniently(cls, version, version in cls.flexible, encoded, 0)


def test_text_that_is_not_utf8_gets_replacement_characters():
    """As in Java: the name is then refused as a name, with an error code instead of a closed connection."""
    assert HeartbeatRequest.decode(b"\0\2\xffa\0\0\0\1\0\0", 0).group_id == "\ufffda"


def test_a_tag_whose_size_is_wrong_is_only_refused_strictly():
    """Apache Kafka reads a known tag by its type and ignores its size."""
    encoded = FetchRequest(max_wait_ms=1, min_bytes=1, topics=(), cluster_id="ab").encode(12)
    at = encoded.rindex(b"\x03ab")
    wrong = encoded[: at - 1] + b"\x01" + encoded[at:]
    with pytest.raises(WireError, match=r"cluster_id|the tag 0 ends at byte"):
        strictly(FetchRequest, 12, wrong)
    assert FetchRequest.decode(wrong, 12).cluster_id == "ab"


def test_unknown_tags_are_passed_over():
    """Tags of later versions are no error and leave the known fields alone."""
    assert ListGroupsRequest.decode_from(b"\2\7\1x\x64\2yz", 3, 0)[1] == 8
