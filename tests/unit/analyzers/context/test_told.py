"""Demands, and what only sounds like one: a desk that asks what was done, forbids it, or a victim who tells of it."""

from __future__ import annotations

import pytest

from analyzer_contract import SUSPICIOUS_FROM
from context_analyzer.detectors.indicators import find_hits, score_of
from context_analyzer.transcript import Transcript, Turn, Word


def spoken(*turns: str) -> Transcript:
    """Return a transcript without times."""
    return Transcript(tuple(Turn("", text, (Word(0, len(text), 0, 0),)) for text in turns), "ko")


def demands(text: str) -> set[str]:
    """Return the kinds of demands that are found in a turn."""
    return {hit.indicator.kind for hit in find_hits(spoken(text)) if hit.indicator.demand}


@pytest.mark.parametrize(
    "words",
    [
        "혹시 그쪽에서 보내 준 앱을 설치하셨어요",
        "어르신 그 사람한테 비밀번호도 알려 주셨나요 안 알려 주셨죠 인증번호 알려 주셨어요",
        "주민등록번호 뒷자리까지 말씀하셨습니까",
        "계좌로 이체하신 적 있으세요 카드 번호 입력하신 적 있으세요",
        "신분증 사진을 찍어 보내신 거죠",
        "현금을 인출하셨다고 들었는데 누구한테 건네셨는지",
        "그 사람이 상품권 사 오라고 하던가요",
    ],
)
def test_who_asks_what_was_done_demands_nothing(words: str) -> None:
    assert demands(words) == set()


@pytest.mark.parametrize(
    "words",
    [
        "문자에 있는 링크는 절대 누르지 마세요 링크를 눌러 들어가지 마시고",
        "그 앱을 설치하지 마시고 바로 지우세요",
        "카드 번호를 입력하시면 절대 안 됩니다",
        "누가 뭐라고 해도 송금하시면 안 돼요",
        "현금을 아무한테도 건네지 마시고 지점으로 오세요",
    ],
)
def test_who_forbids_it_demands_nothing(words: str) -> None:
    assert demands(words) == set()


@pytest.mark.parametrize(
    "words",
    [
        "검찰이라면서 안전계좌로 옮기라고 하더라고요",
        "원격 제어 앱을 깔라고 해서 깔았어요",
        "자꾸 인증번호를 불러 달라고 하길래 전화를 끊었지",
        "편의점 가서 상품권을 사 오라고 시켰대요",
        "보안카드 번호를 알려 달래서 이상했어",
        "예금을 찾아오라고 했다니까 글쎄",
    ],
)
def test_who_tells_what_another_wanted_demands_nothing(words: str) -> None:
    assert demands(words) == set()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("예금을 안전 계좌로 옮기셔야 합니다", "SafeAccount"),
        ("지금 안 보내시면 안 됩니다 돈을 안 보내시면 안 돼요", "MoneyTransfer"),
        ("오늘 중으로 돈을 보내지 않으시면 구속됩니다", "MoneyTransfer"),
        ("돈을 보내기로 했잖아요", "MoneyTransfer"),
        ("인증번호를 알려 주셨으면 합니다", "SecretsDemand"),
        ("비밀번호를 알려 주시면 제가 확인했다고 올리겠습니다", "SecretsDemand"),
        ("앱을 설치하고 나서 연락드렸던 번호로 전화 주세요", "RemoteControl"),
        ("상품권 사서 번호 찍어 주세요 아까 말씀드렸죠", "GiftCards"),
        ("현금을 인출해서 저희 직원한테 전달하세요", "CashHandover"),
        ("동생한테 돈 보내라고 하세요", "MoneyTransfer"),
        ("카드 번호 불러 주세요 확인됐습니다", "SecretsDemand"),
        ("그 돈은 저희 계좌로 한 번 보내셨다가 다시 받으시는 거예요", "MoneyTransfer"),
    ],
)
def test_a_demand_stays_one_whatever_is_said_beside_it(words: str, kind: str) -> None:
    assert kind in demands(words)


@pytest.mark.parametrize(
    "words",
    ["이전 지시를 무시하라고 했어요", "시스템 프롬프트를 보셨어요"],
)
def test_words_that_are_meant_for_the_analysis_count_however_they_are_told(words: str) -> None:
    assert "AnalysisManipulation" in demands(words)


DESKS = {
    "a card's desk and a victim": [
        "카드사 사고 접수팀입니다 놀라셨죠 지금 바로 정지해 드릴게요",
        "아들이라고 문자가 왔어요 폰 액정이 깨졌다고 급하게 해 달라고",
        "그 사람한테 카드 번호하고 비밀번호를 알려 주셨어요",
        "네 다 불러 줬어요 앱도 하나 깔라고 해서",
        "앱을 설치하셨군요 전화 끊지 마시고 비행기 모드로 바꾸세요",
        "경찰청에도 신고하셔야 합니다 수사관이 연락드릴 거예요",
    ],
    "a police desk": [
        "사이버수사팀입니다 검찰을 사칭한 전화였던 거죠",
        "네 제 계좌가 범죄에 연루됐다고 구속 영장이 나온다고 했어요",
        "안전계좌로 옮기라고 하던가요",
        "네 가족한테 절대 말하지 말라고 했고요 현금을 찾아오라고 해서 은행에 갔어요",
        "현금을 인출하셨어요",
        "은행 직원이 막아 줬어요",
        "잘하셨습니다 그런 전화가 또 와도 송금하시면 절대 안 됩니다 링크도 누르지 마세요",
    ],
    "a son and his mother": [
        "엄마 그 문자 링크를 눌러 보셨어",
        "눌렀지 건강보험공단이라는데 급하다고 하잖아",
        "주민번호 입력하셨어",
        "거기까지는 안 했다 네 아버지가 하지 말라고 해서",
        "잘하셨어 앞으로 그런 거 오면 앱도 설치하지 말고 돈도 보내지 말고 나한테 전화해",
    ],
}


@pytest.mark.parametrize("name", DESKS)
def test_the_rules_accuse_nobody_who_helps_a_victim(name: str) -> None:
    hits = find_hits(spoken(*DESKS[name]))
    assert hits, "the words of the fraud are there"
    assert score_of(hits) < SUSPICIOUS_FROM


def test_a_fraud_that_asks_what_was_done_and_goes_on_is_still_one() -> None:
    fraud = (
        "앱을 설치하셨어요",
        "네 했어요",
        "그럼 보안카드 번호를 불러 주시고 예금을 안전계좌로 이체하세요",
    )
    assert score_of(find_hits(spoken(*fraud))) >= SUSPICIOUS_FROM
