"""Compares two plays of one scene: volatile values are masked, the rest must be equal, field by field.

A volatile value is not ignored: it becomes the number of its first appearance in the scene, so that two answers that
speak of the same topic id, member or producer must still do so on both brokers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from differential.batches import readable
from differential.stage import Step

NUMBERED = frozenset({
    "TopicId", "MemberId", "ProducerId", "SessionId", "ClusterId", "IncarnationId", "DirectoryId", "BrokerEpoch",
    "ClientInstanceId", "TokenId", "Leader", "SubscriptionId",
})
TIMES = frozenset({
    "LogAppendTimeMs", "TransactionStartTimeMs", "IssueTimestamp", "IssueTimestampMs", "ExpiryTimestamp",
    "ExpiryTimestampMs", "MaxTimestamp", "MaxTimestampMs", "Timestamp", "LastTimestamp", "LastFetchTimestamp", "LastCaughtUpTimestamp",
})
TEXTS = frozenset({"ErrorMessage", "BatchIndexErrorMessage"})  # our own words: only whether there is one
ANY_SIZE = frozenset({"TotalBytes", "UsableBytes", "Hmac", "Salt"})
WHERE = frozenset({"Host", "Port", "ClientHost", "LogDir"})
LONG = 160
KEYS = ("Name", "TopicName", "Topic", "PartitionIndex", "PartitionId", "Partition", "Index", "GroupId", "ApiKey",
        "ResourceName", "Key", "TransactionalId", "NodeId", "BrokerId", "MemberId", "User", "CoordinatorKey")


@dataclass
class Difference:
    scene: str
    step: int
    label: str
    path: str
    kafka: Any
    pykbroker: Any

    def __str__(self) -> str:
        kafka, ours = (text if len(text) < LONG else text[:LONG] + "…" for text in map(repr, (self.kafka, self.pykbroker)))
        return f"{self.scene} #{self.step} {self.label}: {self.path}: Kafka {kafka}, pykbroker {ours}"


class Masks:
    """Replaces what a broker may choose freely. One for each play of a scene."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, Any], str] = {}

    def mask(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self.mask(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.mask(inner, name) for inner in value]
        return self._scalar(value, name)

    def _scalar(self, value: Any, name: str) -> Any:
        if name in TEXTS:
            return "(text)" if value else value
        if name in WHERE or name in ANY_SIZE:
            return "(set)" if value not in (None, "", b"", -1) else value
        if name in TIMES and isinstance(value, int):
            return "(time)" if value > 1_750_000_000_000 else value
        if name in NUMBERED and self._is_chosen(value, name):
            return self._seen.setdefault((name, value), f"({name} {sum(key[0] == name for key in self._seen) + 1})")
        if isinstance(value, bytes):
            return readable(value) if name == "Records" else value.hex()
        return value

    @staticmethod
    def _is_chosen(value: Any, name: str) -> bool:
        if isinstance(value, str):
            return value != "" and set(value) != {"0"}
        return name != "Leader" and isinstance(value, int) and value > 0


def compare(scene: str, kafka: list[Step], ours: list[Step]) -> Iterator[Difference]:
    """Every difference between two plays of a scene."""
    masks = Masks(), Masks()
    for number, (one, other) in enumerate(zip(kafka, ours, strict=False), 1):
        if one.label != other.label:
            yield Difference(scene, number, one.label, "(the scene goes another way)", one.label, other.label)
            return
        left, right = masks[0].mask(one.answer), masks[1].mask(other.answer)
        if is_lost(left) != is_lost(right):
            yield Difference(scene, number, one.label, "(connection)", lost(left), lost(right))
            continue
        for path, a, b in differences(left, right):
            yield Difference(scene, number, one.label, path, a, b)
    if len(kafka) != len(ours):
        label = max(kafka, ours, key=len)[min(len(kafka), len(ours))].label
        yield Difference(scene, min(len(kafka), len(ours)) + 1, label, "(number of steps)", len(kafka), len(ours))


def is_lost(answer: Any) -> bool:
    return isinstance(answer, dict) and "(connection)" in answer


def lost(answer: Any) -> str:
    return answer["(connection)"] if is_lost(answer) else "answered"


def differences(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Leaves that differ, with the path to them. Lists of structures are matched by their key where they have one."""
    if isinstance(one, dict) and isinstance(other, dict):
        if one.get("ErrorCode") != other.get("ErrorCode"):  # what follows from another error is no news
            yield f"{path}.ErrorCode".lstrip("."), one.get("ErrorCode", "(absent)"), other.get("ErrorCode", "(absent)")
            return
        for key in [*one, *(key for key in other if key not in one)]:
            yield from differences(one.get(key, "(absent)"), other.get(key, "(absent)"), f"{path}.{key}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list):
        yield from _lists(one, other, path)
    elif one != other:
        yield path, one, other


def _lists(one: list[Any], other: list[Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    if key := _common_key(one + other, one, other):
        left, right = ({item[key]: item for item in items} for items in (one, other))
        for name in [*left, *(name for name in right if name not in left)]:
            yield from differences(left.get(name, "(absent)"), right.get(name, "(absent)"), f"{path}[{name}]")
    elif len(one) != len(other):
        yield f"{path}(length)", len(one), len(other)
    else:
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{path}[{index}]")


def _common_key(items: list[Any], one: list[Any], other: list[Any]) -> str | None:
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    for key in KEYS:
        if all(isinstance(item.get(key), str | int) for item in items):
            distinct = [{item[key] for item in side} for side in (one, other)]
            if [len(names) for names in distinct] == [len(one), len(other)]:
                return key
    return None
