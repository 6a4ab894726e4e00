"""Random lives of transactional producers, against what must hold whatever happens.

Producers begin, write, commit, abort, fall silent, are overtaken by newer instances and repeat requests whose answers
were lost; partitions refuse markers for a while, the coordinator restarts, its log is slow or refuses writes, time
passes. Whatever the order: a transaction is visible in all its partitions or in none, as its producer was told;
identities only ever grow; and a shard that reads the log knows what the live one knows.
"""

import itertools

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from transaction_world import TransactionWorld, code_of

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.names import TopicPartition

PARTITIONS = [TopicPartition("orders", 0), TopicPartition("orders", 1), TopicPartition("bills", 0)]
NAMES = ("a", "b")


class Transacted:
    """One transaction as its producer knows it."""

    def __init__(self):
        self.values = set()
        self.outcome = None
        """True or False when the coordinator has said so; None while nobody knows."""


class Instance:
    """A producer's process."""

    def __init__(self, name, producer):
        self.name = name
        self.producer = producer
        self.current = None
        self.last_end = None
        self.is_overtaken = False


class PartitionLog:
    """A partition as far as transactions matter: batches and markers, fenced by epoch."""

    def __init__(self):
        self.entries = []
        self.epochs = {}
        self.open = set()

    def write(self, producer, value):
        producer_id, epoch = producer
        if epoch < self.epochs.get(producer_id, -1):
            return False
        self.epochs[producer_id] = epoch
        self.open.add(producer)
        self.entries.append((producer_id, value))
        return True

    def mark(self, producer_id, epoch, commit):
        assert epoch >= self.epochs.get(producer_id, -1), "a marker of the past"
        self.epochs[producer_id] = epoch
        self.open = {each for each in self.open if each[0] != producer_id}
        self.entries.append((producer_id, commit))

    def committed(self):
        """What a read_committed consumer sees, once everything is decided."""
        pending, seen = {}, []
        for producer_id, entry in self.entries:
            if isinstance(entry, bool):
                written = pending.pop(producer_id, [])
                seen += written if entry else []
            else:
                pending.setdefault(producer_id, []).append(entry)
        assert not pending, "a transaction hangs"
        return seen


class World(TransactionWorld):
    """With partitions that keep what they are told."""

    def __init__(self):
        self.logs = {partition: PartitionLog() for partition in PARTITIONS}
        super().__init__()

    def write(self, markers):
        for partition in sorted(markers.partitions - self.refusing):
            self.logs[partition].mark(markers.producer_id, markers.producer_epoch, markers.commit)
        super().write(markers)


