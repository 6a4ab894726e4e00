"""Network: listeners and the transports that connections speak through.

A ``Transport`` moves bytes both ways and says who is at either end. It knows nothing of frames. Two kinds:

- ``SocketTransport`` works on a non-blocking socket directly: it tries the system call first and waits only when the
  kernel
  says so. trio's own socket methods always pass through the scheduler once, which would cost a small request a third of
  its time; fairness is kept by passing through the scheduler once in ``TURNS_BEFORE_YIELD`` receives instead.
- ``MemoryTransport`` joins two ends in one process for tests in virtual time.

What is sent is a list of parts. A part is bytes-like, or a file slice (``fileno``, ``position``, ``len``, ``read``),
which goes from the page cache to the socket by sendfile without becoming a Python object, where the platform has it.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Sequence
from typing import Protocol, TypeAlias

import trio

from pykbroker import readiness
from pykbroker.readiness import Readiness

Buffer: TypeAlias = bytes | bytearray | memoryview


class FilePart(Protocol):
    """A stretch of a file that is to be sent (``log.files.FileSlice``)."""

    position: int

    def __len__(self) -> int: ...
    def fileno(self) -> int | None: ...
    def read(self) -> bytes: ...


Part: TypeAlias = Buffer | FilePart

TURNS_BEFORE_YIELD = 4
BYTES_BEFORE_YIELD = 256 * 1024
"""Receives in a row, and bytes, that may come without waiting before the task lets others run."""

SENDFILE_FROM_BYTES = 32 * 1024
"""Smaller slices are read and joined with their neighbours: one system call less, and one packet instead of two."""

JOIN_UP_TO_BYTES = 64 * 1024
"""Parts up to this size are copied together into one send; larger ones are sent as they are."""

_HAS_SENDFILE = hasattr(os, "sendfile")
_MORE = getattr(socket, "MSG_MORE", 0)
_ACCEPT_AGAIN = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}


class Transport(Protocol):
    """One end of a connection. ``local`` and ``peer`` are (host, port)."""

    local: tuple[str, int]
    peer: tuple[str, int]

    async def receive_into(self, buffer: memoryview) -> int:
        """Wait for bytes; how many were put at the start of ``buffer``; 0 once the other end has closed."""

    async def send(self, parts: Sequence[Part]) -> None:
        """Send all parts in order. Raises OSError or trio.BrokenResourceError when the other end is gone."""

    def wake(self) -> None:
        """Make a pending ``receive_into`` raise trio.ClosedResourceError (used at shutdown and by the idle reaper)."""

    def close(self) -> None: ...


class Listener(Protocol):
    """A bound address. ``address`` is (host, port), the port being the real one when 0 was asked for."""

    address: tuple[str, int]

    async def accept(self) -> Transport: ...
    def close(self) -> None: ...


class Network(Protocol):
    """The door to other machines."""

    async def listen(self, host: str, port: int) -> list[Listener]:
        """Bind ``host`` (an empty one means every interface) and ``port``; raises OSError when it is taken."""

    async def connect(self, host: str, port: int) -> Transport: ...


class SocketTransport:
    """A TCP connection."""

    __slots__ = ("_bytes", "_fileno", "_socket", "_turns", "_watch", "local", "peer")

    def __init__(self, sock: socket.socket, readiness: Readiness | None = None) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._fileno = sock.fileno()
        self._turns = 0
        self._bytes = 0
        self._watch = readiness.watch(self._fileno) if readiness is not None else None
        self.local: tuple[str, int] = sock.getsockname()[:2]
        self.peer: tuple[str, int] = sock.getpeername()[:2]

    async def receive_into(self, buffer: memoryview) -> int:
        sock, watch = self._socket, self._watch
        self._turns += 1
        if self._turns > TURNS_BEFORE_YIELD or self._bytes > BYTES_BEFORE_YIELD:
            self._turns = self._bytes = 0
            await trio.lowlevel.checkpoint()
        while True:
            if watch is not None and not watch.has_news:
                self._turns = self._bytes = 0
                await watch.wait()
            try:
                count = sock.recv_into(buffer)
            except BlockingIOError:
                self._turns = self._bytes = 0
                if watch is None:
                    await trio.lowlevel.wait_readable(self._fileno)
                else:
                    watch.has_news = False
                continue
            self._bytes += count
            if watch is not None and count < len(buffer) and not watch.is_hung_up:
                watch.has_news = False  # the kernel has no more: the next byte comes with an edge
            return count

    async def send(self, parts: Sequence[Part]) -> None:
        """Small neighbours leave in one send; a large file slice by sendfile."""
        together: list[Buffer] = []
        size = 0
        for part in parts:
            if isinstance(part, (bytes, bytearray, memoryview)):
                buffer = part
            elif len(part) < SENDFILE_FROM_BYTES or not _HAS_SENDFILE or part.fileno() is None:
                buffer = part.read()
                if len(buffer) != len(part):
                    raise OSError(errno.EIO, "a file became shorter while it was being sent")
            else:
                await self._send_bytes(together, _MORE)
                together, size = [], 0
                await self._send_file(part)
                continue
            if size + len(buffer) > JOIN_UP_TO_BYTES and together:
                await self._send_bytes(together, _MORE)
                together, size = [], 0
            together.append(buffer)
            size += len(buffer)
        await self._send_bytes(together, 0)

    async def _send_bytes(self, buffers: list[Buffer], flags: int) -> None:
        if not buffers:
            return
        sock = self._socket
        data = buffers[0] if len(buffers) == 1 else b"".join(buffers)
        try:
            sent = sock.send(data, flags)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return
        with memoryview(data) as view:
            while sent < len(view):
                await trio.lowlevel.wait_writable(self._fileno)
                try:
                    sent += sock.send(view[sent:], flags)
                except BlockingIOError:
                    continue

    async def _send_file(self, part: FilePart) -> None:
        source = part.fileno()
        assert source is not None
        target, position, left = self._socket.fileno(), part.position, len(part)
        while left:
            try:
                sent = os.sendfile(target, source, position, left)
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._fileno)
                continue
            if sent == 0:  # the length is already on the wire: the connection cannot be saved
                raise OSError(errno.EIO, "a file became shorter while it was being sent")
            position += sent
            left -= sent

    def wake(self) -> None:
        if self._watch is not None:
            self._watch.wake()
        elif self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._fileno)

    def close(self) -> None:
        if self._socket.fileno() == -1:
            return
        self.wake()
        trio.lowlevel.notify_closing(self._fileno)  # a send may wait too
        if self._watch is not None:
            self._watch.close()
        self._socket.close()


class SocketListener:
    """A listening TCP socket."""

    def __init__(self, sock: socket.socket, readiness: Readiness | None) -> None:
        self._socket = sock
        self._readiness = readiness
        self.address: tuple[str, int] = sock.getsockname()[:2]

    async def accept(self) -> Transport:
        """The next connection. Running out of file descriptors is waited over, as trio's serve_listeners does."""
        while True:
            try:
                sock, _ = self._socket.accept()
                return SocketTransport(sock, self._readiness)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._socket.fileno())
            except (ConnectionError, PermissionError):
                await trio.lowlevel.checkpoint()  # that one client was gone before it was accepted
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.ENOTCONN):  # gone between accept and getpeername
                    await trio.lowlevel.checkpoint()
                elif error.errno in _ACCEPT_AGAIN:
                    await trio.sleep(0.1)
                else:
                    raise

    def close(self) -> None:
        if self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._socket.fileno())
            self._socket.close()


