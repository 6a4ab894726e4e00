"""Compile a declaration and a version to an encoder: straight-line Python, made when it is first needed.

The encoder appends to a list of parts and never joins them: record data is appended as the very object it was
given as. Neighbours of fixed width, a length after them and an empty set of tags at the end become one
``pack``.

A field that the version does not have is left out, whatever its value. A value that does not fit (a null
where none may be, a number out of range) raises whatever Python raises: it is a mistake of ours, not of a
client.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pykbroker.wire.primitives import ARRAY_PACKERS, FORMATS, UVARINT, encode_uvarint
from pykbroker.wire.schema import Field, Struct
from pykbroker.wire.source import Source, plain_fields, tagged_fields


def compile_encoder(cls: type[Struct], version: int, flexible: bool) -> Callable[[Any, list[Any]], None]:
    """A function ``(message, parts)`` that appends the message to the parts."""
    writer = _EncoderWriter(version, flexible)
    writer.source.emit(0, "def encode(message, parts):")
    writer.source.emit(1, "write = parts.append")
    writer.struct(1, cls, "message")
    return writer.source.compile("encode", f"encode {cls.__name__} v{version}")


class _EncoderWriter:
    """Writes the text that encodes structs and their fields.

    ``_run`` are fixed-width values still to be written; ``_flush`` writes them in one go, before any other
    write.
    """

    def __init__(self, version: int, flexible: bool) -> None:
        self.source = Source(UVARINT=UVARINT, encode_uvarint=encode_uvarint)
        self._version = version
        self._flexible = flexible
        self._run: list[tuple[str, str]] = []

    def struct(self, depth: int, cls: type[Struct], target: str) -> None:
        """Write the struct that ``target`` names."""
        for field in plain_fields(cls, self._version):
            self.value(depth, field, f"{target}.{field.name}")
        if self._flexible:
            self._tags(depth, cls, target)
        self._flush(depth)

    def value(self, depth: int, field: Field, expression: str) -> None:
        """Write one value of a field's kind."""
        if field.kind in FORMATS:
            self._run.append((FORMATS[field.kind][0], expression))
        elif field.kind == "struct":
            self._struct_field(depth, field, expression)
        elif field.kind == "array":
            self._array(depth, field, expression)
        else:
            value = self._sized(depth, field, expression)
            self._flush(depth)
            self.source.emit(depth, f"write({value})")

    def _flush(self, depth: int) -> None:
        run, self._run = self._run, []
        if not run:
            return
        packer = struct.Struct(">" + "".join(letter for letter, _ in run))
        values = [expression for _, expression in run if expression]
        if values:
            pack = self.source.bind("pack", packer.pack)
            self.source.emit(depth, f"write({pack}({', '.join(values)}))")
        else:
            self.source.emit(depth, f"write({packer.pack()!r})")

    def _sized(self, depth: int, field: Field, expression: str) -> str:
        """Write the length of a string, of bytes or of an array; gives the name of the value that is to
        follow."""
        compact = self._flexible and field.compact
        emit, value, length = self.source.emit, self.source.name("v"), self.source.name("n")
        encode = ".encode()" if field.kind == "string" else ""
        plus = " + 1" if compact else ""
        if self._version in field.nullable:
            empty = "()" if field.kind == "array" else "b''"
            emit(depth, f"{value} = {expression}")
            emit(depth, f"if {value} is None:")
            emit(depth + 1, f"{value} = {empty}; {length} = {0 if compact else -1}")
            emit(depth, "else:")
            if encode:
                emit(depth + 1, f"{value} = {value}{encode}")
            emit(depth + 1, f"{length} = len({value}){plus}")
        else:
            emit(depth, f"{value} = {expression}{encode}")
            emit(depth, f"{length} = len({value}){plus}")
        if compact:
            self._flush(depth)
            emit(depth, f"write(UVARINT[{length}] if {length} < 4096 else encode_uvarint({length}))")
        else:
            self._run.append(("h" if field.kind == "string" else "i", length))
        return value

    def _array(self, depth: int, field: Field, expression: str) -> None:
        value = self._sized(depth, field, expression)
        self._flush(depth)
        emit, element = self.source.emit, field.of
        if element.kind == "uuid":
            emit(depth, f"write(b''.join({value}))")
        elif element.kind in FORMATS:
            packers = self.source.bind("pack_array", ARRAY_PACKERS[FORMATS[element.kind][0]])
            emit(depth, f"if {value}: write({packers}[len({value})].pack(*{value}))")
        else:
            item = self.source.name("item")
            emit(depth, f"for {item} in {value}:")
            if element.kind == "struct":
                self.struct(depth + 1, element.of, item)
                if not plain_fields(element.of, self._version) and not self._flexible:
                    emit(depth + 1, "pass")
            else:
                self.value(depth + 1, element, item)

    def _struct_field(self, depth: int, field: Field, expression: str, null: bytes = b"\xff") -> None:
        local = self.source.name("inner")
        self.source.emit(depth, f"{local} = {expression}")
        if self._version not in field.nullable:
            self.struct(depth, field.of, local)
            return
        self._flush(depth)
        self.source.emit(depth, f"if {local} is None: write({null!r})")
        self.source.emit(depth, "else:")
        self.source.emit(depth + 1, "write(b'\\x01')")
        self.struct(depth + 1, field.of, local)

    def _tags(self, depth: int, cls: type[Struct], target: str) -> None:
        """The tagged fields: one zero byte if each has its default, else by a function that is made when
        needed."""
        tagged = tagged_fields(cls, self._version)
        if not tagged:
            self._run.append(("x", ""))
            return
        self._flush(depth)
        version = self._version
        write_tags = self.source.later("write_tags", lambda: _compile_tags_writer(cls, version))
        defaults = " and ".join(self._is_default(field, f"{target}.{field.name}") for field in tagged)
        self.source.emit(depth, f"if {defaults}: write(b'\\0')")
        self.source.emit(depth, f"else: {write_tags}({target}, parts)")

    def _is_default(self, field: Field, expression: str) -> str:
        default = field.zero()
        if default is None or field.kind == "struct":
            return f"{expression} is {self.source.value(default)}"
        if field.kind == "array":
            return f"({expression} is not None and not {expression})" if field.nullable else f"not {expression}"
        return f"{expression} == {self.source.value(default)}"

    def tags_writer(self, cls: type[Struct]) -> None:
        """The function that writes the tagged fields which have not their default, each with its tag and
        size."""
        emit = self.source.emit
        emit(0, "def write_tags(message, parts):")
        emit(1, "tags = []")
        for field in tagged_fields(cls, self._version):
            value = f"message.{field.name}"
            emit(1, f"if not ({self._is_default(field, value)}) and {value} != {self.source.value(field.zero())}:")
            emit(2, "body = []")
            emit(2, "write = body.append")
            if field.kind == "struct":  # within a tag a struct's null is the unsigned varint 0, not the byte -1
                self._struct_field(2, field, value, null=b"\0")
            else:
                self.value(2, field, value)
            self._flush(2)
            emit(2, "body = b''.join(body)")
            emit(2, f"tags += ({encode_uvarint(field.tag)!r}, encode_uvarint(len(body)), body)")
        emit(1, "parts.append(encode_uvarint(len(tags) // 3))")
        emit(1, "parts += tags")


def _compile_tags_writer(cls: type[Struct], version: int) -> Callable[..., Any]:
    writer = _EncoderWriter(version, flexible=True)
    writer.tags_writer(cls)
    return writer.source.compile("write_tags", f"encode tags of {cls.__name__} v{version}")
