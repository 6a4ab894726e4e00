"""Feature levels and metadata versions: what Apache Kafka 4.3 knows, as tables.

Lives here: the levels every feature may have, what a level needs, which level a fresh cluster gets, and in which
version a metadata record is written under a given ``metadata.version``. The figures are Apache Kafka 4.3.1's.
Invariant: we read and write exactly the metadata versions Apache Kafka 4.3 does, so a data directory can move both
ways.
Never: reads or changes an image; that is for ``replay`` and ``controller.features``.

Kafka: ``MetadataVersion``, ``Feature`` and its ``*Version`` enums (KIP-584, KIP-1022).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pykbroker.wire.api import StoredMessage

METADATA_VERSION = "metadata.version"
KRAFT_VERSION = "kraft.version"

# Level -> Kafka's name of it. From 3.3-IV3 on, the oldest one Apache Kafka 4.x still starts with.
METADATA_VERSIONS: Mapping[int, str] = {
    7: "3.3-IV3",
    8: "3.4-IV0",
    9: "3.5-IV0",
    10: "3.5-IV1",
    11: "3.5-IV2",
    12: "3.6-IV0",
    13: "3.6-IV1",
    14: "3.6-IV2",
    15: "3.7-IV0",
    16: "3.7-IV1",
    17: "3.7-IV2",
    18: "3.7-IV3",
    19: "3.7-IV4",
    20: "3.8-IV0",
    21: "3.9-IV0",
    22: "4.0-IV0",
    23: "4.0-IV1",
    24: "4.0-IV2",
    25: "4.0-IV3",
    26: "4.1-IV0",
    27: "4.1-IV1",
    28: "4.2-IV0",
    29: "4.2-IV1",
    30: "4.3-IV0",
}
OLDEST_METADATA_VERSION = 7
LATEST_METADATA_VERSION = 30

# The levels that changed which records exist or what they hold: going below one of them would lose metadata.
METADATA_CHANGED_AT = frozenset({7, 8, 11, 13, 14, 15, 17, 23, 30})

SCRAM_SINCE = 11
METADATA_TRANSACTIONS_SINCE = 13
DELEGATION_TOKENS_SINCE = 14
CONTROLLER_REGISTRATION_SINCE = 15
DIRECTORIES_SINCE = 17
ELR_SINCE = 23
CORDONED_LOG_DIRS_SINCE = 30


class Feature(NamedTuple):
    """One feature: its highest level, the metadata version at which each level becomes the default, what a level
    needs.
    """

    max_level: int
    default_since: Mapping[int, int]
    needs: Mapping[int, Mapping[str, int]] = {}


FEATURES: Mapping[str, Feature] = {
    "eligible.leader.replicas.version": Feature(1, {1: 26}, {1: {METADATA_VERSION: ELR_SINCE}}),
    "group.version": Feature(1, {1: 22}),
    "share.version": Feature(1, {1: 28}),
    "streams.version": Feature(1, {1: 29}),
    "transaction.version": Feature(2, {1: 24, 2: 24}),
}
# kraft.version lives in the log's control records (KIP-853) and not in the image; 0 means static voters.
MAX_KRAFT_VERSION = 1


SUPPORTED_SINCE: Mapping[str, int] = {
    KRAFT_VERSION: 21,
    "eligible.leader.replicas.version": 22,
    "group.version": 22,
    "transaction.version": 22,
    "share.version": 26,
    "streams.version": 28,
}
"""The first metadata version of the release whose brokers knew a feature: 3.9, 4.0, 4.1 and 4.2."""


def supported_features(latest: int = LATEST_METADATA_VERSION) -> dict[str, tuple[int, int]]:
    """What this software supports: name -> (lowest, highest), as registered and as ApiVersions tells it.

    ``latest`` is the highest metadata version of the release that is imitated.
    """
    ranges = {name: (0, feature.max_level) for name, feature in FEATURES.items()}
    ranges[KRAFT_VERSION] = (0, MAX_KRAFT_VERSION)
    known = {name: each for name, each in ranges.items() if SUPPORTED_SINCE[name] <= latest}
    known[METADATA_VERSION] = (OLDEST_METADATA_VERSION, latest)
    return known


def latest_metadata_version(release: str | None) -> int:
    """The highest metadata version of an Apache Kafka release; None is the one this software speaks.

    Releases before 3.3 get the lowest that this software can write.
    """
    if release is None:
        return LATEST_METADATA_VERSION
    return metadata_version_from_text(release) or OLDEST_METADATA_VERSION


def features_are_told(release: str | None) -> bool:
    """Whether brokers of a release had features to tell of: those under ZooKeeper had none."""
    return release is None or metadata_version_from_text(release) is not None


def default_level(feature: str, metadata_version: int) -> int:
    """The level a cluster formatted at ``metadata_version`` gets."""
    levels = FEATURES[feature].default_since
    return max((level for level, since in levels.items() if since <= metadata_version), default=0)


def default_features(metadata_version: int = LATEST_METADATA_VERSION) -> dict[str, int]:
    """The finalized features of a cluster formatted at ``metadata_version``; level 0 is left out, as when stored."""
    features = {METADATA_VERSION: metadata_version}
    for name in FEATURES:
        level = default_level(name, metadata_version)
        if level:
            features[name] = level
    return features


def metadata_version_from_text(text: str) -> int | None:
    """The level of "4.3-IV0"; "4.3" means the last of that release. None if there is no such version."""
    for level in sorted(METADATA_VERSIONS, reverse=True):
        name = METADATA_VERSIONS[level]
        if text in (name, name.partition("-")[0]):
            return level
    return None


# Record -> (since this metadata version, this record version). What is not named here has only version 0.
_RECORD_VERSIONS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "RegisterBrokerRecord": ((7, 1), (8, 2), (DIRECTORIES_SINCE, 3), (CORDONED_LOG_DIRS_SINCE, 4)),
    "PartitionRecord": ((DIRECTORIES_SINCE, 1), (ELR_SINCE, 2)),
    "PartitionChangeRecord": ((DIRECTORIES_SINCE, 1), (ELR_SINCE, 2)),
}


def record_version(record: StoredMessage, metadata_version: int) -> int:
    """The version in which Kafka writes this record under ``metadata_version``."""
    name = type(record).__name__
    if name == "BrokerRegistrationChangeRecord":
        return _registration_change_version(record)
    steps = _RECORD_VERSIONS.get(name, ())
    return max((version for since, version in steps if since <= metadata_version), default=0)


def _registration_change_version(record: Any) -> int:
    """The lowest version that can hold what changed, as Kafka's controller writes it."""
    if record.cordoned_log_dirs is not None:
        return 3
    if record.log_dirs:
        return 2
    return 1 if record.in_controlled_shutdown else 0
