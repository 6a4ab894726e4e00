"""The four codecs of record batches, and the two framings that only Kafka knows.

`compress` makes what Kafka's Java clients make; `decompress` reads what any client makes.  Every byte that
comes out of `decompress` is counted while it is inflated: a few kilobytes that claim to be gigabytes end in
`InflationLimit` after `max_bytes`, not in an empty machine.

- snappy has two shapes: a raw block (librdkafka, sarama) and the Java library's chunks behind a magic
  (Java, kafka-python, aiokafka).  Both are read; the chunks are written, as Apache Kafka does.
- lz4 is the standard frame, with independent blocks because the Java reader refuses linked ones.  In message
  format 0 Kafka computed the frame's header checksum over the wrong bytes, and clients rely on it: see
  `break_lz4_checksum` and `mend_lz4_checksum`.
- zstd frames of streaming writers carry no content size; they are read in steps.

Codec libraries are imported at first use: a broker that only ever stores what it is given needs none of them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import zstandard

Buffer = bytes | bytearray | memoryview

NONE: Final = 0
GZIP: Final = 1
SNAPPY: Final = 2
LZ4: Final = 3
ZSTD: Final = 4

CODEC_NAMES: Final = ("none", "gzip", "snappy", "lz4", "zstd")

# What one batch may inflate to where a caller states no limit of its own.  Producers fill batches by their
# uncompressed estimate, so honest batches are a few megabytes; `message.max.bytes` is 1 MiB.
MAX_INFLATED_BYTES: Final = 128 * 1024 * 1024

_STEP_BYTES: Final = 256 * 1024

_SNAPPY_MAGIC: Final = b"\x82SNAPPY\x00"
_SNAPPY_HEADER: Final = _SNAPPY_MAGIC + struct.pack(">ii", 1, 1)  # version, oldest version that can read it
_SNAPPY_CHUNK_BYTES: Final = 32 * 1024
_SNAPPY_MAX_RATIO: Final = 64  # the format copies at most 64 bytes per two-byte tag

_LZ4_MAGIC: Final = b"\x04\x22\x4d\x18"
_LZ4_DEFAULT_LEVEL: Final = 9  # KIP-390: Kafka's name for lz4's fast compressor
_ZSTD_DEFAULT_LEVEL: Final = 3
_ZSTD_MAX_WINDOW_BYTES: Final = 1 << 27  # what zstd-jni and librdkafka accept
_ZSTD_MAX_RATIO: Final = 32 * 1024

_int32 = struct.Struct(">i").unpack_from


class CorruptRecords(Exception):
    """Bytes that should be record batches and are not."""


class InflationLimit(CorruptRecords):
    """Compressed data that would inflate beyond the limit."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"compressed records inflate to more than {max_bytes} bytes")


def compress(codec: int, data: Buffer, level: int | None = None) -> bytes:
    """`data` compressed; `level` is the codec's own scale (KIP-390), None its default."""
    return _COMPRESSORS[codec](data, level)


def decompress(codec: int, data: Buffer, max_bytes: int = MAX_INFLATED_BYTES) -> bytes:
    """`data` inflated to at most `max_bytes`; raises `CorruptRecords` or its subclass `InflationLimit`."""
    inflate = _DECOMPRESSORS.get(codec)
    if inflate is None:
        raise CorruptRecords(f"unknown compression type {codec}")
    return inflate(data, max_bytes)


def _copy(data: Buffer, level: int | None) -> bytes:
    return bytes(data)


