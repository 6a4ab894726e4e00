"""The broker-logger resource: log levels, looked at and changed while the broker runs.

The loggers are Python's, the levels Kafka's; what Python does not tell apart (TRACE and DEBUG) is the same.
Levels set this way are gone with the next start, as in Apache Kafka (``LoggingController``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

from pykbroker.config.definitions import ConfigType
from pykbroker.config.describe import ConfigEntry, ConfigSource, Keys
from pykbroker.errors import ErrorCode, KafkaError

ROOT: Final = "root"
PACKAGE: Final = "pykbroker"

LEVELS: Final = {
    "TRACE": logging.DEBUG,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
}
_KAFKA_LEVELS: Final = {level: name for name, level in LEVELS.items()}  # DEBUG stays DEBUG: it comes last

SET, DELETE = 0, 1
"""What can be done to a level (``AlterConfigOp.OpType``)."""


class LevelChange(NamedTuple):
    """One operation on one logger."""

    name: str
    operation: int
    level: str | None


def describe_loggers(keys: Keys = None) -> list[ConfigEntry]:
    """Every logger with the level that holds for it."""
    return [
        ConfigEntry(
            name,
            _level_name(_logger(name)),
            ConfigSource.DYNAMIC_BROKER_LOGGER_CONFIG,
            ConfigType.UNKNOWN,
            read_only=False,
            is_sensitive=False,
            synonyms=(),
        )
        for name in _names()
        if keys is None or name in keys
    ]


def check_levels(changes: Iterable[LevelChange]) -> None:
    """Raise INVALID_REQUEST for what cannot be done to a logger, INVALID_CONFIG for an unknown logger or level."""
    known = set(_names())
    for name, operation, level in changes:
        if operation not in (SET, DELETE):
            raise KafkaError(
                ErrorCode.INVALID_REQUEST, "Log levels can be set and deleted, not appended or subtracted."
            )
        if name not in known:
            raise KafkaError(ErrorCode.INVALID_CONFIG, f"There is no logger {name}.")
        if operation == DELETE and name == ROOT:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "The root logger's level can be set, not deleted.")
        if operation == SET and level not in LEVELS:
            raise KafkaError(ErrorCode.INVALID_CONFIG, f"{level} is not a log level; those are {', '.join(LEVELS)}.")


def set_levels(changes: Iterable[LevelChange]) -> None:
    """Do all of them, or none: raises as ``check_levels``."""
    changes = tuple(changes)
    check_levels(changes)
    for name, operation, level in changes:
        _logger(name).setLevel(LEVELS[level or ""] if operation == SET else logging.NOTSET)


def _names() -> list[str]:
    present = [
        name
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger) and (name == PACKAGE or name.startswith(PACKAGE + "."))
    ]
    return [ROOT, *sorted(present)]


def _logger(name: str) -> logging.Logger:
    return logging.root if name == ROOT else logging.getLogger(name)


def _level_name(logger: logging.Logger) -> str:
    level = logger.getEffectiveLevel()
    return _KAFKA_LEVELS.get(level) or min(_KAFKA_LEVELS.items(), key=lambda known: abs(known[0] - level))[1]
