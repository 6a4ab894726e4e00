"""Where a configuration comes from, and who wins.

From the weakest to the strongest: the preset, the properties file, ``KAFKA_*`` variables, ``-o key=value``,
the friendly flags (``--port`` and its kin). Everything ends as Kafka's own names in one static layer; flags
are only a short way to write them.

An unknown name is a warning that offers the nearest known one; a wrong value is a ConfigError that says
where it stands. Never: reads a file or ``os.environ``; whoever does hands in the text and the mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from pykbroker.config.config import BrokerConfig
from pykbroker.config.definitions import ConfigError
from pykbroker.config.environment import from_environment
from pykbroker.config.listeners import Endpoint, parse_endpoints
from pykbroker.config.presets import PRESETS, Preset
from pykbroker.config.properties import parse_properties
from pykbroker.config.tables import BROKER_CONFIGS, LISTENER_PREFIX, broker_definition
from pykbroker.config.topic_values import parse_topic_spec

DEFAULT_DATA_DIR: Final = ".pykbroker"
EPHEMERAL_DATA_DIR: Final = "/pykbroker"
"""Where an in-memory disk keeps its logs."""

GONE: Final[Mapping[str, str]] = {
    "zookeeper.": "there is no ZooKeeper any more",
    "confluent.": "it belongs to Confluent Server",
    "inter.broker.protocol.version": "Apache Kafka 4 has no such setting any more",
    "log.message.": "Apache Kafka 4 has no such setting any more",
    "control.plane.listener.name": "Apache Kafka 4 has no such setting any more",
    "delegation.token.master.key": "Apache Kafka 4 calls it delegation.token.secret.key",
    "offsets.commit.required.acks": "Apache Kafka 4 has no such setting any more",
    "password.encoder.": "it belonged to ZooKeeper",
}
"""Names, or beginnings of names, that older configurations have."""

WITHOUT_EFFECT: Final[Mapping[str, str]] = {
    "authorizer.class.name": "there is no authorizer yet, so everybody may do everything",
    "remote.log.storage.system.enable": "there is no tiered storage",
    "create.topic.policy.class.name": "Java classes cannot run here",
    "alter.config.policy.class.name": "Java classes cannot run here",
    "client.quota.callback.class": "Java classes cannot run here",
    "replica.selector.class": "Java classes cannot run here",
}
"""Known names whose meaning somebody relies on, and that this broker cannot give them."""

OTHERS_KEYS: Final = ("producer.", "consumer.", "rlmm.config.", "rsm.config.", "ssl.engine.")
"""Beginnings of names that plug-ins of Apache Kafka read."""

PREDICTABLE_SIMILARITY: Final = 0.8


class Flags(NamedTuple):
    """The friendly flags; None is "not given"."""

    host: str | None = None
    port: int | None = None
    advertise: str | None = None
    data_dir: str | None = None
    ephemeral: bool = False
    topics: tuple[str, ...] = ()


def broker_config(
    overrides: Mapping[str, object] | None = None,
    *,
    preset: str = "dev",
    properties: str | None = None,
    environment: Mapping[str, str] | None = None,
    host: str | None = None,
    port: int | None = None,
    advertise: str | None = None,
    data_dir: str | None = None,
    ephemeral: bool = False,
    topics: Iterable[str] = (),
    as_version: str | None = None,
) -> BrokerConfig:
    """The configuration of one broker. Raises ConfigError.

    Args:
        overrides: configs by Kafka's names, stronger than file and environment (``-o``). True, 3 and "3"
        are all fine.
        preset: ``dev`` or ``kafka``.
        properties: the text of a ``server.properties``.
        environment: variables to look for ``KAFKA_*`` in.
        host, port: the address to listen on. Port 0 is any free one.
        advertise: ``HOST`` or ``HOST:PORT``, what clients are told to connect to.
        data_dir: where everything is kept.
        ephemeral: keep everything in memory.
        topics: to be created at the start, ``name[:partitions[:replicas]]``.
        as_version: the Apache Kafka release to be like, say "3.9": API versions, features and defaults.
    """
    flags = Flags(host, port, advertise, data_dir, ephemeral, tuple(topics))
    chosen = PRESETS.get(preset)
    if chosen is None:
        raise ConfigError("preset", preset, f"must be one of {', '.join(PRESETS)}")
    if as_version is not None:
        from pykbroker.config.releases import imitating  # only for those who imitate

        chosen = imitating(as_version, chosen)
    said = _Said()
    if properties is not None:
        said.add_file(properties)
    surroundings = from_environment(environment or {})
    said.add_environment(surroundings.configs, surroundings.variables)
    said.add_overrides({name: _as_text(value) for name, value in (overrides or {}).items()})
    said.warn_of_what_has_no_effect()
    static = said.configs
    _listen(static, flags, chosen, said.origins)
    _keep_data(static, flags)
    specs = tuple(parse_topic_spec(text) for text in (*surroundings.topics, *flags.topics))
    try:
        return BrokerConfig(
            static,
            preset=chosen,
            is_ephemeral=ephemeral,
            cluster_id=surroundings.cluster_id,
            as_version=as_version,
            topics=specs,
            warnings=tuple(said.warnings),
        )
    except ConfigError as error:
        origin = said.origins.get(error.name)
        if origin is None:
            raise
        raise ConfigError(error.name, error.value, f"{error.rule} (set by {origin})") from None


class _Said:
    """What was said about the configuration, by whom."""

    def __init__(self) -> None:
        self.configs: dict[str, str] = {}
        self.origins: dict[str, str] = {}
        self.warnings: list[str] = []

    def add_file(self, text: str) -> None:
        try:
            found = parse_properties(text)
        except ValueError as error:
            raise ConfigError("the configuration file", None, str(error)) from None
        self._add(found, dict.fromkeys(found, "the configuration file"))
        self._warn_of_strangers(found)

    def add_environment(self, configs: Mapping[str, str], variables: Mapping[str, str]) -> None:
        known = {name: value for name, value in configs.items() if broker_definition(name) is not None}
        self._add(known, variables)
        for name in configs.keys() - known.keys():
            nearest = None if _explained(name) else nearest_name(name)
            if nearest is not None:  # anything else may be somebody else's variable
                self.warnings.append(f"{variables[name]}: unknown configuration {name}; did you mean {nearest}?")

    def add_overrides(self, configs: Mapping[str, str]) -> None:
        self._add(configs, dict.fromkeys(configs, "an option"))
        self._warn_of_strangers(configs)

    def warn_of_what_has_no_effect(self) -> None:
        for name, reason in WITHOUT_EFFECT.items():
            if self.configs.get(name, "").strip().lower() not in ("", "false"):
                self.warnings.append(f"{name} has no effect: {reason}")
        voters = self.configs.get("controller.quorum.voters", "").split(",")
        if len(voters) > 1:
            self.warnings.append("controller.quorum.voters has no effect: this broker is a cluster of its own")

    def _add(self, configs: Mapping[str, str], origins: Mapping[str, str]) -> None:
        self.configs.update(configs)
        self.origins.update({name: origins[name] for name in configs})

    def _warn_of_strangers(self, names: Iterable[str]) -> None:
        for name in names:
            if broker_definition(name) is None and not name.startswith(OTHERS_KEYS):
                self.warnings.append(_about_stranger(name))


def _about_stranger(name: str) -> str:
    explained = _explained(name)
    if explained is not None:
        return f"{name} has no effect: {explained}"
    nearest = nearest_name(name)
    return f"unknown configuration {name}" + (f"; did you mean {nearest}?" if nearest else "")


def _explained(name: str) -> str | None:
    return next((reason for beginning, reason in GONE.items() if name.startswith(beginning)), None)


def nearest_name(name: str, known: Iterable[str] = BROKER_CONFIGS) -> str | None:
    """The known configuration whose name looks most like ``name``, if any does."""
    from difflib import get_close_matches  # only for those who mistyped

    prefix = ""
    if name.startswith(LISTENER_PREFIX):
        listener, _, name = name[len(LISTENER_PREFIX) :].partition(".")
        prefix = f"{LISTENER_PREFIX}{listener}."
    matches = get_close_matches(name, known, n=1, cutoff=PREDICTABLE_SIMILARITY)
    return prefix + matches[0] if matches else None


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value)


def _listen(static: dict[str, str], flags: Flags, preset: Preset, origins: Mapping[str, str]) -> None:
    """``--host``, ``--port`` and ``--advertise``, as ``listeners`` and ``advertised.listeners``."""
    if flags.host is None and flags.port is None and flags.advertise is None:
        return
    endpoints, mine = _the_listener(static, flags, preset)
    if flags.host is not None or flags.port is not None:
        if origins.get("listeners") == "an option":
            raise ConfigError("listeners", static["listeners"], "say either this or --host and --port")
        changed = Endpoint(
            mine.name,
            mine.host if flags.host is None else flags.host.strip("[]"),
            mine.port if flags.port is None else flags.port,
        )
        static["listeners"] = ",".join(str(changed if endpoint is mine else endpoint) for endpoint in endpoints)
    if flags.advertise is not None:
        address = _advertised_address(flags.advertise)
        static["advertised.listeners"] = f"{mine.name}://{address}"


def _the_listener(static: Mapping[str, str], flags: Flags, preset: Preset) -> tuple[list[Endpoint], Endpoint]:
    """All listeners, and the one that the flags are about."""
    text = static.get("listeners") or preset.configs.get("listeners") or BROKER_CONFIGS["listeners"].default_text
    endpoints = parse_endpoints("listeners", (text or "").split(","))
    controllers = {name.strip().upper() for name in static.get("controller.listener.names", "").split(",")}
    candidates = [endpoint for endpoint in endpoints if endpoint.name not in controllers]
    if len(candidates) != 1:
        flag = "--advertise" if flags.host is None and flags.port is None else "--host and --port"
        raise ConfigError("listeners", text, f"{flag} cannot say which of these is meant; use -o listeners=...")
    return endpoints, candidates[0]


def _advertised_address(advertise: str) -> str:
    """``host:port`` of what was given, port 0 (the one listened on) when there was none."""
    host, colon, port = advertise.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.endswith("]")):
        return advertise
    host = advertise if ":" not in advertise or advertise.startswith("[") else f"[{advertise}]"
    return f"{host}:0"


def _keep_data(static: dict[str, str], flags: Flags) -> None:
    """``--data-dir`` and ``--ephemeral``, as ``log.dirs``."""
    if flags.ephemeral:
        if flags.data_dir is not None:
            raise ConfigError("data_dir", flags.data_dir, "say either this or --ephemeral")
        static["log.dirs"] = EPHEMERAL_DATA_DIR
    elif flags.data_dir is not None:
        if "," in flags.data_dir:
            raise ConfigError(
                "data_dir", flags.data_dir, "must not contain a comma: Kafka takes it for several directories"
            )
        static["log.dirs"] = flags.data_dir
    elif not (static.get("log.dirs") or static.get("log.dir")):
        static["log.dirs"] = DEFAULT_DATA_DIR
