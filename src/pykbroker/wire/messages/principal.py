"""principal"""

from __future__ import annotations

from pykbroker.wire.api import StoredMessage
from pykbroker.wire.schema import boolean, string


class DefaultPrincipalData(StoredMessage, versions="0", flexible="0+"):
    """TODO"""

    type: str = string()
    name: str = string()
    token_authenticated: bool = boolean()
