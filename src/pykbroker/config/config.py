"""BrokerConfig: the configuration a broker runs with, typed, in layers, some of it changing while it runs.

Layers, the first that has a value wins: dynamic for this broker, dynamic for all brokers, static (file,
environment, command line, preset), the table's default. Static text is parsed and checked once, here;
dynamic text was checked before it was written to the metadata log, and what is wrong in it all the same is
passed over with a warning (Kafka's ``removeInvalidConfigs``).

``config["log.segment.bytes"]`` is a typed lookup by Kafka's name. Some names have synonyms in other units;
what holds in the end is in ``topic_defaults`` and in properties here. Whoever must know of a change says so
with ``on_change``.

Never: reads a file, the environment or the clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from pykbroker.config import topic_values
from pykbroker.config.constraints import check_broker, parse_connection_overrides
from pykbroker.config.definitions import HIDDEN, ConfigDef, ConfigError
from pykbroker.config.group_values import group_values
from pykbroker.config.listeners import ListenerSpec, listener_specs
from pykbroker.config.presets import DEV, Preset
from pykbroker.config.synonyms import broker_synonyms
from pykbroker.config.tables import BROKER_CONFIGS, BROKER_RESOURCE, LISTENER_PREFIX, broker_definition

log = logging.getLogger("pykbroker.config")

ALL_BROKERS: Final = ""
"""The resource name under which configurations for all brokers are kept."""

Listener = Callable[[frozenset[str]], object]


class ConfigImage(Protocol):
    """The part of ``MetadataImage`` that holds dynamic configurations."""

    def config(self, resource_type: int, resource_name: str) -> Mapping[str, str]: ...


class ConfigDelta(Protocol):
    """The part of ``ImageDelta`` that says which of them changed."""

    @property
    def image(self) -> ConfigImage: ...

    @property
    def configs(self) -> frozenset[Any]: ...


class BrokerConfig:
    """One broker's configuration."""

    def __init__(
        self,
        static: Mapping[str, str] | None = None,
        *,
        preset: Preset = DEV,
        is_ephemeral: bool = False,
        cluster_id: str | None = None,
        as_version: str | None = None,
        topics: tuple[topic_values.TopicSpec, ...] = (),
        warnings: tuple[str, ...] = (),
    ) -> None:
        """``static`` is everything said before the start, as text by Kafka's names, the preset's included.

        Raises ConfigError for a value of the wrong type or range, and for values that do not fit together.
        """
        self.preset = preset
        self.is_ephemeral = is_ephemeral
        """Nothing is to be left on disk."""
        self.cluster_id = cluster_id
        """The id a fresh cluster should have, as text; None for a random one."""
        self.as_version = as_version
        """The Apache Kafka release to be imitated; None for all that this broker can do."""
        self.topics = topics
        """Topics to create when the broker starts, unless they exist."""
        self.warnings = warnings
        """What the people who wrote the configuration should know; one sentence each."""
        self.static = _static_layer(static or {}, preset)
        self.dynamic_default: Mapping[str, str] = {}
        self.dynamic: Mapping[str, str] = {}
        self._listeners: list[Listener] = []
        self._parsed_static = {name: _parsed(name, text) for name, text in self.static.items()}
        self._values: dict[str, Any] = self._parsed_static
        self._topic_defaults: Mapping[str, Any] | None = None
        self._topic_configs: dict[frozenset[tuple[str, str]], Mapping[str, Any]] = {}
        check_broker(self)
        self.listeners: tuple[ListenerSpec, ...] = listener_specs(self)
        """What to listen on. Controllers' listeners are not among them."""

    def __getitem__(self, name: str) -> Any:
        """The typed value of a broker configuration; KeyError for a name that Kafka does not have."""
        try:
            return self._values[name]
        except KeyError:
            return BROKER_CONFIGS[name].default

    def for_listener(self, listener_name: str, name: str) -> Any:
        """The value of ``name`` for one listener: ``listener.name.LISTENER.NAME`` if it is set, else as everywhere."""
        return self._values.get(f"{LISTENER_PREFIX}{listener_name.lower()}.{name}", self[name])

    # ---- what follows from several configurations ----

    @property
    def node_id(self) -> int:
        """``node.id``."""
        return int(self["node.id"])

    @property
    def log_dirs(self) -> tuple[str, ...]:
        """The directories that hold logs: ``log.dirs``, else ``log.dir``."""
        dirs: tuple[str, ...] = self["log.dirs"] or self["log.dir"]
        return dirs

    @property
    def metadata_log_dir(self) -> str:
        """The directory of the metadata log: ``metadata.log.dir``, else the first of ``log_dirs``."""
        return self["metadata.log.dir"] or self.log_dirs[0]

    @property
    def answers_auto_creation_at_once(self) -> bool:
        """See ``Preset``."""
        return self.preset.answers_auto_creation_at_once

    def connection_overrides(self) -> dict[str, int]:
        """``max.connections.per.ip.overrides``: host → how many connections."""
        return parse_connection_overrides(self["max.connections.per.ip.overrides"])

    # ---- topics and groups ----

    def topic_defaults(self) -> Mapping[str, Any]:
        """The typed value of every topic configuration for a topic without any of its own."""
        if self._topic_defaults is None:
            self._topic_defaults = topic_values.defaults_from_broker(self)
        return self._topic_defaults

    def topic_config(self, overrides: Mapping[str, str]) -> Mapping[str, Any]:
        """The typed value of every topic configuration for a topic with these of its own. It is shared: leave it."""
        if not overrides:
            return self.topic_defaults()
        key = frozenset(overrides.items())
        values = self._topic_configs.get(key)
        if values is None:
            values = self._topic_configs[key] = topic_values.with_overrides(self.topic_defaults(), overrides)
        return values

    def group_config(self, overrides: Mapping[str, str]) -> Mapping[str, Any]:
        """The typed value of every configuration of a group with these of its own, within the broker's bounds."""
        return group_values(self, overrides)

    # ---- changes while running ----

    def on_change(self, hear: Listener) -> None:
        """Call ``hear`` with the names of all broker configurations that changed, after each change."""
        self._listeners.append(hear)

    def follow(self, delta: ConfigDelta) -> None:
        """Take over what the metadata image says about this broker's configuration; a subscriber of the image."""
        mine = str(self.node_id)
        if (BROKER_RESOURCE, ALL_BROKERS) in delta.configs or (BROKER_RESOURCE, mine) in delta.configs:
            image = delta.image
            self.apply_dynamic(image.config(BROKER_RESOURCE, ALL_BROKERS), image.config(BROKER_RESOURCE, mine))

    def apply_dynamic(self, default: Mapping[str, str], own: Mapping[str, str]) -> frozenset[str]:
        """Replace both dynamic layers; the names whose values changed. Listeners hear of it if there are any."""
        before = self._values
        self.dynamic_default, self.dynamic = dict(default), dict(own)
        self._values = self._merged(default, own)
        names = before.keys() | self._values.keys()
        changed = frozenset(name for name in names if before.get(name) != self._values.get(name))
        if changed:
            self._topic_defaults = None
            self._topic_configs.clear()
            for hear in self._listeners:
                hear(changed)
        return changed

    def with_dynamic(self, default: Mapping[str, str], own: Mapping[str, str]) -> TrialConfig:
        """The values there would be after ``apply_dynamic``."""
        return TrialConfig(self._merged(default, own))

    def _merged(self, default: Mapping[str, str], own: Mapping[str, str]) -> dict[str, Any]:
        values = dict(self._parsed_static)
        for layer in (default, own):
            dynamic = _dynamic_values(layer)
            for name in dynamic:  # a dynamic value hides those that static synonyms have in other units
                for synonym in broker_synonyms(name, match_listener_override=False):
                    values.pop(synonym, None)
            values.update(dynamic)
        return values


