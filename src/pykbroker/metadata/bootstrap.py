"""What a metadata directory holds before anybody has used it, byte for byte as Apache Kafka formats and starts it.

Lives here: the records a cluster begins with, ``bootstrap.checkpoint``, ``quorum-state``, and the control record with
which an epoch of the metadata log begins.
Invariant: Apache Kafka starts on what is made of this, and this reads what Apache Kafka made.
Never: touches a disk.

A fresh ``__cluster_metadata-0`` of one voter, as 4.3.1 leaves it: a LeaderChange control batch (offset 0, epoch 1);
then one transaction: BeginTransaction, the bootstrap records, the cluster's default min.insync.replicas (eligible
leader replicas rely on it), EndTransaction; then the controller's and the broker's registrations.

Kafka: ``StorageTool``, ``BootstrapDirectory``, ``ActivationRecordsGenerator``, ``QuorumStateData``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from pykbroker.metadata.features import METADATA_TRANSACTIONS_SINCE, METADATA_VERSION, default_features
from pykbroker.metadata.image import CONFIG_BROKER, ELR_VERSION
from pykbroker.metadata.snapshot import checkpoint_batches, control_batch
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.stored_log import LeaderChangeMessage, LeaderChangeMessageVoter
from pykbroker.wire.messages.stored_metadata_cluster import (
    BeginTransactionRecord,
    EndTransactionRecord,
    FeatureLevelRecord,
)
from pykbroker.wire.messages.stored_metadata_topics import ConfigRecord

LEADER_CHANGE = 2
METADATA_TOPIC_ID = bytes(15) + b"\x01"
BOOTSTRAP_FILE = "bootstrap.checkpoint"
QUORUM_STATE_FILE = "quorum-state"
FIRST_EPOCH = 1


def bootstrap_records(
    features: Mapping[str, int] | None = None, more: Iterable[StoredMessage] = ()
) -> list[StoredMessage]:
    """The records a cluster is formatted with: feature levels (by default Apache Kafka 4.3's), then, say, SCRAM
    users.
    """
    levels = default_features() if features is None else features
    names = sorted(levels, key=lambda name: (name != METADATA_VERSION, name))
    return [*(FeatureLevelRecord(name=name, feature_level=levels[name]) for name in names), *more]


def bootstrap_checkpoint_bytes(records: Sequence[StoredMessage], now_ms: int) -> bytes:
    """``bootstrap.checkpoint``: the bootstrap records as a snapshot of nothing."""
    version = next(
        each.feature_level for each in records if isinstance(each, FeatureLevelRecord) and each.name == METADATA_VERSION
    )
    return b"".join(checkpoint_batches(records, version, 0, 0, now_ms))


def activation_records(bootstrap: Sequence[StoredMessage], min_insync_replicas: int) -> list[StoredMessage]:
    """What the first controller of a cluster writes to the empty log."""
    levels = {each.name: each.feature_level for each in bootstrap if isinstance(each, FeatureLevelRecord)}
    records = list(bootstrap)
    if levels.get(ELR_VERSION, 0):
        records.append(
            ConfigRecord(
                resource_type=CONFIG_BROKER,
                resource_name="",
                name="min.insync.replicas",
                value=str(min_insync_replicas),
            )
        )
    if levels[METADATA_VERSION] < METADATA_TRANSACTIONS_SINCE:
        return records
    return [BeginTransactionRecord(name="Bootstrap records"), *records, EndTransactionRecord()]


def leader_change_batch(leader_id: int, voters: Sequence[int], base_offset: int, epoch: int, now_ms: int) -> bytes:
    """The control batch with which a leader's epoch begins."""
    message = LeaderChangeMessage(
        version=0,
        leader_id=leader_id,
        voters=[LeaderChangeMessageVoter(voter_id=voter) for voter in voters],
        granting_voters=[LeaderChangeMessageVoter(voter_id=leader_id)],
    )
    return control_batch(LEADER_CHANGE, message, base_offset, epoch, now_ms)


def quorum_state_json(leader_id: int, leader_epoch: int, voters: Sequence[int], voted_id: int = -1) -> bytes:
    """The ``quorum-state`` file under kraft.version 0 (static voters)."""
    state = {
        "clusterId": "",
        "leaderId": leader_id,
        "leaderEpoch": leader_epoch,
        "votedId": voted_id,
        "appliedOffset": 0,
        "currentVoters": [{"voterId": voter} for voter in voters],
        "data_version": 0,
    }
    return json.dumps(state, separators=(",", ":")).encode()


def leader_epoch_of(quorum_state: bytes) -> int:
    """The epoch a ``quorum-state`` file remembers (versions 0 and 1 alike); ValueError if it is not one."""
    state = json.loads(quorum_state)
    epoch = state.get("leaderEpoch") if isinstance(state, dict) else None
    if not isinstance(epoch, int):
        raise ValueError("quorum-state names no leaderEpoch")
    return epoch
