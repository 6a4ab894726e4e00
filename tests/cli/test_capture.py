"""``pykbroker decode --pcap``: captures made here byte by byte, and one that tcpdump made."""

import random
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykbroker.cli.capture import entries, entry_text
from pykbroker.cli.conversation import Segment
from pykbroker.wire.header import RequestHeader, encode_request_header, encode_response_header
from pykbroker.wire.messages import REQUESTS

GOLDEN = Path(__file__).parent / "golden"
CLIENT, BROKER = ("10.0.0.1", 50000), ("10.0.0.2", 9092)
PORTS = frozenset([9092])
SYN, ACK = 2, 16
METADATA, HEARTBEAT, SASL_HANDSHAKE = 3, 12, 17


def request(number, key=METADATA, version=1, **fields):
    header = encode_request_header(RequestHeader(key, version, number, "me"))
    frame = header + REQUESTS[key](**fields).encode(version)
    return len(frame).to_bytes(4, "big") + frame


def answer(number, key=METADATA, version=1, **fields):
    frame = encode_response_header(number, False) + REQUESTS[key].response_type(**fields).encode(version)
    return len(frame).to_bytes(4, "big") + frame


def opening(source=CLIENT, target=BROKER, sequence=99):
    return Segment(0.0, source, target, sequence, None, True, b"")


def said(data, source=CLIENT, sequence=100, at=1.0, acknowledged=None):
    return Segment(at, source, BROKER if source == CLIENT else CLIENT, sequence, acknowledged, False, data)


def tcp(source, target, sequence, data=b"", flags=ACK):
    """An IPv4 packet."""
    segment = struct.pack(">HHIIBBHHH", source[1], target[1], sequence, 0, 5 << 4, flags, 0xFFFF, 0, 0) + data
    addresses = bytes(map(int, source[0].split("."))) + bytes(map(int, target[0].split(".")))
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0) + addresses + segment


def tcp6(source, target, sequence, data=b"", flags=ACK):
    segment = struct.pack(">HHIIBBHHH", source[1], target[1], sequence, 0, 5 << 4, flags, 0xFFFF, 0, 0) + data
    return struct.pack(">IHBB", 6 << 28, len(segment), 6, 64) + bytes(15) + b"\1" + bytes(15) + b"\1" + segment


LINKS = {
    1: lambda packet: bytes(12) + b"\x08\0" + packet,
    0: lambda packet: struct.pack("<I", 2) + packet,
    101: lambda packet: packet,
    113: lambda packet: bytes(14) + b"\x08\0" + packet,
    276: lambda packet: b"\x08\0" + bytes(18) + packet,
}


def pcap(packets, link=101):
    """A capture file: a header, and a second between packets."""
    file = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)
    for second, packet in enumerate(packets):
        file += struct.pack("<IIII", second, 250_000, len(packet), len(packet)) + packet
    return file


def pcapng(packets):
    blocks = [
        (0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        (1, struct.pack("<HHI", 101, 0, 0)),
    ]
    for second, packet in enumerate(packets):
        microseconds = second * 1_000_000
        head = struct.pack("<IIIII", 0, microseconds >> 32, microseconds & 0xFFFFFFFF, len(packet), len(packet))
        blocks.append((6, head + packet + bytes(-len(packet) % 4)))
    return b"".join(
        struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12) for kind, body in blocks
    )


PACKETS = [
    tcp(CLIENT, BROKER, 99, flags=SYN),
    tcp(BROKER, CLIENT, 499, flags=SYN | ACK),
    tcp(CLIENT, BROKER, 100, request(7)),
    tcp(BROKER, CLIENT, 500, answer(7)),
]


def texts(segments):
    return [entry_text(entry, as_line=True) for entry in entries(segments, PORTS)]


# --- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", LINKS)
def test_every_kind_of_link(offline, tmp_path, link):
    """Ethernet, BSD's loopback, bare IP and Linux's "any"."""
    file = tmp_path / "capture"
    file.write_bytes(pcap([LINKS[link](packet) for packet in PACKETS], link))
    first, second = offline.ok("decode", "--pcap", file, "--line").splitlines()

    assert first.startswith(
        "1970-01-01 00:00:02.250000  10.0.0.1:50000 > 10.0.0.2:9092  @0  MetadataRequest v1 #7 from client 'me'"
    )
    assert "10.0.0.2:9092 > 10.0.0.1:50000  @0  after 1000.000 ms  MetadataResponse v1 #7" in second


def test_pcapng_and_trees(offline, tmp_path):
    """Wireshark's own format; without --line each frame is a tree with offsets."""
    file = tmp_path / "capture"
    file.write_bytes(pcapng(PACKETS))
    text = offline.ok("decode", "--pcap", file)

    assert "MetadataRequest v1 #7 from client 'me', 16 bytes\n   12  topics: " in text
    assert "controller_id" in text


def test_what_tcpdump_captured(offline):
    """A client of two connections: every answer finds its request, nothing is left over."""
    lines = offline.ok("decode", "--pcap", GOLDEN / "produce.pcap", "--port", "39092", "--line").splitlines()

    assert [line.split("  ")[-1].split()[0].rstrip(":") for line in (line.split(" #")[0] for line in lines)] == [
        "ApiVersionsRequest", "ApiVersionsResponse", "MetadataRequest", "MetadataResponse",
        "ApiVersionsRequest", "ApiVersionsResponse", "ProduceRequest", "ProduceResponse",
    ]  # fmt: skip
    assert not any(" -- " in line or "!!" in line for line in lines)
    assert "batch of 2 at 0" in lines[6]


