"""What can be set for one telemetry subscription (KIP-714).

Kafka: ``ClientMetricsConfigs``. The order is by name.
"""

from __future__ import annotations

from typing import Final

from pykbroker.config.definitions import ConfigDef
from pykbroker.config.rows import INT, LIST, resource
from pykbroker.config.rules import list_of

CLIENT_METRICS: Final[tuple[ConfigDef, ...]] = (
    resource("interval.ms", INT, 300_000),
    resource("match", LIST, (), list_of(may_be_empty=True)),
    resource("metrics", LIST, (), list_of(may_be_empty=True)),
)
