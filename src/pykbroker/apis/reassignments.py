"""Who leads and who replicates: ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments (API keys 43,
45, 46).

On a cluster of one the preferred leader leads already, and a reassignment to the replicas there are is complete at
once.
"""

from __future__ import annotations

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.controller.elections import elect_leaders as decide_election
from pykbroker.controller.reassignments import alter_partition_reassignments as decide_reassignment
from pykbroker.controller.reassignments import list_partition_reassignments as ongoing_reassignments
from pykbroker.wire.messages.topics import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    ElectLeadersRequest,
    ElectLeadersResponse,
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
)


@handles(ElectLeadersRequest)
async def elect_leaders(context: RequestContext, request: ElectLeadersRequest) -> ElectLeadersResponse:
    """Make preferred (or, if need be, unclean) replicas leaders; v1 brings the kind of election (KIP-460)."""
    return context.services.controller.decide(decide_election, request)


@handles(AlterPartitionReassignmentsRequest)
async def alter_partition_reassignments(
    context: RequestContext, request: AlterPartitionReassignmentsRequest
) -> AlterPartitionReassignmentsResponse:
    """Give partitions other replicas, or call that off (KIP-455)."""
    return context.services.controller.decide(decide_reassignment, request)


@handles(ListPartitionReassignmentsRequest)
async def list_partition_reassignments(
    context: RequestContext, request: ListPartitionReassignmentsRequest
) -> ListPartitionReassignmentsResponse:
    """What is being moved now."""
    return ongoing_reassignments(context.services.metadata.image, request)


FAMILY: tuple[Api, ...] = (elect_leaders, alter_partition_reassignments, list_partition_reassignments)
