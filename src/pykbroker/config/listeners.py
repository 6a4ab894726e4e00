"""Listeners: where the broker listens, and what it tells clients to connect to.

Four configurations play together: ``listeners``, ``advertised.listeners``,
``listener.security.protocol.map`` and ``controller.listener.names``. Lives here: their grammar, and Kafka's
checks of how they fit (``KafkaConfig.validateValues``). A controller's listener is understood and not
opened: the controller lives in the same process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from pykbroker.config.definitions import ConfigError

SERVED_PROTOCOLS: Final = frozenset({"PLAINTEXT"})
KNOWN_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")

UNROUTABLE_HOSTS: Final = frozenset({"0.0.0.0", "::"})
MAX_PORT: Final = 65535


class Endpoint(NamedTuple):
    """One entry of a list of listeners. An empty host means every interface."""

    name: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.name}://{host}:{self.port}"


class ListenerSpec(NamedTuple):
    """A listener of this broker, everything about it known."""

    name: str
    host: str
    port: int
    security_protocol: str
    advertised: tuple[str, int] | None
    """(host, port) as configured; None when each client is told the address that it reached."""


class Lookup(Protocol):
    """What is needed of a configuration."""

    def __getitem__(self, name: str, /) -> object: ...


def parse_endpoints(key: str, entries: Iterable[str]) -> list[Endpoint]:
    """The endpoints of a list of ``NAME://host:port``; ConfigError says which is wrong."""
    return [_parse_endpoint(key, entry) for entry in entries]


def _parse_endpoint(key: str, entry: str) -> Endpoint:
    name, separator, address = entry.partition("://")
    host, colon, port = address.rpartition(":")
    if not (name and separator and colon):
        raise ConfigError(key, entry, "must look like NAME://host:port, e.g. PLAINTEXT://localhost:9092")
    if not (port.isascii() and port.isdigit() and int(port) <= MAX_PORT):
        raise ConfigError(key, entry, f"the port must be a number from 0 to {MAX_PORT}")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ConfigError(key, entry, "an IPv6 address must stand in brackets, e.g. PLAINTEXT://[::1]:9092")
    return Endpoint(name.upper(), host, int(port))


def parse_protocol_map(text: str) -> dict[str, str]:
    """Listener name → security protocol."""
    key = "listener.security.protocol.map"
    protocols = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, colon, protocol = (part.strip() for part in entry.partition(":"))
        if not (name and colon and protocol.upper() in KNOWN_PROTOCOLS):
            raise ConfigError(key, text, f"{entry!r} must be LISTENER: and one of {', '.join(KNOWN_PROTOCOLS)}")
        protocols[name.upper()] = protocol.upper()
    return protocols


def listener_specs(config: Lookup) -> tuple[ListenerSpec, ...]:
    """The listeners to open, all checks done; ConfigError when the configurations do not fit together."""
    endpoints = parse_endpoints("listeners", _strings(config["listeners"]))
    _check_distinct("listeners", endpoints)
    controller_names = {name.upper() for name in _strings(config["controller.listener.names"])}
    served = [endpoint for endpoint in endpoints if endpoint.name not in controller_names]
    if not served:
        raise ConfigError("listeners", _text(endpoints), "clients need a listener, not only controllers")
    advertised = _advertised(config, served, controller_names)
    _check_inter_broker(config, advertised or {endpoint.name: endpoint for endpoint in served})
    protocols = parse_protocol_map(str(config["listener.security.protocol.map"] or ""))
    return tuple(
        ListenerSpec(
            endpoint.name,
            endpoint.host,
            endpoint.port,
            _protocol(endpoint, protocols),
            _advertised_address(advertised.get(endpoint.name)),
        )
        for endpoint in served
    )


def _advertised(config: Lookup, served: Sequence[Endpoint], controllers: set[str]) -> dict[str, Endpoint]:
    key = "advertised.listeners"
    entries = _strings(config[key])
    endpoints = [endpoint for endpoint in parse_endpoints(key, entries) if endpoint.name not in controllers]
    known = {endpoint.name for endpoint in served}
    for endpoint in endpoints:
        if endpoint.host in UNROUTABLE_HOSTS:
            raise ConfigError(key, ",".join(entries), f"{endpoint.host} is not an address a client can connect to")
        if endpoint.name not in known:
            raise ConfigError(
                key, ",".join(entries), f"{endpoint.name} is not in listeners, which has {', '.join(sorted(known))}"
            )
    if entries and not endpoints:
        raise ConfigError(key, ",".join(entries), "there must be one listener for clients")
    _check_names(key, endpoints)
    return {endpoint.name: endpoint for endpoint in endpoints}


def _advertised_address(endpoint: Endpoint | None) -> tuple[str, int] | None:
    if endpoint is None or not endpoint.host:
        return None
    return endpoint.host, endpoint.port


def _check_inter_broker(config: Lookup, advertised: Mapping[str, Endpoint]) -> None:
    name = config["inter.broker.listener.name"]
    if name is not None and str(name).upper() not in advertised:
        raise ConfigError(
            "inter.broker.listener.name", name, f"must be an advertised listener: {', '.join(sorted(advertised))}"
        )


def _protocol(endpoint: Endpoint, protocols: Mapping[str, str]) -> str:
    protocol = protocols.get(endpoint.name)
    if protocol is None:
        raise ConfigError(
            "listener.security.protocol.map",
            ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
            f"must say the security protocol of listener {endpoint.name}",
        )
    if protocol not in SERVED_PROTOCOLS:
        raise ConfigError("listeners", str(endpoint), f"{protocol} is not served yet; only PLAINTEXT is")
    return protocol


def _check_distinct(key: str, endpoints: Sequence[Endpoint]) -> None:
    _check_names(key, endpoints)
    by_port: dict[int, list[Endpoint]] = {}
    for endpoint in endpoints:
        by_port.setdefault(endpoint.port, []).append(endpoint)
    for port, sharing in by_port.items():
        families = {":" in endpoint.host for endpoint in sharing}
        one_each = len(sharing) == 2 and len(families) == 2 and all(endpoint.host for endpoint in sharing)
        if port and len(sharing) > 1 and not one_each:
            raise ConfigError(key, _text(endpoints), f"port {port} may be used once, or once each by IPv4 and IPv6")


def _check_names(key: str, endpoints: Sequence[Endpoint]) -> None:
    names = [endpoint.name for endpoint in endpoints]
    if len(set(names)) < len(names):
        raise ConfigError(key, _text(endpoints), "each listener must have a name of its own")


def _text(endpoints: Iterable[Endpoint]) -> str:
    return ",".join(map(str, endpoints))


def _strings(value: object) -> tuple[str, ...]:
    """A list config's value, which may be absent."""
    assert value is None or isinstance(value, tuple)
    return value or ()
