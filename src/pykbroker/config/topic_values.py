"""What holds for a topic in the end: its own configurations over the broker's over Kafka's defaults.

Lives here: the one table row that a topic's defaults need beyond ``synonyms`` (names in other units), and
the short notation for topics on a command line. Kafka: ``KafkaConfig.extractLogConfigMap``,
``LogConfig.fromProps``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from pykbroker.config.definitions import HIDDEN, ConfigError
from pykbroker.config.synonyms import broker_synonyms, in_milliseconds
from pykbroker.config.tables import BROKER_CONFIGS, TOPIC_CONFIGS
from pykbroker.errors import KafkaError
from pykbroker.names import validate_topic_name

log = logging.getLogger("pykbroker.config")


class Lookup(Protocol):
    """Typed values by name."""

    def __getitem__(self, name: str, /) -> Any: ...


class TopicSpec(NamedTuple):
    """A topic that somebody wants to exist."""

    name: str
    partitions: int
    """-1: as ``num.partitions`` says."""
    replicas: int
    """-1: as ``default.replication.factor`` says."""
    configs: Mapping[str, str]


def parse_topic_spec(text: str) -> TopicSpec:
    """``name[:partitions[:replicas[:cleanup.policy]]]``; ConfigError says what is wrong."""
    name, *rest = (part.strip() for part in text.split(":"))
    try:
        validate_topic_name(name)
        partitions, replicas = (int(part) if part else -1 for part in [*rest, "", ""][:2])
    except KafkaError as error:
        raise ConfigError("topic", text, error.message or "") from None
    except ValueError:
        raise ConfigError("topic", text, "must be NAME, NAME:PARTITIONS or NAME:PARTITIONS:REPLICAS") from None
    if len(rest) > 3 or 0 in (partitions, replicas) or min(partitions, replicas) < -1:
        raise ConfigError("topic", text, "must be NAME, NAME:PARTITIONS or NAME:PARTITIONS:REPLICAS, from 1 up")
    configs = {"cleanup.policy": rest[2]} if len(rest) == 3 else {}
    for key, value in configs.items():
        TOPIC_CONFIGS[key].parse(value)
    return TopicSpec(name, partitions, replicas, configs)


def defaults_from_broker(broker: Lookup) -> dict[str, Any]:
    """Every topic configuration as it is for a topic that sets none."""
    values = {}
    for name, definition in TOPIC_CONFIGS.items():
        values[name] = definition.default if definition.synonym is None else _of_broker(broker, definition.synonym)
    values["retention.ms"] = max(values["retention.ms"], -1)  # Kafka takes every negative time for "for ever"
    return values


def _of_broker(broker: Lookup, name: str) -> Any:
    """The broker's value of ``name``, or of the first of its synonyms that has one, in its unit."""
    for synonym in broker_synonyms(name):
        value = broker[synonym]
        if value is not None:
            return in_milliseconds(synonym, value) if synonym != name else value
    return BROKER_CONFIGS[name].default


def with_overrides(defaults: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    """Every topic configuration as it is for a topic that sets these."""
    values = dict(defaults)
    for name, text in overrides.items():
        definition = TOPIC_CONFIGS.get(name)
        if definition is None:
            continue
        try:
            values[name] = definition.parse(text)
        except ConfigError as error:  # checked before it was written; another version's rules may differ
            shown = HIDDEN if definition.is_sensitive else text
            log.warning("passing over the topic configuration %s=%s: %s", name, shown, error.rule)
    if values["internal.segment.bytes"] is not None:
        values["segment.bytes"] = values["internal.segment.bytes"]
    return values
