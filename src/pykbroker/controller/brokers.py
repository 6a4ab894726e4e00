"""Brokers and controllers in the metadata log: registering, fencing, unfencing, forgetting them.

Lives here: the records a node's life leaves behind. A broker registers fenced, is unfenced once it has caught up with
the metadata, and may then lead; its registration's offset is its epoch.
Invariant: whoever changes a broker's state also says what that means for the partitions it has.
Never: watches heartbeats; what is decided here was decided by somebody who does.

Kafka: ``ClusterControlManager``, ``ReplicationControlManager.handleBrokerUnfenced`` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pykbroker.controller.partition_change import RECOVERED, Election, PartitionChange
from pykbroker.controller.settings import Settings
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.features import (
    CONTROLLER_REGISTRATION_SINCE,
    CORDONED_LOG_DIRS_SINCE,
)
from pykbroker.metadata.image import NO_LEADER, BrokerImage, Endpoint, MetadataImage, PartitionImage, TopicImage
from pykbroker.metadata.replay import replay
from pykbroker.wire.api import StoredMessage
from pykbroker.wire.messages.stored_metadata_brokers import (
    BrokerEndpoint,
    BrokerFeature,
    BrokerRegistrationChangeRecord,
    ControllerEndpoint,
    ControllerFeature,
    RegisterBrokerRecord,
    RegisterControllerRecord,
    UnregisterBrokerRecord,
)

FENCE = 1
UNFENCE = -1
BEGIN_CONTROLLED_SHUTDOWN = 1


class Registration(NamedTuple):
    """How a node introduces itself."""

    node_id: int
    incarnation_id: bytes
    endpoints: Sequence[Endpoint]
    rack: str | None = None
    log_dirs: Sequence[bytes] = ()


def check_broker_epoch(image: MetadataImage, node_id: int, epoch: int) -> BrokerImage:
    """The registered broker; raises STALE_BROKER_EPOCH for one that has been replaced by a later registration."""
    broker = image.brokers.get(node_id)
    if broker is None:
        raise KafkaError(ErrorCode.STALE_BROKER_EPOCH, f"broker {node_id} is not registered")
    if broker.epoch != epoch:
        raise KafkaError(
            ErrorCode.STALE_BROKER_EPOCH, f"broker {node_id} is registered with epoch {broker.epoch}, not {epoch}"
        )
    return broker


def register_broker(
    registration: Registration, broker_epoch: int, features: Mapping[str, tuple[int, int]]
) -> RegisterBrokerRecord:
    """The record of a registration; ``broker_epoch`` is the offset the record will have."""
    return RegisterBrokerRecord(
        broker_id=registration.node_id,
        incarnation_id=registration.incarnation_id,
        broker_epoch=broker_epoch,
        end_points=[BrokerEndpoint(**endpoint._asdict()) for endpoint in registration.endpoints],
        features=[
            BrokerFeature(name=name, min_supported_version=low, max_supported_version=high)
            for name, (low, high) in features.items()
        ],
        rack=registration.rack,
        fenced=True,
        log_dirs=registration.log_dirs,
    )


def register_controller(
    registration: Registration, features: Mapping[str, tuple[int, int]]
) -> RegisterControllerRecord:
    """The record of a controller's registration (KIP-919)."""
    return RegisterControllerRecord(
        controller_id=registration.node_id,
        incarnation_id=registration.incarnation_id,
        zk_migration_ready=False,
        end_points=[ControllerEndpoint(**endpoint._asdict()) for endpoint in registration.endpoints],
        features=[
            ControllerFeature(name=name, min_supported_version=low, max_supported_version=high)
            for name, (low, high) in features.items()
        ],
    )


def start_node(
    image: MetadataImage,
    controller: Registration | None,
    broker: Registration,
    next_offset: int,
    settings: Settings,
) -> list[StoredMessage]:
    """What one process that is both controller and broker writes when it starts: both registered, the broker unfenced.

    Partitions it has and nobody leads (another process shut down here, or was killed) get it as their leader.
    """
    records: list[StoredMessage] = []
    if controller is not None and image.metadata_version >= CONTROLLER_REGISTRATION_SINCE:
        records.append(register_controller(controller, settings.supported_features()))
    records.append(register_broker(broker, next_offset + len(records), settings.supported_features()))
    image = replay(image, records, next_offset + len(records) - 1)
    unfencing = unfence_broker(image, broker.node_id, settings)
    image = replay(image, unfencing)
    return [*records, *unfencing, *recovered(image, broker.node_id, settings)]


