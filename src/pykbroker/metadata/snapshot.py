"""Snapshots: an image as the records that make it, and as the bytes of a ``.checkpoint`` file.

Lives here: the inverse of ``replay`` and the file around it.
Invariant: ``replay(EMPTY_IMAGE, image_to_records(image))`` is ``image`` again, but for offset and epoch, which are in
the file's name. metadata.version comes first, since it says how to read the rest.
Never: decides when to take a snapshot.

Kafka: ``MetadataImage.write``, ``RecordsSnapshotWriter``, ``Snapshots``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pykbroker.metadata.features import METADATA_VERSION, record_version
from pykbroker.metadata.image import BrokerImage, ControllerImage, MetadataImage, PartitionImage
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.stored_log import SnapshotFooterRecord, SnapshotHeaderRecord
from pykbroker.wire.messages.stored_metadata_brokers import (
    BrokerEndpoint,
    BrokerFeature,
    ControllerEndpoint,
    ControllerFeature,
    RegisterBrokerRecord,
    RegisterControllerRecord,
)
from pykbroker.wire.messages.stored_metadata_cluster import FeatureLevelRecord, ProducerIdsRecord
from pykbroker.wire.messages.stored_metadata_security import (
    AccessControlEntryRecord,
    ClientQuotaRecord,
    DelegationTokenRecord,
    EntityData,
    UserScramCredentialRecord,
)
from pykbroker.wire.messages.stored_metadata_topics import ConfigRecord, PartitionRecord, TopicRecord
from pykbroker.wire.records import RecordBatchBuilder
from pykbroker.wire.stored import encode_control_key, encode_metadata

SNAPSHOT_HEADER = 3
SNAPSHOT_FOOTER = 4
RECORDS_PER_BATCH = 1_000


class SnapshotId(NamedTuple):
    """Which part of the log a snapshot stands for: everything before ``end_offset``, whose last record is of
    ``epoch``.
    """

    end_offset: int
    epoch: int

    @property
    def file_name(self) -> str:
        """The name in ``__cluster_metadata-0``."""
        return f"{self.end_offset:020d}-{self.epoch:010d}.checkpoint"


def snapshot_id(image: MetadataImage) -> SnapshotId:
    """The id of a snapshot of this image."""
    return SnapshotId(image.offset + 1, max(image.epoch, 0))


def parse_snapshot_name(name: str) -> SnapshotId | None:
    """The id of a snapshot by its file name; None for other files, unfinished (``.part``) and deleted ones among
    them.
    """
    stem, dot, suffix = name.partition(".")
    offset, _, epoch = stem.partition("-")
    if dot + suffix != ".checkpoint" or len(offset) != 20 or len(epoch) != 10:
        return None
    return SnapshotId(int(offset), int(epoch)) if (offset + epoch).isdecimal() else None


def snapshot_bytes(image: MetadataImage, last_contained_log_timestamp_ms: int, now_ms: int) -> list[bytes]:
    """The batches of a snapshot file: header, records, footer."""
    records = image_to_records(image)
    return checkpoint_batches(
        records, image.metadata_version, snapshot_id(image).epoch, last_contained_log_timestamp_ms, now_ms
    )


def checkpoint_batches(
    records: Iterable[StoredMessage],
    metadata_version: int,
    epoch: int,
    last_contained_log_timestamp_ms: int,
    now_ms: int,
) -> list[bytes]:
    """A ``.checkpoint`` file around ``records``, batch by batch."""
    header = SnapshotHeaderRecord(version=0, last_contained_log_timestamp=last_contained_log_timestamp_ms)
    batches = [control_batch(SNAPSHOT_HEADER, header, 0, epoch, now_ms)]
    offset = 1
    pending: list[StoredMessage] = []
    for record in records:
        pending.append(record)
        if len(pending) == RECORDS_PER_BATCH:
            batches.append(metadata_batch(pending, metadata_version, offset, epoch, now_ms))
            offset += len(pending)
            pending = []
    if pending:
        batches.append(metadata_batch(pending, metadata_version, offset, epoch, now_ms))
        offset += len(pending)
    batches.append(control_batch(SNAPSHOT_FOOTER, SnapshotFooterRecord(version=0), offset, epoch, now_ms))
    return batches


def metadata_batch(
    records: Sequence[StoredMessage], metadata_version: int, base_offset: int, epoch: int, now_ms: int
) -> bytes:
    """Metadata records as one batch, each in the version that ``metadata_version`` asks for."""
    builder = RecordBatchBuilder(base_offset, partition_leader_epoch=epoch)
    for record in records:
        builder.append(now_ms, None, encode_metadata(record, record_version(record, metadata_version)))
    return builder.build()


def control_batch(control_type: int, record: StoredMessage, base_offset: int, epoch: int, now_ms: int) -> bytes:
    """One control record as a batch. Quorum control records are written in version 0."""
    builder = RecordBatchBuilder(base_offset, partition_leader_epoch=epoch, is_control=True)
    builder.append(now_ms, encode_control_key(control_type), record.encode(0))
    return builder.build()


# -- image to records ----------------------------------------------------------------------------------------------


def image_to_records(image: MetadataImage) -> Iterator[StoredMessage]:
    """Records that lead from nothing to ``image``, in the order in which Kafka writes them."""
    yield from _features(image)
    for controller in image.controllers.values():
        yield _controller(controller)
    for broker in image.brokers.values():
        yield _broker(broker)
    for topic in image.topics.values():
        yield TopicRecord(name=topic.name, topic_id=topic.topic_id)
        for partition in topic.partitions:
            yield _partition(topic.topic_id, partition)
    for (resource_type, resource_name), configs in image.configs.items():
        for name, value in configs.items():
            yield ConfigRecord(resource_type=resource_type, resource_name=resource_name, name=name, value=value)
    yield from _client_quotas(image)
    if image.next_producer_id:
        yield ProducerIdsRecord(broker_id=-1, broker_epoch=-1, next_producer_id=image.next_producer_id)
    yield from _security(image)


def _features(image: MetadataImage) -> Iterator[StoredMessage]:
    for name in sorted(image.features, key=lambda name: (name != METADATA_VERSION, name)):
        yield FeatureLevelRecord(name=name, feature_level=image.features[name])


def _controller(controller: ControllerImage) -> StoredMessage:
    return RegisterControllerRecord(
        controller_id=controller.node_id,
        incarnation_id=controller.incarnation_id,
        zk_migration_ready=controller.zk_migration_ready,
        end_points=[ControllerEndpoint(**endpoint._asdict()) for endpoint in controller.endpoints],
        features=[
            ControllerFeature(name=name, min_supported_version=low, max_supported_version=high)
            for name, (low, high) in controller.features.items()
        ],
    )


def _broker(broker: BrokerImage) -> StoredMessage:
    return RegisterBrokerRecord(
        broker_id=broker.node_id,
        incarnation_id=broker.incarnation_id,
        broker_epoch=broker.epoch,
        end_points=[BrokerEndpoint(**endpoint._asdict()) for endpoint in broker.endpoints],
        features=[
            BrokerFeature(name=name, min_supported_version=low, max_supported_version=high)
            for name, (low, high) in broker.features.items()
        ],
        rack=broker.rack,
        fenced=broker.fenced,
        in_controlled_shutdown=broker.in_controlled_shutdown,
        log_dirs=broker.log_dirs,
        cordoned_log_dirs=broker.cordoned_log_dirs,
    )


def _partition(topic_id: bytes, partition: PartitionImage) -> StoredMessage:
    return PartitionRecord(
        partition_id=partition.partition_id,
        topic_id=topic_id,
        replicas=partition.replicas,
        isr=partition.isr,
        removing_replicas=partition.removing_replicas,
        adding_replicas=partition.adding_replicas,
        leader=partition.leader,
        leader_recovery_state=partition.leader_recovery_state,
        leader_epoch=partition.leader_epoch,
        partition_epoch=partition.partition_epoch,
        directories=partition.directories,
        eligible_leader_replicas=partition.elr or None,
        last_known_elr=partition.last_known_elr or None,
    )


def _client_quotas(image: MetadataImage) -> Iterator[StoredMessage]:
    for entity, quotas in image.client_quotas.items():
        parts = [EntityData(entity_type=entity_type, entity_name=name) for entity_type, name in entity]
        for key, value in quotas.items():
            yield ClientQuotaRecord(entity=parts, key=key, value=value, remove=False)


def _security(image: MetadataImage) -> Iterator[StoredMessage]:
    for acl_id, entry in image.acls.items():
        yield AccessControlEntryRecord(id=acl_id, **entry._asdict())
    for (mechanism, name), credential in image.scram.items():
        yield UserScramCredentialRecord(mechanism=mechanism, name=name, **credential._asdict())
    for token in image.tokens.values():
        yield DelegationTokenRecord(
            owner=token.owner,
            requester=token.requester,
            renewers=token.renewers,
            issue_timestamp=token.issue_timestamp_ms,
            max_timestamp=token.max_timestamp_ms,
            expiration_timestamp=token.expiry_timestamp_ms,
            token_id=token.token_id,
        )
