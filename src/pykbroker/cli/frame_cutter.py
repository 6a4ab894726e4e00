"""Frames out of a stream that may begin anywhere and lack bytes. Pure.

Synchronised, it does what ``wire.frame`` does. A gap within a frame costs that frame's rest only, since its size says
where the next one begins; a gap that swallows a size does not: then every place is tried at which a whole frame begins
that makes sense to ``looks_right``, and what lies before it is counted as skipped.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

SIZE_BYTES: Final = 4
MIN_FRAME_BYTES: Final = 4
MAX_FRAME_BYTES: Final = 256 * 1024 * 1024
MAX_SOUGHT_BYTES: Final = 1024 * 1024
"""A frame that is to be found again is no larger: any two zero bytes might begin one."""


class Frame(NamedTuple):
    """A frame without its size; ``data`` is shorter than ``size`` when bytes were not captured."""

    offset: int
    """Where its size stands, counted from the first byte of the stream."""
    size: int
    data: bytes


class Notice(NamedTuple):
    """Something a reader should know."""

    offset: int
    text: str


Event = Frame | Notice


class Judge(Protocol):
    """Knows frames of one direction of one connection."""

    def could_begin(self, head: bytes) -> bool:
        """Whether a frame may begin like this (its first bytes, at least four)."""

    def looks_right(self, frame: bytes) -> bool:
        """Whether a whole frame makes sense."""


class FrameCutter:
    """The frames of one direction. ``is_synchronised``: whether the first byte is that of a frame's size."""

    def __init__(self, judge: Judge, *, is_synchronised: bool) -> None:
        self._judge = judge
        self._is_synchronised = is_synchronised
        self._buffer = bytearray()
        self._end = 0  # the offset behind the buffer, or behind what was left out of a torn frame
        self._torn: Frame | None = None
        self._skipped = 0
        self._scanned = 0
        self._candidates: list[int] = []
        self._hopeless = False

    def feed(self, data: bytes) -> list[Event]:
        """Bytes that follow."""
        if self._hopeless:
            return []
        events: list[Event] = []
        if self._torn is not None:
            data = self._pass_torn(data, events)
        self._buffer += data
        self._end += len(data)
        self._read(events)
        return events

    def skip(self, size: int) -> list[Event]:
        """Bytes that follow and are not there. Within a frame nothing is said of it but by the frame."""
        if self._hopeless:
            return []
        events: list[Event] = []
        begun = self._torn or self._begin_torn()
        self._end += size
        if begun is not None and self._end <= begun.offset + SIZE_BYTES + begun.size:
            self._torn = begun
            self._buffer.clear()
            self._end_torn(events)
            return events
        events.append(Notice(self._end - size, f"{size} bytes were not captured"))
        if begun is not None:
            events.append(begun)
        elif not self._is_synchronised:
            self._skipped += len(self._buffer)
        self._lose()
        return events

    def finish(self) -> list[Event]:
        """Nothing more comes: what is left."""
        if self._hopeless:
            return []
        begun = self._torn or self._begin_torn()
        if begun is not None:
            return [begun]
        left = self._skipped + len(self._buffer)
        return [Notice(self._end - len(self._buffer), f"{left} bytes could not be read")] if left else []

    def _begin_torn(self) -> Frame | None:
        """The frame that has begun and is not whole, if its size is known."""
        if not self._is_synchronised or len(self._buffer) < SIZE_BYTES:
            return None
        size = int.from_bytes(self._buffer[:SIZE_BYTES], "big")
        return Frame(self._end - len(self._buffer), size, bytes(self._buffer[SIZE_BYTES:]))

    def _pass_torn(self, data: bytes, events: list[Event]) -> bytes:
        """Leave out the rest of a torn frame; what follows it."""
        assert self._torn is not None, "called for a torn frame"
        used = min(len(data), self._torn.offset + SIZE_BYTES + self._torn.size - self._end)
        self._end += used
        self._end_torn(events)
        return data[used:]

    def _end_torn(self, events: list[Event]) -> None:
        torn = self._torn
        if torn is not None and self._end == torn.offset + SIZE_BYTES + torn.size:
            events.append(torn)
            self._torn = None

    def _lose(self) -> None:
        self._is_synchronised = False
        self._torn = None
        self._buffer.clear()
        self._candidates.clear()
        self._scanned = 0

    def _read(self, events: list[Event]) -> None:
        while True:
            if not self._is_synchronised and not self._search(events):
                return
            if self._cut(events) or self._hopeless:
                return

    def _cut(self, events: list[Event]) -> bool:
        """Take whole frames; False if something that is no size was met."""
        position, buffer = 0, self._buffer
        start = self._end - len(buffer)
        is_sound = True
        while len(buffer) - position >= SIZE_BYTES:
            size = int.from_bytes(buffer[position : position + SIZE_BYTES], "big")
            if not MIN_FRAME_BYTES <= size <= MAX_FRAME_BYTES:
                events.append(Notice(start + position, self._complaint(buffer[position : position + SIZE_BYTES])))
                is_sound = False
                break
            after = position + SIZE_BYTES + size
            if after > len(buffer):
                break
            events.append(Frame(start + position, size, bytes(buffer[position + SIZE_BYTES : after])))
            position = after
        del buffer[:position]
        if not is_sound:
            self._is_synchronised = False
            self._scanned = 1
            self._candidates.clear()
        return is_sound

    def _complaint(self, word: bytearray) -> str:
        if word[0] == 0x16 and word[1] == 3:
            self._hopeless = True
            return "this is TLS: its content cannot be read"
        return f"{word.hex()} cannot be the size of a frame: looking for the next one"

    # --- finding a frame again ----------------------------------------------------------------------------------

    def _search(self, events: list[Event]) -> bool:
        """Whether a frame has been found; the buffer then begins with it."""
        self._scan()
        for candidate in tuple(self._candidates):
            end = candidate + SIZE_BYTES + self._size_at(candidate)
            if end > len(self._buffer):
                continue  # it may become whole
            if self._judge.looks_right(bytes(self._buffer[candidate + SIZE_BYTES : end])):
                self._found(candidate, events)
                return True
            self._candidates.remove(candidate)
        self._forget()
        return False

    def _size_at(self, position: int) -> int:
        return int.from_bytes(self._buffer[position : position + SIZE_BYTES], "big")

    def _scan(self) -> None:
        """Note every new place at which a frame might begin."""
        buffer, could_begin = self._buffer, self._judge.could_begin
        position = buffer.find(b"\0", self._scanned)
        last = len(buffer) - SIZE_BYTES - MIN_FRAME_BYTES
        while 0 <= position <= last:
            if MIN_FRAME_BYTES <= self._size_at(position) <= MAX_SOUGHT_BYTES:
                head = bytes(buffer[position + SIZE_BYTES : position + SIZE_BYTES + 16])
                if could_begin(head):
                    self._candidates.append(position)
            position = buffer.find(b"\0", position + 1)
        self._scanned = max(self._scanned, last + 1)

    def _found(self, candidate: int, events: list[Event]) -> None:
        skipped = self._skipped + candidate
        if skipped:
            at = self._end - len(self._buffer) + candidate
            events.append(Notice(at, f"{skipped} bytes skipped to the next whole frame"))
        del self._buffer[:candidate]
        self._is_synchronised = True
        self._candidates.clear()
        self._skipped = self._scanned = 0

    def _forget(self) -> None:
        """Drop what is before the first candidate, and candidates that have waited for too long."""
        while self._candidates and len(self._buffer) - self._candidates[0] > 2 * MAX_SOUGHT_BYTES:
            del self._candidates[0]
        keep_from = self._candidates[0] if self._candidates else self._scanned
        if keep_from:
            del self._buffer[:keep_from]
            self._skipped += keep_from
            self._scanned -= keep_from
            self._candidates = [each - keep_from for each in self._candidates]
