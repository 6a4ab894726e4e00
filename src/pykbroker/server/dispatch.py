"""From a frame to an answer: header, version, decode, handle, encode.

A list of gates in order. What a client can get wrong ends in one of three ways: Kafka's error code in the answer, a
closed connection with the reason in the log (``CloseConnection``), or, for a bug of ours, UNKNOWN_SERVER_ERROR and a
traceback in the log. Nothing of one connection's trouble reaches another.

As Apache Kafka does (``SocketServer.processCompletedReceives``), an unknown API or an unsupported version closes the
connection, except for ApiVersions, which answers in version 0 with the versions there are (KIP-511).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import trio

from pykbroker.apis.context import CloseConnection, RequestContext, Services
from pykbroker.apis.handles import Api
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.network import Part
from pykbroker.server.connection import Connection
from pykbroker.wire.api import Response
from pykbroker.wire.header import RequestHeader, decode_request_header, encode_response_header
from pykbroker.wire.schema import WireError

if TYPE_CHECKING:
    from pykbroker.wire.api import Request

log = logging.getLogger("pykbroker.requests")

API_VERSIONS_KEY = 18


class Dispatcher:
    """Answers the requests of all connections."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._apis = services.apis
        self.now_ms = services.world.clock.now_ms

    async def answer(self, connection: Connection, frame: memoryview | bytes) -> list[Part] | None:
        """The parts of the answer, size prefix included; None when there is none (acks=0).

        Raises CloseConnection for what cannot be answered in the protocol.
        """
        try:
            header, position = decode_request_header(frame)
        except WireError as error:
            raise CloseConnection(f"not a Kafka request: {error}") from None
        api = self._apis.get(header.api_key)
        if api is None:
            raise CloseConnection(f"unknown or disabled API key {header.api_key} (version {header.api_version})")
        versions = self._apis.versions[header.api_key]
        if header.api_version not in versions:
            if header.api_key != API_VERSIONS_KEY:
                raise CloseConnection(
                    f"{api.request_type.__name__} version {header.api_version} is not supported ({versions} are)"
                )
            from pykbroker.apis.api_versions import unsupported_version  # the family is imported when it is needed

            return self._encode(api, header, 0, unsupported_version(versions))
        try:
            request = api.request_type.decode(frame, header.api_version, position)
        except WireError as error:
            raise CloseConnection(f"malformed {api.request_type.__name__} v{header.api_version}: {error}") from None
        context = RequestContext(
            self._services, connection, header.api_version, header.correlation_id, header.client_id
        )
        response = await self._handle(api, context, request)
        if response is None:
            return None
        return self._encode(api, header, header.api_version, response)

    async def _handle(self, api: Api, context: RequestContext, request: Request[Response]) -> Response | None:
        try:
            return await api.handle(context, request)
        except KafkaError as error:
            return api.error_response(request, error)
        except (CloseConnection, OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            raise
        except Exception:
            log.exception("%s v%d failed", api.request_type.__name__, context.version)
            return api.error_response(request, KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR))

    def _encode(self, api: Api, header: RequestHeader, version: int, response: Response) -> list[Part]:
        request_type = api.request_type
        flexible = version in request_type.flexible and header.api_key != API_VERSIONS_KEY
        parts: list[Any] = [encode_response_header(header.correlation_id, flexible)]
        response.encode_into(version, parts)
        try:
            body = b"".join(parts)
        except TypeError:  # a slice of a file is among them
            return [sum(map(len, parts)).to_bytes(4, "big"), *parts]
        return [len(body).to_bytes(4, "big") + body]
