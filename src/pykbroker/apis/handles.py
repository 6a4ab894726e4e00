"""``@handles``: the mark that makes a function the answer to one Kafka API.

An ``Api`` is what dispatch needs to know: which request, who answers, and what an answer
looks like when the whole request fails. Nothing registers itself: ``apis/__init__.py`` lists the families in one
place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pykbroker.errors import KafkaError
from pykbroker.wire.api import Request, Response

if TYPE_CHECKING:
    from pykbroker.apis.context import RequestContext

RequestT = TypeVar("RequestT", bound="Request[Any]")
ResponseT = TypeVar("ResponseT", bound=Response)

ErrorResponse = Callable[[RequestT, KafkaError], Response]


@dataclass(frozen=True, slots=True)
class Api:
    """One Kafka API as this broker serves it."""

    request_type: type[Request[Any]]
    handle: Callable[[RequestContext, Any], Awaitable[Response | None]]
    error_response: ErrorResponse[Any]

    @property
    def key(self) -> int:
        """The API key (``ApiKeys`` in Apache Kafka)."""
        return self.request_type.api_key


def handles(
    request_type: type[RequestT],
    *,
    error_response: ErrorResponse[RequestT] | None = None,
) -> Callable[[Callable[[RequestContext, RequestT], Awaitable[Any]]], Api]:
    """Make an ``Api`` of a handler.

    ``error_response`` builds the answer to a request that failed as a whole;
    without it the response must have a top-level ``error_code``.
    """

    def mark(handle: Callable[[RequestContext, RequestT], Awaitable[Any]]) -> Api:
        return Api(request_type, handle, error_response or top_level_error)

    return mark


def top_level_error(request: Request[Any], error: KafkaError) -> Response:
    """The answer whose only content is an error code, and a message where the response has room for one."""
    response_type: type[Response] = type(request).response_type
    names = {field.name for field in response_type.__fields__}
    assert "error_code" in names, (
        f"{response_type.__name__} has no top-level error code: give @handles an error_response"
    )
    fields: dict[str, Any] = {"error_code": error.code}
    if "error_message" in names:
        fields["error_message"] = error.message
    return response_type(**fields)
