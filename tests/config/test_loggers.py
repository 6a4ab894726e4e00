"""Log levels as a resource."""

import logging

import pytest

from pykbroker.config.loggers import LevelChange, describe_loggers, set_levels
from pykbroker.errors import ErrorCode, KafkaError

SET, DELETE, APPEND = 0, 1, 2


@pytest.fixture
def logger():
    """A logger of this package, left as it was found."""
    logger = logging.getLogger("pykbroker.config")
    before = logger.level
    yield logger
    logger.setLevel(before)


def test_loggers_are_shown_with_the_level_that_holds(logger):
    """By Kafka's names for levels."""
    logger.setLevel(logging.WARNING)
    (entry,) = describe_loggers({"pykbroker.config"})

    assert (entry.value, entry.read_only, entry.source.name) == ("WARN", False, "DYNAMIC_BROKER_LOGGER_CONFIG")
    assert describe_loggers()[0].name == "root"


def test_a_level_between_two_is_shown_as_the_nearer(logger):
    """Python allows any number."""
    logger.setLevel(logging.ERROR + 1)
    (entry,) = describe_loggers({"pykbroker.config"})

    assert entry.value == "ERROR"


def test_levels_are_set_and_deleted(logger):
    """Deleting one leaves it to the parent."""
    set_levels([LevelChange("pykbroker.config", SET, "TRACE")])
    assert logger.level == logging.DEBUG
    set_levels([LevelChange("pykbroker.config", DELETE, None)])
    assert logger.level == logging.NOTSET


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (LevelChange("pykbroker.no.such", SET, "INFO"), ErrorCode.INVALID_CONFIG),
        (LevelChange("pykbroker.config", SET, "LOUD"), ErrorCode.INVALID_CONFIG),
        (LevelChange("pykbroker.config", SET, None), ErrorCode.INVALID_CONFIG),
        (LevelChange("pykbroker.config", APPEND, "INFO"), ErrorCode.INVALID_REQUEST),
        (LevelChange("root", DELETE, None), ErrorCode.INVALID_REQUEST),
    ],
)
def test_what_is_refused(logger, change, code):
    """With Apache Kafka's codes, and without doing the rest of the request."""
    logger.setLevel(logging.WARNING)
    with pytest.raises(KafkaError) as caught:
        set_levels([LevelChange("pykbroker.config", SET, "DEBUG"), change])

    assert caught.value.code is code
    assert logger.level == logging.WARNING
