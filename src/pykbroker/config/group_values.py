"""What holds for a group in the end: its own configurations, kept within the broker's bounds, over the broker's.

Kafka: ``GroupConfig.evaluate``: bounds may have become narrower since a group's value was accepted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pykbroker.config.constraints import BOUNDS
from pykbroker.config.definitions import ConfigError
from pykbroker.config.tables import GROUP_CONFIGS
from pykbroker.config.topic_values import Lookup

log = logging.getLogger("pykbroker.config")


def group_values(broker: Lookup, overrides: Mapping[str, str]) -> dict[str, Any]:
    """The typed value of every configuration of a group that sets these."""
    values = {}
    for name, definition in GROUP_CONFIGS.items():
        values[name] = definition.default if definition.synonym is None else broker[definition.synonym]
        text = overrides.get(name)
        if text is None:
            continue
        try:
            values[name] = _within_bounds(broker, definition.synonym, definition.parse(text))
        except ConfigError as error:
            log.warning("passing over the group configuration %s=%s: %s", name, text, error.rule)
    return values


def _within_bounds(broker: Lookup, broker_name: str | None, value: Any) -> Any:
    bounds = BOUNDS.get(broker_name or "")
    if bounds is None:
        return value
    if bounds.low is not None:
        value = max(value, broker[bounds.low])
    if bounds.high is not None:
        value = min(value, broker[bounds.high])
    return value
