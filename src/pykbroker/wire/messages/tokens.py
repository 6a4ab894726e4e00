"""Delegation tokens (KIP-48): create, renew, expire, describe (API keys 38 to 41)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, array, data, int16, int32, int64, string


class CreateDelegationTokenResponse(Response, versions="0-3", flexible="2+"):
    """The token: its id and its secret, the HMAC."""

    error_code: int = int16(default=0)
    principal_type: str = string(default="")
    principal_name: str = string(default="")
    token_requester_principal_type: str = string(default="", versions="3+")
    token_requester_principal_name: str = string(default="", versions="3+")
    issue_timestamp_ms: int = int64(default=0)
    expiry_timestamp_ms: int = int64(default=0)
    max_timestamp_ms: int = int64(default=0)
    token_id: str = string(default="")
    hmac: bytes = data(default=b"", secret=True)
    throttle_time_ms: int = int32(default=0)


class CreatableRenewers(Struct):
    principal_type: str = string()
    principal_name: str = string()


class CreateDelegationTokenRequest(Request[CreateDelegationTokenResponse], api_key=38, versions="0-3", flexible="2+"):
    """Asks for a token. v3 for another owner (KIP-373)."""

    owner_principal_type: str | None = string(default=None, versions="3+", nullable="3+")
    owner_principal_name: str | None = string(default=None, versions="3+", nullable="3+")
    renewers: Sequence[CreatableRenewers] = array(CreatableRenewers)
    max_lifetime_ms: int = int64()


class RenewDelegationTokenResponse(Response, versions="0-2", flexible="2+"):
    """The new expiry."""

    error_code: int = int16(default=0)
    expiry_timestamp_ms: int = int64(default=0)
    throttle_time_ms: int = int32(default=0)


class RenewDelegationTokenRequest(Request[RenewDelegationTokenResponse], api_key=39, versions="0-2", flexible="2+"):
    """Prolongs a token, which is named by its HMAC."""

    hmac: bytes = data(secret=True)
    renew_period_ms: int = int64()


class ExpireDelegationTokenResponse(Response, versions="0-2", flexible="2+"):
    """The new expiry."""

    error_code: int = int16(default=0)
    expiry_timestamp_ms: int = int64(default=0)
    throttle_time_ms: int = int32(default=0)


class ExpireDelegationTokenRequest(Request[ExpireDelegationTokenResponse], api_key=40, versions="0-2", flexible="2+"):
    """Ends a token now or later; it is named by its HMAC."""

    hmac: bytes = data(secret=True)
    expiry_time_period_ms: int = int64()


class DescribedDelegationTokenRenewer(Struct):
    principal_type: str = string()
    principal_name: str = string()


class DescribedDelegationToken(Struct):
    principal_type: str = string()
    principal_name: str = string()
    token_requester_principal_type: str = string(default="", versions="3+")
    token_requester_principal_name: str = string(default="", versions="3+")
    issue_timestamp: int = int64()
    expiry_timestamp: int = int64()
    max_timestamp: int = int64()
    token_id: str = string()
    hmac: bytes = data(secret=True)
    renewers: Sequence[DescribedDelegationTokenRenewer] = array(DescribedDelegationTokenRenewer)


class DescribeDelegationTokenResponse(Response, versions="0-3", flexible="2+"):
    """Tokens with their HMACs. v3 who asked for them (KIP-373)."""

    error_code: int = int16(default=0)
    tokens: Sequence[DescribedDelegationToken] = array(DescribedDelegationToken, default=())
    throttle_time_ms: int = int32(default=0)


class DescribeDelegationTokenOwner(Struct):
    principal_type: str = string()
    principal_name: str = string()


class DescribeDelegationTokenRequest(
    Request[DescribeDelegationTokenResponse], api_key=41, versions="0-3", flexible="2+"
):
    """Asks for tokens of owners; null means all that may be seen."""

    owners: Sequence[DescribeDelegationTokenOwner] | None = array(DescribeDelegationTokenOwner, nullable="0+")
