"""Looking at groups: DescribeGroups and ListGroups as clients see them."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.coordinator.classic_group import STABLE, ClassicGroup
from pykbroker.coordinator.consumer_group import ConsumerGroup
from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.groups import DescribedGroup, DescribedGroupMember, ListedGroup

DEAD = "Dead"
"""What DescribeGroups calls a group that does not exist."""


def describe(group: ClassicGroup) -> DescribedGroup:
    """A classic group. Its protocol, and what members said of themselves, are shown while it is stable."""
    protocol = group.protocol_name if group.state is STABLE else None
    members = [
        DescribedGroupMember(
            member_id=member.member_id,
            group_instance_id=member.instance_id,
            client_id=member.client_id,
            client_host=member.client_host,
            member_metadata=b"" if protocol is None else member.metadata(protocol),
            member_assignment=member.assignment,
        )
        for member in group.members.values()
    ]
    return DescribedGroup(
        error_code=ErrorCode.NONE,
        group_id=group.group_id,
        group_state=group.state.value,
        protocol_type=group.protocol_type or "",
        protocol_data=protocol or "",
        members=members,
    )


def describe_missing(group_id: str, *, as_error: bool, is_other_kind: bool) -> DescribedGroup:
    """A group that is not there, or is no classic group: dead to older clients, an error to newer ones (KIP-1043)."""
    why = "is not a classic group" if is_other_kind else "not found"
    return DescribedGroup(
        error_code=ErrorCode.GROUP_ID_NOT_FOUND if as_error else ErrorCode.NONE,
        error_message=f"Group {group_id} {why}." if as_error else None,
        group_id=group_id,
        group_state=DEAD,
        protocol_type="",
        protocol_data="",
        members=(),
    )


def listed(group: ClassicGroup | ConsumerGroup) -> ListedGroup:
    """One line of ListGroups."""
    return ListedGroup(
        group_id=group.group_id,
        protocol_type=group.protocol_type or "",
        group_state=group.state_name,
        group_type=group.type.value,
    )


class Filter:
    """Which groups ListGroups should show: empty filters let everything through; case does not matter."""

    __slots__ = ("_states", "_types")

    def __init__(self, states: Sequence[str], types: Sequence[str]) -> None:
        self._states = {state.lower() for state in states}
        self._types = {kind.lower() for kind in types}

    def lets_through(self, group: ClassicGroup | ConsumerGroup) -> bool:
        """Whether the group is to be shown."""
        if self._states and group.state_name.lower() not in self._states:
            return False
        return not self._types or group.type.value in self._types