def _inflate_nothing(data: Buffer, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise InflationLimit(max_bytes)
    return bytes(data)


# -- gzip -------------------------------------------------------------------------------------------------

_GZIP_WINDOW: Final = 31  # zlib's way to ask for a gzip header and trailer


def _gzip(data: Buffer, level: int | None) -> bytes:
    compressor = zlib.compressobj(-1 if level is None else level, zlib.DEFLATED, _GZIP_WINDOW)
    return compressor.compress(data) + compressor.flush()


def _gunzip(data: Buffer, max_bytes: int) -> bytes:
    """One gzip member or several in a row, as Java's reader takes them."""
    parts: list[bytes] = []
    room = max_bytes
    pending: Buffer = data
    try:
        while True:
            member = zlib.decompressobj(_GZIP_WINDOW)
            part = member.decompress(pending, room + 1)
            room -= len(part)
            if room < 0:
                raise InflationLimit(max_bytes)
            parts.append(part)
            if not member.eof:
                raise CorruptRecords("gzip data ends too early")
            pending = member.unused_data
            if not pending.startswith(b"\x1f\x8b"):
                return parts[0] if len(parts) == 1 else b"".join(parts)
    except zlib.error as error:
        raise CorruptRecords(f"bad gzip data: {error}") from None


# -- snappy -----------------------------------------------------------------------------------------------


def _snappy(data: Buffer, level: int | None) -> bytes:
    import snappy

    view = memoryview(data)
    parts = [_SNAPPY_HEADER]
    for start in range(0, len(view), _SNAPPY_CHUNK_BYTES):
        chunk = snappy.compress(bytes(view[start : start + _SNAPPY_CHUNK_BYTES]))
        parts += (len(chunk).to_bytes(4, "big"), chunk)
    return b"".join(parts)


def snappy_raw(data: Buffer) -> bytes:
    """A bare snappy block, as librdkafka sends it."""
    import snappy

    return bytes(snappy.compress(bytes(data)))


def _unsnappy(data: Buffer, max_bytes: int) -> bytes:
    view = memoryview(data)
    if bytes(view[:8]) != _SNAPPY_MAGIC:
        return _unsnappy_block(view, max_bytes)
    if len(view) < len(_SNAPPY_HEADER):
        raise CorruptRecords("snappy data ends inside its header")
    parts: list[bytes] = []
    position, room = len(_SNAPPY_HEADER), max_bytes
    while position < len(view):
        if bytes(view[position : position + 8]) == _SNAPPY_MAGIC:  # streams may be concatenated
            position += len(_SNAPPY_HEADER)
            continue
        if position + 4 > len(view):
            raise CorruptRecords("snappy data ends inside a chunk's length")
        (size,) = _int32(view, position)
        position += 4
        if not 0 <= size <= len(view) - position:
            raise CorruptRecords(f"snappy chunk claims {size} bytes, {len(view) - position} remain")
        try:
            part = _unsnappy_block(view[position : position + size], room)
        except InflationLimit:
            raise InflationLimit(max_bytes) from None
        parts.append(part)
        room -= len(part)
        position += size
    return b"".join(parts)


def _unsnappy_block(block: memoryview, max_bytes: int) -> bytes:
    """One raw block.  Its first bytes say how much it inflates to: checked before anything is allocated."""
    import snappy

    claimed = shift = 0
    for byte in block[:5]:
        claimed |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if claimed > len(block) * _SNAPPY_MAX_RATIO:
        raise CorruptRecords(f"a snappy block of {len(block)} bytes cannot hold {claimed}")
    if claimed > max_bytes:
        raise InflationLimit(max_bytes)
    try:
        return bytes(snappy.decompress(bytes(block)))
    except snappy.UncompressError:
        raise CorruptRecords("bad snappy data") from None


# -- lz4 --------------------------------------------------------------------------------------------------


def _lz4(data: Buffer, level: int | None) -> bytes:
    import lz4.frame

    return bytes(
        lz4.frame.compress(
            data,
            compression_level=0 if level in (None, _LZ4_DEFAULT_LEVEL) else level,
            block_size=lz4.frame.BLOCKSIZE_MAX64KB,
            block_linked=False,
            store_size=False,
        )
    )


def _unlz4(data: Buffer, max_bytes: int) -> bytes:
    import lz4.frame

    decompressor = lz4.frame.LZ4FrameDecompressor()
    parts: list[bytes] = []
    room = max_bytes
    step_bytes = max(_STEP_BYTES, 4 * len(data))
    pending: Buffer = data
    try:
        while not decompressor.eof:
            part = decompressor.decompress(pending, max_length=min(room + 1, step_bytes))
            pending = b""
            room -= len(part)
            if room < 0:
                raise InflationLimit(max_bytes)
            parts.append(part)
            if not part and decompressor.needs_input and not decompressor.eof:
                raise CorruptRecords("lz4 data ends too early")
    except (RuntimeError, EOFError) as error:
        raise CorruptRecords(f"bad lz4 data: {error}") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def break_lz4_checksum(frame: bytes) -> bytes:
    """The same frame with message format 0's header checksum, which wrongly covers the magic too."""
    size = _lz4_header_size(frame)
    return frame[:size] + _lz4_header_checksum(frame[:size]) + frame[size + 1 :]


def mend_lz4_checksum(frame: Buffer) -> bytes:
    """The same frame with the checksum the lz4 specification asks for, whatever stood there."""
    data = bytes(frame)
    size = _lz4_header_size(data)
    return data[:size] + _lz4_header_checksum(data[4:size]) + data[size + 1 :]


def _lz4_header_size(frame: bytes) -> int:
    """Where the header checksum stands: after magic, flags, block descriptor and maybe a content size."""
    if frame[:4] != _LZ4_MAGIC or len(frame) < 7:
        raise CorruptRecords("not an lz4 frame")
    size = 4 + 2 + (8 if frame[4] & 0x08 else 0)
    if len(frame) <= size:
        raise CorruptRecords("lz4 data ends inside its header")
    return size


def _lz4_header_checksum(data: bytes) -> bytes:
    return bytes(((_xxh32_short(data) >> 8) & 0xFF,))


def _xxh32_short(data: bytes) -> int:
    """xxHash-32 with seed 0 of fewer than 16 bytes, all that an lz4 header ever needs."""
    assert len(data) < 16
    prime1, prime2, prime3, prime4, prime5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
    mask = 0xFFFFFFFF
    h = (prime5 + len(data)) & mask
    position = 0
    while position + 4 <= len(data):
        h = (h + int.from_bytes(data[position : position + 4], "little") * prime3) & mask
        h = ((h << 17 | h >> 15) & mask) * prime4 & mask
        position += 4
    for byte in data[position:]:
        h = (h + byte * prime5) & mask
        h = ((h << 11 | h >> 21) & mask) * prime1 & mask
    h = (h ^ h >> 15) * prime2 & mask
    h = (h ^ h >> 13) * prime3 & mask
    return h ^ h >> 16


# -- zstd -------------------------------------------------------------------------------------------------


def _zstd(data: Buffer, level: int | None) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=_ZSTD_DEFAULT_LEVEL if level is None else level).compress(data)


