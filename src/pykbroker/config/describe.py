"""What DescribeConfigs answers: every configuration of a resource, where it comes from, and what else could set it.

Lives here: the entries and their order of synonyms, exactly as Kafka gives them, its quirk included that
synonyms before the first of the asked name are dropped (so a topic's retention.ms does not mention
log.retention.hours unless log.retention.ms is set). Never: shows a secret, or the value of a configuration
it does not know.

Kafka: ``ConfigHelper``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from pykbroker.config.config import BrokerConfig
from pykbroker.config.definitions import ConfigDef, ConfigError, ConfigType, to_text
from pykbroker.config.group_values import group_values
from pykbroker.config.synonyms import broker_synonyms
from pykbroker.config.tables import (
    BROKER_CONFIGS,
    CLIENT_METRICS_CONFIGS,
    DYNAMIC_BROKER_CONFIGS,
    GROUP_CONFIGS,
    TOPIC_CONFIGS,
    broker_definition,
)


class ConfigSource(IntEnum):
    """Where a value comes from (``DescribeConfigsResponse.ConfigSource``)."""

    UNKNOWN = 0
    DYNAMIC_TOPIC_CONFIG = 1
    DYNAMIC_BROKER_CONFIG = 2
    DYNAMIC_DEFAULT_BROKER_CONFIG = 3
    STATIC_BROKER_CONFIG = 4
    DEFAULT_CONFIG = 5
    DYNAMIC_BROKER_LOGGER_CONFIG = 6
    CLIENT_METRICS_CONFIG = 7
    GROUP_CONFIG = 8


class Synonym(NamedTuple):
    """One of the places that could give a configuration its value."""

    name: str
    value: str | None
    source: ConfigSource


class ConfigEntry(NamedTuple):
    """One configuration as DescribeConfigs shows it."""

    name: str
    value: str | None
    source: ConfigSource
    type: ConfigType
    read_only: bool
    is_sensitive: bool
    synonyms: tuple[Synonym, ...]
    """Always filled; leave them out of the answer when nobody asked."""

    @property
    def is_default(self) -> bool:
        """Nobody set it."""
        return self.source is ConfigSource.DEFAULT_CONFIG


Keys = Collection[str] | None
"""Names that were asked for; None means all."""


def describe_broker(config: BrokerConfig, keys: Keys = None) -> list[ConfigEntry]:
    """Every configuration of this broker."""
    shown = (name for name, definition in BROKER_CONFIGS.items() if not definition.is_internal)
    names = dict.fromkeys((*shown, *config.static, *config.dynamic_default, *config.dynamic))
    return [_broker_entry(config, name) for name in _asked(names, keys)]


def describe_all_brokers(config: BrokerConfig, keys: Keys = None) -> list[ConfigEntry]:
    """The configurations that were set for all brokers (the resource with the empty name)."""
    return [
        _broker_entry(config, name, only=ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG)
        for name in _asked(config.dynamic_default, keys)
    ]


def describe_topic(config: BrokerConfig, overrides: Mapping[str, str], keys: Keys = None) -> list[ConfigEntry]:
    """Every configuration of a topic that sets these."""
    shown = (name for name, definition in TOPIC_CONFIGS.items() if not definition.is_internal)
    defaults = config.topic_defaults()

    def synonyms(definition: ConfigDef) -> list[Synonym]:
        return [] if definition.synonym is None else _of_broker(config, definition.synonym)

    return [
        _resource_entry(name, TOPIC_CONFIGS.get(name), overrides, defaults, ConfigSource.DYNAMIC_TOPIC_CONFIG, synonyms)
        for name in _asked(dict.fromkeys((*shown, *overrides)), keys)
    ]


def describe_group(config: BrokerConfig, overrides: Mapping[str, str], keys: Keys = None) -> list[ConfigEntry]:
    """Every configuration of a group that sets these."""
    values = group_values(config, overrides)

    def synonyms(definition: ConfigDef) -> list[Synonym]:
        if definition.synonym is not None:
            return _of_broker(config, definition.synonym)
        return [Synonym(definition.name, definition.default_text, ConfigSource.DEFAULT_CONFIG)]

    return [
        _resource_entry(name, GROUP_CONFIGS.get(name), overrides, values, ConfigSource.GROUP_CONFIG, synonyms)
        for name in _asked(dict.fromkeys((*GROUP_CONFIGS, *overrides)), keys)
    ]


def describe_client_metrics(overrides: Mapping[str, str], keys: Keys = None) -> list[ConfigEntry]:
    """Every configuration of a telemetry subscription that sets these."""
    defaults = {name: definition.default for name, definition in CLIENT_METRICS_CONFIGS.items()}
    return [
        _resource_entry(
            name,
            CLIENT_METRICS_CONFIGS.get(name),
            overrides,
            defaults,
            ConfigSource.CLIENT_METRICS_CONFIG,
            lambda _: [],
        )
        for name in _asked(dict.fromkeys((*CLIENT_METRICS_CONFIGS, *overrides)), keys)
    ]


def source_of(config: BrokerConfig, name: str) -> ConfigSource:
    """Where a broker configuration's value comes from."""
    synonyms = _of_broker(config, name)
    return synonyms[0].source if synonyms else ConfigSource.DEFAULT_CONFIG


