"""SASL: choosing a mechanism (SaslHandshake, 17) and exchanging its messages (SaslAuthenticate, 36)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Versions, array, data, int16, int64, string


class SaslHandshakeResponse(Response, versions="0-1"):
    """Whether the mechanism is enabled, and which are."""

    error_code: int = int16(default=0)
    mechanisms: Sequence[str] = array(string(), default=())


class SaslHandshakeRequest(Request[SaslHandshakeResponse], api_key=17, versions="0-1"):
    """Chooses a SASL mechanism.

    v0  the mechanism's messages follow as bare frames    v1  they follow in SaslAuthenticate (KIP-152)
    """

    AUTHENTICATES_BY_REQUEST = Versions.parse("1+")
    """SaslAuthenticate follows (KIP-152); before, bare frames of the mechanism."""

    mechanism: str = string()


class SaslAuthenticateResponse(Response, versions="0-2", flexible="2+"):
    """One message back. v1 how long the session may last (KIP-368)."""

    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    auth_bytes: bytes = data(default=b"", secret=True)
    session_lifetime_ms: int = int64(default=0, versions="1+")


class SaslAuthenticateRequest(Request[SaslAuthenticateResponse], api_key=36, versions="0-2", flexible="2+"):
    """One message of the mechanism, from the client (KIP-152)."""

    auth_bytes: bytes = data(secret=True)
