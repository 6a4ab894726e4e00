"""Access control lists, of which there are none."""

from __future__ import annotations

import pytest

from pykbroker.errors import ErrorCode
from pykbroker.wire.messages.acls import (
    AclCreation,
    CreateAclsRequest,
    DeleteAclsFilter,
    DeleteAclsRequest,
    DescribeAclsRequest,
)


@pytest.mark.parametrize("version", [0, 3])
async def test_without_an_authorizer_every_answer_is_security_disabled(autojump_clock, client, version):
    """As Apache Kafka 4.3.1 without one: DescribeAcls as a whole, the others once for each entry asked."""
    what = {"operation": 3, "permission_type": 3}
    creation = AclCreation(resource_type=2, resource_name="t", principal="User:a", host="*", **what)
    wanted = DeleteAclsFilter(resource_type_filter=2, **what)

    described = await client.ask(DescribeAclsRequest(resource_type_filter=1, **what), version)
    created = await client.ask(CreateAclsRequest(creations=[creation] * 2), version)
    deleted = await client.ask(DeleteAclsRequest(filters=[wanted]), version)

    disabled = ErrorCode.SECURITY_DISABLED
    assert described.error_code == disabled
    assert [result.error_code for result in created.results] == [disabled, disabled]
    assert [(result.error_code, list(result.matching_acls)) for result in deleted.filter_results] == [(disabled, [])]
