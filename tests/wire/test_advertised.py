"""What Apache Kafka 4.3.1 advertises: the record of it, beside the tables here and beside a running broker."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pykbroker.wire.header import RequestHeader, decode_response_header, encode_request_header
from pykbroker.wire.messages import APIS
from pykbroker.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from pykbroker.wire.messages.releases import RELEASES, versions_of
from pykbroker.wire.schema import Versions

RECORD = Path(__file__).parent / "apache_kafka" / "advertised.tsv"
BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "")
"""HOST:PORT of a running Apache Kafka 4.3.1."""


def recorded() -> dict[int, tuple[str, Versions]]:
    """API key → name and advertised versions."""
    rows = [line.split("\t") for line in RECORD.read_text().splitlines() if not line.startswith("#")]
    return {int(key): (name, Versions.parse(versions)) for key, name, versions in rows}


def ask(bootstrap: str) -> ApiVersionsResponse:
    """A broker's own answer, over a plain socket."""
    host, _, port = bootstrap.rpartition(":")
    request = ApiVersionsRequest(client_software_name="pykbroker-tests", client_software_version="1")
    body = encode_request_header(RequestHeader(18, 4, 1, "tests")) + request.encode(4)
    with socket.create_connection((host, int(port)), timeout=10) as connection, connection.makefile("rb") as answers:
        connection.sendall(len(body).to_bytes(4, "big") + body)
        frame = answers.read(int.from_bytes(answers.read(4), "big"))
    _, position = decode_response_header(frame, flexible=False)
    return ApiVersionsResponse.decode(frame, 4, position)


def test_all_that_apache_kafka_advertises_is_declared():
    """Under the same name, and in all of its versions."""
    for key, (name, versions) in recorded().items():
        declared = Versions.parse(APIS[key].versions)
        assert APIS[key].name == name
        assert versions.intersection(declared) == versions


def test_the_newest_release_to_be_imitated_advertises_the_same():
    """The table of releases was made from message definitions: brokers tell the same."""
    assert versions_of(RELEASES[-1]) == {key: versions for key, (_, versions) in recorded().items()}


@pytest.mark.real
@pytest.mark.skipif(not BOOTSTRAP, reason="KAFKA_BOOTSTRAP does not say where Apache Kafka 4.3.1 runs")
def test_a_running_broker_advertises_what_is_recorded():
    """The record is not from memory."""
    told = {row.api_key: Versions(row.min_version, row.max_version) for row in ask(BOOTSTRAP).api_keys}

    assert told == {key: versions for key, (_, versions) in recorded().items()}
