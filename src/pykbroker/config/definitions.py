"""What a configuration is: its name, its type, its default, its rule, and whether it may change while the broker runs.

Lives here: the types with their parsing and printing (both exactly Kafka's, ``ConfigDef.parseType`` and
``convertToString``), ``ConfigDef`` itself, and ``ConfigError``. The tables of all configurations stand
beside this file, by theme; ``tables.py`` puts them together. DescribeConfigs, validation and the reference
documentation are all made from them.

Never: what a configuration means in words. That is in ``descriptions``, which is loaded only when somebody
asks.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, NamedTuple

MAX_INT: Final = 2**31 - 1
MAX_LONG: Final = 2**63 - 1
MAX_DOUBLE: Final = 1.7976931348623157e308

HIDDEN: Final = "[hidden]"


class ConfigError(ValueError):
    """A configuration cannot be used: names the key, the value and the rule."""

    def __init__(self, name: str, value: object, rule: str) -> None:
        super().__init__(f"{name}={value!s}: {rule}" if value is not None else f"{name}: {rule}")
        self.name = name
        self.value = value
        self.rule = rule


class ConfigType(IntEnum):
    """The types of DescribeConfigs (``DescribeConfigsResponse.ConfigType``)."""

    UNKNOWN = 0
    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7
    CLASS = 8
    PASSWORD = 9


class UpdateMode(IntEnum):
    """When a configuration may change."""

    READ_ONLY = 0
    """Only with a restart."""
    PER_BROKER = 1
    """While running, for one broker."""
    CLUSTER_WIDE = 2
    """While running, for one broker or as the default of all."""
    RESOURCE = 3
    """While running, for one topic, group or telemetry subscription."""


class Password:
    """A secret: shows itself to nobody by accident."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Password) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)


class Rule(NamedTuple):
    """What values are allowed, beyond the type."""

    text: str
    """For documentation, e.g. ``at least 1``."""
    complaint: Callable[[Any], str | None]
    """What is wrong with a parsed value, or None. The value may be None for those that have no default."""
    takes_distinct_values: bool = False
    """A list in which a repeated value counts once (Kafka's ``ValidList``)."""


class ConfigDef(NamedTuple):
    """One configuration of one kind of resource."""

    name: str
    type: ConfigType
    default: Any
    """A parsed value; None when there is none."""
    rule: Rule | None = None
    update_mode: UpdateMode = UpdateMode.READ_ONLY
    is_internal: bool = False
    """Works when set, but is not shown unless set (Kafka's ``defineInternal``)."""
    synonym: str | None = None
    """For topics and groups: the broker's configuration that gives the default."""

    @property
    def is_sensitive(self) -> bool:
        """The value is never shown."""
        return self.type is ConfigType.PASSWORD

    @property
    def is_dynamic(self) -> bool:
        """The value may change while the broker runs."""
        return self.update_mode is not UpdateMode.READ_ONLY

    @property
    def default_text(self) -> str | None:
        """The default as Kafka prints it."""
        return to_text(self.type, self.default)

    def parse(self, text: str) -> Any:
        """The value behind ``text``; ConfigError when it is not of the type or breaks the rule."""
        try:
            value = _PARSERS[self.type](text)
        except ValueError as error:
            raise ConfigError(self.name, HIDDEN if self.is_sensitive else text, str(error)) from None
        if self.rule is not None:
            complaint = self.rule.complaint(value)
            if complaint is not None:
                raise ConfigError(self.name, HIDDEN if self.is_sensitive else text, complaint)
            if self.rule.takes_distinct_values:
                value = tuple(dict.fromkeys(value))
        return value


def to_text(config_type: ConfigType, value: Any) -> str | None:
    """A parsed value as Kafka prints it; None for no value."""
    if value is None:
        return None
    printer = _PRINTERS.get(config_type)
    return str(value) if printer is None else printer(value)


def parse(config_type: ConfigType, text: str) -> Any:
    """The value behind ``text``, by type alone; ValueError says what is wrong."""
    return _PARSERS[config_type](text)


def _parse_boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise ValueError("must be true or false")
    return lowered == "true"


def _integer_parser(kind: str, bits: int) -> Callable[[str], int]:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def parse_integer(text: str) -> int:
        digits = text.strip()
        unsigned = digits[1:] if digits[:1] in ("+", "-") else digits
        if not (unsigned.isascii() and unsigned.isdigit()):
            raise ValueError(f"must be {kind}")
        value = int(digits) if len(digits) < 40 else high + 1
        if not low <= value <= high:
            raise ValueError(f"must be {kind}: from {low} to {high}")
        return value

    return parse_integer


def _parse_double(text: str) -> float:
    trimmed = text.strip()
    if "_" in trimmed:  # Python would take 1_000, Java does not
        raise ValueError("must be a number")
    named = _JAVA_DOUBLES.get(trimmed.lstrip("+-"))
    if named is not None:
        return -named if trimmed.startswith("-") else named
    if trimmed[-1:] in "dDfF":
        trimmed = trimmed[:-1]
    if not trimmed or trimmed.lstrip("+-")[:1] not in "0123456789.":
        raise ValueError("must be a number")
    try:
        return float(trimmed)
    except ValueError:
        raise ValueError("must be a number") from None


def _parse_list(text: str) -> tuple[str, ...]:
    trimmed = text.strip()
    return tuple(part.strip() for part in trimmed.split(",")) if trimmed else ()


def _print_double(value: float) -> str:
    """As ``Double.toString``: plain from 10^-3 to 10^7, else with an exponent."""
    if value != value or value in (_INFINITY, -_INFINITY):
        return {_INFINITY: "Infinity", -_INFINITY: "-Infinity"}.get(value, "NaN")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = repr(value)
        return plain if "e" not in plain else f"{value:.10f}".rstrip("0")
    mantissa, _, exponent = f"{value:.16e}".partition("e")
    shortest = repr(value)
    if "e" in shortest:
        mantissa, _, exponent = shortest.partition("e")
    else:
        digits = shortest.replace(".", "").replace("-", "").strip("0") or "0"
        mantissa = ("-" if value < 0 else "") + digits[0] + "." + (digits[1:] or "0")
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent)}"


_INFINITY: Final = float("inf")
_JAVA_DOUBLES: Final = {"NaN": float("nan"), "Infinity": _INFINITY}

_PARSERS: Final[dict[ConfigType, Callable[[str], Any]]] = {
    ConfigType.UNKNOWN: str,
    ConfigType.BOOLEAN: _parse_boolean,
    ConfigType.STRING: str.strip,
    ConfigType.INT: _integer_parser("a whole number of 32 bits", 32),
    ConfigType.SHORT: _integer_parser("a whole number of 16 bits", 16),
    ConfigType.LONG: _integer_parser("a whole number of 64 bits", 64),
    ConfigType.DOUBLE: _parse_double,
    ConfigType.LIST: _parse_list,
    ConfigType.CLASS: str.strip,
    ConfigType.PASSWORD: lambda text: Password(text.strip()),
}

_PRINTERS: Final[dict[ConfigType, Callable[[Any], str]]] = {
    ConfigType.BOOLEAN: lambda value: "true" if value else "false",
    ConfigType.DOUBLE: _print_double,
    ConfigType.LIST: ",".join,
    ConfigType.PASSWORD: lambda _: HIDDEN,
}
