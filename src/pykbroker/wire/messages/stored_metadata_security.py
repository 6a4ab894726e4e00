"""stored_metadata_security"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import Struct, array, boolean, data, float64, int8, int32, int64, string, uuid


class AccessControlEntryRecord(StoredMessage, api_key=18, versions="0", flexible="0+"):
    """TODO"""

    id: bytes = uuid()
    resource_type: int = int8()
    resource_name: str = string()
    pattern_type: int = int8()
    principal: str = string()
    host: str = string()
    operation: int = int8()
    permission_type: int = int8()


class RemoveAccessControlEntryRecord(StoredMessage, api_key=19, versions="0", flexible="0+"):
    """TODO"""

    id: bytes = uuid()


class UserScramCredentialRecord(StoredMessage, api_key=11, versions="0", flexible="0+"):
    """TODO"""

    name: str = string()
    mechanism: int = int8()
    salt: bytes = data()
    stored_key: bytes = data()
    server_key: bytes = data()
    iterations: int = int32()


class RemoveUserScramCredentialRecord(StoredMessage, api_key=22, versions="0", flexible="0+"):
    """TODO"""

    name: str = string()
    mechanism: int = int8()


class DelegationTokenRecord(StoredMessage, api_key=10, versions="0", flexible="0+"):
    """TODO"""

    owner: str = string()
    requester: str = string()
    renewers: Sequence[str] = array(string())
    issue_timestamp: int = int64()
    max_timestamp: int = int64()
    expiration_timestamp: int = int64()
    token_id: str = string()


class RemoveDelegationTokenRecord(StoredMessage, api_key=26, versions="0", flexible="0+"):
    """TODO"""

    token_id: str = string()


class EntityData(Struct):
    entity_type: str = string()
    entity_name: str | None = string(default=None, nullable="0+")


class ClientQuotaRecord(StoredMessage, api_key=14, versions="0", flexible="0+"):
    """TODO"""

    entity: Sequence[EntityData] = array(EntityData)
    key: str = string()
    value: float = float64()
    remove: bool = boolean()
