"""The report page: what it says, in every language, and what it never says."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from markupsafe import escape

from analysis_operator.api import AnalysisState
from analysis_operator.report.page import clean, render, size
from analysis_operator.report.sections import Section
from analysis_operator.report.words import clock, moment, words
from analyzer_contract import Action, Credential, Credentials, CredentialState, Finding, Verdict
from guardian_locales import locales
from tests.support.operator.report import HOSTILE, Tags, entry, request, result, status


def test_what_the_file_says_of_itself_stands_before_the_evidence_in_every_language() -> None:
    action = Action(action="c2pa.created", source="trainedAlgorithmicMedia", software=HOSTILE[:90])
    at = datetime(2026, 11, 1, tzinfo=UTC)
    signed = Credential(signer="Maker Inc", signed_at=at, actions=[action])
    older = Credential(signer=HOSTILE[:90], relation="parentOf", actions=[Action(action="test.strange")])
    found = result()
    reasons = ["assertion.dataHash.mismatch", "signingCredential.expired", "test.code"]
    said = Credentials(state=CredentialState.INVALID, reasons=reasons, history=[signed, older])
    detector = found.detectors[0].model_copy(update={"credentials": said})
    page = render(request(), status(entry()), [Section(entry(), found.model_copy(update={"detectors": [detector]}))])
    for locale in locales():
        t = locale.report.provenance
        assert t.states[CredentialState.INVALID] in page
        assert f"{t.own}: {t.signed.format(signer='Maker Inc')}" in page
        assert t.relations["parentOf"] in page
        mismatch, expired = (escape(t.checks[reason]) for reason in reasons[:2])
        assert f'{t.reasons}: {mismatch}; {expired}; <span lang="en">test.code</span>.' in page
        assert f", {t.at.format(time=moment(at, locale))}" in page
        assert t.sources["trainedAlgorithmicMedia"] in page
        assert page.index(f'id="{locale.code}-provenance"') < page.index(f'id="{locale.code}-analysis-1"')
    assert "test.strange" in page
    assert "<script>alert" not in page


async def test_many_findings_are_cut_to_the_strongest() -> None:
    many = result(findings=200)
    page = render(request(), status(entry()), [Section(entry(), many)])
    assert page.count('class="time"') == 60 * len(locales())
    assert "140 weaker places" in page


@pytest.mark.parametrize("verdict", [*Verdict, None])
def test_no_page_calls_a_recording_genuine(verdict: Verdict | None) -> None:
    page = render(request(), status(entry(), verdict=verdict), []).lower()
    assert "genuine" not in page
    assert "authentic" not in page
    for sentence in re.findall(r"[^.>]*진짜[^.<]*", page):
        assert re.search(r"아닙니다|증명할 수는 없습니다", sentence), sentence


def test_every_state_of_an_analysis_renders() -> None:
    sections = [
        Section(entry(state=state, verdict=None, score=None, reason="NoVideoStream", message="There is no picture."))
        for state in AnalysisState
    ]
    page = render(request(), status(verdict=None), sections)
    assert page.count("There is no picture.") == len(AnalysisState), "in English; in Korean the reason is translated"
    assert page.count("이 파일에는 화면이 없어서") == len(AnalysisState)


def test_times_sizes_and_names_are_for_people() -> None:
    assert [clock(seconds) for seconds in (0, 9.96, 59.96, 61.04, 4000)] == [
        "00:00.0", "00:10.0", "01:00.0", "01:01.0", "66:40.0",
    ]  # fmt: skip
    assert [size(count) for count in (0, 1023, 1024, 5 * 1024**3)] == ["0 B", "1023 B", "1.0 KiB", "5.0 GiB"]
    assert words("DuplicatedFrames") == "Duplicated frames"
    assert words("AASIST") == "AASIST"
    assert words("") == ""
    assert clean("a\u200b\nb" + "x" * 50, 10) == "a  bxxxxx…"


def test_the_evidence_that_decided_comes_first_and_a_limitation_is_said_once() -> None:
    twice = result("video")
    twice = twice.model_copy(update={"detectors": [*twice.detectors, *twice.detectors]})
    sections = [
        Section(entry("context", verdict=None, score=None, state=AnalysisState.FAILED)),
        Section(entry("audio", verdict=Verdict.NO_EVIDENCE)),
        Section(entry("video"), twice),
    ]
    page = render(request(), status(), sections)
    assert re.findall(r">(\w+) analysis</h3>", page) == ["Picture", "Sound", "Content"]
    assert re.findall(r">(\w+) 검사</h3>", page) == ["화면", "소리", "내용"]
    assert page.count("<li>A plain sentence.</li>") == len(locales())


def test_times_of_the_request_are_shown() -> None:
    shown = status(entry()).model_copy(update={"started_at": datetime(2026, 11, 23, 10, 0, 5, tzinfo=UTC)})
    page = render(request(), shown, [])
    assert "2026-11-23 10:00:05 UTC" in page
    assert "2026년 11월 23일 오후 7시 0분" in page


def test_a_reader_chooses_the_language_without_a_script_and_one_is_shown_at_first() -> None:
    page = render(request(), status(entry()), [Section(entry(), result())])
    tags = Tags(page).found
    choices = [attrs for tag, attrs in tags if tag == "input" and attrs.get("name") == "language"]
    codes = [locale.code for locale in locales()]
    assert codes[:1] == ["en"]
    assert [choice["id"] for choice in choices] == [f"choose-{code}" for code in codes]
    assert ["checked" in choice for choice in choices] == [code == "en" for code in codes]
    assert [(attrs["id"], attrs["lang"]) for tag, attrs in tags if tag == "main"] == [(code, code) for code in codes]
    for code in codes:
        assert f"#choose-{code}:checked ~ #{code}" in page, "its style shows the page that is chosen"
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_a_known_finding_is_told_in_the_readers_language_and_an_unknown_one_in_the_analyzers() -> None:
    told = result(text="It hums at 50.0 Hz.")
    (detector,) = told.detectors
    other = detector.model_copy(
        update={"findings": [Finding(kind="MainsHum", start_seconds=1, end_seconds=2, score=60, message="It hums.")]}
    )
    known = render(request(), status(entry()), [Section(entry(), told)])
    unknown = render(request(), status(entry()), [Section(entry(), told.model_copy(update={"detectors": [other]}))])
    assert "똑같이 되풀이되는 소리" in known
    assert "1분 1.0초 ~ 1분 3.0초" in known
    assert unknown.count('<p lang="en">It hums.</p>') == len(locales())
    assert unknown.count("Mains hum") >= len(locales())


def test_no_gauge_stands_beside_a_verdict_from_which_nothing_follows() -> None:
    unsure = entry(verdict=Verdict.INCONCLUSIVE, score=12)
    shown = status(unsure, verdict=Verdict.INCONCLUSIVE)
    assert 'class="gauge"' not in render(request(), shown, [Section(unsure)])
    assert 'class="gauge"' in render(request(), status(entry()), [Section(entry())])


def test_a_detector_that_could_not_look_is_not_told_to_have_found_nothing() -> None:
    quiet = result(findings=0).detectors[0].model_copy(update={"score": 0})
    blind = quiet.model_copy(update={"name": "SyntheticSpeech", "claim": Verdict.INCONCLUSIVE})
    seeing = quiet.model_copy(update={"name": "RepeatedAudio"})
    told = result().model_copy(update={"detectors": [seeing, blind]})
    page = render(request(), status(entry()), [Section(entry(), told)])
    assert "Looked for, and not found: Repeated sound." in page
    assert "Could not be judged here: Machine-made voice." in page


@pytest.mark.parametrize(
    ("share", "english", "korean"),
    [
        (100, "Sound: all of it was examined.", "소리: 전체를 검사했습니다."),
        (23, "Sound: only 23 % of it was examined.", "소리: 전체의 23%만 검사했습니다."),
    ],
)
def test_the_page_says_how_much_was_examined(share: int, english: str, korean: str) -> None:
    examined = entry(examined_share=share)
    partly = result().model_copy(update={"unexamined": ["Of 600 s, 140 s were <heard>."] if share < 100 else []})
    page = render(request(), status(examined), [Section(examined, partly)])
    assert english in page
    assert korean in page
    assert page.count("Of 600 s, 140 s were &lt;heard&gt;.") == (0 if share == 100 else len(locales()))
    assert ("or examined a part only" in page) == (share < 90)


def test_what_was_not_examined_is_said_once() -> None:
    gap = "The second track was not heard."
    unsure = entry(examined_share=50, verdict=Verdict.INCONCLUSIVE, message=f"Only 50 % was examined. {gap}")
    partly = result(text="x").model_copy(update={"unexamined": [gap, "Nor was the third."]})
    page = render(request(), status(unsure, verdict=Verdict.INCONCLUSIVE), [Section(unsure, partly)])
    assert page.count(gap) == len(locales())
    assert page.count("<li>Nor was the third.</li></ul>") == len(locales())


def test_the_page_says_nothing_of_a_share_that_an_older_analyzer_did_not_state() -> None:
    assert "examined" not in render(request(), status(entry()), [Section(entry(), result())])


def test_the_page_says_how_the_score_came_about() -> None:
    unsure = entry("video", verdict=Verdict.INCONCLUSIVE, score=98)
    page = render(request(), status(entry(), unsure), [Section(entry()), Section(unsure)])
    rows = re.findall(r"<tr><th scope=\"row\">(\w+)</th><td>.*?</td><td.*?>(\d+)</td><td.*?>(\d+)</td></tr>", page)
    assert rows[:2] == [("Sound", "71", "71"), ("Picture", "98", "49")]


def test_a_finding_about_the_whole_file_says_so_instead_of_a_time() -> None:
    whole = Finding(kind="DifferentWriters", start_seconds=0, end_seconds=119.98, score=25)
    told = result(findings=0)
    told = told.model_copy(update={"detectors": [told.detectors[0].model_copy(update={"findings": [whole]})]})
    page = render(request(), status(entry()), [Section(entry(), told)])
    assert page.count('<span class="time">The whole recording</span>') == 1
    assert page.count('<span class="time">전체</span>') == 1
