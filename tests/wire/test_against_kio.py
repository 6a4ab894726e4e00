"""kio, which generates its classes from Apache Kafka's schemas, agrees with the declarations and with every byte.

kio has what Apache Kafka 4.3 defines for clients and brokers, but none of the stored records. It turns some
numbers into times and error codes, so those get values that it can hold; it calls ``timeout`` what Apache
Kafka calls ``timeoutMs``, and ``type_`` what it calls ``type``.
"""

import dataclasses
import io
from pkgutil import resolve_name

import pytest
from kio.schema.errors import ErrorCode
from kio.schema.index import schema_name_map
from kio.serial import entity_reader, entity_writer
from kio.serial._introspect import EntityField, EntityTupleField, classify_field, is_optional
from message_values import Maker, all_messages

from pykbroker.wire.source import plain_fields, tagged_fields

MESSAGES = all_messages()
PATHS = {
    (path.split(":")[1], version): path
    for versions in schema_name_map.values()
    for version, kinds in versions.items()
    for path in kinds.values()
}
COMPARED = sorted({name for name, _ in PATHS} & set(MESSAGES))
KIO_TYPES = {
    "timedelta_i32": "int32",
    "timedelta_i64": "int64",
    "datetime_i64": "int64",
    "error_code": "int16",
}
FITTING = {
    "error_code": [code.value for code in ErrorCode],
    "timedelta_i64": (-1, 0, 1000),
    "datetime_i64": (0, 1_700_000_000_000),
}


def renamed(name):
    return name.rstrip("_").removesuffix("_ms").replace("k_raft", "kraft")


def fitting_values(kio_class):
    """The values that kio can hold, for the fields where it can not hold all."""
    found = {}
    for field in dataclasses.fields(kio_class):
        if field.metadata.get("kafka_type") in FITTING:
            found[renamed(field.name)] = FITTING[field.metadata["kafka_type"]]
        kind = classify_field(field)
        if isinstance(kind, EntityField | EntityTupleField):
            found.update(fitting_values(kind.type_))
    return found


def declared(cls, version):
    """Our declaration of one version, in wire order, tagged fields last."""
    rows = []
    for field in plain_fields(cls, version) + tagged_fields(cls, version):
        element = field.of if field.kind == "array" else field
        inner = declared(element.of, version) if element.kind == "struct" else element.kind
        nullable = (version in field.nullable and inner != "uuid") or field.kind == "records"
        tag = field.tag if version in field.tagged else None
        rows.append((renamed(field.name), field.kind == "array", nullable, tag, inner))
    return rows


def declared_by_kio(kio_class):
    rows = []
    for field in dataclasses.fields(kio_class):
        kind = classify_field(field)
        if isinstance(kind, EntityField | EntityTupleField):
            inner = declared_by_kio(kind.type_)
        else:
            inner = KIO_TYPES.get(field.metadata["kafka_type"], field.metadata["kafka_type"])
        # A UUID or a time of kio's may be None where the wire has a zero; that is not what the wire calls nullable.
        means_zero = field.metadata.get("kafka_type") in ("uuid", "datetime_i64")
        nullable = (is_optional(field) and not means_zero) or inner == "records"
        rows.append((renamed(field.name), kind.is_array, nullable, field.metadata.get("tag"), inner))
    return sorted(rows, key=lambda row: -1 if row[3] is None else row[3])


def test_kio_has_most_messages():
    """What is compared is nearly all that goes over the network; if kio loses some, this test should say so."""
    assert len(COMPARED) >= 182
    assert len([key for key in PATHS if key[0] in COMPARED]) >= 620


@pytest.mark.parametrize("name", COMPARED)
def test_the_declarations_agree(name):
    """Names, order, types, nullability and tags of all fields are the same in every version that kio has."""
    for version in MESSAGES[name].versions:
        if (name, version) in PATHS:
            assert declared(MESSAGES[name], version) == declared_by_kio(resolve_name(PATHS[name, version]))


@pytest.mark.parametrize("name", COMPARED)
def test_kio_reads_and_writes_the_same_bytes(name):
    """kio reads what we encode to the last byte, and encodes what it read to the same bytes."""
    cls = MESSAGES[name]
    for version in cls.versions:
        if (name, version) in PATHS:
            check_bytes(cls, version, resolve_name(PATHS[name, version]), seeds=range(4))


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPARED)
def test_kio_reads_and_writes_the_same_bytes_many_times(name):
    """The same for a hundred seeds."""
    cls = MESSAGES[name]
    for version in cls.versions:
        if (name, version) in PATHS:
            check_bytes(cls, version, resolve_name(PATHS[name, version]), seeds=range(1000, 1100))


def check_bytes(cls, version, kio_class, seeds):
    read, write = entity_reader(kio_class), entity_writer(kio_class)
    fitting = fitting_values(kio_class)
    for seed in seeds:
        encoded = Maker(seed, lambda field: fitting.get(renamed(field.name))).make(cls, version).encode(version)
        theirs, size = read(encoded, 0)
        out = io.BytesIO()
        write(out, theirs)
        assert size == len(encoded)
        assert out.getvalue() == encoded
