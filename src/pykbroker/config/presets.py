"""Presets: named sets of configurations to start from. Everything said explicitly wins over them.

``dev`` is for laptops and CI: one broker, nothing to wait for. ``kafka`` is Apache Kafka as its own
``server.properties`` for a single broker sets it up, with its defaults and its manners.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Preset(NamedTuple):
    """Configurations, and the manners that no configuration of Kafka's describes."""

    name: str
    configs: Mapping[str, str]
    answers_auto_creation_at_once: bool
    """A Metadata request for a topic that is being auto-created gets the topic in its answer, where Kafka says
    UNKNOWN_TOPIC_OR_PARTITION and lets the client ask again."""


_ONE_NODE: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}

REASONS: Final[Mapping[str, str]] = {
    "process.roles": "one process is broker and controller",
    "node.id": "some id is needed",
    "offsets.topic.replication.factor": "there is one broker",
    "transaction.state.log.replication.factor": "there is one broker",
    "transaction.state.log.min.isr": "there is one broker",
    "share.coordinator.state.topic.replication.factor": "there is one broker",
    "share.coordinator.state.topic.min.isr": "there is one broker",
    "listeners": "without authentication, only this machine should get in; `--host 0.0.0.0` opens it",
    "group.initial.rebalance.delay.ms": "a fresh group should get its partitions at once",
    "group.streams.initial.rebalance.delay.ms": "a fresh group should get its partitions at once",
    "offsets.topic.num.partitions": "50 partitions are start-up time and memory that one broker has no use for",
    "transaction.state.log.num.partitions": "as above",
    "share.coordinator.state.topic.num.partitions": "as above",
}
"""Why a preset departs from Kafka's defaults, for the documentation."""

DEV: Final = Preset(
    "dev",
    {
        **_ONE_NODE,
        "listeners": "PLAINTEXT://localhost:9092",
        "group.initial.rebalance.delay.ms": "0",
        "group.streams.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.num.partitions": "1",
    },
    answers_auto_creation_at_once=True,
)

KAFKA: Final = Preset("kafka", _ONE_NODE, answers_auto_creation_at_once=False)

PRESETS: Final[Mapping[str, Preset]] = {preset.name: preset for preset in (DEV, KAFKA)}
