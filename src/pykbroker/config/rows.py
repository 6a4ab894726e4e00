"""How the rows of the tables are written: one short call per configuration, named by when it may change."""

from __future__ import annotations

from typing import Any, Final

from pykbroker.config.definitions import ConfigDef, ConfigType, Rule, UpdateMode

BOOLEAN: Final = ConfigType.BOOLEAN
STRING: Final = ConfigType.STRING
INT: Final = ConfigType.INT
SHORT: Final = ConfigType.SHORT
LONG: Final = ConfigType.LONG
DOUBLE: Final = ConfigType.DOUBLE
LIST: Final = ConfigType.LIST
CLASS: Final = ConfigType.CLASS
PASSWORD: Final = ConfigType.PASSWORD


def read_only(name: str, type: ConfigType, default: Any, rule: Rule | None = None) -> ConfigDef:
    """A broker's configuration that holds until the next start."""
    return ConfigDef(name, type, default, rule)


def per_broker(name: str, type: ConfigType, default: Any, rule: Rule | None = None) -> ConfigDef:
    """A broker's configuration that can be changed on a running broker, one broker at a time."""
    return ConfigDef(name, type, default, rule, UpdateMode.PER_BROKER)


def cluster_wide(name: str, type: ConfigType, default: Any, rule: Rule | None = None) -> ConfigDef:
    """A broker's configuration that can be changed on a running broker, or for all of them."""
    return ConfigDef(name, type, default, rule, UpdateMode.CLUSTER_WIDE)


def internal(name: str, type: ConfigType, default: Any, rule: Rule | None = None) -> ConfigDef:
    """A broker's configuration that is not shown."""
    return ConfigDef(name, type, default, rule, is_internal=True)


def unlisted(name: str, type: ConfigType, rule: Rule | None = None) -> ConfigDef:
    """A broker's configuration that exists only as a dynamic one: not shown until it is set, without a default."""
    return ConfigDef(name, type, None, rule, UpdateMode.CLUSTER_WIDE, is_internal=True)


def resource(
    name: str,
    type: ConfigType,
    default: Any,
    rule: Rule | None = None,
    *,
    synonym: str | None = None,
    is_internal: bool = False,
) -> ConfigDef:
    """A configuration of one topic, group or telemetry subscription."""
    return ConfigDef(name, type, default, rule, UpdateMode.RESOURCE, is_internal, synonym)
