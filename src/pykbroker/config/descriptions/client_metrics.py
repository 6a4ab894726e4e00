"""Words for ``config.client_metrics``."""

from typing import Final

TEXT: Final = """
interval.ms
    How often clients push their metrics.
match
    Which clients: selector=regular expression, all of which must fit; empty means every client.
metrics
    Which metrics, by the beginnings of their names; * means all, empty means none.
"""
