"""One member of a classic group.

A member is parked in at most one JoinGroup and one SyncGroup; the tokens say which requests to answer.
"""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pykbroker.machine.result import Token

Protocols = tuple[tuple[str, bytes], ...]
"""What a member offers: protocol names with metadata, best first."""


class ClassicMember:
    """Kafka's ``ClassicGroupMember``."""

    __slots__ = (
        "assignment",
        "client_host",
        "client_id",
        "instance_id",
        "is_new",
        "join_token",
        "member_id",
        "protocol_type",
        "protocols",
        "rebalance_timeout_ms",
        "session_timeout_ms",
        "sync_token",
    )

    def __init__(
        self,
        member_id: str,
        instance_id: str | None,
        client_id: str,
        client_host: str,
        protocol_type: str,
    ) -> None:
        self.member_id = member_id
        self.instance_id = instance_id
        self.client_id = client_id
        self.client_host = client_host
        self.protocol_type = protocol_type
        self.protocols: Protocols = ()
        self.rebalance_timeout_ms = 0
        self.session_timeout_ms = 0
        self.assignment = b""
        self.is_new = False
        """It has not completed a join yet, so it does not know its id and cannot send heartbeats."""
        self.join_token: Token | None = None
        self.sync_token: Token | None = None

    @property
    def is_parked(self) -> bool:
        """A member that waits for us has proved that it lives, unless it is new."""
        return not self.is_new and (self.join_token is not None or self.sync_token is not None)

    def metadata(self, protocol_name: str) -> bytes:
        """What it said about itself under a protocol that it offers."""
        return next(metadata for name, metadata in self.protocols if name == protocol_name)

    def vote(self, candidates: Set[str]) -> str:
        """Its favourite among the candidates."""
        return next(name for name, _ in self.protocols if name in candidates)

    def renamed(self, member_id: str) -> ClassicMember:
        """The same member under another id, parked nowhere."""
        other = ClassicMember(member_id, self.instance_id, self.client_id, self.client_host, self.protocol_type)
        other.protocols = self.protocols
        other.rebalance_timeout_ms = self.rebalance_timeout_ms
        other.session_timeout_ms = self.session_timeout_ms
        other.assignment = self.assignment
        return other
