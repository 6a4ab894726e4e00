"""``pykbroker wait``: return when a broker answers ApiVersions and Metadata, for scripts that start one."""

from __future__ import annotations

import socket
import sys
import time

import click

API_VERSIONS_REQUEST = b"\x00\x12\x00\x00\x00\x00\x00\x01\x00\x04wait"
METADATA_REQUEST = b"\x00\x03\x00\x01\x00\x00\x00\x02\x00\x04wait\x00\x00\x00\x00"
"""Whole requests in their oldest useful versions (ApiVersions v0; Metadata v1 of no topics): no wire code need be
imported.
"""

RETRY_SECONDS = 0.02


@click.command()
@click.argument("address", default="localhost:9092")
@click.option("--timeout", default=30.0, show_default=True, help="Seconds to wait at most.")
def wait(address: str, timeout: float) -> None:
    """Wait until the broker at ADDRESS (HOST:PORT) is ready. Exit status 1 if it is not within the timeout."""
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise click.BadParameter(f"{address!r} is not HOST:PORT", param_hint="ADDRESS")
    deadline = time.monotonic() + timeout
    reason = "not asked yet"
    while time.monotonic() < deadline:
        try:
            _ask(host or "localhost", int(port), min(5.0, max(0.1, deadline - time.monotonic())))
        except OSError as error:
            reason = str(error)
            time.sleep(RETRY_SECONDS)
        else:
            return
    click.echo(f"no broker is ready at {address} after {timeout:g} s: {reason}", err=True)
    sys.exit(1)


def _ask(host: str, port: int, timeout: float) -> None:
    """Two requests on one connection, both answered; raises OSError."""
    with socket.create_connection((host, port), timeout=timeout) as sock:
        for request in (API_VERSIONS_REQUEST, METADATA_REQUEST):
            sock.sendall(len(request).to_bytes(4, "big") + request)
            size = int.from_bytes(_receive(sock, 4), "big")
            if not 4 <= size < 100_000_000 or _receive(sock, size)[:4] != request[4:8]:
                raise OSError("something that is no Kafka broker answers there")


def _receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise OSError("the connection was closed")
        data += more
    return data
