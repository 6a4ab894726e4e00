"""Access control lists without an authorizer: DescribeAcls, CreateAcls, DeleteAcls (API keys 29, 30, 31).

This broker has no authorizer, and answers as Apache Kafka does without one (``AclApis``): SECURITY_DISABLED, whatever
is asked. Admin tools look for exactly this answer to tell that the cluster keeps no lists.
"""

from __future__ import annotations

from pykbroker.apis.context import RequestContext
from pykbroker.apis.handles import Api, handles
from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.wire.messages.acls import (
    AclCreationResult,
    CreateAclsRequest,
    CreateAclsResponse,
    DeleteAclsFilterResult,
    DeleteAclsRequest,
    DeleteAclsResponse,
    DescribeAclsRequest,
    DescribeAclsResponse,
)

NO_AUTHORIZER = KafkaError(ErrorCode.SECURITY_DISABLED, "No authorizer is configured on the broker.")


@handles(DescribeAclsRequest)
async def describe_acls(context: RequestContext, request: DescribeAclsRequest) -> DescribeAclsResponse:
    """Which lists there are."""
    raise NO_AUTHORIZER


def _none_created(request: CreateAclsRequest, error: KafkaError) -> CreateAclsResponse:
    result = AclCreationResult(error_code=error.code, error_message=error.message)
    return CreateAclsResponse(results=[result] * len(request.creations))


@handles(CreateAclsRequest, error_response=_none_created)
async def create_acls(context: RequestContext, request: CreateAclsRequest) -> CreateAclsResponse:
    """Add entries."""
    raise NO_AUTHORIZER


def _none_deleted(request: DeleteAclsRequest, error: KafkaError) -> DeleteAclsResponse:
    result = DeleteAclsFilterResult(error_code=error.code, error_message=error.message, matching_acls=())
    return DeleteAclsResponse(filter_results=[result] * len(request.filters))


@handles(DeleteAclsRequest, error_response=_none_deleted)
async def delete_acls(context: RequestContext, request: DeleteAclsRequest) -> DeleteAclsResponse:
    """Remove entries that match."""
    raise NO_AUTHORIZER


FAMILY: tuple[Api, ...] = (describe_acls, create_acls, delete_acls)
