"""Broker-logger resources (KIP-412): the levels of this process's loggers, described and changed.

Kafka's level names stand for Python's: TRACE and DEBUG for DEBUG, WARN for WARNING, FATAL for CRITICAL. A logger's level is deleted
by letting it follow its parent again; the root's cannot be.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from pykbroker.config.definitions import ConfigType
from pykbroker.config.describe import ConfigEntry, ConfigSource
from pykbroker.errors import ErrorCode, KafkaError

ROOT = "root"
OURS = "pykbroker"

LEVELS = {
    "FATAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "DEBUG": logging.DEBUG,
    "TRACE": logging.DEBUG,
}
"""Kafka's name → Python's level (``LogLevelConfig.VALID_LOG_LEVELS``)."""

_NAMES = {
    logging.CRITICAL: "FATAL",
    logging.ERROR: "ERROR",
    logging.WARNING: "WARN",
    logging.INFO: "INFO",
    logging.DEBUG: "DEBUG",
}

SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3


def _loggers() -> list[str]:
    existing = logging.Logger.manager.loggerDict
    return [ROOT, *sorted(name for name in existing if name == OURS or name.startswith(OURS + "."))]


def _logger(name: str) -> logging.Logger:
    return logging.getLogger() if name == ROOT else logging.getLogger(name)


def describe(keys: Collection[str] | None) -> Sequence[ConfigEntry]:
    """Every logger and the level it works at."""
    return [
        ConfigEntry(
            name,
            _NAMES.get(_logger(name).getEffectiveLevel(), "INFO"),
            ConfigSource.DYNAMIC_BROKER_LOGGER_CONFIG,
            ConfigType.STRING,
            read_only=False,
            is_sensitive=False,
            synonyms=(),
        )
        for name in _loggers()
        if keys is None or name in keys
    ]


def alter(changes: Sequence[tuple[str, int, str | None]], validate_only: bool) -> None:
    """Apply (logger, operation, level) changes, all or none. Raises KafkaError."""
    known = set(_loggers())
    for name, operation, level in changes:
        if operation in (APPEND, SUBTRACT):
            raise KafkaError(ErrorCode.INVALID_REQUEST, "a log level is no list: it can be set or deleted")
        if operation not in (SET, DELETE):
            raise KafkaError(ErrorCode.INVALID_REQUEST, f"there is no operation {operation}")
        if name not in known:
            raise KafkaError(ErrorCode.INVALID_CONFIG, f"there is no logger {name}")
        if operation == SET and level not in LEVELS:
            raise KafkaError(ErrorCode.INVALID_CONFIG, f"the level must be one of {', '.join(LEVELS)}")
        if operation == DELETE and name == ROOT:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "the root logger's level cannot be deleted")
    if validate_only:
        return
    for name, operation, level in changes:
        _logger(name).setLevel(LEVELS[level or ""] if operation == SET else logging.NOTSET)
