"""Readiness: which sockets have something to read, asked of the kernel once for all of them (Linux).

trio's ``wait_readable`` arms and disarms a socket in trio's own epoll for every wait: two system calls and a pass
through trio's I/O manager per request. Here each socket is registered once, edge-triggered, in an epoll of our own;
one system task waits for that epoll and wakes the tasks whose sockets have news. A waiting task is parked as trio
parks any task, so cancellation works.

What edge-triggering asks for: after an edge a socket must be read until it has no more, before the next wait. A read
that fills less than its buffer has reached that point, unless the other end has hung up; then every read is tried.

Elsewhere ``network`` waits with ``wait_readable``; the same tests run over both.
"""

from __future__ import annotations

import select

import outcome
import trio

AVAILABLE = hasattr(select, "epoll")
EVENTS_PER_POLL = 256


class Watch:
    """One socket's readiness."""

    __slots__ = ("_fileno", "_is_woken", "_readiness", "_task", "has_news", "is_hung_up")

    def __init__(self, readiness: Readiness, fileno: int) -> None:
        self._readiness = readiness
        self._fileno = fileno
        self._task: trio.lowlevel.Task | None = None
        self._is_woken = False
        self.has_news = True
        """Something may be there to read: an edge has come since the socket was last found empty."""
        self.is_hung_up = False
        """The other end sends no more: a short read says nothing, and no further edge will come."""

    async def wait(self) -> None:
        """Return when there is news. Raises trio.ClosedResourceError after ``wake``."""
        if self._is_woken:
            raise trio.ClosedResourceError
        if self.has_news or self.is_hung_up:
            return
        self._task = trio.lowlevel.current_task()

        def abort(_: object) -> trio.lowlevel.Abort:
            self._task = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    def tell(self, hung_up: bool) -> None:
        """An edge has come."""
        self.has_news = True
        self.is_hung_up = self.is_hung_up or hung_up
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    def wake(self) -> None:
        """Make this and every later ``wait`` raise trio.ClosedResourceError."""
        self._is_woken = True
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task, outcome.Error(trio.ClosedResourceError()))

    def close(self) -> None:
        """The socket is about to be closed."""
        self._readiness.forget(self._fileno)


class Readiness:
    """The watches of one event loop."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watches: dict[int, Watch] = {}
        trio.lowlevel.spawn_system_task(self._run)

    def watch(self, fileno: int) -> Watch:
        """Register a socket; ``Watch.close`` before the socket is closed."""
        watch = self._watches[fileno] = Watch(self, fileno)
        self._epoll.register(fileno, select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET)
        return watch

    def forget(self, fileno: int) -> None:
        if self._watches.pop(fileno, None) is not None:
            self._epoll.unregister(fileno)

    async def _run(self) -> None:
        epoll, watches = self._epoll, self._watches
        hang_up = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
        try:
            while True:
                await trio.lowlevel.wait_readable(epoll.fileno())
                for fileno, events in epoll.poll(0, EVENTS_PER_POLL):
                    watch = watches.get(fileno)
                    if watch is not None:
                        watch.tell(bool(events & hang_up))
        finally:
            epoll.close()
