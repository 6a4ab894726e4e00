"""pytest fixtures (entry point ``pytest11``): a running broker, and names that are nobody else's.

``kafka_broker`` lives as long as the session and is started when first asked for; ``kafka_topic`` and ``kafka_group``
are new for every test. Importing this module imports nothing of the broker, so that a test run that needs no Kafka
does not pay for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pykbroker.testing.embedded import EmbeddedBroker


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[EmbeddedBroker]:
    """A Kafka broker in this process on a free port; see ``bootstrap_servers`` and ``unique_name``."""
    from pykbroker.testing.embedded import EmbeddedBroker

    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture
def kafka_topic(kafka_broker: EmbeddedBroker) -> str:
    """A topic name that no other test uses; the topic is created when a client first asks for it."""
    return kafka_broker.unique_name("topic")


@pytest.fixture
def kafka_group(kafka_broker: EmbeddedBroker) -> str:
    """A group id that no other test uses."""
    return kafka_broker.unique_name("group")
