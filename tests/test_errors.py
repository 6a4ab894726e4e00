"""The error table: complete, and each code explained."""

import pytest

from pykbroker.errors import ErrorCode, KafkaError


def test_codes_are_dense_from_minus_one():
    """Kafka numbers its errors without gaps, from -1 to 133 in 4.3."""
    assert list(range(-1, 134)) == sorted(ErrorCode)


def test_every_code_has_a_sentence():
    """A default message starts with a capital, ends with a stop and belongs to one code only."""
    messages = [code.default_message for code in ErrorCode]

    assert all(message[0].isupper() and message.endswith(".") for message in messages)
    assert len(set(messages)) == len(messages)


@pytest.mark.parametrize(
    ("code", "retriable"),
    [
        (ErrorCode.NOT_COORDINATOR, True),
        (ErrorCode.UNKNOWN_TOPIC_ID, True),
        (ErrorCode.CORRUPT_MESSAGE, True),
        (ErrorCode.REBALANCE_IN_PROGRESS, False),
        (ErrorCode.NONE, False),
        (ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, False),
    ],
)
def test_retriable_follows_kafkas_exception_classes(code, retriable):
    """A code is retriable exactly when Kafka's exception for it is a RetriableException."""
    assert retriable == code.retriable


def test_thirty_two_codes_are_retriable():
    """The count in Apache Kafka 4.3.1, so that a slip in the table shows."""
    assert sum(code.retriable for code in ErrorCode) == 32


def test_an_error_speaks_with_its_own_message_or_the_default():
    """KafkaError carries the code, and words even when it was given none."""
    assert KafkaError(ErrorCode.MESSAGE_TOO_LARGE, "too big").message == "too big"
    assert ErrorCode.MESSAGE_TOO_LARGE.default_message == KafkaError(ErrorCode.MESSAGE_TOO_LARGE).message
    assert str(KafkaError(ErrorCode.MESSAGE_TOO_LARGE, "too big")) == "MESSAGE_TOO_LARGE: too big"
