"""The engine keeps its order: decide, append, replay, reply; and nobody who asked is forgotten."""

import pytest

from pykbroker.errors import ErrorCode, KafkaError
from pykbroker.machine.engine import Engine, LoggedMarker
from pykbroker.machine.memory_journal import MemoryJournal
from pykbroker.machine.result import Record, Result
from pykbroker.machine.timers import Timers
from pykbroker.wire.messages.stored_groups import OffsetCommitKey, OffsetCommitValue
from pykbroker.wire.stored import decode_record

TYPES = {1: (OffsetCommitKey, OffsetCommitValue)}


def note(text):
    """A record that says one word."""
    key = OffsetCommitKey(group=text, topic="", partition=0)
    return Record(key, OffsetCommitValue(offset=0, metadata="", commit_timestamp=0), 3)


class Notes:
    """A machine that remembers words, and parks whoever asks it to."""

    def __init__(self):
        self.words = []
        self.parked = []
        self.soft = 0

    def loaded(self, turn):
        return Result(timers={"loaded": turn.now_ms + 10})

    def decode(self, key, value):
        return Record(*decode_record(TYPES, key, value)) if key[:2] == b"\0\1" else None

    def replay(self, record, offset, producer_id):
        self.words.append((offset, record.key.group, producer_id))

    def replay_marker(self, producer_id, producer_epoch, commit):
        self.words.append((producer_id, producer_epoch, commit))

    def expire(self, turn, key):
        waiting = self.parked if key == "bedtime" else []
        return Result(records=[note(f"{key} at {turn.now_ms}")], replies=dict.fromkeys(waiting, key))

    def write(self, turn, *words):
        return Result(records=[note(each) for each in words], replies={turn.token: words})

    def park(self, turn, timer=None, deadline_ms=0):
        self.parked.append(turn.token)
        return Result(timers={timer: deadline_ms} if timer else {})

    def call_all(self, turn):
        waiting, self.parked = self.parked, []
        return Result(replies={**dict.fromkeys(waiting, "called"), turn.token: len(waiting)})

    def refuse(self, turn):
        raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)

    def read(self, turn):
        return Result(replies={turn.token: [word for _, word, _ in self.words]})

    def write_softly(self, turn, word):
        self.soft += 1
        result = Result(records=[note(word)], replies={turn.token: word})

        def take_back(error):
            self.soft -= 1
            return Result(replies={turn.token: error.code})

        result.on_append_failed = take_back
        return result

    def ask_others(self, turn):
        return Result(records=[note("asked")], requests=["question"])

    def write_many(self, turn, count):
        result = Result(records=[note(str(each)) for each in range(count)], replies={turn.token: count})
        result.atomic = False
        return result

    def write_in_transaction(self, turn, word):
        result = Result(records=[note(word)], replies={turn.token: None})
        result.producer = (9, 1)
        return result


class Scene:
    def __init__(self, **options):
        self.now_ms = 1_000
        self.journal = MemoryJournal()
        self.timers = Timers()
        self.sent = []
        self.engine = Engine(Notes(), self.journal, self.timers, lambda: self.now_ms, send=self.sent.append, **options)
        self.engine.activate()

    def submit(self, method, *args):
        return self.engine.submit(method, *args)

    @property
    def words(self):
        return [word for _, word, _ in self.engine.machine.words]


def test_records_are_appended_then_replayed_then_answered():
    """On a log that commits at once, the answer is there when ``submit`` returns."""
    scene = Scene()

    reply = scene.submit(Notes.write, "one", "two")

    assert reply.done
    assert reply.result() == ("one", "two")
    assert scene.engine.machine.words == [(0, "one", -1), (1, "two", -1)]
    assert len(scene.journal.logged) == 2


def test_an_answer_waits_until_its_records_are_committed():
    """Replay does not wait; whoever listens is called when the journal's bell has rung for the offset."""
    scene = Scene()
    scene.journal.holds_commits = True
    first, second = scene.submit(Notes.write, "one"), scene.submit(Notes.write, "two")
    heard = []
    first.on_done(lambda: heard.append("first"))
    second.on_done(lambda: heard.append("second"))

    assert scene.words == ["one", "two"]
    assert heard == []

    scene.journal.commit(1)

    assert heard == ["first"]

    scene.journal.commit()

    assert heard == ["first", "second"]
    assert second.result() == ("two",)


def test_an_answer_without_records_does_not_tell_what_is_uncommitted():
    """A read, and a refusal, wait for the writes they were decided upon."""
    scene = Scene()
    scene.journal.holds_commits = True
    scene.submit(Notes.write, "one")
    read, refused = scene.submit(Notes.read), scene.submit(Notes.refuse)

    assert not read.done
    assert not refused.done

    scene.journal.commit()

    assert read.result() == ["one"]
    with pytest.raises(KafkaError):
        refused.result()


def test_a_machine_answers_requests_parked_earlier():
    """As JoinGroup does: nobody is answered until somebody's turn answers all."""
    scene = Scene()
    parked = [scene.submit(Notes.park) for _ in range(3)]

    assert scene.engine.unanswered_count == 3

    assert scene.submit(Notes.call_all).result() == 3
    assert [each.result() for each in parked] == ["called"] * 3
    assert scene.engine.unanswered_count == 0


