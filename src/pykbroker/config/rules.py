"""The rules that values follow: ranges, choices, lists, and the few with a grammar of their own.

Each returns a ``Rule``: words for the documentation, and a function that says what is wrong with a value.
Kafka: ``ConfigDef.Range``, ``ValidString``, ``ValidList`` and the validators beside the configurations that need them.
"""

from __future__ import annotations

from typing import Any, Final

from pykbroker.config.definitions import Rule


def at_least(low: float) -> Rule:
    """``value >= low``."""

    def complaint(value: Any) -> str | None:
        return f"must be at least {low}" if value is not None and not value >= low else None

    return Rule(f"at least {low}", complaint)


def between(low: float, high: float, *, or_else: int | None = None) -> Rule:
    """``low <= value <= high``, or exactly ``or_else``."""
    text = f"from {low} to {high}" + ("" if or_else is None else f", or {or_else}")

    def complaint(value: Any) -> str | None:
        if value is None or low <= value <= high or (or_else is not None and value == or_else):
            return None
        return f"must be {text}"

    return Rule(text, complaint)


def one_of(*choices: str, any_case: bool = False) -> Rule:
    """Exactly one of the given words."""
    text = "one of " + ", ".join(choices)
    allowed = frozenset(choice.upper() if any_case else choice for choice in choices)

    def complaint(value: Any) -> str | None:
        word = value.upper() if any_case and value is not None else value
        return None if word in allowed else f"must be {text}"

    return Rule(text, complaint)


def list_of(*choices: str, may_be_empty: bool = False) -> Rule:
    """A list without empty entries, of the given words if there are any; repetitions count once."""
    words = "of " + ", ".join(choices) if choices else ""
    text = f"a list {words}".rstrip() + ("" if may_be_empty else ", not empty")
    allowed = frozenset(choices)

    def complaint(value: Any) -> str | None:
        if not value:
            return None if may_be_empty else "must not be empty"
        for entry in value:
            if not entry:
                return "must not have empty entries"
            if allowed and entry not in allowed:
                return f"must be {text}; {entry!r} is not"
        return None

    return Rule(text, complaint, takes_distinct_values=True)


def _not_empty(value: Any) -> str | None:
    return "must not be empty" if value == "" else None


def _throttled_replicas(value: Any) -> str | None:
    wanted = "must be '*' or a list of partition:broker pairs"
    if not value or value == ("*",):
        return None
    for entry in value:
        partition, colon, broker = entry.partition(":")
        if not (colon and partition.isdigit() and broker.isdigit()):
            return wanted
    return None


def _quorum_voters(value: Any) -> str | None:
    for entry in value:
        node_id, at, address = entry.partition("@")
        if not (at and node_id.isdigit() and _is_host_and_port(address)):
            return "must be a list of id@host:port"
    return None


def _bootstrap_servers(value: Any) -> str | None:
    return None if all(map(_is_host_and_port, value)) else "must be a list of host:port"


def _is_host_and_port(address: str) -> bool:
    host, colon, port = address.rpartition(":")
    return bool(host and colon and port.isdigit() and int(port) <= 65535)


def _share_offset_reset(value: Any) -> str | None:
    if value in ("earliest", "latest"):
        return None
    kind, colon, duration = value.partition(":")
    if kind == "by_duration" and colon and duration_ms(duration) is not None:
        return None
    return "must be earliest, latest or by_duration:PnDTnHnMn.nS"


def duration_ms(text: str) -> int | None:
    """The milliseconds of an ISO 8601 duration of days and less (``java.time.Duration``); None if it is none.

    Negative durations are none: nothing here can be reset to the future.
    """
    import re  # not at start-up: durations are rare

    pattern = r"[pP](?:(\d+)[dD])?(?:[tT](?:(\d+)[hH])?(?:(\d+)[mM])?(?:(\d+)(?:[.,](\d{0,9}))?[sS])?)?"
    match = re.fullmatch(pattern, text, re.ASCII)
    if match is None or text[-1] in "pPtT":
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
    fraction_ms = int(((match.group(5) or "") + "000")[:3])
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + fraction_ms


NOT_EMPTY: Final = Rule("not empty", _not_empty)
THROTTLED_REPLICAS: Final = Rule("* or a list of partition:broker", _throttled_replicas)
QUORUM_VOTERS: Final = Rule("a list of id@host:port", _quorum_voters)
BOOTSTRAP_SERVERS: Final = Rule("a list of host:port", _bootstrap_servers)
SHARE_OFFSET_RESET: Final = Rule("earliest, latest or by_duration:PnDTnHnMn.nS", _share_offset_reset)
