"""The table of APIs against the handlers and declarations it speaks of."""

from __future__ import annotations

from importlib import import_module

import pytest

from pykbroker.apis.table import FAMILIES, ApiTable
from pykbroker.wire.messages import APIS, REQUESTS
from pykbroker.wire.messages.api_versions import ApiVersionsRequest


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_handles_exactly_the_keys_it_is_listed_with(name):
    """The table says what the module does, no more and no less."""
    module = import_module(f"pykbroker.apis.{name}")

    assert sorted(api.key for api in module.FAMILY) == sorted(FAMILIES[name])


@pytest.mark.parametrize("key", APIS)
def test_the_versions_known_before_a_message_is_are_those_it_declares(key):
    """The static row and the declaration agree; unstable versions are not offered."""
    request = REQUESTS[key]
    stable = [version for version in request.versions if version not in request.unstable]
    text = APIS[key].versions

    assert text == ("none" if not stable else str(stable[0]) if len(stable) == 1 else f"{stable[0]}-{stable[-1]}")


async def test_api_versions_tells_exactly_what_is_served(autojump_clock, client):
    """Every API in the answer is in the table with its versions, and nothing else."""
    answer = await client.ask(ApiVersionsRequest(client_software_name="t", client_software_version="1"))

    told = {key.api_key: (key.min_version, key.max_version) for key in answer.api_keys}
    assert told == {key: (versions.low, versions.high) for key, versions in ApiTable().versions.items()}
