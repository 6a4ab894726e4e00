"""Timers fire when they should, and moving them later is cheap."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.machine.timers import Timers


def recorder():
    """A heap, one owner's alarms and what has fired."""
    timers, fired = Timers(), []
    return timers, timers.alarms(lambda key, now_ms: fired.append((now_ms, key))), fired


def test_a_timer_fires_once_when_its_deadline_is_reached():
    """Not a millisecond early, and not again."""
    timers, alarms, fired = recorder()
    alarms.set("a", 100)

    timers.run_due(99)

    assert fired == []

    timers.run_due(100)
    timers.run_due(1_000)

    assert fired == [(100, "a")]
    assert len(alarms) == 0


def test_moving_a_deadline_later_costs_no_heap_entry():
    """A heartbeat only writes the deadline down; the heap keeps one entry per member."""
    timers, alarms, fired = recorder()
    for deadline_ms in range(100, 10_000, 10):
        alarms.set("a", deadline_ms)

    assert len(timers._heap) == 1

    timers.run_due(5_000)

    assert fired == []
    assert timers.next_deadline_ms() == 9_990


def test_moving_a_deadline_earlier_is_heard_of():
    """The bell rings when the task that sleeps until the next deadline must get up earlier, and only then."""
    timers, alarms, fired = recorder()
    rings = []
    timers.bell.listen("ear", lambda: rings.append(timers.next_deadline_ms()))

    alarms.set("a", 100)
    alarms.set("b", 200)
    alarms.set("b", 50)
    alarms.set("a", 300)

    assert rings == [100, 50]

    timers.run_due(60)

    assert fired == [(60, "b")]


def test_cancelled_timers_do_not_fire():
    """Nor do those an earlier one cancels while firing."""
    timers = Timers()
    fired = []

    def fire(key, now_ms):
        fired.append(key)
        alarms.set("b", None)

    alarms = timers.alarms(fire)
    alarms.set("a", 10)
    alarms.set("b", 10)
    alarms.set("c", None)

    timers.run_due(10)

    assert fired == ["a"]
    assert timers.next_deadline_ms() is None


def test_owners_are_strangers_to_each_other():
    """The same key of two owners is two timers; clearing one owner leaves the other's."""
    timers, alarms, fired = recorder()
    other_fired = []
    other = timers.alarms(lambda key, now_ms: other_fired.append(key))
    alarms.set("a", 10)
    other.set("a", 20)

    alarms.clear()
    timers.run_due(30)

    assert (fired, other_fired) == ([], ["a"])


def test_a_timer_may_be_set_anew_while_it_fires():
    """A repeating timer, and one that is already due again, which fires in the same pass."""
    timers = Timers()
    fired = []

    def fire(key, now_ms):
        fired.append(now_ms)
        if len(fired) < 3:
            alarms.set(key, now_ms)

    alarms = timers.alarms(fire)
    alarms.set("a", 5)

    assert timers.run_due(7) == 3


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 50)), st.integers(0, 5)), max_size=40
    )
)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_timers_agree_with_a_plain_dictionary(steps):
    """Whatever is set, moved and cancelled, what fires at each moment is what is due in a simple model."""
    timers, alarms, fired = recorder()
    model, expected, now_ms = {}, [], 0
    for key, delay_ms, wait_ms in steps:
        if delay_ms is None:
            model.pop(key, None)
            alarms.set(key, None)
        else:
            model[key] = now_ms + delay_ms
            alarms.set(key, now_ms + delay_ms)
        now_ms += wait_ms
        due = sorted(each for each, deadline_ms in model.items() if deadline_ms <= now_ms)
        for each in due:
            del model[each]
        expected += [(now_ms, each) for each in due]
        before = len(fired)
        timers.run_due(now_ms)
        fired[before:] = sorted(fired[before:])

        next_ms = timers.next_deadline_ms()
        assert fired == expected
        assert (next_ms is None) == (not model)
        assert next_ms is None or next_ms <= min(model.values())
