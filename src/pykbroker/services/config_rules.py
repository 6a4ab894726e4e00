"""What the controller asks of the config tables (``controller.settings.ConfigRules``), answered for one broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pykbroker.config import alter
from pykbroker.config.config import BrokerConfig
from pykbroker.config.definitions import to_text
from pykbroker.config.describe import describe_topic
from pykbroker.config.tables import TOPIC_CONFIGS
from pykbroker.controller.settings import EffectiveConfig
from pykbroker.metadata.image import MetadataImage


class ConfigRulesOfBroker:
    """The tables, with this broker's values as the topics' defaults."""

    def __init__(self, config: BrokerConfig) -> None:
        self._config = config

    def validate(self, resource_type: int, resource_name: str, configs: Mapping[str, str]) -> None:
        """Raise KafkaError if a resource may not have exactly these dynamic configs."""
        alter.validate(self._config, resource_type, resource_name, configs)

    def validate_broker_change(self, image: MetadataImage, resource_name: str, configs: Mapping[str, str]) -> None:
        """Raise KafkaError if brokers cannot run with these dynamic configs."""
        alter.validate_broker_change(self._config, resource_name, configs)

    def is_list(self, resource_type: int, name: str) -> bool:
        """The config is a list, so that values can be appended and subtracted."""
        return alter.is_list(resource_type, name)

    def default(self, resource_type: int, name: str) -> str | None:
        """The value in the table, whatever the broker was started with."""
        return alter.default_text(resource_type, name)

    def effective_topic_configs(self, image: MetadataImage, overrides: Mapping[str, str]) -> Sequence[EffectiveConfig]:
        """Every config of a topic with these overrides, in order of name."""
        entries = describe_topic(self._config, overrides)
        return [
            EffectiveConfig(entry.name, overrides.get(entry.name, entry.value), entry.source, entry.is_sensitive)
            for entry in sorted(entries, key=lambda entry: entry.name)
        ]

    def topic_value(self, image: MetadataImage, topic: str, name: str) -> str:
        """The value of one config of a topic, wherever it comes from."""
        value = to_text(TOPIC_CONFIGS[name].type, self._config.topic_config(image.topic_config(topic))[name])
        assert value is not None
        return value
