"""The small pieces that compiled codecs are made of: variable-length integers, long lengths, packers of
arrays.

Every reader takes ``(buffer, position)`` and gives ``(value, next position)``. Running off the end of the
buffer raises IndexError or struct.error, which the compiled decoders turn into a ``WireError``; nothing here
allocates before it has seen the bytes.
"""

from __future__ import annotations

import struct

from pykbroker.wire.schema import MAX_INT32, Buffer

MAX_STRING_BYTES = 0x7FFF
"""Longer strings are refused in every form, as Apache Kafka's generated classes do."""

FORMATS = {
    "bool": ("?", 1),
    "int8": ("b", 1),
    "int16": ("h", 2),
    "uint16": ("H", 2),
    "int32": ("i", 4),
    "uint32": ("I", 4),
    "int64": ("q", 8),
    "float64": ("d", 8),
    "uuid": ("16s", 16),
}
"""How each kind of fixed width is packed, and its width."""


class MalformedError(ValueError):
    """Bytes that cannot be: raised where struct.error and IndexError would not be."""


def read_uvarint(buffer: Buffer, position: int) -> tuple[int, int]:
    """An unsigned varint of at most five bytes that fits an int32 (``ByteUtils.readUnsignedVarint``)."""
    value = 0
    for shift in (0, 7, 14, 21, 28):
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > MAX_INT32:
                raise MalformedError(f"the unsigned varint {value} does not fit an int32")
            return value, position
    raise MalformedError("an unsigned varint of more than five bytes")


def encode_uvarint(value: int) -> bytes:
    """The bytes of an unsigned varint."""
    if value < 4096:
        return UVARINT[value]
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


UVARINT = [bytes((low,)) for low in range(128)]
"""The encodings of 0 to 4095: nearly every length on the wire."""
UVARINT += [bytes((low, high)) for high in range(1, 32) for low in range(128, 256)]


def read_long_compact_string(buffer: Buffer, position: int) -> tuple[str, int]:
    """A compact string whose length takes more than one byte; ``position`` is that of the length. Null is an
    error."""
    length, position = read_uvarint(buffer, position)
    if length == 0:
        raise MalformedError("null where null is not allowed")
    if length > MAX_STRING_BYTES + 1:
        raise MalformedError(f"a string of {length - 1} bytes")
    end = position + length - 1
    return str(buffer[position:end], "utf-8"), end


class ArrayPackers(dict[int, struct.Struct]):
    """Packers of ``count`` values of one fixed width, by count. The common ones are kept: making one costs
    more than using it.
    """

    def __init__(self, letter: str) -> None:
        super().__init__()
        self._letter = letter

    def __missing__(self, count: int) -> struct.Struct:
        made = struct.Struct(f">{count}{self._letter}")
        if count <= KEPT_PACKERS:
            self[count] = made
        return made


KEPT_PACKERS = 256
"""Counts come from clients: only so many packers are kept per kind."""

ARRAY_PACKERS = {letter: ArrayPackers(letter) for letter, _ in FORMATS.values() if len(letter) == 1}


def skip_tags(buffer: Buffer, position: int) -> int:
    """Pass over tagged fields none of which is known; ``position`` is that of their count."""
    count, position = read_uvarint(buffer, position)
    for _ in range(count):
        _, position = read_uvarint(buffer, position)
        length, position = read_uvarint(buffer, position)
        position += length
    return position
