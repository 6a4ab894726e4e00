"""stored_metadata_cluster"""

from __future__ import annotations

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import int8, int16, int32, int64, string


class FeatureLevelRecord(StoredMessage, api_key=12, versions="0", flexible="0+"):
    """TODO"""

    name: str = string()
    feature_level: int = int16()


class ProducerIdsRecord(StoredMessage, api_key=15, versions="0", flexible="0+"):
    """TODO"""

    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)
    next_producer_id: int = int64()


class NoOpRecord(StoredMessage, api_key=20, versions="0", flexible="0+"):
    """TODO"""


class ZkMigrationStateRecord(StoredMessage, api_key=21, versions="0", flexible="0+"):
    """TODO"""

    zk_migration_state: int = int8()


class BeginTransactionRecord(StoredMessage, api_key=23, versions="0", flexible="0+"):
    """TODO"""

    name: str | None = string(default=None, nullable="0+", tag=0)


class EndTransactionRecord(StoredMessage, api_key=24, versions="0", flexible="0+"):
    """TODO"""


class AbortTransactionRecord(StoredMessage, api_key=25, versions="0", flexible="0+"):
    """TODO"""

    reason: str | None = string(default=None, nullable="0+", tag=0)
