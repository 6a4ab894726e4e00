"""Decision: what every function of the controller returns, and who it decided for.

Lives here: the shape (records to write, answer to give), the limit on how much one request may write, and
``Requester``, which carries what the asking client may do into a decision without the controller knowing of ACLs.
Invariant: the records of a decision are one atomic batch; the answer is true once they are in the image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.api import StoredMessage

T = TypeVar("T")

MAX_RECORDS_PER_REQUEST = 10_000
"""What one request may write (QuorumController.MAX_RECORDS_PER_USER_OP): a batch must stay small enough to replicate.
"""


class Decision(NamedTuple, Generic[T]):
    """Records for the metadata log, in order, and the answer."""

    records: Sequence[StoredMessage]
    response: T


def _anything(name: str) -> bool:
    return True


def _any_resource(resource_type: int, name: str) -> bool:
    return True


def _for_free(partitions: int) -> None:
    """No controller mutation quota (KIP-599)."""


class Requester(NamedTuple):
    """What the client that asks may do. ``charge`` takes partitions made or removed; it may raise
    THROTTLING_QUOTA_EXCEEDED.
    """

    may_create: Callable[[str], bool] = _anything
    may_delete: Callable[[str], bool] = _anything
    may_describe: Callable[[str], bool] = _anything
    may_describe_configs: Callable[[str], bool] = _anything
    may_alter_configs: Callable[[int, str], bool] = _any_resource
    charge: Callable[[int], None] = _for_free


ANYBODY = Requester()


def check_size(records: Sequence[StoredMessage]) -> None:
    """Raise POLICY_VIOLATION when one request would write too much."""
    if len(records) > MAX_RECORDS_PER_REQUEST:
        raise KafkaError(
            ErrorCode.POLICY_VIOLATION,
            f"the request needs {len(records)} metadata records; one request may write {MAX_RECORDS_PER_REQUEST}",
        )