class SocketNetwork:
    """The machine's TCP, for one event loop."""

    def __init__(self, *, watches: bool = readiness.AVAILABLE) -> None:
        """``watches``: wait with ``readiness`` where the platform has it; without, with trio's own ``wait_readable``.
        """
        self._watches = watches
        self._readiness: Readiness | None = None

    async def listen(self, host: str, port: int) -> list[Listener]:
        """One listener per address the host stands for; an empty host means every interface, IPv4 and IPv6."""
        addresses = await trio.socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        if self._watches and self._readiness is None:
            self._readiness = Readiness()
        listeners: list[Listener] = []
        try:
            for family, address in dict.fromkeys((entry[0], entry[4]) for entry in addresses):
                real_port = port or (listeners[0].address[1] if listeners else 0)  # port 0: the same on all
                try:
                    listeners.append(SocketListener(_bound_socket(family, (address[0], real_port)), self._readiness))
                except OSError:
                    if not (listeners and family == socket.AF_INET6):
                        raise  # a machine whose IPv6 is switched off still serves IPv4
        except OSError:
            for listener in listeners:
                listener.close()
            raise
        return listeners

    async def connect(self, host: str, port: int) -> Transport:
        stream = await trio.open_tcp_stream(host, port)
        sock = socket.socket(fileno=stream.socket.detach())
        return SocketTransport(sock)


def _bound_socket(family: int, address: tuple[object, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(1024)  # a test suite opens its connections all at once
    except OSError:
        sock.close()
        raise
    return sock
