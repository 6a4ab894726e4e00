"""What brokers say to the controller, and administration of brokers: AlterPartition (56), UpdateFeatures (57),
Envelope (58), BrokerRegistration (62), BrokerHeartbeat (63), UnregisterBroker (64), AllocateProducerIds (67),
ControllerRegistration (70).
"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    ZERO_UUID,
    Struct,
    Versions,
    array,
    boolean,
    data,
    int8,
    int16,
    int32,
    int64,
    string,
    uint16,
    uuid,
)


class AlterPartitionResponsePartitionData(Struct):
    partition_index: int = int32()
    error_code: int = int16()
    leader_id: int = int32()
    leader_epoch: int = int32()
    isr: Sequence[int] = array(int32())
    leader_recovery_state: int = int8(default=0)
    partition_epoch: int = int32()


class AlterPartitionResponseTopicData(Struct):
    topic_id: bytes = uuid(default=ZERO_UUID)
    partitions: Sequence[AlterPartitionResponsePartitionData] = array(AlterPartitionResponsePartitionData)


class AlterPartitionResponse(Response, versions="2-3", flexible="0+"):
    """The partition as the controller has it now."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    topics: Sequence[AlterPartitionResponseTopicData] = array(AlterPartitionResponseTopicData, default=())


class BrokerState(Struct):
    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)


class AlterPartitionRequestPartitionData(Struct):
    partition_index: int = int32()
    leader_epoch: int = int32()
    new_isr: Sequence[int] = array(int32(), default=(), versions="2")
    new_isr_with_epochs: Sequence[BrokerState] = array(BrokerState, default=(), versions="3+")
    leader_recovery_state: int = int8(default=0)
    partition_epoch: int = int32()


class AlterPartitionRequestTopicData(Struct):
    topic_id: bytes = uuid(default=ZERO_UUID)
    partitions: Sequence[AlterPartitionRequestPartitionData] = array(AlterPartitionRequestPartitionData)


class AlterPartitionRequest(Request[AlterPartitionResponse], api_key=56, versions="2-3", flexible="0+"):
    """A leader asks the controller to change the in-sync replicas (KIP-497).

    v2  topics by id (KIP-841)
    v3  each replica with its broker epoch (KIP-903). Versions 0 and 1 named topics, between brokers
        before 3.3.
    """

    ISR_WITH_EPOCHS = Versions.parse("3+")
    """The new ISR stands in new_isr_with_epochs (KIP-903); before, in new_isr."""

    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)
    topics: Sequence[AlterPartitionRequestTopicData] = array(AlterPartitionRequestTopicData)


class UpdatableFeatureResult(Struct):
    feature: str = string()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class UpdateFeaturesResponse(Response, versions="0-2", flexible="0+"):
    """Whether it worked; up to v1 also per feature."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    results: Sequence[UpdatableFeatureResult] = array(UpdatableFeatureResult, default=(), versions="0-1")


class FeatureUpdateKey(Struct):
    feature: str = string()
    max_version_level: int = int16()
    allow_downgrade: bool = boolean(default=False, versions="0")
    upgrade_type: int = int8(default=1, versions="1+")


class UpdateFeaturesRequest(Request[UpdateFeaturesResponse], api_key=57, versions="0-2", flexible="0+"):
    """Asks to finalize feature levels (KIP-584).

    v1  validate only, and an upgrade type instead of a flag    v2  no result per feature
    """

    HAS_UPGRADE_TYPE = Versions.parse("1+")
    """upgrade_type says what is allowed; before, the flag allow_downgrade."""
    ANSWERS_PER_FEATURE = Versions.parse("0-1")
    """Each feature has an error; since v2 there is only one for the whole."""

    timeout_ms: int = int32(default=60000)
    feature_updates: Sequence[FeatureUpdateKey] = array(FeatureUpdateKey)
    validate_only: bool = boolean(default=False, versions="1+")


class EnvelopeResponse(Response, versions="0", flexible="0+"):
    """The answer, whole."""

    response_data: bytes | None = data(default=None, nullable="0+", secret=True)
    error_code: int = int16(default=0)


class EnvelopeRequest(Request[EnvelopeResponse], api_key=58, versions="0", flexible="0+"):
    """A request that a broker forwards to the controller for its client, whole, with the client's
    principal and address (KIP-590).
    """

    request_data: bytes = data(secret=True)
    request_principal: bytes | None = data(default=None, nullable="0+")
    client_host_address: bytes = data()


class BrokerRegistrationResponse(Response, versions="0-4", flexible="0+"):
    """The broker epoch."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    broker_epoch: int = int64(default=-1)


