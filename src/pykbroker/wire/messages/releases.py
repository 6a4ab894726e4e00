"""What brokers of each Apache Kafka release advertised: the versions of every API, release by release.

For ``serve --as-version``. A row holds what changed against the release before; "none" says that an API went away.
The figures are those of the message definitions each release shipped (its last patch release), for the listeners that
clients reach: a ZooKeeper broker's up to 3.2, a KRaft broker's from 3.3 on, when KRaft was declared ready for
production. Unstable versions and APIs are left out, as brokers leave them out; so is telemetry (KIP-714), which
brokers advertise only with a plug-in, and what only brokers ask each other under ZooKeeper. Produce begins at 0 in
4.x although its first versions are refused there: librdkafka needs to see it (KAFKA-18659).
"""

from __future__ import annotations

from collections.abc import Mapping

from pykbroker.wire.schema import Versions

# fmt: off
_CHANGES: Mapping[str, Mapping[int, str]] = {
    "2.8": {
        0: "0-9", 1: "0-12", 2: "0-6", 3: "0-11", 8: "0-8", 9: "0-7", 10: "0-3", 11: "0-7", 12: "0-4",
        13: "0-4", 14: "0-5", 15: "0-5", 16: "0-4", 17: "0-1", 18: "0-3", 19: "0-7", 20: "0-6", 21: "0-2",
        22: "0-4", 23: "0-4", 24: "0-3", 25: "0-3", 26: "0-3", 27: "0-1", 28: "0-3", 29: "0-2", 30: "0-2",
        31: "0-2", 32: "0-4", 33: "0-2", 34: "0-2", 35: "0-2", 36: "0-2", 37: "0-3", 38: "0-2", 39: "0-2",
        40: "0-2", 41: "0-2", 42: "0-2", 43: "0-2", 44: "0-1", 45: "0", 46: "0", 47: "0", 48: "0-1",
        49: "0-1", 50: "0", 51: "0", 56: "0", 57: "0", 60: "0", 61: "0",
    },
    "3.0": {
        2: "0-7", 9: "0-8", 10: "0-4", 65: "0", 66: "0", 67: "0",
    },
    "3.1": {
        1: "0-13", 3: "0-12",
    },
    "3.2": {
        11: "0-9", 13: "0-5", 35: "0-3", 56: "0-1",
    },
    "3.3": {
        29: "0-3", 30: "0-3", 31: "0-3", 35: "0-4", 38: "none", 39: "none", 40: "none", 41: "none",
        50: "none", 51: "none", 55: "0-1", 56: "none", 57: "0-1", 64: "0", 67: "none",
    },
    "3.4": {},
    "3.5": {
        1: "0-15", 2: "0-8", 50: "0", 51: "0",
    },
    "3.6": {
        24: "0-4", 38: "0-3", 39: "0-2", 40: "0-2", 41: "0-3",
    },
    "3.7": {
        0: "0-10", 1: "0-16", 8: "0-9", 9: "0-9", 60: "0-1", 68: "0", 74: "0",
    },
    "3.8": {
        0: "0-11", 10: "0-5", 16: "0-5", 22: "0-5", 24: "0-5", 25: "0-4", 26: "0-4", 28: "0-4", 66: "0-1",
        69: "0", 75: "0",
    },
    "3.9": {
        1: "0-17", 2: "0-9", 10: "0-6", 18: "0-4", 55: "0-2", 80: "0", 81: "0",
    },
    "4.0": {
        0: "0-12", 1: "4-17", 2: "1-10", 3: "0-13", 8: "2-9", 9: "1-9", 15: "0-6", 19: "2-7", 20: "1-6",
        23: "2-4", 26: "0-5", 27: "1", 28: "0-5", 29: "1-3", 30: "1-3", 31: "1-3", 32: "1-4", 34: "1-2",
        35: "1-4", 38: "1-3", 39: "1-2", 40: "1-2", 41: "1-3", 57: "0-2", 60: "0-2", 68: "0-1", 69: "0-1",
    },
    "4.1": {
        0: "0-13", 1: "4-18", 45: "0-1", 66: "0-2", 74: "0-1", 76: "1", 77: "1", 78: "1", 79: "1", 83: "0",
        84: "0", 85: "0", 86: "0", 87: "0", 90: "0", 91: "0", 92: "0",
    },
    "4.2": {
        2: "1-11", 8: "2-10", 9: "1-10", 27: "1-2", 78: "1-2", 79: "1-2", 80: "0-1", 85: "0-1", 87: "0-1",
        88: "0", 89: "0", 90: "0-1",
    },
    "4.3": {
        35: "1-5",
    },
}
# fmt: on

RELEASES: tuple[str, ...] = tuple(_CHANGES)
"""Every release that can be imitated, oldest first."""


def versions_of(release: str) -> dict[int, Versions]:
    """API key → the versions that a broker of ``release`` advertised."""
    told: dict[int, str] = {}
    for name, changes in _CHANGES.items():
        told.update(changes)
        if name == release:
            break
    else:
        raise KeyError(release)
    return {key: Versions.parse(text) for key, text in told.items() if text != "none"}
