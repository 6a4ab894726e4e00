"""Cut a stream of bytes into frames: an int32 size, then that many bytes. No I/O here.

The caller receives into ``get_buffer()`` and tells ``received(count)``. Small frames are cut from one scratch
buffer and copied to bytes, so that the scratch is free again when ``received`` returns: all connections of
one thread may share it. A large frame that has begun to arrive gets a buffer of its own, and the rest of it
is received straight into place.

The invariants: a frame is given out once and never touched again by the reader; an idle reader holds no
buffer but the shared scratch; what a size prefix claims is not allocated before a fair part of it has
arrived.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    class Receiver(Protocol):
        """What bytes come from."""

        async def receive_into(self, buffer: memoryview) -> int: ...


SCRATCH_BYTES = 64 * 1024
"""Enough for what one receive brings when small requests are pipelined."""

LARGE_FROM_BYTES = 16 * 1024
"""Below this an incomplete frame is put together by copying, which costs less than a buffer and another receive."""

TRUST_BYTES = 1024 * 1024
"""What a size prefix gets on its word; a larger frame's buffer doubles as its bytes arrive."""

_SIZE = Struct(">i")


class FrameError(Exception):
    """A size that cannot be a frame's: what follows in the stream is lost."""


class FrameReader:
    """The frames of one connection, in order.

    ``scratch`` may be shared by readers of which no two are between the arrival of bytes and ``received``, as
    those of one event loop are. Without one the reader has its own.
    """

    __slots__ = ("_filled", "_large", "_max_frame_bytes", "_rest", "_scratch", "_size")

    def __init__(self, max_frame_bytes: int, scratch: bytearray | None = None) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._scratch = scratch
        self._rest = b""  # the beginning of a small frame
        self._large: bytearray | None = None  # the buffer of a large frame, of which ``_filled`` bytes have arrived
        self._filled = 0
        self._size = 0  # how large that frame is to be

    @property
    def pending_bytes(self) -> int:
        """How much the frame that has begun to arrive will take in all, as far as is known; 0 between frames."""
        if self._large is not None:
            return self._size
        rest = self._rest
        return max(len(rest), int.from_bytes(rest[:4], "big") + 4) if len(rest) >= 4 else len(rest)

    def get_buffer(self, hint: int = SCRATCH_BYTES) -> memoryview:
        """Where to receive next. Valid until ``received``; ``hint`` is the size of a scratch yet to be made."""
        if self._large is None:
            if self._scratch is None:
                self._scratch = bytearray(hint)
            return memoryview(self._scratch)
        return memoryview(self._large)[self._filled :]

    async def receive(self, receiver: Receiver) -> int:
        """Receive once into the buffer; ``received`` must be called with the answer before anything else is
        awaited.
        """
        return await receiver.receive_into(self.get_buffer())

    def received(self, count: int) -> list[memoryview | bytes]:
        """The frames that are complete now that ``count`` bytes have come. Raises FrameError."""
        if self._large is not None:
            return self._received_large(count)
        assert self._scratch is not None, "received() without get_buffer()"
        source: bytes | memoryview = memoryview(self._scratch)[:count]
        if self._rest:
            source = self._rest + source
            self._rest = b""
        return self._cut(source)

    def _cut(self, source: bytes | memoryview) -> list[memoryview | bytes]:
        frames: list[memoryview | bytes] = []
        position, end = 0, len(source)
        while end - position >= 4:
            (size,) = _SIZE.unpack_from(source, position)
            if size < 0 or size > self._max_frame_bytes:
                raise FrameError(self._refusal(size))
            after = position + 4 + size
            if after > end:
                if size >= LARGE_FROM_BYTES:
                    self._begin_large(size, source[position + 4 :])
                    return frames
                break
            frames.append(bytes(source[position + 4 : after]))
            position = after
        self._rest = bytes(source[position:])
        return frames

    def _refusal(self, size: int) -> str:
        if size < 0:
            return f"a frame of {size} bytes"
        text = f"a frame of {size} bytes, more than socket.request.max.bytes={self._max_frame_bytes}"
        word = size.to_bytes(4, "big")
        if word in (b"GET ", b"POST", b"HEAD", b"PUT "):
            return f"{text}: an HTTP request?"
        if word[0] == 0x16 and word[1] == 3:
            return f"{text}: a TLS handshake on a plaintext listener?"
        return text

    def _begin_large(self, size: int, beginning: bytes | memoryview) -> None:
        self._size = size
        self._filled = len(beginning)
        self._large = bytearray(min(size, max(TRUST_BYTES, 2 * self._filled)))
        self._large[: self._filled] = beginning

    def _received_large(self, count: int) -> list[memoryview | bytes]:
        large = self._large
        assert large is not None, "called for a large frame"
        self._filled += count
        if self._filled < len(large):
            return []
        if len(large) < self._size:
            # A new object rather than a resized one: a view that a caller still holds would forbid the resize.
            grown = bytearray(min(self._size, 2 * len(large)))
            grown[: self._filled] = large
            self._large = grown
            return []
        self._large = None
        self._filled = self._size = 0
        return [memoryview(large)]
