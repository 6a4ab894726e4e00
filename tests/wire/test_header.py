"""Headers: which form each request has, and what happens to bytes that are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.wire.header import (
    RequestHeader,
    decode_request_header,
    decode_response_header,
    encode_request_header,
    encode_response_header,
    response_header_is_flexible,
)
from pykbroker.wire.messages import APIS, REQUESTS
from pykbroker.wire.schema import WireError

EVERY_VERSION = [(key, version) for key in APIS for version in REQUESTS[key].versions]


@given(st.sampled_from(EVERY_VERSION), st.integers(-(2**31), 2**31 - 1), st.none() | st.text(max_size=200))
@settings(max_examples=200, derandomize=True, deadline=None, database=None)
def test_a_request_header_comes_back(which, correlation_id, client_id):
    """For every request in every version, with any client id or none, from any kind of buffer."""
    header = RequestHeader(*which, correlation_id, client_id)
    encoded = encode_request_header(header)
    for frame in (encoded + b"body", bytearray(encoded + b"body"), memoryview(encoded + b"body")):
        assert decode_request_header(frame) == (header, len(encoded))


def test_flexible_versions_have_tags_after_the_client_id():
    """Version 1 of the header ends with the client id, version 2 with tags; both have the old form of string."""
    assert encode_request_header(RequestHeader(12, 3, 5, "ab")) == b"\0\x0c\0\3\0\0\0\5\0\2ab"
    assert encode_request_header(RequestHeader(12, 4, 5, "ab")) == b"\0\x0c\0\4\0\0\0\5\0\2ab\0"


def test_tags_in_a_header_are_passed_over():
    """Unknown tags in a request header do not disturb the body."""
    frame = b"\0\x0c\0\4\0\0\0\5\xff\xff" + b"\1\0\3xyz" + b"body"
    assert decode_request_header(frame) == (RequestHeader(12, 4, 5, None), len(frame) - 4)


def test_api_versions_from_the_future_is_understood():
    """A version nobody knows has a flexible header, as its sender must assume (KIP-511)."""
    frame = b"\0\x12\x7f\xff\0\0\0\5\0\2me\0" + b"whatever"
    assert decode_request_header(frame) == (RequestHeader(18, 32767, 5, "me"), 13)


def test_the_answer_to_api_versions_has_an_old_header_always():
    """All other flexible answers have tags after the correlation id."""
    assert not any(response_header_is_flexible(18, version) for version in range(6))
    assert response_header_is_flexible(12, 4)
    assert not response_header_is_flexible(12, 3)
    assert not response_header_is_flexible(17, 1)
    assert not response_header_is_flexible(4711, 32767)


def test_controlled_shutdown_0_has_no_client_id():
    """The one request with header version 0; it is unknown here, but its header must not be misread."""
    assert decode_request_header(b"\0\7\0\0\0\0\0\5\0\0\0\1") == (RequestHeader(7, 0, 5, None), 8)


def test_a_client_id_that_is_not_utf8_is_kept_with_replacements():
    """Whatever a client calls itself, it is answered."""
    assert decode_request_header(b"\0\x0c\0\0\0\0\0\5\0\1\xff")[0].client_id == "\ufffd"


@pytest.mark.parametrize("version", [0, 4])
def test_a_cut_header_is_a_wire_error(version):
    """Wherever a request header ends too early."""
    whole = encode_request_header(RequestHeader(12, version, 5, "client"))
    for end in range(len(whole)):
        with pytest.raises(WireError, match=f"a frame of {end} bytes has no complete request header"):
            decode_request_header(whole[:end])


@pytest.mark.parametrize("flexible", [False, True])
def test_a_response_header_comes_back(flexible):
    """And a cut one is a WireError."""
    encoded = encode_response_header(-7, flexible)
    assert decode_response_header(encoded, flexible) == (-7, len(encoded))
    for end in range(len(encoded)):
        with pytest.raises(WireError):
            decode_response_header(encoded[:end], flexible)
