"""The scenes, in the order in which they are played: on one cluster, so later ones see what earlier ones left."""

from differential.scenes import (  # noqa: F401, I001  importing registers, and the order is meant
    frames,
    cluster,
    metadata,
    topics,
    partitions,
    produce,
    idempotence,
    fetch,
    fetch_sessions,
    list_offsets,
    configs,
    alter_configs,
    groups,
    group_members,
    group_offsets,
    transactions,
    security,
    quotas,
    next_groups,
    share_groups,
)
