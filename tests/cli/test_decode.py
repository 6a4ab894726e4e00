"""``pykbroker decode``."""

import pytest

API_VERSIONS = "00 12 00 00 00 00 00 01 00 04 77 61 69 74"
METADATA_ANSWER = "00000007 00000000 ffffffff 00000001 00000000"


@pytest.mark.parametrize("text", [API_VERSIONS, API_VERSIONS.replace(" ", ":"), "0000000e" + API_VERSIONS])
def test_a_request(offline, text):
    """Blanks, colons and a size in front do not matter."""
    assert offline.ok("decode", text).startswith("ApiVersionsRequest v0 #1 from client 'wait', 14 bytes")


def test_standard_input_and_files(offline, tmp_path):
    """Where bytes usually are."""
    file = tmp_path / "frame"
    file.write_bytes(bytes.fromhex(API_VERSIONS.replace(" ", "")))

    assert offline.ok("decode", text=API_VERSIONS) == offline.ok("decode", "--file", file)


def test_a_response(offline):
    """Needs to be told what it answers, by key or by name."""
    by_key = offline.ok("decode", METADATA_ANSWER, "--response", "3:1", "--line")

    assert by_key == offline.ok("decode", METADATA_ANSWER, "--response", "metadata:1", "--line")
    assert by_key.startswith("MetadataResponse v1 #7")


def test_mistakes(offline):
    """One line each."""
    assert "not hexadecimal" in offline.fails("decode", "xyz")
    assert "KEY:VERSION" in offline.fails("decode", "00", "--response", "nothing")
    assert "!!" in offline.ok("decode", "00 12")
