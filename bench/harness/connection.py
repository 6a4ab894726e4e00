"""A blocking connection that sends whole frames and reads whole answers, for probing and preparing."""

from __future__ import annotations

import socket
import time

from harness import frames

NOT_YET = frozenset({3, 5, 6, 14, 15, 16})
"""Error codes a broker may answer while a topic or coordinator is still being set up."""


class Connection:
    def __init__(self, address: tuple[str, int], timeout_s: float = 30) -> None:
        self._socket = socket.create_connection(address, timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, frame: bytes) -> bytes:
        """The answer to one frame, from its correlation id on."""
        self._socket.sendall(frame)
        size = int.from_bytes(self._exactly(4), "big")
        return self._exactly(size)

    def checked_call(self, frame: bytes, topic: str = "", patience_s: float = 30) -> bytes:
        """As `call`, again until the answer has no error; raises on an error that waiting does not mend."""
        api_key = int.from_bytes(frame[4:6], "big")
        deadline = time.monotonic() + patience_s
        while True:
            answer = self.call(frame)
            code = frames.error_code(api_key, answer, topic)
            if code == 0:
                return answer
            if code not in NOT_YET or time.monotonic() > deadline:
                raise RuntimeError(f"API {api_key} answered error {code}")
            time.sleep(0.005)

    def _exactly(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            chunk = self._socket.recv(size - len(received))
            if not chunk:
                raise ConnectionError("the broker closed the connection")
            received += chunk
        return bytes(received)

    def close(self) -> None:
        self._socket.close()


def wait_until_answering(address: tuple[str, int], deadline_s: float, pid_is_alive) -> None:
    """Ask ApiVersions again and again until it is answered; raises when the process died or time is up."""
    while True:
        try:
            connection = Connection(address, timeout_s=5)
            connection.checked_call(frames.api_versions())
            connection.close()
            return
        except OSError as error:
            if not pid_is_alive():
                raise RuntimeError("the broker ended before it answered") from error
            if time.monotonic() > deadline_s:
                raise RuntimeError("the broker does not answer") from error
            time.sleep(0.002)


def join_alone(connection: Connection, group: str) -> tuple[int, str]:
    """Become the only member of a classic group; its generation and member id."""
    connection.checked_call(frames.find_coordinator(group))
    answer = connection.checked_call(frames.join_group(group))
    generation = int.from_bytes(answer[10:14], "big")
    position = 14
    words = []
    for _ in range(3):  # protocol name, leader, member id
        size = int.from_bytes(answer[position : position + 2], "big")
        words.append(answer[position + 2 : position + 2 + size].decode())
        position += 2 + size
    member = words[2]
    connection.checked_call(frames.sync_group(group, generation, member))
    return generation, member
