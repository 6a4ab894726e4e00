"""Whether a resource may have these dynamic configurations.

Lives here: Kafka's checks in Kafka's order, with its error codes; the sentences are ours. A broker's
configurations are refused with INVALID_REQUEST, a topic's and a group's with INVALID_CONFIG: so does Apache
Kafka. Never: writes anything.

Kafka: ``ConfigAdminManager``, ``DynamicBrokerConfig.validateConfigs``, ``LogConfig.validate``,
``GroupConfig.validate``, ``ClientMetricsConfigs.validate``, ``ConfigurationControlManager``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pykbroker.config.config import ALL_BROKERS, BrokerConfig
from pykbroker.config.constraints import BOUNDS, bounds_complaint, check_broker
from pykbroker.config.definitions import HIDDEN, ConfigDef, ConfigError, ConfigType, UpdateMode
from pykbroker.config.group_values import group_values
from pykbroker.config.listeners import listener_specs
from pykbroker.config.tables import (
    BROKER_CONFIGS,
    BROKER_RESOURCE,
    CLIENT_METRICS_CONFIGS,
    CLIENT_METRICS_RESOURCE,
    CONFIGS_BY_RESOURCE,
    GROUP_CONFIGS,
    GROUP_RESOURCE,
    LISTENER_ONLY_CONFIGS,
    LISTENER_PREFIX,
    TOPIC_CONFIGS,
    TOPIC_RESOURCE,
    base_name,
    broker_definition,
)
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.names import validate_topic_name

CLUSTER_LEVEL_LISTENER_CONFIGS: Final = frozenset(
    {"max.connections", "max.connection.creation.rate", "num.network.threads"}
)
"""With a listener's prefix too these can be set for all brokers; every other prefixed one is a single broker's."""

THREAD_COUNTS: Final = frozenset(
    {
        "background.threads",
        "log.cleaner.threads",
        "num.io.threads",
        "num.network.threads",
        "num.recovery.threads.per.data.dir",
        "num.replica.fetchers",
        "remote.log.reader.threads",
        "remote.log.manager.copier.thread.pool.size",
        "remote.log.manager.expiration.thread.pool.size",
        "remote.log.manager.follower.thread.pool.size",
    }
)
"""Kafka lets these at most double or halve at a time."""

TELEMETRY_INTERVAL_MS: Final = range(100, 3_600_001)
TELEMETRY_SELECTORS: Final = frozenset(
    {
        "client_instance_id",
        "client_id",
        "client_software_name",
        "client_software_version",
        "client_source_address",
        "client_source_port",
    }
)


def is_list(resource_type: int, name: str) -> bool:
    """Whether values can be appended to and subtracted from a configuration.

    A telemetry subscription's are lists, and yet Kafka 4.3 says they are not.
    """
    if resource_type == CLIENT_METRICS_RESOURCE:
        return False
    definition = _definition(resource_type, name)
    return definition is not None and definition.type is ConfigType.LIST


def default_text(resource_type: int, name: str) -> str | None:
    """The default in the table, as text, whatever the broker was started with."""
    definition = _definition(resource_type, name)
    return None if definition is None else definition.default_text


def _definition(resource_type: int, name: str) -> ConfigDef | None:
    if resource_type == BROKER_RESOURCE:
        return broker_definition(name)
    return CONFIGS_BY_RESOURCE.get(resource_type, {}).get(name)


def validate(broker: BrokerConfig, resource_type: int, resource_name: str, configs: Mapping[str, str]) -> None:
    """Raise KafkaError unless the resource may have exactly these dynamic configurations."""
    validator = _VALIDATORS.get(resource_type)
    if validator is None:
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"Resources of type {resource_type} have no configurations.")
    validator(broker, resource_name, configs)


def validate_topic(broker: BrokerConfig, topic: str, configs: Mapping[str, str]) -> None:
    """Raise KafkaError unless a topic may have these configurations."""
    if not topic:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Topics have no common configuration: a name is needed.")
    validate_topic_name(topic)
    validate_topic_configs(broker, configs)


def validate_topic_configs(broker: BrokerConfig, configs: Mapping[str, str]) -> None:
    """Raise INVALID_CONFIG unless the configurations are legal for a topic, whatever its name."""
    values = {**broker.topic_defaults(), **_checked("topic", TOPIC_CONFIGS, configs)}
    low, high = values["min.compaction.lag.ms"], values["max.compaction.lag.ms"]
    if low > high:
        raise _invalid(f"min.compaction.lag.ms ({low}) is more than max.compaction.lag.ms ({high}).")
    if values["remote.storage.enable"]:
        _check_tiered(broker, values)


def _check_tiered(broker: BrokerConfig, values: Mapping[str, Any]) -> None:
    if not broker["remote.log.storage.system.enable"]:
        raise _invalid("remote.storage.enable needs tiered storage, which this broker does not have.")
    if "compact" in values["cleanup.policy"]:
        raise _invalid("A compacted topic cannot be in tiered storage.")
    for unit in ("ms", "bytes"):
        local, whole = values[f"local.retention.{unit}"], values[f"retention.{unit}"]
        if local != -2 and whole != -1 and (local == -1 or local > whole):
            raise _invalid(f"local.retention.{unit} ({local}) is more than retention.{unit} ({whole}).")


def validate_group(broker: BrokerConfig, group: str, configs: Mapping[str, str]) -> None:
    """Raise KafkaError unless a group may have these configurations."""
    if not group:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Groups have no common configuration: a group id is needed.")
    for name, value in _checked("group", GROUP_CONFIGS, configs).items():
        synonym = GROUP_CONFIGS[name].synonym
        bounds = BOUNDS.get(synonym or "")
        complaint = bounds_complaint(value, bounds, broker) if bounds is not None else None
        if complaint is not None:
            raise _invalid(f"{name} {complaint}.")
    values = group_values(broker, configs)
    for kind in ("consumer", "share", "streams"):
        session, heartbeat = f"{kind}.session.timeout.ms", f"{kind}.heartbeat.interval.ms"
        if values[session] <= values[heartbeat]:
            raise _invalid(f"{session} must be more than {heartbeat}, which is {values[heartbeat]}.")


def validate_client_metrics(broker: BrokerConfig, name: str, configs: Mapping[str, str]) -> None:
    """Raise KafkaError unless a telemetry subscription may have these configurations."""
    if not name:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "A telemetry subscription must have a name.")
    unknown = next((key for key in configs if key not in CLIENT_METRICS_CONFIGS), None)
    if unknown is not None:
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"A telemetry subscription has no configuration {unknown}.")
    values = _checked("telemetry", CLIENT_METRICS_CONFIGS, configs)
    if values.get("interval.ms", TELEMETRY_INTERVAL_MS.start) not in TELEMETRY_INTERVAL_MS:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "interval.ms must be from 100 to 3600000 (an hour).")
    parse_selectors(values.get("match", ()))


def parse_selectors(match: Iterable[str]) -> dict[str, str]:
    """What a telemetry subscription selects clients by: selector → regular expression. Raises INVALID_CONFIG."""
    import re  # not at start-up

    patterns = {}
    for entry in match:
        selector, equals, pattern = (part.strip() for part in entry.partition("="))
        if not equals or selector not in TELEMETRY_SELECTORS:
            raise _invalid(
                f"match must be a list of selector=pattern, with selectors like client_id; {entry!r} is not."
            )
        try:
            re.compile(pattern)
        except re.error as error:
            raise _invalid(f"match: the pattern of {entry!r} is not a regular expression: {error}.") from None
        patterns[selector] = pattern
    return patterns


def validate_broker(broker: BrokerConfig, name: str, configs: Mapping[str, str]) -> None:
    """Raise INVALID_REQUEST unless a broker (or every one, by the empty name) may have these dynamic configurations.

    Unknown names are fine: a plug-in may read them.
    """
    if name != ALL_BROKERS and not (name.isascii() and name.isdigit()):
        raise _refused(f"A broker's configuration is named by its node id, not {name!r}.")
    static = [key for key in configs if key in BROKER_CONFIGS and not BROKER_CONFIGS[key].is_dynamic]
    if static:
        raise _refused(f"These configurations hold until the broker's next start: {', '.join(static)}.")
    bare = [key for key in configs if key in LISTENER_ONLY_CONFIGS]
    if bare:
        raise _refused(f"These can be changed only for one listener, as listener.name.NAME.KEY: {', '.join(bare)}.")
    for key, text in configs.items():
        definition = broker_definition(key)
        if definition is not None:
            _parse(definition, text, ErrorCode.INVALID_REQUEST)
    if name == ALL_BROKERS:
        single = [key for key in configs if _is_per_broker(key)]
        if single:
            raise _refused(f"These are set for one broker, not for all: {', '.join(single)}.")


def _is_per_broker(key: str) -> bool:
    if key.startswith(LISTENER_PREFIX):
        return base_name(key) not in CLUSTER_LEVEL_LISTENER_CONFIGS
    return key in BROKER_CONFIGS and BROKER_CONFIGS[key].update_mode is UpdateMode.PER_BROKER


def validate_broker_change(broker: BrokerConfig, name: str, configs: Mapping[str, str]) -> None:
    """Raise INVALID_REQUEST unless this running broker could go on with these dynamic configurations.

    To be asked of the broker that they are for (Kafka's ``validate`` of reconfigurables). Includes ``validate_broker``.
    """
    validate_broker(broker, name, configs)
    default, own = (configs, broker.dynamic) if name == ALL_BROKERS else (broker.dynamic_default, configs)
    trial = broker.with_dynamic(default, own)
    try:
        check_broker(trial)
        listeners = listener_specs(trial)
    except ConfigError as error:
        raise _refused(f"{error}.") from None
    if listeners != broker.listeners:
        raise _refused("The listeners of a running broker cannot be changed; change the configuration and restart it.")
    for key in configs.keys() & THREAD_COUNTS:
        now, then = broker[key], trial[key]
        if then != now and not now / 2 <= then <= now * 2:
            raise _refused(f"{key}={then}: must be between half and double of what it is now, {now}.")


def _checked(kind: str, table: Mapping[str, ConfigDef], configs: Mapping[str, str]) -> dict[str, Any]:
    """Typed values; INVALID_CONFIG for a name that is not in the table, then for a value that is wrong."""
    unknown = next((name for name in configs if name not in table), None)
    if unknown is not None:
        raise _invalid(f"There is no {kind} configuration {unknown}.")
    return {name: _parse(table[name], text, ErrorCode.INVALID_CONFIG) for name, text in configs.items()}


def _parse(definition: ConfigDef, text: str, code: ErrorCode) -> Any:
    try:
        return definition.parse(text)
    except ConfigError as error:
        shown = HIDDEN if definition.is_sensitive else text
        raise KafkaError(code, f"Invalid value {shown} for {error.name}: it {error.rule}.") from None


def _invalid(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_CONFIG, message)


def _refused(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, message)


_VALIDATORS: Final = {
    TOPIC_RESOURCE: validate_topic,
    BROKER_RESOURCE: validate_broker,
    GROUP_RESOURCE: validate_group,
    CLIENT_METRICS_RESOURCE: validate_client_metrics,
}
