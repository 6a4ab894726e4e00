"""A connection that speaks raw frames to one broker: requests as dictionaries, answers as dictionaries."""

import socket
import struct
from typing import Any

from differential.schemas import Schemas

TIMEOUT_S = 15
CLIENT_ID = "differential"


class Closed(Exception):
    """The broker closed the connection instead of answering."""


class Connection:
    def __init__(self, schemas: Schemas, bootstrap: str, client_id: str = CLIENT_ID) -> None:
        host, _, port = bootstrap.rpartition(":")
        self.schemas, self.client_id = schemas, client_id
        self._socket = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
        self._correlation_id = 0

    def call(self, api: str, version: int, body: dict[str, Any], *, answered: bool = True) -> dict[str, Any]:
        """Sends one request and decodes its answer; `answered` is False for Produce with acks=0."""
        self.send(api, version, self.schemas.request(api).encode(body, version))
        return self.receive(api, version) if answered else {}

    def send(self, api: str, version: int, body: bytes) -> None:
        self._correlation_id += 1
        flexible = version in self.schemas.request(api).flexible
        client = self.client_id.encode()
        header = struct.pack(">hhih", self.schemas.keys[api], version, self._correlation_id, len(client)) + client
        self.send_raw(header + (b"\0" if flexible else b"") + body)

    def receive(self, api: str, version: int) -> dict[str, Any]:
        frame = self.receive_raw()
        correlation_id = struct.unpack_from(">i", frame)[0]
        if correlation_id != self._correlation_id:
            raise ValueError(f"{api}: answer {correlation_id} to request {self._correlation_id}")
        response = self.schemas.response(api)
        skip = 4 + (version in response.flexible and api != "ApiVersions")  # the header's empty tags
        return response.decode(frame[skip:], version)

    def send_raw(self, frame: bytes) -> None:
        self._socket.sendall(struct.pack(">i", len(frame)) + frame)

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive_raw(self) -> bytes:
        size = struct.unpack(">i", self._exactly(4))[0]
        return self._exactly(size)

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                part = self._socket.recv(count - len(data))
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed
            data += part
        return bytes(data)

    def is_closed(self, wait_s: float) -> bool:
        """Whether the broker closes the connection within this time; False also when it answers."""
        self._socket.settimeout(wait_s)
        try:
            return self._socket.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        finally:
            self._socket.settimeout(TIMEOUT_S)

    def close(self) -> None:
        self._socket.close()