def _unzstd(data: Buffer, max_bytes: int) -> bytes:
    """One call where the frame states its size and stands alone, piecewise otherwise."""
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_MAX_WINDOW_BYTES)
    try:
        claimed = zstandard.frame_content_size(data)
        if claimed > max_bytes:
            raise InflationLimit(max_bytes)
        if claimed > 0:
            try:
                return decompressor.decompress(data, allow_extra_data=False)
            except zstandard.ZstdError:
                pass  # several frames in a row, or damage: the slower way tells which
        return _unzstd_frames(decompressor, data, max_bytes)
    except zstandard.ZstdError as error:
        raise CorruptRecords(f"bad zstd data: {error}") from None


def _unzstd_frames(decompressor: zstandard.ZstdDecompressor, data: Buffer, max_bytes: int) -> bytes:
    """Frames in a row, fed in pieces so small that one piece cannot inflate far beyond the limit.

    A block of four bytes may stand for 128 KiB, the worst that the format allows.
    """
    parts: list[bytes] = []
    room = max_bytes
    pending = memoryview(data)
    frame = decompressor.decompressobj()
    while len(pending):
        size = max(64, room // _ZSTD_MAX_RATIO)
        part = frame.decompress(pending[:size])
        room -= len(part)
        if room < 0:
            raise InflationLimit(max_bytes)
        parts.append(part)
        unused = len(frame.unused_data) if frame.eof else 0
        pending = pending[min(size, len(pending)) - unused :]
        if frame.eof and len(pending):
            frame = decompressor.decompressobj()
    if not frame.eof:
        raise CorruptRecords("zstd data ends too early")
    return b"".join(parts)


_COMPRESSORS: Final[dict[int, Callable[[Buffer, int | None], bytes]]] = {
    NONE: _copy,
    GZIP: _gzip,
    SNAPPY: _snappy,
    LZ4: _lz4,
    ZSTD: _zstd,
}

_DECOMPRESSORS: Final[dict[int, Callable[[Buffer, int], bytes]]] = {
    NONE: _inflate_nothing,
    GZIP: _gunzip,
    SNAPPY: _unsnappy,
    LZ4: _unlz4,
    ZSTD: _unzstd,
}
