"""What a client and a broker said to each other on one connection: frames explained, answers paired with requests.

Pure: segments in, ``Entry`` out, in the order of the capture. An answer is known by its correlation id; a broker
answers in order, so what was asked before an answered request and is still open will never be answered (acks=0, or not
captured). What has no readable request header is shown by its size alone: it may be a SASL token.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from pykbroker.cli.frame_cutter import Frame, FrameCutter, Notice
from pykbroker.cli.tcp_stream import Gap, Piece, TcpStream
from pykbroker.wire.describe import Explanation, explain_frame
from pykbroker.wire.header import RequestHeader, decode_request_header
from pykbroker.wire.messages import APIS, REQUESTS
from pykbroker.wire.schema import WireError

MAX_CLIENT_ID_BYTES: Final = 1024


class Segment(NamedTuple):
    """A captured TCP segment."""

    time_s: float
    source: tuple[str, int]
    target: tuple[str, int]
    sequence: int
    acknowledged: int | None
    is_opening: bool
    """SYN."""
    data: bytes


class Entry(NamedTuple):
    """Something that was said, or has to be said about it."""

    time_s: float
    source: tuple[str, int]
    target: tuple[str, int]
    offset: int
    """Where it begins in its direction of the connection, in bytes."""
    explanation: Explanation | None
    notice: str | None = None
    missing_bytes: int = 0
    elapsed_s: float | None = None
    """Of an answer: since the request."""


class _Asked(NamedTuple):
    api_key: int
    api_version: int
    time_s: float


def request_header(frame: bytes) -> RequestHeader | None:
    """The header of a request that there is, else None."""
    try:
        header, _ = decode_request_header(frame)
    except WireError:
        return None
    known = header.api_key in APIS and header.api_version in REQUESTS[header.api_key].versions
    return header if known or (header.api_key == 18 and header.api_version >= 0) else None


def _is_whole(explanation: Explanation) -> bool:
    body = explanation.body
    return body is not None and explanation.stopped_by is None and body.end == explanation.frame_bytes


class _Requests:
    """Judges what a client sends."""

    def could_begin(self, head: bytes) -> bool:
        key, version = int.from_bytes(head[:2], "big"), int.from_bytes(head[2:4], "big")
        if key not in APIS or version not in REQUESTS[key].versions:
            return False
        client_id_bytes = int.from_bytes(head[8:10], "big", signed=True)
        return len(head) < 10 or -1 <= client_id_bytes <= MAX_CLIENT_ID_BYTES

    def looks_right(self, frame: bytes) -> bool:
        return request_header(frame) is not None and _is_whole(explain_frame(frame, "request"))


class _Answers:
    """Judges what a broker sends: the answer to something that was asked."""

    def __init__(self, asked: dict[int, _Asked]) -> None:
        self._asked = asked

    def could_begin(self, head: bytes) -> bool:
        return int.from_bytes(head[:4], "big", signed=True) in self._asked

    def looks_right(self, frame: bytes) -> bool:
        asked = self._asked.get(int.from_bytes(frame[:4], "big", signed=True))
        if asked is None:
            return False
        return _is_whole(explain_frame(frame, "response", asked.api_key, asked.api_version))


class _Direction:
    """One half of a connection."""

    def __init__(self, judge: _Requests | _Answers, source: tuple[str, int], target: tuple[str, int]) -> None:
        self.stream = TcpStream()
        self.source = source
        self.target = target
        self._judge = judge
        self._cutter: FrameCutter | None = None

    @property
    def cutter(self) -> FrameCutter:
        if self._cutter is None:
            self._cutter = FrameCutter(self._judge, is_synchronised=self.stream.begins_whole)
        return self._cutter

    def notice(self, time_s: float, text: str, offset: int = 0) -> Entry:
        return Entry(time_s, self.source, self.target, offset, None, text)


class Conversation:
    """One connection between a client and a broker."""

    def __init__(self, client: tuple[str, int], server: tuple[str, int]) -> None:
        self._client = client
        self._asked: dict[int, _Asked] = {}
        self._requests = _Direction(_Requests(), client, server)
        self._answers = _Direction(_Answers(self._asked), server, client)

    def is_over(self, segment: Segment) -> bool:
        """Whether a segment opens another connection between the same two ends."""
        stream = self._requests.stream
        is_new = segment.is_opening and segment.source == self._client
        return is_new and stream.is_open and stream.opening != segment.sequence

    def received(self, segment: Segment) -> Iterator[Entry]:
        """What is complete now."""
        is_request = segment.source == self._client
        here, there = (self._requests, self._answers) if is_request else (self._answers, self._requests)
        if segment.is_opening:
            here.stream.opened(segment.sequence)
        if segment.acknowledged is not None:
            yield from self._read(there, there.stream.acknowledged(segment.acknowledged), segment.time_s)
        if segment.data and not here.stream.is_open:
            yield here.notice(segment.time_s, "the capture begins in the middle of the connection")
        yield from self._read(here, here.stream.received(segment.sequence, segment.data), segment.time_s)

    def finish(self, time_s: float) -> Iterator[Entry]:
        """What is left when nothing more comes."""
        for direction in (self._requests, self._answers):
            yield from self._read(direction, direction.stream.finish(), time_s)
            for event in direction.cutter.finish():
                yield self._entry(direction, event, time_s)

    def _read(self, direction: _Direction, pieces: list[Piece], time_s: float) -> Iterator[Entry]:
        for piece in pieces:
            cutter = direction.cutter
            for event in cutter.skip(piece.size) if isinstance(piece, Gap) else cutter.feed(piece):
                yield self._entry(direction, event, time_s)

    def _entry(self, direction: _Direction, event: Frame | Notice, time_s: float) -> Entry:
        if isinstance(event, Notice):
            return direction.notice(time_s, event.text, event.offset)
        entry = self._request(event, time_s) if direction is self._requests else self._answer(event, time_s)
        return entry._replace(missing_bytes=event.size - len(event.data))

    def _request(self, frame: Frame, time_s: float) -> Entry:
        header = request_header(frame.data)
        if header is None:
            text = f"{frame.size} bytes without a readable request header (a SASL token?)"
            return self._requests.notice(time_s, text, frame.offset)
        self._asked.pop(header.correlation_id, None)
        self._asked[header.correlation_id] = _Asked(header.api_key, header.api_version, time_s)
        explanation = explain_frame(frame.data, "request")
        return Entry(time_s, self._requests.source, self._requests.target, frame.offset, explanation)

    def _answer(self, frame: Frame, time_s: float) -> Entry:
        number = int.from_bytes(frame.data[:4], "big", signed=True)
        asked = self._asked.get(number) if len(frame.data) >= 4 else None
        if asked is None:
            text = f"{frame.size} bytes that answer no request in the capture (correlation id {number})"
            return self._answers.notice(time_s, text, frame.offset)
        for earlier in tuple(self._asked):
            del self._asked[earlier]
            if earlier == number:
                break
        explanation = explain_frame(frame.data, "response", asked.api_key, asked.api_version)
        source, target = self._answers.source, self._answers.target
        return Entry(time_s, source, target, frame.offset, explanation, elapsed_s=time_s - asked.time_s)
