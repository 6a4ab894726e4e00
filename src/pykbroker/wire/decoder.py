"""Compile a declaration and a version to a decoder: straight-line Python, made when it is first needed.

The shape of the text: neighbours of fixed width, together with the length or the tag count that follows them,
become one ``unpack_from``; arrays become nested loops; objects are made by ``object.__new__`` and slot
stores. Slices past the end of the buffer come out short, so the position is compared with the buffer's size
once, at the end: every other way to run past the end raises by itself. Array lengths are compared with the
bytes that remain before the loop.

When anything fails the bytes are read again by ``explain.py``, which either is lenient where Apache Kafka is
(text that is not UTF-8) or raises the ``WireError`` that names field and byte.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pykbroker.wire import primitives
from pykbroker.wire.primitives import ARRAY_PACKERS, FORMATS, MalformedError
from pykbroker.wire.schema import Buffer, Field, Struct
from pykbroker.wire.source import Source, plain_fields, tagged_fields

FAILURES = (struct.error, IndexError, ValueError)


def compile_decoder(cls: type[Struct], version: int, flexible: bool) -> Callable[[Buffer, int], tuple[Any, int]]:
    """A function ``(buffer, position) -> (message, next position)``.

    Frames are mostly bytes, so the function is made for bytes; for other buffers it calls its twin, made when
    needed.
    """
    return _compile(cls, version, flexible, for_bytes=True)


def _compile(cls: type[Struct], version: int, flexible: bool, for_bytes: bool) -> Callable[..., Any]:
    writer = _DecoderWriter(version, flexible, for_bytes)
    source = writer.source
    source.scope["reread"] = _rereader(cls, version, flexible)
    source.emit(0, "def decode(data, pos):")
    if for_bytes:
        twin = source.later("decode_any", lambda: _compile(cls, version, flexible, for_bytes=False))
        source.emit(1, f"if type(data) is not bytes: return {twin}(data, pos)")
    source.emit(1, "start = pos")
    source.emit(1, "try:")
    source.emit(2, "size = len(data)")
    if _has_records(cls, version):
        source.emit(2, "view = memoryview(data)")
    writer.struct(2, cls, "message")
    source.emit(2, "if pos > size: raise Malformed")
    source.emit(2, "return message, pos")
    source.emit(1, "except FAILURES:")
    source.emit(2, "return reread(data, start)")
    return source.compile("decode", f"decode {cls.__name__} v{version}{'' if for_bytes else ' from any buffer'}")


def smallest_size(cls: type[Struct], version: int, flexible: bool) -> int:
    """The least number of bytes a struct takes on the wire."""
    size = 1 if flexible else 0
    for field in plain_fields(cls, version):
        if field.kind in FORMATS:
            size += FORMATS[field.kind][1]
        elif field.kind == "struct":
            size += 1 if version in field.nullable else smallest_size(field.of, version, flexible)
        elif flexible and field.compact:
            size += 1
        else:
            size += 2 if field.kind == "string" else 4
    return size


def _has_records(cls: type[Struct], version: int) -> bool:
    for field in cls.__fields__:
        element = field.of if field.kind == "array" else field
        if version in field.versions and (
            element.kind == "records" or (element.kind == "struct" and _has_records(element.of, version))
        ):
            return True
    return False


def _rereader(cls: type[Struct], version: int, flexible: bool) -> Callable[[Buffer, int], tuple[Any, int]]:
    def reread(data: Buffer, position: int) -> tuple[Any, int]:
        from pykbroker.wire.explain import read_leniently

        return read_leniently(cls, version, flexible, data, position)

    return reread


class _DecoderWriter:
    """Writes the text that reads structs and their fields.

    ``_run`` are fixed-width values that are still to be read; ``_flush`` reads them in one go. Whatever
    branches, loops or uses ``pos`` flushes first.
    """

    def __init__(self, version: int, flexible: bool, for_bytes: bool) -> None:
        self.source = Source(
            new=object.__new__,
            Malformed=MalformedError,
            FAILURES=FAILURES,
            read_uvarint=primitives.read_uvarint,
            read_long_compact_string=primitives.read_long_compact_string,
            skip_tags=primitives.skip_tags,
        )
        self._version = version
        self._flexible = flexible
        self._text = "data[pos:end].decode()" if for_bytes else "str(data[pos:end], 'utf-8')"
        self._blob = "data[pos:end]" if for_bytes else "bytes(data[pos:end])"
        self._run: list[tuple[str, str]] = []
        self._values: dict[str, Callable[[int, Field, str], None]] = {
            "string": self._string,
            "bytes": self._bytes,
            "records": self._bytes,
            "array": self._array,
            "struct": self._struct_field,
        }

    def struct(self, depth: int, cls: type[Struct], target: str) -> None:
        """Read a struct into the new local ``target``."""
        source = self.source
        source.emit(depth, f"{target} = new({source.bind('T', cls)})")
        plain = plain_fields(cls, self._version)
        self._defaults(depth, [field for field in cls.__fields__ if field not in plain], target)
        for field in plain:
            self.value(depth, field, f"{target}.{field.name}")
        if self._flexible:
            self._tags(depth, cls, target)
        self._flush(depth)

    def value(self, depth: int, field: Field, target: str) -> None:
        """Read one value of a field's kind into ``target``."""
        if field.kind in FORMATS:
            self._run.append((FORMATS[field.kind][0], target))
        else:
            self._values[field.kind](depth, field, target)

    def _defaults(self, depth: int, absent: list[Field], target: str) -> None:
        alike: dict[str, list[str]] = {}
        for field in absent:
            alike.setdefault(self.source.value(field.zero()), []).append(f"{target}.{field.name} = ")
        for default, targets in alike.items():
            self.source.emit(depth, "".join(targets) + default)

    def _flush(self, depth: int) -> None:
        run, self._run = self._run, []
        if not run:
            return
        if [letter for letter, _ in run] == ["B"]:
            self.source.emit(depth, f"{run[0][1]} = data[pos]")
            self.source.emit(depth, "pos += 1")
            return
        packer = struct.Struct(">" + "".join(letter for letter, _ in run))
        targets = ", ".join(target for _, target in run)
        unpack = self.source.bind("unpack", packer.unpack_from)
        self.source.emit(depth, f"{targets}{',' if len(run) == 1 else ''} = {unpack}(data, pos)")
        self.source.emit(depth, f"pos += {packer.size}")

    def _length(self, depth: int, letter: str, compact: bool) -> str:
        """Read a length, together with what is still to be read before it; the first byte of it if it is
        compact."""
        name = self.source.name("n")
        self._run.append(("B" if compact else letter, name))
        self._flush(depth)
        return name

    def _long_length(self, depth: int, name: str) -> None:
        """The rest of a compact length; lengths of two bytes without a call."""
        self.source.emit(depth, f"if {name} > 127:")
        self.source.emit(depth + 1, "if data[pos] < 128:")
        self.source.emit(depth + 2, f"{name} += (data[pos] << 7) - 128")
        self.source.emit(depth + 2, "pos += 1")
        self.source.emit(depth + 1, f"else: {name}, pos = read_uvarint(data, pos - 1)")

    def _null(self, depth: int, field: Field, condition: str, target: str) -> int:
        """What happens at a null; gives the depth of what follows when there is a value."""
        if self._version in field.nullable:
            self.source.emit(depth, f"if {condition}: {target} = None")
            self.source.emit(depth, "else:")
            return depth + 1
        self.source.emit(depth, f"if {condition}: raise Malformed")
        return depth

    def _string(self, depth: int, field: Field, target: str) -> None:
        compact = self._flexible and field.compact
        length = self._length(depth, "h", compact)
        emit = self.source.emit
        if not compact:
            inner = self._null(depth, field, f"{length} < 0", target)
            emit(inner, f"end = pos + {length}")
            emit(inner, f"{target} = {self._text}")
            emit(inner, "pos = end")
            return
        emit(depth, f"if 0 < {length} < 128:")
        emit(depth + 1, f"end = pos + {length} - 1")
        emit(depth + 1, f"{target} = {self._text}")
        emit(depth + 1, "pos = end")
        if self._version in field.nullable:
            emit(depth, f"elif not {length}: {target} = None")
        emit(depth, f"else: {target}, pos = read_long_compact_string(data, pos - 1)")

    def _bytes(self, depth: int, field: Field, target: str) -> None:
        compact = self._flexible and field.compact
        length = self._length(depth, "i", compact)
        if compact:
            self._long_length(depth, length)
        inner = self._null(depth, field, f"not {length}" if compact else f"{length} < 0", target)
        self.source.emit(inner, f"end = pos + {length}{' - 1' if compact else ''}")
        self.source.emit(inner, f"{target} = {'view[pos:end]' if field.kind == 'records' else self._blob}")
        self.source.emit(inner, "pos = end")

    def _array(self, depth: int, field: Field, target: str) -> None:
        compact = self._flexible and field.compact
        length = self._length(depth, "i", compact)
        emit, element = self.source.emit, field.of
        if compact:
            emit(depth, f"if {length} > 127: {length}, pos = read_uvarint(data, pos - 1)")
        emit(depth, f"if {length} == {1 if compact else 0}: {target} = ()")
        null = f"{target} = None" if self._version in field.nullable else "raise Malformed"
        emit(depth, f"elif {length} < {1 if compact else 0}: {null}")
        emit(depth, "else:")
        if compact:
            emit(depth + 1, f"{length} -= 1")
        if element.kind in FORMATS:
            self._fixed_array(depth + 1, element.kind, length, target)
        else:
            self._loop(depth + 1, element, length, target)

    def _fixed_array(self, depth: int, kind: str, length: str, target: str) -> None:
        letter, width = FORMATS[kind]
        emit = self.source.emit
        emit(depth, f"end = pos + {length} * {width}")
        emit(depth, "if end > size: raise Malformed")
        if kind == "uuid":
            emit(depth, f"{target} = [bytes(data[at:at + 16]) for at in range(pos, end, 16)]")
        else:
            unpackers = self.source.bind("unpack_array", ARRAY_PACKERS[letter])
            emit(depth, f"{target} = {unpackers}[{length}].unpack_from(data, pos)")
        emit(depth, "pos = end")

    def _loop(self, depth: int, element: Field, length: str, target: str) -> None:
        emit = self.source.emit
        emit(depth, f"if {length} * {self._smallest(element)} > size - pos: raise Malformed")
        items, item = self.source.name("items"), self.source.name("item")
        emit(depth, f"{target} = {items} = []")
        emit(depth, f"for _ in range({length}):")
        if element.kind == "struct":
            self.struct(depth + 1, element.of, item)
        else:
            self.value(depth + 1, element, item)
        emit(depth + 1, f"{items}.append({item})")

    def _smallest(self, element: Field) -> int:
        if element.kind == "struct":
            return max(1, smallest_size(element.of, self._version, self._flexible))
        if self._flexible:
            return 1
        return 2 if element.kind == "string" else 4

    def _struct_field(self, depth: int, field: Field, target: str) -> None:
        inner = depth
        if self._version in field.nullable:
            marker = self.source.name("n")
            self._run.append(("b", marker))
            self._flush(depth)
            inner = self._null(depth, field, f"{marker} < 0", target)
        local = self.source.name("inner")
        self.struct(inner, field.of, local)
        self.source.emit(inner, f"{target} = {local}")

    def _tagged_struct(self, depth: int, field: Field, target: str) -> None:
        """Within a tag a struct's null is the unsigned varint 0, not the byte -1 (``MessageDataGenerator``)."""
        self.source.emit(depth, "present, pos = read_uvarint(data, pos)")
        inner = self._null(depth, field, "not present", target)
        self.struct(inner, field.of, "value")
        self.source.emit(inner, f"{target} = value")

    def _tags(self, depth: int, cls: type[Struct], target: str) -> None:
        if tagged_fields(cls, self._version):
            version = self._version
            read = self.source.later("read_tags", lambda: _compile_tags_reader(cls, version))
            read_tags = f"{read}(data, {{}}, {target})"
        else:
            read_tags = "skip_tags(data, {})"
        if self._run:
            count = self._length(depth, "B", True)
            self.source.emit(depth, f"if {count}: pos = {read_tags.format('pos - 1')}")
        else:
            self.source.emit(depth, f"if data[pos]: pos = {read_tags.format('pos')}")
            self.source.emit(depth, "else: pos += 1")

    def tags_reader(self, cls: type[Struct]) -> None:
        """The function that reads a struct's tagged fields: rare enough to be one of its own."""
        emit = self.source.emit
        emit(0, "def read_tags(data, pos, message):")
        emit(1, "size = len(data)")
        emit(1, "count, pos = read_uvarint(data, pos)")
        emit(1, "for _ in range(count):")
        emit(2, "tag, pos = read_uvarint(data, pos)")
        emit(2, "length, pos = read_uvarint(data, pos)")
        word = "if"
        for field in tagged_fields(cls, self._version):
            emit(2, f"{word} tag == {field.tag}:")
            if field.kind == "struct" and self._version in field.nullable:
                self._tagged_struct(3, field, f"message.{field.name}")
            else:
                self.value(3, field, f"message.{field.name}")
            self._flush(3)
            word = "elif"
        emit(2, "else: pos += length")
        emit(1, "return pos")


def _compile_tags_reader(cls: type[Struct], version: int) -> Callable[..., Any]:
    writer = _DecoderWriter(version, flexible=True, for_bytes=False)
    writer.tags_reader(cls)
    return writer.source.compile("read_tags", f"decode tags of {cls.__name__} v{version}")