def test_an_error_raised_by_a_method_is_the_answer():
    """Other requests are not touched."""
    scene = Scene()

    reply = scene.submit(Notes.refuse)

    assert reply.done
    with pytest.raises(KafkaError, match="UNKNOWN_MEMBER_ID"):
        reply.result()


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_COORDINATOR),
        (ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_COORDINATOR),
        (ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.COORDINATOR_NOT_AVAILABLE),
        (ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.UNKNOWN_SERVER_ERROR),
        (ErrorCode.CLUSTER_AUTHORIZATION_FAILED, ErrorCode.CLUSTER_AUTHORIZATION_FAILED),
    ],
)
def test_a_failed_append_replays_nothing_and_fails_the_answer(failure, told):
    """The client is told what a client of a coordinator can act upon."""
    scene = Scene()
    scene.journal.error = KafkaError(failure)

    reply = scene.submit(Notes.write, "one")

    assert reply.error.code == told
    assert scene.words == []


def test_a_machine_may_take_back_soft_state_when_the_append_fails():
    """Its own answer then stands in place of the error."""
    scene = Scene()
    scene.journal.error = KafkaError(ErrorCode.KAFKA_STORAGE_ERROR)

    assert scene.submit(Notes.write_softly, "one").result() == ErrorCode.NOT_COORDINATOR
    assert scene.engine.machine.soft == 0

    scene.journal.error = None

    assert scene.submit(Notes.write_softly, "one").result() == "one"
    assert scene.engine.machine.soft == 1


def test_timers_are_turns_too():
    """A due timer decides, appends and answers like a request."""
    scene = Scene()
    parked = scene.submit(Notes.park, "bedtime", 1_500)

    scene.timers.run_due(1_499)

    assert not parked.done

    scene.timers.run_due(1_500)

    assert parked.result() == "bedtime"
    assert scene.words == ["loaded at 1499", "bedtime at 1500"]


def test_requests_to_others_leave_once_the_records_are_committed():
    """Transaction markers must not run ahead of the decision to write them."""
    scene = Scene()
    scene.journal.holds_commits = True
    scene.submit(Notes.ask_others)

    assert scene.sent == []

    scene.journal.commit()

    assert scene.sent == ["question"]


def test_clean_up_is_written_in_several_batches():
    """A result that need not be atomic may be larger than a batch."""
    scene = Scene()

    assert scene.submit(Notes.write_many, 2_500).result() == 2_500
    assert [offset for offset, _, _ in scene.engine.machine.words] == list(range(2_500))


def test_transactional_records_carry_their_producer_and_end_with_a_marker():
    """The marker is written, then replayed, then answered."""
    scene = Scene()
    scene.submit(Notes.write_in_transaction, "maybe")

    assert scene.engine.complete_transaction(9, 1, 0, True).done
    assert scene.engine.machine.words == [(0, "maybe", 9), (9, 1, True)]
    assert scene.journal.logged[-1] == LoggedMarker(9, 1, True)


def test_a_marker_that_cannot_be_written_is_not_replayed():
    """The transaction stays open."""
    scene = Scene()
    scene.journal.error = KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER)

    assert scene.engine.complete_transaction(9, 1, 0, True).error.code == ErrorCode.NOT_COORDINATOR
    assert scene.engine.machine.words == []


def test_replicas_that_are_too_slow_fail_the_answer_but_not_the_write():
    """After ``offsets.commit.timeout.ms``; the record may still be committed later."""
    scene = Scene(commit_timeout_ms=5_000)
    scene.journal.holds_commits = True
    reply = scene.submit(Notes.write, "one")

    scene.timers.run_due(6_000)

    assert reply.error.code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert scene.words[0] == "one"

    scene.journal.commit()

    assert scene.submit(Notes.read).done


def test_closing_answers_everybody():
    """Those parked in the machine, those waiting for a commit and those who come later."""
    scene = Scene()
    parked = scene.submit(Notes.park, "bedtime", 1_500)
    scene.journal.holds_commits = True
    waiting = scene.submit(Notes.write, "one")

    scene.engine.close(KafkaError(ErrorCode.NOT_COORDINATOR))
    late = scene.submit(Notes.read)

    assert [each.error.code for each in (parked, waiting, late)] == [ErrorCode.NOT_COORDINATOR] * 3
    assert scene.engine.complete_transaction(9, 1, 0, True).error.code == ErrorCode.NOT_COORDINATOR
    assert scene.timers.next_deadline_ms() is None

    scene.engine.close(KafkaError(ErrorCode.NOT_COORDINATOR))  # a second time changes nothing
    scene.journal.commit()


def test_loading_replays_the_log_and_refuses_requests_meanwhile():
    """Markers are replayed in their place; records of unknown kinds are passed over."""
    scene = Scene()
    scene.submit(Notes.write, "one", "two")
    scene.submit(Notes.write_in_transaction, "three")
    scene.engine.complete_transaction(9, 1, 0, False)
    logged = list(scene.journal.logged)
    logged.insert(1, logged[0]._replace(key=b"\0\x63future"))

    engine = Engine(Notes(), scene.journal, Timers(), lambda: 0)

    assert engine.load(logged[:2]) == 1
    assert engine.submit(Notes.read).error.code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    assert engine.load(logged[2:]) == 2

    engine.activate()

    assert engine.machine.words == scene.engine.machine.words


def test_a_listener_may_submit_again_from_within_an_answer():
    """Answers are given last, when the engine is consistent."""
    scene = Scene()
    parked = scene.submit(Notes.park)
    inner = []
    parked.on_done(lambda: inner.append(scene.submit(Notes.write, "inner")))

    scene.submit(Notes.call_all)

    assert inner[0].result() == ("inner",)
