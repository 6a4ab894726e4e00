"""Listeners, connections, threads, quotas, metrics: the broker as a server.

Kafka: ``SocketServerConfigs``, ``ServerConfigs``, ``QuotaConfig``. The order is by name.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.definitions import MAX_INT, ConfigDef
from pykbroker.config.rows import CLASS, INT, LIST, LONG, STRING, cluster_wide, per_broker, read_only
from pykbroker.config.rules import at_least, list_of

BROKER_NETWORK: Final[tuple[ConfigDef, ...]] = (
    read_only("advertised.listeners", LIST, None, list_of()),
    cluster_wide("background.threads", INT, 10, at_least(1)),
    read_only("client.quota.callback.class", CLASS, None),
    cluster_wide("config.providers", LIST, (), list_of(may_be_empty=True)),
    read_only("connections.max.idle.ms", LONG, 600_000),
    read_only("delete.records.purgatory.purge.interval.requests", INT, 1),
    read_only("early.start.listeners", LIST, None, list_of(may_be_empty=True)),
    read_only("fetch.max.bytes", INT, 57_671_680, at_least(1_024)),
    read_only("fetch.purgatory.purge.interval.requests", INT, 1_000),
    read_only("inter.broker.listener.name", STRING, None),
    read_only("kafka.metrics.polling.interval.secs", INT, 10, at_least(1)),
    read_only("kafka.metrics.reporters", LIST, (), list_of(may_be_empty=True)),
    per_broker(
        "listener.security.protocol.map",
        STRING,
        "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
    ),
    per_broker("listeners", LIST, ("PLAINTEXT://:9092",), list_of()),
    cluster_wide("max.connection.creation.rate", INT, MAX_INT, at_least(0)),
    cluster_wide("max.connections", INT, MAX_INT, at_least(0)),
    cluster_wide("max.connections.per.ip", INT, MAX_INT, at_least(0)),
    cluster_wide("max.connections.per.ip.overrides", STRING, ""),
    read_only("max.incremental.fetch.session.cache.slots", INT, 1_000, at_least(0)),
    read_only("max.request.partition.size.limit", INT, 2_000, at_least(1)),
    cluster_wide(
        "metric.reporters", LIST, ("org.apache.kafka.common.metrics.JmxReporter",), list_of(may_be_empty=True)
    ),
    read_only("metrics.num.samples", INT, 2, at_least(1)),
    read_only("metrics.recording.level", STRING, "INFO"),
    read_only("metrics.sample.window.ms", LONG, 30_000, at_least(1)),
    cluster_wide("num.io.threads", INT, 8, at_least(1)),
    cluster_wide("num.network.threads", INT, 3, at_least(1)),
    read_only("producer.purgatory.purge.interval.requests", INT, 1_000),
    read_only("queued.max.request.bytes", LONG, -1),
    read_only("queued.max.requests", INT, 500, at_least(1)),
    read_only("quota.window.num", INT, 11, at_least(1)),
    read_only("quota.window.size.seconds", INT, 1, at_least(1)),
    read_only("request.timeout.ms", INT, 30_000),
    read_only("socket.connection.setup.timeout.max.ms", LONG, 30_000),
    read_only("socket.connection.setup.timeout.ms", LONG, 10_000),
    read_only("socket.listen.backlog.size", INT, 50, at_least(1)),
    read_only("socket.receive.buffer.bytes", INT, 102_400),
    read_only("socket.request.max.bytes", INT, 104_857_600, at_least(1)),
    read_only("socket.send.buffer.bytes", INT, 102_400),
    read_only("telemetry.max.bytes", INT, 1_048_576, at_least(1)),
)
