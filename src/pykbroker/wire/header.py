"""The headers in front of requests and responses.

A request header has version 1 (key, version, correlation id, client id) or, if the request's version is
flexible, 2 (the same with tags). The client id keeps its old form in both. A response header has version 0
(correlation id) or, if flexible, 1 (with tags), except that the answer to ApiVersions is always version 0: a
client must be able to read it before it knows what the broker speaks (KIP-511).

Versions of ours above the declared ones are read as the highest one is, so that ApiVersions in a version
nobody knows can be answered.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from pykbroker.wire.messages import FLEXIBLE_SINCE, NOT_FLEXIBLE, flexible_since
from pykbroker.wire.primitives import MalformedError, skip_tags
from pykbroker.wire.schema import Buffer, WireError

API_VERSIONS_KEY = 18

CONTROLLED_SHUTDOWN_KEY = 7
"""Its version 0 came without a client id (request header version 0). Nothing since Apache Kafka 0.8.2 sends
it."""

_FIXED = struct.Struct(">hhih")
_unpack = _FIXED.unpack_from
_flexible_since = FLEXIBLE_SINCE.get
_new = tuple.__new__  # half the price of calling the class: every request has a header
_CORRELATION = struct.Struct(">i").pack
_CORRELATION_AND_NO_TAGS = struct.Struct(">ix").pack


class RequestHeader(NamedTuple):
    """Which request this is, and what the client calls itself."""

    api_key: int
    api_version: int
    correlation_id: int
    client_id: str | None


def decode_request_header(frame: Buffer, position: int = 0) -> tuple[RequestHeader, int]:
    """The header and where the body starts. Raises WireError."""
    try:
        api_key, api_version, correlation_id, length = _unpack(frame, position)
        if api_key == CONTROLLED_SHUTDOWN_KEY and api_version == 0:
            return RequestHeader(api_key, api_version, correlation_id, None), position + 8
        position += 10
        client_id = None
        if length >= 0:
            end = position + length
            client_id = str(frame[position:end], "utf-8", "replace")
            position = end
        if api_version >= _flexible_since(api_key, NOT_FLEXIBLE):
            if frame[position]:
                position = skip_tags(frame, position)
            else:
                position += 1
        if position > len(frame):
            raise MalformedError
    except (struct.error, IndexError, MalformedError):
        raise WireError(f"a frame of {len(frame)} bytes has no complete request header") from None
    return _new(RequestHeader, (api_key, api_version, correlation_id, client_id)), position


def encode_request_header(header: RequestHeader) -> bytes:
    """The header as a client sends it (brokers are clients of each other)."""
    client_id = b"" if header.client_id is None else header.client_id.encode()
    length = -1 if header.client_id is None else len(client_id)
    fixed = _FIXED.pack(header.api_key, header.api_version, header.correlation_id, length)
    return fixed + client_id + (b"\0" if header.api_version >= flexible_since(header.api_key) else b"")


def response_header_is_flexible(api_key: int, api_version: int) -> bool:
    """Whether tags follow the correlation id in the answer to this request."""
    return api_version >= flexible_since(api_key) and api_key != API_VERSIONS_KEY


def encode_response_header(correlation_id: int, flexible: bool) -> bytes:
    """The header of an answer; ``flexible`` as ``response_header_is_flexible`` says."""
    return _CORRELATION_AND_NO_TAGS(correlation_id) if flexible else _CORRELATION(correlation_id)


def decode_response_header(frame: Buffer, flexible: bool, position: int = 0) -> tuple[int, int]:
    """The correlation id and where the body starts. Raises WireError."""
    try:
        (correlation_id,) = struct.unpack_from(">i", frame, position)
        position += 4
        if flexible:
            position = skip_tags(frame, position)
        if position > len(frame):
            raise MalformedError
    except (struct.error, IndexError, MalformedError):
        raise WireError(f"a frame of {len(frame)} bytes has no complete response header") from None
    return correlation_id, position
