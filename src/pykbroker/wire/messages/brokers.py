"""brokers"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import (
    ZERO_UUID,
    Struct,
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
    """TODO"""

    throttle_time_ms: int = int32()
    error_code: int = int16()
    topics: Sequence[AlterPartitionResponseTopicData] = array(AlterPartitionResponseTopicData)


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
    """TODO"""

    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)
    topics: Sequence[AlterPartitionRequestTopicData] = array(AlterPartitionRequestTopicData)


class UpdatableFeatureResult(Struct):
    feature: str = string()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class UpdateFeaturesResponse(Response, versions="0-2", flexible="0+"):
    """TODO"""

    throttle_time_ms: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    results: Sequence[UpdatableFeatureResult] = array(UpdatableFeatureResult, default=(), versions="0-1")


class FeatureUpdateKey(Struct):
    feature: str = string()
    max_version_level: int = int16()
    allow_downgrade: bool = boolean(default=False, versions="0")
    upgrade_type: int = int8(default=1, versions="1+")


class UpdateFeaturesRequest(Request[UpdateFeaturesResponse], api_key=57, versions="0-2", flexible="0+"):
    """TODO"""

    timeout_ms: int = int32(default=60000)
    feature_updates: Sequence[FeatureUpdateKey] = array(FeatureUpdateKey)
    validate_only: bool = boolean(default=False, versions="1+")


class EnvelopeResponse(Response, versions="0", flexible="0+"):
    """TODO"""

    response_data: bytes | None = data(default=None, nullable="0+")
    error_code: int = int16()


class EnvelopeRequest(Request[EnvelopeResponse], api_key=58, versions="0", flexible="0+"):
    """TODO"""

    request_data: bytes = data()
    request_principal: bytes | None = data(default=None, nullable="0+")
    client_host_address: bytes = data()


class BrokerRegistrationResponse(Response, versions="0-4", flexible="0+"):
    """TODO"""

    throttle_time_ms: int = int32()
    error_code: int = int16()
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
    """TODO"""

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
    """TODO"""

    throttle_time_ms: int = int32()
    error_code: int = int16()
    is_caught_up: bool = boolean(default=False)
    is_fenced: bool = boolean(default=True)
    should_shut_down: bool = boolean()


class BrokerHeartbeatRequest(Request[BrokerHeartbeatResponse], api_key=63, versions="0-2", flexible="0+"):
    """TODO"""

    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)
    current_metadata_offset: int = int64()
    want_fence: bool = boolean()
    want_shut_down: bool = boolean()
    offline_log_dirs: Sequence[bytes] = array(uuid(), default=(), versions="1+", tag=0)
    cordoned_log_dirs: Sequence[bytes] | None = array(uuid(), default=None, versions="2+", nullable="2+", tag=1)


class UnregisterBrokerResponse(Response, versions="0", flexible="0+"):
    """TODO"""

    throttle_time_ms: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class UnregisterBrokerRequest(Request[UnregisterBrokerResponse], api_key=64, versions="0", flexible="0+"):
    """TODO"""

    broker_id: int = int32()


class AllocateProducerIdsResponse(Response, versions="0", flexible="0+"):
    """TODO"""

    throttle_time_ms: int = int32()
    error_code: int = int16()
    producer_id_start: int = int64()
    producer_id_len: int = int32()


class AllocateProducerIdsRequest(Request[AllocateProducerIdsResponse], api_key=67, versions="0", flexible="0+"):
    """TODO"""

    broker_id: int = int32()
    broker_epoch: int = int64(default=-1)


class ControllerRegistrationResponse(Response, versions="0", flexible="0+"):
    """TODO"""

    throttle_time_ms: int = int32()
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class ControllerRegistrationRequest(Request[ControllerRegistrationResponse], api_key=70, versions="0", flexible="0+"):
    """TODO"""

    controller_id: int = int32()
    incarnation_id: bytes = uuid()
    zk_migration_ready: bool = boolean()
    listeners: Sequence[Listener] = array(Listener)
    features: Sequence[Feature] = array(Feature)
