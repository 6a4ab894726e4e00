"""For tests of programs that speak Kafka: ``EmbeddedBroker``, and pytest fixtures in ``plugin``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pykbroker.testing.embedded import EmbeddedBroker

__all__ = ["EmbeddedBroker"]


def __getattr__(name: str) -> object:
    """Import the broker only when it is asked for: the plugin is loaded in every pytest run."""
    if name == "EmbeddedBroker":
        from pykbroker.testing.embedded import EmbeddedBroker

        return EmbeddedBroker
    raise AttributeError(name)
