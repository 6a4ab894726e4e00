"""All tables, by resource and by name.

Only the broker's own table is needed to start; whoever wants another asks for it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Final

from pykbroker.config.broker_cluster import BROKER_CLUSTER
from pykbroker.config.broker_groups import BROKER_GROUPS
from pykbroker.config.broker_log import BROKER_LOG
from pykbroker.config.broker_network import BROKER_NETWORK
from pykbroker.config.broker_remote import BROKER_REMOTE
from pykbroker.config.broker_security import BROKER_SECURITY
from pykbroker.config.broker_share import BROKER_SHARE
from pykbroker.config.broker_transactions import BROKER_TRANSACTIONS
from pykbroker.config.client_metrics import CLIENT_METRICS
from pykbroker.config.definitions import ConfigDef, UpdateMode
from pykbroker.config.group import GROUP
from pykbroker.config.topic import TOPIC

TOPIC_RESOURCE: Final = 2
BROKER_RESOURCE: Final = 4
BROKER_LOGGER_RESOURCE: Final = 8
CLIENT_METRICS_RESOURCE: Final = 16
GROUP_RESOURCE: Final = 32
"""The numbers of ``ConfigResource.Type``."""

LISTENER_PREFIX: Final = "listener.name."
"""``listener.name.NAME.KEY`` is KEY for one listener only."""

BROKER_THEMES: Final[Mapping[str, tuple[ConfigDef, ...]]] = {
    "network": BROKER_NETWORK,
    "log": BROKER_LOG,
    "cluster": BROKER_CLUSTER,
    "groups": BROKER_GROUPS,
    "transactions": BROKER_TRANSACTIONS,
    "share": BROKER_SHARE,
    "security": BROKER_SECURITY,
    "remote": BROKER_REMOTE,
}


def _by_name(*tables: tuple[ConfigDef, ...]) -> Mapping[str, ConfigDef]:
    return {definition.name: definition for definition in chain(*tables)}


BROKER_CONFIGS: Final = _by_name(*BROKER_THEMES.values())
TOPIC_CONFIGS: Final = _by_name(TOPIC)
GROUP_CONFIGS: Final = _by_name(GROUP)
CLIENT_METRICS_CONFIGS: Final = _by_name(CLIENT_METRICS)

CONFIGS_BY_RESOURCE: Final[Mapping[int, Mapping[str, ConfigDef]]] = {
    TOPIC_RESOURCE: TOPIC_CONFIGS,
    BROKER_RESOURCE: BROKER_CONFIGS,
    CLIENT_METRICS_RESOURCE: CLIENT_METRICS_CONFIGS,
    GROUP_RESOURCE: GROUP_CONFIGS,
}

DYNAMIC_BROKER_CONFIGS: Final = frozenset(
    name for name, definition in BROKER_CONFIGS.items() if definition.update_mode is not UpdateMode.READ_ONLY
)

LISTENER_ONLY_CONFIGS: Final = frozenset(
    {
        "ssl.key.password",
        "ssl.keystore.certificate.chain",
        "ssl.keystore.key",
        "ssl.keystore.location",
        "ssl.keystore.password",
        "ssl.keystore.type",
        "ssl.truststore.certificates",
        "ssl.truststore.location",
        "ssl.truststore.password",
        "ssl.truststore.type",
    }
)
"""Can be changed on a running broker only for one listener, with its prefix (``DYNAMIC_SECURITY_CONFIGS``)."""

LISTENER_MECHANISM_CONFIGS: Final = frozenset(
    {
        "connections.max.reauth.ms",
        "sasl.jaas.config",
        "sasl.login.callback.handler.class",
        "sasl.login.class",
        "sasl.server.callback.handler.class",
    }
)
"""May stand behind ``listener.name.NAME.MECHANISM.`` too."""


def base_name(name: str) -> str:
    """The configuration that ``listener.name.NAME.[MECHANISM.]KEY`` specialises: KEY; any other name is itself."""
    if not name.startswith(LISTENER_PREFIX):
        return name
    _, dot, key = name[len(LISTENER_PREFIX) :].partition(".")
    if not dot:
        return name
    for mechanism_key in LISTENER_MECHANISM_CONFIGS:
        if key.endswith("." + mechanism_key):
            return mechanism_key
    return key


def broker_definition(name: str) -> ConfigDef | None:
    """The definition of a broker's configuration, listener prefixes understood."""
    return BROKER_CONFIGS.get(name) or BROKER_CONFIGS.get(base_name(name))
