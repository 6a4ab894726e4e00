"""``pykbroker decode --pcap``: packets of a capture file to conversations, and those to text.

The library that reads capture files, dpkt, is an optional extra and is imported here alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pykbroker.cli.conversation import Conversation, Entry, Segment

if TYPE_CHECKING:
    from io import BufferedReader

_ETHERNET: Final = 1
_LOOPBACK: Final = (0, 108)
_RAW: Final = (12, 14, 101, 228, 229)
_COOKED: Final = {113: "sll", 276: "sll2"}


def print_capture(path: Path, ports: frozenset[int], *, as_line: bool) -> None:
    """Print everything that was said with a broker on one of ``ports``."""
    count = 0
    with path.open("rb") as file:
        for entry in entries(segments(file), ports):
            click.echo(entry_text(entry, as_line=as_line))
            count += 1
    if not count:
        names = ", ".join(map(str, sorted(ports)))
        click.echo(f"nothing in {path} was said on port {names}: is --port right?", err=True)


def entries(captured: Iterable[Segment], ports: frozenset[int]) -> Iterator[Entry]:
    """Conversations of a capture, each entry where it was complete."""
    conversations: dict[tuple[object, object], Conversation] = {}
    time_s = 0.0
    for segment in captured:
        time_s = segment.time_s
        client, server = segment.source, segment.target
        if server[1] not in ports:
            client, server = server, client
        if server[1] not in ports:
            continue
        conversation = conversations.get((client, server))
        if conversation is not None and conversation.is_over(segment):
            yield from conversation.finish(time_s)
            conversation = None
        if conversation is None:
            conversation = conversations[client, server] = Conversation(client, server)
        yield from conversation.received(segment)
    for conversation in conversations.values():
        yield from conversation.finish(time_s)


def entry_text(entry: Entry, *, as_line: bool) -> str:
    """When, who to whom, where in the stream; then what was said, in a line or as a tree."""
    when = datetime.fromtimestamp(entry.time_s, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    head = f"{when}  {_name(entry.source)} > {_name(entry.target)}  @{entry.offset}"
    if entry.elapsed_s is not None:
        head += f"  after {entry.elapsed_s * 1000:.3f} ms"
    if entry.explanation is None:
        return f"{head}  -- {entry.notice}"
    missing = f"  -- {entry.missing_bytes} bytes of this were not captured" if entry.missing_bytes else ""
    if as_line:
        return f"{head}  {entry.explanation.line()}{missing}"
    return f"{head}{missing}\n{entry.explanation.tree()}\n"


def _name(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def segments(file: BufferedReader) -> Iterator[Segment]:
    """The TCP segments of a capture file; says so, and ends, where the file is cut off."""
    dpkt = _dpkt()
    try:
        reader = dpkt.pcap.UniversalReader(file)
    except (ValueError, dpkt.Error, struct.error) as error:
        raise click.ClickException(f"{file.name} is no pcap or pcapng file: {error}") from None
    link = reader.datalink()
    if link not in (_ETHERNET, *_LOOPBACK, *_RAW, *_COOKED):
        raise click.ClickException(f"{file.name} was captured on a link of type {link}, which is not known here")
    try:
        for time_s, packet in reader:
            segment = _segment(dpkt, link, float(time_s), packet)
            if segment is not None:
                yield segment
    except (ValueError, dpkt.Error, struct.error):
        click.echo(f"{file.name} ends in the middle of a packet", err=True)


def _dpkt() -> Any:
    try:
        import dpkt
    except ImportError:
        raise click.ClickException("reading captures needs dpkt: pip install 'pykbroker[pcap]'") from None
    import dpkt.sll2

    return dpkt


def _segment(dpkt: Any, link: int, time_s: float, packet: bytes) -> Segment | None:
    """The TCP segment in a packet, if that is what it holds and its headers are whole."""
    try:
        ip = _network_layer(dpkt, link, packet)
        if not isinstance(ip, (dpkt.ip.IP, dpkt.ip6.IP6)) or not isinstance(ip.data, dpkt.tcp.TCP):
            return None
    except (dpkt.Error, struct.error, ValueError):
        return None
    tcp = ip.data
    return Segment(
        time_s,
        (str(ip_address(ip.src)), tcp.sport),
        (str(ip_address(ip.dst)), tcp.dport),
        tcp.seq,
        tcp.ack if tcp.flags & dpkt.tcp.TH_ACK else None,
        bool(tcp.flags & dpkt.tcp.TH_SYN),
        bytes(tcp.data),
    )


def _network_layer(dpkt: Any, link: int, packet: bytes) -> Any:
    if link == _ETHERNET:
        return dpkt.ethernet.Ethernet(packet).data
    if link in _LOOPBACK:
        return dpkt.loopback.Loopback(packet).data
    if link in _COOKED:
        module = getattr(dpkt, _COOKED[link])
        return getattr(module, _COOKED[link].upper())(packet).data
    return dpkt.ip6.IP6(packet) if packet[:1] and packet[0] >> 4 == 6 else dpkt.ip.IP(packet)
