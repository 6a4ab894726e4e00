"""CurrentMetadata: the image of now, who is told when it changes, and in which order.

Lives here: one mutable place for the immutable image.
Invariant: subscribers run in the order in which they subscribed, each sees the same delta, and ``image`` is already
the new one; when all have run, the bell rings. A waiter therefore sees logs made and leaders known, not just
promised.
Never: waits, or swallows a subscriber's exception (a broker that could not follow its metadata must not go on).

Kafka: ``MetadataLoader`` and its ``MetadataPublisher`` list, ``MetadataCache``.
"""

from __future__ import annotations

from collections.abc import Callable

from pykbroker.bell import Bell
from pykbroker.metadata.delta import ImageDelta, whole_image
from pykbroker.metadata.image import EMPTY_IMAGE, MetadataImage

Subscriber = Callable[[ImageDelta], object]


class CurrentMetadata:
    """Holds the image that is true now."""

    __slots__ = ("_subscribers", "bell", "image")

    def __init__(self, image: MetadataImage = EMPTY_IMAGE) -> None:
        self.image = image
        self.bell = Bell()
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber, *, catch_up: bool = True) -> None:
        """Call ``subscriber`` at every change from now on, after those already here; first with all there is."""
        self._subscribers.append(subscriber)
        if catch_up and self.image is not EMPTY_IMAGE:
            subscriber(whole_image(self.image))

    def publish(self, delta: ImageDelta) -> None:
        """Make ``delta.image`` the image of now and tell everybody."""
        self.image = delta.image
        for subscriber in self._subscribers:
            subscriber(delta)
        self.bell.ring()

    def publish_image(self, image: MetadataImage) -> None:
        """Take over an image of which nobody knows what changed (a snapshot, a test): everything old goes, all is
        new.
        """
        before = self.image
        self.publish(whole_image(image)._replace(before=before, deleted_topics=tuple(before.topics.values())))
