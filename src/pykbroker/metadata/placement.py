"""Placement: on which brokers the replicas of new partitions go.

Lives here: ``place``. Racks are taken in turn, brokers within a rack in turn, and each partition starts one further
than the one before, so leaders and followers spread like stripes; where the first stripe starts is chance.
Invariant: the replicas of a partition are on different brokers, and the first of them (the leader) is not fenced.
Fenced brokers are taken only when their rack has nobody else.
Never: looks at load or disk use; Kafka does not either.

Kafka: ``StripedReplicaPlacer``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.metadata.image import BrokerImage, MetadataImage


class Random(Protocol):
    """What is asked of chance: the methods of ``random.Random`` that placement and ids need."""

    def randrange(self, stop: int, /) -> int: ...
    def shuffle(self, items: list[int], /) -> None: ...
    def randbytes(self, size: int, /) -> bytes: ...


class _Rack:
    """The brokers of one rack, alive ones first, seen from a starting point that moves with every partition."""

    def __init__(self, brokers: Iterable[BrokerImage], random: Random) -> None:
        brokers = sorted(brokers, key=lambda broker: broker.node_id)
        self._alive = [broker.node_id for broker in brokers if not broker.fenced]
        self._fenced = [broker.node_id for broker in brokers if broker.fenced]
        self._start = random.randrange(max(len(self._alive), 1))
        self._order: list[int] = []
        self._alive_left = 0

    def begin(self, turn: int) -> None:
        """Start a partition: nobody of this rack has a replica of it yet."""
        alive, fenced = _rotated(self._alive, self._start + turn), _rotated(self._fenced, self._start + turn)
        self._order = [*reversed(fenced), *reversed(alive)]
        self._alive_left = len(alive)

    def shuffle(self, random: Random) -> None:
        random.shuffle(self._alive)
        random.shuffle(self._fenced)

    def take_leader(self) -> int | None:
        return self.take() if self._alive_left > 0 else None

    def take(self) -> int | None:
        if not self._order:
            return None
        self._alive_left -= 1
        return self._order.pop()


def _rotated(nodes: list[int], by: int) -> list[int]:
    if len(nodes) < 2:
        return nodes
    by %= len(nodes)
    return nodes[by:] + nodes[:by]


def place(image: MetadataImage, count: int, replication_factor: int, random: Random) -> list[tuple[int, ...]]:
    """The replicas of ``count`` new partitions, the preferred leader of each first.

    Raises:
        KafkaError: INVALID_REPLICATION_FACTOR when the brokers there are cannot carry so many replicas.
    """
    usable = [broker for broker in image.brokers.values() if _is_usable(broker)]
    alive = sum(not broker.fenced for broker in usable)
    _check_replication_factor(replication_factor, len(usable), alive)
    if len(usable) == 1:  # the everyday case, and the same answer
        return [(usable[0].node_id,)] * count
    racks = _racks(usable, random)
    first = random.randrange(len(racks))
    placed = []
    for turn in range(count):
        if turn and turn % alive == 0 and alive > 1:  # do not repeat the same stripes over and over
            for rack in racks:
                rack.shuffle(random)
        placed.append(_place_one(racks, first + turn, turn, replication_factor))
    return placed


def _is_usable(broker: BrokerImage) -> bool:
    """Neither leaving nor with every log directory cordoned (KIP-1066)."""
    cordoned = broker.cordoned_log_dirs or ()
    has_room = not broker.log_dirs or not set(broker.log_dirs) <= set(cordoned)
    return has_room and not broker.in_controlled_shutdown


def _check_replication_factor(replication_factor: int, brokers: int, alive: int) -> None:
    if replication_factor <= 0:
        raise KafkaError(
            ErrorCode.INVALID_REPLICATION_FACTOR, f"replication factor {replication_factor} is not positive"
        )
    if alive == 0:
        raise KafkaError(ErrorCode.INVALID_REPLICATION_FACTOR, "every broker is fenced")
    if replication_factor > brokers:
        raise KafkaError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            f"replication factor {replication_factor} needs more than the {brokers} broker(s) there are",
        )


def _racks(brokers: Iterable[BrokerImage], random: Random) -> Sequence[_Rack]:
    by_rack: dict[str | None, list[BrokerImage]] = {}
    for broker in brokers:
        by_rack.setdefault(broker.rack, []).append(broker)
    names = sorted(by_rack, key=lambda name: (name is not None, name or ""))
    return [_Rack(by_rack[name], random) for name in names]


def _place_one(racks: Sequence[_Rack], offset: int, turn: int, replication_factor: int) -> tuple[int, ...]:
    for rack in racks:
        rack.begin(turn)
    in_turn = [racks[(offset + step) % len(racks)] for step in range(len(racks))]
    replicas: list[int] = []
    for leader_rack in in_turn:
        leader = leader_rack.take_leader()
        if leader is not None:
            replicas.append(leader)
            break
    # The leader's rack has had its turn of the first round; from then on everybody's turn comes equally.
    waiting = [rack for rack in in_turn if rack is not leader_rack]
    while True:
        for rack in waiting:
            if len(replicas) == replication_factor:
                return tuple(replicas)
            follower = rack.take()
            if follower is not None:
                replicas.append(follower)
        if len(replicas) == replication_factor:
            return tuple(replicas)
        waiting = in_turn
