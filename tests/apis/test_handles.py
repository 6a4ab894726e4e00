"""What ``@handles`` makes of a function, and the answer whose only content is an error."""

from __future__ import annotations

import pytest

from pykbroker.apis.handles import handles, top_level_error
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.consumer_groups import ConsumerGroupHeartbeatRequest
from pykbroker.wire.messages.groups import HeartbeatRequest
from pykbroker.wire.messages.metadata import MetadataRequest
from pykbroker.wire.messages.produce import ProduceRequest

ERROR = KafkaError(ErrorCode.NOT_COORDINATOR, "elsewhere")


def test_a_handler_becomes_an_api():
    """Key and error answer come with the request's class."""

    @handles(HeartbeatRequest)
    async def heartbeat(context, request):
        return None

    assert heartbeat.key == HeartbeatRequest.api_key
    request = HeartbeatRequest(group_id="g", generation_id=1, member_id="m")
    assert heartbeat.error_response(request, ERROR).error_code == ErrorCode.NOT_COORDINATOR


def test_an_own_error_response_is_used():
    """What the family builds wins over the general answer."""

    @handles(MetadataRequest, error_response=lambda request, error: (request, error))
    async def metadata(context, request):
        return None

    assert metadata.error_response("request", ERROR) == ("request", ERROR)


def test_the_message_goes_where_there_is_room():
    """error_message is filled in responses that have it."""
    answer = top_level_error(ConsumerGroupHeartbeatRequest(group_id="g", member_id="m", member_epoch=0), ERROR)

    assert (answer.error_code, answer.error_message) == (ErrorCode.NOT_COORDINATOR, "elsewhere")


def test_a_response_without_a_place_for_errors_needs_its_own():
    """A mistake of ours, found by the first test that provokes an error."""
    with pytest.raises(AssertionError, match="error_response"):
        top_level_error(ProduceRequest(acks=1, timeout_ms=1, topic_data=[]), ERROR)
