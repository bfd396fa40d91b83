"""The words of phishing calls, in English and Korean, as patterns.

Collected from the warnings of the Korean Financial Supervisory Service (the prosecutor who isolates the victim, the safe
account, the loan that is repaid in cash, the broken telephone) and of the US Federal Trade Commission (gift cards,
remote access, the grandchild in trouble), and from the development part of ``ml/context/calls``.
Speech recognition writes no quotation marks and few names: patterns name actions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Indicator:
    """One kind of sign.

    Attributes:
        kind: of its findings.
        label: in a list of what was found.
        weight: points towards the score, 0-100.
        demand: whether the victim would lose money, secrets or control by doing it.
        pattern: matches within one sentence.
    """

    kind: str
    label: str
    weight: int
    demand: bool
    pattern: re.Pattern[str]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_NEAR = r"[^,;]{0,40}?"
"""Within the same breath."""

_ELSEWHERE = r"(?:다른|딴|타)\s?(?:데|곳|은행|금융|캐피탈|저축|앱|업체|사에)[^,.]{0,18}?"
"""Where else a loan may be asked for."""

INDICATORS = (
    Indicator(
        "MoneyTransfer", "a demand for money", 30, True,
        _any(
            rf"\b(?:wire|transfer|send|move|deposit)\b{_NEAR}\b(?:money|funds|savings|cash|dollars?|pounds?|bitcoin|balance|difference)\b",
            r"\b(?:wire|transfer|send|move) (?:it|them|everything|all of it) (?:to|into)\b",
            r"\b(?:make|making|do) (?:the|a|this) (?:bank |wire )?transfer\b",
            r"\b(?:need|want)s?\b[^,;]{0,20}\b(?:bail|money|cash)\b", r"\bbail money\b",
            r"\byou (?:have|need) to pay\b", rf"\bpay\b{_NEAR}\b(?:right )?now\b",
            rf"\b(?:dollars?|pounds?)\b{_NEAR}\b(?:cash ?app|zelle|venmo|western union|moneygram|bitcoin)\b",
            r"(?:송금|이체|입금)\s?(?:해|하셔|하시|하세|부탁)", r"(?:돈|예금|현금|잔액|만\s?원)\S*\s[^,]{0,14}?(?:보내|옮기|옮겨|부쳐|넣어)",
            r"(?:대출금|대출)\S*\s[^,]{0,10}?상환\s?(?:하|해)",
        ),
    ),
    Indicator(
        "SafeAccount", "a “safe account”", 45, True,
        _any(
            r"\b(?:safe|secure|protected|government|federal|holding) (?:bank )?account\b",
            r"안전\s?계좌", r"(?:국가|정부|금감원|금융감독원)\S*\s[^,]{0,12}?계좌", r"(?:보호|보안)\s?(?:용\s)?계좌",
        ),
    ),
    Indicator(
        "SecretsDemand", "a demand for codes or passwords", 35, True,
        _any(
            rf"\b(?:read|tell|give|send|text)\b (?:me|us)\b{_NEAR}\b(?:codes?|numbers?|pin|passwords?|passcode)\b",
            r"\b(?:one[- ]time|verification|security) (?:codes?|passwords?)\b",
            rf"\b(?:confirm|verify)\b{_NEAR}\b(?:social security|card|account) number\b",
            rf"\blog ?in\b{_NEAR}\bonline bank", r"\byour social security number\b",
            r"(?:비밀\s?번호|보안\s?카드|오티피|OTP|인증\s?번호|주민(?:등록)?\s?번호|신분증\s?사진|핀\s?번호|카드\s?번호)[^.]{0,25}?(?:알려|불러|말씀|말해|입력|보내|찍어)",
        ),
    ),
    Indicator(
        "GiftCards", "payment by gift card", 40, True,
        _any(
            r"\b(?:gift|itunes|google play|steam|amazon|prepaid|money ?pak|green dot)[ -]?(?:gift )?cards?\b",
            r"\bmoney ?pak\b", r"(?:문화|도서|구글)\s?상품권", r"상품권", r"기프트\s?카드",
        ),
    ),
    Indicator(
        "RemoteControl", "remote control or an app to install", 45, True,
        _any(
            r"\b(?:any ?desk|team ?viewer|quick ?support|ultra ?viewer|remote (?:access|control|desktop|support))\b",
            r"\b(?:install|download)\b[^,;]{0,30}\b(?:program|app|application|software)\b",
            r"\b(?:see|share|control|connect to) your (?:screen|computer)\b",
            r"팀\s?뷰어|애니\s?데스크|퀵\s?서포트|원격\s?(?:제어|조종|지원|접속)",
            r"(?:앱|어플|프로그램)\S*\s[^,]{0,14}?(?:깔|설치)", r"설치\s?(?:허용|해\s?주)", r"링크\S*\s[^,]{0,10}?(?:눌러|누르|들어가|클릭|접속)",
        ),
    ),
    Indicator(
        "CashHandover", "cash to hand over", 40, True,
        _any(
            rf"\b(?:courier|driver|agent|officer|lawyer|someone)\b{_NEAR}\b(?:pick up|collect|come for)\b",
            r"\b(?:pick up|collect|hand over) the (?:cash|money)\b", r"\bwithdraw\b[^,;]{0,30}\b(?:cash|money|savings)\b",
            r"현금\S*\s[^.]{0,20}?(?:전달|건네|인출|찾아|맡기)", r"(?:직원|기사|사람)\S*\s?[^.]{0,10}?현금", r"예금\S*\s[^,]{0,10}?(?:찾|인출)",
        ),
    ),
    Indicator(
        "Urgency", "haste", 15, False,
        _any(
            r"\b(?:right now|immediately|urgent(?:ly)?|at once|before it is too late|time is running out)\b",
            r"\bwithin (?:the|an|one|\w+) (?:hours?|minutes?)\b", r"\b(?:expires?|closes?) (?:in|tonight|today)\b",
            r"\bquickly\b", r"\btoday\b",
            r"지금\s?(?:당장|바로)|당장|급하게|급히|빨리|서둘러", r"오늘\s?(?:안|중|자정)", r"시간이\s?없", r"[일이삼오십\d]\s?분\s?(?:안|내)", r"마감",
        ),
    ),
    Indicator(
        "Secrecy", "secrecy", 30, False,
        _any(
            r"\b(?:don'?t|do not|must not|never) (?:you )?(?:tell|talk|speak|discuss|mention|call)\b(?! (?:me|us)\b)",
            r"\b(?:keep|stays?) (?:this|it) (?:between us|a secret|secret|quiet|confidential)\b", r"\bbetween (?:you and me|us)\b",
            r"\b(?:stay|remain|keep) on the (?:line|phone)\b", r"\b(?:don'?t|do not) hang up\b",
            r"(?:말|이야기|얘기|연락|신고)\s?(?:씀)?\s?하(?:지|시면|면)[^,.]{0,8}?(?:마|말|안|끝|큰일)", r"비밀(?:로|이야|입니다|\s?유지)", r"절대\s?(?:말|이야기|얘기)",
            r"혼자\s?(?:계신|이동|있는|조용)|조용한\s?곳", r"전화(?:를)?\s?(?:끊지|끊으면|끊으시면)", r"(?:한테|에게)(?:는|도)?\s?(?:절대|비밀)",
        ),
    ),
    Indicator(
        "Threat", "a threat", 25, False,
        _any(
            r"\b(?:warrant|arrest(?:ed)?|jail|legal action|prosecuted|lawsuit)\b", r"\bnever see (?:her|him|them|your)\b",
            r"\bwe have your (?:son|daughter|child|husband|wife|mother|father)\b",
            r"\b(?:account|card|power|phone|line)\b[^,;]{0,20}\b(?:frozen|blocked|suspended|disconnected)\b", r"\b(?:freeze|suspend|disconnect) your\b",
            r"(?:구속|체포)?\s?영장|구속|체포|소환장|처벌", r"연루", r"계좌\S*\s[^,]{0,8}?(?:정지|동결|압류)", r"데리고\s?있|납치|다친다|죽는다|살려", r"출석\s?요구",
        ),
    ),
    Indicator(
        "AuthorityClaim", "a claim of authority", 20, False,
        _any(
            r"\b(?:officer|agent|inspector|detective|investigator|prosecutor)\b", r"\b(?:internal revenue|irs|social security administration|federal (?:police|agent|bureau)|fbi|customs)\b",
            r"\b(?:fraud|security|technical|windows|microsoft|card security)\b[^,;]{0,15}\b(?:department|team|division|support)\b",
            r"\bcard security\b", r"\bi am the bank\b", r"\b(?:electric|power|gas|water) company\b", r"\bbadge number\b", r"\byour bank\b",
            r"검찰(?:청)?|검사(?:입니다|님|실)|수사관|수사팀|경찰청|사이버\s?수사", r"금융\s?감독원|금감원|금융위", r"법원|우체국|국세청|건강보험공단",
            r"(?:대출|카드)\s?(?:담당|상담)|보안\s?팀|카드\s?배송|명의\s?도용|대포\s?통장",
        ),
    ),
    Indicator(
        "FamilyEmergency", "a relative in trouble", 25, False,
        _any(
            r"\b(?:car )?accident\b", r"\b(?:bail|lawyer)\b", r"\bat the (?:police station|hospital|jail)\b", r"\bin (?:jail|prison|trouble)\b",
            r"\b(?:broke my (?:nose|phone)|lost my phone|new (?:phone )?number)\b", r"\b(?:mom|mum|mother|dad|grandma|grandpa)\b[^.]{0,12}\bhelp me\b", r"\bwe have your\b",
            r"액정|(?:핸드폰|휴대폰|폰)\S*\s[^,]{0,8}?(?:깨|고장|잃어)", r"사고(?:가)?\s?(?:났|나서)|합의금", r"살려|데리고\s?있|납치", r"친구\s?(?:전화|폰)",
        ),
    ),
    Indicator(
        "LoanOffer", "a loan that is too good", 25, False,
        _any(
            r"\b(?:pre-?approved|low[- ]interest|guaranteed) loan\b", r"\bloan\b[^,;]{0,30}\bfee\b",
            r"대환\s?대출|저금리|정부\s?지원[^,]{0,10}?대출|기존\s?대출|신용\s?등급\s?(?:상향|조정)",
        ),
    ),
    Indicator(
        "LenderIsolation", "a lender who forbids to ask elsewhere", 30, False,
        _any(
            rf"{_ELSEWHERE}(?:조회|알아보|물어보|문의|비교|신청)[^,.]{{0,4}}?(?:지(?:는)?\s?(?:마[세시십요]|말[고구아])|면\s?(?:절대\s?)?안)",
            rf"{_ELSEWHERE}(?:조회|신청|문의|알아보)\S{{0,4}}\s[^,.]{{0,20}}?(?:부결|중복|겹치|겹쳐|과다|승인\s?[률율]|한도가\s?(?:줄|깎))",
            rf"{_ELSEWHERE}대출[^,.]{{0,8}}?전화[^,.]{{0,14}}?받지(?:는)?\s?(?:마[세시십요]|말[고구아])",
        ),
    ),
    Indicator(
        "MobileAssessor", "somebody who will call from a mobile telephone and must be answered", 25, False,
        _any(
            r"(?:공일공|010|휴대폰|핸드폰|개인\s?(?:번호|폰)|모르는\s?번호)(?:으로|로)(?:도)?\s[^,.]{0,6}?(?:갈|가도|가요|전화|연락|걸|올|와도|뜰|뜨)[^.]{0,45}?(?:꼭|받으|받아|당황|놀라|외근|재택|출장)",
        ),
    ),
    Indicator(
        "InvestmentPromise", "a profit that is certain", 30, False,
        _any(
            r"\bguaranteed (?:returns?|profits?|income)\b", r"\b(?:cannot|can'?t) lose\b", r"\bpercent a (?:day|week|month)\b", r"\b(?:risk[- ]free|double your)\b",
            r"원금\s?보장|수익\s?(?:확정|보장)|확정\s?수익|내부\s?정보|고수익",
        ),
    ),
    Indicator(
        "CoachedLie", "a lie to tell the bank", 30, False,
        _any(
            r"\b(?:if|when) (?:they|anyone|anybody|the (?:bank|teller|clerk))\b[^.]{0,15}\basks?\b[^.]{0,20}\b(?:say|tell)\b",
            r"(?:물어보면|물으면|여쭤보면)[^.]{0,25}?(?:라고|다고)\s?(?:해|하|말|대답)",
        ),
    ),
    Indicator(
        "AnalysisManipulation", "words that are meant for this analysis", 60, True,
        _any(
            r"\b(?:ignore|disregard|forget)\b[^.]{0,25}\b(?:instructions?|prompts?|rules)\b", r"\bsystem prompt\b",
            r"</?transcript\b", r"\"(?:scam_type|risk|quotes)\"\s*:",  # markup, which is not said aloud
            r"\byou are (?:an? )?(?:ai|language model|artificial intelligence)\b", r"\b(?:risk|score)\b[^.]{0,15}\b(?:is|to|of|as) (?:0|zero)\b",
            r"(?:이전|앞|위|모든|기존)\S*\s[^.]{0,8}?(?:지시|명령|지침|프롬프트)\S*\s[^.]{0,6}?무시", r"시스템\s?프롬프트", r"위험도\S*\s?(?:0|영|제로)",
        ),
    ),
)  # fmt: skip

PROTECTIVE = _any(
    r"\b(?:never|not|won'?t|don'?t) (?:ever )?ask\b[^.,;]{0,25}\b(?:pin|password|codes?|money|number)\b",
    r"\b(?:do not|don'?t|never|not to) (?:give|share|install|send)\b[^.,;]{0,30}\b(?:codes?|number|pin|password|anything|money|people who|anybody who)\b",
    r"\bhang up and call\b", r"\bno need to (?:pay|send|do|donate)\b",
    r"비밀\s?번호\S*\s[^.,]{0,10}?(?:묻|요구하|물어보)지\s?않", r"[^.]{0,40}?(?:알려|가르쳐|불러|보내)\s?주지\s?마",
    r"[^.]{0,40}?(?:하면|하거든)\s?(?:바로|즉시)?\s?(?:전화를\s)?끊", r"[^.]{0,15}?사칭하는\s?(?:전화|사기)",
)  # fmt: skip
"""Warnings of fraud use its words."""
