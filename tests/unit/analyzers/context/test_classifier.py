"""The classifier of what is said: what it reads, and what it makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer_contract import SUSPICIOUS_FROM
from context_analyzer.classifier import weights
from context_analyzer.classifier.judging import doubt_of, judge_texts
from context_analyzer.classifier.text import ENGLISH, KOREAN, language_of, pieces, spoken, windows
from context_analyzer.classifier.weights import load_weights
from context_analyzer.detectors.classifier import ScamClassifier
from context_analyzer.phrases import SCAM_KINDS, SCAM_STAGES
from context_analyzer.reading import ContextReading
from context_analyzer.transcript import read_transcript
from ml.context.scripts import load_calls, transcribed


@pytest.mark.parametrize("language", [KOREAN, ENGLISH])
def test_the_weights_are_those_of_the_manifest_and_small(language: str) -> None:
    loaded = load_weights(language)
    assert set(loaded.manifest.kinds) <= set(SCAM_KINDS)
    assert loaded.manifest.stages == tuple(SCAM_STAGES)
    assert (np.diff(loaded.ids.astype(np.int64)) > 0).all()
    assert (weights.FOLDER / loaded.manifest.file).stat().st_size < 2_500_000


def test_a_file_that_is_not_the_manifests_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in weights.FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(b"x" if path.suffix == ".npz" else path.read_bytes())
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    with pytest.raises(RuntimeError, match="checksum"):
        load_weights.__wrapped__(KOREAN)


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["안녕하세요 KB 국민은행입니다"], KOREAN),
        (["hello there"], ENGLISH),
        (["您好我是客服"], ""),
        (["123 ..."], ""),
        ([], ""),
    ],
)
def test_the_language_is_known_by_its_letters(texts: list[str], language: str) -> None:
    assert language_of(texts) == language


def test_marks_fillers_masks_and_the_value_of_numbers_are_left_out() -> None:
    call = spoken(["어, 네네 김OOO 씨 12,500원 *** 그 저기요"], KOREAN)
    assert list(call.words) == ["김", "씨", "0", "0", "원", "저기요"]


def test_spaces_do_not_matter_in_korean() -> None:
    def ids(text: str) -> set[int]:
        return set(pieces(spoken([text], KOREAN)).ids.tolist())

    assert ids("대포 통장이 발견됐습니다") == ids("대포통장이 발견 됐습니다")


def test_syllables_that_sound_alike_share_pieces() -> None:
    heard, said = (set(pieces(spoken([text], KOREAN)).ids.tolist()) for text in ("대포통장개설", "데포통짱게설"))
    assert len(heard & said) >= 6


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=300), max_size=6), st.sampled_from([KOREAN, ENGLISH]))
def test_windows_cover_every_word(texts: list[str], language: str) -> None:
    call = spoken(texts, language)
    covered = {word for first, after in windows(call) for word in range(first, after)}
    assert covered == set(range(len(call.words)))


def test_talk_of_which_it_knows_nothing_is_not_accused() -> None:
    nothing = [f"{chr(0xAC00 + 37 * number % 11000)}{chr(0xAC00 + 91 * number % 11000)}" for number in range(4000)]
    judgement = judge_texts([" ".join(nothing)])
    assert judgement is not None
    assert judgement.score < SUSPICIOUS_FROM
    assert judgement.turned is None


@pytest.mark.parametrize("word", ["대포통장", "검찰청", "안전계좌", "보이스피싱", "현금"])
def test_one_word_alone_accuses_nobody(word: str) -> None:
    talk = "오늘 점심에 뭐 먹을까 하다가 김치찌개 끓였는데 너도 올래 주말에 애들이랑 산에 가기로 했어 날씨가 좋대"
    judgement = judge_texts([f"{talk} {word} 얘기가 뉴스에 나오더라 {talk}"] * 3)
    assert judgement is not None
    assert judgement.score < SUSPICIOUS_FROM


def test_a_fraud_in_the_middle_of_a_long_call_turns_there() -> None:
    talk = [
        "어제 병원 갔다 왔는데 의사 선생님이 무릎은 괜찮다고 하셔서 한시름 놨어",
        "그래 다행이다 약 잘 챙겨 먹고 주말에 보자",
    ] * 12
    call = next(call for call in load_calls() if call.name == "ko-prosecutor")
    texts = [*talk, *(text for _, text in call.turns), *(text for _, text in call.turns)]
    judgement = judge_texts(texts)
    assert judgement is not None
    assert judgement.score >= SUSPICIOUS_FROM
    assert judgement.turned is not None
    assert judgement.turned >= len(talk)


def test_length_alone_accuses_nobody() -> None:
    honest = [call for call in load_calls() if call.language == "ko-KR" and not call.scam]
    texts = [text for _ in range(6) for call in honest for _, text in call.turns]
    judgement = judge_texts(texts)
    assert judgement is not None
    assert len(judgement.stretches) > 60  # a quarter of an hour and more
    assert judgement.score < SUSPICIOUS_FROM


def test_the_same_evidence_says_less_in_a_longer_korean_call() -> None:
    call = next(call for call in load_calls() if call.name == "ko-prosecutor")
    texts = [text for _, text in call.turns]
    judged = [judge_texts(texts * times) for times in (3, 10)]  # neither is little talk
    assert judged[0] is not None
    assert judged[1] is not None
    assert judged[1].evidence < judged[0].evidence


def test_what_little_talk_says_is_believed_once_more_of_the_same_is_said() -> None:
    call = next(call for call in load_calls() if call.name == "ko-hard-new-number")
    texts = [text for _, text in call.turns]
    little, more = (judge_texts(texts * times) for times in (1, 6))
    assert little is not None
    assert more is not None
    assert little.score < SUSPICIOUS_FROM <= more.score
    assert max(stretch.score for stretch in little.stretches) >= SUSPICIOUS_FROM  # as a part of a longer call it counts


def test_little_talk_leaves_more_to_the_rules() -> None:
    call = next(call for call in load_calls() if call.name == "ko-delivery-link")
    judgement = judge_texts([text for _, text in call.turns])
    assert judgement is not None
    assert judgement.score < SUSPICIOUS_FROM
    assert judgement.undecided


def test_english_is_judged_however_little_is_said() -> None:
    assert all(doubt_of(letters, ENGLISH) == 0 for letters in (1, 50, 5000))


@pytest.mark.parametrize("name", ["ko-prosecutor", "ko-loan", "ko-gift-card-boss"])
def test_a_call_that_ends_where_it_turned_is_accused_from_the_same_turn_on(name: str) -> None:
    call = next(call for call in load_calls() if call.name == name)
    talk = "어제 병원 갔다 왔는데 의사 선생님이 무릎은 괜찮다고 하셔서 한시름 놨어"
    texts = [talk] * 4 + [text for _, text in call.turns] * 3
    judgement = judge_texts(texts)
    assert judgement is not None
    assert judgement.turned is not None
    place = next(place for place, score in enumerate(judgement.scores) if score >= SUSPICIOUS_FROM)
    until = judge_texts(texts[: judgement.stretches[place].last + 1])
    assert until is not None
    assert until.score >= SUSPICIOUS_FROM
    assert until.turned == judgement.turned


def test_a_korean_fraud_that_goes_on_says_more_than_one_among_other_talk() -> None:
    call = next(call for call in load_calls() if call.name == "ko-prosecutor")
    fraud = [text for _, text in call.turns] * 2
    talk = "어제 병원 갔다 왔는데 의사 선생님이 무릎은 괜찮다고 하셔서 한시름 놨어 약 잘 챙겨 먹고 주말에 보자"
    alone = judge_texts(fraud * 2)
    among = judge_texts([*fraud, *[talk] * (sum(map(len, fraud)) // len(talk))])
    assert alone is not None
    assert among is not None
    assert len(among.stretches) <= len(alone.stretches)  # the longer one has to say more in any case
    assert among.evidence < alone.evidence - 0.4


def test_its_findings_name_kind_and_stages_with_their_times() -> None:
    call = next(call for call in load_calls() if call.name == "ko-prosecutor")
    transcript = read_transcript(transcribed(call))
    report = ScamClassifier().detect(ContextReading(transcript))
    kinds = [finding.kind for finding in report.findings]
    assert kinds[0] == "AgencyScam"
    assert all(kind.startswith("ScamStage") for kind in kinds[1:])
    assert all(0 <= f.start_seconds <= f.end_seconds <= transcript.seconds + 0.01 for f in report.findings)
    assert report.timeline


@pytest.mark.parametrize(
    "text",
    [
        "And Mr. John Dashwood had then leisure to consider how much there might be prudently in his power to do.",
        "The quick brown fox jumps over the lazy dog and runs away into the forest where it lives with its family.",
        "Good evening, here is the news. The government has announced that taxes on fuel will rise next year.",
        "Zarf quoin bdellium crwth syzygy plinth oboe gneiss tmesis " * 8,
    ],
    ids=["a novel", "a pangram", "news", "nothing known"],
)
def test_talk_that_is_new_and_speaks_to_nobody_is_no_fraud(text: str) -> None:
    judgement = judge_texts([text], "en")
    assert judgement is not None
    assert judgement.score < 35
