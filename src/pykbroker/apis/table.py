"""The table of APIs: every family this broker serves, in one explicit tuple.

ApiVersions answers exactly this table; what is not in it does not exist for a client.
"""

from __future__ import annotations

from collections.abc import Iterable

from pykbroker.apis import (
    api_versions,
    configs,
    fetch,
    groups,
    list_offsets,
    log_dirs,
    metadata,
    offsets,
    produce,
    quorum,
    reassignments,
    topics,
    transactions,
)
from pykbroker.apis.handles import Api

FAMILIES = (
    produce,
    fetch,
    list_offsets,
    metadata,
    groups,
    offsets,
    api_versions,
    topics,
    transactions,
    configs,
    log_dirs,
    reassignments,
    quorum,
)


def _table(apis: Iterable[Api]) -> dict[int, Api]:
    table: dict[int, Api] = {}
    for api in apis:
        assert api.key not in table, f"API key {api.key} is handled twice"
        table[api.key] = api
    return table


APIS = _table(api for family in FAMILIES for api in family.FAMILY)
"""Every API by its key."""
