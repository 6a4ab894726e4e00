"""From the broker's configuration to the rooms' own numbers, followed while it changes."""

from __future__ import annotations

from pykbroker.config.source import broker_config
from pykbroker.metadata.image import MetadataImage
from pykbroker.services.settings import log_config_of, transaction_config


def test_topics_configured_alike_share_one_log_config():
    """Memory of ten thousand partitions; a changed default makes a new one."""
    config = broker_config({"log.retention.ms": "5000"})
    of = log_config_of(config)
    first, second = of(MetadataImage(), "a"), of(MetadataImage(), "b")

    config.apply_dynamic({"log.retention.ms": "7000"}, {})
    changed = of(MetadataImage(), "a")

    assert first[0] is second[0]
    assert (first[0].retention_ms, changed[0].retention_ms) == (5000, 7000)


def test_the_transaction_coordinators_numbers():
    """By Kafka's names in, by the room's names out."""
    values = transaction_config(broker_config({"transaction.max.timeout.ms": "1234"}))

    assert values.max_timeout_ms == 1234
