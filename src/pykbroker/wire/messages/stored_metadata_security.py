"""Metadata records about ACLs, SCRAM credentials, delegation tokens and client quotas."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import Struct, array, boolean, data, float64, int8, int32, int64, string, uuid


class AccessControlEntryRecord(StoredMessage, api_key=18, versions="0", flexible="0+"):
    """An ACL, with an id of its own."""

    id: bytes = uuid()
    resource_type: int = int8()
    resource_name: str = string()
    pattern_type: int = int8()
    principal: str = string()
    host: str = string()
    operation: int = int8()
    permission_type: int = int8()


class RemoveAccessControlEntryRecord(StoredMessage, api_key=19, versions="0", flexible="0+"):
    """An ACL was removed."""

    id: bytes = uuid()


class UserScramCredentialRecord(StoredMessage, api_key=11, versions="0", flexible="0+"):
    """A user's SCRAM credential (KIP-900)."""

    name: str = string()
    mechanism: int = int8()
    salt: bytes = data(secret=True)
    stored_key: bytes = data(secret=True)
    server_key: bytes = data(secret=True)
    iterations: int = int32()


class RemoveUserScramCredentialRecord(StoredMessage, api_key=22, versions="0", flexible="0+"):
    """A user's SCRAM credential was removed."""

    name: str = string()
    mechanism: int = int8()


class DelegationTokenRecord(StoredMessage, api_key=10, versions="0", flexible="0+"):
    """A delegation token (KIP-900); its HMAC is not stored, it follows from the id and the secret key."""

    owner: str = string()
    requester: str = string()
    renewers: Sequence[str] = array(string())
    issue_timestamp: int = int64()
    max_timestamp: int = int64()
    expiration_timestamp: int = int64()
    token_id: str = string()


class RemoveDelegationTokenRecord(StoredMessage, api_key=26, versions="0", flexible="0+"):
    """A delegation token was removed."""

    token_id: str = string()


class EntityData(Struct):
    entity_type: str = string()
    entity_name: str | None = string(default=None, nullable="0+")


class ClientQuotaRecord(StoredMessage, api_key=14, versions="0", flexible="0+"):
    """A quota of an entity was set or removed."""

    entity: Sequence[EntityData] = array(EntityData)
    key: str = string()
    value: float = float64()
    remove: bool = boolean()
