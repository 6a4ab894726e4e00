"""Settings: what the controller must know of its broker's configuration, and no more.

Lives here: the questions (``ConfigRules``) and the plain values (``Settings``). Who builds a broker answers the
questions from the config tables; tests answer them in a few lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from pykbroker.metadata.features import LATEST_METADATA_VERSION, default_features, supported_features
from pykbroker.metadata.image import MetadataImage
from pykbroker.metadata.placement import Random
from pykbroker.wire.messages.topics import CreatableTopic


class EffectiveConfig(NamedTuple):
    """One config of a topic as it will hold, and where its value comes from (ConfigSource of DescribeConfigs)."""

    name: str
    value: str | None
    source: int
    is_sensitive: bool = False


class ConfigRules(Protocol):
    """What the config tables know. Resource types are ConfigResource's numbers."""

    def validate(self, resource_type: int, resource_name: str, configs: Mapping[str, str]) -> None:
        """Raise KafkaError if a resource may not have exactly these dynamic configs."""

    def validate_broker_change(self, image: MetadataImage, resource_name: str, configs: Mapping[str, str]) -> None:
        """Raise KafkaError if this broker (or, by the name "", every broker) cannot run with these dynamic configs."""

    def is_list(self, resource_type: int, name: str) -> bool:
        """The config is a list, so that values can be appended and subtracted."""

    def default(self, resource_type: int, name: str) -> str | None:
        """The value in the table, whatever the broker was started with."""

    def effective_topic_configs(self, image: MetadataImage, overrides: Mapping[str, str]) -> Sequence[EffectiveConfig]:
        """Every config of a topic with these overrides, in order of name."""

    def topic_value(self, image: MetadataImage, topic: str, name: str) -> str:
        """The value of one config of a topic, wherever it comes from."""


class Settings(NamedTuple):
    """The controller's surroundings."""

    node_id: int
    rules: ConfigRules
    random: Random
    default_num_partitions: int = 1
    default_replication_factor: int = 1
    delete_topic_enable: bool = True
    static_min_insync_replicas: int = 1
    internal_topics: Mapping[str, CreatableTopic] = {}
    """How the broker's own topics are made when they are first needed."""

    latest_metadata_version: int = LATEST_METADATA_VERSION
    """The highest level of metadata.version; lower when an older release is imitated."""

    def supported_features(self) -> dict[str, tuple[int, int]]:
        """Name → lowest and highest level that this node supports."""
        return supported_features(self.latest_metadata_version)

    def fresh_features(self) -> dict[str, int]:
        """The features a fresh cluster is formatted with."""
        return default_features(self.latest_metadata_version)

    def min_insync_replicas(self, image: MetadataImage, topic: str) -> int:
        """The topic's min.insync.replicas, but never more than it has replicas."""
        replicas = len(image.topics[topic].partitions[0].replicas)
        return min(int(self.rules.topic_value(image, topic, "min.insync.replicas")), replicas)

    def allows_unclean_election(self, image: MetadataImage, topic: str) -> bool:
        """The topic would rather lose records than be unavailable."""
        return self.rules.topic_value(image, topic, "unclean.leader.election.enable") == "true"
