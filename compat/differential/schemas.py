"""Kafka's own message schemas, read out of its client jar at run time, and a codec that follows them.

This codec shares nothing with pykbroker's wire room: an error there must not be hidden by the same error here. Messages
are dictionaries with the schema's field names. Fields that a message leaves out have the schema's defaults; fields that a
version does not have are not sent; a name that the schema does not know is a mistake and raises.
"""

import json
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*')
FIXED = {"bool": "?", "int8": "b", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "float64": "d"}
NO_UUID = "0" * 32


class Range:
    """A range of versions as the schemas write it: "3", "2-4", "5+", "none"."""

    def __init__(self, text: str | None) -> None:
        text = (text or "none").strip()
        self.low, self.high = 1 << 20, -1
        if text != "none":
            low, dash, high = text.partition("-")
            self.low = int(low.rstrip("+"))
            self.high = int(high) if dash else (1 << 20 if text.endswith("+") else self.low)

    def __contains__(self, version: int) -> bool:
        return self.low <= version <= self.high


class Field:
    """One field of a structure. `type` has lost its brackets; `depth` says whether it is an array."""

    def __init__(self, declared: dict[str, Any], common: dict[str, list[dict[str, Any]]]) -> None:
        self.name = declared["name"]
        self.is_array = declared["type"].startswith("[]")
        self.type = declared["type"].removeprefix("[]")
        self.versions = Range(declared.get("versions"))
        self.nullable = Range(declared.get("nullableVersions"))
        self.tagged = Range(declared.get("taggedVersions"))
        self.tag = declared.get("tag", -1)
        self.is_key = bool(declared.get("mapKey"))
        nested = declared.get("fields") or common.get(self.type)
        self.fields = [Field(inner, common) for inner in nested] if nested else None
        self.default = self._default(declared.get("default"))

    def _default(self, text: Any) -> Any:
        if text == "null":
            return None
        if self.is_array:
            return []
        if self.fields is not None:
            return {}
        if self.type == "bool":
            return str(text).lower() == "true"
        if self.type == "float64":
            return float(text or 0)
        if self.type in FIXED:
            return int(str(text), 0) if text not in (None, "") else 0
        return {"string": text or "", "uuid": NO_UUID}.get(self.type, b"")


class Message:
    """A request, response or stored value at all of its versions."""

    def __init__(self, declared: dict[str, Any]) -> None:
        common = {inner["name"]: inner["fields"] for inner in declared.get("commonStructs", ())}
        self.name = declared["name"]
        self.versions = Range(declared.get("validVersions"))
        self.flexible = Range(declared.get("flexibleVersions"))
        self.fields = [Field(inner, common) for inner in declared.get("fields", ())]

    def encode(self, body: dict[str, Any], version: int) -> bytes:
        writer = Writer(version, version in self.flexible)
        writer.structure(self.fields, body, self.name)
        return bytes(writer.out)

    def decode(self, data: bytes, version: int) -> dict[str, Any]:
        reader = Reader(data, version, version in self.flexible)
        body = reader.structure(self.fields)
        if reader.position != len(data):
            body["(bytes left over)"] = len(data) - reader.position
        return body


