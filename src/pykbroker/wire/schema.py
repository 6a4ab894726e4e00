"""How a Kafka message is declared: fields with their version ranges, and the classes that hold them.

A declaration is a class whose fields are written ``name: type = int32(versions="3+")``. One class serves all
versions; the declaration is the only thing a person edits. ``compile.py`` makes codecs of it, ``explain.py``
walks it slowly.

The invariants: a struct has exactly its declared fields (slots, no ``__dict__``); every field has a value,
the declared default if nothing was given; a decoded message is never changed, so that defaults may be shared
between messages. What this module never does: touch bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, TypeAlias, dataclass_transform

Buffer: TypeAlias = bytes | bytearray | memoryview

FOREVER = 32767
"""The highest version an int16 can name: what "3+" runs to."""

ZERO_UUID = bytes(16)

MIN_INT32 = -(2**31)
MAX_INT32 = 2**31 - 1
MAX_INT64 = 2**63 - 1


class WireError(Exception):
    """Bytes that are not what they should be. The text names the field and the byte."""


class Versions:
    """An inclusive range of versions, written as Kafka writes it: "3", "3-9", "3+", "none"."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    @classmethod
    def parse(cls, text: str) -> Versions:
        """Read the notation; equal texts share one object."""
        known = _PARSED.get(text)
        if known is None:
            known = _PARSED[text] = cls(*_bounds(text))
        return known

    def __contains__(self, version: object) -> bool:
        return self.low <= version <= self.high  # type: ignore[operator]  # ints only

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.low, self.high + 1))

    def __bool__(self) -> bool:
        return self.low <= self.high

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Versions) and (self.low, self.high) == (other.low, other.high)

    def __hash__(self) -> int:
        return hash((self.low, self.high))

    def intersection(self, other: Versions) -> Versions:
        """The versions that both ranges have."""
        return Versions(max(self.low, other.low), min(self.high, other.high))

    def __str__(self) -> str:
        if not self:
            return "none"
        if self.high >= FOREVER:
            return f"{self.low}+"
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    def __repr__(self) -> str:
        return f"Versions.parse({str(self)!r})"


def _bounds(text: str) -> tuple[int, int]:
    if text == "none":
        return 0, -1
    if text.endswith("+"):
        return int(text[:-1]), FOREVER
    low, _, high = text.partition("-")
    return int(low), int(high or low)


_PARSED: dict[str, Versions] = {}

ALWAYS = Versions.parse("0+")
NEVER = Versions.parse("none")


class Field:
    """What is known of one field. ``of`` is the element of an array, or the class of a struct."""

    __slots__ = ("compact", "default", "kind", "name", "nullable", "of", "secret", "tag", "tagged", "versions")

    def __init__(self, kind: str, default: Any, of: Any = None) -> None:
        self.kind = kind
        self.default = default
        self.of = of
        self.name = ""
        self.versions = ALWAYS
        self.nullable = NEVER
        self.tag = -1
        self.tagged = NEVER
        self.compact = True
        self.secret = False

    def zero(self) -> Any:
        """The value a message has when none was given. A struct's is one shared instance of all defaults."""
        if self.kind == "struct" and self.default is ALL_DEFAULTS:
            self.default = self.of()
        return self.default

    def __repr__(self) -> str:
        return f"<{self.name}: {self.kind} {self.versions}>"


ALL_DEFAULTS: Any = object()
"""The default of a struct field that has no other: an instance with all its defaults, shared by all
messages."""


def _field(
    kind: str,
    default: Any,
    of: Any,
    versions: str,
    nullable: str = "none",
    tag: int = -1,
    tagged: str = "",
    *,
    compact: bool = True,
    secret: bool = False,
) -> Any:
    field = Field(kind, default, of)
    if versions != "0+":
        field.versions = Versions.parse(versions)
    if nullable != "none":
        field.nullable = Versions.parse(nullable)
    if tag >= 0:
        field.tag = tag
        field.tagged = Versions.parse(tagged or versions)
    field.compact = compact
    field.secret = secret
    return field


# Fields of a fixed width. ``tag`` makes the field a tagged one in the versions ``tagged`` (KIP-482), by
# default in all.


def boolean(*, default: bool = False, versions: str = "0+", tag: int = -1, tagged: str = "") -> Any:
    """One byte; anything but 0 is true."""
    return _field("bool", default, None, versions, "none", tag, tagged)


def int8(*, default: int = 0, versions: str = "0+", tag: int = -1, tagged: str = "") -> Any:
    """One byte, signed."""
    return _field("int8", default, None, versions, "none", tag, tagged)


def int16(*, default: int = 0, versions: str = "0+", tag: int = -1, tagged: str = "") -> Any:
    """Two bytes, signed."""
    return _field("int16", default, None, versions, "none", tag, tagged)


def uint16(*, default: int = 0, versions: str = "0+", tag: int = -1, tagged: str = "") -> Any:
    """Two bytes, unsigned: ports."""
    return _field("uint16", default, None, versions, "none", tag, tagged)


def int32(*, default: int = 0, versions: str = "0+", tag: int = -1, tagged: str = "") -> Any:
    """Four bytes, signed."""
    return _field("int32", default, None, versions, "none", tag, tagged)


