"""Throw damaged frames at a real broker over TCP: ``python tests/fuzz.py --minutes 5 --seed 1``.

Each round takes a valid request (any API, any version, default values), damages it (flipped bytes, cut, stretched,
lying lengths), sends it, and reads whatever comes. After every burst an undamaged ApiVersions request on a new
connection must be answered: one client's garbage is nobody else's business. ``tests/server/test_fuzz.py`` runs the
same with a fixed seed and a small budget.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import time

from pykbroker.testing import EmbeddedBroker
from pykbroker.wire.messages import REQUESTS

ROUNDS_PER_BURST = 20
READ_SECONDS = 0.02


def header(api_key: int, version: int, flexible: bool) -> bytes:
    """A request header with correlation id 7 and client id "fuzz"."""
    plain = api_key.to_bytes(2, "big") + version.to_bytes(2, "big") + (7).to_bytes(4, "big") + b"\x00\x04fuzz"
    return plain + (b"\x00" if flexible else b"")


def valid_frame(dice: random.Random, keys: list[int]) -> bytes:
    """A well-formed request of some API in some version, without its size prefix."""
    key = dice.choice(keys)
    request_type = REQUESTS[key]
    version = dice.randint(request_type.versions.low, request_type.versions.high)
    return header(key, version, version in request_type.flexible) + request_type().encode(version)


def damage(dice: random.Random, frame: bytes) -> bytes:
    """The frame with something wrong with it, its size prefix included."""
    body = bytearray(frame)
    for _ in range(dice.choice((0, 1, 1, 2, 8))):
        body[dice.randrange(len(body))] = dice.randrange(256)
    kind = dice.randrange(6)
    if kind == 0:
        del body[dice.randrange(len(body)) :]
    elif kind == 1:
        body += dice.randbytes(dice.randrange(1, 64))
    elif kind == 2:
        at = dice.randrange(len(body))
        body[at:at] = dice.choice((b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff\x0f", b"\x80\x00\x00\x00"))
    size = len(body)
    if dice.randrange(20) == 0:
        size = dice.choice((-1, 0, 2**31 - 1, size + 5, max(size - 3, 0)))
    return size.to_bytes(4, "big", signed=True) + bytes(body)


def exchange(address: tuple[str, int], data: bytes) -> bytes:
    """Send, and read what comes within a moment."""
    with socket.create_connection(address, timeout=5) as sock:
        sock.sendall(data)
        sock.settimeout(READ_SECONDS)
        try:
            return sock.recv(65536)
        except (TimeoutError, ConnectionError):
            return b""


def is_well(address: tuple[str, int]) -> bool:
    """Whether the broker answers ApiVersions v0."""
    frame = header(18, 0, False)
    with socket.create_connection(address, timeout=5) as sock:
        sock.sendall(len(frame).to_bytes(4, "big") + frame)
        sock.settimeout(5)
        answer = sock.recv(65536)
    return answer[4:8] == (7).to_bytes(4, "big") and answer[8:10] == b"\x00\x00"


def burst(dice: random.Random, address: tuple[str, int], keys: list[int]) -> None:
    """Some damaged frames on as many connections; then the broker must be well."""
    for _ in range(ROUNDS_PER_BURST):
        exchange(address, damage(dice, valid_frame(dice, keys)))
    assert is_well(address), "the broker does not answer any more"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    given = parser.parse_args()
    dice = random.Random(given.seed)
    print(f"seed {given.seed}", flush=True)
    with EmbeddedBroker() as broker:
        host, port = broker.bootstrap_servers.split(":")
        ends, bursts = time.monotonic() + given.minutes * 60, 0
        while time.monotonic() < ends:
            burst(dice, (host, int(port)), sorted(REQUESTS))
            bursts += 1
            print(f"\r{bursts * ROUNDS_PER_BURST} frames", end="", flush=True)
    print("\nthe broker is well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
