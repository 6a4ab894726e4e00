"""Apache Kafka's older releases, as far as their configuration was another.

``imitating`` puts the defaults of a release under a preset: what the preset or a person says still wins. Only
defaults that changed are here, found by comparing every release's own tables; how values are checked is always
4.3's way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pykbroker.config.definitions import MAX_LONG, ConfigError
from pykbroker.config.presets import Preset

RELEASES: Final = (
    *("2.8", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9"),
    *("4.0", "4.1", "4.2", "4.3"),
)
"""Oldest first; a test holds them against the table of API versions."""

CHANGED_IN: Final[Mapping[str, Mapping[str, str]]] = {
    "3.4": {"producer.id.expiration.ms": "604800000"},
    "4.0": {
        "group.consumer.migration.policy": "disabled",
        "group.coordinator.rebalance.protocols": "classic",
        "log.message.timestamp.after.max.ms": str(MAX_LONG),
        "num.recovery.threads.per.data.dir": "1",
    },
    "4.1": {"group.coordinator.rebalance.protocols": "classic,consumer"},
}
"""Release → the defaults that held until then. Producer ids expired with ``transactional.id.expiration.ms`` until
KIP-854; the rest of the changes are those of KIP-848 and KIP-1030, and the coming of streams groups."""


def imitating(release: str, preset: Preset) -> Preset:
    """The preset as it would be on top of the defaults of ``release``. Raises ConfigError."""
    if release not in RELEASES:
        raise ConfigError("as_version", release, f"must be one of {', '.join(RELEASES)}")
    defaults: dict[str, str] = {}
    for changed_in, older in reversed(list(CHANGED_IN.items())):
        if RELEASES.index(release) < RELEASES.index(changed_in):
            defaults.update(older)
    return preset._replace(configs=defaults | dict(preset.configs))
