"""The table of APIs: every API this broker serves, by family, in one explicit place.

ApiVersions answers exactly this table; what is not in it does not exist for a client. A family's module is imported
when the first request for it comes: a broker is ready before it knows how to reassign partitions. Which versions
there are is known without that (``wire.messages``); handlers do not narrow them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from pykbroker.apis.handles import Api
from pykbroker.wire.messages import APIS as DECLARED
from pykbroker.wire.schema import Versions

FAMILIES: Mapping[str, tuple[int, ...]] = {
    "produce": (0,),
    "fetch": (1,),
    "list_offsets": (2, 23),
    "metadata": (3, 60, 75),
    "groups": (10, 11, 12, 13, 14, 15, 16, 42),
    "consumer_groups": (68, 69),
    "offsets": (8, 9, 47),
    "api_versions": (18,),
    "topics": (19, 20, 21, 37),
    "transactions": (22, 24, 25, 26, 27, 28, 65, 66),
    "producers": (61,),
    "acls": (29, 30, 31),
    "configs": (32, 33, 44, 74),
    "log_dirs": (34, 35),
    "reassignments": (43, 45, 46),
    "quorum": (55, 57),
}
"""Module → the API keys its ``FAMILY`` handles."""


class ApiTable(Mapping[int, Api]):
    """The APIs by key. ``versions`` is known at once, the handlers when they are first looked up."""

    def __init__(self, families: Mapping[str, tuple[int, ...]] = FAMILIES, as_version: str | None = None) -> None:
        """``as_version`` is an Apache Kafka release: what it did not have is not offered."""
        self._module_of = {key: name for name, keys in families.items() for key in keys}
        assert len(self._module_of) == sum(map(len, families.values())), "an API key is handled twice"
        self._loaded: dict[int, Api] = {}
        served = {key: Versions.parse(DECLARED[key].versions) for key in sorted(self._module_of)}
        self.versions: Mapping[int, Versions] = served if as_version is None else _narrowed(served, as_version)
        """The versions offered, by API key, in order of the keys."""

    def __getitem__(self, key: int) -> Api:
        api = self._loaded.get(key)
        if api is None:
            module = import_module(f"pykbroker.apis.{self._module_of[key]}")
            self._loaded.update((each.key, each) for each in module.FAMILY if each.key in self.versions)
            api = self._loaded[key]
        return api

    def get(self, key: int, default: object = None) -> Api | None:  # type: ignore[override]  # no other default is needed
        """The API, or None: dispatch asks for every request."""
        return self._loaded.get(key) or (self[key] if key in self.versions else None)

    def __iter__(self) -> Iterator[int]:
        return iter(self.versions)

    def __len__(self) -> int:
        return len(self.versions)


def _narrowed(served: Mapping[int, Versions], release: str) -> dict[int, Versions]:
    from pykbroker.wire.messages.releases import versions_of  # only for those who imitate

    known = versions_of(release)
    both = {key: versions.intersection(known[key]) for key, versions in served.items() if key in known}
    return {key: versions for key, versions in both.items() if versions}
