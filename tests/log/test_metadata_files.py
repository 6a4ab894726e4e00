"""The small files beside logs, byte for byte as Apache Kafka writes them, and the names of directories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.log.metadata_files import (
    BadMetadataFile,
    MetaProperties,
    aside_name,
    decode_meta_properties,
    decode_partition_metadata,
    directory_name,
    encode_clean_shutdown,
    encode_meta_properties,
    encode_partition_metadata,
    parse_directory_name,
)
from pykbroker.names import TopicPartition, uuid_from_text

KAFKAS_META_PROPERTIES = b"""#
#Sat Nov 21 06:33:37 UTC 2026
node.id=1
directory.id=f9toTRd4ubs0MU7ZhNPFcA
version=1
cluster.id=MkU3OEVBNTcwNTJENDM2Qg
"""


def test_meta_properties_of_apache_kafka():
    """What Apache Kafka formats a directory with is understood."""
    meta = decode_meta_properties(KAFKAS_META_PROPERTIES)
    assert meta == ("MkU3OEVBNTcwNTJENDM2Qg", 1, uuid_from_text("f9toTRd4ubs0MU7ZhNPFcA"))
    assert decode_meta_properties(encode_meta_properties(meta)) == meta


def test_older_meta_properties():
    """Java escapes colons and equals signs; before KRaft the node was a broker, before KIP-858 nobody had an id."""
    old = b"version=0\nbroker.id=3\ncluster.id=ab\\=\\=\n"
    assert decode_meta_properties(old) == MetaProperties("ab==", 3, bytes(16))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "version is missing"),
        (b"version=2\nnode.id=1\ncluster.id=x\n", "newer"),
        (b"version=1\nnode.id=one\ncluster.id=x\n", "invalid literal"),
        (b"version=1\nnode.id=1\n", "cluster.id is missing"),
        (b"version=1\nnode.id=1\ncluster.id=x\ndirectory.id=short\n", "short"),
    ],
)
def test_bad_meta_properties(data, complaint):
    """What is wrong is said."""
    with pytest.raises(BadMetadataFile, match=complaint):
        decode_meta_properties(data)


def test_partition_metadata():
    """Two lines, the last without an end."""
    data = b"version: 0\ntopic_id: 2c5BNpZ_Tou2wUYBMaP2eA"
    topic_id = uuid_from_text("2c5BNpZ_Tou2wUYBMaP2eA")
    assert encode_partition_metadata(topic_id) == data
    assert decode_partition_metadata(data) == topic_id
    assert decode_partition_metadata(data + b"\n") == topic_id
    for bad in (b"", b"version: 1\ntopic_id: 2c5BNpZ_Tou2wUYBMaP2eA", b"version: 0\ntopic_id: x", b"version: 0\nid: "):
        with pytest.raises(BadMetadataFile):
            decode_partition_metadata(bad)


def test_clean_shutdown_marker():
    """It carries the broker's epoch (KIP-966)."""
    assert encode_clean_shutdown(14) == b'{"version":0,"brokerEpoch":14}'


@given(topic=st.text("abz.-_0", min_size=1, max_size=249), partition=st.integers(0, 10**6))
def test_directory_names(topic, partition):
    """Every legal topic's directory is recognised, and so are those moved aside, which are never too long."""
    topic_partition = TopicPartition(topic, partition)
    assert parse_directory_name(directory_name(topic_partition)) == (topic_partition, "")
    for suffix in ("-delete", "-future", "-stray"):
        name = aside_name(topic_partition, "0" * 32, suffix)
        assert len(name) <= 255
        parsed = parse_directory_name(name)
        assert parsed[1] == suffix
        assert topic.startswith(parsed[0].topic)
        assert parsed[0].partition == partition


def test_other_directories_are_not_partitions():
    """What else may lie in a log directory."""
    for name in ("lost+found", "x", "-", "a-b", "remote-log-index-cache"):
        assert parse_directory_name(name) is None
