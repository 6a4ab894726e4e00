"""CRC-32C as the wire uses it."""

from pykbroker.wire.checksum import crc32c


def test_the_check_value_of_the_standard():
    """RFC 3720's polynomial gives the well-known value for the nine digits."""
    assert crc32c(b"123456789") == 0xE3069283


def test_a_checksum_can_be_continued():
    """Two pieces give the checksum of the whole, so that a header and its records need not be joined first."""
    assert crc32c(memoryview(b"56789"), crc32c(b"1234")) == 0xE3069283
