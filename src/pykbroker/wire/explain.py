"""Read a message slowly, value by value, from the same declaration that the compiled codecs are made of.

Four uses: the text of a ``WireError`` (which field, which byte), reading what Apache Kafka would still accept
when the fast decoder gave up, the tree that people look at (``describe.py``), and the oracle that tests hold
compiled codecs against.

Two ways of reading. Lenient is as Apache Kafka reads a client's bytes: text that is not UTF-8 gets
replacement characters, any negative length is a null, tags may repeat, and what follows the message is
ignored. Strict accepts only the bytes that an encoder writes, but for tags that are not known.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pykbroker.wire.decoder import smallest_size
from pykbroker.wire.primitives import FORMATS, MAX_STRING_BYTES
from pykbroker.wire.schema import MAX_INT32, Buffer, Field, Struct, WireError
from pykbroker.wire.source import plain_fields, tagged_fields


class Node:
    """One value of an explained message, and where its bytes are.

    ``children`` are the fields or elements within; ``is_read`` is false where the bytes ended or made no sense.
    """

    __slots__ = ("children", "end", "is_read", "kind", "name", "secret", "start", "value")

    def __init__(self, name: str, kind: str, start: int, secret: bool = False) -> None:
        self.name = name
        self.kind = kind
        self.start = start
        self.end = start
        self.value: Any = None
        self.is_read = False
        self.secret = secret
        self.children: list[Node] = []


def read_leniently(cls: type[Struct], version: int, flexible: bool, buffer: Buffer, position: int) -> tuple[Any, int]:
    """The message, read as Apache Kafka reads it. Raises WireError."""
    walker = Walker(buffer, version, flexible, position, strict=False)
    return walker.struct(cls), walker.position


def read_strictly(cls: type[Struct], version: int, flexible: bool, buffer: Buffer, position: int = 0) -> Any:
    """The message, which must be canonical and end where the buffer ends. Raises WireError."""
    walker = Walker(buffer, version, flexible, position, strict=True)
    message = walker.struct(cls)
    walker.finish()
    return message


def explain(
    cls: type[Struct], version: int, flexible: bool, buffer: Buffer, position: int = 0
) -> tuple[Node, WireError | None]:
    """The message as a tree of named values with offsets, read leniently; and what stopped the reading, if
    anything did.
    """
    walker = Walker(buffer, version, flexible, position, strict=False, keep=True)
    root, stopped_by = walker.root, None
    root.name = cls.__name__
    try:
        root.value = walker.struct(cls)
    except WireError as error:
        stopped_by = error
    root.end = walker.position
    return root, stopped_by


class Walker:
    """Reads structs from a buffer, knowing at every moment the path of the field it reads."""

    def __init__(
        self, buffer: Buffer, version: int, flexible: bool, position: int, *, strict: bool, keep: bool = False
    ) -> None:
        self.position = position
        self.root = Node("", "struct", position)
        self._buffer = memoryview(buffer)
        self._version = version
        self._flexible = flexible
        self._strict = strict
        self._keep = keep
        self._path: list[str] = []
        self._node = self.root

    def finish(self) -> None:
        """Complain if anything follows."""
        if self.position != len(self._buffer):
            raise self._error(f"{len(self._buffer) - self.position} bytes follow the message")

    def struct(self, cls: type[Struct]) -> Any:
        """Read a struct's fields, and its tags if it is flexible."""
        message = object.__new__(cls)
        for field in cls.__fields__:
            setattr(message, field.name, field.zero())
        for field in plain_fields(cls, self._version):
            setattr(message, field.name, self._named(field, f".{field.name}"))
        if self._flexible:
            self._named_tags(message, cls)
        return message

    def _error(self, text: str, position: int | None = None) -> WireError:
        path = "".join(self._path).lstrip(".") or "message"
        return WireError(f"{path} at byte {self.position if position is None else position}: {text}")

    def _named(self, field: Field, name: str, *, in_tag: bool = False) -> Any:
        """Read one value under a name; the path keeps the name if it fails."""
        self._path.append(name)
        outer = self._node
        if self._keep:
            self._node = Node(name.lstrip("."), field.kind, self.position, field.secret)
            outer.children.append(self._node)
        value = self._struct_field(field, in_tag) if field.kind == "struct" else self._value(field)
        if self._keep:
            self._node.value = value
            self._node.is_read = True
            self._node.end = self.position
            self._node = outer
        self._path.pop()
        return value

    def _value(self, field: Field) -> Any:
        if field.kind in FORMATS:
            return self._fixed(field.kind)
        return _READERS[field.kind](self, field)

    def _take(self, count: int) -> memoryview:
        end = self.position + count
        if end > len(self._buffer):
            remain = max(0, len(self._buffer) - self.position)
            raise self._error(f"{count} bytes expected, {remain} remain")
        taken = self._buffer[self.position : end]
        self.position = end
        return taken

    def _fixed(self, kind: str) -> Any:
        letter, width = FORMATS[kind]
        taken = self._take(width)
        if kind == "bool" and self._strict and taken[0] > 1:
            raise self._error(f"a boolean of {taken[0]}", self.position - 1)
        return struct.unpack(f">{letter}", taken)[0]

    def _uvarint(self) -> int:
        start, value = self.position, 0
        for shift in (0, 7, 14, 21, 28):
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value > MAX_INT32:
                    raise self._error(f"the unsigned varint {value} does not fit an int32", start)
                if self._strict and byte == 0 and shift:
                    raise self._error("an unsigned varint longer than it need be", start)
                return value
        raise self._error("an unsigned varint of more than five bytes", start)

    def _length(self, field: Field, kind: str) -> int:
        """A length, or -1 for a null that is allowed."""
        start = self.position
        length = self._uvarint() - 1 if self._flexible and field.compact else self._fixed(kind)
        if length >= 0:
            return int(length)
        if self._version not in field.nullable:
            raise self._error("null where null is not allowed", start)
        if self._strict and length != -1:
            raise self._error(f"the length {length}", start)
        return -1

    def _string(self, field: Field) -> str | None:
        start = self.position
        length = self._length(field, "int16")
        if length < 0:
            return None
        if length > MAX_STRING_BYTES:
            raise self._error(f"a string of {length} bytes", start)
        taken = self._take(length)
        try:
            return str(taken, "utf-8")
        except UnicodeDecodeError as error:
            if self._strict:
                raise self._error(f"not UTF-8: {error.reason}", self.position - length + error.start) from None
            return str(taken, "utf-8", "replace")

    def _bytes(self, field: Field) -> Any:
        length = self._length(field, "int32")
        if length < 0:
            return None
        taken = self._take(length)
        return taken if field.kind == "records" else bytes(taken)

    def _array(self, field: Field) -> Any:
        start = self.position
        length = self._length(field, "int32")
        if length < 0:
            return None
        element = field.of
        remain = len(self._buffer) - self.position
        if length * self._smallest(element) > remain:
            raise self._error(f"{length} elements in {remain} bytes", start)
        return [self._named(element, f"[{index}]") for index in range(length)]

    def _smallest(self, element: Field) -> int:
        if element.kind in FORMATS:
            return FORMATS[element.kind][1]
        if element.kind == "struct":
            return max(1, smallest_size(element.of, self._version, self._flexible))
        return 1

    def _struct_field(self, field: Field, in_tag: bool) -> Any:
        if self._version in field.nullable:
            start = self.position
            # Within a tag a struct's null is the unsigned varint 0, not the byte -1 (``MessageDataGenerator``).
            null = 0 if in_tag else -1
            marker = self._uvarint() if in_tag else self._fixed("int8")
            if self._strict and marker not in (null, 1):
                raise self._error(f"the presence marker {marker}", start)
            if marker <= null:
                return None
        return self.struct(field.of)

    def _named_tags(self, message: Any, cls: type[Struct]) -> None:
        known = {field.tag: field for field in tagged_fields(cls, self._version)}
        last = -1
        for _ in range(self._tag_count()):
            start = self.position
            tag, size = self._uvarint(), self._uvarint()
            if self._strict and tag <= last:
                raise self._error(f"the tag {tag} after {last}", start)
            last = tag
            if tag not in known:
                self._unknown_tag(tag, size)
                continue
            end = self.position + size
            setattr(message, known[tag].name, self._named(known[tag], f".{known[tag].name}", in_tag=True))
            if self._strict and self.position != end:
                raise self._error(f"the tag {tag} ends at byte {self.position}, its size says {end}", start)

    def _tag_count(self) -> int:
        start = self.position
        count = self._uvarint()
        remain = len(self._buffer) - self.position
        if count * 2 > remain:
            raise self._error(f"{count} tags in {remain} bytes", start)
        return count

    def _unknown_tag(self, tag: int, size: int) -> None:
        start = self.position
        taken = self._take(size)
        if self._keep:
            node = Node(f"<tag {tag}>", "bytes", start)
            node.value, node.end, node.is_read = bytes(taken), self.position, True
            self._node.children.append(node)


_READERS: dict[str, Callable[[Walker, Field], Any]] = {
    "string": Walker._string,
    "bytes": Walker._bytes,
    "records": Walker._bytes,
    "array": Walker._array,
}