def test_ipv6(offline, tmp_path):
    """Addresses are in brackets."""
    here, there = ("::1", 50000), ("::1", 9092)
    file = tmp_path / "capture"
    file.write_bytes(pcap([tcp6(here, there, 9, flags=SYN), tcp6(here, there, 10, request(1))]))

    assert "[::1]:50000 > [::1]:9092" in offline.ok("decode", "--pcap", file)


def test_other_packets(offline, tmp_path):
    """What is not TCP, not whole, or not on the port is left out; all of it being so is said."""
    file = tmp_path / "capture"
    udp = bytearray(PACKETS[2])
    udp[9] = 17
    file.write_bytes(pcap([b"", b"\x45\0", bytes(udp), tcp(CLIENT, ("10.0.0.2", 80), 1, b"GET")]))
    result = offline.run("decode", "--pcap", file)

    assert result.stdout == ""
    assert "is --port right?" in result.stderr


def test_a_file_that_is_cut_off(offline, tmp_path):
    """Whatever is whole is shown."""
    file = tmp_path / "capture"
    for data in (pcap(PACKETS), pcapng(PACKETS)):
        file.write_bytes(data[:-60])
        assert "MetadataRequest" in offline.ok("decode", "--pcap", file)
    file.write_bytes(pcap(PACKETS) + b"\1\2\3")
    assert "ends in the middle of a packet" in offline.run("decode", "--pcap", file).stderr


def test_what_is_no_capture(offline, tmp_path, monkeypatch):
    """One sentence for a wrong file, an unknown link, and for a library that is not there."""
    file = tmp_path / "capture"
    file.write_bytes(b"hello, this is text")
    assert "no pcap or pcapng" in offline.fails("decode", "--pcap", file)
    file.write_bytes(pcap([], 147))
    assert "link of type 147" in offline.fails("decode", "--pcap", file)
    monkeypatch.setitem(sys.modules, "dpkt", None)
    assert "pip install 'pykbroker[pcap]'" in offline.fails("decode", "--pcap", file)


# --- conversations ----------------------------------------------------------------------------------------------


def test_answers_are_paired_by_number():
    """An answer means nothing without its request; what has been passed over is not answered any more."""
    lines = texts([
        opening(), opening(BROKER, CLIENT, 499),
        said(request(1) + request(2) + request(3)),
        said(answer(2) + answer(1) + answer(3), BROKER, 500),
    ])  # fmt: skip

    assert ["#2" in lines[3], "correlation id 1" in lines[4], "#3" in lines[5]] == [True] * 3


def test_a_capture_that_begins_in_the_middle():
    """Is said; reading begins with the first frame that makes sense, in both directions."""
    lines = texts([
        said(request(1)[5:] + request(2), sequence=77),
        said(answer(1)[5:] + answer(2), BROKER, 500),
    ])  # fmt: skip

    assert "begins in the middle" in lines[0]
    assert "15 bytes skipped" in lines[1]
    assert "MetadataRequest v1 #2" in lines[2]
    assert "begins in the middle" in lines[3]
    assert "MetadataResponse v1 #2" in lines[5]
    assert len(lines) == 6


def test_bytes_that_were_not_captured():
    """The frame they belong to is shown as far as it goes; what follows is read."""
    first = request(1)
    second = request(2)
    data = first + second
    lines = texts([opening(), said(data[:16]), said(data[18:], sequence=118), said(b"", BROKER, 500, acknowledged=130)])

    assert "#1" in lines[0]
    assert "-- 4 bytes of this were not captured" in lines[0]
    assert "#2" in lines[1]


def test_sasl_tokens_stay_secret():
    """After SaslHandshake version 0 tokens come without a header: they are counted, not shown."""
    token = b"\0alice\0pa55word"
    handshake = request(1, SASL_HANDSHAKE, 0, mechanism="PLAIN")
    text = "\n".join(texts([opening(), said(handshake + len(token).to_bytes(4, "big") + token)]))

    assert "15 bytes without a readable request header" in text
    assert "pa55" not in text


def test_a_second_connection_between_the_same_ends():
    """Is one of its own; a SYN that is sent again is not."""
    lines = texts([
        opening(), opening(), said(request(1)[:9]), opening(sequence=9000), said(request(2), sequence=9001),
    ])  # fmt: skip

    assert "bytes of this" in lines[0] or "without a readable" in lines[0]
    assert "@0  MetadataRequest v1 #2" in lines[1]


@given(seed=st.integers(0, 2**32), size=st.integers(1, 40), lost=st.sets(st.integers(0, 30), max_size=4))
def test_any_damage_is_survived(seed, size, lost):
    """Segments in any order, some missing: reading ends, and never raises; without loss everything is there."""
    dice = random.Random(seed)
    data = b"".join(request(number, HEARTBEAT, 0, group_id="g", member_id="m") for number in range(10))
    segments = [said(data[at : at + size], sequence=100 + at) for at in range(0, len(data), size)]
    segments = [segment for number, segment in enumerate(segments) if number not in lost]
    dice.shuffle(segments)
    lines = texts([opening(), *segments])

    if not lost:
        assert [f"#{number} " in line for number, line in enumerate(lines)] == [True] * 10
