"""How configurations must fit together, beyond what each may be by itself.

Kafka: ``KafkaConfig.validateValues``, ``GroupCoordinatorConfig``, ``ShareGroupConfig``. Tables first, the
few that no table expresses after them. Listeners have checks of their own, in ``listeners``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from pykbroker.config.definitions import ConfigError

MIB: Final = 1024 * 1024


class Bounds(NamedTuple):
    """The broker configurations between which another one (and its namesake of a group) must lie."""

    low: str | None
    high: str | None


def _bounds(kind: str, key: str) -> Bounds:
    return Bounds(f"group.{kind}.min.{key}", f"group.{kind}.max.{key}")


BOUNDS: Final[Mapping[str, Bounds]] = {
    **{
        f"group.{kind}.{key}": _bounds(kind, key)
        for kind in ("consumer", "share", "streams")
        for key in ("session.timeout.ms", "heartbeat.interval.ms", "assignment.interval.ms")
    },
    "group.share.delivery.count.limit": _bounds("share", "delivery.count.limit"),
    "group.share.partition.max.record.locks": _bounds("share", "partition.max.record.locks"),
    "group.share.record.lock.duration.ms": _bounds("share", "record.lock.duration.ms"),
    "group.streams.num.standby.replicas": Bounds(None, "group.streams.max.standby.replicas"),
}

STRICTLY_BELOW: Final = (
    ("group.consumer.heartbeat.interval.ms", "group.consumer.session.timeout.ms"),
    ("group.share.heartbeat.interval.ms", "group.share.session.timeout.ms"),
    ("group.streams.heartbeat.interval.ms", "group.streams.session.timeout.ms"),
    ("connection.failed.authentication.delay.ms", "connections.max.idle.ms"),
)
"""The first must be less than the second."""

AT_MOST: Final = (
    ("replica.fetch.wait.max.ms", "replica.socket.timeout.ms"),
    ("replica.fetch.wait.max.ms", "replica.lag.time.max.ms"),
    ("group.min.session.timeout.ms", "group.max.session.timeout.ms"),
)
"""The first must not be more than the second."""


def check_broker(config: Mapping[str, Any] | Any) -> None:
    """Raise ConfigError unless the broker's configurations fit together."""
    for name, bounds in BOUNDS.items():
        _check_bounds(config, name, bounds)
    for lesser, greater in STRICTLY_BELOW:
        if 0 <= config[greater] <= config[lesser]:  # a negative limit is none
            raise ConfigError(lesser, config[lesser], f"must be less than {greater}, which is {config[greater]}")
    for lesser, greater in AT_MOST:
        if config[lesser] > config[greater]:
            raise ConfigError(lesser, config[lesser], f"must not be more than {greater}, which is {config[greater]}")
    for check in _CHECKS:
        check(config)


def _check_bounds(config: Any, name: str, bounds: Bounds) -> None:
    low, high = (None if key is None else config[key] for key in bounds)
    if low is not None and high is not None and low > high:
        raise ConfigError(str(bounds.high), high, f"must be at least {bounds.low}, which is {low}")
    complaint = bounds_complaint(config[name], bounds, config)
    if complaint is not None:
        raise ConfigError(name, config[name], complaint)


def bounds_complaint(value: int, bounds: Bounds, config: Any) -> str | None:
    """What is wrong with a value that must lie between two broker configurations, or None."""
    if bounds.low is not None and value < config[bounds.low]:
        return f"must be at least {bounds.low}, which is {config[bounds.low]}"
    if bounds.high is not None and value > config[bounds.high]:
        return f"must not be more than {bounds.high}, which is {config[bounds.high]}"
    return None


def _check_roles(config: Any) -> None:
    roles = config["process.roles"]
    if roles is not None and "broker" not in roles:
        raise ConfigError("process.roles", ",".join(roles), "must contain broker: this process serves clients")


def _check_node_id(config: Any) -> None:
    node_id, broker_id = config["node.id"], config["broker.id"]
    if broker_id not in (-1, node_id):
        raise ConfigError("broker.id", broker_id, f"must be the same as node.id, which is {node_id}")


def _check_request_memory(config: Any) -> None:
    total, one = config["queued.max.request.bytes"], config["socket.request.max.bytes"]
    if 0 <= total < one:
        raise ConfigError("queued.max.request.bytes", total, f"must be {one} (socket.request.max.bytes) or more")


def _check_connections_per_ip(config: Any) -> None:
    overrides = parse_connection_overrides(config["max.connections.per.ip.overrides"])
    if config["max.connections.per.ip"] == 0 and not overrides:
        raise ConfigError(
            "max.connections.per.ip", 0, "nobody could connect: max.connections.per.ip.overrides must allow somebody"
        )


def parse_connection_overrides(text: str) -> dict[str, int]:
    """``max.connections.per.ip.overrides``: host → how many connections."""
    overrides = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        host, colon, count = (part.strip() for part in entry.rpartition(":"))
        if not (host and colon and count.isdigit()):
            raise ConfigError("max.connections.per.ip.overrides", text, f"{entry!r} must be host:count")
        overrides[host] = int(count)
    return overrides


def _check_log_times(config: Any) -> None:
    for names, least, rule in (
        (("log.roll.ms", "log.roll.hours"), 1, "must be at least 1"),
        (("log.roll.jitter.ms", "log.roll.jitter.hours"), 0, "must be at least 0"),
    ):
        name = next((name for name in names if config[name] is not None), names[-1])
        if config[name] < least:
            raise ConfigError(name, config[name], rule)
    for name in ("log.retention.ms", "log.retention.minutes", "log.retention.hours"):
        value = config[name]
        if value is not None:
            if value == 0:
                raise ConfigError(name, value, "must be -1 (keep for ever) or at least 1")
            return


def _check_cleaner(config: Any) -> None:
    size, threads = config["log.cleaner.dedupe.buffer.size"], config["log.cleaner.threads"]
    if size < threads * MIB:
        raise ConfigError(
            "log.cleaner.dedupe.buffer.size", size, "must be 1 MiB or more for each of log.cleaner.threads"
        )


def _check_heartbeats(config: Any) -> None:
    interval, session = config["broker.heartbeat.interval.ms"], config["broker.session.timeout.ms"]
    if 2 * interval > session:
        raise ConfigError(
            "broker.heartbeat.interval.ms",
            interval,
            f"must not be more than half of {session}, which is broker.session.timeout.ms",
        )


_CHECKS: Final[tuple[Callable[[Any], None], ...]] = (
    _check_roles,
    _check_node_id,
    _check_request_memory,
    _check_connections_per_ip,
    _check_log_times,
    _check_cleaner,
    _check_heartbeats,
)
