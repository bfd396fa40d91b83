"""Which request waits for whose answer."""

from __future__ import annotations

from dataclasses import replace

from analysis_operator.cache.entry import Question
from analysis_operator.cache.flights import Flights
from tests.support.operator.cached import QUESTION


class Scene:
    def __init__(self) -> None:
        self.now = 0.0
        self.flights = Flights(lambda: self.now)
        self.flights.claim(QUESTION, "a", "first", 0)


def test_an_equal_question_waits_and_is_let_go_when_it_is_answered() -> None:
    flights = Scene().flights
    assert flights.ahead([QUESTION], "b", 0) == "first"
    assert flights.ahead([QUESTION], "a", 0) is None, "nobody waits for himself"
    flights.claim(QUESTION, "b", "second", 0)
    assert flights.release(QUESTION, "b") == set(), "it does not hold it"
    assert flights.release(QUESTION, "a") == {"b"}
    assert flights.ahead([QUESTION], "b", 0) is None


def test_another_namespace_or_analyzer_waits_for_nobody() -> None:
    flights = Scene().flights
    assert flights.ahead([replace(QUESTION, namespace="bank")], "b", 0) is None
    assert flights.ahead([replace(QUESTION, analyzer="video")], "b", 0) is None


def test_a_more_urgent_request_does_not_wait_for_one_that_others_pass() -> None:
    flights = Scene().flights
    assert flights.ahead([QUESTION], "b", 1) is None
    assert flights.ahead([QUESTION], "b", -1) == "first"


def test_after_an_answer_that_helps_nobody_nobody_waits_for_a_while() -> None:
    scene = Scene()
    assert scene.flights.ahead([QUESTION], "b", 0) == "first"
    assert scene.flights.release(QUESTION, "a", ground=True) == {"b"}
    scene.flights.claim(QUESTION, "b", "second", 0)
    assert scene.flights.ahead([QUESTION], "c", 0) is None
    scene.now = 600
    scene.flights.claim(QUESTION, "b", "second", 0)
    assert scene.flights.ahead([QUESTION], "c", 0) == "second"


def test_what_a_request_holds_goes_with_it() -> None:
    flights = Scene().flights
    flights.claim(replace(QUESTION, analyzer="video"), "a", "first", 0)
    assert flights.ahead([QUESTION], "b", 0)
    assert flights.release_all("a") == {"b"}
    assert flights.release_all("a") == set()


CONTENT = Question("default", "", None, "audio", "c" * 64)
OTHER = replace(QUESTION, uri="s3://media/other.wav")


def test_who_asks_about_an_object_and_its_content_waits_for_either_answer() -> None:
    flights = Scene().flights
    flights.claim(CONTENT, "c", "third", 0)
    assert flights.ahead([OTHER, CONTENT], "b", 0) == "third"
    assert flights.ahead([QUESTION, CONTENT], "d", 0) == "first"
    assert flights.release(CONTENT, "c") == {"b"}


def test_who_is_waited_for_waits_for_nobody() -> None:
    flights = Scene().flights
    flights.claim(CONTENT, "c", "third", 1)
    assert flights.ahead([QUESTION, CONTENT], "c", 0) is None, "though an equal one is ahead, and its own priority fell"
    assert flights.ahead([QUESTION, CONTENT], "a", 0) is None
