"""sasl"""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import array, data, int16, int64, string


class SaslHandshakeResponse(Response, versions="0-1"):
    """TODO"""

    error_code: int = int16()
    mechanisms: Sequence[str] = array(string())


class SaslHandshakeRequest(Request[SaslHandshakeResponse], api_key=17, versions="0-1"):
    """TODO"""

    mechanism: str = string()


class SaslAuthenticateResponse(Response, versions="0-2", flexible="2+"):
    """TODO"""

    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    auth_bytes: bytes = data()
    session_lifetime_ms: int = int64(default=0, versions="1+")


class SaslAuthenticateRequest(Request[SaslAuthenticateResponse], api_key=36, versions="0-2", flexible="2+"):
    """TODO"""

    auth_bytes: bytes = data()
