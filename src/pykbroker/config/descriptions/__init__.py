"""What each configuration means, in a sentence or two of ours.

Loaded only when somebody asks: DescribeConfigs with documentation, the reference documentation, ``pykbroker
configs``. Each file beside this one belongs to the table of the same name; in it, a name stands alone on a
line and its words are indented below.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache

from pykbroker.config.tables import (
    BROKER_RESOURCE,
    BROKER_THEMES,
    CLIENT_METRICS_RESOURCE,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
    base_name,
)

_MODULES = {
    BROKER_RESOURCE: tuple(f"broker_{theme}" for theme in BROKER_THEMES),
    TOPIC_RESOURCE: ("topic",),
    GROUP_RESOURCE: ("group",),
    CLIENT_METRICS_RESOURCE: ("client_metrics",),
}


def documentation_of(resource_type: int, name: str) -> str | None:
    """What a configuration means; None for an unknown one."""
    words = documentation(resource_type)
    return words.get(name) or words.get(base_name(name))


@cache
def documentation(resource_type: int) -> Mapping[str, str]:
    """Name → meaning, for all configurations of a type of resource."""
    return {
        name: text
        for module in _MODULES.get(resource_type, ())
        for name, text in _entries(importlib.import_module(f"{__name__}.{module}").TEXT)
    }


def _entries(text: str) -> Iterator[tuple[str, str]]:
    name, words = "", list[str]()
    for line in text.splitlines():
        if line.startswith(" "):
            words.append(line.strip())
        elif line:
            if name:
                yield name, " ".join(words)
            name, words = line, []
    if name:
        yield name, " ".join(words)
