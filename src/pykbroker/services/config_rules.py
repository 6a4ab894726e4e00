"""What the controller asks of the config tables (``controller.settings.ConfigRules``), answered for one broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pykbroker.config.config import BrokerConfig
from pykbroker.config.definitions import ConfigError, ConfigType, to_text
from pykbroker.config.tables import CONFIGS_BY_RESOURCE, TOPIC_CONFIGS, TOPIC_RESOURCE, broker_definition
from pykbroker.controller.settings import EffectiveConfig
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import CONFIG_BROKER, MetadataImage

DYNAMIC_TOPIC_SOURCE, DEFAULT_SOURCE = 1, 5
"""``ConfigSource`` of DescribeConfigs."""


class ConfigRulesOfBroker:
    """The tables, with this broker's values as the topics' defaults."""

    def __init__(self, config: BrokerConfig) -> None:
        self._config = config

    def validate(self, resource_type: int, resource_name: str, configs: Mapping[str, str]) -> None:
        """Raise INVALID_CONFIG if a resource may not have exactly these dynamic configs."""
        table = CONFIGS_BY_RESOURCE[resource_type]
        for name, text in configs.items():
            definition = broker_definition(name) if resource_type == CONFIG_BROKER else table.get(name)
            if definition is None:
                raise KafkaError(ErrorCode.INVALID_CONFIG, f"there is no config {name}")
            try:
                definition.parse(text)
            except ConfigError as error:
                raise KafkaError(ErrorCode.INVALID_CONFIG, str(error)) from None

    def validate_broker_change(self, image: MetadataImage, resource_name: str, configs: Mapping[str, str]) -> None:
        """Raise KafkaError if brokers cannot run with these dynamic configs."""
        for name in configs:
            definition = broker_definition(name)
            if definition is not None and not definition.is_dynamic:
                raise KafkaError(ErrorCode.INVALID_REQUEST, f"{name} cannot be changed while a broker runs")

    def is_list(self, resource_type: int, name: str) -> bool:
        """The config is a list, so that values can be appended and subtracted."""
        definition = CONFIGS_BY_RESOURCE[resource_type].get(name)
        return definition is not None and definition.type is ConfigType.LIST

    def default(self, resource_type: int, name: str) -> str | None:
        """The value in the table, whatever the broker was started with."""
        definition = CONFIGS_BY_RESOURCE[resource_type].get(name)
        return definition.default_text if definition is not None else None

    def effective_topic_configs(self, image: MetadataImage, overrides: Mapping[str, str]) -> Sequence[EffectiveConfig]:
        """Every config of a topic with these overrides, in order of name."""
        values = self._config.topic_config(overrides)
        return [
            EffectiveConfig(
                name,
                overrides[name] if name in overrides else to_text(definition.type, values[name]),
                DYNAMIC_TOPIC_SOURCE if name in overrides else DEFAULT_SOURCE,
                definition.is_sensitive,
            )
            for name, definition in sorted(CONFIGS_BY_RESOURCE[TOPIC_RESOURCE].items())
            if not definition.is_internal
        ]

    def topic_value(self, image: MetadataImage, topic: str, name: str) -> str:
        """The value of one config of a topic, wherever it comes from."""
        value = to_text(TOPIC_CONFIGS[name].type, self._config.topic_config(image.topic_config(topic))[name])
        assert value is not None
        return value