class Writer:
    def __init__(self, version: int, flexible: bool) -> None:
        self.version, self.flexible, self.out = version, flexible, bytearray()

    def structure(self, fields: list[Field], body: dict[str, Any], where: str) -> None:
        unknown = set(body) - {field.name for field in fields}
        if unknown:
            raise KeyError(f"{where} has no {', '.join(sorted(unknown))}")
        tagged = []
        for field in fields:
            value = body.get(field.name, field.default)
            if self.version not in field.versions:
                continue
            if self.version in field.tagged:
                if value != field.default:
                    tagged.append((field, value))
            else:
                self.value(field, value)
        if self.flexible:
            self.tags(sorted(tagged, key=lambda pair: pair[0].tag))

    def tags(self, tagged: list[tuple[Field, Any]]) -> None:
        self.varint(len(tagged))
        for field, value in tagged:
            inner = Writer(self.version, self.flexible)
            inner.value(field, value)
            self.varint(field.tag)
            self.varint(len(inner.out))
            self.out += inner.out

    def value(self, field: Field, value: Any) -> None:
        if field.is_array:
            self.length(None if value is None else len(value), 4)
            for item in value or ():
                self.single(field, item)
        elif field.fields is not None and self.version in field.nullable:
            self.out += struct.pack(">b", -1 if value is None else 1)
            if value is not None:
                self.single(field, value)
        else:
            self.single(field, value)

    def single(self, field: Field, value: Any) -> None:
        if field.fields is not None:
            self.structure(field.fields, value, field.name)
        elif field.type in FIXED:
            self.out += struct.pack(">" + FIXED[field.type], value)
        elif field.type == "uuid":
            self.out += bytes.fromhex(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            self.length(None if data is None else len(data), 2 if field.type == "string" else 4)
            self.out += data or b""

    def length(self, length: int | None, width: int) -> None:
        if self.flexible:
            self.varint(0 if length is None else length + 1)
        else:
            self.out += struct.pack(">h" if width == 2 else ">i", -1 if length is None else length)

    def varint(self, value: int) -> None:
        while value > 127:
            self.out.append(value & 127 | 128)
            value >>= 7
        self.out.append(value)


class Reader:
    def __init__(self, data: bytes, version: int, flexible: bool) -> None:
        self.data, self.version, self.flexible, self.position = data, version, flexible, 0

    def structure(self, fields: list[Field]) -> dict[str, Any]:
        present = [field for field in fields if self.version in field.versions]
        body = {field.name: self.value(field) for field in present if self.version not in field.tagged}
        tagged = {field.tag: field for field in present if self.version in field.tagged}
        body.update((field.name, field.default) for field in tagged.values())
        for _ in range(self.varint() if self.flexible else 0):
            tag, size = self.varint(), self.varint()
            end = self.position + size
            if field := tagged.get(tag):
                body[field.name] = self.value(field)
            else:
                body[f"(tag {tag})"] = self.data[self.position : end].hex()
            self.position = end
        return body

    def value(self, field: Field) -> Any:
        if field.is_array:
            length = self.length(4)
            return None if length is None else [self.single(field) for _ in range(length)]
        if field.fields is not None and self.version in field.nullable and self.take("b") < 0:
            return None
        return self.single(field)

    def single(self, field: Field) -> Any:
        if field.fields is not None:
            return self.structure(field.fields)
        if field.type in FIXED:
            return self.take(FIXED[field.type])
        if field.type == "uuid":
            return self.bytes(16).hex()
        length = self.length(2 if field.type == "string" else 4)
        if length is None:
            return None
        data = self.bytes(length)
        return data.decode() if field.type == "string" else data

    def length(self, width: int) -> int | None:
        length = self.varint() - 1 if self.flexible else self.take("h" if width == 2 else "i")
        return None if length < 0 else length

    def take(self, code: str) -> Any:
        return struct.unpack(">" + code, self.bytes(struct.calcsize(code)))[0]

    def bytes(self, count: int) -> bytes:
        if self.position + count > len(self.data):
            raise ValueError(f"cut off: {count} bytes wanted at {self.position} of {len(self.data)}")
        self.position += count
        return self.data[self.position - count : self.position]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.bytes(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7


class Schemas:
    """Every message of one Kafka release, from the jars of its broker."""

    def __init__(self, libs: Path) -> None:
        self.by_name: dict[str, Message] = {}
        self.keys: dict[str, int] = {}
        for jar in sorted(libs.glob("kafka-clients-*.jar")):
            with zipfile.ZipFile(jar) as archive:
                for name in archive.namelist():
                    if re.fullmatch(r"common/message/\w+\.json", name):
                        self._add(archive.read(name).decode())

    def _add(self, text: str) -> None:
        declared = json.loads(COMMENT.sub(lambda match: match[1] or "", text))
        self.by_name[declared["name"]] = Message(declared)
        if declared.get("type") == "request":
            self.keys[declared["name"].removesuffix("Request")] = declared["apiKey"]

    def request(self, api: str) -> Message:
        return self.by_name[f"{api}Request"]

    def response(self, api: str) -> Message:
        return self.by_name[f"{api}Response"]