class TransactionLives(RuleBasedStateMachine):
    """Two transactional ids, three partitions."""

    def __init__(self):
        super().__init__()
        self.world = World()
        self.instances = []
        self.transactions = []
        self.serial = itertools.count()
        self.identities = {}

    def instance(self, index):
        return self.instances[index % len(self.instances)] if self.instances else None

    # -- producers

    @initialize()
    def begin(self):
        """With a producer, one that has overtaken it, and one apart."""
        for name in ("a", "a", "b"):
            self.start(name)

    @rule(name=st.sampled_from(NAMES))
    def start(self, name):
        reply = self.world.init(name)
        if reply.done and reply.error is None:
            answer = reply.value
            self.overtake(name)
            self.instances.append(Instance(name, (answer.producer_id, answer.producer_epoch)))
            identity = self.instances[-1].producer
            assert identity > self.identities.get(name, (-1, -1)), "identities only grow"
            self.identities[name] = identity

    def overtake(self, name):
        """A newer instance is there: what older ones have not tried to end, or begin from now on, is lost."""
        for each in self.instances:
            if each.name == name:
                each.is_overtaken = True
                if each.current is not None and (each.last_end is None or each.last_end[2] is not each.current):
                    each.current.outcome = False

    @rule(index=st.integers(0, 3), partition=st.sampled_from(PARTITIONS))
    def produce(self, index, partition):
        instance = self.instance(index)
        if instance is None:
            return
        if instance.current is None:
            instance.current = Transacted()
            self.transactions.append(instance.current)
            if instance.is_overtaken:
                instance.current.outcome = False
        self.write(instance.name, instance.producer, partition, instance.current)

    @rule(index=st.integers(0, 3), partition=st.sampled_from(PARTITIONS))
    def late_batch(self, index, partition):
        """A batch that was on its way while its transaction ended must not join the next one (KIP-890)."""
        instance = self.instance(index)
        if instance is None or instance.last_end is None or instance.last_end[2] is None:
            return
        producer, _, transacted = instance.last_end
        if transacted.outcome is not None:
            self.write(instance.name, producer, partition, transacted)

    def write(self, name, producer, partition, transacted):
        """As Produce v12 does: join the transaction unless the partition has it open, then append."""
        log = self.world.logs[partition]
        if producer not in log.open:
            reply = self.world.add(producer, partition, name=name)
            if not reply.done or reply.error is not None:
                return
        value = next(self.serial)
        if log.write(producer, value):
            transacted.values.add(value)

    @rule(index=st.integers(0, 3), commit=st.booleans(), answer_is_lost=st.booleans())
    def end(self, index, commit, answer_is_lost):
        instance = self.instance(index)
        if instance is None:
            return
        reply = self.world.end(instance.producer, commit, name=instance.name)
        instance.last_end = instance.producer, commit, instance.current
        if not answer_is_lost:
            self.hear(instance, reply)

    @rule(index=st.integers(0, 3))
    def end_again(self, index):
        """The producer had no answer and asks for the very same."""
        instance = self.instance(index)
        if instance is None or instance.last_end is None or instance.last_end[0] != instance.producer:
            return
        producer, commit, _ = instance.last_end
        self.hear(instance, self.world.end(producer, commit, name=instance.name))

    @rule(index=st.integers(0, 3))
    def recover(self, index):
        """After an error a producer asks to go on as the one it is (KIP-360)."""
        instance = self.instance(index)
        if instance is None:
            return
        reply = self.world.init(instance.name, producer=instance.producer)
        if not reply.done or reply.error is not None:
            return
        assert not instance.is_overtaken, "a zombie is let in again"
        current = instance.current
        if current is not None and (instance.last_end is None or instance.last_end[2] is not current):
            current.outcome = False
        instance.current = None
        instance.producer = reply.value.producer_id, reply.value.producer_epoch
        assert instance.producer >= self.identities[instance.name]
        self.identities[instance.name] = instance.producer

    def hear(self, instance, reply):
        if not reply.done or reply.error is not None:
            return
        _, commit, transacted = instance.last_end
        if transacted is not None:
            assert transacted.outcome in (None, commit), "told one thing, then another"
            transacted.outcome = commit
        instance.producer = reply.value.producer_id, reply.value.producer_epoch
        assert instance.producer >= self.identities[instance.name]
        self.identities[instance.name] = instance.producer
        instance.current = None

    # -- the rest of the world

    @rule(happens=st.sampled_from(["wait", "wait long", "leader lost", "leaders found", "restart", "slow", "full"]))
    def world_goes_on(self, happens):
        """One rule for all of it, so that most of a run is about producers."""
        world = self.world
        if happens.startswith("wait"):
            world.pass_time(100_000 if happens == "wait long" else 1_000)
        elif happens == "leader lost":
            world.refusing.add(PARTITIONS[0])
        elif happens == "leaders found":
            world.refusing.clear()
        elif happens == "restart":
            world.restart()
        elif happens == "slow" and not world.journal.holds_commits:
            world.journal.holds_commits = True
        elif happens == "full" and world.journal.error is None:
            world.journal.error = KafkaError(ErrorCode.KAFKA_STORAGE_ERROR)
        else:
            self.heal()

    def heal(self):
        self.world.journal.error = None
        self.world.journal.holds_commits = False
        self.world.journal.commit()

    # -- what must hold

    @invariant()
    def log_tells_the_state(self):
        live, read = self.world.shard.transactions, self.world.loaded_copy().transactions
        assert {name: each.hard_state() for name, each in read.items()} == {
            name: each.hard_state() for name, each in live.items() if each.producer_epoch >= 0
        }

    def teardown(self):
        """Everything heals; then every transaction is whole or gone, as was said."""
        self.world.refusing.clear()
        self.heal()
        self.world.pass_time(1_000_000)
        for name in NAMES:
            code = code_of(self.world.init(name))
            assert code in (ErrorCode.NONE, ErrorCode.CONCURRENT_TRANSACTIONS)
        self.world.pass_time(1_000)
        assert not self.world.listed(state_filters=["Ongoing", "PrepareCommit", "PrepareAbort"])
        visible = [value for log in self.world.logs.values() for value in log.committed()]
        assert len(visible) == len(set(visible))
        for transacted in self.transactions:
            seen = transacted.values & set(visible)
            assert seen in (set(), transacted.values), "half a transaction is visible"
            if transacted.outcome is not None and transacted.values:
                assert bool(seen) is transacted.outcome


TestTransactionLives = TransactionLives.TestCase
TestTransactionLives.settings = settings(
    max_examples=50, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