def _asked(names: Iterable[str], keys: Keys) -> Iterator[str]:
    return iter(names) if keys is None else (name for name in names if name in keys)


def _broker_entry(config: BrokerConfig, name: str, only: ConfigSource | None = None) -> ConfigEntry:
    definition = broker_definition(name)
    synonyms = [synonym for synonym in _of_broker(config, name) if only in (None, synonym.source)]
    if definition is None:  # set by somebody for a plug-in, perhaps a secret
        value, config_type = None, ConfigType.UNKNOWN
    else:
        value, config_type = to_text(definition.type, _broker_value(config, name, definition, only)), definition.type
    is_sensitive = definition is None or definition.is_sensitive
    return ConfigEntry(
        name,
        None if is_sensitive else value,
        synonyms[0].source if synonyms else ConfigSource.DEFAULT_CONFIG,
        config_type,
        name not in DYNAMIC_BROKER_CONFIGS,
        is_sensitive,
        tuple(synonyms),
    )


def _broker_value(config: BrokerConfig, name: str, definition: ConfigDef, only: ConfigSource | None) -> Any:
    if only is None and name in BROKER_CONFIGS:
        return config[name]
    for layer, source in _layers(config):  # of one layer, or a listener's own value
        if name in layer and only in (None, source):
            return _parsed_or_none(definition, layer[name])
    return None


def _parsed_or_none(definition: ConfigDef, text: str) -> Any:
    """None for what another version of the broker has written and this one passes over."""
    try:
        return definition.parse(text)
    except ConfigError:
        return None


def _of_broker(config: BrokerConfig, name: str) -> list[Synonym]:
    """Every place that gives ``name`` or a synonym of it a value, the strongest first, from ``name`` itself on."""
    definition = broker_definition(name)
    is_sensitive = definition is None or definition.is_sensitive
    names = broker_synonyms(name)
    found = [
        Synonym(synonym, None if is_sensitive else layer[synonym], source)
        for layer, source in _layers(config)
        for synonym in names
        if synonym in layer
    ]
    for synonym in names:
        text = BROKER_CONFIGS[synonym].default_text if synonym in BROKER_CONFIGS else None
        if text is not None:
            found.append(Synonym(synonym, None if is_sensitive else text, ConfigSource.DEFAULT_CONFIG))
    first = next((index for index, synonym in enumerate(found) if synonym.name == name), len(found))
    return found[first:]


def _layers(config: BrokerConfig) -> tuple[tuple[Mapping[str, str], ConfigSource], ...]:
    return (
        (config.dynamic, ConfigSource.DYNAMIC_BROKER_CONFIG),
        (config.dynamic_default, ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG),
        (config.static, ConfigSource.STATIC_BROKER_CONFIG),
    )


def _resource_entry(
    name: str,
    definition: ConfigDef | None,
    overrides: Mapping[str, str],
    defaults: Mapping[str, Any],
    own_source: ConfigSource,
    synonyms_of: Callable[[ConfigDef], list[Synonym]],
) -> ConfigEntry:
    if definition is None:  # written by a broker that knew it
        own = (Synonym(name, None, own_source),)
        return ConfigEntry(name, None, own_source, ConfigType.UNKNOWN, False, True, own)
    value = to_text(definition.type, _own_value(definition, overrides, defaults))
    synonyms = synonyms_of(definition)
    if name in overrides:
        synonyms = [Synonym(name, value, own_source), *synonyms]
    source = synonyms[0].source if synonyms else ConfigSource.DEFAULT_CONFIG
    return ConfigEntry(name, value, source, definition.type, False, False, tuple(synonyms))


def _own_value(definition: ConfigDef, overrides: Mapping[str, str], defaults: Mapping[str, Any]) -> Any:
    own = None
    if definition.name in overrides and definition.name not in GROUP_CONFIGS:  # a group's are within bounds already
        own = _parsed_or_none(definition, overrides[definition.name])
    return defaults[definition.name] if own is None else own
