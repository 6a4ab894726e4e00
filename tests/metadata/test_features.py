"""Feature levels and record versions, as Apache Kafka 4.3.1 has them."""

import pytest

from pykbroker.metadata.features import (
    LATEST_METADATA_VERSION,
    METADATA_VERSIONS,
    OLDEST_METADATA_VERSION,
    default_features,
    metadata_version_from_text,
    record_version,
    supported_features,
)
from pykbroker.wire.messages import stored_metadata as stored


def test_a_fresh_cluster_gets_kafkas_levels():
    """What ``kafka-storage format`` of 4.3.1 writes to bootstrap.checkpoint."""
    assert default_features() == {
        "metadata.version": 30,
        "eligible.leader.replicas.version": 1,
        "group.version": 1,
        "share.version": 1,
        "streams.version": 1,
        "transaction.version": 2,
    }


def test_an_older_cluster_gets_older_levels():
    """A feature's level becomes the default with the metadata version that Kafka ties it to."""
    assert default_features(22) == {"metadata.version": 22, "group.version": 1}
    assert default_features(24) == {"metadata.version": 24, "group.version": 1, "transaction.version": 2}
    assert default_features(7) == {"metadata.version": 7}


def test_supported_ranges():
    """What 4.3.1 registers in its RegisterBrokerRecord."""
    assert supported_features() == {
        "eligible.leader.replicas.version": (0, 1),
        "metadata.version": (7, 30),
        "share.version": (0, 1),
        "kraft.version": (0, 1),
        "group.version": (0, 1),
        "streams.version": (0, 1),
        "transaction.version": (0, 2),
    }


def test_metadata_versions_have_no_gap():
    """Every level from the oldest to the latest has a name."""
    assert list(METADATA_VERSIONS) == list(range(OLDEST_METADATA_VERSION, LATEST_METADATA_VERSION + 1))


@pytest.mark.parametrize(
    ("text", "level"), [("4.3-IV0", 30), ("4.3", 30), ("4.0", 25), ("3.7-IV2", 17), ("2.8", None), ("", None)]
)
def test_metadata_versions_by_name(text, level):
    """A release without IV means its last version."""
    assert metadata_version_from_text(text) == level


@pytest.mark.parametrize(
    ("record", "metadata_version", "version"),
    [
        (
            stored.PartitionRecord(topic_id=bytes(16), replicas=(), isr=(), removing_replicas=(), adding_replicas=()),
            30,
            2,
        ),
        (
            stored.PartitionRecord(topic_id=bytes(16), replicas=(), isr=(), removing_replicas=(), adding_replicas=()),
            17,
            1,
        ),
        (
            stored.PartitionRecord(topic_id=bytes(16), replicas=(), isr=(), removing_replicas=(), adding_replicas=()),
            16,
            0,
        ),
        (stored.PartitionChangeRecord(topic_id=bytes(16)), 30, 2),
        (stored.RegisterBrokerRecord(broker_id=1), 30, 4),
        (stored.RegisterBrokerRecord(broker_id=1), 29, 3),
        (stored.RegisterBrokerRecord(broker_id=1), 8, 2),
        (stored.RegisterBrokerRecord(broker_id=1), 7, 1),
        (stored.TopicRecord(name="t", topic_id=bytes(16)), 30, 0),
        (stored.BrokerRegistrationChangeRecord(broker_id=1, broker_epoch=1, fenced=-1), 30, 0),
        (stored.BrokerRegistrationChangeRecord(broker_id=1, broker_epoch=1, in_controlled_shutdown=1), 30, 1),
        (stored.BrokerRegistrationChangeRecord(broker_id=1, broker_epoch=1, log_dirs=[bytes(16)]), 30, 2),
        (stored.BrokerRegistrationChangeRecord(broker_id=1, broker_epoch=1, cordoned_log_dirs=[]), 30, 3),
    ],
)
def test_record_versions(record, metadata_version, version):
    """The versions that 4.3.1 writes (MetadataVersion's record versions; changes in the lowest that holds them)."""
    assert record_version(record, metadata_version) == version
