"""Access control lists: DescribeAcls (29), CreateAcls (30), DeleteAcls (31)."""

from __future__ import annotations

from collections.abc import Sequence

from pykbroker.wire.api import Request, Response
from pykbroker.wire.schema import Struct, array, int8, int16, int32, string


class AclDescription(Struct):
    principal: str = string()
    host: str = string()
    operation: int = int8()
    permission_type: int = int8()


class DescribeAclsResource(Struct):
    resource_type: int = int8()
    resource_name: str = string()
    pattern_type: int = int8(default=3, versions="1+")
    acls: Sequence[AclDescription] = array(AclDescription)


class DescribeAclsResponse(Response, versions="0-3", flexible="2+"):
    """ACLs by resource."""

    throttle_time_ms: int = int32(default=0)
    error_code: int = int16(default=0)
    error_message: str | None = string(default=None, nullable="0+")
    resources: Sequence[DescribeAclsResource] = array(DescribeAclsResource, default=())


class DescribeAclsRequest(Request[DescribeAclsResponse], api_key=29, versions="0-3", flexible="2+"):
    """Asks for ACLs that match a filter. v1 prefixed patterns (KIP-290); v3 users as resources (KIP-373)."""

    resource_type_filter: int = int8()
    resource_name_filter: str | None = string(default=None, nullable="0+")
    pattern_type_filter: int = int8(default=3, versions="1+")
    principal_filter: str | None = string(default=None, nullable="0+")
    host_filter: str | None = string(default=None, nullable="0+")
    operation: int = int8()
    permission_type: int = int8()


class AclCreationResult(Struct):
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")


class CreateAclsResponse(Response, versions="0-3", flexible="2+"):
    """Per ACL an error."""

    throttle_time_ms: int = int32(default=0)
    results: Sequence[AclCreationResult] = array(AclCreationResult, default=())


class AclCreation(Struct):
    resource_type: int = int8()
    resource_name: str = string()
    resource_pattern_type: int = int8(default=3, versions="1+")
    principal: str = string()
    host: str = string()
    operation: int = int8()
    permission_type: int = int8()


class CreateAclsRequest(Request[CreateAclsResponse], api_key=30, versions="0-3", flexible="2+"):
    """Asks to create ACLs. v1 prefixed patterns (KIP-290); v3 users as resources (KIP-373)."""

    creations: Sequence[AclCreation] = array(AclCreation)


class DeleteAclsMatchingAcl(Struct):
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    resource_type: int = int8()
    resource_name: str = string()
    pattern_type: int = int8(default=3, versions="1+")
    principal: str = string()
    host: str = string()
    operation: int = int8()
    permission_type: int = int8()


class DeleteAclsFilterResult(Struct):
    error_code: int = int16()
    error_message: str | None = string(default=None, nullable="0+")
    matching_acls: Sequence[DeleteAclsMatchingAcl] = array(DeleteAclsMatchingAcl)


class DeleteAclsResponse(Response, versions="0-3", flexible="2+"):
    """Per filter what was deleted."""

    throttle_time_ms: int = int32(default=0)
    filter_results: Sequence[DeleteAclsFilterResult] = array(DeleteAclsFilterResult, default=())


class DeleteAclsFilter(Struct):
    resource_type_filter: int = int8()
    resource_name_filter: str | None = string(default=None, nullable="0+")
    pattern_type_filter: int = int8(default=3, versions="1+")
    principal_filter: str | None = string(default=None, nullable="0+")
    host_filter: str | None = string(default=None, nullable="0+")
    operation: int = int8()
    permission_type: int = int8()


class DeleteAclsRequest(Request[DeleteAclsResponse], api_key=31, versions="0-3", flexible="2+"):
    """Asks to delete ACLs that match filters.

    v1  prefixed patterns (KIP-290)    v3  users as resources (KIP-373)
    """

    filters: Sequence[DeleteAclsFilter] = array(DeleteAclsFilter)
