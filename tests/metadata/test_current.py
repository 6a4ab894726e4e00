"""CurrentMetadata: who hears of a new image, when, and in which order."""

import pytest

from metadata.sample_records import cluster, topic_records
from pykbroker.metadata.current import CurrentMetadata
from pykbroker.metadata.replay import Replayer


def change(image, records):
    replayer = Replayer(image)
    for record in records:
        replayer.add(record)
    return replayer.finish(image.offset + len(records), 1)


def test_subscribers_hear_in_order_and_the_bell_rings_last():
    """Replicas follow before groups do, and waiters wake when all have."""
    current = CurrentMetadata()
    heard = []
    current.subscribe(lambda delta: heard.append(("first", delta.image is current.image)))
    current.subscribe(lambda delta: heard.append(("second", delta.image is current.image)))
    current.bell.listen("me", lambda: heard.append("bell"))
    current.publish(change(cluster(), topic_records("orders")))

    assert heard == [("first", True), ("second", True), "bell"]


def test_who_comes_late_gets_everything():
    """A subscriber that comes after the start is told of the whole image, unless it does not want to."""
    current = CurrentMetadata(cluster(records=topic_records("orders", 2)))
    heard = []
    current.subscribe(heard.append)
    current.subscribe(heard.append, catch_up=False)

    (delta,) = heard
    assert [topic.name for topic in delta.created_topics] == ["orders"]
    assert delta.brokers == {1}
    assert len(list(delta.live_partitions())) == 2


def test_an_empty_image_tells_nobody_anything():
    """Before the first image there is nothing to catch up with."""
    heard = []
    CurrentMetadata().subscribe(heard.append)

    assert heard == []


def test_a_failing_subscriber_is_not_swallowed():
    """A broker that could not follow its metadata must not go on as if it had."""
    current = CurrentMetadata()

    def fail(delta):
        raise RuntimeError("disk")

    current.subscribe(fail)

    with pytest.raises(RuntimeError, match="disk"):
        current.publish(change(cluster(), topic_records("orders")))


def test_a_whole_new_image_replaces_the_old():
    """After loading a snapshot every old topic goes and every topic there is is new."""
    current = CurrentMetadata(cluster(records=topic_records("old")))
    heard = []
    current.subscribe(heard.append, catch_up=False)
    current.publish_image(cluster(records=topic_records("new")))

    (delta,) = heard
    assert [topic.name for topic in delta.deleted_topics] == ["old"]
    assert [topic.name for topic in delta.created_topics] == ["new"]
    assert current.image.topics.keys() == {"new"}