def unfence_broker(image: MetadataImage, node_id: int, settings: Settings) -> list[StoredMessage]:
    """The broker may serve: leaderless partitions that it has get a leader."""
    broker = image.brokers[node_id]
    records: list[StoredMessage] = [
        BrokerRegistrationChangeRecord(broker_id=node_id, broker_epoch=broker.epoch, fenced=UNFENCE)
    ]
    if image.metadata_version >= CORDONED_LOG_DIRS_SINCE and broker.cordoned_log_dirs is None:
        records.append(
            BrokerRegistrationChangeRecord(broker_id=node_id, broker_epoch=broker.epoch, cordoned_log_dirs=())
        )
    alive = replay(image, records)
    leaderless = (each for each in _partitions_on(alive, node_id) if each[1].leader == NO_LEADER)
    for topic, partition in leaderless:
        records += _changed(_change(alive, topic, partition, settings))
    return records


def fence_broker(image: MetadataImage, node_id: int, settings: Settings) -> list[StoredMessage]:
    """The broker is gone for now: it leaves every ISR, and others lead in its place where they can."""
    record = BrokerRegistrationChangeRecord(broker_id=node_id, broker_epoch=image.brokers[node_id].epoch, fenced=FENCE)
    return [record, *_leave_isrs(image, node_id, settings)]


def begin_controlled_shutdown(image: MetadataImage, node_id: int, settings: Settings) -> list[StoredMessage]:
    """The broker is about to go: it still serves what nobody else can, and leads nothing that somebody else can."""
    broker = image.brokers[node_id]
    record = BrokerRegistrationChangeRecord(
        broker_id=node_id, broker_epoch=broker.epoch, in_controlled_shutdown=BEGIN_CONTROLLED_SHUTDOWN
    )
    return [record, *_leave_isrs(image, node_id, settings)]


def unregister_broker(image: MetadataImage, node_id: int, settings: Settings) -> list[StoredMessage]:
    """The broker will not come back (UnregisterBroker, API key 64)."""
    broker = image.brokers.get(node_id)
    if broker is None:
        raise KafkaError(ErrorCode.BROKER_ID_NOT_REGISTERED, f"broker {node_id} is not registered")
    records: list[StoredMessage] = _leave_isrs(image, node_id, settings)
    return [*records, UnregisterBrokerRecord(broker_id=node_id, broker_epoch=broker.epoch)]


def recovered(image: MetadataImage, node_id: int, settings: Settings) -> list[StoredMessage]:
    """The leader has all there is after an unclean election: its partitions are no longer recovering."""
    records: list[StoredMessage] = []
    for topic, partition in _partitions_on(image, node_id):
        if partition.leader == node_id and partition.leader_recovery_state != RECOVERED:
            change = _change(image, topic, partition, settings)
            change.leader_recovery_state = RECOVERED
            records += _changed(change)
    return records


def _leave_isrs(image: MetadataImage, node_id: int, settings: Settings) -> list[StoredMessage]:
    records: list[StoredMessage] = []
    for topic, partition in _partitions_on(image, node_id):
        if node_id in partition.isr or partition.leader == node_id:
            change = _change(image, topic, partition, settings, lambda each: each != node_id and image.is_active(each))
            change.isr = tuple(replica for replica in partition.isr if replica != node_id)
            records += _changed(change)
    return records


def _partitions_on(image: MetadataImage, node_id: int) -> Iterator[tuple[TopicImage, PartitionImage]]:
    for topic in image.topics.values():
        for partition in topic.partitions:
            if node_id in partition.replicas:
                yield topic, partition


def _change(
    image: MetadataImage,
    topic: TopicImage,
    partition: PartitionImage,
    settings: Settings,
    may_lead: Callable[[int], bool] | None = None,
) -> PartitionChange:
    min_insync_replicas = settings.min_insync_replicas(image, topic.name)
    change = PartitionChange(image, topic.topic_id, partition, min_insync_replicas, may_lead)
    if settings.allows_unclean_election(image, topic.name):
        change.election = Election.UNCLEAN
    return change


def _changed(change: PartitionChange) -> list[StoredMessage]:
    record = change.record()
    return [] if record is None else [record]
