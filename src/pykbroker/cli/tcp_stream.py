"""One direction of a TCP connection, put together from captured segments. Pure: numbers and bytes in, bytes out.

The invariant: what comes out is in order and without repetition; where bytes are missing there is a ``Gap`` of exactly
so many. Bytes are given up only when the receiver has acknowledged them, when too much waits behind them, or at the
end: until then they may still come, late or sent again.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

SEQUENCE_MASK: Final = 0xFFFF_FFFF
HALF: Final = 0x8000_0000
MAX_WAITING_BYTES: Final = 16 * 1024 * 1024


class Gap(NamedTuple):
    """Bytes that were sent and not captured."""

    size: int


Piece: TypeAlias = bytes | Gap


class TcpStream:
    """The bytes of one direction."""

    __slots__ = ("_next", "_waiting", "_waiting_bytes", "opening")

    def __init__(self) -> None:
        self._next: int | None = None  # the sequence number of the next byte that is wanted
        self._waiting: dict[int, bytes] = {}
        self._waiting_bytes = 0
        self.opening: int | None = None
        """The sequence number of its SYN."""

    @property
    def begins_whole(self) -> bool:
        """Whether its start was captured."""
        return self.opening is not None

    @property
    def is_open(self) -> bool:
        """Whether anything of it has been seen."""
        return self._next is not None

    def opened(self, sequence: int) -> None:
        """A SYN: bytes begin behind it."""
        if self._next is None:
            self._next = (sequence + 1) & SEQUENCE_MASK
            self.opening = sequence

    def received(self, sequence: int, data: bytes) -> list[Piece]:
        """A segment's bytes; what can now be read."""
        if not data:
            return []
        if self._next is None:
            self._next = sequence
        known = self._waiting.get(sequence, b"")
        if len(data) > len(known):
            self._waiting[sequence] = data
            self._waiting_bytes += len(data) - len(known)
        pieces = self._take()
        while self._waiting_bytes > MAX_WAITING_BYTES:
            pieces += self._give_up()
        return pieces

    def acknowledged(self, number: int) -> list[Piece]:
        """The other side has everything before ``number``: what of it is missing here will not come."""
        pieces: list[Piece] = []
        while self._waiting and self._next is not None and 0 < (number - self._next) & SEQUENCE_MASK < HALF:
            pieces += self._give_up()
        return pieces

    def finish(self) -> list[Piece]:
        """Nothing more comes."""
        pieces: list[Piece] = []
        while self._waiting:
            pieces += self._give_up()
        return pieces

    def _ahead(self, sequence: int) -> int:
        """How far behind the wanted byte a sequence number is; negative for what has passed. Numbers wrap around."""
        assert self._next is not None, "called once something has come"
        return ((sequence - self._next + HALF) & SEQUENCE_MASK) - HALF

    def _take(self) -> list[Piece]:
        """Whatever follows without a gap."""
        pieces: list[Piece] = []
        while self._waiting:
            first = min(self._waiting, key=self._ahead)
            ahead = self._ahead(first)
            if ahead > 0:
                break
            data = self._waiting.pop(first)
            self._waiting_bytes -= len(data)
            fresh = data[-ahead:] if ahead else data
            if fresh:
                pieces.append(fresh)
                self._next = (first + len(data)) & SEQUENCE_MASK
        return pieces

    def _give_up(self) -> list[Piece]:
        """Leave out what is missing in front of the first bytes that wait."""
        first = min(self._waiting, key=self._ahead)
        gap = Gap(self._ahead(first))
        assert gap.size > 0, "what needs no gap has been taken"
        self._next = first
        return [gap, *self._take()]
