"""Bell: how a room says that something a waiter may care about has changed.

A bell holds callbacks and nothing else, so that a log or a state machine may own one without knowing who waits, or how.
It keeps no history: whoever waits listens first and looks second (see ``waiting.wait_until``), so no ring is ever lost.
This is all of Kafka's purgatory watch lists (``DelayedOperationPurgatory``).
"""

from __future__ import annotations

from collections.abc import Callable


class Bell:
    """Rung after a change; every listener is called once per ring, in no promised order."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: dict[object, Callable[[], object]] | None = None

    def ring(self) -> None:
        """Call every listener. Listeners may forget themselves while being called."""
        if self._listeners:
            for hear in list(self._listeners.values()):
                hear()

    def listen(self, ear: object, hear: Callable[[], object]) -> None:
        """Call ``hear`` at each ring until ``forget(ear)``; ``ear`` is any hashable identity."""
        if self._listeners is None:  # most bells are never listened to: 2,000 idle partitions own one each
            self._listeners = {}
        self._listeners[ear] = hear

    def forget(self, ear: object) -> None:
        """Stop calling; forgetting a stranger is fine."""
        if self._listeners is not None:
            self._listeners.pop(ear, None)