class Listener(Struct):
    name: str = string()
    host: str = string()
    port: int = uint16()
    security_protocol: int = int16()


class Feature(Struct):
    name: str = string()
    min_supported_version: int = int16()
    max_supported_version: int = int16()


class BrokerRegistrationRequest(Request[BrokerRegistrationResponse], api_key=62, versions="0-4", flexible="0+"):
    """A broker announces itself to the controller (KIP-631).

    v2  log directories (KIP-858)    v3  the epoch before a clean shutdown (KIP-966)
    v4  features may start at level 0 (KAFKA-17011)
    """

    FEATURES_FROM_ZERO = Versions.parse("4+")
    """Features that begin at level 0 are listed (KAFKA-17011)."""

    broker_id: int = int32()
    cluster_id: str = string()
    incarnation_id: bytes = uuid()
    listeners: Sequence[Listener] = array(Listener)
    features: Sequence[Feature] = array(Feature)
    rack: str | None = string(default=None, nullable="0+")
    is_migrating_zk_broker: bool = boolean(default=False, versions="1+")
    log_dirs: Sequence[bytes] = array(uuid(), default=(), versions="2+")
    previous_broker_epoch: int = int64(default=-1, versions="3+")


class BrokerHeartbeatResponse(Response, versions="0-2", flexible="0+"):
    """Whether the broker is fenced, caught up, and may shut down."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    is_caught_up: bool = boolean(default=False)
    is_fenced: bool = boolean(default=True)
    should_shut_down: bool = boolean(default=False)


class BrokerHeartbeatRequest(Request[BrokerHeartbeatResponse], api_key=63, versions="0-2", flexible="0+"):
    """A broker keeps its lease and says how far it has read (KIP-631).

    v1  offline directories (KIP-858)    v2  cordoned ones (KIP-1066)
    """

    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)
    current_metadata_offset: int = int64()
    want_fence: bool = boolean()
    want_shut_down: bool = boolean()
    offline_log_dirs: Sequence[bytes] = array(uuid(), default=(), versions="1+", tag=0)
    cordoned_log_dirs: Sequence[bytes] | None = array(uuid(), default=None, versions="2+", nullable="2+", tag=1)


class UnregisterBrokerResponse(Response, versions="0", flexible="0+"):
    """Whether it worked."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")


class UnregisterBrokerRequest(Request[UnregisterBrokerResponse], api_key=64, versions="0", flexible="0+"):
    """Asks to forget a broker that is gone."""

    broker_id: int = int32()


class AllocateProducerIdsResponse(Response, versions="0", flexible="0+"):
    """The block."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    producer_id_start: int = int64(default=0)
    producer_id_len: int = int32(default=0)


class AllocateProducerIdsRequest(Request[AllocateProducerIdsResponse], api_key=67, versions="0", flexible="0+"):
    """A broker asks for a block of producer ids (KIP-730)."""

    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)


class ControllerRegistrationResponse(Response, versions="0", flexible="0+"):
    """Whether it worked."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")


class ControllerRegistrationRequest(Request[ControllerRegistrationResponse], api_key=70, versions="0", flexible="0+"):
    """A controller announces itself to the active one (KIP-919)."""

    controller_id: int = int32()
    incarnation_id: bytes = uuid()
    zk_migration_ready: bool = boolean()
    listeners: Sequence[Listener] = array(Listener)
    features: Sequence[Feature] = array(Feature)
