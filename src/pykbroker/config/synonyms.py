"""Which configurations stand in for which, most specific first.

Three kinds, all of them Kafka's: broker configurations in another unit (``log.retention.hours`` for
``log.retention.ms``), listener-prefixed ones over plain ones, and the broker's configurations that are a
topic's or group's defaults.

Kafka: ``DynamicBrokerConfig.brokerConfigSynonyms``, ``ServerTopicConfigSynonyms``, ``GroupConfig``.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.tables import base_name

_FAMILIES: Final = (
    ("log.roll.ms", "log.roll.hours"),
    ("log.roll.jitter.ms", "log.roll.jitter.hours"),
    ("log.flush.interval.ms", "log.flush.scheduler.interval.ms"),
    ("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
)

_FAMILY_OF: Final = {name: family for family in _FAMILIES for name in family}

MS_PER_UNIT: Final = {"hours": 3_600_000, "minutes": 60_000}


def broker_synonyms(name: str, *, match_listener_override: bool = True) -> tuple[str, ...]:
    """The names that can give a broker's configuration its value, the first that is set wins."""
    family = _FAMILY_OF.get(name)
    if family is not None:
        return family
    base = base_name(name)
    if base != name and match_listener_override:
        return (name, base)
    return (name,)


def in_milliseconds(name: str, value: int) -> int:
    """A value of the configuration ``name`` in the unit of its most specific synonym."""
    return value * MS_PER_UNIT.get(name.rpartition(".")[2], 1)
