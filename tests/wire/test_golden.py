"""Frames recorded between real clients of several ages and a real broker are read whole and written again."""

from pathlib import Path

import pytest

from pykbroker.wire.describe import describe_frame
from pykbroker.wire.explain import read_strictly
from pykbroker.wire.header import (
    decode_request_header,
    decode_response_header,
    encode_request_header,
    encode_response_header,
    response_header_is_flexible,
)
from pykbroker.wire.messages import APIS, REQUESTS
from pykbroker.wire.messages.api_versions import ApiVersionsResponse

FOLDER = Path(__file__).parent / "golden"
KEYS = {api.name: api.key for api in APIS.values()}


def recorded():
    for path in sorted(FOLDER.glob("*.frames")):
        for line in path.read_text().splitlines():
            if not line.startswith("#"):
                direction, name, version, frame = line.split()
                label = f"{path.stem}-{direction}-{name}-{version}"
                yield pytest.param(direction, KEYS[name], int(version), bytes.fromhex(frame), id=label)


def check_message(cls, version, frame, position, header):
    body = frame[position:]
    message = read_strictly(cls, version, version in cls.flexible, body)
    assert cls.decode_from(frame, version, position) == (message, len(frame))
    assert header + message.encode(version) == frame


@pytest.mark.parametrize(("direction", "key", "version", "frame"), list(recorded()))
def test_a_recorded_frame_is_read_and_written_again(direction, key, version, frame):
    """Header and body are canonical, end where the frame ends, and encode to the very same bytes."""
    request = REQUESTS[key]
    if direction == "request":
        header, position = decode_request_header(frame)
        assert (header.api_key, header.api_version) == (key, version)
        check_message(request, version, frame, position, encode_request_header(header))
    else:
        flexible = response_header_is_flexible(key, version)
        correlation_id, position = decode_response_header(frame, flexible)
        check_message(request.response_type, version, frame, position, encode_response_header(correlation_id, flexible))
    assert "!!" not in describe_frame(frame, direction, key, version)


def test_clients_of_several_ages_are_recorded():
    """Half a dozen clients, and most of what they say."""
    frames = list(recorded())
    assert len(list(FOLDER.glob("*.frames"))) >= 6
    assert len(frames) >= 250


def test_whatever_apache_kafka_advertises_is_declared():
    """Every API and version in the recorded answer of Apache Kafka 4.3.1's broker can be read and written here."""
    answers = [case.values[2:] for case in recorded() if case.values[:2] == ("response", 18)]
    advertised = [api for version, frame in answers for api in ApiVersionsResponse.decode(frame, version, 4).api_keys]
    assert len({api.api_key for api in advertised}) > 60
    for api in advertised:
        versions = REQUESTS[api.api_key].versions
        assert api.min_version in versions
        assert api.max_version in versions
