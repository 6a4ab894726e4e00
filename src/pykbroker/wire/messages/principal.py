"""How a principal travels inside an Envelope request (``DefaultKafkaPrincipalBuilder``)."""

from __future__ import annotations

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import boolean, string


class DefaultPrincipalData(StoredMessage, versions="0", flexible="0+"):
    """A principal: type, name, and whether a token authenticated it. An int16 version stands before it."""

    type: str = string()
    name: str = string()
    token_authenticated: bool = boolean()
