"""Metadata records about brokers and controllers."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import Struct, array, boolean, int8, int16, int32, int64, string, uint16, uuid


class BrokerEndpoint(Struct):
    name: str = string()
    host: str = string()
    port: int = uint16()
    security_protocol: int = int16()


class BrokerFeature(Struct):
    name: str = string()
    min_supported_version: int = int16()
    max_supported_version: int = int16()


class RegisterBrokerRecord(StoredMessage, api_key=0, versions="0-4", flexible="0+"):
    """A broker registered (KIP-631).

    v1  controlled shutdown (KIP-841)    v2  ZooKeeper migration    v3  log directories (KIP-858)
    v4  cordoned ones (KIP-1066)
    """

    broker_id: int = int32()
    is_migrating_zk_broker: bool = boolean(default=False, versions="2+")
    incarnation_id: bytes = uuid()
    broker_epoch: int = int64()
    end_points: Sequence[BrokerEndpoint] = array(BrokerEndpoint)
    features: Sequence[BrokerFeature] = array(BrokerFeature)
    rack: str | None = string(default=None, nullable="0+")
    fenced: bool = boolean(default=True)
    in_controlled_shutdown: bool = boolean(default=False, versions="1+")
    log_dirs: Sequence[bytes] = array(uuid(), default=(), versions="3+", tag=0)
    cordoned_log_dirs: Sequence[bytes] | None = array(uuid(), default=None, versions="4+", nullable="4+", tag=1)


class UnregisterBrokerRecord(StoredMessage, api_key=1, versions="0", flexible="0+"):
    """A broker was removed from the cluster."""

    broker_id: int = int32()
    broker_epoch: int = int64()


class FenceBrokerRecord(StoredMessage, api_key=7, versions="0", flexible="0+"):
    """A broker was fenced; superseded by BrokerRegistrationChangeRecord."""

    id: int = int32()
    epoch: int = int64()


class UnfenceBrokerRecord(StoredMessage, api_key=8, versions="0", flexible="0+"):
    """A broker was unfenced; superseded by BrokerRegistrationChangeRecord."""

    id: int = int32()
    epoch: int = int64()


class BrokerRegistrationChangeRecord(StoredMessage, api_key=17, versions="0-3", flexible="0+"):
    """What changed about a broker: -1, 0 and 1 in the flags mean off, unchanged and on.

    v1  controlled shutdown (KIP-841)    v2  log directories (KIP-858)    v3  cordoned ones (KIP-1066)
    """

    broker_id: int = int32()
    broker_epoch: int = int64()
    fenced: int = int8(default=0, tag=0)
    in_controlled_shutdown: int = int8(default=0, versions="1+", tag=1)
    log_dirs: Sequence[bytes] = array(uuid(), default=(), versions="2+", tag=2)
    cordoned_log_dirs: Sequence[bytes] | None = array(uuid(), default=None, versions="3+", nullable="3+", tag=3)


class ControllerEndpoint(Struct):
    name: str = string()
    host: str = string()
    port: int = uint16()
    security_protocol: int = int16()


class ControllerFeature(Struct):
    name: str = string()
    min_supported_version: int = int16()
    max_supported_version: int = int16()


class RegisterControllerRecord(StoredMessage, api_key=27, versions="0", flexible="0+"):
    """A controller registered (KIP-919)."""

    controller_id: int = int32()
    incarnation_id: bytes = uuid()
    zk_migration_ready: bool = boolean()
    end_points: Sequence[ControllerEndpoint] = array(ControllerEndpoint)
    features: Sequence[ControllerFeature] = array(ControllerFeature)