def uint32(*, default: int = 0, versions: str = "0+", tag: int = -1, tagged: str = "") -> Any:
    """Four bytes, unsigned."""
    return _field("uint32", default, None, versions, "none", tag, tagged)


def int64(*, default: int = 0, versions: str = "0+", tag: int = -1, tagged: str = "") -> Any:
    """Eight bytes, signed."""
    return _field("int64", default, None, versions, "none", tag, tagged)


def float64(*, default: float = 0.0, versions: str = "0+", tag: int = -1, tagged: str = "") -> Any:
    """An IEEE 754 double."""
    return _field("float64", default, None, versions, "none", tag, tagged)


def uuid(*, default: bytes = ZERO_UUID, versions: str = "0+", tag: int = -1, tagged: str = "") -> Any:
    """Sixteen bytes; all zero means "none"."""
    return _field("uuid", default, None, versions, "none", tag, tagged)


# Fields that carry their length. ``compact=False`` keeps the old form in flexible versions; ``secret`` is for
# credentials.


def string(
    *,
    default: str | None = "",
    versions: str = "0+",
    nullable: str = "none",
    tag: int = -1,
    tagged: str = "",
    compact: bool = True,
    secret: bool = False,
) -> Any:
    """UTF-8 text."""
    return _field("string", default, None, versions, nullable, tag, tagged, compact=compact, secret=secret)


def data(
    *,
    default: bytes | None = b"",
    versions: str = "0+",
    nullable: str = "none",
    tag: int = -1,
    tagged: str = "",
    secret: bool = False,
) -> Any:
    """Bytes, decoded to a copy."""
    return _field("bytes", default, None, versions, nullable, tag, tagged, secret=secret)


def records(*, default: Any = None, versions: str = "0+", nullable: str = "0+", tag: int = -1) -> Any:
    """Record batches: decoded to a view of the frame, encoded from any object that has a length."""
    return _field("records", b"" if nullable == "none" else default, None, versions, nullable, tag)


def struct(
    of: type[Struct],
    *,
    default: Any = ALL_DEFAULTS,
    versions: str = "0+",
    nullable: str = "none",
    tag: int = -1,
    tagged: str = "",
) -> Any:
    """A struct within a struct. Left out, it is one shared instance of all defaults."""
    return _field("struct", default, of, versions, nullable, tag, tagged)


def array(
    of: Any,
    *,
    default: tuple[Any, ...] | None = (),
    versions: str = "0+",
    nullable: str = "none",
    tag: int = -1,
    tagged: str = "",
) -> Any:
    """A sequence of structs (give the class) or of plain values (give a field)."""
    element = of if isinstance(of, Field) else Field("struct", None, of)
    return _field("array", default, element, versions, nullable, tag, tagged)


@dataclass_transform(
    kw_only_default=True,
    field_specifiers=(
        boolean, int8, int16, uint16, int32, uint32, int64, float64, uuid, string, data, records, struct,
        array,
    ),
)  # fmt: skip
class StructType(type):
    """Makes slots of the declared fields and keeps the declaration in ``__fields__``.

    Further class keywords (``api_key=12``) are for the class itself to read: ``_declare``.
    """

    __fields__: tuple[Field, ...]

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any) -> StructType:
        fields = []
        for key, value in list(namespace.items()):
            if type(value) is Field:
                value.name = key
                fields.append(value)
                del namespace[key]
        namespace["__slots__"] = tuple(field.name for field in fields)
        namespace["__fields__"] = tuple(fields)
        return super().__new__(mcls, name, bases, namespace)

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any) -> None:
        super().__init__(name, bases, namespace)
        if keywords:
            cls._declare(namespace, **keywords)

    def _declare(cls, namespace: dict[str, Any], **keywords: Any) -> None:
        raise TypeError(f"{cls.__name__} is a plain struct: {', '.join(keywords)} are for messages")


class Struct(metaclass=StructType):
    """A group of fields. Give values by keyword; what is left out has its default."""

    __fields__: ClassVar[tuple[Field, ...]] = ()

    def __init__(self, **values: Any) -> None:
        # The first instance compiles the constructor and puts it in this one's place: most classes are never
        # needed.
        cls = type(self)
        cls.__init__ = _constructor(cls)  # type: ignore[method-assign]
        cls.__init__(self, **values)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in self.__fields__)

    __hash__ = None  # type: ignore[assignment]  # values may be lists

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(_shown(self, field) for field in self.__fields__)})"


def _constructor(cls: type[Struct]) -> Any:
    names = [field.name for field in cls.__fields__]
    parameters = "".join(f", {name}=default_{name}" for name in names)
    body = "\n".join(f"    self.{name} = {name}" for name in names) or "    pass"
    scope = {f"default_{field.name}": field.zero() for field in cls.__fields__}
    exec(f"def __init__(self{', *' if names else ''}{parameters}):\n{body}", scope)
    made: Any = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _same(left: Any, right: Any) -> bool:
    """Equal values; a list and a tuple of equal elements are equal, for both are sequences on the wire."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _shown(message: Struct, field: Field) -> str:
    value = getattr(message, field.name)
    return f"{field.name}=<secret>" if field.secret and value else f"{field.name}={value!r}"
