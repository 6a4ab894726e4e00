"""Assignments: which brokers hold a new partition, checked and written down.

Lives here: what CreateTopics, CreatePartitions and reassignments have in common.
Invariant: a partition starts with every live replica in sync and the first of them leading, in epoch 0.

Kafka: ``ReplicationControlManager.validateManualPartitionAssignment``, ``buildPartitionRegistration``.
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.features import DIRECTORIES_SINCE
from pykbroker.metadata.image import MetadataImage
from pykbroker.wire.messages.stored_metadata_topics import PartitionRecord


def validate_assignment(image: MetadataImage, replicas: Sequence[int], replication_factor: int | None = None) -> None:
    """Raise INVALID_REPLICA_ASSIGNMENT unless a partition could live on ``replicas``."""
    if not replicas:
        raise _bad("a partition needs at least one replica")
    seen: set[int] = set()
    for node_id in sorted(replicas):
        if node_id not in image.brokers:
            raise _bad(f"broker {node_id} is not registered")
        if node_id in seen:
            raise _bad(f"broker {node_id} is assigned the same partition twice")
        seen.add(node_id)
    if replication_factor is not None and len(replicas) != replication_factor:
        raise _bad(f"the topic's partitions have {replication_factor} replica(s), this one would have {len(replicas)}")


def isr_of(image: MetadataImage, replicas: Sequence[int], refuse_with: ErrorCode) -> tuple[int, ...]:
    """The replicas that are in sync from the start: those on live brokers. There must be one."""
    isr = tuple(node_id for node_id in replicas if image.is_active(node_id))
    if not isr:
        raise KafkaError(refuse_with, f"the brokers {list(replicas)} are all fenced or shutting down")
    return isr


def partition_record(
    image: MetadataImage, topic_id: bytes, partition_id: int, replicas: tuple[int, ...]
) -> PartitionRecord:
    """The record that makes a partition."""
    isr = replicas if len(replicas) == 1 else isr_of(image, replicas, ErrorCode.INVALID_REPLICATION_FACTOR)
    directories: tuple[bytes, ...] = ()
    if image.metadata_version >= DIRECTORIES_SINCE:
        directories = tuple(image.brokers[node_id].default_directory for node_id in replicas)
    return PartitionRecord(
        partition_id=partition_id,
        topic_id=topic_id,
        replicas=replicas,
        isr=isr,
        leader=isr[0],
        leader_epoch=0,
        partition_epoch=0,
        directories=directories,
    )


def _bad(message: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
