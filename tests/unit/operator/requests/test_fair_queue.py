"""Who goes next."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from analysis_operator.requests.fair_queue import FairQueue, QueuedAnalysis
from tests.support.operator.requests import NOW


def item(key: str, namespace: str = "a", priority: int = 0, age: int = 0) -> QueuedAnalysis:
    return QueuedAnalysis(key, namespace, priority, NOW - timedelta(seconds=age))


def drain(queue: FairQueue, *, keep_running: bool = True) -> list[str]:
    running: Counter[str] = Counter()
    order = []
    while (taken := queue.take(running)) is not None:
        order.append(taken.key)
        running[taken.namespace] += keep_running
    return order


def test_with_one_slot_namespaces_take_turns() -> None:
    queue = FairQueue()
    for n in range(1000):
        queue.add(item(f"a{n}", "a", priority=1000, age=1000 - n))
    for n in range(2):
        queue.add(item(f"b{n}", "b", age=2 - n))
    assert drain(queue, keep_running=False)[:5] == ["a0", "b0", "a1", "b1", "a2"]


def test_one_that_could_not_start_is_still_next() -> None:
    queue = FairQueue()
    queue.add(item("a", "a", age=9))
    queue.add(item("b", "b", age=1))
    taken = queue.take({})
    assert taken is not None
    queue.give_back(taken)
    assert drain(queue, keep_running=False) == ["a", "b"]


def test_priority_goes_before_age() -> None:
    queue = FairQueue()
    queue.add(item("old", age=100))
    queue.add(item("urgent", priority=5))
    assert drain(queue) == ["urgent", "old"]


def test_whatever_the_priorities_the_namespace_with_fewer_running_goes_first() -> None:
    queue = FairQueue()
    for n in range(4):
        queue.add(item(f"a{n}", "a", priority=9, age=100 - n))
    for n in range(2):
        queue.add(item(f"b{n}", "b", age=10 - n))
    assert drain(queue) == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_within_a_namespace_age_decides() -> None:
    queue = FairQueue()
    queue.add(item("young", age=1))
    queue.add(item("old", age=9))
    assert drain(queue) == ["old", "young"]


def test_a_new_priority_counts_and_nothing_is_handed_out_twice() -> None:
    queue = FairQueue()
    queue.add(item("one", age=9))
    queue.add(item("two", age=1))
    queue.add(item("two", age=1, priority=3))
    assert drain(queue) == ["two", "one"]


def test_what_was_removed_is_not_handed_out() -> None:
    queue = FairQueue()
    queue.add(item("one"))
    queue.discard("one")
    queue.discard("never there")
    assert queue.take({}) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc"), st.integers(-2, 2), st.booleans()), max_size=60))
def test_every_key_added_and_not_removed_comes_out_exactly_once(steps: list[tuple[int, str, int, bool]]) -> None:
    queue = FairQueue()
    expected = {}
    for number, namespace, priority, add in steps:
        key = f"{namespace}{number}"
        if add:
            queue.add(item(key, namespace, priority, age=number))
            expected[key] = priority
        else:
            queue.discard(key)
            expected.pop(key, None)
    assert len(queue) == len(expected)
    assert sorted(drain(queue)) == sorted(expected)


def test_what_comes_and_goes_untaken_leaves_nothing_behind() -> None:
    queue = FairQueue()
    queue.add(QueuedAnalysis("oldest", "a", 0, NOW))
    for number in range(5000):
        queue.add(QueuedAnalysis(f"key-{number}", f"namespace-{number % 50}", 0, NOW, number))
        queue.discard(f"key-{number}")
    assert sum(map(len, queue._heaps.values())) < 200
    assert drain(queue) == ["oldest"]


def test_a_namespace_that_runs_as_many_as_it_may_is_passed_over() -> None:
    queue = FairQueue({"a": 2}.get)
    for n in range(9):
        queue.add(item(f"a{n}", "a", priority=1000, age=100 - n))
    queue.add(item("b", "b"))
    assert queue.startable({}) == 3, "nobody makes pods for what may not run"
    assert drain(queue) == ["a0", "b", "a1"]
    assert (queue.startable({"a": 2}), queue.startable({"a": 1}), len(queue)) == (0, 1, 7)
    taken = queue.take({"a": 1, "b": 5})
    assert taken is not None
    queue.give_back(taken)
    queue.discard("a8")
    assert (taken.key, queue.startable({}), len(queue)) == ("a2", 2, 6)
