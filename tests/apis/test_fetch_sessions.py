"""Incremental fetch sessions (KIP-227), without a broker."""

from __future__ import annotations

import random

import pytest

from pykbroker.apis.fetch_sessions import MIN_EVICTION_MS, FetchContext, FetchSessionCache
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic, ForgottenTopic, PartitionData


def cache(slots: int = 10) -> FetchSessionCache:
    return FetchSessionCache(slots, random.Random(1))


def ask(topics=None, session_id=0, epoch=0, forget=None) -> FetchRequest:
    """A request for ``{topic: [partitions]}``, from offset 0 on."""
    return FetchRequest(
        session_id=session_id,
        session_epoch=epoch,
        topics=[
            FetchTopic(
                topic=name,
                partitions=[
                    FetchPartition(partition=index, fetch_offset=0, partition_max_bytes=100) for index in indexes
                ],
            )
            for name, indexes in (topics or {}).items()
        ],
        forgotten_topics_data=[
            ForgottenTopic(topic=name, partitions=indexes) for name, indexes in (forget or {}).items()
        ],
    )


def data(index=0, records=b"", high_watermark=5, error=0) -> PartitionData:
    return PartitionData(
        partition_index=index, error_code=error, high_watermark=high_watermark, log_start_offset=0, records=records
    )


def indexes_of(context: FetchContext) -> list[int]:
    return [wanted.index for wanted in context.partitions]


def test_the_first_request_makes_a_session_that_remembers_its_partitions():
    """Epoch 0 creates a session; the next request needs no partitions to be about the same ones."""
    sessions = cache()
    first = sessions.resolve(ask({"t": [0, 1]}), False, 0)
    again = sessions.resolve(ask(session_id=first.session_id, epoch=1), False, 1)

    assert first.session_id > 0
    assert indexes_of(again) == [0, 1]
    assert again.is_incremental


def test_partitions_are_added_changed_and_forgotten():
    """An incremental request's topics are merged into the session's, forgotten ones leave it."""
    sessions = cache()
    session_id = sessions.resolve(ask({"t": [0, 1]}), False, 0).session_id

    changed = sessions.resolve(ask({"t": [2]}, session_id, 1, forget={"t": [0]}), False, 1)

    assert indexes_of(changed) == [1, 2]


@pytest.mark.parametrize(
    ("known", "epoch", "by_id", "code"),
    [
        (False, 1, False, ErrorCode.FETCH_SESSION_ID_NOT_FOUND),
        (True, 2, False, ErrorCode.INVALID_FETCH_SESSION_EPOCH),
        (True, 1, True, ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR),
    ],
)
def test_a_session_that_does_not_fit_is_refused(known, epoch, by_id, code):
    """An unknown id, an epoch out of turn, and ids in place of names each have their own error."""
    sessions = cache()
    session_id = sessions.resolve(ask({"t": [0]}), False, 0).session_id

    with pytest.raises(KafkaError) as refused:
        sessions.resolve(ask(session_id=session_id if known else session_id + 1, epoch=epoch), by_id, 1)

    assert refused.value.code == code


def test_an_incremental_answer_leaves_out_what_is_unchanged():
    """Told once, a partition is told again only for records, an error, or a moved high watermark."""
    sessions = cache()
    first = sessions.resolve(ask({"t": [0]}), False, 0)
    assert first.is_worth_telling(first.partitions[0], data())

    quiet = sessions.resolve(ask(session_id=first.session_id, epoch=1), False, 1)
    assert not quiet.is_worth_telling(quiet.partitions[0], data())

    for epoch, changed in enumerate([data(records=b"x"), data(high_watermark=6), data(error=3)], 2):
        context = sessions.resolve(ask(session_id=first.session_id, epoch=epoch), False, epoch)
        assert context.is_worth_telling(context.partitions[0], changed)


def test_a_partition_that_gave_records_is_served_last_next_time():
    """A small response limit starves nobody: whoever gave data goes to the end of the line."""
    sessions = cache()
    first = sessions.resolve(ask({"t": [0, 1, 2]}), False, 0)
    second = sessions.resolve(ask(session_id=first.session_id, epoch=1), False, 1)
    for wanted in second.partitions:
        second.is_worth_telling(wanted, data(wanted.index, records=b"x" if wanted.index == 0 else b""))

    third = sessions.resolve(ask(session_id=first.session_id, epoch=2), False, 2)

    assert indexes_of(third) == [1, 2, 0]


def test_without_a_session_nothing_is_remembered():
    """Epoch -1 is a plain fetch, and closes the session it names."""
    sessions = cache()
    session_id = sessions.resolve(ask({"t": [0]}), False, 0).session_id

    context = sessions.resolve(ask({"t": [0]}, session_id, -1), False, 1)

    assert context.session_id == 0
    assert sessions.statistics() == {"sessions": 0, "partitions": 0}


def test_a_full_cache_makes_room_only_for_good_reason():
    """A fresh session stays; one idle for two minutes makes room for another."""
    sessions = cache(slots=1)
    sessions.resolve(ask({"t": [0]}), False, 0)

    refused = sessions.resolve(ask({"u": [0]}), False, 1000)
    accepted = sessions.resolve(ask({"u": [0]}), False, MIN_EVICTION_MS + 1)

    assert refused.session_id == 0
    assert accepted.session_id > 0


def test_a_session_without_partitions_ends():
    """Forgetting the last partition closes the session, as in Apache Kafka."""
    sessions = cache()
    session_id = sessions.resolve(ask({"t": [0]}), False, 0).session_id

    context = sessions.resolve(ask(session_id=session_id, epoch=1, forget={"t": [0]}), False, 1)

    assert context.session_id == 0
    assert not sessions.sessions
