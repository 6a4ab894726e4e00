"""Each codec, both framings of snappy and lz4, and data that means harm."""

import contextlib
import gzip

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.wire.compression import (
    CODEC_NAMES,
    GZIP,
    LZ4,
    SNAPPY,
    ZSTD,
    CorruptRecords,
    InflationLimit,
    break_lz4_checksum,
    compress,
    decompress,
    mend_lz4_checksum,
    snappy_raw,
)

CODECS = [GZIP, SNAPPY, LZ4, ZSTD]
NAMES = CODEC_NAMES[1:]
SAMPLE = bytes(range(256)) * 300 + b"a" * 100_000

few = settings(max_examples=25)
every_codec = pytest.mark.parametrize("codec", CODECS, ids=NAMES)


def zstd_stream(data: bytes) -> bytes:
    """What a streaming writer makes: a frame that does not say how large its content is."""
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(data) + stream.flush()


@every_codec
@few
@given(data=st.binary(max_size=2000), times=st.integers(1, 60))
def test_what_is_compressed_comes_back(codec, data, times):
    """Every codec returns what it was given, however the bytes are held."""
    packed = compress(codec, memoryview(data * times))
    assert decompress(codec, memoryview(bytearray(packed))) == data * times


@every_codec
@pytest.mark.parametrize("level", [1, 9])
def test_levels_are_taken(codec, level):
    """KIP-390: a level changes the effort, never the content."""
    assert decompress(codec, compress(codec, SAMPLE, level)) == SAMPLE


@every_codec
def test_inflation_stops_at_the_limit(codec):
    """Exactly the limit is allowed; one byte more is not."""
    packed = compress(codec, SAMPLE)
    assert decompress(codec, packed, len(SAMPLE)) == SAMPLE
    with pytest.raises(InflationLimit):
        decompress(codec, packed, len(SAMPLE) - 1)


def test_none_is_limited_too():
    """Codec 0 copies, and honours the limit."""
    assert decompress(0, compress(0, b"abc"), 3) == b"abc"
    with pytest.raises(InflationLimit):
        decompress(0, b"abc", 2)


def chunk_ends(framed: bytes) -> set[int]:
    """Where the chunks of Java's snappy framing end."""
    ends, position = {16}, 16
    while position < len(framed):
        position += 4 + int.from_bytes(framed[position : position + 4], "big")
        ends.add(position)
    return ends


@every_codec
@few
@given(data=st.data())
def test_cut_off_data_is_corrupt(codec, data):
    """A compressed run that ends early is never taken for a shorter one."""
    packed = compress(codec, SAMPLE)
    cut = data.draw(st.integers(0, len(packed) - 1))
    if codec == SNAPPY and cut in chunk_ends(packed):
        cut -= 1  # between chunks nothing tells that another should follow
    with pytest.raises(CorruptRecords):
        decompress(codec, packed[:cut])


@every_codec
@few
@given(data=st.binary(max_size=300))
def test_garbage_is_corrupt_or_data(codec, data):
    """Whatever the bytes, the outcome is data or `CorruptRecords`, within the limit."""
    with contextlib.suppress(CorruptRecords):
        assert len(decompress(codec, data, 1000)) <= 1000


@every_codec
@few
@given(data=st.data())
def test_damage_is_corrupt_or_data(codec, data):
    """A flipped byte inside a real frame never escapes as another exception."""
    packed = bytearray(compress(codec, SAMPLE[:3000]))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(CorruptRecords):
        decompress(codec, packed, 100_000)


def test_unknown_codecs_are_corrupt():
    """Three bits name a codec; 5, 6 and 7 name none."""
    with pytest.raises(CorruptRecords, match="unknown compression type 5"):
        decompress(5, b"")


def test_zstd_frames_without_content_size():
    """Streaming writers do not know the size beforehand; several frames may follow each other."""
    assert zstandard.frame_content_size(zstd_stream(SAMPLE)) == -1
    assert decompress(ZSTD, zstd_stream(SAMPLE)) == SAMPLE
    assert decompress(ZSTD, zstd_stream(SAMPLE) + compress(ZSTD, b"more")) == SAMPLE + b"more"
    assert decompress(ZSTD, compress(ZSTD, b"one") + compress(ZSTD, b"two")) == b"onetwo"


@pytest.mark.parametrize("size_is_known", [True, False])
def test_a_zstd_bomb_is_stopped_early(size_is_known):
    """Some kilobytes that stand for 64 MiB are refused without inflating them all."""
    zeros = bytes(64 << 20)
    bomb = compress(ZSTD, zeros) if size_is_known else zstd_stream(zeros)
    assert len(bomb) < 10_000
    with pytest.raises(InflationLimit):
        decompress(ZSTD, bomb, 1 << 20)


def test_a_snappy_bomb_is_not_believed():
    """A block's first bytes say how much to allocate; more than the format can hold is a lie."""
    with pytest.raises(CorruptRecords, match="cannot hold"):
        decompress(SNAPPY, b"\xff\xff\xff\x1fxxxx", 1 << 30)


def test_gzip_members_in_a_row():
    """Java's reader concatenates members; bytes that begin none are ignored, as there."""
    assert decompress(GZIP, gzip.compress(b"one") + gzip.compress(b"two")) == b"onetwo"
    assert decompress(GZIP, gzip.compress(b"one") + b"\0\0") == b"one"


def test_snappy_both_ways():
    """Raw blocks are read, Java's framing is read and written, also when streams are joined."""
    assert decompress(SNAPPY, snappy_raw(SAMPLE)) == SAMPLE
    framed = compress(SNAPPY, SAMPLE)
    assert framed.startswith(b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01")
    assert decompress(SNAPPY, framed + framed) == SAMPLE * 2


def test_lz4_frames_suit_the_java_reader():
    """Independent blocks of 64 KiB and no content size: what Java's reader insists on or makes itself."""
    info = lz4.frame.get_frame_info(compress(LZ4, SAMPLE))
    assert not info["block_linked"]
    assert info["block_size"] == 64 * 1024
    assert info["content_size"] == 0


def test_lz4_reads_frames_of_all_kinds():
    """Linked blocks, content size and checksums as librdkafka and others write them."""
    packed = lz4.frame.compress(SAMPLE, block_linked=True, store_size=True, content_checksum=True)
    assert decompress(LZ4, packed) == SAMPLE


@pytest.mark.parametrize("store_size", [True, False])
def test_the_lz4_checksum_of_message_format_0(store_size):
    """Format 0's header checksum covers the magic too; it is made and mended."""
    packed = lz4.frame.compress(SAMPLE, store_size=store_size)
    broken = break_lz4_checksum(packed)
    assert broken != packed
    with pytest.raises(CorruptRecords):
        decompress(LZ4, broken)
    assert mend_lz4_checksum(broken) == packed


@pytest.mark.parametrize("data", [b"", b"\x04\x22\x4d\x18", b"\x04\x22\x4d\x18\x48\x40\x82", b"12345678"])
def test_mending_what_is_no_lz4_frame(data):
    """Too few bytes, or another magic, is corrupt."""
    with pytest.raises(CorruptRecords):
        mend_lz4_checksum(data)