class TrialConfig:
    """Values to be looked at before they are anybody's."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        """As ``BrokerConfig``'s."""
        return self._values[name] if name in self._values else BROKER_CONFIGS[name].default


def _static_layer(static: Mapping[str, str], preset: Preset) -> dict[str, str]:
    layer = {**preset.configs, **static}
    if "broker.id" in static and "node.id" not in static:  # configurations from before KRaft
        layer["node.id"] = static["broker.id"]
    layer.setdefault("broker.id", layer["node.id"])  # Kafka shows both
    return layer


def _parsed(name: str, text: str) -> Any:
    definition = broker_definition(name)
    return text if definition is None else definition.parse(text)


def _dynamic_values(texts: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for name, text in texts.items():
        definition = broker_definition(name)
        if definition is None or not _may_change(name, definition):
            continue
        try:
            values[name] = definition.parse(text)
        except ConfigError as error:
            shown = HIDDEN if definition.is_sensitive else text
            log.warning("passing over the dynamic configuration %s=%s: %s", name, shown, error.rule)
    return values


def _may_change(name: str, definition: ConfigDef) -> bool:
    return definition.is_dynamic or name.startswith(LISTENER_PREFIX)


def effective_topic_config(config: BrokerConfig, overrides: Mapping[str, str]) -> Mapping[str, Any]:
    """The typed value of every topic configuration for a topic with these overrides."""
    return config.topic_config(overrides)
