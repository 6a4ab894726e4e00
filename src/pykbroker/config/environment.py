"""The environment variables that container images of Kafka understand, as configuration keys.

Three dialects, told apart by their prefix:

- apache/kafka and confluentinc/cp-kafka: ``KAFKA_LOG_RETENTION_MS`` is log.retention.ms; ``__`` stands for
  an underscore and ``___`` for a dash. A handful of names are about the image (its JVM, its logging) and
  are passed over.
- bitnami/kafka: the same behind ``KAFKA_CFG_``.
- wurstmeister/kafka: ``KAFKA_CREATE_TOPICS``.

Never: reads the process's environment; whoever does hands the mapping in. A variable that is not a known
configuration is not an error: shells and orchestrators set ``KAFKA_HOME`` or ``KAFKA_SERVICE_HOST`` for
reasons of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

PREFIX: Final = "KAFKA_"
BITNAMI_PREFIX: Final = "KAFKA_CFG_"

ABOUT_THE_IMAGE: Final = frozenset(
    {
        "KAFKA_CLUSTER_ID",
        "KAFKA_CREATE_TOPICS",
        "KAFKA_GC_LOG_OPTS",
        "KAFKA_HEAP_OPT",
        "KAFKA_HEAP_OPTS",
        "KAFKA_HOME",
        "KAFKA_JMX_HOSTNAME",
        "KAFKA_JMX_OPTS",
        "KAFKA_JMX_PORT",
        "KAFKA_JVM_PERFORMANCE_OPTS",
        "KAFKA_KRAFT_CLUSTER_ID",
        "KAFKA_LOG4J_LOGGERS",
        "KAFKA_LOG4J_OPTS",
        "KAFKA_LOG4J_ROOT_LOGLEVEL",
        "KAFKA_OPTS",
        "KAFKA_TOOLS_LOG4J_LOGLEVEL",
        "KAFKA_VERSION",
        "KAFKA_ZOOKEEPER_CLIENT_CNXN_SOCKET",
    }
)

CLUSTER_ID_VARIABLES: Final = ("CLUSTER_ID", "KAFKA_CLUSTER_ID", "KAFKA_KRAFT_CLUSTER_ID")


class FromEnvironment(NamedTuple):
    """What the environment says."""

    configs: dict[str, str]
    variables: dict[str, str]
    """The variable each key came from, for messages."""
    cluster_id: str | None
    topics: tuple[str, ...]
    """Topics to create, as ``name:partitions:replicas``."""


def from_environment(environment: Mapping[str, str]) -> FromEnvironment:
    """Everything that names a configuration; bitnami's spelling wins over the plain one."""
    configs: dict[str, str] = {}
    variables: dict[str, str] = {}
    for prefix in (PREFIX, BITNAMI_PREFIX):
        for variable, value in environment.items():
            if not variable.startswith(prefix) or variable in ABOUT_THE_IMAGE:
                continue
            if prefix == PREFIX and variable.startswith(BITNAMI_PREFIX):
                continue
            key = _key(variable[len(prefix) :])
            configs[key] = value
            variables[key] = variable
    cluster_id = next((environment[name] for name in CLUSTER_ID_VARIABLES if environment.get(name)), None)
    wanted = environment.get("KAFKA_CREATE_TOPICS", "").split(",")
    return FromEnvironment(configs, variables, cluster_id, tuple(topic.strip() for topic in wanted if topic.strip()))


def _key(name: str) -> str:
    """``LOG_DIRS`` is log.dirs, ``A__B`` is a_b, ``A___B`` is a-b."""
    return name.lower().replace("___", "-").replace("__", "\0").replace("_", ".").replace("\0", "_")
