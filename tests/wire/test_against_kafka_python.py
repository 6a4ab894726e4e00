"""kafka-python, the client, reads what we encode to the same values, and encodes them to the same bytes.

Unlike kio it also has the versions that Apache Kafka 4.0 dropped, which older clients still send.
"""

import importlib
import pkgutil
import warnings

import pytest
from message_values import Maker, all_messages, as_tree

MESSAGES = all_messages()

SETS = {"authorized_operations", "topic_authorized_operations", "cluster_authorized_operations"}
"""Read as sets by kafka-python, under one name or another; their bytes are compared all the same."""

OWN_WAYS = {"ApiVersionsResponse"}
"""kafka-python's class reads any version by guessing; kio and the golden frames cover it."""


def their_messages():
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of its own making
        package = importlib.import_module("kafka.protocol")
        for module in pkgutil.walk_packages(package.__path__, "kafka.protocol."):
            if ".old" not in module.name and "generate" not in module.name:
                importlib.import_module(module.name)
    found, waiting = {}, [package.api_message.ApiMessage]
    while waiting:
        for subclass in waiting.pop().__subclasses__():
            waiting.append(subclass)
            if subclass._json and subclass._class_version is None:
                found[subclass.__name__] = subclass
    return {name: found[name] for name in sorted(found) if name not in OWN_WAYS}


THEIRS = their_messages()


def agrees(theirs, ours):
    """Equal, where kafka-python says None for a zero UUID and for a tagged struct that was left out."""
    if isinstance(ours, dict):
        if theirs is None:
            return True
        compared = ours.keys() - SETS
        return theirs.keys() - SETS == compared and all(agrees(theirs[key], ours[key]) for key in compared)
    if isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(agrees, theirs, ours))
    if theirs is None:
        return ours in (None, bytes(16))
    return getattr(theirs, "bytes", theirs) == ours


def check(name, version, seed):
    message = Maker(seed).make(MESSAGES[name], version)
    encoded = message.encode(version)

    theirs = THEIRS[name].decode(encoded, version=version)

    assert agrees(theirs.to_dict(json=False), as_tree(message, version))
    theirs._header = None  # its encode() looks for one
    assert bytes(theirs.encode(version=version)) == encoded


def test_kafka_python_has_most_messages_of_clients():
    """What is compared is nearly all that clients send; if kafka-python loses some, this test should say so."""
    assert len(THEIRS) >= 100
    assert set(THEIRS) <= set(MESSAGES)


@pytest.mark.parametrize("name", THEIRS)
def test_kafka_python_reads_and_writes_the_same(name):
    """Values and bytes agree in every version that either has, the dropped ones included."""
    for version in MESSAGES[name].versions:
        for seed in range(3):
            check(name, version, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", THEIRS)
def test_kafka_python_reads_and_writes_the_same_many_times(name):
    """The same for a hundred seeds."""
    for version in MESSAGES[name].versions:
        for seed in range(1000, 1100):
            check(name, version, seed)
