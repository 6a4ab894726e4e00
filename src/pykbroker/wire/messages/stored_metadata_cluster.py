"""Metadata records about the cluster as a whole: features, producer ids, metadata transactions."""

from __future__ import annotations

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import int8, int16, int32, int64, string


class FeatureLevelRecord(StoredMessage, api_key=12, versions="0", flexible="0+"):
    """A feature was finalized at a level; level 0 removes it (KIP-584)."""

    name: str = string()
    feature_level: int = int16()


class ProducerIdsRecord(StoredMessage, api_key=15, versions="0", flexible="0+"):
    """A broker was given producer ids up to, not including, ``next_producer_id`` (KIP-730)."""

    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)
    next_producer_id: int = int64()


class NoOpRecord(StoredMessage, api_key=20, versions="0", flexible="0+"):
    """Nothing: it lets the high watermark move (KIP-835)."""


class ZkMigrationStateRecord(StoredMessage, api_key=21, versions="0", flexible="0+"):
    """How far a migration from ZooKeeper had come (KIP-866). Read and ignored."""

    zk_migration_state: int = int8()


class BeginTransactionRecord(StoredMessage, api_key=23, versions="0", flexible="0+"):
    """Records from here on count only when the transaction ends (KIP-868)."""

    name: str | None = string(default=None, nullable="0+", tag=0)


class EndTransactionRecord(StoredMessage, api_key=24, versions="0", flexible="0+"):
    """The records of the transaction count (KIP-868)."""


class AbortTransactionRecord(StoredMessage, api_key=25, versions="0", flexible="0+"):
    """The records of the transaction never were (KIP-868)."""

    reason: str | None = string(default=None, nullable="0+", tag=0)
