"""Deadlines of all state machines in one heap, made so that moving a deadline later costs no heap
operation.

Every heartbeat of every group member moves a deadline a few seconds into the future, and almost none is
ever reached. So the heap holds, per timer, one entry at some moment *not later* than the deadline; moving
the deadline later only writes the new deadline down, and the entry is pushed again when its moment comes
and the deadline has moved on. Moving a deadline earlier pushes a second entry and makes the first one
stale. Kafka reaches the same end with hierarchical timing wheels.

Time is a number passed in; nothing here waits. One task of the broker sleeps until ``next_deadline_ms`` (or
until ``bell`` says that it has moved earlier) and calls ``run_due``.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from pykbroker.bell import Bell
from pykbroker.machine.result import TimerKey

_UNARMED = -1


class _Timer:
    """One key of one owner. ``armed_ms`` is the moment of its only valid heap entry."""

    __slots__ = ("armed_ms", "deadline_ms", "key", "owner")

    def __init__(self, owner: Alarms, key: TimerKey, deadline_ms: int) -> None:
        self.owner = owner
        self.key = key
        self.deadline_ms = deadline_ms
        self.armed_ms = _UNARMED


class Timers:
    """The heap. Owners set their timers through ``alarms``."""

    __slots__ = ("_heap", "_sequence", "bell")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, _Timer]] = []
        self._sequence = 0  # makes heap entries comparable, and equal deadlines fire in the order they were armed
        self.bell = Bell()
        """Rung when the next deadline has become earlier than it was."""

    def alarms(self, fire: Callable[[TimerKey, int], object]) -> Alarms:
        """A new owner's set of timers; ``fire(key, now_ms)`` is called when one is due."""
        return Alarms(self, fire)

    def next_deadline_ms(self) -> int | None:
        """When ``run_due`` should be called next; it may then find that there is nothing to do."""
        heap = self._heap
        while heap and heap[0][2].armed_ms != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def run_due(self, now_ms: int) -> int:
        """Fire every timer whose deadline is ``now_ms`` or earlier, in order; returns how many fired.

        A timer is forgotten before it fires, so that firing may set it anew. A timer that an earlier one
        cancelled or moved does not fire. An exception leaves the remaining timers in place for the next
        call.
        """
        heap = self._heap
        fired = 0
        while heap and heap[0][0] <= now_ms:
            moment_ms, _, timer = heappop(heap)
            if timer.armed_ms != moment_ms:
                continue  # cancelled, or armed earlier since
            timer.armed_ms = _UNARMED
            if timer.deadline_ms > now_ms:
                self._push(timer)
                continue
            fired += 1
            timer.owner._fire_one(timer, now_ms)
        return fired

    def _push(self, timer: _Timer) -> None:
        timer.armed_ms = timer.deadline_ms
        self._sequence += 1
        entry = (timer.deadline_ms, self._sequence, timer)
        heappush(self._heap, entry)
        if self._heap[0] is entry:
            self.bell.ring()


class Alarms:
    """One owner's timers by key."""

    __slots__ = ("_by_key", "_fire", "_timers")

    def __init__(self, timers: Timers, fire: Callable[[TimerKey, int], object]) -> None:
        self._timers = timers
        self._fire = fire
        self._by_key: dict[TimerKey, _Timer] = {}

    def set(self, key: TimerKey, deadline_ms: int | None) -> None:
        """Arm the timer, move it, or with None cancel it. Cancelling what is not armed is fine."""
        if deadline_ms is None:
            timer = self._by_key.pop(key, None)
            if timer is not None:
                timer.armed_ms = _UNARMED
            return
        timer = self._by_key.get(key)
        if timer is None:
            timer = self._by_key[key] = _Timer(self, key, deadline_ms)
            self._timers._push(timer)
            return
        timer.deadline_ms = deadline_ms
        if deadline_ms < timer.armed_ms:
            self._timers._push(timer)

    def deadline_ms(self, key: TimerKey) -> int | None:
        """When the timer is due, if it is armed."""
        timer = self._by_key.get(key)
        return None if timer is None else timer.deadline_ms

    def clear(self) -> None:
        """Cancel all of them."""
        for timer in self._by_key.values():
            timer.armed_ms = _UNARMED
        self._by_key.clear()

    def __len__(self) -> int:
        return len(self._by_key)

    def _fire_one(self, timer: _Timer, now_ms: int) -> None:
        del self._by_key[timer.key]
        self._fire(timer.key, now_ms)
