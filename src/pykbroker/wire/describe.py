"""What people see of a frame: a tree with an offset before every value, or one line.

For ``pykbroker decode`` and ``serve --trace``. The invariant: no secret is ever shown. Secret are the fields
that are declared so (SASL messages, SCRAM salts and keys, token HMACs, forwarded requests), values of
configurations whose name says so, and the records themselves, of which only the batch headers are shown.

Bytes that cannot be read are no error here: the tree ends where reading ended, and says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pykbroker.errors import ErrorCode
from pykbroker.names import uuid_to_text
from pykbroker.wire.api import Message
from pykbroker.wire.explain import Node, explain
from pykbroker.wire.header import (
    decode_request_header,
    decode_response_header,
    response_header_is_flexible,
)
from pykbroker.wire.messages import APIS, REQUESTS
from pykbroker.wire.schema import Buffer, WireError

Direction = Literal["request", "response"]

SECRET_CONFIG = re.compile(
    r"password|passwd|secret|jaas|credential|private|token|keystore\.key|api[._-]?key", re.IGNORECASE
)
"""Names of configurations whose values are never shown, whatever the broker thinks of them."""

TREE_TEXT_LENGTH = 300
LINE_TEXT_LENGTH = 60
TREE_ELEMENTS = 50
LINE_ELEMENTS = 5
LINE_LENGTH = 2000
BYTES_SHOWN = 16


class Explanation(NamedTuple):
    """A frame that has been read as far as it can be."""

    title: str
    frame_bytes: int
    body: Node | None
    stopped_by: WireError | None

    def tree(self) -> str:
        """One line per value, each with the offset of its first byte in the frame."""
        lines = [f"{self.title}, {self.frame_bytes} bytes"]
        if self.body is not None:
            lines += _tree_lines(self.body, 0)
        lines += self._ending()
        return "\n".join(lines)

    def line(self) -> str:
        """Everything in one line; long arrays, texts and lines are cut."""
        text = self.title if self.body is None else f"{self.title}: {_fields_inline(self.body)}"
        text = " ".join([text, *(ending.strip() for ending in self._ending())])
        return text if len(text) <= LINE_LENGTH else f"{text[:LINE_LENGTH]}..."

    def fields(self) -> dict[str, Any]:
        """The values by name, for programs: structs as dictionaries, arrays as lists, secrets as a note."""
        return {} if self.body is None else {child.name: _plain(child, self.body) for child in self.body.children}

    def _ending(self) -> list[str]:
        if self.stopped_by is not None:
            return [f"   !!  {self.stopped_by}"]
        left = self.frame_bytes - self.body.end if self.body is not None else 0
        return [f"   !!  {left} bytes follow the message"] if left else []


def describe_frame(
    frame: Buffer, direction: Direction, api_key: int | None = None, api_version: int | None = None
) -> str:
    """The tree of a frame without its size prefix; see ``explain_frame``."""
    return explain_frame(frame, direction, api_key, api_version).tree()


def explain_frame(
    frame: Buffer, direction: Direction, api_key: int | None = None, api_version: int | None = None
) -> Explanation:
    """Read a frame without its size prefix.

    A request says itself which it is; a response only makes sense with the key and version of its request.
    """
    try:
        if direction == "request":
            return _explain_request(frame)
        assert api_key is not None, "a response does not say what it answers"
        assert api_version is not None, "a response does not say what it answers"
        return _explain_response(frame, api_key, api_version)
    except WireError as error:
        return Explanation(f"unreadable {direction}", len(frame), None, error)


def explain_message(cls: type[Message], version: int, buffer: Buffer, position: int = 0) -> Explanation:
    """Read a message that stands alone: a stored record, a subscription."""
    body, stopped_by = explain(cls, version, version in cls.flexible, buffer, position)
    return Explanation(f"{cls.__name__} v{version}", len(buffer), body, stopped_by)


def _explain_request(frame: Buffer) -> Explanation:
    header, position = decode_request_header(frame)
    client = "no client id" if header.client_id is None else f"client {header.client_id!r}"
    title = f"{_name(header.api_key)}Request v{header.api_version} #{header.correlation_id} from {client}"
    if header.api_key not in APIS:
        return Explanation(title, len(frame), None, WireError(f"no API has the key {header.api_key}"))
    return _explain_body(title, REQUESTS[header.api_key], header.api_version, frame, position)


def _explain_response(frame: Buffer, api_key: int, api_version: int) -> Explanation:
    flexible = response_header_is_flexible(api_key, api_version)
    correlation_id, position = decode_response_header(frame, flexible)
    title = f"{_name(api_key)}Response v{api_version} #{correlation_id}"
    if api_key not in APIS:
        return Explanation(title, len(frame), None, WireError(f"no API has the key {api_key}"))
    return _explain_body(title, REQUESTS[api_key].response_type, api_version, frame, position)


def _explain_body(title: str, cls: type[Message], version: int, frame: Buffer, position: int) -> Explanation:
    if version not in cls.versions:
        known = WireError(f"versions {cls.versions} are known")
        return Explanation(title, len(frame), None, known)
    body, stopped_by = explain(cls, version, version in cls.flexible, frame, position)
    return Explanation(title, len(frame), body, stopped_by)


def _name(api_key: int) -> str:
    return APIS[api_key].name if api_key in APIS else f"(API key {api_key})"


def _tree_lines(node: Node, depth: int) -> Iterator[str]:
    for child in node.children:
        label = f"{child.start:5}  {'  ' * depth}{child.name}"
        within = _has_structs(child)
        if within:
            yield f"{label}: {len(child.children)}" if child.kind == "array" and child.is_read else label
            yield from _tree_lines(child, depth + 1)
        else:
            yield f"{label}: {_inline(child, node, TREE_TEXT_LENGTH)}"


def _has_structs(node: Node) -> bool:
    """Whether a node needs lines of its own for what is in it: arrays of numbers and texts do not."""
    if node.kind == "struct":
        return bool(node.children)
    return node.kind == "array" and any(child.kind == "struct" for child in node.children)


def _plain(node: Node, parent: Node) -> Any:
    if node.kind == "array" and (node.children or node.value is not None):
        return [_plain(child, node) for child in node.children]
    if node.kind == "struct" and (node.children or node.value is not None):
        return {child.name: _plain(child, node) for child in node.children}
    if node.value is None or not node.is_read:
        return None
    if node.secret or node.kind in ("uuid", "records") or _is_secret_config(node, parent):
        return _shown(node, parent, TREE_TEXT_LENGTH)
    return node.value


def _fields_inline(node: Node) -> str:
    return " ".join(f"{child.name}={_inline(child, node, LINE_TEXT_LENGTH)}" for child in node.children)


def _inline(node: Node, parent: Node, text_length: int) -> str:
    if node.kind not in ("struct", "array") or (node.value is None and not node.children):
        return _shown(node, parent, text_length)
    if node.kind == "struct":
        return f"{{{_fields_inline(node)}}}"
    limit = LINE_ELEMENTS if text_length == LINE_TEXT_LENGTH else TREE_ELEMENTS
    elements = [_inline(child, node, text_length) for child in node.children[:limit]]
    if len(node.children) > limit:
        elements.append(f"and {len(node.children) - limit} more")
    return f"[{', '.join(elements)}]"


def _shown(node: Node, parent: Node, text_length: int) -> str:
    """A single value as text, or what is said in place of a secret."""
    value = node.value
    if not node.is_read:
        return "unread"
    if value is None:
        return "null"
    if node.secret or _is_secret_config(node, parent):
        return f"<secret, {len(value)} {'bytes' if isinstance(value, bytes) else 'characters'}>"
    if node.kind == "string":
        return repr(value if len(value) <= text_length else f"{value[:text_length]}...")
    if node.kind == "uuid":
        return uuid_to_text(value)
    if node.kind == "records":
        return _records_shown(value)
    if node.kind == "bytes":
        dots = " ..." if len(value) > BYTES_SHOWN else ""
        return f"<{len(value)} bytes> {value[:BYTES_SHOWN].hex(' ')}{dots}".rstrip()
    if node.name == "error_code" and value:
        return f"{value} {_error_name(value)}"
    return str(value)


def _is_secret_config(node: Node, parent: Node) -> bool:
    """Whether this is the value of an entry whose name, or whose flag, says that it is secret."""
    if node.name not in ("value", "config_value", "documentation") or node.kind != "string" or not node.value:
        return False
    siblings = {child.name: child.value for child in parent.children}
    name = siblings.get("name") or siblings.get("config_name") or siblings.get("key") or ""
    return bool(siblings.get("is_sensitive")) or bool(SECRET_CONFIG.search(str(name)))


def _error_name(code: int) -> str:
    try:
        return ErrorCode(code).name
    except ValueError:
        return "(unknown)"


def _records_shown(records: memoryview) -> str:
    """The batches' headers. What is in them stays unread: it is the users' data, and may be large."""
    from pykbroker.wire.batch_header import split_batches
    from pykbroker.wire.compression import CorruptRecords

    try:
        batches = split_batches(records, cut_off_tail=True)
    except CorruptRecords as error:
        return f"<{len(records)} bytes of records: {error}>"
    shown = "; ".join(
        f"batch of {header.record_count} at {header.base_offset}, epoch {header.partition_leader_epoch}, producer"
        f" {header.producer_id}/{header.producer_epoch}/{header.base_sequence}, attributes {header.attributes:#x}"
        for _, header in batches[:LINE_ELEMENTS]
    )
    more = f"; and {len(batches) - LINE_ELEMENTS} more" if len(batches) > LINE_ELEMENTS else ""
    return f"<{len(records)} bytes of records: {shown}{more}>" if shown else f"<{len(records)} bytes of records>"
